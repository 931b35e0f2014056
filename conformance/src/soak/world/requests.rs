//! A carrier's side of its API: placing, finding, asking for and ending calls, with everything that goes wrong in between.

use rinban::escalation::{CallStatus, FaultClass};

use super::{World, acts::ON_ITS_WAY};
use crate::soak::{
    check::Broken,
    happen::{CallIndex, Event, Micros, Progress, Reply, SECOND},
    kind::Kind,
    phones::{Call, Health, Mood, Standing},
    tally::State,
};

/// How long a request whose reply is lost takes until it is given up, at least and at most.
const GIVEN_UP: (Micros, Micros) = (SECOND, 30 * SECOND);

/// How long a slow reply takes, at least and at most.
const SLOW: (Micros, Micros) = (5 * SECOND, 28 * SECOND);

/// How long it takes to dial, at least and at most.
const DIALS: (Micros, Micros) = (300_000, 3 * SECOND);

/// By how much a carrier's list lags, at most, and if it lags badly.
const LAG: Micros = SECOND;
const BAD_LAG: Micros = 20 * SECOND;

/// How often a lost call is looked for, and the pause between two looks: the engine's own numbers.
const LOOKS: u8 = 6;
const LOOK_EVERY: Micros = SECOND / 2;

/// How often ending a call is tried; the engine's own number.
const ENDS: u8 = 6;

/// How long a carrier that is out of reach keeps us waiting, at least and at most.
const UNREACHABLE: (Micros, Micros) = (10_000, 10 * SECOND);

/// What may become of a request.
const FAULTS: [Kind; 9] = [
    Kind::Refused,
    Kind::Throttled,
    Kind::Account,
    Kind::BadNumber,
    Kind::OurRequest,
    Kind::LostBefore,
    Kind::LostAfter,
    Kind::SlowReply,
    Kind::Twin,
];

impl World {
    /// A request reaches its carrier, or does not.
    pub(super) fn request_arrives(&mut self, event: Event) -> Result<(), Broken> {
        let Event::Request {
            attempt, carrier, ..
        } = event
        else {
            return Ok(());
        };
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        match self.phones.carriers[usize::from(carrier)].health {
            Health::Down => {
                let took = self.span(UNREACHABLE.0, UNREACHABLE.1);
                self.refuse(event, FaultClass::Provider, took);
                return Ok(());
            }
            Health::Busy => {
                self.refuse(event, FaultClass::Provider, way);
                return Ok(());
            }
            Health::Well | Health::Mute => {}
        }
        let state = State::of(self.disk.state(attempt.escalation));
        let struck = self.strikes_one(&FAULTS, state);
        match struck {
            Some(Kind::Refused | Kind::Throttled) => self.refuse(event, FaultClass::Provider, way),
            Some(Kind::Account) => self.refuse(event, FaultClass::Account, way),
            Some(Kind::BadNumber) => self.refuse(event, FaultClass::Callee, way),
            Some(Kind::OurRequest) => self.refuse(event, FaultClass::Ours, way),
            Some(Kind::LostBefore) => self.reply_is_lost(event),
            Some(Kind::LostAfter) => {
                let call = self.make_call(event)?;
                self.phones.call_mut(call).is_in_doubt = true;
                self.reply_is_lost(event);
            }
            Some(Kind::SlowReply) => {
                let call = self.make_call(event)?;
                let took = self.span(SLOW.0, SLOW.1);
                self.reply(event, Reply::Placed(call), took);
            }
            Some(_) => {
                let call = self.make_call(event)?;
                self.phones.call_mut(call).is_in_doubt = true;
                let twin = self.make_call(event)?;
                self.phones.call_mut(twin).is_in_doubt = true;
                self.reply(event, Reply::Placed(call), way);
            }
            None => {
                let call = self.make_call(event)?;
                self.reply(event, Reply::Placed(call), way);
            }
        }
        Ok(())
    }

    fn reply(&mut self, request: Event, reply: Reply, took: Micros) {
        if let Event::Request { epoch, attempt, .. } = request {
            let reply = Event::Reply {
                epoch,
                attempt,
                reply,
            };
            self.queue.plan(self.now + took, reply);
        }
    }

    fn refuse(&mut self, request: Event, class: FaultClass, took: Micros) {
        self.reply(request, Reply::Failed(class), took);
    }

    /// Nobody knows whether it was carried out: the engine looks for the call.
    fn reply_is_lost(&mut self, request: Event) {
        let Event::Request {
            epoch,
            attempt,
            person,
            carrier,
            ..
        } = request
        else {
            return;
        };
        self.witness.tally.doubts += 1;
        let took = self.span(GIVEN_UP.0, GIVEN_UP.1);
        let look = Event::Look {
            epoch,
            attempt,
            person,
            carrier,
            // The request was decided within the second before it arrived.
            since: self.now.saturating_sub(SECOND),
            tries: 0,
        };
        self.queue.plan(self.now + took, look);
    }

    fn make_call(&mut self, request: Event) -> Result<CallIndex, Broken> {
        let Event::Request {
            epoch,
            attempt,
            person,
            carrier,
            ring_secs,
            talk_secs,
        } = request
        else {
            unreachable!("only requests make calls");
        };
        let state = State::of(self.disk.state(attempt.escalation));
        let lag = match self.strikes(Kind::ListLags, state) {
            true => BAD_LAG,
            false => self.span(0, LAG),
        };
        let is_mute = self.phones.carriers[usize::from(carrier)].health == Health::Mute
            || self.strikes(Kind::Stuck, state);
        let draw = self.tape.below(256);
        let mood = match (self.making.mood, self.is_rough) {
            (Some(mood), _) => mood,
            (None, true) => Mood::of(draw),
            (None, false) => Mood::Takes,
        };
        let number = self.phones.calls.len();
        let call = self.phones.add(Call {
            attempt,
            carrier,
            person,
            sid: format!("CA{number}").as_str().into(),
            made_at: self.now,
            listed_at: self.now + lag,
            standing: Standing::Dialling,
            mood,
            limits: (ring_secs, talk_secs),
            heard: 0,
            troubles: 0,
            pressed: None,
            is_known: false,
            is_in_doubt: epoch != self.epoch,
            doubted_until: 0,
            is_dismissed: false,
            is_mute,
            is_unheard: false,
        });
        self.witness.made(call, &self.phones)?;
        let dials = self.span(DIALS.0, DIALS.1);
        let progress = Progress::Dialled;
        self.queue
            .plan(self.now + dials, Event::Call { call, progress });
        Ok(call)
    }

    /// One look for a call whose reply was lost.
    pub(super) fn look(&mut self, event: Event) {
        let Event::Look {
            epoch,
            attempt,
            person,
            carrier,
            since,
            tries,
        } = event
        else {
            return;
        };
        let Some(core) = self.core.as_ref().filter(|_| epoch == self.epoch) else {
            return;
        };
        let name = format!("m{person}");
        let known = core.known_calls(&name.as_str().into());
        let state = State::of(self.disk.state(attempt.escalation));
        let is_down = self.phones.carriers[usize::from(carrier)].health == Health::Down;
        let fails = is_down || self.strikes(Kind::LookUpFails, state);
        let found = self.phones.find(carrier, person, (since, self.now), &known);
        let reply = match found.filter(|_| !fails) {
            Some(call) => Reply::Placed(call),
            None if tries + 1 < LOOKS => {
                let again = Event::Look {
                    epoch,
                    attempt,
                    person,
                    carrier,
                    since,
                    tries: tries + 1,
                };
                return self.queue.plan(self.now + LOOK_EVERY, again);
            }
            None => Reply::Failed(FaultClass::Ambiguous),
        };
        let reply = Event::Reply {
            epoch,
            attempt,
            reply,
        };
        self.queue.plan(self.now, reply);
    }

    /// A carrier is asked how a call goes.
    pub(super) fn ask(&mut self, epoch: u32, call: CallIndex) {
        let of = self.phones.call(call);
        let (attempt, carrier) = (of.attempt, of.carrier);
        let status = match of.standing {
            Standing::Dialling => CallStatus::Queued,
            Standing::Ringing => CallStatus::Ringing,
            Standing::Talking => CallStatus::InProgress,
            Standing::Over => of.end(),
        };
        let state = State::of(self.disk.state(attempt.escalation));
        let is_down = self.phones.carriers[usize::from(carrier)].health == Health::Down;
        if is_down || self.strikes(Kind::LookUpFails, state) {
            return;
        }
        let said = Event::Said {
            epoch,
            attempt,
            call,
            status,
        };
        self.queue.plan(self.now, said);
    }

    /// A carrier is told to end a call.
    pub(super) fn end(
        &mut self,
        epoch: u32,
        call: CallIndex,
        attempt: rinban::escalation::AttemptId,
        tries: u8,
    ) {
        let carrier = self.phones.call(call).carrier;
        let state = State::of(self.disk.state(attempt.escalation));
        let is_down = self.phones.carriers[usize::from(carrier)].health == Health::Down;
        if is_down || self.strikes(Kind::EndFails, state) {
            if tries + 1 < ENDS && epoch == self.epoch {
                self.plan_end(attempt, call, tries + 1);
            }
            return;
        }
        self.end_from_outside(call);
        let said = Event::Said {
            epoch,
            attempt,
            call,
            status: CallStatus::Canceled,
        };
        let way = self.span(ON_ITS_WAY.0, ON_ITS_WAY.1);
        self.queue.plan(self.now + way, said);
    }
}
