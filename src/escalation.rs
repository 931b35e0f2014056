//! The pure state machine of an escalation: who is called next, and what each outcome of a call means.
//!
//! [`Escalation::step`] is the whole of it: no clock, no IO, no random source. What it needs to know from outside it asks
//! for by an effect ([`Effect::Muster`], [`Effect::Route`]) and is told by an input, so that the journal holds
//! everything that a decision rested on.
//!
//! The way of a run: *mustering* (who is on call?) → *routing* (who carries the call?) → *calling* → the next
//! person, or, after the last, *pausing* → mustering again, until it is *acknowledged* (and, if nobody closes the alert in
//! time, mustering again) or *over*.

mod attempt;
pub mod call;
mod display;
pub mod journal;
pub mod policy;
mod replay;
mod voice;

pub use crate::alert::Headline;
pub use attempt::{Attempt, MAX_STAGES, MAX_TROUBLES, REPEAT_WINDOW};
pub use call::{AttemptId, CallSid, CallStatus, EscalationId, Fault, FaultClass, ProviderName};
pub use journal::{Candidate, Counts, Effect, Entry, Heard, Input, Left, Line, News, Outcome};
pub use policy::Policy;
pub use replay::ReplayError;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alert::GroupName;

/// How long a request to a provider may take, look-ups included, before the next person is called. A carrier gives up
/// after about 26 s and clients wait 30 s (Twilio, error 20500); looking a lost call up takes 3 s more.
pub const SUBMIT_LIMIT: SignedDuration = SignedDuration::from_secs(40);

/// Within which time of the answer the carrier has asked for our TwiML: 15 s for the URL and as long again for the
/// fallback (Twilio, Connection overrides).
const FETCH_LIMIT: SignedDuration = SignedDuration::from_secs(30);

/// How long a call that was told to end, or whose person passed it on, is taken to be on the line still.
const PARTING: SignedDuration = SignedDuration::from_secs(15);

/// How many attempts are remembered; older ones that are over are forgotten, and their webhooks refused.
const MEMORY: usize = 32;

/// Of how many rounds in a row with an empty roster the operator hears one.
const NOBODY_REMINDER: u32 = 10;

/// The state of an escalation: the fold of its journal, kept for speed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Its name.
    pub id: EscalationId,
    /// Whom it concerns.
    pub group: GroupName,
    /// The rules, as of the last round.
    pub policy: Policy,
    /// What the calls speak of.
    pub headline: Headline,
    /// How many alerts there are.
    pub counts: Counts,
    /// Who last took an alert of this run in the monitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taker: Option<String>,
    /// What it waits for.
    pub phase: Phase,
    /// Counts from 1; 0 before the first.
    pub round: u32,
    /// Who is still to be called in this round, in order.
    pub queue: VecDeque<Candidate>,
    /// The last attempts, oldest first.
    pub attempts: VecDeque<Attempt>,
    /// The number of the last attempt.
    pub last_attempt: u32,
    /// The number of the last journal entry.
    pub last_entry: u32,
}

/// What an escalation waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// To be told who is on call.
    Mustering {
        /// When it asked.
        since: Timestamp,
    },
    /// To be told which provider carries the last attempt.
    Routing {
        /// When it asked.
        since: Timestamp,
    },
    /// For the outcome of the last attempt.
    Calling,
    /// For the next round.
    Pausing {
        /// When it begins.
        until: Timestamp,
    },
    /// For the alerts to be closed.
    Acknowledged {
        /// Who took them: a member, or a user of the monitor.
        by: String,
        /// When calling resumes.
        until: Timestamp,
    },
    /// For a new alert or a recovery: the operator's cap on rounds is reached.
    Exhausted,
    /// For nothing.
    Over,
}

/// What a step brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What to do now.
    pub effects: Vec<Effect>,
    /// What to append to the journal; nothing if the input changed nothing.
    pub entry: Option<Entry>,
}

/// Whether an input changed anything.
enum Change {
    Made,
    Nothing,
}

impl Escalation {
    /// Begins a run for a new alert.
    pub fn open(
        id: EscalationId,
        now: Timestamp,
        group: GroupName,
        headline: Headline,
    ) -> (Self, Step) {
        let mut escalation = Self {
            id,
            group: group.clone(),
            policy: Policy::default(),
            headline: headline.clone(),
            counts: Counts {
                waiting: 1,
                open: 1,
            },
            taker: None,
            phase: Phase::Mustering { since: now },
            round: 0,
            queue: VecDeque::new(),
            attempts: VecDeque::new(),
            last_attempt: 0,
            last_entry: 0,
        };
        let effects = vec![Effect::Tell { news: News::Opened }, Effect::Muster];
        let step = escalation.record(now, Input::Opened { group, headline }, effects);
        (escalation, step)
    }

    /// Takes one input at `now` and says what follows from it.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Step {
        let mut effects = Vec::new();
        match self.handle(now, &input, &mut effects) {
            Change::Made => self.record(now, input, effects),
            Change::Nothing => Step {
                effects,
                entry: None,
            },
        }
    }

    /// The instant at which [`Input::Woke`] is due, and why. None only if nothing will ever happen by itself.
    pub fn next_wakeup(&self) -> Option<(Timestamp, &'static str)> {
        match &self.phase {
            Phase::Mustering { since } => Some((*since, "to muster")),
            Phase::Routing { since } => Some((*since, "to route")),
            Phase::Calling => self
                .attempts
                .back()
                .map(|attempt| (attempt.deadline, "no word of the call")),
            Phase::Pausing { until } => Some((*until, "next round")),
            Phase::Acknowledged { until, .. } => Some((*until, "taken but not closed")),
            Phase::Exhausted | Phase::Over => None,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether a new alert of the group joins this run (P9), rather than opening one of its own.
    pub fn takes_more(&self) -> bool {
        !matches!(self.phase, Phase::Acknowledged { .. } | Phase::Over)
    }

    /// The attempt with this number, if it is remembered.
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.number == number)
    }

    /// The name of an attempt of this escalation.
    pub fn attempt_id(&self, number: u32) -> AttemptId {
        AttemptId {
            escalation: self.id,
            number,
        }
    }

    fn record(&mut self, at: Timestamp, input: Input, effects: Vec<Effect>) -> Step {
        self.last_entry += 1;
        let entry = Entry {
            number: self.last_entry,
            at,
            input,
            effects: effects.clone(),
        };
        Step {
            effects,
            entry: Some(entry),
        }
    }

    fn handle(&mut self, now: Timestamp, input: &Input, effects: &mut Vec<Effect>) -> Change {
        match input {
            Input::Opened { .. } => Change::Nothing,
            Input::AlertJoined { headline, counts } => self.join(now, headline, *counts, effects),
            Input::AlertLeft {
                why,
                counts,
                headline,
                ..
            } => self.leave(now, why, *counts, headline.as_ref(), effects),
            Input::Mustered { policy, candidates } => {
                self.muster_answered(now, policy, candidates, effects)
            }
            Input::Routed {
                attempt,
                provider,
                engaged,
            } => self.routed(now, *attempt, provider.as_ref(), *engaged, effects),
            Input::Placed { attempt, call } => self.placed(now, *attempt, call, effects),
            Input::PlaceFailed { attempt, fault, .. } => {
                self.place_failed(now, *attempt, fault, effects)
            }
            Input::Status {
                attempt,
                call,
                status,
            } => self.status(now, *attempt, call, *status, effects),
            Input::Voice {
                attempt,
                call,
                stage,
                heard,
            } => self.hear(now, *attempt, call, *stage, heard, effects),
            Input::Woke => self.wake(now, effects),
            Input::Restarted => self.clamp_timers(now),
        }
    }

    // Alerts.

    fn join(
        &mut self,
        now: Timestamp,
        headline: &Headline,
        counts: Counts,
        effects: &mut Vec<Effect>,
    ) -> Change {
        if self.is_over() {
            return Change::Nothing;
        }
        self.counts = counts;
        if headline.severity > self.headline.severity {
            self.headline = headline.clone();
        }
        if matches!(self.phase, Phase::Exhausted | Phase::Acknowledged { .. }) {
            self.round = 0;
            self.muster(now, effects);
        }
        Change::Made
    }

    fn leave(
        &mut self,
        now: Timestamp,
        why: &Left,
        counts: Counts,
        headline: Option<&Headline>,
        effects: &mut Vec<Effect>,
    ) -> Change {
        if self.is_over() {
            return Change::Nothing;
        }
        self.counts = counts;
        if let Some(headline) = headline {
            self.headline = headline.clone();
        }
        let reason = match why {
            Left::Recovered(reason) => reason.clone(),
            Left::TakenBy(by) => {
                self.taker = Some(by.clone());
                None
            }
        };
        if counts.open == 0 {
            self.phase = Phase::Over;
            self.stop_ringing(now, effects);
            effects.push(Effect::Tell {
                news: News::Recovered { reason },
            });
        } else if counts.waiting == 0 && !matches!(self.phase, Phase::Acknowledged { .. }) {
            let by = self.taker.clone().unwrap_or_default();
            self.acknowledged(now, by, None, effects);
        }
        Change::Made
    }

    /// The alerts are taken: nobody else is called (P5).
    fn acknowledged(
        &mut self,
        now: Timestamp,
        by: String,
        talking: Option<u32>,
        effects: &mut Vec<Effect>,
    ) {
        self.counts.waiting = 0;
        self.phase = Phase::Acknowledged {
            by: by.clone(),
            until: now + self.policy.ack_timeout,
        };
        self.stop_ringing_but(now, talking, effects);
        effects.push(Effect::Tell {
            news: News::Acknowledged { by },
        });
    }

    // Rounds.

    fn muster(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.queue.clear();
        self.phase = Phase::Mustering { since: now };
        effects.push(Effect::Muster);
    }

    fn muster_answered(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        candidates: &[Candidate],
        effects: &mut Vec<Effect>,
    ) -> Change {
        if !matches!(self.phase, Phase::Mustering { .. }) {
            return Change::Nothing;
        }
        self.policy = policy.clone();
        self.round += 1;
        self.queue = candidates.iter().cloned().collect();
        if candidates.is_empty() && self.round % NOBODY_REMINDER == 1 {
            effects.push(Effect::Tell {
                news: News::NobodyOnCall,
            });
        }
        self.next_person(now, effects);
        Change::Made
    }

    /// Calls the next person at once; after the last the round is over.
    fn next_person(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        while let Some(candidate) = self.queue.pop_front() {
            if self.rests(&candidate, now) {
                let outcome = Outcome::Resting;
                effects.push(Effect::Tell {
                    news: News::NotReached {
                        member: candidate.member,
                        outcome,
                    },
                });
                continue;
            }
            return self.route(now, Attempt::new(0, candidate.member, now), effects);
        }
        match self.policy.max_rounds {
            Some(rounds) if self.round >= rounds => {
                self.phase = Phase::Exhausted;
                effects.push(Effect::Tell {
                    news: News::Exhausted { rounds },
                });
            }
            _ => {
                self.phase = Phase::Pausing {
                    until: now + self.policy.round_pause,
                }
            }
        }
    }

    /// Whether this person's phone has rung as often within the hour as the ceiling allows.
    fn rests(&self, candidate: &Candidate, now: Timestamp) -> bool {
        let hour = SignedDuration::ZERO..SignedDuration::from_hours(1);
        // A call ahead of now was made before the clock was set back.
        let within = |call: &&Timestamp| hour.contains(&now.duration_since(**call));
        let recent = candidate.calls.iter().filter(within);
        recent.count() >= self.policy.max_calls_per_hour as usize
    }

    // Attempts.

    /// Asks which provider carries the next attempt.
    fn route(&mut self, now: Timestamp, attempt: Attempt, effects: &mut Vec<Effect>) {
        self.last_attempt += 1;
        let attempt = Attempt {
            number: self.last_attempt,
            ..attempt
        };
        effects.push(Effect::Route {
            attempt: self.attempt_id(attempt.number),
            member: attempt.member.clone(),
            tried: attempt.tried.clone(),
        });
        self.phase = Phase::Routing { since: now };
        self.attempts.push_back(attempt);
        if self.attempts.len() > MEMORY {
            self.attempts.pop_front();
        }
    }

    fn routed(
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
        let expected = matches!(self.phase, Phase::Routing { .. });
        let Some(attempt) = self
            .attempts
            .back_mut()
            .filter(|last| last.number == id.number)
        else {
            return Change::Nothing;
        };
        if !expected {
            return Change::Nothing;
        }
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
        });
        self.phase = Phase::Calling;
        Change::Made
    }

    fn placed(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        call: &CallSid,
        effects: &mut Vec<Effect>,
    ) -> Change {
        self.status(now, id, call, CallStatus::Queued, effects)
    }

    fn place_failed(
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
        let attempt = attempt.clone();
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
        if fault.class == FaultClass::Callee || !self.is_awaited(&attempt) {
            self.judged(now, id.number, outcome, effects);
        } else {
            self.conclude(id.number, outcome, effects);
            let mut next = Attempt::new(0, attempt.member, now);
            next.redial = attempt.redial;
            next.tried = attempt.tried;
            next.tried.extend(attempt.provider);
            self.route(now, next, effects);
        }
        Change::Made
    }

    fn status(
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
        if !attempt.advance(status, now) {
            return Change::Nothing;
        }
        match status {
            CallStatus::Queued | CallStatus::Initiated | CallStatus::Ringing => {
                attempt.deadline = now + ring_limit;
            }
            CallStatus::InProgress if !attempt.was_heard() => {
                attempt.deadline = now + FETCH_LIMIT + grace;
            }
            CallStatus::InProgress => attempt.deadline = now + talk_limit,
            _ => {}
        }
        let attempt = attempt.clone();
        if status.is_terminal() {
            let outcome = attempt.judge(status);
            self.judged(now, id.number, outcome, effects);
        } else if !self.is_awaited(&attempt) && !attempt.is_talking() {
            self.end_call(now, id.number, effects);
        }
        Change::Made
    }

    /// A second call for one attempt: the request was carried out twice.
    fn end_duplicate(
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
    fn judged(&mut self, now: Timestamp, number: u32, outcome: Outcome, effects: &mut Vec<Effect>) {
        let Some(attempt) = self.attempt(number).cloned() else {
            return;
        };
        let awaited = self.is_awaited(&attempt);
        let redial = outcome == Outcome::Unheard && !attempt.redial;
        if !awaited {
            // Nobody waits for it, so nobody is told: the alert was taken or is over, or the next person is being called.
            if let Some(attempt) = self.find_number(number) {
                attempt.outcome.get_or_insert(outcome);
            }
            return;
        }
        self.conclude(number, outcome, effects);
        if redial {
            let again = Attempt {
                redial: true,
                ..Attempt::new(0, attempt.member, now)
            };
            self.route(now, again, effects);
        } else {
            self.next_person(now, effects);
        }
    }

    fn conclude(&mut self, number: u32, outcome: Outcome, effects: &mut Vec<Effect>) {
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

    /// Whether the escalation does nothing until this attempt is judged.
    fn is_awaited(&self, attempt: &Attempt) -> bool {
        matches!(self.phase, Phase::Calling | Phase::Routing { .. })
            && attempt.outcome.is_none()
            && self
                .attempts
                .back()
                .is_some_and(|last| last.number == attempt.number)
    }

    fn stop_ringing(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.stop_ringing_but(now, None, effects);
    }

    /// Cancels what rings. Who talks is not cut off: the next answer tells how things stand (P5).
    fn stop_ringing_but(
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
    fn end_call(&mut self, now: Timestamp, number: u32, effects: &mut Vec<Effect>) {
        let attempt_id = self.attempt_id(number);
        let Some(attempt) = self.find_number(number) else {
            return;
        };
        attempt.outcome.get_or_insert(Outcome::Canceled);
        attempt.deadline = now + PARTING;
        if let (Some(provider), Some(call)) = (attempt.provider.clone(), attempt.call.clone()) {
            effects.push(Effect::EndCall {
                attempt: attempt_id,
                provider,
                call,
            });
        }
    }

    fn find(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        if id.escalation == self.id {
            self.find_number(id.number)
        } else {
            None
        }
    }

    fn find_number(&mut self, number: u32) -> Option<&mut Attempt> {
        self.attempts
            .iter_mut()
            .find(|attempt| attempt.number == number)
    }

    // Time.

    fn wake(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Change {
        if self.next_wakeup().is_none_or(|(at, _)| now < at) {
            return Change::Nothing;
        }
        match &self.phase {
            Phase::Mustering { .. } | Phase::Pausing { .. } => self.muster(now, effects),
            Phase::Routing { .. } => self.ask_again(now, effects),
            Phase::Calling => self.give_up_waiting(now, effects),
            Phase::Acknowledged { .. } => {
                self.counts.waiting = self.counts.open;
                self.round = 0;
                effects.push(Effect::ReleaseAlerts);
                effects.push(Effect::Tell {
                    news: News::Resumed,
                });
                self.muster(now, effects);
            }
            Phase::Exhausted | Phase::Over => return Change::Nothing,
        }
        Change::Made
    }

    fn ask_again(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(attempt) = self.attempts.pop_back() {
            self.last_attempt -= 1;
            self.route(now, attempt, effects);
        }
    }

    /// The callbacks that would have said how the call went were lost, or it lasts too long.
    fn give_up_waiting(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.back().cloned() else {
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
    fn clamp_timers(&mut self, now: Timestamp) -> Change {
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
            earlier.deadline = earlier.deadline.min(now);
        }
        match &mut self.phase {
            Phase::Mustering { since } | Phase::Routing { since } => *since = limit,
            Phase::Pausing { until } | Phase::Acknowledged { until, .. } => *until = limit,
            Phase::Calling => {
                if let Some(attempt) = self.attempts.back_mut() {
                    attempt.deadline = limit;
                }
            }
            Phase::Exhausted | Phase::Over => {}
        }
        Change::Made
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
