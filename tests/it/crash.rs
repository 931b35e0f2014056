//! The core is killed at every boundary of an escalation's journal, just before and just after the commit, and started
//! again: somebody takes the alert in the end, and no attempt leads to more than one call too many (P1, P2, P3).

use std::{
    collections::HashMap,
    env,
    net::TcpListener as StdListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::support;
use rinban::{
    alert::EventKind,
    config::Config,
    escalation::{Effect, Entry, Escalation, EscalationId, Input, Phase},
    handoff::Spool,
    node::Node,
    simulator::{Network, Options, People},
    store::{Backend, Reader, Snapshot, Store, StoreError},
};

/// Tells the child process which configuration to serve, and where to die.
const CONFIG: &str = "RINBAN_TEST_CRASH_CONFIG";
const CRASH: &str = "RINBAN_TEST_CRASH_AT";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "a token of the test";

/// Where a core kills itself: at the `nth` commit that adds to a journal.
#[derive(Clone, Copy, Debug)]
struct Crash {
    nth: u32,
    after: bool,
}

impl Crash {
    fn parse(text: &str) -> Option<Self> {
        let (when, nth) = text.split_once(' ')?;
        Some(Self {
            nth: nth.parse().ok()?,
            after: when == "after",
        })
    }

    /// A store that kills its own process there.
    fn open(self, dir: &Path) -> Result<(Store, Snapshot), StoreError> {
        let mut journalled = 0;
        support::store::meddled(dir, move |sqlite, batches, now| {
            let journals = batches.iter().any(|batch| !batch.entries.is_empty());
            journalled += u32::from(journals);
            let deadly = journals && journalled == self.nth;
            if deadly && !self.after {
                Self::die();
            }
            let committed = sqlite.commit(batches, now);
            if deadly {
                Self::die();
            }
            committed
        })
    }

    fn die() -> ! {
        let me = nix::unistd::Pid::this();
        nix::sys::signal::kill(me, nix::sys::signal::Signal::SIGKILL)
            .expect("one may kill oneself");
        loop {
            thread::park();
        }
    }
}

/// Not a test of its own: the core that the test below starts as a process and kills.
#[test]
fn child_core() {
    let Ok(config) = env::var(CONFIG) else { return };
    let crash = env::var(CRASH).ok().and_then(|text| Crash::parse(&text));
    let config = Config::load(Path::new(&config)).expect("the test's configuration");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(config.server.listen)
            .await
            .expect("the port");
        let open = |dir: &Path| match crash {
            None => Store::open(dir),
            Some(crash) => crash.open(dir),
        };
        let _node = Node::start_over(listener, config, None, open)
            .await
            .expect("the core starts");
        tokio::time::sleep(PATIENCE * 2).await;
    });
}

/// A core as a process of its own; killed when it is dropped.
struct Core(Child);

impl Core {
    fn start(config: &Path, crash: Option<Crash>) -> Self {
        let mut command = Command::new(env::current_exe().expect("this test's program"));
        command.args(["crash::child_core", "--exact", "--test-threads=1"]);
        command.env(CONFIG, config).env("RINBAN_TEST_TOKEN", TOKEN);
        if let Some(Crash { nth, after }) = crash {
            command.env(
                CRASH,
                format!("{} {nth}", if after { "after" } else { "before" }),
            );
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().expect("the core's process"))
    }

    /// Waits until it has been killed; false if it still lives after a while, as nothing more is journalled.
    fn dies(&mut self, patience: Duration) -> bool {
        wait_for(patience, || {
            self.0.try_wait().expect("a child of ours").is_some()
        })
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + patience;
    while Instant::now() < give_up {
        if done() {
            return true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    done()
}

fn config(dir: &Path, network: &Network) -> PathBuf {
    let port = StdListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its number");
    let text = format!(
        r#"
state_dir = "state"
[server]
listen = "{port}"
public_url = "http://{port}"
[[providers]]
name = "carrier"
kind = "twilio"
base_url = "{base}"
account_sid = "{ACCOUNT}"
auth_token_env = "RINBAN_TEST_TOKEN"
from = "+815000000000"
calls_per_second = 1000
[members.busy]
number = "+819000000001"
[members.machine]
number = "+819000000002"
[members.taker]
number = "+819000000003"
[groups.web]
members = ["busy", "machine", "taker"]
policy = "quick"
[policies.quick]
ring_timeout_secs = 4
call_limit_secs = 300
callback_grace_secs = 0.3
round_pause_secs = 1
message_repeats = 1
max_calls_per_hour = 1000
"#,
        base = network.base_url(),
    );
    let path = dir.join("rinban.toml");
    std::fs::write(&path, text).expect("the configuration");
    path
}

fn network() -> (tokio::runtime::Runtime, Network) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let people = [
        ("+819000000001", "busy"),
        ("+819000000002", "voicemail"),
        ("+819000000003", "key 1"),
    ];
    let people = people.map(|(number, does)| (number.to_owned(), vec![does.to_owned()]));
    let options = Options {
        account_sid: ACCOUNT.to_owned(),
        auth_token: TOKEN.to_owned(),
        speed: 40.0,
        people: People::parse(&people.into_iter().collect()).expect("people"),
        ..Options::default()
    };
    let network = runtime
        .block_on(Network::start(options))
        .expect("the network");
    (runtime, network)
}

/// The escalation as it stands on disk.
fn escalation(state: &Path) -> Option<Escalation> {
    Reader::open(state).ok()?.escalation(EscalationId(1)).ok()?
}

fn is_taken(state: &Path) -> bool {
    escalation(state).is_some_and(|found| matches!(found.phase, Phase::Acknowledged { .. }))
}

/// One night with a crash; the number of journal commits it took, and whether the crash came at all.
fn night(crash: Option<Crash>) -> bool {
    let dir = tempfile::tempdir().expect("a directory");
    let (_runtime, network) = network();
    let config = config(dir.path(), &network);
    let state = dir.path().join("state");
    let event = support::event("web", EventKind::Problem);
    let json = serde_json::to_vec(&event).expect("JSON");
    Spool::new(state.join("spool"))
        .write(&event.id, &json)
        .expect("the event is spooled");

    let mut crashed = false;
    if crash.is_some() {
        let mut core = Core::start(&config, crash);
        crashed = wait_for(PATIENCE, || core.dies(Duration::ZERO) || is_taken(&state))
            && core.dies(Duration::from_millis(300));
    }
    let _core = Core::start(&config, None);
    assert!(
        wait_for(PATIENCE, || is_taken(&state)),
        "{crash:?}: forgotten{}",
        text(&state)
    );
    let journal = journal(&state);
    judge(crash, &journal, &network, &state);
    crashed
}

fn journal(state: &Path) -> Vec<Entry> {
    let mut reader = Reader::open(state).expect("the store");
    reader.journal(EscalationId(1)).expect("the journal")
}

fn text(state: &Path) -> String {
    let entries = Reader::open(state).and_then(|mut reader| reader.journal(EscalationId(1)));
    entries
        .unwrap_or_default()
        .iter()
        .fold(String::new(), |text, entry| format!("{text}\n{entry}"))
}

fn judge(crash: Option<Crash>, journal: &[Entry], network: &Network, state: &Path) {
    let at = || format!("{crash:?}{}", text(state));
    let replayed = Escalation::replay(EscalationId(1), journal).expect("the journal can be folded");
    assert!(
        matches!(replayed.phase, Phase::Acknowledged { ref by, .. } if by == "taker"),
        "{}",
        at()
    );
    // An intent for each call, and at most one call that nobody meant for each member.
    let mut meant: HashMap<&str, usize> = HashMap::new();
    for effect in journal.iter().flat_map(|entry| entry.effects.iter()) {
        if let Effect::Place { member, .. } = effect {
            *meant.entry(member.as_str()).or_default() += 1;
        }
    }
    let lost = journal
        .iter()
        .filter(|entry| {
            matches!(
                entry.input,
                Input::PlaceFailed {
                    possible_duplicate: true,
                    ..
                }
            )
        })
        .count();
    for (member, number) in [
        ("busy", "+819000000001"),
        ("machine", "+819000000002"),
        ("taker", "+819000000003"),
    ] {
        let calls = network.snapshot().calls_to(number).count();
        let meant = meant.get(member).copied().unwrap_or_default();
        assert!(
            calls <= meant,
            "{member}: {calls} calls for {meant} attempts; {}",
            at()
        );
    }
    assert!(
        lost <= 1,
        "more than one attempt may have rung twice; {}",
        at()
    );
}

#[test]
fn killed_at_any_boundary_of_the_journal_the_alert_is_still_taken_and_no_phone_rings_twice_too_often()
 {
    let boundaries = (1..=24).flat_map(|nth| [false, true].map(|after| Crash { nth, after }));
    let boundaries: Vec<Crash> = boundaries.collect();
    let next = AtomicU32::new(0);
    let crashes = AtomicU32::new(0);
    night(None);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(crash) =
                    boundaries.get(next.fetch_add(1, Ordering::Relaxed) as usize)
                {
                    crashes.fetch_add(u32::from(night(Some(*crash))), Ordering::Relaxed);
                }
            });
        }
    });
    // The journal of an undisturbed night has about fifteen commits, each a boundary with two sides.
    let crashes = crashes.into_inner();
    println!("killed at {crashes} boundaries");
    assert!(crashes >= 20, "only {crashes} cores were killed");
}
