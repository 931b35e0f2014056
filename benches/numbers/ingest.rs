//! Durable ingest over HTTP, against the same HTTP server without anything behind it; and that what was acknowledged is
//! there after kill -9.

mod echo;
pub(crate) mod load;
mod server;

pub(crate) use echo::{ECHO, serve_echo};

use std::{path::Path, time::Duration};

use rinban::store::Reader;
use rusqlite::{Connection, OpenFlags};

use self::{load::Load, server::Server};
use crate::{
    host::Host,
    report::{Row, ms, per_second},
    rounds::{interleaved, median, median_ratio, percentile},
};

const ROUNDS: usize = 7;
const CLIENTS: usize = 256;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(3);
const KILLS: usize = 10;

/// What came of a core under load that was killed.
struct Killed {
    load: Load,
    /// Acknowledged, but not in the store.
    lost: u64,
    /// In the store, but not folded in yet.
    behind: usize,
}

/// Loads a core, kills it under the load, and looks at what it leaves.
fn load_and_kill(clients: usize, warm_up: Duration, measured: Duration) -> Killed {
    let host = Host::new();
    let server = Server::core(&host);
    let load = load::run(server.address(), clients, warm_up, measured, || {
        server.kill();
    });
    let lost = lost(&host.state_dir(), &load);
    let behind = Reader::open(&host.state_dir())
        .and_then(|mut reader| reader.snapshot())
        .map_or(0, |snapshot| snapshot.inbox.len());
    Killed { load, lost, behind }
}

fn load_echo(clients: usize) -> Load {
    let server = Server::echo();
    load::run(server.address(), clients, WARM_UP, MEASURED, || {
        server.kill();
    })
}

/// How many acknowledged events the store does not have.
fn lost(state_dir: &Path, load: &Load) -> u64 {
    let db = Connection::open_with_flags(
        state_dir.join("rinban.db"),
        OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .expect("a store");
    let mut found = vec![0_u64; load.acknowledged.len()];
    let mut ids = db.prepare("SELECT id FROM events").expect("a query");
    let mut rows = ids.query([]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let id: String = row.get(0).expect("an id");
        let (client, nth) = load::client_of(&id).expect("an id of the load");
        found[client] += u64::from(nth < load.acknowledged[client]);
    }
    let acknowledged: u64 = load.acknowledged.iter().sum();
    acknowledged - found.iter().sum::<u64>()
}

pub(crate) fn figure() -> Vec<Row> {
    let (mut lost, mut behind) = (0, 0);
    let (mut latency, mut echo_latency) = (Vec::new(), Vec::new());
    let results = interleaved(
        ROUNDS,
        &mut [
            &mut || {
                let load = load_echo(CLIENTS);
                echo_latency.push(percentile(&load.latencies, 0.99));
                load.rate
            },
            &mut || {
                let killed = load_and_kill(CLIENTS, WARM_UP, MEASURED);
                lost += killed.lost;
                behind = behind.max(killed.behind);
                latency.push(percentile(&killed.load.latencies, 0.99));
                killed.load.rate
            },
        ],
    );
    vec![
        Row::new("durable ingest over HTTP, 256 clients")
            .reference(format!("{} echo", per_second(median(&results[0]))))
            .ours(per_second(median(&results[1])))
            .at_least(median_ratio(&results[1], &results[0]), 0.7),
        Row::new("the same, p99 of a request")
            .reference(ms(median(&echo_latency)))
            .ours(ms(median(&latency))),
        Row::new("the same, acknowledged and lost")
            .ours(lost.to_string())
            .absolute("0", lost == 0),
        Row::new("the same, most events in the inbox at the end").ours(behind.to_string()),
    ]
}

pub(crate) fn kill_figure() -> Vec<Row> {
    let (mut lost, mut acknowledged) = (0, 0);
    for _ in 0..KILLS {
        // At another moment each time, also while the first events are on their way.
        let until = Duration::from_millis(fastrand::u64(20..600));
        let killed = load_and_kill(64, Duration::ZERO, until);
        lost += killed.lost;
        acknowledged += killed.load.acknowledged.iter().sum::<u64>();
    }
    vec![
        Row::new(format!("acknowledged and lost over {KILLS} kill -9"))
            .ours(format!("{lost} of {acknowledged}"))
            .absolute("0", lost == 0),
    ]
}
