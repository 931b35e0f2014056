//! The journal and all state, on disk. One OS thread writes; whatever waits is committed together (group commit).
//!
//! The store knows no policy: it keeps what the engine hands it, atomically, and says when it is durable.
//!
//! [`Store`] is the handle that the engine holds, [`Reader`] the one of commands that look on. Both stand on a
//! [`Backend`]; every backend passes the same contract suite.

mod backend;
#[cfg(test)]
mod contract;
mod error;
mod handle;
mod sqlite;
mod writer;

pub use backend::Backend;
pub use error::StoreError;
pub use handle::{Reader, Store};
pub use sqlite::Sqlite;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    alert::{Alert, AlertKey, Event, EventId},
    escalation::{AttemptId, CallSid, Entry, Escalation, EscalationId, ProviderName},
    notice::Notice,
    roster::MemberName,
};

/// What is committed together: all of it is durable, or nothing is.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New events for the inbox. One whose id the store has seen within its retention is not taken again.
    pub events: Vec<Event>,
    /// Events that the engine has folded in; they leave the inbox, their ids stay known.
    pub handled: Vec<EventId>,
    /// Alerts as they stand now, with the escalation that is about them; of one key the last counts.
    pub alerts: Vec<(Alert, Option<EscalationId>)>,
    /// Alerts that are closed. A key that stands in `alerts` too is open: closing is done first.
    pub closed: Vec<AlertKey>,
    /// New journal entries.
    pub entries: Vec<(EscalationId, Entry)>,
    /// Escalations as they stand after those entries, each once. Shared with the engine, which goes on with its own copy.
    pub escalations: Vec<Arc<Escalation>>,
    /// Calls as they stand now.
    pub calls: Vec<CallRecord>,
    /// Notices for the outbox.
    pub notices: Vec<Notice>,
    /// How the providers do, as of now; nothing if that has not changed.
    pub dispatch: Option<crate::dispatch::Kept>,
    /// Notices that were delivered or given up; they leave the outbox.
    pub settled: Vec<NoticeId>,
    /// Marks by name: small texts of which the last one counts.
    pub marks: Vec<(String, String)>,
}

impl Batch {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.handled.is_empty()
            && self.alerts.is_empty()
            && self.closed.is_empty()
            && self.entries.is_empty()
            && self.escalations.is_empty()
            && self.calls.is_empty()
            && self.notices.is_empty()
            && self.dispatch.is_none()
            && self.settled.is_empty()
            && self.marks.is_empty()
    }
}

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// For each of the batch's events, in order, whether it is new.
    pub new_events: Vec<bool>,
    /// For each of the batch's notices, in order, its name in the outbox.
    pub notices: Vec<NoticeId>,
}

/// Names a notice in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub i64);

/// One call, for ceilings, look-ups and statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The attempt.
    pub attempt: AttemptId,
    /// The person.
    pub member: MemberName,
    /// The carrier.
    pub provider: ProviderName,
    /// When the intent was journalled.
    pub intended_at: Timestamp,
    /// The provider's name for it, once known.
    pub call: Option<CallSid>,
}

/// Everything that a core needs to go on where the last one stopped.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Escalations that are not over, and those that have called somebody within the last hour: a phone may ring still.
    pub escalations: Vec<Arc<Escalation>>,
    /// Open alerts.
    pub alerts: Vec<(Alert, Option<EscalationId>)>,
    /// Events that were accepted and not folded in, oldest first.
    pub inbox: Vec<Event>,
    /// Notices that wait for delivery, oldest first.
    pub outbox: Vec<(NoticeId, Notice)>,
    /// Calls of the escalations that are not over, and all calls of the last hour.
    pub calls: Vec<CallRecord>,
    /// Marks by name, as they were last written.
    pub marks: BTreeMap<String, String>,
    /// How the providers did.
    pub dispatch: crate::dispatch::Kept,
    /// The name of the next escalation.
    pub next_escalation: EscalationId,
    /// A random key that is made with the store and never leaves it: attempt tokens are signed with it.
    pub token_key: [u8; 32],
    /// Rows that could not be read, one line each, to be told to the operator. They stay in the store; the rest of the
    /// snapshot is complete without them.
    pub unreadable: Vec<String>,
}
