//! The lines to the outside: who carries an attempt, what came of it, and what dispatch does about it.

use super::{Desk, Errand, Now, Turn};
use crate::{
    config::{Config, ProviderConfig},
    dispatch::{
        Ask, Dispatch, Kept, Offer, Pick,
        breaker::{Report, SLOW},
        command::{Command, Done, Found, WrongCommand},
        delivery::Reached,
        limiter::Class,
        standing::Overview,
    },
    escalation::{AttemptId, CallStatus, EscalationId, FaultClass, Input, Phase, ProviderName},
    roster::{Channel, MemberName},
};

/// Dispatch over the configured providers, from where the last one stopped.
pub fn dispatch(config: &Config, kept: Kept) -> Dispatch {
    let offers: Vec<_> = config.providers.iter().map(offer).collect();
    Dispatch::new(&offers, kept)
}

/// What a configured provider offers.
fn offer(provider: &ProviderConfig) -> Offer {
    Offer {
        provider: provider.name.clone(),
        channel: Channel::Voice,
        weight: provider.weight,
        rate: provider.rate,
    }
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
            class: if attempt.number == 1 {
                Class::First
            } else {
                Class::Further
            },
        };
        let provider = match self.dispatch.pick(now.steady, ask) {
            Pick::Wait(until) => {
                self.waiting.insert(attempt.escalation, attempt);
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

    /// Leaves the line in which an attempt of the escalation waits, if it does so no more.
    pub(super) fn leave_line(&mut self, id: EscalationId) {
        let Some(attempt) = self.waiting.get(&id) else {
            return;
        };
        let last = self
            .escalations
            .get(&id)
            .filter(|escalation| matches!(escalation.phase, Phase::Routing { .. }));
        if last.is_none_or(|escalation| escalation.last_attempt != attempt.number) {
            self.undo.dispatch(&self.dispatch);
            self.dispatch.withdraw(*attempt);
            self.waiting.remove(&id);
        }
    }

    /// Tells dispatch what an input says of the provider, before the escalation takes it in.
    pub(super) fn observe(&mut self, now: Now, id: EscalationId, input: &Input, turn: &mut Turn) {
        match input {
            Input::Placed { attempt, .. } => self.placed(now, *attempt, turn),
            Input::PlaceFailed { attempt, fault, .. } => {
                let report = match fault.class {
                    FaultClass::Provider | FaultClass::Ambiguous => Report::Fault,
                    FaultClass::Account => Report::Account,
                    // It did its work, and said what is wrong with ours.
                    FaultClass::Callee | FaultClass::Ours => Report::Good,
                };
                self.report(now, *attempt, report, turn);
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
                attempt, status, ..
            } => self.reached(*attempt, *status),
            // Whoever asks what to say has somebody on the line.
            Input::Voice { attempt, .. } if attempt.escalation == id => {
                self.reached(*attempt, CallStatus::InProgress);
            }
            _ => {}
        }
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
        let record = self.calls.record(attempt);
        let Some(record) = record.filter(|record| record.intended_at >= self.began) else {
            return;
        };
        let provider = record.provider.clone();
        self.undo.dispatch(&self.dispatch);
        let line = (&provider, Channel::Voice);
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

    pub(super) fn wake_lines(&mut self, now: Now, turn: &mut Turn) {
        if !self.dispatch.is_due(now.steady) {
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
