//! One world: a core, its disk, its monitors and its phones, in virtual time, with the luck of one tape.
//!
//! First alerts come while everything goes wrong at the world's rates; then the faults stop, everybody who is called answers
//! and takes it, and everything has to come to rest.

mod acts;
mod calls;
mod crashes;
mod monitors;
mod requests;
mod turns;

use std::sync::Arc;

use rinban::{
    dispatch::standing::Standing,
    engine::desk::Turn,
    escalation::{CallStatus, EscalationId},
};

use super::{
    check::{Broken, Check, Clock},
    disk::Disk,
    ground::Ground,
    happen::{Event, Micros, Queue, SECOND, micros},
    kind::{Kind, Rates},
    phones::{Mood, Phones},
    seam::{Core, Plant},
    tally::{State, Tally},
    tape::{Chance, Tape, mixed},
    witness::{Cause, Witness},
};
pub(super) use acts::ON_ITS_WAY;
use turns::Happening;

/// How long after the faults have stopped everything must be taken or closed: the longest call, its request, a pause and a
/// little.
const CONVERGED_WITHIN: Micros = 10 * 60 * SECOND;

/// How long after the last recovery every phone must be silent, and every escalation over.
const SILENT_WITHIN: Micros = 5 * 60 * SECOND;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Making {
    /// Where.
    pub ground: Arc<Ground>,
    /// How often what goes wrong.
    pub rates: Rates,
    /// Alerts come until there have been so many escalations.
    pub escalations: u64,
    /// From one alert to the next, at most; at least an eighth of that.
    pub pause: Micros,
    /// What everybody does who is called, if that is not left to luck.
    pub mood: Option<Mood>,
    /// A mistake made on purpose.
    pub plant: Option<Plant>,
}

/// A request that left the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it was decided.
    pub at: Micros,
    /// To which carrier.
    pub carrier: usize,
    /// Whether it was a probe, which calls nobody.
    pub is_probe: bool,
}

/// A world that goes on.
pub struct World {
    making: Making,
    tape: Tape,
    /// Whether faults still happen.
    is_rough: bool,
    now: Micros,
    queue: Queue,
    /// None while it is down.
    core: Option<Box<Core>>,
    /// Counts the cores.
    epoch: u32,
    disk: Disk,
    phones: Phones,
    witness: Witness,
    /// What waits for the next turn.
    waiting: Vec<Happening>,
    /// What a turn that could not be stored held; nothing is stored until it is tried again.
    retry: Option<Vec<Happening>>,
    /// How the carriers stood when the last core died, if all of that was durable.
    bequeathed: Option<Vec<Standing>>,
    monitors: monitors::Monitors,
    folded: Vec<(Cause, usize)>,
    /// Escalations that the last batch wrote.
    touched: Vec<EscalationId>,
    /// Used for one turn after the other, for its memory.
    turn: Option<Box<Turn>>,
    trace: u64,
    /// What happened, for people, if anybody reads it.
    log: Option<Vec<String>>,
    /// The requests that left the core, if anybody counts them.
    sent: Option<Vec<Sent>>,
}

/// How a world ended.
#[derive(Default)]
pub struct Ended {
    /// What there was.
    pub tally: Tally,
    /// What was broken, if anything was.
    pub broken: Option<Broken>,
    /// The tape as it was drawn, if it was written down.
    pub tape: Tape,
    /// What happened, if it was written down.
    pub log: Vec<String>,
    /// The requests that left the core, if they were written down.
    pub sent: Vec<Sent>,
    /// What stands on disk.
    pub disk: Disk,
}

impl World {
    /// A world at its beginning.
    pub fn new(making: Making, tape: Tape) -> Self {
        let phones = Phones::new(making.ground.carriers.len(), making.ground.people);
        let mut world = Self {
            making,
            tape,
            is_rough: true,
            now: 0,
            queue: Queue::default(),
            core: None,
            epoch: 0,
            disk: Disk::default(),
            phones,
            witness: Witness::default(),
            waiting: Vec::new(),
            retry: None,
            bequeathed: None,
            monitors: monitors::Monitors::default(),
            folded: Vec::new(),
            touched: Vec::new(),
            turn: None,
            trace: 0,
            log: None,
            sent: None,
        };
        world.queue.plan(0, Event::Restart);
        world.queue.plan(SECOND, Event::Alert);
        world
    }

    /// Writes down what happens, for people.
    #[must_use]
    pub fn logging(mut self) -> Self {
        self.log = Some(Vec::new());
        self
    }

    /// Keeps how long each run took to its first ringing phone.
    #[must_use]
    pub fn timing(mut self) -> Self {
        self.witness.keeps_delays = true;
        self
    }

    /// Writes down the requests that leave the core.
    #[must_use]
    pub fn counting(mut self) -> Self {
        self.sent = Some(Vec::new());
        self
    }

    /// Plans something that luck would not bring.
    #[must_use]
    pub fn with(mut self, at: Micros, event: Event) -> Self {
        self.queue.plan(at, event);
        self
    }

    /// Lives to the end, or to the first promise that is broken.
    pub fn live(mut self) -> Ended {
        let broken = self.course().err();
        self.ended(broken)
    }

    /// Lives until then, or to the first promise that is broken.
    pub fn live_until(mut self, end: Micros) -> Ended {
        let broken = self.run_until(end).err();
        self.ended(broken)
    }

    fn ended(self, broken: Option<Broken>) -> Ended {
        let mut tally = self.witness.tally;
        tally.worlds = 1;
        tally.trace = self.trace;
        Ended {
            tally,
            broken,
            tape: self.tape,
            log: self.log.unwrap_or_default(),
            sent: self.sent.unwrap_or_default(),
            disk: self.disk,
        }
    }

    fn course(&mut self) -> Result<(), Broken> {
        while !self.has_enough() {
            self.go_on()?;
        }
        self.calm_down();
        self.run_until(self.now + CONVERGED_WITHIN)?;
        self.has_converged()?;
        self.recover_all();
        self.run_until(self.now + SILENT_WITHIN)?;
        self.is_silent()
    }

    /// Whether there have been alerts enough.
    fn has_enough(&self) -> bool {
        self.disk.escalations() as u64 >= self.making.escalations || self.tape.has_run_out()
    }

    /// The faults stop. Who was called before is called again, and takes it.
    fn calm_down(&mut self) {
        self.is_rough = false;
        self.log(|| "the faults stop".to_owned());
        for carrier in 0..self.phones.carriers.len() {
            self.carrier_well(carrier as u8, None);
        }
    }

    fn run_until(&mut self, end: Micros) -> Result<(), Broken> {
        while self.next_at().is_some_and(|at| at <= end) {
            self.go_on()?;
        }
        self.pass_to(end);
        Ok(())
    }

    fn has_converged(&mut self) -> Result<(), Broken> {
        let since = self.now - CONVERGED_WITHIN;
        let mut waiting = self.witness.waiting_runs();
        let stuck = waiting.find(|(_, waits_since)| *waits_since < since);
        let stuck = stuck.map(|(id, _)| id);
        drop(waiting);
        let of = stuck.map(|id| format!("{:?}", self.disk.state(id)));
        self.witness.check(Check::Converges, stuck.is_none(), || {
            format!("nobody takes {of:?}")
        })?;
        let down = self.core.is_none();
        self.witness
            .check(Check::Converges, !down, || "the core is down".to_owned())
    }

    fn is_silent(&mut self) -> Result<(), Broken> {
        let rings = self.phones.all_live().count();
        self.witness.check(Check::Converges, rings == 0, || {
            format!("{rings} phones ring on")
        })?;
        let open = self.disk.states().find(|state| !state.is_over());
        let open = open.map(|state| format!("{state:?}"));
        self.witness.check(Check::Converges, open.is_none(), || {
            format!("it does not end: {open:?}")
        })?;
        let unhandled = self.disk.unhandled().len();
        self.witness.check(Check::Accepted, unhandled == 0, || {
            format!("{unhandled} events were taken over and never folded in")
        })?;
        self.witness.stands(&self.disk)?;
        self.archive_all()
    }

    /// When the next thing is due.
    fn next_at(&self) -> Option<Micros> {
        let timer = self.core.as_ref().and_then(|core| core.next_wakeup());
        let timer = timer.filter(|_| self.retry.is_none()).map(micros);
        timer.into_iter().chain(self.queue.next_at()).min()
    }

    /// Everything that is due next: what happens in the world, and one turn of the core if it concerns that.
    fn go_on(&mut self) -> Result<(), Broken> {
        let Some(at) = self.next_at() else {
            return Err(self.standstill());
        };
        self.pass_to(at);
        while let Some(event) = self.queue.pop(self.now) {
            self.happens(event)?;
        }
        let wakeup = self.core.as_ref().and_then(|core| core.next_wakeup());
        let is_due = wakeup.is_some_and(|wakeup| micros(wakeup) <= self.now);
        if self.core.is_some() && self.retry.is_none() && (is_due || !self.waiting.is_empty()) {
            self.take_turn()?;
        }
        Ok(())
    }

    fn standstill(&self) -> Broken {
        Broken {
            check: Check::Armed,
            at: self.now,
            what: "nothing is planned any more".to_owned(),
        }
    }

    fn pass_to(&mut self, at: Micros) {
        self.now = self.now.max(at);
        self.witness.at(self.now);
    }

    fn happens(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::Alert => self.new_alert(),
            Event::Monitor {
                alert,
                says,
                number,
            } => self.monitor_says(alert, says, number),
            Event::Accepted { epoch, number } => {
                self.hand_in(epoch, Happening::Accepted(number));
            }
            Event::Request { .. } => return self.request_arrives(event),
            Event::Reply {
                epoch,
                attempt,
                reply,
            } => self.hand_in(epoch, Happening::Replied(attempt, reply)),
            Event::Look { .. } => self.look(event),
            Event::Ask { epoch, call } => self.ask(epoch, call),
            Event::End {
                epoch,
                call,
                attempt,
                tries,
            } => self.end(epoch, call, attempt, tries),
            Event::Said {
                epoch,
                attempt,
                call,
                status,
            } => self.hand_in(epoch, Happening::Said(attempt, call, status)),
            Event::Probed {
                epoch,
                carrier,
                report,
            } => self.hand_in(epoch, Happening::Probed(carrier, report)),
            Event::Call { call, progress } => self.progress(call, progress),
            Event::Callback { call, status } => self.called_back(call, status),
            Event::Words {
                call,
                stage,
                brings,
            } => self.asked_for_words(call, stage, brings),
            Event::CarrierSick {
                carrier,
                health,
                secs,
            } => self.sicken(carrier, health, Micros::from(secs) * SECOND),
            Event::Crash => self.dies(),
            Event::CarrierWell { carrier, spell } => self.carrier_well(carrier, Some(spell)),
            Event::Restart => return self.restart(),
            Event::Retry { epoch } => self.try_again(epoch),
            Event::Archive(id) => return self.archive_if_at_rest(id),
        }
        Ok(())
    }

    /// Something for the core of this epoch.
    fn hand_in(&mut self, epoch: u32, happening: Happening) {
        if epoch == self.epoch && self.core.is_some() {
            self.waiting.push(happening);
        }
    }

    /// A status callback: lost if nobody is there.
    fn called_back(&mut self, call: u32, status: CallStatus) {
        if self.core.is_some() {
            self.waiting.push(Happening::Callback(call, status));
        }
    }

    /// How often this happens now.
    fn chance(&self, kind: Kind) -> Chance {
        match self.is_rough {
            true => self.making.rates.of(kind),
            false => Chance::NEVER,
        }
    }

    /// Whether this happens, to an escalation in this state.
    fn strikes(&mut self, kind: Kind, state: State) -> bool {
        let chance = self.chance(kind);
        let hits = self.tape.hits(chance);
        if hits {
            self.met(kind, state);
        }
        hits
    }

    /// Which of these happens, if one does.
    fn strikes_one(&mut self, kinds: &[Kind], state: State) -> Option<Kind> {
        let chances = kinds.iter().map(|kind| {
            (
                *kind,
                match self.is_rough {
                    true => self.making.rates.of(*kind),
                    false => Chance::NEVER,
                },
            )
        });
        let hit = self.tape.which(chances);
        if let Some(kind) = hit {
            self.met(kind, state);
        }
        hit
    }

    fn met(&mut self, kind: Kind, state: State) {
        self.witness.tally.met.add(kind, state);
        self.trace(kind as u64);
        self.log(|| format!("  ({kind}, while it {})", state.as_str()));
    }

    /// A span from `least` to less than `most`.
    fn span(&mut self, least: Micros, most: Micros) -> Micros {
        let range = u32::try_from(most - least).unwrap_or(u32::MAX);
        least + Micros::from(self.tape.below(range))
    }

    fn trace(&mut self, value: u64) {
        self.trace = mixed(self.trace, value);
    }

    fn log(&mut self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(format!("{} {}", Clock(self.now), line()));
        }
    }
}
