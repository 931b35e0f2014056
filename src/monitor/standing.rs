//! How an alert stands in its monitor, and the event that follows where we think otherwise. What is read goes in by the door
//! by which all events come, so that there is one truth.

use std::{fmt::Write, sync::Arc};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::alert::{Event, EventKind, HELD, Headline};

/// An open alert that a monitor is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What we know of it.
    pub headline: Arc<Headline>,
    /// Whether it calls nobody because the monitor suppresses it.
    pub held: bool,
    /// When calling resumed because nobody had closed it in time: who took it before that has it no more.
    pub since: Option<Timestamp>,
}

/// How an alert stands in its monitor. A stamp names the occurrence, so that it is told of once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Open, and nobody has it.
    Open,
    /// Open, and somebody has it who is not us.
    Taken {
        /// Who.
        by: String,
        /// The acknowledgement.
        stamp: String,
    },
    /// Open, and suppressed: by a maintenance, or by hand.
    Suppressed,
    /// Over.
    Over {
        /// Why, if it did not simply recover.
        reason: Option<String>,
        /// The end.
        stamp: String,
    },
    /// The monitor does not know it, or does not show it to us. Nothing follows: the calls go on.
    Unknown,
}

impl Standing {
    /// The event that tells us of it; none if we know it already. `now` dates the event.
    pub fn event(&self, open: &Open, now: Timestamp) -> Option<Event> {
        let update = |what, stamp: &str| event(open, EventKind::Update, what, stamp, now);
        Some(match self {
            Self::Over { reason, stamp } => Event {
                reason: reason.clone(),
                ..event(open, EventKind::Recovery, "over", stamp, now)
            },
            Self::Taken { by, stamp } => Event {
                acknowledged_by: Some(by.clone()),
                ..update("taken", stamp)
            },
            Self::Suppressed if !open.held => Event {
                acknowledged_by: Some(HELD.to_owned()),
                ..update("suppressed", &now.to_string())
            },
            Self::Open if open.held => Event {
                reason: Some("no longer suppressed in the monitor".to_owned()),
                ..update("unsuppressed", &now.to_string())
            },
            Self::Open | Self::Suppressed | Self::Unknown => return None,
        })
    }
}

fn event(open: &Open, kind: EventKind, what: &str, stamp: &str, now: Timestamp) -> Event {
    let headline = &open.headline;
    let key = &headline.alert;
    Event {
        id: id(&[
            key.source.as_str(),
            key.group.as_str(),
            key.dedup.as_str(),
            what,
            stamp,
        ])
        .as_str()
        .into(),
        source: key.source.clone(),
        dedup_key: key.dedup.clone(),
        group: key.group.clone(),
        kind,
        acknowledged_by: None,
        reason: None,
        severity: headline.severity,
        title: headline.title.clone(),
        host: headline.host.clone(),
        message: String::new(),
        url: None,
        message_id: None,
        variables: Default::default(),
        received_at: now,
    }
}

/// The same for the same parts, and short whatever they are.
fn id(parts: &[&str]) -> String {
    let mut id = "read:".to_owned();
    for byte in &Sha256::digest(parts.join("\0"))[..16] {
        write!(id, "{byte:02x}").expect("a String takes everything");
    }
    id
}
