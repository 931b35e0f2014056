//! The lines to the outside: who carries an attempt, what came of it, and what dispatch does about it.

use jiff::{SignedDuration, Timestamp};

use super::{Desk, Errand, Now, Turn};
use crate::{
    config::{Config, ProviderConfig},
    dispatch::{
        Ask, Dispatch, Kept, Offer, Pick,
        balance::Left,
        breaker::{Report, SLOW},
        command::{Command, Done, Found, WrongCommand},
        delivery::Reached,
        limiter::Class,
        standing::Overview,
    },
    escalation::{
        AttemptId, CallSid, CallStatus, EscalationId, Fault, FaultClass, Input, Message,
        ProviderName,
    },
    roster::{Channel, MemberName},
};

/// How often a call is looked up where no callback reaches us.
const LOOK_UP_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// Dispatch over the configured providers, from where the last one stopped.
pub fn dispatch(config: &Config, kept: Kept) -> Dispatch {
    let offers: Vec<_> = config.providers.iter().flat_map(offers).collect();
    Dispatch::new(&offers, kept)
}

/// What a configured provider offers.
fn offers(provider: &ProviderConfig) -> impl Iterator<Item = Offer> {
    provider.lines.iter().map(|line| Offer {
        provider: provider.name.clone(),
        channel: line.channel,
        weight: line.weight,
        rate: line.rate,
    })
}

impl Desk {
    /// Says who carries an attempt, or when to ask again.
    pub(super) fn route(
        &mut self,
        now: Now,
        attempt: AttemptId,
        member: &MemberName,
        tried: &[ProviderName],
    ) -> Input {
        if self.calls.occupied(&self.escalations, member, now.steady) {
            return Input::Routed {
                attempt,
                provider: None,
                engaged: true,
            };
        }
        self.undo.dispatch(&self.dispatch);
        let ask = Ask {
            attempt,
            channel: Channel::Voice,
            tried,
            class: self.class_of(attempt),
        };
        let provider = match self.dispatch.pick(now.steady, ask) {
            Pick::Wait(until) => {
                self.wait_in_line(attempt);
                return Input::Waits { attempt, until };
            }
            Pick::Through(provider) => Some(provider),
            Pick::Nobody => None,
        };
        Input::Routed {
            attempt,
            provider,
            engaged: false,
        }
    }

    /// The first call of an alert goes ahead of others.
    fn class_of(&self, attempt: AttemptId) -> Class {
        let escalation = self.escalations.get(&attempt.escalation);
        let first = escalation.and_then(|escalation| escalation.attempts.first());
        match first {
            Some(first) if first.number == attempt.number && first.tried.is_empty() => Class::First,
            _ => Class::Further,
        }
    }

    pub(super) fn wait_in_line(&mut self, attempt: AttemptId) {
        let waiting = self.waiting.entry(attempt.escalation).or_default();
        if !waiting.contains(&attempt) {
            waiting.push(attempt);
        }
    }

    /// Leaves the lines in which attempts of the escalation wait, if they do so no more.
    pub(super) fn leave_line(&mut self, id: EscalationId) {
        let Some(waiting) = self.waiting.remove(&id) else {
            return;
        };
        let escalation = self.escalations.get(&id);
        let waits = |attempt: &AttemptId| {
            escalation.is_some_and(|escalation| escalation.waits_for_line(attempt.number))
        };
        let (waiting, gone): (Vec<_>, Vec<_>) = waiting.into_iter().partition(waits);
        if !gone.is_empty() {
            self.undo.dispatch(&self.dispatch);
        }
        for attempt in gone {
            self.dispatch.withdraw(attempt);
        }
        if !waiting.is_empty() {
            self.waiting.insert(id, waiting);
        }
    }

    /// Tells dispatch what an input says of the provider, before the escalation takes it in.
    pub(super) fn observe(
        &mut self,
        now: Now,
        message: Option<&Message>,
        input: &Input,
        turn: &mut Turn,
    ) {
        match input {
            Input::Placed { attempt, call } => {
                self.placed(now, *attempt, turn);
                self.follow(*attempt, call, turn);
            }
            Input::PlaceFailed { attempt, fault, .. } => {
                self.report(now, *attempt, Report::of(fault.class), turn);
                // A bad number is no fault to show of the provider.
                if let Some(record) = self
                    .calls
                    .record(*attempt)
                    .filter(|_| fault.class != FaultClass::Callee)
                {
                    let line = (&record.provider, Channel::Voice);
                    self.dispatch.failed(now.steady, line, fault);
                }
            }
            Input::Status {
                attempt,
                call,
                status,
            } => {
                self.reached(*attempt, *status);
                if !status.is_terminal() {
                    self.follow(*attempt, call, turn);
                }
            }
            // Whoever asks what to say has somebody on the line.
            Input::Voice { attempt, .. } => {
                self.reached(*attempt, CallStatus::InProgress);
            }
            Input::MessageSent {
                attempt,
                message: sid,
            } => {
                if let Some(message) = message {
                    self.message_sent(now, *attempt, (message, sid), turn);
                }
            }
            Input::MessageFailed { fault, .. } => {
                if let Some(message) = message {
                    self.message_failed(now, message, fault, turn);
                }
            }
            Input::Receipt {
                attempt, status, ..
            } => {
                if let Some(message) = message {
                    self.message_reached(now, *attempt, message, *status);
                }
            }
            _ => {}
        }
    }

    /// Where no callback reaches us, a call that lives is asked about again and again.
    fn follow(&self, attempt: AttemptId, call: &CallSid, turn: &mut Turn) {
        let record = self.calls.record(attempt);
        if let Some(record) = record.filter(|_| self.config.server.is_outbound_only) {
            turn.errands.push(Errand::LookUp {
                attempt,
                provider: record.provider.clone(),
                call: call.clone(),
                after: LOOK_UP_EVERY,
            });
        }
    }

    /// A call does not ring although its provider has taken it.
    pub(super) fn not_ringing(
        &mut self,
        now: Now,
        attempt: AttemptId,
        provider: &ProviderName,
        turn: &mut Turn,
    ) {
        self.report(now, attempt, Report::Fault, turn);
        let fault = Fault {
            class: FaultClass::Provider,
            code: None,
            text: "accepted, but the phone did not ring".to_owned(),
        };
        self.undo.dispatch(&self.dispatch);
        // It is about to be cancelled, which by itself would say nothing. Should it ring yet, it has arrived.
        self.dispatch.reached(attempt, Some(Reached::Missed));
        self.dispatch
            .failed(now.steady, (provider, Channel::Voice), &fault);
    }

    fn placed(&mut self, now: Now, attempt: AttemptId, turn: &mut Turn) {
        let Some(record) = self.calls.record(attempt) else {
            return;
        };
        let (provider, member) = (record.provider.clone(), record.member.clone());
        let took = now.steady.duration_since(record.intended_at);
        let is_slow = took > SLOW.try_into().unwrap_or(took);
        self.report(
            now,
            attempt,
            if is_slow { Report::Slow } else { Report::Good },
            turn,
        );
        self.dispatch
            .accepted(now.steady, (&provider, Channel::Voice), attempt, member);
    }

    fn report(&mut self, now: Now, attempt: AttemptId, report: Report, turn: &mut Turn) {
        let Some(record) = self.calls.record(attempt) else {
            return;
        };
        let (provider, since) = (record.provider.clone(), record.intended_at);
        self.report_of(now, (&provider, Channel::Voice), since, report, turn);
    }

    /// Tells dispatch what came of a request. What was sent before this core took over says how the core did.
    pub(super) fn report_of(
        &mut self,
        now: Now,
        line: (&ProviderName, Channel),
        since: Timestamp,
        report: Report,
        turn: &mut Turn,
    ) {
        if since < self.began {
            return;
        }
        self.undo.dispatch(&self.dispatch);
        let happened = self.dispatch.report(now.steady, line, report, now.dice);
        if let Some(happened) = &happened {
            self.happened(now, happened, turn);
        }
    }

    /// What came of a probe; one that an operator asked for may end a pause early.
    pub fn probed(
        &mut self,
        now: Now,
        line: (&ProviderName, Channel),
        found: &Found,
        is_by_hand: bool,
        turn: &mut Turn,
    ) {
        self.undo.dispatch(&self.dispatch);
        if let Some(fault) = &found.fault {
            self.dispatch.failed(now.steady, line, fault);
        }
        let probed = match is_by_hand {
            true => Dispatch::probed_by_hand,
            false => Dispatch::probed,
        };
        let happened = probed(&mut self.dispatch, now.steady, line, found.report, now.dice);
        if let Some(happened) = &happened {
            self.happened(now, happened, turn);
        }
    }

    /// A provider has said what is left of its account.
    pub fn balance(&mut self, now: Now, provider: &ProviderName, left: Left, turn: &mut Turn) {
        // Messages use an account up as calls do; one that only calls has the line for calls alone.
        let channel = match self.dispatch.knows(provider, Some(Channel::Sms)) {
            true => Channel::Sms,
            false => Channel::Voice,
        };
        self.undo.dispatch(&self.dispatch);
        let happened = self.dispatch.balance((provider, channel), left);
        if let Some(happened) = &happened {
            self.happened(now, happened, turn);
        }
    }

    /// Carries out what an operator says. A refused command has changed nothing.
    pub fn command(
        &mut self,
        now: Now,
        command: &Command,
        turn: &mut Turn,
    ) -> Result<Done, WrongCommand> {
        self.undo.dispatch(&self.dispatch);
        let done = self.dispatch.command(now.steady, command)?;
        for line in done.done.iter().chain(&done.warning) {
            tracing::warn!("by hand: {line}");
        }
        self.tell_of_command(now, command, turn);
        Ok(done)
    }

    /// How the providers stand.
    pub fn providers(&self, now: Now) -> Overview {
        self.dispatch.overview(now.steady)
    }

    /// Whether there is such a provider, on this channel if one is named.
    pub fn has_line(&self, provider: &ProviderName, channel: Option<Channel>) -> bool {
        self.dispatch.knows(provider, channel)
    }

    fn reached(&mut self, attempt: AttemptId, status: CallStatus) {
        let reached = match status {
            CallStatus::Queued | CallStatus::Initiated => return,
            CallStatus::Ringing
            | CallStatus::InProgress
            | CallStatus::Completed
            | CallStatus::Busy
            | CallStatus::NoAnswer => Some(Reached::Delivered),
            // Mostly a bad number, and what we ended ourselves: neither says how the provider does.
            CallStatus::Failed | CallStatus::Canceled => None,
        };
        if self.dispatch.is_news(attempt, reached) {
            self.undo.dispatch(&self.dispatch);
            self.dispatch.reached(attempt, reached);
        }
    }

    /// When the lines are due. That does not change before they do, so that it is not asked in every turn.
    pub(super) fn lines_wakeup(&self) -> Option<Timestamp> {
        match self.undo.has_dispatch() {
            true => self.dispatch.next_wakeup(),
            false => self.lines_due,
        }
    }

    /// Does what is due with the lines. Whether a provider is to be held back is asked where something has changed; what has
    /// become due by that is done in the next turn, which comes at once then.
    pub(super) fn wake_lines(&mut self, now: Now, turn: &mut Turn) {
        let is_due = self.lines_due.is_some_and(|at| at <= now.steady);
        let is_failing = || self.undo.has_dispatch() && self.dispatch.is_failing(now.steady);
        if !is_due && !is_failing() {
            return;
        }
        self.undo.dispatch(&self.dispatch);
        let (probes, happened) = self.dispatch.wake(now.steady, now.dice);
        let probes = probes.into_iter();
        turn.errands
            .extend(probes.map(|(provider, channel)| Errand::Probe { provider, channel }));
        for happened in &happened {
            self.happened(now, happened, turn);
        }
        self.tell_owed(now, turn);
    }
}
