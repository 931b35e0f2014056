//! From a signal to an event: ids, severity, group, bounds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Said, Signal, Source, severity};
use crate::alert::{Event, EventError, EventId, GroupName, Limits, Severity};

/// Bytes of all variables together, names included, so that an event as JSON keeps its bound.
const VARIABLES_BYTES: usize = 32 * 1024;

/// Bytes of a variable's name.
const NAME_BYTES: usize = 128;

/// Bytes of a key that stands for itself; a longer one is known by its hash. An id holds one key, two names and a change.
const KEY_BYTES: usize = 256;

/// What a phone says of an alert that has no words.
const NO_TITLE: &str = "alert without a title";

/// The event that a signal comes to.
pub(super) fn event(source: &Source, signal: Signal, now: Timestamp) -> Result<Event, EventError> {
    let event_source = &source.event_source;
    let title = match one_line(&signal.title) {
        title if title.is_empty() => NO_TITLE.to_owned(),
        title => title,
    };
    let host = signal.host.as_deref().map(one_line);
    let key = match &signal.dedup {
        Some(dedup) => key(dedup),
        None => hash(&[&title, host.as_deref().unwrap_or_default()]),
    };
    let severity = severity_of(source, &signal);
    let change = match &signal.change {
        Some(change) => key_of_change(change),
        None => within_a_minute(&signal, now),
    };
    let group = source.routing.group(&signal.hints);
    let event = Event {
        id: bounded(format!("{event_source}:{group}:{key}:{change}")),
        source: event_source.clone(),
        dedup_key: key.as_str().into(),
        group,
        kind: signal.kind.into(),
        acknowledged_by: signal.acknowledged_by,
        reason: signal.reason,
        severity,
        title,
        host: host.filter(|host| !host.is_empty()),
        message: lines(&signal.message),
        url: signal.url,
        message_id: signal.message_id,
        variables: variables(signal.variables),
        received_at: now,
    }
    .fit();
    event.check()?;
    Ok(event)
}

/// The same event for another group.
pub fn readdressed(event: &Event, group: GroupName) -> Event {
    Event {
        id: bounded(format!("{}@{group}", event.id)),
        group,
        ..event.clone()
    }
}

fn severity_of(source: &Source, signal: &Signal) -> Severity {
    let word = signal.severity.as_deref().map(str::to_lowercase);
    let meant = word.and_then(|word| {
        let own = source.severities.get(&word).copied();
        own.or_else(|| severity::usual(&word))
    });
    meant.unwrap_or(match signal.kind {
        Said::Problem => Severity::default(),
        Said::Update | Said::Recovery => Severity::Info,
    })
}

/// A monitor's name for something, if it is short and printable; a hash of it otherwise.
fn key(text: &str) -> String {
    if text.len() <= KEY_BYTES && !text.chars().any(char::is_control) {
        text.to_owned()
    } else {
        hash(&[text])
    }
}

fn key_of_change(change: &str) -> String {
    if change.len() <= 64 && !change.chars().any(char::is_control) {
        change.to_owned()
    } else {
        hash(&[change])
    }
}

/// For a monitor that does not date its changes. What comes again within the minute is a retry of a sender who got no answer;
/// later it is a repetition, which the alert that it belongs to takes for a keep-alive. No monitor that evaluates once a minute
/// comes back to a state so soon, so that no change is taken for a retry.
fn within_a_minute(signal: &Signal, now: Timestamp) -> String {
    let minute = now.as_second().div_euclid(60);
    let kind = format!("{:?}", signal.kind).to_lowercase();
    let severity = signal.severity.as_deref().unwrap_or_default();
    let by = signal.acknowledged_by.as_deref().unwrap_or_default();
    let said = hash(&[severity, &signal.title, &signal.message, by]);
    format!("{kind}:{minute}:{}", &said[..16])
}

/// SHA-256 of texts, each ended by a byte that no UTF-8 holds.
fn hash(texts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0xff]);
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn bounded(id: String) -> EventId {
    if id.len() <= Limits::ID_BYTES {
        id.as_str().into()
    } else {
        hash(&[&id]).as_str().into()
    }
}

/// What is read out, in one line.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * Limits::TITLE_CHARS {
            break;
        }
    }
    line
}

/// What is read by people: no control characters but line ends and tabs.
fn lines(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    kept.collect()
}

/// As many variables as fit, in the order of their names; no control characters.
fn variables(all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut left = VARIABLES_BYTES;
    let mut kept = BTreeMap::new();
    for (name, value) in all {
        if name.len() > NAME_BYTES || name.chars().any(char::is_control) {
            continue;
        }
        let value: String = lines(&value).chars().take(Limits::VARIABLE_CHARS).collect();
        let bytes = name.len() + value.len();
        if bytes <= left {
            left -= bytes;
            kept.insert(name, value);
        }
    }
    kept
}
