//! How calls go, and what we are told of them.

use rinban::{engine::desk::Speech, escalation::CallStatus};

use super::{
    World,
    turns::{Answer, Happening},
};
use crate::soak::{
    check::Broken,
    happen::{Brings, CallIndex, Event, Micros, Progress, SECOND},
    kind::Kind,
    phones::{Call, Mood, Standing},
    tally::State,
};

/// How long a callback is on its way, and a late one, at least and at most.
const CALLBACK: (Micros, Micros) = (30_000, 400_000);
const LATE: (Micros, Micros) = (SECOND, 90 * SECOND);

/// How long people take to answer, to press a key and to hang up, at least and at most.
const ANSWERS: (Micros, Micros) = (2 * SECOND, 24 * SECOND);
const PRESSES: (Micros, Micros) = (2 * SECOND, 12 * SECOND);
const HANGS_UP: (Micros, Micros) = (SECOND, 6 * SECOND);

/// How long a line without words is held.
const HOLDS: Micros = 15 * SECOND;

/// How long a carrier waits for our words before it takes the other path.
const OTHER_PATH: (Micros, Micros) = (SECOND, 15 * SECOND);

/// How often it does.
const TROUBLES: u8 = 4;

/// After how long a call that never rings ends by itself.
const MUTE: Micros = 60 * SECOND;

impl Call {
    /// How it ended.
    pub(super) fn end(&self) -> CallStatus {
        match self.mood {
            Mood::Busy => CallStatus::Busy,
            Mood::Fails => CallStatus::Failed,
            Mood::Sleeps => CallStatus::NoAnswer,
            _ => CallStatus::Completed,
        }
    }
}

impl World {
    /// A call goes on.
    pub(super) fn progress(&mut self, index: CallIndex, progress: Progress) {
        let call = self.phones.call(index);
        match (progress, call.standing) {
            (Progress::Dialled, Standing::Dialling) => self.dialled(index),
            (Progress::Answered, Standing::Ringing) => self.answers(index),
            (Progress::RungOut, Standing::Ringing) => {
                self.phones.call_mut(index).mood = Mood::Sleeps;
                self.over(index, Some(CallStatus::NoAnswer));
            }
            (Progress::HungUp, Standing::Talking) => self.over(index, Some(CallStatus::Completed)),
            (Progress::HungUp, Standing::Dialling | Standing::Ringing) => self.over(index, None),
            _ => {}
        }
    }

    fn plan_progress(&mut self, call: CallIndex, after: Micros, progress: Progress) {
        self.queue
            .plan(self.now + after, Event::Call { call, progress });
    }

    fn dialled(&mut self, index: CallIndex) {
        let call = self.phones.call(index);
        let (attempt, person, limits) = (call.attempt, call.person, call.limits);
        if call.is_mute {
            return self.plan_progress(index, MUTE, Progress::HungUp);
        }
        let is_engaged = self.phones.live(person).iter().any(|other| {
            let is_up = self.phones.call(*other).standing;
            *other != index && matches!(is_up, Standing::Ringing | Standing::Talking)
        });
        let call = self.phones.call_mut(index);
        match call.mood {
            Mood::Fails => return self.over(index, Some(CallStatus::Failed)),
            Mood::Busy => return self.over(index, Some(CallStatus::Busy)),
            _ if is_engaged => {
                call.mood = Mood::Busy;
                return self.over(index, Some(CallStatus::Busy));
            }
            _ => call.standing = Standing::Ringing,
        }
        let mood = call.mood;
        self.witness.rings(attempt);
        self.log(|| format!("attempt {attempt} rings person {person}"));
        self.call_back(index, CallStatus::Ringing);
        let rings = Micros::from(limits.0) * SECOND;
        self.plan_progress(index, rings, Progress::RungOut);
        if mood != Mood::Sleeps {
            let after = self.span(ANSWERS.0, ANSWERS.1);
            self.plan_progress(index, after, Progress::Answered);
        }
    }

    fn answers(&mut self, index: CallIndex) {
        let call = self.phones.call_mut(index);
        call.standing = Standing::Talking;
        let (mood, limit, attempt) = (call.mood, call.limits.1, call.attempt);
        self.log(|| format!("attempt {attempt} is answered: {mood:?}"));
        self.call_back(index, CallStatus::InProgress);
        let limit = Micros::from(limit) * SECOND;
        self.plan_progress(index, limit, Progress::HungUp);
        let state = State::of(self.disk.state(attempt.escalation));
        if self.strikes(Kind::NeverFetched, state) {
            self.phones.call_mut(index).is_unheard = true;
            return self.plan_progress(index, HOLDS, Progress::HungUp);
        }
        self.ask_for_words(index, 0, Brings::Answer, 0);
        if mood == Mood::HangsUp {
            let after = self.span(HANGS_UP.0, HANGS_UP.1);
            self.plan_progress(index, after, Progress::HungUp);
        }
    }

    /// A call is over; what is said of it, if anything is.
    fn over(&mut self, index: CallIndex, status: Option<CallStatus>) {
        if self.phones.end(index)
            && let Some(status) = status
        {
            let attempt = self.phones.call(index).attempt;
            self.log(|| format!("attempt {attempt} is over: {}", status.as_str()));
            self.call_back(index, status);
        }
    }

    /// A call is ended because we say so.
    pub(super) fn end_from_outside(&mut self, index: CallIndex) {
        let status = match self.phones.call(index).standing {
            Standing::Talking => CallStatus::Completed,
            _ => CallStatus::Canceled,
        };
        self.over(index, Some(status));
    }

    /// The carrier says how the call goes, unless that is lost.
    fn call_back(&mut self, call: CallIndex, status: CallStatus) {
        let attempt = self.phones.call(call).attempt;
        let state = State::of(self.disk.state(attempt.escalation));
        let kinds = [Kind::CallbackLost, Kind::CallbackTwice, Kind::CallbackLate];
        let callback = Event::Callback { call, status };
        let way = self.span(CALLBACK.0, CALLBACK.1);
        match self.strikes_one(&kinds, state) {
            Some(Kind::CallbackLost) => {}
            Some(Kind::CallbackTwice) => {
                let again = self.span(LATE.0, LATE.1);
                self.queue.plan(self.now + way, callback);
                self.queue.plan(self.now + again, callback);
            }
            Some(_) => {
                let late = self.span(LATE.0, LATE.1);
                self.queue.plan(self.now + late, callback);
            }
            None => self.queue.plan(self.now + way, callback),
        }
    }

    /// The carrier asks what to say.
    fn ask_for_words(&mut self, call: CallIndex, stage: u16, brings: Brings, after: Micros) {
        let attempt = self.phones.call(call).attempt;
        let state = State::of(self.disk.state(attempt.escalation));
        let words = Event::Words {
            call,
            stage,
            brings,
        };
        let way = after + self.span(CALLBACK.0, CALLBACK.1);
        match self.strikes_one(&[Kind::WordsLost, Kind::WordsTwice], state) {
            Some(Kind::WordsLost) => self.no_words(call, stage, way),
            Some(_) => {
                let again = self.span(0, 20 * SECOND);
                self.queue.plan(self.now + way, words);
                self.queue.plan(self.now + way + again, words);
            }
            None => self.queue.plan(self.now + way, words),
        }
    }

    /// A request for words reaches us; if nobody is there, the carrier takes the other path.
    pub(super) fn asked_for_words(&mut self, call: CallIndex, stage: u16, brings: Brings) {
        if self.core.is_none() || self.retry.is_some() {
            return self.no_words(call, stage, 0);
        }
        if let Brings::Key(key) = brings {
            self.phones.call_mut(call).pressed = Some(key);
        }
        self.waiting.push(Happening::Words(call, stage, brings));
    }

    /// Our words could not be had: the other path, a few times, and then the call ends.
    pub(super) fn no_words(&mut self, call: CallIndex, stage: u16, after: Micros) {
        let of = self.phones.call_mut(call);
        if of.standing == Standing::Over {
            return;
        }
        of.troubles += 1;
        if of.troubles > TROUBLES {
            return self.plan_progress(call, SECOND, Progress::HungUp);
        }
        let after = after + self.span(OTHER_PATH.0, OTHER_PATH.1);
        let words = Event::Words {
            call,
            stage,
            brings: Brings::Trouble,
        };
        self.queue.plan(self.now + after, words);
    }

    /// What a request for words was answered with.
    pub(super) fn answered(
        &mut self,
        call: CallIndex,
        stage: u16,
        answer: Answer,
    ) -> Result<(), Broken> {
        match answer {
            Answer::Refused => self.no_words(call, stage, 0),
            Answer::Speak(speech) => {
                self.witness.spoken(&speech, &self.disk)?;
                self.hears(call, &speech);
            }
        }
        Ok(())
    }

    /// The person hears our words, and does something about them.
    fn hears(&mut self, call: CallIndex, speech: &Speech) {
        let of = self.phones.call(call);
        let (mood, heard, is_over) = (of.mood, of.heard, of.standing == Standing::Over);
        if is_over {
            return;
        }
        let state = State::of(self.disk.state(speech.attempt.escalation));
        if self.strikes(Kind::AnswerLost, state) {
            return self.no_words(call, speech.stage, 0);
        }
        self.log(|| format!("attempt {} hears {:?}", speech.attempt, speech.line));
        if !speech.line.asks_for_key() {
            let after = self.span(HANGS_UP.0, HANGS_UP.1);
            return self.plan_progress(call, after, Progress::HungUp);
        }
        let of = self.phones.call_mut(call);
        of.heard = heard.saturating_add(1);
        of.troubles = 0;
        let brings = mood.key(heard).map_or(Brings::Silence, Brings::Key);
        let after = self.span(PRESSES.0, PRESSES.1);
        self.ask_for_words(call, speech.stage, brings, after);
    }
}
