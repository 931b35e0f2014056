//! Folds events into alerts.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState as FoldHash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AlertKey, Event, EventKind, Headline, Severity};

/// Who holds an alert that its monitor suppresses, such as during a maintenance: nobody is called about it until that ends,
/// or somebody takes it.
pub const HELD: &str = "(maintenance)";

/// What the events of one key add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its name.
    pub key: AlertKey,
    /// Where it stands.
    pub state: AlertState,
    /// What the first problem event said, with the severity that the last one gave.
    pub headline: Arc<Headline>,
    /// When the first event arrived.
    pub opened_at: Timestamp,
}

/// Where an alert stands. Closed alerts are not kept in the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nobody has taken it yet.
    Triggered,
    /// Somebody has taken it.
    Acknowledged {
        /// Who: a member, or a user of the monitor.
        by: String,
    },
}

/// What an event did to its alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertChange {
    /// The alert is new.
    Triggered,
    /// The alert was open already: a keep-alive, perhaps with another severity.
    Repeated {
        /// The severity before.
        was: Severity,
    },
    /// Somebody took it in the monitor.
    Acknowledged {
        /// Who.
        by: String,
    },
    /// The monitor does not suppress it any more.
    Released,
    /// It is over; the alert as it last stood.
    Closed(Box<Alert>),
    /// Nothing: an update or a recovery of an alert that is not open, or an update that changes nothing.
    Ignored,
}

/// All open alerts.
#[derive(Clone, Debug, Default)]
pub struct AlertBook {
    open: HashMap<AlertKey, Alert, FoldHash>,
}

impl AlertBook {
    /// A book with the open alerts that a store remembers.
    pub fn new(open: impl IntoIterator<Item = Alert>) -> Self {
        Self {
            open: open
                .into_iter()
                .map(|alert| (alert.key.clone(), alert))
                .collect(),
        }
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) -> AlertChange {
        let key = event.alert_key();
        match (event.kind, self.open.get_mut(&key)) {
            (EventKind::Problem, None) => {
                self.open.insert(key.clone(), Alert::triggered(key, event));
                AlertChange::Triggered
            }
            (EventKind::Problem, Some(alert)) => {
                let was = alert.headline.severity;
                if was != event.severity {
                    Arc::make_mut(&mut alert.headline).severity = event.severity;
                }
                AlertChange::Repeated { was }
            }
            (EventKind::Update, Some(alert)) => alert.update(event),
            (EventKind::Recovery, Some(_)) => match self.open.remove(&key) {
                Some(alert) => AlertChange::Closed(Box::new(alert)),
                None => AlertChange::Ignored,
            },
            (EventKind::Update | EventKind::Recovery, None) => AlertChange::Ignored,
        }
    }

    /// The alert, if it is open.
    pub fn get(&self, key: &AlertKey) -> Option<&Alert> {
        self.open.get(key)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.open.values()
    }

    /// Marks an open alert as taken by `by`, or, with `None`, as not taken (any more).
    pub fn set_taken(&mut self, key: &AlertKey, by: Option<&str>) {
        if let Some(alert) = self.open.get_mut(key) {
            alert.state = match by {
                Some(by) => AlertState::Acknowledged { by: by.to_owned() },
                None => AlertState::Triggered,
            };
        }
    }

    /// Puts an alert into the book as it stands.
    pub fn put(&mut self, alert: Alert) {
        self.open.insert(alert.key.clone(), alert);
    }

    /// Closes an alert that the monitor did not close.
    pub fn close(&mut self, key: &AlertKey) -> Option<Alert> {
        self.open.remove(key)
    }

    /// How many alerts are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether no alert is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Alert {
    /// Whether its monitor suppresses it.
    pub fn is_held(&self) -> bool {
        matches!(&self.state, AlertState::Acknowledged { by } if by == HELD)
    }

    fn update(&mut self, event: &Event) -> AlertChange {
        let held = self.is_held();
        match &event.acknowledged_by {
            Some(by) if self.state == AlertState::Triggered || (held && by != HELD) => {
                self.state = AlertState::Acknowledged { by: by.clone() };
                AlertChange::Acknowledged { by: by.clone() }
            }
            None if held && event.reason.is_some() => {
                self.state = AlertState::Triggered;
                AlertChange::Released
            }
            _ => AlertChange::Ignored,
        }
    }

    fn triggered(key: AlertKey, event: &Event) -> Self {
        Self {
            key,
            state: AlertState::Triggered,
            headline: Arc::new(Headline::of(event)),
            opened_at: event.received_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::samples::event;

    fn changes(kinds: &[EventKind]) -> Vec<AlertChange> {
        let mut book = AlertBook::default();
        kinds
            .iter()
            .map(|&kind| {
                book.apply(&Event {
                    kind,
                    acknowledged_by: (kind == EventKind::Update).then(|| "Admin".to_owned()),
                    ..event()
                })
            })
            .collect()
    }

    #[test]
    fn a_repeat_is_a_keep_alive_and_not_a_new_alert() {
        use EventKind::Problem;
        assert_eq!(
            changes(&[Problem, Problem]),
            [
                AlertChange::Triggered,
                AlertChange::Repeated {
                    was: Severity::Critical
                }
            ]
        );
    }

    #[test]
    fn an_update_after_the_close_reopens_nothing() {
        use EventKind::{Problem, Recovery, Update};
        assert_eq!(
            changes(&[Problem, Recovery, Update])[2],
            AlertChange::Ignored
        );
        assert_eq!(
            changes(&[Update, Recovery]),
            [AlertChange::Ignored, AlertChange::Ignored]
        );
    }

    #[test]
    fn what_the_monitor_suppresses_is_held_until_it_says_so_or_somebody_takes_it() {
        let update = |by: Option<&str>, reason: Option<&str>| Event {
            kind: EventKind::Update,
            acknowledged_by: by.map(str::to_owned),
            reason: reason.map(str::to_owned),
            ..event()
        };
        let ends = || update(None, Some("no longer suppressed"));
        let mut book = AlertBook::default();
        let taken = |by: &str| AlertChange::Acknowledged { by: by.to_owned() };
        for (event, change) in [
            (ends(), AlertChange::Ignored),
            (event(), AlertChange::Triggered),
            (ends(), AlertChange::Ignored),
            (update(Some(HELD), None), taken(HELD)),
            (update(Some(HELD), None), AlertChange::Ignored),
            (update(None, None), AlertChange::Ignored),
            (ends(), AlertChange::Released),
            (ends(), AlertChange::Ignored),
            (update(Some(HELD), None), taken(HELD)),
            (update(Some("Admin"), None), taken("Admin")),
            (update(Some(HELD), None), AlertChange::Ignored),
            (ends(), AlertChange::Ignored),
        ] {
            assert_eq!(book.apply(&event), change, "{event:?}");
        }
    }

    #[test]
    fn a_second_acknowledgement_changes_nothing() {
        use EventKind::{Problem, Update};
        let by = "Admin".to_owned();
        assert_eq!(
            changes(&[Problem, Update, Update])[1..],
            [AlertChange::Acknowledged { by }, AlertChange::Ignored]
        );
    }
}
