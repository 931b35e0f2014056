//! What escalations decide, and what the desk makes of it: answers to what they ask, errands for the world, notices.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Desk, Errand, Now, Speech, Turn};
use crate::{
    alert::{GroupName, Headline},
    escalation::{AttemptId, Candidate, Counts, Effect, EscalationId, Input, Line, News},
    notice::Notice,
    roster::{Channel, MemberName},
    store::CallRecord,
};

impl Desk {
    /// Carries out what an escalation has decided: answers what it asks at once, and leaves what the world is to do to the turn.
    pub(super) fn carry_out(
        &mut self,
        now: Now,
        id: EscalationId,
        effect: &Effect,
        turn: &mut Turn,
    ) {
        match effect {
            Effect::Muster => {
                if let Some(input) = self.muster(now, id) {
                    self.input(now, id, input, turn);
                }
            }
            Effect::Route {
                attempt,
                member,
                tried,
            } => {
                let answer = self.route(now, *attempt, member, tried);
                self.input(now, id, answer, turn);
            }
            Effect::Place {
                attempt,
                member,
                provider,
                ring_timeout,
                call_limit,
                inline,
            } => {
                let record = CallRecord {
                    attempt: *attempt,
                    member: member.clone(),
                    provider: provider.clone(),
                    intended_at: now.steady,
                    call: None,
                };
                self.undo.call(*attempt, self.calls.record(*attempt));
                self.calls.put(record.clone());
                turn.batch.calls.push(record);
                let says = || self.speech(*attempt, 1, &Line::Message).map(Box::new);
                turn.errands.push(Errand::Place {
                    attempt: *attempt,
                    member: member.clone(),
                    provider: provider.clone(),
                    ring_timeout: *ring_timeout,
                    call_limit: *call_limit,
                    inline: inline.then(says).flatten(),
                });
            }
            Effect::LookUp {
                attempt,
                provider,
                call,
            } => turn.errands.push(Errand::LookUp {
                attempt: *attempt,
                provider: provider.clone(),
                call: call.clone(),
                after: SignedDuration::ZERO,
            }),
            Effect::NotRinging { attempt, provider } => {
                self.not_ringing(now, *attempt, provider, turn);
            }
            Effect::RouteMessage {
                attempt,
                member: _,
                tried,
            } => {
                let answer = self.route_message(now, *attempt, tried);
                self.input(now, id, answer, turn);
            }
            Effect::Send {
                attempt,
                member,
                provider,
            } => {
                if let Some(about) = self.speech(*attempt, 0, &Line::Message) {
                    turn.errands.push(Errand::Send {
                        attempt: *attempt,
                        member: member.clone(),
                        provider: provider.clone(),
                        about: Box::new(about),
                    });
                }
            }
            Effect::Answer { attempt, line } => {
                if let Some(speech) = self.speech(*attempt, 0, line) {
                    turn.errands.push(Errand::Answer(Box::new(speech)));
                }
            }
            Effect::EndCall {
                attempt,
                provider,
                call,
            } => turn.errands.push(Errand::End {
                attempt: *attempt,
                provider: provider.clone(),
                call: call.clone(),
            }),
            Effect::Speak {
                attempt,
                stage,
                line,
            } => {
                if let Some(speech) = self.speech(*attempt, *stage, line) {
                    turn.errands.push(Errand::Speak(Box::new(speech)));
                }
            }
            Effect::Refuse { .. } => turn.errands.push(Errand::Refuse),
            Effect::TakeAlerts { by } => self.take_alerts(now, id, Some(by.as_str()), turn),
            Effect::ReleaseAlerts => {
                self.take_alerts(now, id, None, turn);
                self.resumed(now, id, turn);
            }
            Effect::CloseAlerts { by } => self.close_alerts(now, id, by, turn),
            Effect::Tell { news } => self.tell(now, id, news, turn),
        }
    }

    /// Who may be called in which order, as the roster has it now.
    fn muster(&self, now: Now, id: EscalationId) -> Option<Input> {
        let group = self.group(&self.escalations.get(&id)?.group);
        let candidates = group
            .roster
            .order_at(now.wall)
            .into_iter()
            .map(|member| Candidate {
                calls: self.calls.of_last_hour(&member, now.steady),
                channels: self.channels(&member),
                member,
            })
            .map(Arc::new)
            .collect();
        Some(Input::Mustered {
            policy: Arc::clone(&group.policy),
            candidates,
        })
    }

    /// How a person can be reached.
    fn channels(&self, member: &MemberName) -> Vec<Channel> {
        let member = self.config.members.get(member);
        member.map_or_else(|| vec![Channel::Voice], |member| member.channels.clone())
    }

    /// What is said in an attempt; `None` if nobody knows it any more.
    fn speech(&self, attempt: AttemptId, stage: u16, line: &Line) -> Option<Speech> {
        let escalation = self.escalations.get(&attempt.escalation)?;
        Some(Speech {
            attempt,
            stage,
            line: line.clone(),
            member: match escalation.attempt(attempt.number) {
                Some(attempt) => attempt.member.clone(),
                None => escalation.message(attempt.number)?.member.clone(),
            },
            group: escalation.group.clone(),
            headline: escalation.headline.clone(),
            counts: escalation.counts,
            allow_close: escalation.policy.allow_close,
        })
    }

    /// Tells receivers what has happened, and the monitor who has answered.
    fn tell(&self, now: Now, id: EscalationId, news: &News, turn: &mut Turn) {
        if let Some(escalation) = self.escalations.get(&id).filter(|_| !news.is_routine()) {
            let about = (&escalation.group, &escalation.headline, escalation.counts);
            self.notify(now, Some(id), about, news, turn);
        }
        if matches!(news, News::Answered { .. })
            && let Some(tally) = self.tallies.get(&id)
        {
            self.write_back(now, id, tally.waiting(), news, turn);
        }
    }

    /// Writes a notice for each receiver that hears of the group.
    pub(super) fn notify(
        &self,
        now: Now,
        escalation: Option<EscalationId>,
        (group, headline, counts): (&GroupName, &Arc<Headline>, Counts),
        news: &News,
        turn: &mut Turn,
    ) {
        for receiver in self
            .config
            .receivers
            .iter()
            .filter(|receiver| receiver.hears_of(group))
        {
            turn.batch.notices.push(Notice {
                receiver: receiver.name.clone(),
                news: news.clone(),
                at: now.steady,
                group: group.clone(),
                escalation,
                headline: headline.clone(),
                counts,
            });
        }
    }
}
