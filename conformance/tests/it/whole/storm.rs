//! Hundreds of alerts at once, carriers that fail at random, people who do anything, and SIGKILL at random moments.
//!
//! `RINBAN_SEED` gives the same people and the same faults again; `RINBAN_WHOLE_GROUPS` says how many alerts there are.

use std::{
    env, thread,
    time::{Duration, Instant},
};

use conformance::serve::{
    Options,
    faults::{Kind, Rate},
    people::People,
};

use super::{
    judge::{Night, Taken, judge},
    system::{Plan, System, event, fast, within},
};

/// How long everything may take on a machine that is busy with other things; alone it takes a minute or so.
const LIMIT: Duration = Duration::from_secs(600);

/// How many alerts wait for somebody at the same time.
const AT_A_TIME: usize = 150;

fn number_of(name: &str, usual: u64) -> u64 {
    let given = env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn seed() -> u64 {
    let seed = number_of("RINBAN_SEED", fastrand::u64(..1 << 32));
    println!("RINBAN_SEED={seed}");
    seed
}

/// Each about once in a hundred occasions; what hangs for minutes has cases of its own.
fn carrier(seed: u64, spread: u64) -> Options {
    let kinds = [
        Kind::ErrorBefore,
        Kind::ErrorAfter,
        Kind::CloseBefore,
        Kind::CloseAfter,
        Kind::ResetBefore,
        Kind::ResetAfter,
        Kind::CutReply,
        Kind::WrongJson,
        Kind::Garbage,
        Kind::Throttle,
        Kind::LoseCallback,
        Kind::RepeatCallback,
        Kind::DelayCallback,
        Kind::ReorderCallback,
        Kind::LoseWebhook,
        Kind::RepeatWebhook,
        Kind::NeverFetch,
    ];
    Options {
        people: People::random(seed),
        seed: seed.wrapping_add(spread),
        rates: kinds.map(|kind| Rate { kind, chance: 0.01 }).to_vec(),
        ..fast(100.0)
    }
}

/// Hands all alerts over, so many at a time, and kills the core again and again: after so many calls and a moment more, so
/// that it gets on between two kills however slow the machine is. How often it was killed.
fn rage(system: &mut System, seed: u64) -> u32 {
    let mut dice = fastrand::Rng::with_seed(seed);
    let give_up = Instant::now() + LIMIT;
    let mut watch = Taken::default();
    let (mut given, mut kills, mut next_kill) = (0, 0, 30);
    loop {
        let taken = watch.look(system);
        // What a killed core had on disk is known from the journals only, which take a while to read.
        let settled = watch.all_have_pressed(system.groups())
            && watch.believe(&system.journals()) == system.groups();
        if settled || Instant::now() > give_up {
            return kills;
        }
        let until = system.groups().min(taken + AT_A_TIME);
        while given < until {
            system.alert(given);
            given += 1;
        }
        if watch.calls > next_kill {
            thread::sleep(Duration::from_millis(dice.u64(..300)));
            system.crash();
            kills += 1;
            next_kill = watch.calls + dice.u64(20..200);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Every alert recovers, and every phone falls silent.
fn recover(system: &System) {
    for group in 0..system.groups() {
        let mut recovery = event(group, "recovery", 0);
        recovery["id"] = format!("recovery-{group}").into();
        system.hand_over(&recovery);
    }
    let silent = within(LIMIT, || {
        let night = Night::seen(system);
        let rings = night.calls.iter().any(|(_, call)| call.ended.is_none());
        (!rings).then_some(())
    });
    assert!(silent.is_some(), "a phone still rings");
}

#[test]
fn hundreds_of_alerts_survive_failing_carriers_and_a_core_that_is_killed_again_and_again() {
    let seed = seed();
    let groups = number_of("RINBAN_WHOLE_GROUPS", 300);
    let mut system = System::start(Plan {
        carriers: [carrier(seed, 0), carrier(seed, 1)],
        groups: usize::try_from(groups).expect("small"),
        team: 3,
        ..Plan::default()
    });
    let start = Instant::now();
    let kills = rage(&mut system, seed);
    let took = start.elapsed();
    recover(&system);
    let tally = judge(&system);
    println!(
        "{groups} alerts taken in {took:.1?} over {kills} kills: {} calls, {} attempts in doubt, {} phones rang twice at a time",
        tally.calls, tally.doubtful, tally.twice
    );
    assert!(tally.calls > system.groups(), "only {} calls", tally.calls);
    assert!(kills >= 3, "only {kills} cores were killed");
}
