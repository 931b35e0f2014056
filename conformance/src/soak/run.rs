//! Runs worlds side by side on all cores. Each world stands for itself and is made from the seed and its number alone, and what
//! they add up to is summed in the order of their numbers: so the sum does not depend on how many threads there were.

use std::{
    cell::Cell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{
    check::{Broken, Check},
    ground::Ground,
    happen::SECOND,
    kind::Rates,
    seam::Plant,
    tally::Tally,
    tape::{Tape, mixed},
    world::{Ended, Making, World},
};

/// How many escalations a world has, if there are that many.
const WORLD: u64 = 400;

/// From one alert to the next, at most: storms, busy days and quiet ones.
const PAUSES: [u64; 4] = [60 * SECOND, 300 * SECOND, 600 * SECOND, 1_200 * SECOND];

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Job {
    /// Everything follows from it.
    pub seed: u64,
    /// At least so many escalations,
    pub escalations: u64,
    /// and at least so many calls.
    pub calls: u64,
    /// How often what goes wrong, before it is raised.
    pub rates: Rates,
    /// A mistake made on purpose.
    pub plant: Option<Plant>,
    /// Whether it is kept how long each run took to its first ringing phone.
    pub is_timed: bool,
    /// How many worlds run at a time.
    pub threads: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Everything up to and with the last world that counts.
    pub tally: Tally,
    /// The first world in which a promise was broken, and how.
    pub broken: Option<(u64, Broken)>,
}

impl Job {
    /// How many escalations each world has.
    fn world_size(&self) -> u64 {
        match self.escalations {
            0 => WORLD,
            some => some.min(WORLD),
        }
    }

    /// What a world of this job is made of.
    pub fn making(&self, world: u64) -> Making {
        Making {
            ground: Arc::new(Ground::of_world(world)),
            rates: self.rates.of_world(self.seed, world),
            escalations: self.world_size(),
            pause: PAUSES[(world / 16) as usize % PAUSES.len()],
            mood: None,
            plant: self.plant,
        }
    }

    /// A world's own tape.
    pub fn tape(&self, world: u64) -> Tape {
        Tape::of_seed(mixed(self.seed, world))
    }

    fn world(&self, number: u64) -> World {
        let world = World::new(self.making(number), self.tape(number));
        match self.is_timed {
            true => world.timing(),
            false => world,
        }
    }

    fn is_done(&self, tally: &Tally) -> bool {
        tally.escalations >= self.escalations && tally.calls >= self.calls
    }

    /// Runs worlds until there have been enough, or a promise is broken.
    pub fn run(&self) -> Outcome {
        let ledger = Mutex::new(Ledger::default());
        let next = AtomicU64::new(0);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if locked(&ledger, |ledger| ledger.last.is_some()) {
                    return;
                }
                let ended = live(self.world(number));
                locked(&ledger, |ledger| ledger.put(self, number, ended));
            }
        };
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(work);
            }
        });
        let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
        Outcome {
            tally: ledger.sum,
            broken: ledger.broken,
        }
    }
}

/// Sums worlds in order.
#[derive(Default)]
struct Ledger {
    sum: Tally,
    /// Worlds that have ended before an earlier one.
    early: BTreeMap<u64, (Tally, Option<Broken>)>,
    /// The number of the next to be summed.
    next: u64,
    /// The last that counts, once that is known.
    last: Option<u64>,
    broken: Option<(u64, Broken)>,
}

impl Ledger {
    fn put(&mut self, job: &Job, number: u64, ended: Ended) {
        self.early.insert(number, (ended.tally, ended.broken));
        while self.last.is_none()
            && let Some((tally, broken)) = self.early.remove(&self.next)
        {
            self.sum.add(&tally);
            if broken.is_some() || job.is_done(&self.sum) {
                self.last = Some(self.next);
                self.broken = broken.map(|broken| (self.next, broken));
            }
            self.next += 1;
        }
    }
}

fn locked<T>(ledger: &Mutex<Ledger>, what: impl FnOnce(&mut Ledger) -> T) -> T {
    what(&mut ledger.lock().unwrap_or_else(PoisonError::into_inner))
}

thread_local! {
    /// How often this thread has panicked; the desk itself survives a panic in an escalation, and here that is a failure.
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts panics instead of printing them; to be called once.
pub fn count_panics() {
    std::panic::set_hook(Box::new(|_| PANICS.set(PANICS.get() + 1)));
}

/// Lets a world live. A panic in it is a broken promise.
pub fn live(world: World) -> Ended {
    guarded(|| world.live())
}

/// Lets a world live in its own way. A panic in it is a broken promise.
pub fn guarded(life: impl FnOnce() -> Ended) -> Ended {
    PANICS.set(0);
    let mut ended = catch_unwind(AssertUnwindSafe(life)).unwrap_or_default();
    ended.tally.checked(Check::NoPanic);
    if PANICS.get() > 0 && ended.broken.is_none() {
        ended.broken = Some(Broken {
            check: Check::NoPanic,
            at: 0,
            what: format!("{} panics", PANICS.get()),
        });
    }
    ended
}
