//! Mackerel's webhook channel: all nine events.
//!
//! Mackerel may add fields at any time and older captures lack newer ones, so every field but `event` may be absent and every word may be
//! new. Nothing marks a repeated notification: it is recognised by the alert, its status and the instant of the change.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Found, Said, Signal, SourceError,
    reading::{first_line, list_at, name_of, text_at},
};

/// Events that tell what somebody did to hosts and monitors, and the one behind the button "Test".
const NO_INCIDENTS: [&str; 7] = [
    "sample",
    "hostStatus",
    "hostRegister",
    "hostRetire",
    "monitorCreate",
    "monitorUpdate",
    "monitorDelete",
];

/// A line of a monitor's memo that begins so names the group that is called.
const MEMO_MARK: &str = "rinban:";

pub(super) fn read(payload: &Value) -> Result<Found, SourceError> {
    let event = text_at(payload, "/event").ok_or_else(|| {
        SourceError::Shape(format!(
            "the body is {} without a text `event`; Mackerel's webhook channel sends one, is this its channel?",
            name_of(payload)
        ))
    })?;
    Ok(match event.as_str() {
        "alert" => alert(payload)?.into(),
        "alertGroup" => alert_group(payload)?.into(),
        known if NO_INCIDENTS.contains(&known) => Found::nothing(no_incident(known, payload)),
        unknown => Found::nothing(format!(
            "an event `{unknown}` that this version does not know"
        )),
    })
}

/// What it says that calls nobody.
fn no_incident(event: &str, payload: &Value) -> String {
    let subject = ["/host/name", "/monitor/name"];
    let subject = subject.iter().find_map(|pointer| text_at(payload, pointer));
    match (subject, text_at(payload, "/host/status")) {
        (Some(name), Some(status)) if event == "hostStatus" => {
            format!("the event `{event}` of {name}, which is now {status}")
        }
        (Some(name), _) => format!("the event `{event}` of {name}"),
        (None, _) => format!("the event `{event}`"),
    }
}

fn alert(payload: &Value) -> Result<Signal, SourceError> {
    if !payload.get("alert").is_some_and(Value::is_object) {
        return Err(SourceError::Shape(
            "the event `alert` has no object `alert`; send what Mackerel sends".to_owned(),
        ));
    }
    let text = |pointer| text_at(payload, pointer);
    let status = text("/alert/status").unwrap_or_default().to_lowercase();
    let is_open = match payload.pointer("/alert/isOpen").and_then(Value::as_bool) {
        Some(is_open) => is_open,
        None => text("/alert/closedAt").is_none() && status != "ok",
    };
    let monitor = text("/alert/monitorName");
    let host = text("/host/name").or_else(|| text("/service/name"));
    let said = text("/message").or_else(|| measured(payload));
    Ok(Signal {
        // Alerts without an id date from before 2018; monitor and host stand for them.
        dedup: text("/alert/id").or_else(|| monitor_on_host(payload)),
        change: change(payload, is_open, &status),
        kind: if is_open {
            Said::Problem
        } else {
            Said::Recovery
        },
        reason: if is_open { None } else { reason(payload) },
        severity: Some(status.clone()),
        title: title(monitor.as_deref(), said.as_deref(), &status),
        host,
        message: message(payload),
        url: text("/alert/url"),
        variables: variables(
            payload,
            &[
                ("alert_id", "/alert/id"),
                ("org", "/orgName"),
                ("monitor", "/alert/monitorName"),
                ("type", "/type"),
                ("status", "/alert/status"),
                ("trigger", "/alert/trigger"),
                ("opened_at", "/alert/openedAt"),
                ("closed_at", "/alert/closedAt"),
                ("status_changed_at", "/alert/statusChangedAt"),
                ("metric", "/alert/metricLabel"),
                ("value", "/alert/metricValue"),
                ("operator", "/alert/monitorOperator"),
                ("warning", "/alert/warningThreshold"),
                ("critical", "/alert/criticalThreshold"),
                ("duration", "/alert/duration"),
                ("host_id", "/host/id"),
                ("host_status", "/host/status"),
                ("service", "/service/name"),
                ("user", "/user/screenName"),
                ("image_url", "/imageUrl"),
                ("memo", "/memo"),
            ],
        ),
        hints: hints(payload),
        ..Signal::default()
    })
}

fn alert_group(payload: &Value) -> Result<Signal, SourceError> {
    let text = |pointer| text_at(payload, pointer);
    let Some(id) = text("/alertGroup/id") else {
        return Err(SourceError::Shape(
            "the event `alertGroup` has no `alertGroup.id`; send what Mackerel sends".to_owned(),
        ));
    };
    let status = text("/alertGroup/status")
        .unwrap_or_default()
        .to_lowercase();
    let closed_at = text("/alertGroup/closedAt");
    let is_open = closed_at.is_none() && status != "ok";
    let name = text("/alertGroupSetting/name").unwrap_or_else(|| "alert group".to_owned());
    Ok(Signal {
        dedup: Some(id),
        // A group does not date its changes.
        change: (!is_open).then(|| format!("closed:{}", closed_at.unwrap_or_default())),
        kind: if is_open {
            Said::Problem
        } else {
            Said::Recovery
        },
        title: title(Some(&name), None, &status),
        severity: Some(status),
        message: text("/alertGroupSetting/memo").unwrap_or_default(),
        url: text("/alertGroup/url"),
        variables: variables(
            payload,
            &[
                ("alert_group_id", "/alertGroup/id"),
                ("org", "/orgName"),
                ("alert_group_setting", "/alertGroupSetting/name"),
                ("status", "/alertGroup/status"),
                ("created_at", "/alertGroup/createdAt"),
                ("closed_at", "/alertGroup/closedAt"),
                ("memo", "/alertGroupSetting/memo"),
            ],
        ),
        hints: of_memo(text("/alertGroupSetting/memo").as_deref())
            .into_iter()
            .collect(),
        ..Signal::default()
    })
}

/// Equal for a repetition, different for a change, also for one back to an earlier status.
fn change(payload: &Value, is_open: bool, status: &str) -> Option<String> {
    let at = |pointer| text_at(payload, pointer);
    if is_open {
        let since = at("/alert/statusChangedAt")?;
        Some(format!("{status}:{since}"))
    } else {
        Some(format!(
            "closed:{}",
            at("/alert/closedAt").unwrap_or_default()
        ))
    }
}

fn monitor_on_host(payload: &Value) -> Option<String> {
    let monitor = text_at(payload, "/alert/monitorName")?;
    let host = text_at(payload, "/host/id").unwrap_or_default();
    Some(format!("{monitor}@{host}"))
}

/// Why it was closed, if it did not simply recover. `monitor` is what is sent, `monitoring` what is documented.
fn reason(payload: &Value) -> Option<String> {
    let trigger = text_at(payload, "/alert/trigger");
    let trigger = trigger.filter(|trigger| !["monitor", "monitoring"].contains(&trigger.as_str()));
    let user = text_at(payload, "/user/screenName");
    match (trigger, user) {
        (Some(trigger), Some(user)) => Some(format!("{trigger} by {user}")),
        (Some(trigger), None) => Some(trigger),
        (None, Some(user)) => Some(format!("closed by {user}")),
        (None, None) => None,
    }
}

/// What the phone reads out: the monitor and what it found, each once.
fn title(monitor: Option<&str>, said: Option<&str>, status: &str) -> String {
    let said = said.map(first_line).unwrap_or_default();
    match monitor {
        Some(monitor) if said.is_empty() => format!("{monitor} {}", status.to_uppercase()),
        Some(monitor) if !said.starts_with(monitor) => format!("{monitor}: {said}"),
        _ if said.is_empty() => format!("alert {}", status.to_uppercase()),
        _ => said.to_owned(),
    }
}

/// What was measured, for payloads without a message: `CPU % 8.2 > 5`.
fn measured(payload: &Value) -> Option<String> {
    let text = |name: &str| text_at(payload, &format!("/alert/{name}"));
    let (metric, value) = (text("metricLabel")?, text("metricValue")?);
    let threshold = match text("status")?.as_str() {
        "critical" => text("criticalThreshold"),
        "warning" => text("warningThreshold"),
        _ => None,
    };
    Some(match (text("monitorOperator"), threshold) {
        (Some(operator), Some(threshold)) => format!("{metric} {value} {operator} {threshold}"),
        _ => format!("{metric} {value}"),
    })
}

/// What the monitor said, and what people have written about it.
fn message(payload: &Value) -> String {
    let parts = ["/message", "/memo"].map(|pointer| text_at(payload, pointer));
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("\n\n")
}

fn variables(payload: &Value, names: &[(&str, &str)]) -> BTreeMap<String, String> {
    let found = names
        .iter()
        .filter_map(|(name, pointer)| Some(((*name).to_owned(), text_at(payload, pointer)?)));
    let mut variables: BTreeMap<_, _> = found.collect();
    let roles: Vec<String> = roles(payload)
        .filter_map(|role| text_at(role, "/fullname"))
        .collect();
    if !roles.is_empty() {
        variables.insert("roles".to_owned(), roles.join(", "));
    }
    variables
}

fn roles(payload: &Value) -> impl Iterator<Item = &Value> {
    list_at(payload, "/host/roles").iter()
}

/// The memo of the monitor, then each role, then each service.
fn hints(payload: &Value) -> Vec<String> {
    let of_memo = of_memo(text_at(payload, "/memo").as_deref());
    let full_names = roles(payload).filter_map(|role| text_at(role, "/fullname"));
    let services = roles(payload).filter_map(|role| text_at(role, "/serviceName"));
    let service = text_at(payload, "/service/name");
    of_memo
        .into_iter()
        .chain(full_names)
        .chain(services)
        .chain(service)
        .collect()
}

fn of_memo(memo: Option<&str>) -> Option<String> {
    let mut lines = memo?.lines().map(str::trim);
    let group = lines.find_map(|line| line.strip_prefix(MEMO_MARK))?;
    Some(group.trim().to_owned())
}
