//! The preferred carrier is out of reach for an hour: after its first failures it hears of probes only, nobody waits for it, it carries
//! again once it has been well for a while, and the operators are told when and why.

use std::sync::Arc;

use rinban::escalation::{Became, News};

use super::{Answer, median_secs};
use crate::soak::{
    ground::{Ground, Offer, Shape},
    happen::{Event, Micros, SECOND},
    kind::Rates,
    phones::Health,
    run::live,
    tape::Tape,
    world::{Ended, Making, Sent, World},
};

/// When the carrier goes, and when it is back.
const FROM: Micros = 600 * SECOND;
const UNTIL: Micros = FROM + HOUR_SECS as Micros * SECOND;
const HOUR_SECS: u32 = 3_600;

/// How long a carrier must have been good before it is preferred again.
const SETTLED: Micros = 600 * SECOND;

/// The longest pause of a breaker, after which it finds out at last that the carrier is back.
const PAUSE_MOST: Micros = 600 * SECOND;

/// So many requests may find out that it is gone: two open its breaker, and a few more may be on their way.
const FOUND_OUT: usize = 4;

/// The carrier that goes; 1 is the spare.
const PREFERRED: usize = 0;

/// Runs the night.
pub fn answer(seed: u64) -> Answer {
    let offer = |weight| Offer {
        weight,
        per_second: 2,
    };
    let shape = Shape {
        is_told: true,
        ..Shape::with(&[offer(100), offer(0)])
    };
    let making = Making {
        ground: Arc::new(Ground::of_shape(&shape)),
        rates: Rates::none(),
        escalations: 500,
        pause: 40 * SECOND,
        mood: None,
        plant: None,
    };
    let sick = Event::CarrierSick {
        carrier: PREFERRED as u8,
        health: Health::Down,
        secs: HOUR_SECS,
    };
    let world = World::new(making, Tape::of_seed(seed)).counting().timing();
    judge(&live(world.with(FROM, sick)))
}

fn judge(night: &Ended) -> Answer {
    let mut answer = Answer::default();
    let to = |carrier: usize| move |sent: &&Sent| sent.carrier == carrier;
    let within = |from: Micros, until: Micros| move |sent: &&Sent| (from..until).contains(&sent.at);
    let count = |carrier, is_probe: bool| {
        let down = night.sent.iter().filter(within(FROM, UNTIL));
        let sent = down
            .filter(to(carrier))
            .filter(|sent| sent.is_probe == is_probe);
        sent.count()
    };
    answer.figure("calls to the preferred carrier before the outage", {
        let before = night.sent.iter().filter(within(0, FROM));
        before.filter(to(PREFERRED)).count()
    });
    answer.figure(
        "calls that found out that it is gone",
        count(PREFERRED, false),
    );
    answer.figure("probes of it while it was gone", count(PREFERRED, true));
    answer.figure("calls through the spare meanwhile", count(1, false));
    answer.must(
        count(PREFERRED, false) <= FOUND_OUT,
        "more calls than probes went to a carrier that was gone",
    );
    answer.must(count(PREFERRED, true) > 0, "it was never probed");
    let longest = night.tally.delays.iter().max().copied().unwrap_or(0);
    answer.figure(
        "median until a phone rings, s",
        format!("{:.2}", median_secs(&night.tally.delays)),
    );
    answer.figure("longest, s", format!("{:.2}", longest as f64 / 1e6));
    let again = night
        .sent
        .iter()
        .filter(to(PREFERRED))
        .filter(|sent| !sent.is_probe);
    let trial = again.clone().find(|sent| sent.at >= UNTIL);
    let settled = again.clone().filter(|sent| sent.at >= UNTIL).nth(1);
    let after = |sent: Option<&Sent>| sent.map_or(f64::NAN, |sent| (sent.at - UNTIL) as f64 / 6e7);
    answer.figure(
        "one call tries it after its return, min",
        format!("{:.1}", after(trial)),
    );
    answer.figure(
        "its calls return after its return, min",
        format!("{:.1}", after(settled)),
    );
    let returned = trial.zip(settled).is_some_and(|(trial, settled)| {
        settled.at - trial.at >= SETTLED
            && settled.at - UNTIL <= PAUSE_MOST + SETTLED + 600 * SECOND
    });
    answer.must(
        returned,
        "its calls did not return once it had been well for ten minutes",
    );
    notices(night, &mut answer);
    answer.keeps(night.broken.as_ref());
    answer
}

/// The operators hear of it twice: that nothing goes through it and why, and that it is well.
fn notices(night: &Ended, answer: &mut Answer) {
    let mut told = Vec::new();
    for notice in &night.disk.outbox {
        if let News::Provider { became, .. } = &notice.news {
            answer.figure(format!("told at {:.0}", notice.at), short(became));
            told.push(became);
        }
    }
    let is_right = matches!(told[..], [Became::Sick { .. }, Became::Well]);
    answer.must(is_right, format!("the operators were told {told:?}"));
}

fn short(became: &Became) -> String {
    match became {
        Became::Sick { sickness, .. } => format!("sick: {sickness}"),
        Became::Well => "well".to_owned(),
        other => format!("{other:?}"),
    }
}
