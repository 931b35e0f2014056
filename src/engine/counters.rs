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

    pub(super) fn count(&self, entries: &[(EscalationId, Entry)]) {
        for effect in entries.iter().flat_map(|(_, entry)| &entry.effects) {
            let counter = match effect {
                Effect::Place { .. } => &self.calls_placed,
                Effect::Tell {
                    news: News::Answered { .. },
                } => &self.calls_answered,
                Effect::Tell {
                    news: News::NotReached { .. },
                } => &self.calls_failed,
                Effect::Tell {
                    news: News::Acknowledged { .. },
                } => &self.acknowledged,
                _ => continue,
            };
            counter.fetch_add(1, Relaxed);
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
