//! Who was called when, over all escalations.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::{FixedState, RandomState as FoldHash};
use jiff::{SignedDuration, Timestamp};

use super::Escalations;
use crate::{
    escalation::{Attempt, AttemptId, CallSid, Escalation},
    roster::MemberName,
    store::CallRecord,
};

/// How long a call counts towards a person's ceiling.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How often old calls are forgotten.
const PRUNE_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// The calls of the last hours.
#[derive(Debug, Default)]
pub(super) struct Calls {
    records: HashMap<AttemptId, CallRecord, FixedState>,
    of_member: HashMap<MemberName, OfMember, FoldHash>,
    pruned_at: Option<Timestamp>,
}

/// The calls of one person.
#[derive(Debug, Default)]
struct OfMember {
    /// When each was intended, oldest first.
    all: Vec<(Timestamp, AttemptId)>,
    /// Those that may have the phone now or later: all but those whose end the provider has told.
    unsettled: Vec<AttemptId>,
}

impl Calls {
    pub(super) fn new(records: &[CallRecord]) -> Self {
        let mut calls = Self::default();
        calls.records.reserve(records.len());
        for record in records {
            calls.put(record.clone());
        }
        calls
    }

    pub(super) fn put(&mut self, record: CallRecord) {
        let key = (record.intended_at, record.attempt);
        let before = self.records.insert(record.attempt, record.clone());
        let of = self.of_member.entry(record.member).or_default();
        match before {
            Some(before) if before.intended_at == record.intended_at => return,
            Some(_) => {
                of.all.retain(|(_, other)| *other != record.attempt);
                of.unsettle(record.attempt);
            }
            None => of.unsettled.push(record.attempt),
        }
        let at = of.all.partition_point(|other| *other <= key);
        of.all.insert(at, key);
    }

    pub(super) fn take_back(&mut self, attempt: AttemptId) {
        if let Some(record) = self.records.remove(&attempt)
            && let Some(of) = self.of_member.get_mut(&record.member)
        {
            of.all.retain(|(_, other)| *other != attempt);
            of.unsettled.retain(|other| *other != attempt);
        }
    }

    pub(super) fn record(&self, attempt: AttemptId) -> Option<&CallRecord> {
        self.records.get(&attempt)
    }

    /// When this person was called within the last hour, oldest first.
    pub(super) fn of_last_hour(&self, member: &MemberName, now: Timestamp) -> Arc<[Timestamp]> {
        let all = self.of_member.get(member).map_or(&[][..], |of| &of.all);
        let hour_ago = now - HOUR;
        let old = all.partition_point(|(at, _)| *at <= hour_ago);
        all[old..].iter().map(|(at, _)| *at).collect()
    }

    /// The names of this person's calls, as far as they are known.
    pub(super) fn known(&self, member: &MemberName) -> Vec<CallSid> {
        let all = self.of_member.get(member).map_or(&[][..], |of| &of.all);
        all.iter()
            .filter_map(|(_, attempt)| self.records.get(attempt)?.call.clone())
            .collect()
    }

    /// Whether a call of ours has this person's phone now (P9).
    pub(super) fn occupied(
        &mut self,
        escalations: &Escalations,
        member: &MemberName,
        now: Timestamp,
    ) -> bool {
        let Some(of) = self.of_member.get_mut(member) else {
            return false;
        };
        let attempt_of = |id: &AttemptId| escalations.get(&id.escalation)?.attempt(id.number);
        let mut is_occupied = false;
        of.unsettled.retain(|id| {
            let attempt = attempt_of(id);
            is_occupied |= attempt.is_some_and(|attempt| attempt.occupies(now));
            !attempt.is_some_and(Attempt::is_settled)
        });
        is_occupied
    }

    /// An escalation stands as it did before: the end of its calls may not have been told yet.
    pub(super) fn unsettle(&mut self, escalation: &Escalation) {
        for attempt in &escalation.attempts {
            let id = escalation.attempt_id(attempt.number);
            if self.records.contains_key(&id)
                && let Some(of) = self.of_member.get_mut(&attempt.member)
            {
                of.unsettle(id);
            }
        }
    }

    /// Forgets, now and then, the calls that are older than any question about them.
    pub(super) fn prune(&mut self, now: Timestamp) {
        if self
            .pruned_at
            .is_some_and(|at| now.duration_since(at) < PRUNE_EVERY)
        {
            return;
        }
        self.pruned_at = Some(now);
        let long_ago = now - HOUR * 2;
        let is_old = |at: Timestamp| at <= long_ago;
        for of in self.of_member.values_mut() {
            let old = of.all.partition_point(|(at, _)| is_old(*at));
            for (_, attempt) in of.all.drain(..old) {
                self.records.remove(&attempt);
            }
            let records = &self.records;
            of.unsettled.retain(|attempt| records.contains_key(attempt));
        }
    }
}

impl OfMember {
    fn unsettle(&mut self, attempt: AttemptId) {
        if !self.unsettled.contains(&attempt) {
            self.unsettled.push(attempt);
        }
    }
}
