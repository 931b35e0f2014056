//! One turn of the core, as the engine's loop takes it: fold, commit, act. A turn that cannot be stored is undone and tried
//! again; the core may die before, within and after the commit.

use rinban::{
    dispatch::{breaker::Report, command::Found},
    engine::desk::{Errand, Now, Speech, Turn},
    escalation::{AttemptId, CallStatus, Fault, FaultClass, Heard, Input},
    store::Batch,
};

use super::World;
use crate::soak::{
    check::Broken,
    happen::{Brings, CallIndex, Event, Micros, Reply, SECOND, Says, timestamp},
    kind::Kind,
    seam::Core,
    tally::State,
    witness::Cause,
};

/// How many escalations one turn wakes; the engine's own number.
const WOKEN: usize = 512;

/// How long a commit takes, at least and at most.
const COMMIT: (Micros, Micros) = (1_000, 8_000);

/// How long a slow one takes.
const SLOW_COMMIT: (Micros, Micros) = (200_000, 15 * SECOND);

/// How long after a failed commit it is tried again.
const STORE_RETRY: Micros = SECOND;

/// What the core is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Happening {
    /// The last core's state was taken over.
    Restarted,
    /// An event is in the inbox.
    Accepted(u64),
    /// What came of a request.
    Replied(AttemptId, Reply),
    /// What a carrier says of a call, being asked or told.
    Said(AttemptId, CallIndex, CallStatus),
    /// What came of a probe.
    Probed(u8, Report),
    /// A status callback.
    Callback(CallIndex, CallStatus),
    /// A request for words.
    Words(CallIndex, u16, Brings),
}

/// What a request for words is answered with.
pub(super) enum Answer {
    Speak(Box<Speech>),
    Refused,
}

/// The faults of a commit.
const COMMITS: [Kind; 6] = [
    Kind::StoreSlow,
    Kind::StoreFails,
    Kind::CrashBefore,
    Kind::CrashWithin,
    Kind::CrashAfter,
    Kind::CrashAmid,
];

impl World {
    /// One turn with all that waits.
    pub(super) fn take_turn(&mut self) -> Result<(), Broken> {
        let Some(mut core) = self.core.take() else {
            return Ok(());
        };
        self.witness.tally.turns += 1;
        let now = self.instant();
        let happenings = std::mem::take(&mut self.waiting);
        let mut turn = self.turn.take().unwrap_or_default();
        let mut answers = Vec::new();
        for happening in &happenings {
            self.fold(&mut core, now, *happening, &mut turn, &mut answers);
            self.folded
                .push((self.cause(*happening), turn.batch.entries.len()));
        }
        core.wake(now, WOKEN, &mut turn);
        self.folded.push((Cause::Other, turn.batch.entries.len()));
        let outcome = self.finish(core, now, turn, happenings, answers);
        self.folded.clear();
        outcome
    }

    /// The instant of a turn.
    fn instant(&mut self) -> Now {
        let at = timestamp(self.now);
        Now {
            steady: at,
            wall: at,
            dice: f64::from(self.tape.below(256)) / 256.0,
        }
    }

    /// Closes the turn, stores it, and acts; or something comes between.
    fn finish(
        &mut self,
        mut core: Box<Core>,
        now: Now,
        mut turn: Box<Turn>,
        happenings: Vec<Happening>,
        answers: Vec<(CallIndex, u16, Answer)>,
    ) -> Result<(), Broken> {
        let mut before_commit = core.close_turn(&mut turn);
        self.act(&mut before_commit)?;
        if turn.batch.is_empty() {
            core.stored(now.steady);
            return self.finished(core, turn, happenings, answers);
        }
        let struck = self.strikes_one(&COMMITS, self.state_of_first(&turn.batch));
        let (least, most) = match struck {
            Some(Kind::StoreSlow) => SLOW_COMMIT,
            _ => COMMIT,
        };
        let took = self.span(least, most);
        self.pass_to(self.now + took);
        let is_durable = match struck {
            Some(Kind::StoreFails | Kind::CrashBefore) => false,
            Some(Kind::CrashWithin) => self.tape.below(2) == 1,
            _ => true,
        };
        if is_durable {
            self.write(&mut turn)?;
            core.stored(now.steady);
            self.last_words(&answers);
        }
        match struck {
            None | Some(Kind::StoreSlow) => {
                self.is_armed(&core, now)?;
                return self.finished(core, turn, happenings, answers);
            }
            Some(Kind::StoreFails) => {
                self.not_stored(core, happenings);
                return self.all_are_armed();
            }
            Some(Kind::CrashAmid) => {
                let some = self.tape.below(turn.errands.len() as u32 + 1) as usize;
                turn.errands.truncate(some);
                self.act(&mut turn.errands)?;
            }
            Some(Kind::CrashAfter) => {
                self.bequeathed = Some(core.standing(now.steady));
            }
            Some(_) => {}
        }
        self.waiting.extend(happenings);
        self.crash();
        Ok(())
    }

    /// The core takes a phone to be free a little after its last words, whatever becomes of them.
    fn last_words(&mut self, answers: &[(CallIndex, u16, Answer)]) {
        for (call, _, answer) in answers {
            if let Answer::Speak(speech) = answer
                && !speech.line.asks_for_key()
            {
                self.phones.call_mut(*call).is_dismissed = true;
            }
        }
    }

    /// The turn is durable: the errands are run, and whoever asked is answered.
    fn finished(
        &mut self,
        core: Box<Core>,
        mut turn: Box<Turn>,
        mut happenings: Vec<Happening>,
        answers: Vec<(CallIndex, u16, Answer)>,
    ) -> Result<(), Broken> {
        self.act(&mut turn.errands)?;
        self.core = Some(core);
        // Both are used again.
        self.turn = Some(turn);
        happenings.clear();
        self.waiting = happenings;
        for (call, stage, answer) in answers {
            self.answered(call, stage, answer)?;
        }
        Ok(())
    }

    fn not_stored(&mut self, mut core: Box<Core>, happenings: Vec<Happening>) {
        core.undo_turn();
        self.core = Some(core);
        let epoch = self.epoch;
        self.queue
            .plan(self.now + STORE_RETRY, Event::Retry { epoch });
        let is_lost = |happening: &Happening| {
            matches!(happening, Happening::Callback(..) | Happening::Words(..))
        };
        let (lost, kept): (Vec<_>, Vec<_>) = happenings.into_iter().partition(is_lost);
        self.retry = Some(kept);
        for happening in lost {
            if let Happening::Words(call, stage, _) = happening {
                self.no_words(call, stage, 0);
            }
        }
    }

    /// The store is tried again.
    pub(super) fn try_again(&mut self, epoch: u32) {
        if epoch == self.epoch
            && let Some(mut retry) = self.retry.take()
        {
            retry.append(&mut self.waiting);
            self.waiting = retry;
        }
    }

    /// Folds one happening in.
    fn fold(
        &mut self,
        core: &mut Core,
        now: Now,
        happening: Happening,
        turn: &mut Turn,
        answers: &mut Vec<(CallIndex, u16, Answer)>,
    ) {
        match happening {
            Happening::Restarted => core.restarted(now, turn),
            Happening::Accepted(number) => {
                if let Some(event) = self.disk.event(number) {
                    core.event(now, event, turn);
                }
            }
            Happening::Probed(carrier, report) => {
                let (name, _) = &self.making.ground.carriers[usize::from(carrier)];
                let fault = (report != Report::Good).then(|| fault(FaultClass::Provider));
                let found = Found {
                    report,
                    took_millis: 100,
                    fault,
                };
                core.probed(now, name, &found, turn);
            }
            Happening::Replied(attempt, reply) => {
                let input = self.replied(attempt, reply);
                core.input(now, attempt, input, turn);
            }
            Happening::Said(attempt, call, status) => {
                let call = self.phones.call(call).sid.clone();
                let input = Input::Status {
                    attempt,
                    call,
                    status,
                };
                core.input(now, attempt, input, turn);
            }
            Happening::Callback(call, status) => {
                let of = self.phones.call(call);
                let input = Input::Status {
                    attempt: of.attempt,
                    call: of.sid.clone(),
                    status,
                };
                self.hear(core, now, call, input, turn);
            }
            Happening::Words(call, stage, brings) => {
                let of = self.phones.call(call);
                let input = Input::Voice {
                    attempt: of.attempt,
                    call: of.sid.clone(),
                    stage,
                    heard: heard(brings),
                };
                let answer = match self.hear(core, now, call, input, turn) {
                    true => said(turn),
                    false => Answer::Refused,
                };
                answers.push((call, stage, answer));
            }
        }
        self.trace_of(happening);
    }

    fn replied(&self, attempt: AttemptId, reply: Reply) -> Input {
        match reply {
            Reply::Placed(call) => Input::Placed {
                attempt,
                call: self.phones.call(call).sid.clone(),
            },
            Reply::Failed(class) => Input::PlaceFailed {
                attempt,
                fault: fault(class),
                possible_duplicate: class == FaultClass::Ambiguous,
            },
        }
    }

    /// A webhook, as the engine's loop takes it: whether it is for the core at all.
    fn hear(
        &mut self,
        core: &mut Core,
        now: Now,
        call: CallIndex,
        input: Input,
        turn: &mut Turn,
    ) -> bool {
        let of = self.phones.call(call);
        let attempt = of.attempt;
        if !core.knows(attempt.escalation) {
            let Some(stored) = self.disk.read(attempt.escalation) else {
                return false;
            };
            core.take_up(stored);
        }
        let (carrier, _) = &self.making.ground.carriers[usize::from(of.carrier)];
        if core.carrier_of(attempt) != Some(carrier) {
            return false;
        }
        core.input(now, attempt, input, turn);
        true
    }

    fn cause(&self, happening: Happening) -> Cause {
        match happening {
            Happening::Accepted(number) => match self.disk.event(number) {
                Some(event) => Cause::Event {
                    alert: crate::soak::ground::index(event.dedup_key.as_str()) as u32,
                    says: match event.kind {
                        rinban::alert::EventKind::Problem => Says::Problem,
                        rinban::alert::EventKind::Update => Says::Taken,
                        rinban::alert::EventKind::Recovery => Says::Recovered,
                    },
                },
                None => Cause::Other,
            },
            Happening::Words(call, _, Brings::Key(key)) => Cause::Key {
                attempt: self.phones.call(call).attempt,
                key,
            },
            _ => Cause::Other,
        }
    }

    /// The batch becomes durable, and the witness sees it.
    fn write(&mut self, Turn { batch, errands, .. }: &mut Turn) -> Result<(), Broken> {
        let mut from = 0;
        for (cause, to) in &self.folded {
            self.witness.folded(*cause, &batch.entries[from..*to])?;
            from = *to;
        }
        for after in &batch.escalations {
            let before = self.disk.state(after.id);
            self.witness.written((before, after), errands)?;
        }
        self.trace_batch(batch);
        self.touched.clear();
        for escalation in &batch.escalations {
            self.touched.push(escalation.id);
            let before = self.disk.state(escalation.id);
            if escalation.is_over() && before.is_none_or(|before| !before.is_over()) {
                self.plan_archive(escalation.id);
            }
        }
        for record in &batch.calls {
            if let Some(call) = &record.call {
                self.known_to_core(record.attempt, call);
            }
        }
        self.disk.write(batch);
        Ok(())
    }

    /// Every escalation that was written is woken in time.
    fn is_armed(&mut self, core: &Core, now: Now) -> Result<(), Broken> {
        let wakeup = core.next_wakeup();
        for id in &self.touched {
            if let Some(state) = self.disk.state(*id) {
                self.witness.armed(state, now.steady, wakeup)?;
            }
        }
        Ok(())
    }

    fn state_of_first(&self, batch: &Batch) -> State {
        let first = batch.escalations.first();
        first.map_or(State::Nothing, |first| State::of(self.disk.state(first.id)))
    }

    fn trace_of(&mut self, happening: Happening) {
        let value = match happening {
            Happening::Restarted => 1,
            Happening::Accepted(number) => number << 4 | 2,
            Happening::Replied(attempt, _) => u64::from(attempt.number) << 4 | 3,
            Happening::Said(_, call, status) => u64::from(call) << 8 | (status as u64) << 4 | 4,
            Happening::Probed(carrier, _) => u64::from(carrier) << 4 | 5,
            Happening::Callback(call, status) => u64::from(call) << 8 | (status as u64) << 4 | 6,
            Happening::Words(call, stage, _) => u64::from(call) << 16 | u64::from(stage) << 4 | 7,
        };
        self.trace(value);
        self.trace(self.now);
        if self.log.is_some() {
            self.log(|| format!("the core is told {happening:?}"));
        }
    }

    fn trace_batch(&mut self, batch: &Batch) {
        for (id, entry) in &batch.entries {
            let effects = entry.effects.len() as u64;
            self.trace(id.0 << 32 | u64::from(entry.number) << 8 | effects);
            self.log(|| format!("  journal {id}: {entry}"));
        }
    }
}

/// What the turn answers; the engine takes it out in the same way.
fn said(turn: &mut Turn) -> Answer {
    let is_answer = |errand: &Errand| matches!(errand, Errand::Speak(_) | Errand::Refuse);
    let at = turn.errands.iter().position(is_answer);
    match at.map(|at| turn.errands.remove(at)) {
        Some(Errand::Speak(speech)) => Answer::Speak(speech),
        _ => Answer::Refused,
    }
}

fn heard(brings: Brings) -> Heard {
    match brings {
        Brings::Answer => Heard::Answer,
        Brings::Key(key) => Heard::Keys(char::from(key).to_string()),
        Brings::Silence => Heard::Silence,
        Brings::Trouble => Heard::Trouble(Some(11_200)),
    }
}

fn fault(class: FaultClass) -> Fault {
    Fault {
        class,
        code: None,
        text: "soak".to_owned(),
    }
}
