//! What follows when time passes and nothing happens.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Change, Effect, Escalation, News, Outcome, PARTING, Phase, SUBMIT_LIMIT};

impl Escalation {
    pub(super) fn wake(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Change {
        if self.next_wakeup().is_none_or(|(at, _)| now < at) {
            return Change::Nothing;
        }
        match &self.phase {
            Phase::Mustering { .. } | Phase::Pausing { .. } => self.muster(now, effects),
            Phase::Routing { .. } => self.ask_again(now, effects),
            Phase::Calling => self.give_up_waiting(now, effects),
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
        if let Some(attempt) = self.attempts.pop_back() {
            self.last_attempt -= 1;
            self.route(now, Arc::unwrap_or_clone(attempt), effects);
        }
    }

    /// Calls from the first person on.
    pub(super) fn begin_again(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.round = 0;
        // Who was on the phone when the alert was taken elsewhere is not waited for any more.
        for attempt in &mut self.attempts {
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
        let Some(attempt) = self.attempts.back().map(|last| (**last).clone()) else {
            return;
        };
        let outcome = attempt
            .status
            .map_or(Outcome::Lost, |status| attempt.judge(status));
        if !attempt.is_ended() {
            if let Some(attempt) = self.find_number(attempt.number) {
                attempt.deadline = now + PARTING;
            }
            if let (Some(provider), Some(call)) = (attempt.provider, attempt.call) {
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
        let Some((at, _)) = self.next_wakeup() else {
            return Change::Nothing;
        };
        let policy = &self.policy;
        let limit = now
            + match self.phase {
                Phase::Calling => {
                    SUBMIT_LIMIT
                        + policy.ring_timeout.max(policy.call_limit)
                        + policy.callback_grace
                }
                Phase::Pausing { .. } => policy.round_pause,
                Phase::Acknowledged { .. } => policy.ack_timeout,
                _ => SignedDuration::ZERO,
            };
        if at <= limit {
            return Change::Nothing;
        }
        for earlier in self.attempts.iter_mut().rev().skip(1) {
            if earlier.deadline > now {
                Arc::make_mut(earlier).deadline = now;
            }
        }
        match &mut self.phase {
            Phase::Mustering { since } | Phase::Routing { since } => *since = limit,
            Phase::Pausing { until } | Phase::Acknowledged { until, .. } => *until = limit,
            Phase::Calling => {
                if let Some(attempt) = self.attempts.back_mut() {
                    Arc::make_mut(attempt).deadline = limit;
                }
            }
            Phase::Exhausted | Phase::Over => {}
        }
        Change::Made
    }
}
