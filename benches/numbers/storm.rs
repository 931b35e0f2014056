//! A thousand plugin processes, sixteen at once.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Instant,
};

use rinban::alert::Event;

use crate::{
    host::{Host, bare},
    programs::programs,
    report::{Row, per_second},
    rounds::{interleaved, median, median_ratio},
};

const PROCESSES: u64 = 1_000;
const AT_ONCE: usize = 16;
const ROUNDS: usize = 7;

/// Processes a second.
fn rate(command: impl Fn(u64) -> Command + Sync) -> f64 {
    let begin = Instant::now();
    run_all(PROCESSES, AT_ONCE, command);
    PROCESSES as f64 / begin.elapsed().as_secs_f64()
}

/// Runs `count` processes, `at_once` at any time. Each must say that all went well.
pub(crate) fn run_all(count: u64, at_once: usize, command: impl Fn(u64) -> Command + Sync) {
    let next = AtomicU64::new(1);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number > count {
                        return;
                    }
                    let status = command(number).status().expect("starts");
                    assert!(status.success(), "process {number}: {status}");
                }
            });
        }
    });
}

/// How many of the events 1 to `count` are not in the spool.
pub(crate) fn lost(host: &Host, count: u64) -> usize {
    let mut ids: Vec<String> = host
        .spooled()
        .iter()
        .filter_map(|path| Event::from_json(&std::fs::read(path).ok()?).ok())
        .map(|event| event.dedup_key.to_string())
        .collect();
    ids.sort_unstable();
    (1..=count)
        .filter(|id| ids.binary_search(&id.to_string()).is_err())
        .count()
}

pub(crate) fn figure() -> Vec<Row> {
    let mut missing = 0;
    let results = interleaved(
        ROUNDS,
        &mut [&mut || rate(|_| bare(&programs().noop)), &mut || {
            let host = Host::new().with_lock();
            let rate = rate(|number| host.alertscript(number));
            missing += lost(&host, PROCESSES);
            rate
        }],
    );
    vec![
        Row::new("1,000 plugin processes, 16 at once")
            .reference(format!("{} noop", per_second(median(&results[0]))))
            .ours(per_second(median(&results[1])))
            .at_least(median_ratio(&results[1], &results[0]), 0.65),
        Row::new("lost of these")
            .ours(format!("{missing} of {}", PROCESSES * ROUNDS as u64))
            .absolute("0", missing == 0),
    ]
}
