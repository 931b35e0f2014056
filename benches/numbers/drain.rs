//! The spool, drained into the store and folded by the engine; and how soon the core wakes up for a new file.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use rinban::{
    handoff::{SpoolReader, SpoolWatch},
    node::Node,
    store::Reader,
};
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    host::Host,
    ingest::load,
    report::{Row, ms, per_second},
    rounds::{median, percentile},
};

const EVENTS: u64 = 20_000;
const ROUNDS: usize = 5;
const WAKE_UPS: u64 = 1_000;

pub(crate) fn figure() -> Vec<Row> {
    let runtime = Runtime::new().expect("a runtime");
    let mut stored = Vec::new();
    let mut folded = Vec::new();
    for _ in 0..ROUNDS {
        let host = Host::new();
        spool(&host);
        let (until_stored, until_folded) = runtime.block_on(drain(&host));
        stored.push(EVENTS as f64 / until_stored);
        folded.push(EVENTS as f64 / until_folded);
    }
    let rate = median(&stored);
    let wakes = runtime.block_on(wake_ups());
    let wake = median(&wakes);
    vec![
        Row::new("spool drained into the store, from the start of the core")
            .ours(per_second(rate))
            .absolute(">= 15000 /s", rate >= 15_000.0),
        Row::new("the same until all is folded into alerts and journal")
            .ours(per_second(median(&folded))),
        Row::new("from a file's name in the spool to its claim, p50")
            .ours(format!(
                "{} (p99 {})",
                ms(wake),
                ms(percentile(&wakes, 0.99))
            ))
            .absolute("<= 0.1 ms", wake <= 1e-4),
    ]
}

/// What plugins have left: written without fsync, since it is not they who are measured.
fn spool(host: &Host) {
    let new = SpoolReader::open(host.spool()).expect("a spool").new_dir();
    for number in 0..EVENTS {
        let file = new.join(format!("zabbix_{number}_problem.json"));
        fs::write(file, load::event(number)).expect("writes");
    }
}

/// Seconds from before the core starts until all is stored, and until all is folded.
async fn drain(host: &Host) -> (f64, f64) {
    let begin = Instant::now();
    let node = Node::start(host.config()).await.expect("a core");
    let pause = || tokio::time::sleep(Duration::from_millis(1));
    while node.engine().totals().events_accepted_total < EVENTS {
        pause().await;
    }
    let stored = begin.elapsed().as_secs_f64();
    let open = async || {
        node.engine()
            .load()
            .await
            .map_or(0, |load| load.open_alerts)
    };
    while open().await < EVENTS as usize {
        pause().await;
    }
    // The turn that folded the last is committed when the next one answers.
    open().await;
    let folded = begin.elapsed().as_secs_f64();
    node.stop().await;
    let snapshot = Reader::open(&host.state_dir())
        .and_then(|mut reader| reader.snapshot())
        .expect("reads");
    assert_eq!(snapshot.alerts.len(), EVENTS as usize);
    assert!(snapshot.inbox.is_empty() && host.spooled().is_empty());
    (stored, folded)
}

/// Seconds from each rename into the spool to its claim, by a core that waits.
async fn wake_ups() -> Vec<f64> {
    let host = Host::new();
    let mut reader = SpoolReader::open(host.spool()).expect("a spool");
    let new = reader.new_dir();
    let mut watch = SpoolWatch::new(&new);
    let (claimed, mut claims) = mpsc::unbounded_channel();
    let loop_task = tokio::spawn(async move {
        while let Ok(found) = reader.claim(512) {
            let now = Instant::now();
            if found.is_empty() {
                watch.changed().await;
            }
            for (event, claim) in found {
                let _ = claimed.send((event.id, now));
                reader.remove([claim]);
            }
        }
    });
    let tmp = host.spool().join("tmp");
    let writer = thread::spawn(move || {
        let mut took = Vec::new();
        for number in 0..WAKE_UPS {
            let name = format!("zabbix_{number}_problem.json");
            fs::write(tmp.join(&name), load::event(number)).expect("writes");
            // The reader has gone to sleep by then.
            thread::sleep(Duration::from_millis(2));
            let begin = Instant::now();
            fs::rename(tmp.join(&name), new.join(&name)).expect("renames");
            let (_, at) = claims.blocking_recv().expect("a claim");
            took.push(at.duration_since(begin).as_secs_f64());
        }
        took
    });
    let took = tokio::task::spawn_blocking(move || writer.join())
        .await
        .expect("no panic")
        .expect("no panic");
    loop_task.abort();
    took
}
