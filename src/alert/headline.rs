//! What an alert says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AlertKey, Event, Severity};

/// What an alert says, to be spoken and written. A call speaks of the worst of its escalation, the first among equals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// Its name.
    pub alert: AlertKey,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: String,
    /// Where it is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Names the message template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// For templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

impl Headline {
    /// What a problem event says, to be spoken.
    pub fn of(event: &Event) -> Self {
        Self {
            alert: event.alert_key(),
            severity: event.severity,
            title: event.title.clone(),
            host: event.host.clone(),
            message: event.message.clone(),
            url: event.url.clone(),
            message_id: event.message_id.clone(),
            variables: event.variables.clone(),
        }
    }
}
