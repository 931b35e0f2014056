//! The core's own logic under a seeded scheduler with virtual time.

pub mod check;
pub mod disk;
pub mod ground;
pub mod happen;
pub mod kind;
pub mod phones;
pub mod seam;
pub mod tally;
pub mod tape;
pub mod witness;
pub mod world;

use crate::status::Status;

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// seed
    #[arg(long)]
    seed: u64,
    /// n
    #[arg(long)]
    worlds: u64,
    /// n
    #[arg(long, default_value_t = 500)]
    each: u64,
}

/// Runs it.
pub fn main(args: Args) -> Status {
    let mut sum = tally::Tally::default();
    let begin = std::time::Instant::now();
    for number in 0..args.worlds {
        let making = world::Making {
            ground: std::sync::Arc::new(ground::Ground::of_world(number)),
            rates: kind::Rates::default().of_world(args.seed, number),
            escalations: args.each,
            pause: 60 * happen::SECOND,
            plant: None,
        };
        let ended = world::World::new(making, tape::Tape::of_seed(tape::mixed(args.seed, number)))
            .logging()
            .live();
        sum.add(&ended.tally);
        if let Some(broken) = ended.broken {
            for line in ended.log.iter().rev().take(60).rev() {
                println!("{line}");
            }
            println!("world {number}: {broken}");
            break;
        }
    }
    println!("{sum:?} {:?}", begin.elapsed());
    Status::Internal
}
