//! The webhook receiver of Prometheus Alertmanager, version 4 of its payload.
//!
//! Source: Prometheus documentation, Alertmanager, Configuration, `<webhook_config>`. Each alert of a notification is an alert of its own, known by its
//! fingerprint, which is a hash of its labels; a notification repeats all alerts of its group.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Found, Labels, Said, Signal, SourceError,
    reading::{name_of, text_at, texts_at},
};

/// The annotations that say what is wrong in a line, the usual one first.
const TITLES: [&str; 3] = ["summary", "title", "message"];

/// The annotations that say more.
const MESSAGES: [&str; 2] = ["description", "message"];

/// The labels that say where.
const HOSTS: [&str; 5] = ["instance", "host", "hostname", "node", "pod"];

/// What goes for this payload and goes for Grafana's, which was made after it.
pub(super) struct Dialect {
    /// Where to look, in order of preference.
    pub(super) urls: &'static [&'static str],
    /// Further fields of an alert that become variables.
    pub(super) extras: &'static [(&'static str, &'static str)],
    pub(super) product: &'static str,
}

const ALERTMANAGER: Dialect = Dialect {
    urls: &["/annotations/runbook_url", "/generatorURL"],
    extras: &[],
    product: "Alertmanager",
};

pub(super) fn read(payload: &Value, labels: &Labels) -> Result<Found, SourceError> {
    alerts(payload, labels, &ALERTMANAGER)
}

/// The alerts of a notification in either dialect.
pub(super) fn alerts(
    payload: &Value,
    labels: &Labels,
    dialect: &Dialect,
) -> Result<Found, SourceError> {
    let Some(alerts) = payload.get("alerts").and_then(Value::as_array) else {
        let (product, found) = (dialect.product, name_of(payload));
        return Err(SourceError::Shape(format!(
            "the body is {found} without a list `alerts`; {product} sends one, is this its webhook?"
        )));
    };
    let mut found = Found::default();
    for (at, alert) in alerts.iter().enumerate() {
        if !alert.is_object() {
            return Err(SourceError::Shape(format!(
                "`alerts[{at}]` is {}; send an object",
                name_of(alert)
            )));
        }
        found.signals.push(signal(alert, payload, labels, dialect));
    }
    let truncated = text_at(payload, "/truncatedAlerts").filter(|count| count != "0");
    found.passed_over.extend(truncated.map(|count| {
        format!(
            "{count} alerts that {} has left out; raise its `max_alerts`",
            dialect.product
        )
    }));
    Ok(found)
}

fn signal(alert: &Value, payload: &Value, labels: &Labels, dialect: &Dialect) -> Signal {
    let text = |pointer| text_at(alert, pointer);
    let all_labels: BTreeMap<String, String> = texts_at(alert, "/labels").collect();
    let annotations: BTreeMap<String, String> = texts_at(alert, "/annotations").collect();
    let first = |names: &[&str], of: &BTreeMap<String, String>| {
        names.iter().find_map(|name| of.get(*name).cloned())
    };
    let name = all_labels.get("alertname").cloned();
    let title = first(&TITLES, &annotations);
    let status = text("/status").or_else(|| text_at(payload, "/status"));
    let is_over = status.as_deref() == Some("resolved");
    Signal {
        dedup: text("/fingerprint").or_else(|| of_labels(&all_labels)),
        // A firing alert is never taken for one of before: after a gap in the data it comes back with the start that it had.
        change: is_over.then(|| {
            let ends = text("/endsAt").unwrap_or_default();
            format!("resolved:{}:{ends}", text("/startsAt").unwrap_or_default())
        }),
        kind: if is_over {
            Said::Recovery
        } else {
            Said::Problem
        },
        severity: all_labels.get(&labels.severity).cloned(),
        title: title.or_else(|| name.clone()).unwrap_or_default(),
        host: first(&HOSTS, &all_labels),
        message: first(&MESSAGES, &annotations).unwrap_or_default(),
        url: dialect.urls.iter().find_map(|pointer| text(pointer)),
        hints: hints(&all_labels, labels),
        variables: variables(alert, payload, all_labels, annotations, dialect),
        ..Signal::default()
    }
}

/// Alertmanager before 0.20 sends no fingerprint; the labels are what it is made of.
fn of_labels(labels: &BTreeMap<String, String>) -> Option<String> {
    let pairs = labels
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"));
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

fn hints(all: &BTreeMap<String, String>, labels: &Labels) -> Vec<String> {
    let label = labels.group.as_ref();
    label
        .and_then(|label| all.get(label).cloned())
        .into_iter()
        .collect()
}

/// Labels by their names; annotations too, where no label has the name.
fn variables(
    alert: &Value,
    payload: &Value,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    dialect: &Dialect,
) -> BTreeMap<String, String> {
    let mut variables = annotations;
    let receiver = text_at(payload, "/receiver");
    variables.extend(receiver.map(|receiver| ("receiver".to_owned(), receiver)));
    for (name, pointer) in [("starts_at", "/startsAt"), ("fingerprint", "/fingerprint")]
        .iter()
        .chain(dialect.extras)
    {
        let value = text_at(alert, pointer);
        variables.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    variables.extend(labels);
    variables
}
