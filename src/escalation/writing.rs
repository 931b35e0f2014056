//! Messages: how they are sent, what receipts and replies mean. They run beside the calls; only a step that sends nothing but
//! a message waits for its reply.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    AttemptId, Change, Effect, Escalation, Fault, FaultClass, Line, MEMORY, Message, MessageSid,
    MessageStatus, News, Outcome, Phase, ProviderName, Said,
};
use crate::roster::MemberName;

impl Escalation {
    /// Writes to the person whose turn it is, once in the turn, if this person takes messages.
    pub(super) fn write(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(turn) = self.turn.as_mut().map(Arc::make_mut) else {
            return;
        };
        if turn.takes_messages && !std::mem::replace(&mut turn.written, true) {
            let member = turn.member.clone();
            self.route_message(Message::new(0, member, now), effects);
        }
    }

    fn route_message(&mut self, message: Message, effects: &mut Vec<Effect>) {
        self.last_attempt += 1;
        let message = Message {
            number: self.last_attempt,
            ..message
        };
        effects.push(self.ask_for_line(&message));
        self.messages.push_back(message);
        if self.messages.len() > MEMORY {
            self.messages.pop_front();
        }
    }

    fn ask_for_line(&self, message: &Message) -> Effect {
        Effect::RouteMessage {
            attempt: self.attempt_id(message.number),
            member: message.member.clone(),
            tried: message.tried.clone(),
        }
    }

    pub(super) fn message_routed(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        provider: Option<&ProviderName>,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let round = self.round;
        let Some(message) = self.find_message(id).filter(|message| message.waits()) else {
            return Change::Nothing;
        };
        let Some(provider) = provider else {
            message.dropped = true;
            self.not_written(now, id.number, effects);
            return Change::Made;
        };
        message.provider = Some(provider.clone());
        message.since = now;
        let (member, provider) = (message.member.clone(), provider.clone());
        effects.push(Effect::Tell {
            news: News::Writing {
                member: member.clone(),
                round,
            },
        });
        effects.push(Effect::Send {
            attempt: id,
            member,
            provider,
        });
        Change::Made
    }

    /// All lines are busy: asks again when one is free. An instant that has come already would be asked for without end.
    pub(super) fn message_waits(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        until: Timestamp,
    ) -> Change {
        match self.find_message(id).filter(|message| message.waits()) {
            Some(message) if until > now => {
                message.since = until;
                Change::Made
            }
            _ => Change::Nothing,
        }
    }

    pub(super) fn message_sent(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        message: &MessageSid,
        effects: &mut Vec<Effect>,
    ) -> Change {
        self.receipt(now, id, message, MessageStatus::Queued, effects)
    }

    pub(super) fn message_failed(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        fault: &Fault,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let Some(message) = self.find_message(id) else {
            return Change::Nothing;
        };
        // A receipt has said that it exists: a late error does not overwrite it.
        if message.sid.is_some() || message.dropped || message.provider.is_none() {
            return Change::Nothing;
        }
        message.dropped = true;
        let message = message.clone();
        if let (FaultClass::Account | FaultClass::Ours, Some(provider)) =
            (fault.class, message.provider.clone())
        {
            let fault = fault.clone();
            effects.push(Effect::Tell {
                news: News::Broken { provider, fault },
            });
        }
        match fault.class {
            FaultClass::Callee => self.not_written(now, id.number, effects),
            _ => self.write_through_another(now, message, effects),
        }
        Change::Made
    }

    pub(super) fn receipt(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        sid: &MessageSid,
        status: MessageStatus,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let Some(message) = self
            .find_message(id)
            .filter(|message| message.provider.is_some())
        else {
            return Change::Nothing;
        };
        // A second message of the same attempt says nothing of the first.
        if *message.sid.get_or_insert_with(|| sid.clone()) != *sid || !message.advance(status) {
            return Change::Nothing;
        }
        if status == MessageStatus::Undelivered {
            let message = message.clone();
            self.write_through_another(now, message, effects);
        }
        Change::Made
    }

    /// The same message to the same person by the next provider, if somebody still has to read it.
    fn write_through_another(
        &mut self,
        now: Timestamp,
        failed: Message,
        effects: &mut Vec<Effect>,
    ) {
        if !self.still_calls() {
            return;
        }
        let mut next = Message::new(0, failed.member, now);
        next.tried = failed.tried;
        next.tried.extend(failed.provider);
        self.route_message(next, effects);
    }

    /// Nobody carries the message: if it is all that is waited for, the next step begins.
    fn not_written(&mut self, now: Timestamp, number: u32, effects: &mut Vec<Effect>) {
        let is_last = self.messages.back().map(|message| message.number) == Some(number);
        if is_last && matches!(self.phase, Phase::Writing { .. }) {
            self.nobody_replied(now, Outcome::NoProvider, effects);
        }
    }

    /// The step ends without a reply.
    pub(super) fn nobody_replied(
        &mut self,
        now: Timestamp,
        outcome: Outcome,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(member) = self.turn.as_ref().map(|turn| turn.member.clone()) {
            let news = News::NotReached { member, outcome };
            effects.push(Effect::Tell { news });
        }
        self.go_on(now, effects);
    }

    /// Asks again for a line for the messages whose time has come.
    pub(super) fn ask_for_lines(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let is_due = |message: &&Message| message.waits() && message.since <= now;
        let due: Vec<Effect> = self
            .messages
            .iter()
            .filter(is_due)
            .map(|message| self.ask_for_line(message))
            .collect();
        let is_any = !due.is_empty();
        effects.extend(due);
        is_any
    }

    /// Nobody needs what has not been sent yet.
    pub(super) fn stop_writing(&mut self) {
        let waiting = self.messages.iter_mut().filter(|message| message.waits());
        waiting.for_each(|message| message.dropped = true);
    }

    /// A person has replied to a message. The answer goes out once it is on disk (P4).
    pub(super) fn reply(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        reply: &MessageSid,
        said: Said,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let Some(message) = self.find_message(id) else {
            return Change::Nothing;
        };
        let is_new = message.replied(reply);
        let member = message.member.clone();
        let line = match self.standing_for(&member) {
            Some(line) => line,
            None if is_new => self.answer(now, &member, said, effects),
            // Told of again, it changes nothing.
            None if said == Said::Pass => Line::Passed,
            None => Line::UnknownKey,
        };
        effects.push(Effect::Answer { attempt: id, line });
        match is_new {
            true => Change::Made,
            false => Change::Nothing,
        }
    }

    /// What a person hears of alerts that wait for nobody any more.
    fn standing_for(&self, member: &MemberName) -> Option<Line> {
        match &self.phase {
            Phase::Over => Some(Line::Over),
            Phase::Acknowledged { by, .. } if *by == member.as_str() => Some(Line::Acknowledged),
            Phase::Acknowledged { by, .. } => Some(Line::TakenBy(by.clone())),
            _ => None,
        }
    }

    fn answer(
        &mut self,
        now: Timestamp,
        member: &MemberName,
        said: Said,
        effects: &mut Vec<Effect>,
    ) -> Line {
        match said {
            Said::Take => {
                self.take(now, member, None, effects);
                Line::Acknowledged
            }
            Said::Close if self.policy.allow_close => {
                self.close(now, member, None, effects);
                Line::Closed
            }
            Said::Close => Line::CloseNotAllowed,
            Said::Pass => {
                self.passed_by_reply(now, member, effects);
                Line::Passed
            }
            Said::Other => Line::UnknownKey,
        }
    }

    /// The next person is called, if this one's turn it is.
    fn passed_by_reply(&mut self, now: Timestamp, member: &MemberName, effects: &mut Vec<Effect>) {
        let is_turn = self
            .turn
            .as_ref()
            .is_some_and(|turn| turn.member == *member);
        if !is_turn {
            return;
        }
        let outcome = Outcome::Passed;
        let news = News::NotReached {
            member: member.clone(),
            outcome: outcome.clone(),
        };
        match self.phase {
            Phase::Writing { .. } => {
                effects.push(Effect::Tell { news });
                self.next_person(now, effects);
            }
            Phase::Calling => {
                let Some(number) = self.attempts.last().map(|last| last.number) else {
                    return;
                };
                self.judged(now, number, outcome, effects);
                self.end_call(now, number, effects);
            }
            Phase::Routing { .. } => {
                if let Some(attempt) = self.last_call_mut() {
                    attempt.ended_at = Some(now);
                    attempt.outcome = Some(outcome);
                }
                effects.push(Effect::Tell { news });
                self.next_person(now, effects);
            }
            _ => {}
        }
    }

    /// Whether people are still to be reached.
    fn still_calls(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Acknowledged { .. } | Phase::Exhausted | Phase::Over
        )
    }

    fn find_message(&mut self, id: AttemptId) -> Option<&mut Message> {
        if id.escalation != self.id {
            return None;
        }
        self.messages
            .iter_mut()
            .find(|message| message.number == id.number)
    }

    /// The message with this number, if it is remembered.
    pub fn message(&self, number: u32) -> Option<&Message> {
        self.messages
            .iter()
            .find(|message| message.number == number)
    }
}
