//! A thousand random escalations over real HTTP, with the simulated network's people and faults decided by a seed, judged by
//! their journals (P2 to P6, P9, P10, P11). `RINBAN_SEED` gives the same people and faults again.

use std::{collections::HashMap, fmt::Write as _, path::Path, time::Duration};

use crate::support;
use rinban::{
    alert::{Event, EventKind},
    config::Config,
    escalation::{
        AttemptId, CallStatus, Effect, Entry, Escalation, EscalationId, Heard, Input, Line, News,
    },
    node::Node,
    simulator::{CreateFault, Fault, Faults, Network, Options, People, Snapshot},
};
use tokio::{net::TcpListener, time::Instant};

const GROUPS: usize = 1_000;
const TEAM: usize = 3;

/// How many alerts wait for somebody at the same time.
const AT_A_TIME: usize = 60;

/// How fast the phones are.
const SPEED: f64 = 100.0;

/// How long the nights last at most.
const NIGHTS: Duration = Duration::from_secs(180);

/// Whose callbacks were lost waits in real time; so long they are waited for when nearly everybody has been reached.
const STRAGGLERS: Duration = Duration::from_secs(5);

fn seed() -> u64 {
    let given = std::env::var("RINBAN_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("RINBAN_SEED={seed}");
    seed
}

fn number(group: usize, member: usize) -> String {
    format!("+8190{:08}", group * 10 + member)
}

/// A team of its own for each alert, so that the escalations are independent.
fn config(dir: &Path, address: &str, network: &Network) -> Config {
    let mut text = format!(
        r#"
state_dir = "state"
default_group = "g0"
[server]
listen = "{address}"
public_url = "http://{address}"
[[providers]]
name = "carrier"
kind = "twilio"
base_url = "{base}"
account_sid = "{account}"
auth_token_env = "TOKEN"
from = "+815000000000"
calls_per_second = 1000
connection_overrides = "rc=2&rp=5xx,ct,rt"
[[providers]]
name = "spare"
kind = "twilio"
base_url = "{base}"
account_sid = "{account}"
auth_token_env = "TOKEN"
from = "+815000000001"
calls_per_second = 1000
[policies.quick]
ring_timeout_secs = 20
callback_grace_secs = 0.5
round_pause_secs = 1
max_calls_per_hour = 1000
message_repeats = 2
"#,
        base = network.base_url(),
        account = network.account_sid(),
    );
    for group in 0..GROUPS {
        let names = (0..TEAM).map(|member| format!("\"m{group}-{member}\""));
        let names: Vec<String> = names.collect();
        let _ = writeln!(
            text,
            "[groups.g{group}]\nmembers = [{}]\npolicy = \"quick\"",
            names.join(", ")
        );
        for member in 0..TEAM {
            let number = number(group, member);
            let _ = writeln!(text, "[members.m{group}-{member}]\nnumber = \"{number}\"");
        }
    }
    let token = network.auth_token().to_owned();
    let environment = move |name: &str| (name == "TOKEN").then(|| token.clone());
    Config::parse_with(&text, &dir.join("rinban.toml"), &environment)
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn event(group: usize, kind: EventKind) -> Event {
    support::event(&format!("g{group}"), kind)
}

/// Each fault about once in a hundred occasions.
fn faults(seed: u64) -> Faults {
    let kinds = [
        Fault::LoseCallback,
        Fault::DuplicateCallback,
        Fault::DelayCallback,
        Fault::DuplicateWebhook,
        Fault::FailFetch,
        Fault::Create(CreateFault::ErrorBefore),
        Fault::Create(CreateFault::ErrorAfter),
        Fault::Create(CreateFault::Throttled),
        Fault::Create(CreateFault::CloseBefore),
        Fault::Create(CreateFault::CloseAfter),
    ];
    Faults {
        seed,
        chances: kinds.map(|kind| (kind, 0.01)).to_vec(),
        script: Vec::new(),
    }
}

/// What the journal of one night must show, whatever happened.
fn judge(id: EscalationId, journal: &[Entry], stored: &Escalation) {
    let text = || {
        journal
            .iter()
            .fold(String::new(), |text, entry| format!("{text}\n{entry}"))
    };
    let replayed = Escalation::replay(id, journal).unwrap_or_else(|error| panic!("P11: {error}"));
    assert_eq!(&replayed, stored, "P11: the replay differs{}", text());
    let mut placed: HashMap<AttemptId, usize> = HashMap::new();
    let mut statuses: HashMap<u32, CallStatus> = HashMap::new();
    let (mut taken, mut over) = (false, false);
    for (at, entry) in journal.iter().enumerate() {
        let pressed =
            matches!(&entry.input, Input::Voice { heard: Heard::Keys(keys), .. } if keys == "1");
        taken |= pressed;
        over |= matches!(entry.input, Input::AlertLeft { .. });
        if let Input::Status {
            attempt, status, ..
        } = &entry.input
        {
            let before = statuses.insert(attempt.number, *status);
            let forward = before.is_none_or(|before| before < *status);
            assert!(
                forward,
                "P10: {attempt} ran from {before:?} to {status:?}{}",
                text()
            );
        }
        for effect in entry.effects.iter() {
            match effect {
                Effect::Place { attempt, .. } => {
                    assert_eq!(
                        placed.insert(*attempt, at),
                        None,
                        "P3: twice the same{}",
                        text()
                    );
                    assert!(!taken && !over, "P5: a call after the end{}", text());
                }
                Effect::Speak {
                    line: Line::Acknowledged,
                    ..
                } => {
                    assert!(taken, "P4: acknowledged without a key{}", text());
                }
                Effect::Tell {
                    news: News::Acknowledged { .. },
                } => {
                    assert!(taken, "P4: told without a key{}", text());
                }
                _ => {}
            }
        }
    }
    assert!(over, "the recovery is missing{}", text());
    assert!(stored.is_over(), "P2: not over{}", text());
}

/// No person's phone rang twice at a time, but where a reply was lost and the call could not be found in time.
fn judge_phones(snapshot: &Snapshot, journals: &[Vec<Entry>]) {
    let doubtful: Vec<String> = journals
        .iter()
        .flatten()
        .filter_map(|entry| match &entry.input {
            Input::PlaceFailed {
                attempt,
                possible_duplicate: true,
                ..
            } => Some(attempt.escalation),
            _ => None,
        })
        .map(|id| id.to_string())
        .collect();
    for (number, tally) in &snapshot.numbers {
        assert_eq!(tally.live, 0, "{number} still rings");
        let most = if doubtful.is_empty() { 1 } else { 2 };
        assert!(
            tally.most_live <= most,
            "P9: {number} had {} calls at a time",
            tally.most_live
        );
    }
    let twice = snapshot
        .numbers
        .values()
        .filter(|tally| tally.most_live > 1)
        .count();
    assert!(
        twice <= doubtful.len(),
        "P9: {twice} phones rang twice, {} replies were lost",
        doubtful.len()
    );
}

/// Lets a thousand alerts come, so many at a time that the phones of this machine can keep up; how many were taken.
async fn fire(node: &Node) -> usize {
    let mut give_up = Instant::now() + NIGHTS;
    let (mut fired, mut taken) = (0, 0);
    while taken < GROUPS && Instant::now() < give_up {
        let until = GROUPS.min(taken + AT_A_TIME).max(fired);
        let events: Vec<_> = (fired..until)
            .map(|group| event(group, EventKind::Problem))
            .collect();
        if fired < GROUPS && until == GROUPS {
            give_up = give_up.min(Instant::now() + STRAGGLERS);
        }
        fired = until;
        let new = node
            .engine()
            .accept(events)
            .await
            .expect("the events are stored");
        assert!(new.iter().all(|new| *new));
        tokio::time::sleep(Duration::from_millis(20)).await;
        taken = node.engine().totals().acknowledged_total as usize;
    }
    assert_eq!(fired, GROUPS, "P2: too many are stuck");
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_random_nights_over_http_keep_the_promises() {
    let seed = seed();
    let dir = tempfile::tempdir().expect("a directory");
    let network = Network::start(Options {
        speed: SPEED,
        people: People::random(seed),
        faults: faults(seed),
        remembered: 1,
        ..Options::default()
    });
    let network = network.await.expect("the network");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its number").to_string();
    let config = config(dir.path(), &address, &network);
    let node = Node::start_on(listener, config, None)
        .await
        .expect("the core starts");

    let taken = fire(&node).await;
    println!(
        "{taken} of {GROUPS} alerts were taken, {:?}",
        node.engine().totals()
    );
    assert!(taken > GROUPS * 9 / 10, "P2: somebody is forgotten");

    let events = (0..GROUPS)
        .map(|group| event(group, EventKind::Recovery))
        .collect();
    node.engine()
        .accept(events)
        .await
        .expect("the events are stored");
    let quiet = async {
        while network
            .snapshot()
            .numbers
            .values()
            .any(|tally| tally.live > 0)
            || node
                .engine()
                .load()
                .await
                .is_some_and(|load| load.open_escalations > 0)
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(NIGHTS, quiet)
        .await
        .expect("every phone falls silent");

    let mut journals = Vec::new();
    for id in (1..=GROUPS as u64).map(EscalationId) {
        let journal = node.store().journal(id).await.expect("the journal");
        let stored = node
            .store()
            .escalation(id)
            .await
            .expect("the store")
            .expect("it is there");
        judge(id, &journal, &stored);
        journals.push(journal);
    }
    judge_phones(&network.snapshot(), &journals);
    node.stop().await;
}
