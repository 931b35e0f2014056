//! One message from a monitor, bounded and checked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AlertKey, DedupKey, EventId, GroupName, Severity, SourceName};

/// One message from a monitor, as it stands in the spool and in the body of `POST /v1/events`.
///
/// Fields that this version doesn't know are passed over, so that an older core reads a newer plugin's spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Derived from what the monitor names, so that a retry is the same event. 1 to 512 bytes.
    pub id: EventId,
    /// The kind of monitor, such as `zabbix`. 1 to 64 bytes.
    pub source: SourceName,
    /// What the events of one alert have in common. 1 to 512 bytes.
    pub dedup_key: DedupKey,
    /// Whom to call.
    pub group: GroupName,
    /// What happened.
    pub kind: EventKind,
    /// Of an update: who acknowledged it in the monitor, if that is the change. Calling stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// Of a recovery: why, if it did not simply recover, such as "escalation canceled: trigger disabled". Of an update of an
    /// alert that the monitor suppressed: why that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// What is wrong, in one line; this is what the phone reads out.
    pub title: String,
    /// Where it is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// More about it, for people who read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Names the message template; without it the severity chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Whatever else the monitor said, for templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// When the plugin took it over.
    pub received_at: Timestamp,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Something is wrong, or is still wrong: a repeat is a keep-alive.
    Problem,
    /// Something about the problem changed; never opens or reopens an alert.
    Update,
    /// It is over.
    Recovery,
}

/// The bounds of an event, in one place (design: every input is bounded).
#[derive(Debug)]
pub struct Limits;

impl Limits {
    /// Bytes of an event as JSON, in the spool and in a request body.
    pub const EVENT_BYTES: usize = 256 * 1024;
    /// Bytes of an id or dedup key.
    pub const ID_BYTES: usize = 512;
    /// Bytes of a source's name.
    pub const SOURCE_BYTES: usize = 64;
    /// Characters of a title; a longer one is cut by [`Event::fit`].
    pub const TITLE_CHARS: usize = 1_000;
    /// Characters of a message; a longer one is cut by [`Event::fit`].
    pub const MESSAGE_CHARS: usize = 16_000;
    /// How many variables an event carries.
    pub const VARIABLES: usize = 64;
    /// Characters of one variable.
    pub const VARIABLE_CHARS: usize = 1_000;
}

/// Why an event is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EventError {
    /// A field that must not be empty is.
    #[error("event field `{0}` is empty; give it a value")]
    Empty(&'static str),
    /// A field is longer than it may be.
    #[error("event field `{field}` has {len} bytes; at most {max} are allowed")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The bound in bytes.
        max: usize,
    },
    /// Not JSON, or not an event.
    #[error("event is not valid: {0}")]
    Json(String),
}

impl Event {
    /// The alert that this event belongs to.
    pub fn alert_key(&self) -> AlertKey {
        AlertKey {
            source: self.source.clone(),
            group: self.group.clone(),
            dedup: self.dedup_key.clone(),
        }
    }

    /// Reads an event from JSON and checks its bounds.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        if json.len() > Limits::EVENT_BYTES {
            return Err(EventError::TooLong {
                field: "event",
                len: json.len(),
                max: Limits::EVENT_BYTES,
            });
        }
        let event: Self =
            serde_json::from_slice(json).map_err(|error| EventError::Json(error.to_string()))?;
        event.check()?;
        Ok(event.fit())
    }

    /// Checks what must hold of every event.
    pub fn check(&self) -> Result<(), EventError> {
        let bounded = [
            ("id", self.id.as_str(), Limits::ID_BYTES),
            ("source", self.source.as_str(), Limits::SOURCE_BYTES),
            ("dedup_key", self.dedup_key.as_str(), Limits::ID_BYTES),
            ("group", self.group.as_str(), Limits::ID_BYTES),
        ];
        for (field, value, max) in bounded {
            if value.is_empty() {
                return Err(EventError::Empty(field));
            }
            if value.len() > max {
                return Err(EventError::TooLong {
                    field,
                    len: value.len(),
                    max,
                });
            }
        }
        Ok(())
    }

    /// Cuts what people wrote to its bounds, with a mark that there is more. Nothing that decides is cut.
    #[must_use]
    pub fn fit(mut self) -> Self {
        cut(&mut self.title, Limits::TITLE_CHARS);
        cut(&mut self.message, Limits::MESSAGE_CHARS);
        for text in [
            &mut self.host,
            &mut self.url,
            &mut self.message_id,
            &mut self.acknowledged_by,
            &mut self.reason,
        ]
        .into_iter()
        .flatten()
        {
            cut(text, Limits::VARIABLE_CHARS);
        }
        while self.variables.len() > Limits::VARIABLES {
            self.variables.pop_last();
        }
        for value in self.variables.values_mut() {
            cut(value, Limits::VARIABLE_CHARS);
        }
        self
    }
}

/// Cuts `text` to `max` characters, the last of which then says that there was more.
fn cut(text: &mut String, max: usize) {
    if text.len() > max
        && let Some((end, _)) = text.char_indices().nth(max)
    {
        let last = text[..end]
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at);
        text.truncate(last);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::samples;

    fn event(title: &str) -> Event {
        Event {
            title: title.into(),
            ..samples::event()
        }
    }

    #[test]
    fn an_event_survives_json() {
        let event = Event {
            kind: EventKind::Update,
            acknowledged_by: Some("Admin".into()),
            ..event("ディスクがいっぱい")
        };
        let json = serde_json::to_vec(&event).expect("an event is JSON");
        assert_eq!(Event::from_json(&json), Ok(event));
    }

    #[test]
    fn long_text_is_cut_with_a_mark_that_there_is_more() {
        let cut = event(&"あ".repeat(2_000)).fit();
        assert_eq!(cut.title.chars().count(), Limits::TITLE_CHARS);
        assert!(cut.title.ends_with('…'));
        assert_eq!(event(&"あ".repeat(1_000)).fit().title, "あ".repeat(1_000));
    }

    #[test]
    fn an_event_without_an_id_is_refused() {
        let event = Event {
            id: "".into(),
            ..event("x")
        };
        assert_eq!(event.check(), Err(EventError::Empty("id")));
    }
}
