//! What follows when time passes and nothing happens.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Change, Effect, Escalation, News, Outcome, PARTING, Phase, SUBMIT_LIMIT};

impl Escalation {
    pub(super) fn wake(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Change {
        if self.next_wakeup().is_none_or(|(at, _)| now < at) {
            return Change::Nothing;
        }
        let was_message = self.ask_for_lines(now, effects);
        if self.phase_wakeup().is_none_or(|(at, _)| now < at) {
            return match was_message {
                true => Change::Made,
                false => Change::Nothing,
            };
        }
        match &self.phase {
            Phase::Mustering { .. } | Phase::Pausing { .. } => self.muster(now, effects),
            Phase::Routing { .. } => self.ask_again(now, effects),
            Phase::Calling => self.call_is_due(now, effects),
            Phase::Writing { .. } => self.nobody_replied(now, Outcome::NoReply, effects),
            Phase::Acknowledged { .. } => {
                self.counts.waiting = self.counts.open;
                effects.push(Effect::ReleaseAlerts);
                effects.push(Effect::Tell {
                    news: News::Resumed,
                });
                self.begin_again(now, effects);
            }
            Phase::Exhausted | Phase::Over => return Change::Nothing,
        }
        Change::Made
    }

    pub(super) fn ask_again(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(last) = self.attempts.last() {
            effects.push(self.ask_for_carrier(last));
            self.phase = Phase::Routing { since: now };
        }
    }

    /// Calls from the first person on.
    pub(super) fn begin_again(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.round = 0;
        // Who was on the phone when the alert was taken elsewhere is not waited for any more.
        for attempt in self.attempts.iter_mut() {
            let outcome = attempt
                .status
                .map_or(Outcome::Lost, |status| attempt.judge(status));
            if attempt.outcome.is_none() {
                Arc::make_mut(attempt).outcome = Some(outcome);
            }
        }
        self.muster(now, effects);
    }

    /// The callbacks that would have said how the call went were lost, or it lasts too long.
    pub(super) fn give_up_waiting(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.last().cloned() else {
            return;
        };
        let outcome = attempt
            .status
            .map_or(Outcome::Lost, |status| attempt.judge(status));
        if !attempt.is_ended() {
            if let Some(attempt) = self.find_number(attempt.number) {
                attempt.deadline = now + PARTING;
            }
            // A call that was switched off has been told to end already.
            let is_told = outcome == Outcome::NotRinging;
            if let (Some(provider), Some(call)) =
                (attempt.provider, attempt.call.filter(|_| !is_told))
            {
                let attempt = self.attempt_id(attempt.number);
                effects.push(Effect::EndCall {
                    attempt,
                    provider,
                    call,
                });
            }
        }
        self.judged(now, attempt.number, outcome, effects);
    }

    /// Brings timers that are further ahead than any rule allows back to what the rules allow.
    pub(super) fn clamp_timers(&mut self, now: Timestamp) -> Change {
        let mut changed = self.clamp_phase(now);
        for message in self.messages.iter_mut().filter(|message| message.waits()) {
            changed |= bring_back(&mut message.since, now);
        }
        match changed {
            true => Change::Made,
            false => Change::Nothing,
        }
    }

    fn clamp_phase(&mut self, now: Timestamp) -> bool {
        let policy = &self.policy;
        match &mut self.phase {
            Phase::Mustering { since } | Phase::Routing { since } => bring_back(since, now),
            Phase::Writing { until } => bring_back(until, now + policy.reply_wait),
            Phase::Pausing { until } => bring_back(until, now + policy.round_pause),
            Phase::Acknowledged { until, .. } => bring_back(until, now + policy.ack_timeout),
            Phase::Calling => {
                let limit = now
                    + SUBMIT_LIMIT
                    + policy.ring_timeout.max(policy.call_limit)
                    + policy.callback_grace;
                self.clamp_calls(now, limit)
            }
            Phase::Exhausted | Phase::Over => false,
        }
    }

    fn clamp_calls(&mut self, now: Timestamp, limit: Timestamp) -> bool {
        let mut calls = self.attempts.iter_mut().rev();
        let Some(last) = calls.next() else {
            return false;
        };
        if last.since <= now && last.deadline <= limit {
            return false;
        }
        let last = Arc::make_mut(last);
        bring_back(&mut last.since, now);
        if bring_back(&mut last.deadline, limit) {
            for earlier in calls.filter(|earlier| earlier.deadline > now) {
                Arc::make_mut(earlier).deadline = now;
            }
        }
        true
    }
}

/// Whether the instant was further ahead than the limit.
fn bring_back(at: &mut Timestamp, limit: Timestamp) -> bool {
    let is_ahead = *at > limit;
    *at = limit.min(*at);
    is_ahead
}
