//! Grafana's webhook contact point, and the webhook channel of its alerting before version 9.
//!
//! Source: Grafana documentation, Alerting, Configure contact points, Webhook notifier. The payload is Alertmanager's with more fields; the older one
//! is an object with `ruleId` and `state`, and dates nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Found, Labels, Said, Signal, SourceError,
    alertmanager::{Dialect, alerts},
    reading::{text_at, texts_at},
};

const GRAFANA: Dialect = Dialect {
    urls: &[
        "/panelURL",
        "/dashboardURL",
        "/annotations/runbook_url",
        "/generatorURL",
    ],
    extras: &[
        ("value_string", "/valueString"),
        ("dashboard_url", "/dashboardURL"),
        ("panel_url", "/panelURL"),
        ("silence_url", "/silenceURL"),
        ("image_url", "/imageURL"),
    ],
    product: "Grafana",
};

pub(super) fn read(payload: &Value, labels: &Labels) -> Result<Found, SourceError> {
    let is_legacy = payload.get("alerts").is_none() && payload.get("ruleId").is_some();
    if is_legacy {
        Ok(legacy(payload, labels))
    } else {
        alerts(payload, labels, &GRAFANA)
    }
}

/// The states are `alerting`, `no_data`, `ok`, `paused` and `pending`.
fn legacy(payload: &Value, labels: &Labels) -> Found {
    let text = |pointer| text_at(payload, pointer);
    let state = text("/state").unwrap_or_default().to_lowercase();
    let name = text("/ruleName")
        .or_else(|| text("/title"))
        .unwrap_or_default();
    if ["paused", "pending"].contains(&state.as_str()) {
        return Found::nothing(format!("the rule {name}, which is {state}"));
    }
    let organisation = text("/orgId").unwrap_or_default();
    let rule = text("/ruleId").unwrap_or_default();
    let tags: BTreeMap<String, String> = texts_at(payload, "/tags").collect();
    let group = labels
        .group
        .as_ref()
        .and_then(|label| tags.get(label).cloned());
    let mut variables = tags.clone();
    for (name, pointer) in [
        ("rule_id", "/ruleId"),
        ("rule", "/ruleName"),
        ("state", "/state"),
        ("org_id", "/orgId"),
        ("dashboard_id", "/dashboardId"),
        ("panel_id", "/panelId"),
        ("image_url", "/imageUrl"),
    ] {
        variables.extend(text(pointer).map(|value| (name.to_owned(), value)));
    }
    Signal {
        dedup: Some(format!("rule:{organisation}:{rule}")),
        kind: if state == "ok" {
            Said::Recovery
        } else {
            Said::Problem
        },
        severity: tags.get(&labels.severity).cloned(),
        title: name,
        message: text("/message").unwrap_or_default(),
        url: text("/ruleUrl"),
        variables,
        hints: group.into_iter().collect(),
        ..Signal::default()
    }
    .into()
}
