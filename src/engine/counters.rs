//! What has been counted since the start, for monitors.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::escalation::{Effect, Entry, EscalationId, News};

/// Counts that only grow while the process lives.
#[derive(Debug, Default)]
pub(super) struct Counters {
    events_accepted: AtomicU64,
    calls_placed: AtomicU64,
    calls_answered: AtomicU64,
    calls_failed: AtomicU64,
    acknowledged: AtomicU64,
}

/// What the entries of one turn add.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    placed: u64,
    answered: u64,
    failed: u64,
    acknowledged: u64,
}

impl Counted {
    pub(super) fn of(entries: &[(EscalationId, Entry)]) -> Self {
        let mut counted = Self::default();
        for effect in entries.iter().flat_map(|(_, entry)| entry.effects.iter()) {
            let counter = match effect {
                Effect::Place { .. } => &mut counted.placed,
                Effect::Tell {
                    news: News::Answered { .. },
                } => &mut counted.answered,
                Effect::Tell {
                    news: News::NotReached { .. },
                } => &mut counted.failed,
                Effect::Tell {
                    news: News::Acknowledged { .. },
                } => &mut counted.acknowledged,
                _ => continue,
            };
            *counter += 1;
        }
        counted
    }
}

/// The counts at one moment, under the names that `/health` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// Events that were new.
    pub events_accepted_total: u64,
    /// Calls whose intent was journalled.
    pub calls_placed_total: u64,
    /// Calls that somebody or something answered.
    pub calls_answered_total: u64,
    /// Calls that reached nobody who pressed a key.
    pub calls_failed_total: u64,
    /// Escalations that somebody took.
    pub acknowledged_total: u64,
}

impl Counters {
    pub(super) fn accepted(&self, events: usize) {
        self.events_accepted.fetch_add(events as u64, Relaxed);
    }

    pub(super) fn add(&self, counted: Counted) {
        for (counter, add) in [
            (&self.calls_placed, counted.placed),
            (&self.calls_answered, counted.answered),
            (&self.calls_failed, counted.failed),
            (&self.acknowledged, counted.acknowledged),
        ] {
            counter.fetch_add(add, Relaxed);
        }
    }

    /// The counts now.
    pub(super) fn read(&self) -> Totals {
        Totals {
            events_accepted_total: self.events_accepted.load(Relaxed),
            calls_placed_total: self.calls_placed.load(Relaxed),
            calls_answered_total: self.calls_answered.load(Relaxed),
            calls_failed_total: self.calls_failed.load(Relaxed),
            acknowledged_total: self.acknowledged.load(Relaxed),
        }
    }
}
