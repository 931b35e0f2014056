//! The pure state machine of an escalation: who is called next, and what each outcome of a call means.
//!
//! [`Escalation::step`] is the whole of it: no clock, no IO, no random source. What it needs to know from outside it asks
//! for by an effect ([`Effect::Muster`], [`Effect::Route`]) and is told by an input, so that the journal holds
//! everything that a decision rested on.
//!
//! The way of a run: *mustering* (who is on call?) → *routing* (who carries the call?) → *calling* → the next
//! step or person, or, after the last, *pausing* → mustering again, until it is *acknowledged* (and, if nobody closes the alert in
//! time, mustering again) or *over*.

mod attempt;
mod attempts;
pub mod call;
mod calling;
mod carrier_news;
mod display;
pub mod journal;
pub mod message;
pub mod policy;
mod replay;
mod ringing;
mod timers;
mod turn;
mod voice;
mod writing;

pub use crate::alert::Headline;
pub use attempt::{Attempt, MAX_STAGES, MAX_TROUBLES, REPEAT_WINDOW};
pub use attempts::Attempts;
pub use call::{AttemptId, CallSid, CallStatus, EscalationId, Fault, FaultClass, ProviderName};
pub use carrier_news::{Became, Sickness};
pub use journal::{
    Candidate, Counts, Effect, Entry, Heard, Input, Left, Line, News, Outcome, Said,
};
pub use message::{Message, MessageSid, MessageStatus};
pub use policy::{Policy, Way};
pub use replay::ReplayError;
pub use ringing::Patience;
pub use turn::Turn;

use std::{collections::VecDeque, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{alert::GroupName, roster::MemberName};

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
    pub policy: Arc<Policy>,
    /// What the calls speak of.
    pub headline: Arc<Headline>,
    /// How many alerts there are.
    pub counts: Counts,
    /// Who last took an alert of this run in the monitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taker: Option<String>,
    /// What it waits for.
    pub phase: Phase,
    /// Counts from 1; 0 before the first.
    pub round: u32,
    /// Who is still to be called in this round, in order. Copies of the state share what stands as it stood, here and below.
    pub queue: Arc<VecDeque<Arc<Candidate>>>,
    /// Whose turn it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Arc<Turn>>,
    /// The last calls, oldest first.
    pub attempts: Attempts,
    /// The last messages, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub messages: VecDeque<Message>,
    /// The number of the last attempt, call or message.
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
    /// To be told which provider carries the last call.
    Routing {
        /// When it asked, or when it asks again.
        since: Timestamp,
    },
    /// For the outcome of the last call.
    Calling,
    /// For a reply to a message.
    Writing {
        /// When the next step begins.
        until: Timestamp,
    },
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
    /// What to do now; an entry shares them.
    pub effects: Arc<[Effect]>,
    /// What to append to the journal; nothing if the input changed nothing.
    pub entry: Option<Entry>,
}

/// Whether an input changed anything.
enum Change {
    Made,
    Nothing,
}

impl Step {
    fn of(number: u32, at: Timestamp, input: Input, effects: Vec<Effect>) -> Self {
        let effects: Arc<[Effect]> = effects.into();
        let entry = Entry {
            number,
            at,
            input,
            effects: Arc::clone(&effects),
        };
        Self {
            effects,
            entry: Some(entry),
        }
    }
}

impl Escalation {
    /// Begins a run for a new alert.
    pub fn open(
        id: EscalationId,
        now: Timestamp,
        group: GroupName,
        headline: Arc<Headline>,
    ) -> (Self, Step) {
        let mut escalation = Self {
            id,
            group: group.clone(),
            policy: Arc::default(),
            headline: headline.clone(),
            counts: Counts {
                waiting: 1,
                open: 1,
            },
            taker: None,
            phase: Phase::Mustering { since: now },
            round: 0,
            queue: Arc::default(),
            turn: None,
            attempts: Attempts::default(),
            messages: VecDeque::new(),
            last_attempt: 0,
            last_entry: 0,
        };
        escalation.last_entry = 1;
        let effects = vec![Effect::Tell { news: News::Opened }, Effect::Muster];
        let step = Step::of(1, now, Input::Opened { group, headline }, effects);
        (escalation, step)
    }

    /// Takes one input at `now` and says what follows from it.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Step {
        let mut effects = Vec::new();
        match self.fold(now, &input, &mut effects) {
            Some(number) => Step::of(number, now, input, effects),
            None => Step {
                effects: effects.into(),
                entry: None,
            },
        }
    }

    /// Takes one input in: the number of the entry that it makes, if it changed anything.
    fn fold(&mut self, now: Timestamp, input: &Input, effects: &mut Vec<Effect>) -> Option<u32> {
        match self.handle(now, input, effects) {
            Change::Made => {
                self.last_entry += 1;
                Some(self.last_entry)
            }
            Change::Nothing => None,
        }
    }

    /// The instant at which [`Input::Woke`] is due, and why. None only if nothing will ever happen by itself.
    pub fn next_wakeup(&self) -> Option<(Timestamp, &'static str)> {
        let waiting = self.messages.iter().filter(|message| message.waits());
        let lines = waiting.map(|message| (message.since, "to route a message"));
        self.phase_wakeup().into_iter().chain(lines).min()
    }

    fn phase_wakeup(&self) -> Option<(Timestamp, &'static str)> {
        match &self.phase {
            Phase::Mustering { since } => Some((*since, "to muster")),
            Phase::Routing { since } => Some((*since, "to route")),
            Phase::Calling => self.attempts.last().map(|last| self.call_wakeup(last)),
            Phase::Writing { until } => Some((*until, "no reply")),
            Phase::Pausing { until } => Some((*until, "next round")),
            Phase::Acknowledged { until, .. } => Some((*until, "taken but not closed")),
            Phase::Exhausted | Phase::Over => None,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether it is over and no phone may ring for it any more: nothing is left to see to after a restart.
    pub fn is_at_rest(&self) -> bool {
        let may_ring = |attempt: &Arc<Attempt>| attempt.provider.is_some() && !attempt.is_ended();
        self.is_over() && !self.attempts.iter().any(may_ring)
    }

    /// Whether a new alert of the group joins this run (P9), rather than opening one of its own.
    pub fn takes_more(&self) -> bool {
        !matches!(self.phase, Phase::Acknowledged { .. } | Phase::Over)
    }

    /// Whether the call or message with this number waits for a provider's line.
    pub fn waits_for_line(&self, number: u32) -> bool {
        let call = self.attempts.last().map(|last| last.number) == Some(number);
        (call && matches!(self.phase, Phase::Routing { .. }))
            || self.message(number).is_some_and(Message::waits)
    }

    /// The call with this number, if it is remembered.
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.get(number)
    }

    /// The name of an attempt of this escalation.
    pub fn attempt_id(&self, number: u32) -> AttemptId {
        AttemptId {
            escalation: self.id,
            number,
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
            Input::Waits { attempt, until } => self.wait_for_a_line(now, *attempt, *until),
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
            Input::Answered {
                attempt,
                call,
                by_person,
            } => self.answered(now, *attempt, call, *by_person, effects),
            Input::MessageRouted { attempt, provider } => {
                self.message_routed(now, *attempt, provider.as_ref(), effects)
            }
            Input::MessageWaits { attempt, until } => self.message_waits(now, *attempt, *until),
            Input::MessageSent { attempt, message } => {
                self.message_sent(now, *attempt, message, effects)
            }
            Input::MessageFailed { attempt, fault, .. } => {
                self.message_failed(now, *attempt, fault, effects)
            }
            Input::Receipt {
                attempt,
                message,
                status,
            } => self.receipt(now, *attempt, message, *status, effects),
            Input::Reply {
                attempt,
                reply,
                said,
            } => self.reply(now, *attempt, reply, *said, effects),
            Input::Woke => self.wake(now, effects),
            Input::Restarted => self.clamp_timers(now),
        }
    }

    // Alerts.

    fn join(
        &mut self,
        now: Timestamp,
        headline: &Arc<Headline>,
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
            self.begin_again(now, effects);
        }
        Change::Made
    }

    fn leave(
        &mut self,
        now: Timestamp,
        why: &Left,
        counts: Counts,
        headline: Option<&Arc<Headline>>,
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
            self.stop_writing();
            self.stop_ringing(now, effects);
            effects.push(Effect::Tell {
                news: News::Recovered { reason },
            });
        } else if counts.waiting == 0
            && (!matches!(self.phase, Phase::Acknowledged { .. })
                || matches!(why, Left::TakenBy(_)))
        {
            // Whoever takes over what was suppressed has the whole time for it.
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
        self.turn = None;
        self.stop_writing();
        self.stop_ringing_but(now, talking, effects);
        effects.push(Effect::Tell {
            news: News::Acknowledged { by },
        });
    }

    // Rounds.

    fn muster(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.queue = Arc::default();
        self.turn = None;
        self.phase = Phase::Mustering { since: now };
        effects.push(Effect::Muster);
    }

    fn muster_answered(
        &mut self,
        now: Timestamp,
        policy: &Arc<Policy>,
        candidates: &[Arc<Candidate>],
        effects: &mut Vec<Effect>,
    ) -> Change {
        if !matches!(self.phase, Phase::Mustering { .. }) {
            return Change::Nothing;
        }
        self.policy = policy.clone();
        self.round += 1;
        self.queue = Arc::new(candidates.iter().cloned().collect());
        if candidates.is_empty() && self.round % NOBODY_REMINDER == 1 {
            effects.push(Effect::Tell {
                news: News::NobodyOnCall,
            });
        }
        self.next_person(now, effects);
        Change::Made
    }

    /// A person has taken the alerts.
    fn take(
        &mut self,
        now: Timestamp,
        by: &MemberName,
        talking: Option<u32>,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::TakeAlerts { by: by.clone() });
        self.acknowledged(now, by.as_str().to_owned(), talking, effects);
    }

    /// A person has closed the alerts.
    fn close(
        &mut self,
        now: Timestamp,
        by: &MemberName,
        talking: Option<u32>,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::CloseAlerts { by: by.clone() });
        effects.push(Effect::Tell {
            news: News::Closed { by: by.clone() },
        });
        self.phase = Phase::Over;
        self.turn = None;
        self.stop_writing();
        self.stop_ringing_but(now, talking, effects);
    }

    /// Whether this person's phone has rung as often within the hour as the ceiling allows.
    fn rests(&self, candidate: &Candidate, now: Timestamp) -> bool {
        let hour_ago = now - SignedDuration::from_hours(1);
        // A call ahead of now was made before the clock was set back.
        let within = |call: &&Timestamp| hour_ago < **call && **call <= now;
        let recent = candidate.calls.iter().filter(within);
        recent.count() >= self.policy.max_calls_per_hour as usize
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
