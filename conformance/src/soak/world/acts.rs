//! What the core does in the world: its errands, and what it sees to when it takes over.

use jiff::SignedDuration;
use rinban::{
    dispatch::breaker::Report,
    engine::desk::{Errand, Unfinished},
    escalation::{AttemptId, CallSid, ProviderName},
    roster::MemberName,
    store::CallRecord,
};

use super::{Sent, World};
use crate::soak::{
    check::Broken,
    ground::{index, person},
    happen::{CallIndex, Event, Micros, SECOND, micros},
    kind::Kind,
    phones::Health,
    tally::State,
};

/// How long a request is on its way, at least and at most.
pub(in crate::soak) const ON_ITS_WAY: (Micros, Micros) = (20_000, 300_000);

impl World {
    /// Runs errands. Those of webhooks have been taken out.
    pub(super) fn act(&mut self, errands: &mut Vec<Errand>) -> Result<(), Broken> {
        for errand in errands.drain(..) {
            match errand {
                Errand::Place {
                    attempt,
                    member,
                    provider,
                    ring_timeout,
                    call_limit,
                    inline: _,
                } => {
                    let limits = (secs(ring_timeout), secs(call_limit));
                    self.place(attempt, &member, &provider, limits)?;
                }
                Errand::End { attempt, call, .. } => {
                    let call = self.dismissed(&call);
                    self.plan_end(attempt, call, 0);
                }
                Errand::LookUp { call, .. } => self.plan_ask(index(call.as_str()) as CallIndex),
                Errand::Probe { provider, .. } => self.probe(&provider),
                // The ground has no carrier of messages.
                Errand::Send { .. }
                | Errand::Follow { .. }
                | Errand::Answer(_)
                | Errand::Ask(_)
                | Errand::Speak(_)
                | Errand::Refuse => {}
            }
        }
        Ok(())
    }

    fn place(
        &mut self,
        attempt: AttemptId,
        member: &MemberName,
        provider: &ProviderName,
        (ring_secs, talk_secs): (u16, u16),
    ) -> Result<(), Broken> {
        let carrier = self.making.ground.carrier(provider);
        let every = self.making.ground.every_micros(carrier);
        let decided_at = self.decided_at(attempt);
        let last = self.phones.carriers[carrier].last_sent;
        self.witness
            .goes_out((attempt, decided_at), &self.disk, last, every)?;
        self.phones.carriers[carrier].last_sent = Some(decided_at);
        self.count(decided_at, carrier, false);
        self.trace(attempt.escalation.0 << 16 | u64::from(attempt.number));
        self.log(|| format!("  requests attempt {attempt}: {member} through {provider}"));
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        let request = Event::Request {
            epoch: self.epoch,
            attempt,
            person: person(member) as u8,
            carrier: carrier as u8,
            ring_secs,
            talk_secs,
        };
        self.queue.plan(self.now + way, request);
        Ok(())
    }

    fn count(&mut self, at: Micros, carrier: usize, is_probe: bool) {
        if let Some(sent) = &mut self.sent {
            sent.push(Sent {
                at,
                carrier,
                is_probe,
            });
        }
    }

    /// When the core decided to place the call: what a limiter counts.
    fn decided_at(&self, attempt: AttemptId) -> Micros {
        let state = self.disk.state(attempt.escalation);
        let known = state.and_then(|state| state.attempt(attempt.number));
        known.map_or(self.now, |known| micros(known.since))
    }

    /// The core takes a call to be over, and tells its carrier so.
    fn dismissed(&mut self, sid: &CallSid) -> CallIndex {
        let call = index(sid.as_str()) as CallIndex;
        self.phones.call_mut(call).is_dismissed = true;
        call
    }

    pub(super) fn plan_end(&mut self, attempt: AttemptId, call: CallIndex, tries: u8) {
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        let pause = match tries {
            0 => 0,
            tries => (SECOND / 2) << (tries - 1),
        };
        let end = Event::End {
            epoch: self.epoch,
            call,
            attempt,
            tries,
        };
        self.queue.plan(self.now + pause + way, end);
    }

    fn probe(&mut self, provider: &ProviderName) {
        let carrier = self.making.ground.carrier(provider);
        let is_down = self.phones.carriers[carrier].health == Health::Down;
        let fails = is_down || self.strikes(Kind::ProbeFails, State::Nothing);
        self.witness.tally.probes += 1;
        self.count(self.now, carrier, true);
        let probed = Event::Probed {
            epoch: self.epoch,
            carrier: carrier as u8,
            report: match fails {
                true => Report::Fault,
                false => Report::Good,
            },
        };
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        self.queue.plan(self.now + way, probed);
    }

    /// What the engine does about unfinished attempts when it takes over.
    pub(super) fn see_to_unfinished(&mut self, mut unfinished: Vec<Unfinished>) {
        unfinished.sort_by_key(|unfinished| record(unfinished).map(|record| record.attempt));
        for unfinished in unfinished {
            self.log(|| format!("  unfinished: {unfinished:?}"));
            match unfinished {
                Unfinished::Intent(record) => self.plan_look(&record),
                Unfinished::Live(record) => {
                    if let Some(call) = call_of(&record) {
                        self.plan_ask(call);
                    }
                }
                Unfinished::ToEnd(record) => {
                    if let Some(sid) = &record.call {
                        let call = self.dismissed(sid);
                        self.plan_end(record.attempt, call, 0);
                    }
                }
                Unfinished::Message { .. } | Unfinished::Sent { .. } => {}
            }
        }
    }

    fn plan_ask(&mut self, call: CallIndex) {
        let epoch = self.epoch;
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        self.queue.plan(self.now + way, Event::Ask { epoch, call });
    }

    fn plan_look(&mut self, record: &CallRecord) {
        let look = Event::Look {
            epoch: self.epoch,
            attempt: record.attempt,
            person: person(&record.member) as u8,
            carrier: self.making.ground.carrier(&record.provider) as u8,
            since: micros(record.intended_at),
            tries: 0,
        };
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        self.queue.plan(self.now + way, look);
    }
}

/// Of a call; messages have none.
fn record(unfinished: &Unfinished) -> Option<&CallRecord> {
    match unfinished {
        Unfinished::Intent(record) | Unfinished::Live(record) | Unfinished::ToEnd(record) => {
            Some(record)
        }
        Unfinished::Message { .. } | Unfinished::Sent { .. } => None,
    }
}

fn call_of(record: &CallRecord) -> Option<CallIndex> {
    record
        .call
        .as_ref()
        .map(|sid| index(sid.as_str()) as CallIndex)
}

fn secs(span: SignedDuration) -> u16 {
    u16::try_from(span.as_secs()).unwrap_or(u16::MAX)
}
