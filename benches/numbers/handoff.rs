//! The plugin's hand-off: exec, durable, exit.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use crate::{
    gate,
    host::{Host, bare},
    programs::programs,
    report::{Row, ms},
    rounds::{interleaved, median, median_ratio},
};

const ROUNDS: usize = 300;
const PYTHON_ROUNDS: usize = 15;

/// Seconds from the start of a process to its end.
fn run(command: &mut Command) -> f64 {
    let begin = Instant::now();
    let status = command.status().expect("starts");
    let took = begin.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}: {status}");
    took
}

pub(crate) fn figure() -> Vec<Row> {
    let host = Host::new().with_lock();
    let mut event_id = 0;
    let mut hand_over = || {
        event_id += 1;
        run(&mut host.alertscript(event_id))
    };
    // Makes the spool, and brings everything into memory.
    for _ in 0..10 {
        hand_over();
    }
    let fsyncs = Fsyncs::new(&host.state_dir());
    let results = interleaved(
        ROUNDS,
        &mut [
            &mut || run(&mut bare(&programs().noop)),
            &mut hand_over,
            &mut || fsyncs.two(),
        ],
    );
    let [noop, ours, fsyncs] = [0, 1, 2].map(|at| median(&results[at]));
    let rss = gate::peak_rss_mb();
    let mut rows = vec![
        Row::new("plugin: exec, durable, exit")
            .reference(format!("{} noop", ms(noop)))
            .ours(ms(ours))
            .at_most(ours / noop, 1.8),
        Row::new("the same, beyond the noop, in pairs of fsyncs")
            .reference(ms(fsyncs))
            .ours(ms(ours - noop))
            .at_most((ours - noop) / fsyncs, 1.0),
        Row::new("peak memory of the hand-off")
            .ours(format!("{rss:.2} MB"))
            .absolute("<= 3 MB", rss <= gate::PEAK_MB),
    ];
    rows.push(against_python(&mut hand_over));
    rows
}

/// An fsync of a new file, and one of the directory that it is moved to.
struct Fsyncs {
    tmp: std::path::PathBuf,
    new: std::path::PathBuf,
}

impl Fsyncs {
    fn new(dir: &Path) -> Self {
        let (tmp, new) = (dir.join("fsync-tmp"), dir.join("fsync-new"));
        for dir in [&tmp, &new] {
            fs::create_dir(dir).expect("a directory");
        }
        Self { tmp, new }
    }

    /// Seconds that the two take; what stands between them is not counted.
    fn two(&self) -> f64 {
        let name = format!("{:016x}", fastrand::u64(..));
        let mut file = File::create_new(self.tmp.join(&name)).expect("a file");
        file.write_all(&[b'x'; 500]).expect("writes");
        let begin = Instant::now();
        file.sync_all().expect("syncs");
        let first = begin.elapsed();
        fs::rename(self.tmp.join(&name), self.new.join(&name)).expect("renames");
        let dir = File::open(&self.new).expect("opens");
        let begin = Instant::now();
        dir.sync_all().expect("syncs");
        (first + begin.elapsed()).as_secs_f64()
    }
}

const PYTHON: &str = r#"
import json, sys, requests
to, subject, message = sys.argv[2:5]
body = {"group": to, "title": subject, "message": message}
requests.post(sys.argv[1], json=body, timeout=5).raise_for_status()
"#;

fn against_python(hand_over: &mut dyn FnMut() -> f64) -> Row {
    let row = Row::new("quicker than a Python alertscript with requests");
    let has_requests = Command::new("python3")
        .args(["-c", "import requests"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_requests {
        return row.reference("no python3 with requests here");
    }
    let url = format!("http://{}/", accept_all());
    let mut python =
        || run(Command::new("python3").args(["-c", PYTHON, &url, "web", "problem 1", "disk full"]));
    let results = interleaved(PYTHON_ROUNDS, &mut [&mut python, hand_over]);
    row.reference(ms(median(&results[0])))
        .ours(ms(median(&results[1])))
        .at_least(median_ratio(&results[0], &results[1]), 25.0)
}

/// A server that says 204 to everything.
fn accept_all() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The request is small: what has come by now is enough to answer it, the rest is read until the peer closes.
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
        }
    });
    address
}
