//! What any monitor that can send JSON says, as events.
//!
//! An adapter reads one kind of payload into [`Signal`]s and decides nothing else; [`Source::read`] makes [`Event`]s of them, whose
//! ids are such that a repetition is the same event, and whose fields are bounded and checked. Nothing here knows who sent a
//! request or where an event is kept, and the time is an argument.

mod alertmanager;
mod fields;
mod fluentd;
mod grafana;
mod mackerel;
mod normal;
mod range;
mod reading;
mod severity;

pub use fields::{Fields, Pointer, States};
pub use normal::readdressed;
pub use range::{AddressRange, caller};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::Value;

use crate::alert::{Event, EventError, EventKind, GroupName, Severity, SourceName};

/// The source of events that Mackerel sends, unless it is another in the configuration.
pub const MACKEREL: &str = "mackerel";

/// The bounds of a request, in one place.
#[derive(Debug)]
pub struct Bounds;

impl Bounds {
    /// Bytes of a body.
    pub const BODY_BYTES: usize = 4 * 1024 * 1024;
    /// Events of one request.
    pub const EVENTS: usize = 1_000;
}

/// A monitor that sends JSON, and whom its events call.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, a part of its URL.
    pub name: Arc<str>,
    /// The source of its events: of Mackerel that of the monitor that knows its alerts, otherwise its name, so that two Alertmanagers
    /// with equal fingerprints have their own alerts.
    pub event_source: SourceName,
    /// What it sends.
    pub kind: Kind,
    /// Who is called.
    pub routing: Routing,
    /// Its own words for how bad something is, in lower case; they go before the usual ones.
    pub severities: BTreeMap<String, Severity>,
}

/// What a source sends.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Mackerel's webhook channel.
    Mackerel,
    /// The webhook receiver of Prometheus Alertmanager, version 4.
    Alertmanager(Labels),
    /// Grafana's webhook contact point, and the webhook channel of its alerting before version 9.
    Grafana(Labels),
    /// fluentd's `out_http`: one record, an array of them, or one per line.
    Fluentd(Box<Fields>),
    /// Any JSON whose fields the configuration names.
    Json(Box<Fields>),
}

/// The labels that decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Whose value says who is called.
    pub group: Option<String>,
    /// Whose value says how bad it is.
    pub severity: String,
}

/// Who is called.
#[derive(Clone, Debug)]
pub struct Routing {
    /// If the payload says nothing that is known.
    pub default: GroupName,
    /// The group for what the payload says, such as a service or the value of a label.
    pub by_hint: BTreeMap<String, GroupName>,
    /// All groups: what the payload says may be the name of one.
    pub known: BTreeSet<GroupName>,
}

impl Routing {
    /// The group of the first hint that leads to one.
    fn group(&self, hints: &[String]) -> GroupName {
        let of_hint = |hint: &String| {
            let mapped = self.by_hint.get(hint.as_str());
            mapped.or_else(|| self.known.get(hint.as_str()))
        };
        hints
            .iter()
            .find_map(of_hint)
            .unwrap_or(&self.default)
            .clone()
    }
}

/// One thing that a payload says; what an adapter makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signal {
    /// What the signals of one alert have in common. Without it, title and host stand for the alert.
    dedup: Option<String>,
    /// Tells a change of the alert from a repetition of it. Without it, what is the same within a minute is a repetition.
    change: Option<String>,
    kind: Said,
    acknowledged_by: Option<String>,
    reason: Option<String>,
    /// In the words of the monitor.
    severity: Option<String>,
    title: String,
    host: Option<String>,
    message: String,
    url: Option<String>,
    message_id: Option<String>,
    variables: BTreeMap<String, String>,
    /// What may say who is called, in order.
    hints: Vec<String>,
}

/// What a signal says; [`EventKind`] with a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Said {
    #[default]
    Problem,
    Update,
    Recovery,
}

impl From<Said> for EventKind {
    fn from(said: Said) -> Self {
        match said {
            Said::Problem => Self::Problem,
            Said::Update => Self::Update,
            Said::Recovery => Self::Recovery,
        }
    }
}

/// What an adapter found in a payload.
#[derive(Debug, Default)]
struct Found {
    signals: Vec<Signal>,
    passed_over: Vec<String>,
}

impl Found {
    /// Nothing that calls anybody.
    fn nothing(why: impl Into<String>) -> Self {
        Self {
            signals: Vec::new(),
            passed_over: vec![why.into()],
        }
    }
}

impl From<Signal> for Found {
    fn from(signal: Signal) -> Self {
        Self {
            signals: vec![signal],
            passed_over: Vec::new(),
        }
    }
}

/// What a payload comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Each passes [`Event::check`] and has at most [`crate::alert::Limits::EVENT_BYTES`] as JSON. At most [`Bounds::EVENTS`].
    pub events: Vec<Event>,
    /// What was understood and calls nobody, one line each, for the log.
    pub passed_over: Vec<String>,
}

/// Why a payload is refused; reads after "failed to read the payload: ".
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// Not JSON, or nested too deeply.
    #[error(
        "the body is not valid JSON: {0}; send one JSON document in UTF-8, nested at most 127 deep"
    )]
    Json(String),
    /// JSON of another shape than this kind of source sends.
    #[error("{0}")]
    Shape(String),
    /// More events than a request may have.
    #[error(
        "the body has more than {} events; send them in several requests",
        Bounds::EVENTS
    )]
    TooMany,
    /// An event that can't be.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl Source {
    /// What a payload says: all of it, or an error. `now` dates the events.
    pub fn read(&self, body: &[u8], now: Timestamp) -> Result<Reading, SourceError> {
        let Found {
            signals,
            passed_over,
        } = self.found(body)?;
        if signals.len() > Bounds::EVENTS {
            return Err(SourceError::TooMany);
        }
        let mut events = Vec::with_capacity(signals.len());
        for signal in signals {
            events.push(normal::event(self, signal, now)?);
        }
        Ok(Reading {
            events,
            passed_over,
        })
    }

    fn found(&self, body: &[u8]) -> Result<Found, SourceError> {
        match &self.kind {
            Kind::Fluentd(fields) => fluentd::read(&reading::documents(body)?, fields),
            kind => {
                let payload: Value = serde_json::from_slice(body)
                    .map_err(|error| SourceError::Json(error.to_string()))?;
                match kind {
                    Kind::Mackerel => mackerel::read(&payload),
                    Kind::Alertmanager(labels) => alertmanager::read(&payload, labels),
                    Kind::Grafana(labels) => grafana::read(&payload, labels),
                    Kind::Json(fields) | Kind::Fluentd(fields) => fields::read(&payload, fields),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
