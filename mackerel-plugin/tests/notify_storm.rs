//! Very many runs of the action, eight at a time, against a core that calls simulated people: checks that flap, runs of one
//! check that overlap, an agent that is restarted in between. Every change is counted once, and no run has anything to
//! complain about.
//!
//! The usual number is small. The figures of the README come from
//!
//! ```sh
//! RINBAN_NOTIFY_RUNS=10000 cargo test --release -p mackerel-plugin --test plugin notify_storm -- --nocapture
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rinban::store::Reader;
use rusqlite::{Connection, OpenFlags};

use crate::{
    agent::{USUAL, run_within},
    as_the_agent_runs_it::{Host, PLUGIN},
};

const AT_ONCE: usize = 8;
const HOSTS: usize = 4;
const CHECKS: usize = 6;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn every_change_is_counted_once() {
    let runs = env::var("RINBAN_NOTIFY_RUNS").map_or(1_000, |runs| runs.parse().expect("a number"));
    let host = Host::without_core();
    let core = Core::start(&host);
    let floor = empty_processes();
    let begin = Instant::now();
    let night = Mutex::new(Night::new(runs));
    let changed = Condvar::new();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&host, &night, &changed));
        }
    });
    let took = begin.elapsed();
    let night = night.into_inner().expect("no worker has panicked");
    let expected = night.expected();
    wait_until_taken(&host, expected.len());
    core.stop();

    assert_eq!(counted(&host), expected);
    let open = Reader::open(host.dir.path())
        .and_then(|mut store| store.snapshot())
        .expect("a store")
        .alerts;
    let open: BTreeSet<_> = open
        .into_iter()
        .map(|(alert, _)| alert.key.dedup.as_str().to_owned())
        .collect();
    assert_eq!(open, night.open());
    println!(
        "{} runs in {:.1} s, {} changes of {} checks, each counted once; {AT_ONCE} at a time",
        night.times.len(),
        took.as_secs_f64(),
        expected.len(),
        HOSTS * CHECKS
    );
    println!("  an empty process  {}", percentiles(floor));
    println!("  a run of notify   {}", percentiles(night.times));
    println!(
        "  one with a change {}",
        percentiles(night.times_of_changes)
    );
}

/// The core of this host, with a network whose people press 1.
struct Core(Child);

impl Core {
    fn start(host: &Host) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
        host.configure_simulated(port.expect("a port"));
        let mut core = Command::new(PLUGIN)
            .args(["serve", "--config"])
            .arg(host.config())
            .env("RINBAN_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a core");
        let stdout = core.stdout.take().expect("is captured");
        let line = BufReader::new(stdout).lines().next().expect("a line");
        assert!(line.expect("text").contains("is ready"));
        Self(core)
    }

    fn stop(mut self) {
        let pid = Pid::from_raw(self.0.id().try_into().expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("it runs");
        assert!(self.0.wait().expect("a child of ours").success());
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One check of one host, and the model of what its runs add up to.
struct Check {
    host: String,
    name: String,
    /// What the runs that are under way have found, and what the agent remembers of the one before.
    status: &'static str,
    previous: &'static str,
    /// Runs of this round that have not begun, and that have not ended.
    waiting: usize,
    running: usize,
    /// The model: the status that was told last, the problems so far, the changes of the open one.
    told: &'static str,
    problems: u64,
    changes: u64,
    expected: Vec<String>,
}

impl Check {
    /// A new round: the check finds something, and the model says what is told of it.
    fn begin(&mut self, random: &mut fastrand::Rng) {
        const STATUSES: [&str; 6] = ["OK", "OK", "WARNING", "CRITICAL", "CRITICAL", "UNKNOWN"];
        let was_restarted = random.u8(..20) == 0;
        self.previous = if was_restarted { "" } else { self.status };
        self.status = STATUSES[random.usize(..STATUSES.len())];
        self.waiting = [1, 1, 1, 2, 3][random.usize(..5)];
        if self.told == self.status {
            return;
        }
        let what = match (self.told, self.status) {
            (_, "OK") => "recovery".to_owned(),
            ("OK", _) => {
                self.problems += 1;
                self.changes = 0;
                "problem:0".to_owned()
            }
            _ => {
                self.changes += 1;
                format!("problem:{}", self.changes)
            }
        };
        self.told = self.status;
        let Self {
            host,
            name,
            problems,
            ..
        } = self;
        self.expected
            .push(format!("mackerel:{host}:{name}:{problems}:{what}"));
    }
}

struct Night {
    checks: Vec<Check>,
    left: usize,
    random: fastrand::Rng,
    times: Vec<Duration>,
    times_of_changes: Vec<Duration>,
}

/// One run of an action.
struct Run {
    check: usize,
    is_change: bool,
    args: [String; 2],
    status: &'static str,
    previous: &'static str,
    message: String,
}

impl Night {
    fn new(runs: usize) -> Self {
        let check = |number: usize| Check {
            host: format!("3Host{}", number / CHECKS),
            name: ["disk", "ディスク /var", "a:b", "http 443", "load", "ntp"][number % CHECKS]
                .to_owned(),
            status: "OK",
            previous: "",
            waiting: 0,
            running: 0,
            told: "OK",
            problems: 0,
            changes: 0,
            expected: Vec::new(),
        };
        Self {
            checks: (0..HOSTS * CHECKS).map(check).collect(),
            left: runs,
            random: fastrand::Rng::with_seed(0x0000_7269_6E62_616E),
            times: Vec::with_capacity(runs),
            times_of_changes: Vec::new(),
        }
    }

    /// The next run: one that overlaps with another of the same check, or the first of a round of a check that has ended
    /// the round before. None if all runs are under way, or all checks are.
    fn next(&mut self) -> Option<Run> {
        let overlapping = self.checks.iter().position(|check| check.waiting > 0);
        let number = match overlapping {
            Some(number) => number,
            None if self.left == 0 => return None,
            None => {
                let idle: Vec<_> = (0..self.checks.len())
                    .filter(|&number| self.checks[number].running == 0)
                    .collect();
                let number = *idle.get(self.random.usize(..idle.len().max(1)))?;
                let check = &mut self.checks[number];
                let before = check.expected.len();
                check.begin(&mut self.random);
                check.waiting = check.waiting.min(self.left);
                self.left -= check.waiting;
                let is_change = check.expected.len() > before;
                return Some(self.run(number, is_change));
            }
        };
        Some(self.run(number, false))
    }

    fn run(&mut self, number: usize, is_change: bool) -> Run {
        let check = &mut self.checks[number];
        check.waiting -= 1;
        check.running += 1;
        Run {
            check: number,
            is_change,
            args: [check.name.clone(), check.host.clone()],
            status: check.status,
            previous: check.previous,
            message: format!("{} {}: あと 1 %\n", check.name, check.status),
        }
    }

    fn expected(&self) -> BTreeMap<String, usize> {
        let all = self.checks.iter().flat_map(|check| &check.expected);
        all.map(|change| (change.clone(), 1)).collect()
    }

    fn open(&self) -> BTreeSet<String> {
        let open = self.checks.iter().filter(|check| check.told != "OK");
        open.map(|check| format!("{}:{}", check.host, check.name))
            .collect()
    }
}

fn work(host: &Host, night: &Mutex<Night>, changed: &Condvar) {
    let mut guard = night.lock().expect("no worker has panicked");
    loop {
        let Some(run) = guard.next() else {
            if guard.left == 0 {
                return;
            }
            guard = changed.wait(guard).expect("no worker has panicked");
            continue;
        };
        drop(guard);
        let took = notify(host, &run);
        guard = night.lock().expect("no worker has panicked");
        guard.checks[run.check].running -= 1;
        guard.times.push(took);
        if run.is_change {
            guard.times_of_changes.push(took);
        }
        changed.notify_all();
    }
}

fn notify(host: &Host, run: &Run) -> Duration {
    let [check, host_id] = &run.args;
    let args = ["notify", "--check", check, "--host-id", host_id];
    let mut command = host.command(PLUGIN, &args);
    command
        .env("MACKEREL_STATUS", run.status)
        .env("MACKEREL_PREVIOUS_STATUS", run.previous)
        .env("MACKEREL_CHECK_MESSAGE", &run.message);
    let ran = run_within(&mut command, USUAL);
    let took = ran.took;
    let quiet = (Some(0), String::new(), String::new());
    assert_eq!(ran.ended(), quiet, "{check} of {host_id}");
    took
}

fn store(host: &Host) -> Connection {
    let path = host.dir.path().join("rinban.db");
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the core's store")
}

fn wait_until_taken(host: &Host, events: usize) {
    let store = store(host);
    let give_up = Instant::now() + PATIENCE;
    loop {
        let count = "SELECT count(*) FROM events";
        let taken: u32 = store
            .query_row(count, [], |row| row.get(0))
            .expect("a count");
        let spooled = host.dir.path().join("spool/new");
        let waiting = std::fs::read_dir(spooled).expect("a spool").count();
        if taken as usize >= events && waiting == 0 {
            return;
        }
        assert!(
            Instant::now() < give_up,
            "{taken} of {events} taken, {waiting} wait"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the store has counted, without the series, which is an instant.
fn counted(host: &Host) -> BTreeMap<String, usize> {
    let store = store(host);
    let mut events = store.prepare("SELECT id FROM events").expect("the table");
    let ids = events.query_map([], |row| row.get::<_, String>(0));
    let mut counted = BTreeMap::new();
    for id in ids.expect("rows") {
        let id = id.expect("a text");
        let (series, occurrence) = id.split_once('-').expect("a series");
        let (check, _) = series.rsplit_once(':').expect("a check");
        *counted.entry(format!("{check}:{occurrence}")).or_default() += 1;
    }
    counted
}

/// What starting a process costs here and now, as many at a time.
fn empty_processes() -> Vec<Duration> {
    let all = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                for _ in 0..25 {
                    let took = run_within(&mut Command::new("/bin/true"), USUAL).took;
                    all.lock().expect("no panic").push(took);
                }
            });
        }
    });
    all.into_inner().expect("no panic")
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    )
}
