//! Makes a failure small: the tape is cut and zeroed as long as the same promise is still broken.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    check::{Broken, Check},
    run::{Job, live},
    tape::Tape,
    world::World,
};

/// How long is tried.
const BUDGET: Duration = Duration::from_secs(10);

/// A failure, made small.
#[derive(Debug)]
pub struct Shrunk {
    /// The draws that lead to it.
    pub draws: Arc<[u32]>,
    /// How many there were at first.
    pub from: usize,
    /// What is broken.
    pub broken: Broken,
    /// What happened, for people.
    pub log: Vec<String>,
}

/// A world whose failure is made small.
struct Shrinking<'a> {
    job: &'a Job,
    world: u64,
    check: Check,
    draws: Vec<u32>,
    give_up: Instant,
}

/// Makes the failure of a world small; none if it does not fail again, which would be a mistake of the soak.
pub fn shrink(job: &Job, world: u64, check: Check) -> Option<Shrunk> {
    let making = job.making(world);
    let ended = live(World::new(making, job.tape(world).writing()));
    ended.broken.filter(|broken| broken.check == check)?;
    let draws = ended.tape.into_written();
    let from = draws.len();
    let mut shrinking = Shrinking {
        job,
        world,
        check,
        draws,
        give_up: Instant::now() + BUDGET,
    };
    shrinking.make_small();
    let draws: Arc<[u32]> = shrinking.draws.into();
    let (broken, log) = replay(job, world, &draws);
    Some(Shrunk {
        draws,
        from,
        broken: broken?,
        log,
    })
}

/// Lets a world live again on these draws: what is broken, and what happened.
pub fn replay(job: &Job, world: u64, draws: &Arc<[u32]>) -> (Option<Broken>, Vec<String>) {
    let tape = Tape::of_draws(Arc::clone(draws));
    let ended = live(World::new(job.making(world), tape).logging());
    (ended.broken, ended.log)
}

impl Shrinking<'_> {
    fn make_small(&mut self) {
        let mut size = self.draws.len() / 2;
        while size > 0 && Instant::now() < self.give_up {
            self.pass(size, |draws, from, to| drop(draws.drain(from..to)));
            self.pass(size, |draws, from, to| draws[from..to].fill(0));
            size /= 2;
        }
    }

    /// Changes one stretch after another, from the end, and keeps what still fails.
    fn pass(&mut self, size: usize, change: fn(&mut Vec<u32>, usize, usize)) {
        let mut to = self.draws.len();
        while to > 0 && Instant::now() < self.give_up {
            let from = to.saturating_sub(size);
            let mut changed = self.draws.clone();
            change(&mut changed, from, to.min(self.draws.len()));
            if changed != self.draws && self.fails(&changed) {
                self.draws = changed;
            }
            to = from.min(self.draws.len());
        }
    }

    fn fails(&self, draws: &[u32]) -> bool {
        let tape = Tape::of_draws(draws.into());
        let ended = live(World::new(self.job.making(self.world), tape));
        ended
            .broken
            .is_some_and(|broken| broken.check == self.check)
    }
}
