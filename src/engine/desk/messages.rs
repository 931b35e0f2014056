//! Messages: who carries them, what came of them, and which of them a person's reply is about.

use super::{Desk, Errand, Now, Turn, Unfinished};
use crate::{
    dispatch::{
        Ask, Pick,
        breaker::{Report, SLOW},
        delivery::Reached,
        limiter::Class,
    },
    escalation::{
        AttemptId, Escalation, EscalationId, Fault, FaultClass, Input, Message, MessageSid,
        MessageStatus, Phase, ProviderName,
    },
    roster::{Channel, MemberName},
};

/// The messages of an escalation that a restart must see to.
pub(super) fn unfinished(escalation: &Escalation) -> impl Iterator<Item = Unfinished> {
    escalation.messages.iter().filter_map(|message| {
        let attempt = escalation.attempt_id(message.number);
        let provider = message.provider.clone()?;
        match &message.sid {
            None if message.is_under_way() => Some(Unfinished::Message {
                attempt,
                member: message.member.clone(),
                provider,
                since: message.since,
            }),
            Some(sid) if !message.status.is_some_and(MessageStatus::is_final) => {
                Some(Unfinished::Sent {
                    attempt,
                    provider,
                    message: sid.clone(),
                })
            }
            _ => None,
        }
    })
}

impl Desk {
    /// Says who carries a message, or when to ask again.
    pub(super) fn route_message(
        &mut self,
        now: Now,
        attempt: AttemptId,
        tried: &[ProviderName],
    ) -> Input {
        self.undo.dispatch(&self.dispatch);
        let ask = Ask {
            attempt,
            channel: Channel::Sms,
            tried,
            class: match attempt.number {
                1 => Class::First,
                _ => Class::Further,
            },
        };
        let provider = match self.dispatch.pick(now.steady, ask) {
            Pick::Wait(until) => {
                self.wait_in_line(attempt);
                return Input::MessageWaits { attempt, until };
            }
            Pick::Through(provider) => Some(provider),
            Pick::Nobody => None,
        };
        Input::MessageRouted { attempt, provider }
    }

    /// Tells dispatch that a provider has taken a message, and has receipts asked for.
    pub(super) fn message_sent(
        &mut self,
        now: Now,
        attempt: AttemptId,
        (message, sid): (&Message, &MessageSid),
        turn: &mut Turn,
    ) {
        let Some(provider) = &message.provider else {
            return;
        };
        let took = now.steady.duration_since(message.since);
        let report = match took > SLOW.try_into().unwrap_or(took) {
            true => Report::Slow,
            false => Report::Good,
        };
        let line = (provider, Channel::Sms);
        self.report_of(now, line, message.since, report, turn);
        if message.sid.is_none() {
            let member = message.member.clone();
            self.dispatch.accepted(now.steady, line, attempt, member);
        }
        turn.errands.push(Errand::Follow {
            attempt,
            provider: provider.clone(),
            message: sid.clone(),
        });
    }

    /// Tells dispatch that a provider has not taken a message.
    pub(super) fn message_failed(
        &mut self,
        now: Now,
        message: &Message,
        fault: &Fault,
        turn: &mut Turn,
    ) {
        let Some(provider) = &message.provider else {
            return;
        };
        let line = (provider, Channel::Sms);
        self.report_of(now, line, message.since, Report::of(fault.class), turn);
        if fault.class != FaultClass::Callee {
            self.dispatch.failed(now.steady, line, fault);
        }
    }

    /// Tells dispatch how far a message has come.
    pub(super) fn message_reached(
        &mut self,
        now: Now,
        attempt: AttemptId,
        message: &Message,
        status: MessageStatus,
    ) {
        self.undo.dispatch(&self.dispatch);
        // A receipt may be the first word of it, when it overtakes the reply, or that was lost.
        if let (Some(provider), None) = (&message.provider, &message.sid) {
            let line = (provider, Channel::Sms);
            let member = message.member.clone();
            self.dispatch.accepted(now.steady, line, attempt, member);
        }
        let reached = match status {
            MessageStatus::Queued => return,
            MessageStatus::Sent => Reached::Sent,
            MessageStatus::Delivered => Reached::Delivered,
            MessageStatus::Undelivered => Reached::Missed,
        };
        self.dispatch.reached(attempt, Some(reached));
    }

    /// The message that a reply was said to be about when it came before.
    pub fn replied_before(&self, reply: &MessageSid) -> Option<AttemptId> {
        self.escalations.values().find_map(|escalation| {
            let mut messages = escalation.messages.iter();
            let message = messages.find(|message| message.replies.contains(reply))?;
            Some(escalation.attempt_id(message.number))
        })
    }

    /// The message that a reply of one of these people is about: of the escalation that it names, else of the last one that
    /// still waits for somebody, else of the last one that wrote to them.
    pub fn replied_to(
        &self,
        members: &[&MemberName],
        named: Option<EscalationId>,
    ) -> Option<AttemptId> {
        let of_these = self
            .escalations
            .values()
            .filter(|escalation| named.is_none_or(|named| escalation.id == named));
        let newest = of_these.filter_map(|escalation| {
            let mut messages = escalation.messages.iter().rev();
            let message = messages
                .find(|message| message.provider.is_some() && members.contains(&&message.member))?;
            let waits = !matches!(escalation.phase, Phase::Acknowledged { .. } | Phase::Over);
            Some((waits, message.since, escalation.attempt_id(message.number)))
        });
        newest.max().map(|(_, _, attempt)| attempt)
    }

    /// The messages that these people are known to have got; one that is looked for is none of them.
    pub fn known_messages(&self, member: &MemberName) -> Vec<MessageSid> {
        let messages = self
            .escalations
            .values()
            .flat_map(|escalation| &escalation.messages);
        messages
            .filter(|message| message.member == *member)
            .filter_map(|message| message.sid.clone())
            .collect()
    }
}
