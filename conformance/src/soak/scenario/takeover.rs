//! A core that takes over, after a restart or from another process, knows of its carriers what the last one knew: an open breaker
//! stays open, a drained bucket drained, a flipped ratio flipped.

use std::sync::Arc;

use super::Answer;
use crate::soak::{
    ground::{Ground, Offer, Shape},
    happen::{Event, Micros, SECOND},
    kind::{Kind, Rates},
    phones::Health,
    run::live,
    tape::Tape,
    world::{Making, World},
};

/// How often a core dies, and how many do.
const EVERY: Micros = 37 * SECOND;
const DEATHS: u64 = 100;

/// Runs an hour in which the first carrier is out of reach and the second accepts everything and delivers nothing.
pub fn answer(seed: u64) -> Answer {
    let offer = |weight| Offer {
        weight,
        per_second: 1,
    };
    let shape = Shape {
        // Longer than a sample takes to count: a call that is given up before says nothing of its carrier.
        grace_secs: 90,
        ..Shape::with(&[offer(50), offer(50), offer(0)])
    };
    // Who dies just after a call was decided leaves an empty bucket.
    let mut rates = Rates::none();
    rates.put(Kind::CrashAfter, 0.1);
    let making = Making {
        ground: Arc::new(Ground::of_shape(&shape)),
        rates,
        escalations: 300,
        pause: 20 * SECOND,
        mood: None,
        plant: None,
    };
    let sick = |carrier, health| Event::CarrierSick {
        carrier,
        health,
        secs: 3_600,
    };
    let mut world = World::new(making, Tape::of_seed(seed))
        .with(60 * SECOND, sick(0, Health::Down))
        .with(60 * SECOND, sick(1, Health::Mute));
    for number in 1..=DEATHS {
        world = world.with(number * EVERY, Event::Crash);
    }
    let ended = live(world);
    let mut answer = Answer::default();
    let tally = &ended.tally;
    for (name, times) in [
        ("an open breaker", tally.inherited_open),
        ("a drained bucket", tally.inherited_drained),
        ("a flipped ratio", tally.inherited_flipped),
    ] {
        answer.figure(format!("takeovers that inherited {name}"), times);
        answer.must(times > 0, format!("no takeover had {name} to inherit"));
    }
    answer.figure("takeovers", tally.crashes);
    answer.keeps(ended.broken.as_ref());
    answer
}
