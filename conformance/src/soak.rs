//! The core's own logic under a seeded scheduler with virtual time: alerts, escalations, dispatch and what is on disk, with
//! everything that goes wrong around them. In reading order:
//!
//! * [`world`]: one core, its disk, its monitors and its phones, from the first alert to the last silence;
//! * [`happen`]: what is to happen, and when;
//! * [`ground`], [`phones`], [`disk`]: where it takes place, the phone network as it really is, and what is durable;
//! * [`seam`]: where the core is driven, and where mistakes can be planted;
//! * [`witness`], [`check`]: what must hold, looked at all along;
//! * [`kind`], [`tape`], [`file`]: what goes wrong how often, and where luck comes from;
//! * [`run`], [`tally`], [`report`]: many worlds, what they add up to, and how it is told;
//! * [`shrink`]: how a failure is made small;
//! * [`scenario`]: questions that one world answers.

pub mod check;
pub mod disk;
pub mod file;
pub mod ground;
pub mod happen;
pub mod kind;
pub mod phones;
pub mod report;
pub mod run;
pub mod scenario;
pub mod seam;
pub mod shrink;
pub mod tally;
pub mod tape;
pub mod witness;
pub mod world;

use std::{fs, num::NonZeroUsize, path::PathBuf, thread::available_parallelism, time::Instant};

use self::{
    kind::Rates,
    run::{Job, Outcome, count_panics},
    scenario::Scenario,
    seam::Plant,
};
use crate::status::Status;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many escalations there are at least [default: 10000, unless calls are given]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    escalations: Option<u64>,
    /// How many calls there are at least
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    calls: Option<u64>,
    /// Everything follows from it
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How often what goes wrong: KIND=P or all=P, or a file with one of these on each line
    #[arg(long, value_name = "FILE|KIND=P")]
    rates: Vec<String>,
    /// How many worlds run at a time [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Run this world only, and print what happens in it
    #[arg(long, value_name = "W")]
    world: Option<u64>,
    /// Run the world on this tape instead of its own
    #[arg(long, value_name = "FILE", requires = "world")]
    tape: Option<PathBuf>,
    /// Make a mistake on purpose, to see it found
    #[arg(long, value_name = "MISTAKE")]
    plant: Option<Plant>,
    /// Answer one question instead
    #[arg(long, value_name = "WHICH", conflicts_with_all = ["world", "plant", "rates"])]
    scenario: Option<Scenario>,
}

/// How many escalations there are if nothing is said.
const ESCALATIONS: u64 = 10_000;

/// Runs it.
pub fn main(args: Args) -> Status {
    let job = match args.job() {
        Ok(job) => job,
        Err(error) => {
            eprintln!("conformance soak: {error}");
            return Status::Usage;
        }
    };
    count_panics();
    match (args.scenario, args.world) {
        (Some(scenario), _) => scenario::main(scenario, &job),
        (None, Some(world)) => one_world(&args, &job, world),
        (None, None) => many_worlds(&job),
    }
}

impl Args {
    fn job(&self) -> Result<Job, String> {
        let escalations = match (self.escalations, self.calls) {
            (None, None) => ESCALATIONS,
            (escalations, _) => escalations.unwrap_or(0),
        };
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Job {
            seed: self.seed,
            escalations,
            calls: self.calls.unwrap_or(0),
            rates: rates(&self.rates)?,
            plant: self.plant,
            is_timed: false,
            threads: self.threads.map_or(cores, NonZeroUsize::get),
        })
    }
}

/// Rates by hand: on the command line, or in a file.
fn rates(given: &[String]) -> Result<Rates, String> {
    let mut rates = Rates::default();
    for text in given {
        if text.contains('=') {
            rates.set(text).map_err(|error| error.to_string())?;
            continue;
        }
        let lines = fs::read_to_string(text)
            .map_err(|error| format!("the rates in {text} cannot be read: {error}"))?;
        for (number, line) in (1..).zip(lines.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let set = rates.set(line);
                set.map_err(|error| format!("{text}, line {number}: {error}"))?;
            }
        }
    }
    Ok(rates)
}

fn many_worlds(job: &Job) -> Status {
    println!("seed {}, {} threads", job.seed, job.threads);
    let begun = Instant::now();
    let Outcome { tally, broken } = job.run();
    print!("{}", report::summary(&tally, begun.elapsed()));
    if let Some((world, broken)) = broken {
        let shrunk = shrink::shrink(job, world, broken.check);
        print!(
            "\n{}",
            report::failure(job, world, &broken, shrunk.as_ref())
        );
        return Status::Failed;
    }
    let never = report::never_checked(&tally);
    for check in &never {
        println!("never looked at: {}; run more escalations", check.text());
    }
    match never.is_empty() {
        true => Status::Passed,
        false => Status::Failed,
    }
}

/// A world that is looked at closely.
fn one_world(args: &Args, job: &Job, world: u64) -> Status {
    let tape = match args.tape.as_deref().map(file::read).transpose() {
        Ok(draws) => draws.map_or_else(|| job.tape(world), tape::Tape::of_draws),
        Err(error) => {
            eprintln!("conformance soak: {error}");
            return Status::Usage;
        }
    };
    let ended = run::live(world::World::new(job.making(world), tape).logging());
    print!("{}", report::log(&ended.log));
    println!("trace {:016x}", ended.tally.trace);
    match ended.broken {
        None => {
            println!("world {world} of seed {}: every promise is kept", job.seed);
            Status::Passed
        }
        Some(broken) => {
            println!("BROKEN in world {world} of seed {}: {broken}", job.seed);
            Status::Failed
        }
    }
}
