//! How a person is called, and what each way that a call can go means: the part of the state machine that follows calls.

use jiff::Timestamp;

use super::{
    Attempt, AttemptId, CallSid, CallStatus, Change, Effect, Escalation, FETCH_LIMIT, Fault,
    FaultClass, News, Outcome, PARTING, Patience, Phase, ProviderName, SUBMIT_LIMIT,
};

impl Escalation {
    /// Asks which provider carries the next attempt.
    pub(super) fn route(&mut self, now: Timestamp, attempt: Attempt, effects: &mut Vec<Effect>) {
        self.last_attempt += 1;
        let attempt = Attempt {
            number: self.last_attempt,
            ..attempt
        };
        effects.push(self.ask_for_carrier(&attempt));
        self.phase = Phase::Routing { since: now };
        self.attempts.push(attempt);
    }

    pub(super) fn ask_for_carrier(&self, attempt: &Attempt) -> Effect {
        Effect::Route {
            attempt: attempt.id(self.id),
            member: attempt.member.clone(),
            tried: attempt.tried.clone(),
        }
    }

    pub(super) fn routed(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        provider: Option<&ProviderName>,
        engaged: bool,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let ring_timeout = self.policy.ring_timeout;
        let deadline = now + SUBMIT_LIMIT + ring_timeout + self.policy.callback_grace;
        let (call_limit, round) = (self.policy.call_limit, self.round);
        let says_inline = self.policy.inline;
        let is_last = self.attempts.last().map(|last| last.number) == Some(id.number);
        let is_expected = is_last && matches!(self.phase, Phase::Routing { .. });
        let Some(attempt) = self.attempts.last_mut().filter(|_| is_expected) else {
            return Change::Nothing;
        };
        let Some(provider) = provider.filter(|_| !engaged) else {
            attempt.ended_at = Some(now);
            let outcome = if engaged {
                Outcome::Engaged
            } else {
                Outcome::NoProvider
            };
            self.judged(now, id.number, outcome, effects);
            return Change::Made;
        };
        attempt.provider = Some(provider.clone());
        attempt.since = now;
        attempt.deadline = deadline;
        if attempt.redial || says_inline {
            attempt.say_inline();
        }
        let inline = attempt.inline;
        let member = attempt.member.clone();
        effects.push(Effect::Tell {
            news: News::Calling {
                member: member.clone(),
                round,
            },
        });
        let provider = provider.clone();
        effects.push(Effect::Place {
            attempt: id,
            member,
            provider,
            ring_timeout,
            call_limit,
            inline,
        });
        self.phase = Phase::Calling;
        Change::Made
    }

    /// All lines are busy: asks again when one is free. An instant that has come already would be asked for without end.
    pub(super) fn wait_for_a_line(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        until: Timestamp,
    ) -> Change {
        let is_last = self
            .attempts
            .last()
            .is_some_and(|last| self.attempt_id(last.number) == id);
        match &mut self.phase {
            Phase::Routing { since } if is_last && until > now => {
                *since = until;
                Change::Made
            }
            _ => Change::Nothing,
        }
    }

    pub(super) fn placed(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        call: &CallSid,
        effects: &mut Vec<Effect>,
    ) -> Change {
        self.status(now, id, call, CallStatus::Queued, effects)
    }

    pub(super) fn place_failed(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        fault: &Fault,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let Some(attempt) = self.find(id) else {
            return Change::Nothing;
        };
        // A callback has said that the call exists: a late error does not overwrite it.
        if attempt.call.is_some() || attempt.is_ended() {
            return Change::Nothing;
        }
        attempt.ended_at = Some(now);
        if let (FaultClass::Account | FaultClass::Ours, Some(provider)) =
            (fault.class, attempt.provider.clone())
        {
            effects.push(Effect::Tell {
                news: News::Broken {
                    provider,
                    fault: fault.clone(),
                },
            });
        }
        let outcome = Outcome::NotPlaced(fault.clone());
        if fault.class == FaultClass::Callee || !self.awaits(id.number) {
            self.judged(now, id.number, outcome, effects);
        } else {
            self.conclude(id.number, outcome, effects);
            self.call_through_another(now, id.number, effects);
        }
        Change::Made
    }

    pub(super) fn status(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        call: &CallSid,
        status: CallStatus,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let grace = self.policy.callback_grace;
        let ring_limit = self.policy.ring_timeout + grace;
        let talk_limit = self.policy.call_limit + grace;
        let Some(attempt) = self.find(id).filter(|attempt| attempt.provider.is_some()) else {
            return Change::Nothing;
        };
        match &attempt.call {
            None => attempt.call = Some(call.clone()),
            Some(bound) if bound == call => {}
            Some(_) => return self.end_duplicate(id, call, status, effects),
        }
        // The request was taken to have failed, but here is the call.
        if attempt.status.is_none() {
            attempt.ended_at = None;
        }
        let was_answered = attempt.was_answered();
        if !attempt.advance(status, now) {
            return Change::Nothing;
        }
        match status {
            // It has been told to end; for how long that is waited for stands.
            CallStatus::Queued | CallStatus::Initiated
                if attempt.patience == Patience::Switched => {}
            CallStatus::Queued | CallStatus::Initiated | CallStatus::Ringing => {
                attempt.deadline = now + ring_limit;
            }
            CallStatus::InProgress if !attempt.was_heard() => {
                attempt.deadline = now + FETCH_LIMIT + grace;
            }
            CallStatus::InProgress => attempt.deadline = now + talk_limit,
            _ => {}
        }
        if attempt.inline && status == CallStatus::InProgress && !was_answered {
            let member = attempt.member.clone();
            effects.push(Effect::Tell {
                news: News::Answered { member },
            });
        }
        if status.is_terminal() {
            let outcome = attempt.judge(status);
            self.judged(now, id.number, outcome, effects);
        } else if !attempt.is_talking() && !self.awaits(id.number) {
            self.end_call(now, id.number, effects);
        }
        Change::Made
    }

    /// A second call for one attempt: the request was carried out twice.
    pub(super) fn end_duplicate(
        &mut self,
        attempt: AttemptId,
        call: &CallSid,
        status: CallStatus,
        effects: &mut Vec<Effect>,
    ) -> Change {
        if status.is_terminal() || status > CallStatus::Initiated {
            return Change::Nothing;
        }
        let provider = self
            .find(attempt)
            .and_then(|attempt| attempt.provider.clone());
        if let Some(provider) = provider {
            effects.push(Effect::EndCall {
                attempt,
                provider,
                call: call.clone(),
            });
        }
        Change::Made
    }

    /// Writes down how an attempt ended and, if the escalation was waiting for it, goes on.
    pub(super) fn judged(
        &mut self,
        now: Timestamp,
        number: u32,
        outcome: Outcome,
        effects: &mut Vec<Effect>,
    ) {
        let Some(attempt) = self.attempt(number) else {
            return;
        };
        let redial = outcome == Outcome::Unheard && !attempt.redial;
        let (member, is_ended) = (attempt.member.clone(), attempt.is_ended());
        if !self.is_awaited(attempt) {
            // Nobody waits for it, so nobody is told: the alert was taken or is over, or the next person is being called.
            if let Some(attempt) = self.find_number(number) {
                attempt.outcome.get_or_insert(outcome);
            }
            return;
        }
        self.conclude(number, outcome.clone(), effects);
        match outcome {
            _ if redial => {
                let again = Attempt {
                    redial: true,
                    ..Attempt::new(0, member, now)
                };
                self.write(now, effects);
                self.route(now, again, effects);
            }
            Outcome::NotRinging if is_ended => self.call_through_another(now, number, effects),
            Outcome::Passed => self.next_person(now, effects),
            _ => self.go_on(now, effects),
        }
    }

    /// Who answered is known. Where no key can be pressed, the operator may count a person who answers as one who takes it.
    pub(super) fn answered(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        call: &CallSid,
        by_person: bool,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let counts = by_person && self.policy.inline && self.policy.answer_takes;
        let is_open = !matches!(self.phase, Phase::Acknowledged { .. } | Phase::Over);
        let Some(attempt) = self
            .find(id)
            .filter(|attempt| counts && is_open && attempt.call.as_ref() == Some(call))
        else {
            return Change::Nothing;
        };
        attempt.outcome.get_or_insert(Outcome::Taken);
        let member = attempt.member.clone();
        self.take(now, &member, Some(id.number), effects);
        Change::Made
    }

    pub(super) fn conclude(&mut self, number: u32, outcome: Outcome, effects: &mut Vec<Effect>) {
        let Some(attempt) = self.find_number(number) else {
            return;
        };
        if attempt.outcome.is_none() {
            attempt.outcome = Some(outcome.clone());
            let member = attempt.member.clone();
            effects.push(Effect::Tell {
                news: News::NotReached { member, outcome },
            });
        }
    }

    fn awaits(&self, number: u32) -> bool {
        let attempt = self.attempt(number);
        attempt.is_some_and(|attempt| self.is_awaited(attempt))
    }

    /// Whether the escalation does nothing until this attempt is judged.
    pub(super) fn is_awaited(&self, attempt: &Attempt) -> bool {
        matches!(self.phase, Phase::Calling | Phase::Routing { .. })
            && attempt.outcome.is_none()
            && self
                .attempts
                .last()
                .is_some_and(|last| last.number == attempt.number)
    }

    pub(super) fn stop_ringing(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.stop_ringing_but(now, None, effects);
    }

    /// Cancels what rings. Who talks is not cut off: the next answer tells how things stand (P5).
    pub(super) fn stop_ringing_but(
        &mut self,
        now: Timestamp,
        talking: Option<u32>,
        effects: &mut Vec<Effect>,
    ) {
        let ringing: Vec<u32> = self
            .attempts
            .iter()
            .filter(|attempt| attempt.outcome.is_none() && attempt.provider.is_some())
            .filter(|attempt| !attempt.is_ended() && !attempt.is_talking())
            .map(|attempt| attempt.number)
            .filter(|&number| Some(number) != talking)
            .collect();
        for number in ringing {
            self.end_call(now, number, effects);
        }
    }

    /// Ends the call of an attempt as soon as its name is known.
    pub(super) fn end_call(&mut self, now: Timestamp, number: u32, effects: &mut Vec<Effect>) {
        let attempt_id = self.attempt_id(number);
        let Some(attempt) = self.find_number(number) else {
            return;
        };
        attempt.outcome.get_or_insert(Outcome::Canceled);
        attempt.deadline = match attempt.call {
            Some(_) => now + PARTING,
            // The request is still under way: until it is known what came of it, the phone may ring (P9).
            None => attempt.since + SUBMIT_LIMIT,
        };
        if let (Some(provider), Some(call)) = (attempt.provider.clone(), attempt.call.clone()) {
            effects.push(Effect::EndCall {
                attempt: attempt_id,
                provider,
                call,
            });
        }
    }

    pub(super) fn find(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        if id.escalation == self.id {
            self.find_number(id.number)
        } else {
            None
        }
    }

    pub(super) fn find_number(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts.get_mut(number)
    }
}
