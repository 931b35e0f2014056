//! 256 escalations want to call through one carrier that takes one call a second: it is asked once a second, over restarts too.

use std::sync::Arc;

use super::Answer;
use crate::soak::{
    ground::{Ground, Offer, Shape},
    happen::{Event, Micros, SECOND},
    kind::Rates,
    phones::Mood,
    run::guarded,
    tape::Tape,
    world::{Making, World},
};

/// How many want to call.
const CALLERS: usize = 256;

/// What is looked at, once all of them want to.
const FROM: Micros = 120 * SECOND;
const UNTIL: Micros = FROM + 600 * SECOND;

/// When a core dies.
const DEATHS: [Micros; 3] = [250 * SECOND, 400 * SECOND, 550 * SECOND];

/// By so much of a hundred the rate may be missed.
const OFF: f64 = 1.0;

/// Runs ten minutes in which everybody is on the phone.
pub fn answer(seed: u64) -> Answer {
    let offer = Offer {
        weight: 100,
        per_second: 1,
    };
    let shape = Shape {
        groups: (0..CALLERS).map(|person| vec![person]).collect(),
        ..Shape::with(&[offer])
    };
    let making = Making {
        ground: Arc::new(Ground::of_shape(&shape)),
        rates: Rates::none(),
        escalations: u64::MAX,
        pause: SECOND / 32,
        mood: Some(Mood::Busy),
        plant: None,
    };
    let mut world = World::new(making, Tape::of_seed(seed)).counting();
    for at in DEATHS {
        world = world.with(at, Event::Crash);
    }
    let ended = guarded(|| world.live_until(UNTIL));
    let mut answer = Answer::default();
    let sent = ended
        .sent
        .iter()
        .filter(|sent| (FROM..UNTIL).contains(&sent.at));
    let times: Vec<Micros> = sent.map(|sent| sent.at).collect();
    let pauses: Vec<Micros> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let down = ended.tally.down_micros;
    let up_secs = (UNTIL - FROM - down) as f64 / 1e6;
    let off = (times.len() as f64 / up_secs - 1.0) * 100.0;
    answer.figure("escalations that want to call", ended.tally.escalations);
    answer.figure("takeovers meanwhile", ended.tally.crashes);
    answer.figure("seconds in which a core was up", format!("{up_secs:.1}"));
    answer.figure("calls sent in them", times.len());
    answer.figure("off the rate, %", format!("{off:+.2}"));
    let shortest = pauses.iter().min().copied().unwrap_or(0);
    answer.figure(
        "shortest pause between two, s",
        format!("{:.3}", shortest as f64 / 1e6),
    );
    answer.must(off.abs() <= OFF, "the rate is missed by more than 1 %");
    answer.must(
        shortest >= SECOND,
        "two calls follow each other too quickly",
    );
    answer.must(
        ended.tally.escalations >= CALLERS as u64,
        "too few want to call",
    );
    answer.keeps(ended.broken.as_ref());
    answer
}
