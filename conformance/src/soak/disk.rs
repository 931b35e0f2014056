//! The store as the core is promised it: a batch is durable as a whole or not at all, and what is durable outlives every
//! crash. Written from the meaning of a batch, not from any backend.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use rinban::{
    alert::{Alert, AlertKey, Event, EventId},
    dispatch::Kept,
    escalation::{Entry, Escalation, EscalationId},
    notice::Notice,
    store::{Batch, CallRecord, Snapshot},
};

use super::ground::Ground;

/// How old a call may be to be loaded although its escalation is over.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How long most journals are.
const JOURNAL: usize = 32;

/// All that is durable.
#[derive(Debug, Default)]
pub struct Disk {
    inbox: BTreeMap<u64, Event>,
    number_of: HashMap<EventId, u64>,
    seen: HashSet<EventId>,
    next_event: u64,
    alerts: HashMap<AlertKey, (Alert, Option<EscalationId>)>,
    /// By the number of the escalation, from 1.
    runs: Vec<Stored>,
    /// The first that may have calls of the last hour or be open.
    first: usize,
    dispatch: Kept,
    /// Notices, oldest first.
    pub outbox: Vec<Notice>,
}

/// One escalation on disk.
#[derive(Debug, Default)]
pub struct Stored {
    /// As it stands; none if it was put into the archive.
    pub state: Option<Arc<Escalation>>,
    /// How it came to stand so.
    pub journal: Vec<Entry>,
    calls: Vec<CallRecord>,
}

impl Disk {
    /// Takes an event into the inbox, unless it was there before: its number.
    pub fn accept(&mut self, event: Event) -> Option<u64> {
        if !self.seen.insert(event.id.clone()) {
            return None;
        }
        let number = self.next_event;
        self.next_event += 1;
        self.number_of.insert(event.id.clone(), number);
        self.inbox.insert(number, event);
        Some(number)
    }

    /// An event that is not handled yet.
    pub fn event(&self, number: u64) -> Option<&Event> {
        self.inbox.get(&number)
    }

    /// The numbers of all that are not handled, oldest first.
    pub fn unhandled(&self) -> Vec<u64> {
        self.inbox.keys().copied().collect()
    }

    /// Writes a batch, which is empty then: events are handled, alerts closed before they are opened, of everything else the last
    /// word counts.
    pub fn write(&mut self, batch: &mut Batch) {
        for id in batch.handled.drain(..) {
            if let Some(number) = self.number_of.remove(&id) {
                self.inbox.remove(&number);
            }
        }
        for key in batch.closed.drain(..) {
            self.alerts.remove(&key);
        }
        for (alert, run) in batch.alerts.drain(..) {
            self.alerts.insert(alert.key.clone(), (alert, run));
        }
        for (id, entry) in batch.entries.drain(..) {
            let journal = &mut self.run_mut(id).journal;
            if journal.is_empty() {
                journal.reserve(JOURNAL);
            }
            journal.push(entry);
        }
        for escalation in batch.escalations.drain(..) {
            let id = escalation.id;
            self.run_mut(id).state = Some(escalation);
        }
        for call in batch.calls.drain(..) {
            let calls = &mut self.run_mut(call.attempt.escalation).calls;
            match calls.iter_mut().find(|known| known.attempt == call.attempt) {
                Some(known) => *known = call,
                None => calls.push(call),
            }
        }
        self.outbox.append(&mut batch.notices);
        if let Some(dispatch) = batch.dispatch.take() {
            self.dispatch = dispatch;
        }
    }

    fn run_mut(&mut self, id: EscalationId) -> &mut Stored {
        let index = place(id);
        if self.runs.len() <= index {
            self.runs.resize_with(index + 1, Stored::default);
        }
        &mut self.runs[index]
    }

    /// An escalation as it stands.
    pub fn state(&self, id: EscalationId) -> Option<&Escalation> {
        self.runs.get(place(id))?.state.as_deref()
    }

    /// An escalation as it stands, to go on from.
    pub fn read(&self, id: EscalationId) -> Option<Arc<Escalation>> {
        self.runs.get(place(id))?.state.clone()
    }

    /// How it came to stand so.
    pub fn journal(&self, id: EscalationId) -> &[Entry] {
        self.runs.get(place(id)).map_or(&[], |run| &run.journal)
    }

    /// Whether the intent to place a call for this attempt is durable, in the list of calls.
    pub fn has_call(&self, attempt: rinban::escalation::AttemptId) -> bool {
        let run = self.runs.get(place(attempt.escalation));
        run.is_some_and(|run| run.calls.iter().any(|call| call.attempt == attempt))
    }

    /// How many escalations there have been.
    pub fn escalations(&self) -> usize {
        self.runs.len()
    }

    /// All that have not been put into the archive.
    pub fn states(&self) -> impl Iterator<Item = &Escalation> {
        self.runs[self.first.min(self.runs.len())..]
            .iter()
            .filter_map(|run| run.state.as_deref())
    }

    /// Puts an escalation that is long over into the archive, where this world needs it no more.
    pub fn archive(&mut self, id: EscalationId) -> Option<Stored> {
        let run = self.runs.get_mut(place(id))?;
        run.state.as_ref()?;
        let calls = std::mem::take(&mut run.calls);
        let archived = std::mem::replace(
            run,
            Stored {
                calls,
                ..Stored::default()
            },
        );
        Some(archived)
    }

    /// The open alerts, each with the escalation that is about it.
    pub fn alerts(&self) -> impl Iterator<Item = &(Alert, Option<EscalationId>)> {
        self.alerts.values()
    }

    /// What a core finds that takes over at `now`.
    pub fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        let is_young = |call: &CallRecord| now.duration_since(call.intended_at) < HOUR;
        let is_open = |run: &Stored| run.state.as_ref().is_some_and(|state| !state.is_over());
        while let Some(run) = self.runs.get(self.first)
            && run.state.is_none()
            && !run.calls.iter().any(is_young)
        {
            self.first += 1;
        }
        let runs = &self.runs[self.first..];
        let loaded = |run: &&Stored| is_open(run) || run.calls.iter().any(is_young);
        let loaded = runs.iter().filter(loaded);
        let calls = runs.iter().flat_map(|run| {
            run.calls
                .iter()
                .filter(|call| is_open(run) || is_young(call))
        });
        let mut alerts: Vec<_> = self.alerts.values().cloned().collect();
        alerts.sort_by(|a, b| a.0.key.cmp(&b.0.key));
        Snapshot {
            escalations: loaded.filter_map(|run| run.state.clone()).collect(),
            alerts,
            inbox: self.inbox.values().cloned().collect(),
            calls: calls.cloned().collect(),
            dispatch: self.dispatch.clone(),
            next_escalation: EscalationId(self.runs.len() as u64 + 1),
            ..Ground::nothing()
        }
    }
}

/// Where an escalation stands in the list; ids count from 1.
fn place(id: EscalationId) -> usize {
    usize::try_from(id.0)
        .unwrap_or(usize::MAX)
        .saturating_sub(1)
}
