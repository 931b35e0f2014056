//! Who was called when, over all escalations.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::{
    escalation::{AttemptId, CallSid, Escalation, EscalationId},
    roster::MemberName,
    store::CallRecord,
};

/// How long a call counts towards a person's ceiling.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How often old calls are forgotten.
const PRUNE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The calls of the last hours.
#[derive(Debug, Default)]
pub(super) struct Calls {
    records: BTreeMap<AttemptId, CallRecord>,
    of_member: HashMap<MemberName, Vec<AttemptId>>,
    pruned_at: Option<Timestamp>,
}

impl Calls {
    pub(super) fn new(records: &[CallRecord]) -> Self {
        let mut calls = Self::default();
        for record in records {
            calls.put(record.clone());
        }
        calls
    }

    pub(super) fn put(&mut self, record: CallRecord) {
        let attempts = self.of_member.entry(record.member.clone()).or_default();
        if !attempts.contains(&record.attempt) {
            attempts.push(record.attempt);
        }
        self.records.insert(record.attempt, record);
    }

    pub(super) fn take_back(&mut self, attempt: AttemptId) {
        if let Some(record) = self.records.remove(&attempt)
            && let Some(attempts) = self.of_member.get_mut(&record.member)
        {
            attempts.retain(|other| *other != attempt);
        }
    }

    pub(super) fn record(&self, attempt: AttemptId) -> Option<&CallRecord> {
        self.records.get(&attempt)
    }

    fn of(&self, member: &MemberName) -> impl Iterator<Item = &CallRecord> {
        let attempts = self.of_member.get(member).map_or(&[][..], Vec::as_slice);
        attempts
            .iter()
            .filter_map(|attempt| self.records.get(attempt))
    }

    /// When this person was called within the last hour, oldest first.
    pub(super) fn of_last_hour(&self, member: &MemberName, now: Timestamp) -> Vec<Timestamp> {
        let mut calls: Vec<Timestamp> = self
            .of(member)
            .map(|record| record.intended_at)
            .filter(|at| now.duration_since(*at) < HOUR)
            .collect();
        calls.sort_unstable();
        calls
    }

    /// The names of this person's calls, as far as they are known.
    pub(super) fn known(&self, member: &MemberName) -> Vec<CallSid> {
        self.of(member)
            .filter_map(|record| record.call.clone())
            .collect()
    }

    /// Whether a call of ours has this person's phone now (P9).
    pub(super) fn occupied(
        &self,
        escalations: &HashMap<EscalationId, Escalation>,
        member: &MemberName,
        now: Timestamp,
    ) -> bool {
        self.of(member).any(|record| {
            escalations
                .get(&record.attempt.escalation)
                .and_then(|escalation| escalation.attempt(record.attempt.number))
                .is_some_and(|attempt| attempt.occupies(now))
        })
    }

    /// Forgets, once a minute, the calls that are older than any question about them.
    pub(super) fn prune(&mut self, now: Timestamp) {
        if self
            .pruned_at
            .is_some_and(|at| now.duration_since(at) < PRUNE_EVERY)
        {
            return;
        }
        self.pruned_at = Some(now);
        let old: Vec<AttemptId> = self
            .records
            .values()
            .filter(|record| now.duration_since(record.intended_at) >= HOUR * 2)
            .map(|record| record.attempt)
            .collect();
        for attempt in old {
            self.take_back(attempt);
        }
    }
}
