//! What a turn wants done in the world, once it is on disk: each errand runs beside the loop, and what comes of it is handed in.

use std::{future::Future, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use super::{
    Happening, Runner,
    carriers::{
        CallLine, Carrier, Errand as CallErrand, TOKEN_LIFE, cut_short, message_not_configured,
        not_configured,
    },
    desk::{Errand, Now, Speech, Turn, Unfinished},
    messengers::{MessageErrand, MessageLine},
    watches,
};
use crate::{
    escalation::{AttemptId, CallSid, Input, MessageSid, ProviderName},
    provider::{CallRequest, CallUrls, MessageRequest},
    roster::{Member, MemberName},
    voice::{self, CallLinks, Context, sms},
};

/// A call that an errand places.
struct ToPlace {
    attempt: AttemptId,
    member: MemberName,
    provider: ProviderName,
    ring_timeout: SignedDuration,
    call_limit: SignedDuration,
    inline: Option<Box<Speech>>,
}

impl Runner {
    /// Carries the turn's errands out.
    pub(super) fn act(&self, turn: Turn, now: Now) {
        for errand in turn.errands {
            match errand {
                Errand::Place {
                    attempt,
                    member,
                    provider,
                    ring_timeout,
                    call_limit,
                    inline,
                } => self.place(
                    now,
                    ToPlace {
                        attempt,
                        member,
                        provider,
                        ring_timeout,
                        call_limit,
                        inline,
                    },
                ),
                Errand::LookUp {
                    attempt,
                    provider,
                    call,
                    after,
                } => self.look_up(attempt, &provider, call, after),
                Errand::End {
                    attempt,
                    provider,
                    call,
                } => self.end(attempt, &provider, call),
                Errand::Send {
                    attempt,
                    member,
                    provider,
                    about,
                } => self.send(now, attempt, &member, &provider, &about),
                Errand::Follow {
                    attempt,
                    provider,
                    message,
                } => self.follow(attempt, &provider, message),
                Errand::Ask(open) => watches::ask(&self.watches, open),
                Errand::Probe { provider, channel } => {
                    if let Some(carrier) = self.carriers.get(&provider).cloned() {
                        self.probe(carrier, provider, channel, None);
                    }
                }
                // Only a webhook or a reply brings these, and its turn has taken them out.
                Errand::Speak(_) | Errand::Refuse | Errand::Answer(_) => {}
            }
        }
    }

    /// Sees to what the last core left unfinished.
    pub(super) fn finish(&self, unfinished: Unfinished) {
        match unfinished {
            Unfinished::Intent(record) => {
                let member = self.config.members.get(&record.member);
                let Some((line, member)) = self.calls(&record.provider).zip(member) else {
                    return;
                };
                let errand = self.call_errand(record.attempt, member, record.intended_at);
                self.send_back(async move { [line.look_for(errand, cut_short()).await] });
            }
            Unfinished::Live(record) => {
                if let Some(call) = record.call {
                    self.look_up(record.attempt, &record.provider, call, SignedDuration::ZERO);
                }
            }
            Unfinished::ToEnd(record) => {
                if let Some(call) = record.call {
                    self.end(record.attempt, &record.provider, call);
                }
            }
            Unfinished::Message {
                attempt,
                member,
                provider,
                since,
            } => {
                let member = self.config.members.get(&member);
                let Some((line, member)) = self.messages(&provider).zip(member) else {
                    return;
                };
                let errand = self.message_errand(attempt, member, since);
                self.send_back(async move { [line.look_for(errand, cut_short()).await] });
            }
            Unfinished::Sent {
                attempt,
                provider,
                message,
            } => self.follow(attempt, &provider, message),
        }
    }

    fn place(&self, now: Now, to_place: ToPlace) {
        let attempt = to_place.attempt;
        let carrier = self.carriers.get(&to_place.provider);
        let member = self.config.members.get(&to_place.member);
        let (Some(carrier), Some(line), Some(member)) =
            (carrier, self.calls(&to_place.provider), member)
        else {
            return self.send_back(std::future::ready([not_configured(attempt)]));
        };
        let links = self.links(now, &to_place.provider, attempt, carrier);
        let is_reachable = !self.config.server.is_outbound_only;
        let inline = to_place
            .inline
            .map(|speech| self.first_words(&speech, member, &links));
        let urls = is_reachable.then(|| CallUrls {
            voice: links.voice(),
            fallback: links.fallback(),
            status: links.status(),
        });
        let request = CallRequest {
            to: member.number.clone(),
            ring_timeout: to_place.ring_timeout,
            call_limit: to_place.call_limit,
            inline,
            urls,
            detect_machine: !is_reachable,
        };
        // The provider dates its calls by the wall clock.
        let errand = self.call_errand(attempt, member, now.wall);
        self.send_back(async move { [line.place(errand, request).await] });
    }

    /// What a call says that does not ask us first.
    fn first_words(&self, speech: &Speech, member: &Member, links: &CallLinks) -> voice::Speech {
        let context = Context {
            headline: &speech.headline,
            counts: speech.counts,
            member: &speech.member,
            group: &speech.group,
            language: member.language,
            stage: speech.stage,
            allow_close: speech.allow_close,
            links,
        };
        let takes_keys = !self.config.server.is_outbound_only;
        let (words, failure) = self.voice.first(&context, takes_keys);
        if let Some(failure) = failure {
            tracing::warn!(attempt = %speech.attempt, "{failure}");
        }
        words
    }

    fn look_up(
        &self,
        attempt: AttemptId,
        provider: &ProviderName,
        call: CallSid,
        after: SignedDuration,
    ) {
        let Some(line) = self.calls(provider) else {
            return;
        };
        let persist = self.config.server.is_outbound_only;
        let after = Duration::try_from(after).unwrap_or_default();
        self.send_back(async move {
            sleep(after).await;
            let told = match persist {
                true => line.ask_until_answered(attempt, call).await,
                false => line.ask(attempt, call).await,
            };
            told.into_iter().flatten()
        });
    }

    fn end(&self, attempt: AttemptId, provider: &ProviderName, call: CallSid) {
        if let Some(line) = self.calls(provider) {
            self.send_back(async move { line.end(attempt, call).await });
        }
    }

    fn send(
        &self,
        now: Now,
        attempt: AttemptId,
        member: &MemberName,
        provider: &ProviderName,
        about: &Speech,
    ) {
        let carrier = self.carriers.get(provider);
        let member = self.config.members.get(member);
        let (Some(carrier), Some(line), Some(member)) = (carrier, self.messages(provider), member)
        else {
            return self.send_back(std::future::ready([message_not_configured(attempt)]));
        };
        let is_reachable = !self.config.server.is_outbound_only;
        let text = sms::alert(&sms::About {
            headline: &about.headline,
            counts: about.counts,
            escalation: attempt.escalation,
            takes_replies: line.takes_replies(is_reachable),
            language: member.language,
        });
        let links = self.links(now, provider, attempt, carrier);
        let request = MessageRequest {
            to: member.number.clone(),
            text,
            attempt,
            status_url: is_reachable.then(|| links.receipt()),
        };
        let errand = self.message_errand(attempt, member, now.wall);
        self.send_back(async move { [line.send(errand, request).await] });
    }

    fn follow(&self, attempt: AttemptId, provider: &ProviderName, message: MessageSid) {
        let is_reachable = !self.config.server.is_outbound_only;
        if let Some(line) = self.messages(provider) {
            self.send_back(async move { line.follow(attempt, message, is_reachable).await });
        }
    }

    fn calls(&self, provider: &ProviderName) -> Option<CallLine> {
        self.carriers.get(provider).and_then(Carrier::calls)
    }

    fn messages(&self, provider: &ProviderName) -> Option<MessageLine> {
        self.carriers.get(provider).and_then(Carrier::messages)
    }

    fn links(
        &self,
        now: Now,
        provider: &ProviderName,
        attempt: AttemptId,
        carrier: &Carrier,
    ) -> CallLinks {
        let expires = now.steady + TOKEN_LIFE;
        self.links
            .of_attempt(provider, attempt, expires, &carrier.connection_overrides)
    }

    fn call_errand(&self, attempt: AttemptId, member: &Member, since: Timestamp) -> CallErrand {
        CallErrand {
            attempt,
            to: member.number.clone(),
            since,
            known: self.desk.known_calls(&member.name),
        }
    }

    fn message_errand(
        &self,
        attempt: AttemptId,
        member: &Member,
        since: Timestamp,
    ) -> MessageErrand {
        MessageErrand {
            attempt,
            to: member.number.clone(),
            since,
            known: self.desk.known_messages(&member.name),
        }
    }

    /// Runs an errand beside the loop and hands in what comes of it.
    fn send_back<I>(&self, errand: impl Future<Output = I> + Send + 'static)
    where
        I: IntoIterator<Item = Input, IntoIter: Send> + Send,
    {
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            for input in errand.await {
                let _ = happenings.send(Happening::Returned(input)).await;
            }
        });
    }

    pub(super) fn hand_in(&self, errand: impl Future<Output = Option<Happening>> + Send + 'static) {
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            if let Some(happening) = errand.await {
                let _ = happenings.send(happening).await;
            }
        });
    }
}
