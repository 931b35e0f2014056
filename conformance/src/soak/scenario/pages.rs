//! Under 30 % faults of the carriers, ambiguous ones included: no page is lost, a reply that is lost leads to at most one call too
//! many, and phones ring a little later.

use super::{Answer, median_secs};
use crate::soak::{
    kind::{Kind, Rates},
    run::{Job, Outcome},
    tally::Tally,
};

/// Of a hundred requests so many go wrong in each way; together they are 30.
const FAULTS: [(Kind, f64); 8] = [
    (Kind::Refused, 0.06),
    (Kind::Throttled, 0.05),
    (Kind::Account, 0.01),
    (Kind::OurRequest, 0.01),
    (Kind::LostBefore, 0.06),
    (Kind::LostAfter, 0.06),
    (Kind::SlowReply, 0.04),
    (Kind::Twin, 0.01),
];

/// What else carriers do wrong, of all occasions.
const MORE: [(Kind, f64); 6] = [
    (Kind::ListLags, 0.3),
    (Kind::LookUpFails, 0.3),
    (Kind::EndFails, 0.3),
    (Kind::CallbackLost, 0.05),
    (Kind::CallbackLate, 0.05),
    (Kind::CallbackTwice, 0.05),
];

/// Runs as many pages as there are to be escalations, without faults and with them.
pub fn answer(job: &Job) -> Answer {
    let mut answer = Answer::default();
    let (plain, rough) = (run(job, false), run(job, true));
    let pages = rough.tally.escalations;
    answer.figure("pages", pages);
    answer.figure("calls requested", rough.tally.calls);
    answer.figure("requests that went wrong, %", share(&rough.tally));
    answer.figure("requests of unknown outcome", rough.tally.doubts);
    answer.figure("second calls because of these", rough.tally.duplicates);
    let (before, after) = (&plain.tally.delays, &rough.tally.delays);
    let rung = pages.saturating_sub(after.len() as u64);
    answer.figure("pages that ended before any phone rang", rung);
    answer.figure(
        "median until a phone rings, without faults, s",
        secs(before),
    );
    answer.figure("median until a phone rings, with faults, s", secs(after));
    let added = median_secs(after) - median_secs(before);
    answer.figure("median delay added, s", format!("{added:.2}"));
    answer.keeps(plain.broken.as_ref().map(|(_, broken)| broken));
    answer.keeps(rough.broken.as_ref().map(|(_, broken)| broken));
    answer.must(
        rough.tally.duplicates <= rough.tally.doubts,
        "more second calls than requests of unknown outcome",
    );
    answer
}

fn run(job: &Job, with_faults: bool) -> Outcome {
    let mut rates = Rates::none();
    let faults = FAULTS.iter().chain(&MORE).filter(|_| with_faults);
    for (kind, of_one) in faults {
        rates.put(*kind, *of_one);
    }
    let job = Job {
        rates,
        is_timed: true,
        ..job.clone()
    };
    job.run()
}

/// How many of a hundred requests went wrong.
fn share(tally: &Tally) -> String {
    let wrong: u64 = FAULTS.iter().map(|(kind, _)| tally.met.sum(*kind)).sum();
    format!("{:.1}", wrong as f64 * 100.0 / tally.calls.max(1) as f64)
}

fn secs(delays: &[u64]) -> String {
    format!("{:.2}", median_secs(delays))
}
