//! A core between phones and the APIs of monitors: what people did is written back, and what happened there is read.

mod fake;

use std::{
    net::TcpListener,
    thread::sleep,
    time::{Duration, Instant},
};

use rinban::escalation::{Effect, Input, Left};
use serde_json::{Value, json};

use self::fake::{Fake, Mackerel, Zabbix};
use crate::support::{
    core::{Core, Home, problem},
    wait_for,
};

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(2);

/// One person, whose phone does this, and the two monitors.
fn home(phone: &str, zabbix: &Fake<Zabbix>, mackerel: &Fake<Mackerel>) -> Home {
    let (zabbix, mackerel) = (zabbix.url(), mackerel.url());
    // The simulated network must know where the core listens.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("is bound").port();
    let config = format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:{port}"
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "simulated"
kind = "simulated"
[members.aya]
number = "+819000000001"
[policies.default]
round_pause_secs = {pause}
max_calls_per_hour = 1000
[groups.web]
members = ["aya"]
[simulator]
speed = 20
[simulator.people]
"+819000000001" = ["{phone}"]
[[monitors]]
kind = "zabbix"
url = "{zabbix}/api_jsonrpc.php"
token_env = "ZABBIX"
language = "en"
[[monitors]]
kind = "mackerel"
url = "{mackerel}"
token_env = "MACKEREL"
language = "en"
"#,
        pause = PAUSE.as_secs()
    );
    Home::with(&config)
        .variable("ZABBIX", fake::TOKEN)
        .variable("MACKEREL", fake::TOKEN)
}

/// A problem that Mackerel's webhook told of.
fn mackerel_problem(id: &str) -> Value {
    let mut event = problem(id);
    event["source"] = json!("mackerel");
    event["variables"] = json!({ "alert_id": id });
    event
}

/// How many calls were to be placed in the first run.
fn calls(home: &Home) -> usize {
    let journal = home.journal(1);
    let effects = journal.iter().flat_map(|entry| entry.effects.iter());
    effects
        .filter(|effect| matches!(effect, Effect::Place { .. }))
        .count()
}

fn wait_for_empty_outbox(home: &Home) {
    wait_for("an empty outbox", || {
        home.snapshot().outbox.is_empty().then_some(())
    });
}

fn check_quiet(core: &Core) {
    let said = core.log();
    assert!(!said.contains(fake::TOKEN), "the token is a secret: {said}");
}

#[test]
fn key_1_is_written_back_to_both_monitors() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::with("7")),
        Fake::start(Mackerel::with("2a")),
    );
    let home = home("after 20s key 1", &zabbix, &mackerel);
    let core = home.serve();
    core.post(&problem("7"));
    core.post(&mackerel_problem("2a"));
    // A message that names no event cannot be written back, and holds nothing up.
    core.post(&problem("trigger 12"));
    let updates = wait_for("an acknowledgement in Zabbix", || {
        zabbix.look(|zabbix| zabbix.updates("7", 2))
    });
    let memo = wait_for("two lines in Mackerel", || {
        mackerel.look(|mackerel| mackerel.memo("2a", 3))
    });
    let [(4, answered), (6, taken)] = &updates[..] else {
        panic!("{updates:?}")
    };
    assert!(
        answered.starts_with("[rinban] aya's phone was answered. ("),
        "{answered}"
    );
    assert!(
        taken.starts_with("[rinban] aya has taken it. (20"),
        "{taken}"
    );
    let lines: Vec<_> = memo.lines().collect();
    assert_eq!(lines[0], "written by hand");
    assert!(
        lines[1].ends_with(" aya's phone was answered. (rinban)"),
        "{memo}"
    );
    assert!(lines[2].ends_with(" aya has taken it. (rinban)"), "{memo}");
    wait_for_empty_outbox(&home);
    check_quiet(&core);
    core.stop();
}

#[test]
fn what_zabbix_could_not_be_told_arrives_once_when_it_is_up_again_over_a_restart() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::with("7")),
        Fake::start(Mackerel::with("2a")),
    );
    let home = home("key 1", &zabbix, &mackerel);
    zabbix.go_down();
    let core = home.serve();
    let begin = Instant::now();
    core.post(&problem("7"));
    wait_for("the key", || {
        let journal = home.journal(1);
        let takes = |effect: &Effect| matches!(effect, Effect::TakeAlerts { .. });
        journal
            .iter()
            .any(|entry| entry.effects.iter().any(takes))
            .then_some(())
    });
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "delayed by Zabbix"
    );
    core.wait_for_log("not delivered");
    assert_eq!(home.snapshot().outbox.len(), 2);
    core.stop();
    zabbix.come_up();
    let core = home.serve();
    wait_for_empty_outbox(&home);
    let updates = zabbix.look(|zabbix| zabbix.updates("7", 0)).expect("there");
    let actions: Vec<_> = updates.iter().map(|(action, _)| *action).collect();
    assert_eq!(actions, [4, 6]);
    check_quiet(&core);
    core.stop();
}

#[test]
fn a_reply_that_is_lost_leads_to_no_second_message() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::with("7")),
        Fake::start(Mackerel::with("2a")),
    );
    let home = home("key 1", &zabbix, &mackerel);
    zabbix.look(|zabbix| zabbix.lose_replies(1));
    mackerel.look(|mackerel| mackerel.lose_replies(1));
    let core = home.serve();
    core.post(&problem("7"));
    core.post(&mackerel_problem("2a"));
    core.wait_for_log("not delivered");
    wait_for_empty_outbox(&home);
    let updates = zabbix.look(|zabbix| zabbix.updates("7", 0)).expect("there");
    let mut messages: Vec<_> = updates.iter().map(|(_, message)| message).collect();
    messages.dedup();
    assert_eq!(messages.len(), updates.len(), "{updates:?}");
    let memo = mackerel.look(|mackerel| mackerel.memo("2a", 1));
    let memo = memo.expect("there");
    let mut lines: Vec<_> = memo.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), memo.lines().count(), "{memo}");
    core.stop();
}

#[test]
fn an_event_that_zabbix_does_not_know_is_given_up_at_once() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::default()),
        Fake::start(Mackerel::default()),
    );
    let home = home("key 1", &zabbix, &mackerel);
    let core = home.serve();
    core.post(&problem("7"));
    core.post(&mackerel_problem("2a"));
    core.wait_for_log("Zabbix shows no event 7; ");
    core.wait_for_log("Mackerel knows no alert 2a; ");
    wait_for_empty_outbox(&home);
    core.stop();
}

#[test]
fn an_alert_that_was_closed_in_mackerel_gets_no_further_round() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::default()),
        Fake::start(Mackerel::with("2a")),
    );
    let home = home("busy", &zabbix, &mackerel);
    let core = home.serve();
    mackerel.look(|mackerel| mackerel.close("2a", "by hand"));
    core.post(&mackerel_problem("2a"));
    core.wait_for_alerts(0);
    sleep(PAUSE + PAUSE / 2);
    assert_eq!(calls(&home), 1);
    let journal = home.journal(1);
    let reason = journal.iter().find_map(|entry| match &entry.input {
        Input::AlertLeft {
            why: Left::Recovered(reason),
            ..
        } => reason.clone(),
        _ => None,
    });
    assert_eq!(reason.as_deref(), Some("by hand"));
    core.stop();
}

#[test]
fn a_monitor_that_cannot_be_read_delays_no_round() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::with("7")),
        Fake::start(Mackerel::default()),
    );
    let home = home("busy", &zabbix, &mackerel);
    zabbix.go_down();
    let core = home.serve();
    core.post(&problem("7"));
    wait_for("three rounds", || (calls(&home) >= 3).then_some(()));
    core.wait_for_log("a monitor cannot be read, calls go on without it");
    core.stop();
}

#[test]
fn what_ended_while_no_core_ran_is_learnt_at_the_start() {
    let (zabbix, mackerel) = (
        Fake::start(Zabbix::with("7")),
        Fake::start(Mackerel::with("2a")),
    );
    let home = home("key 1", &zabbix, &mackerel);
    let core = home.serve();
    core.post(&problem("7"));
    core.post(&mackerel_problem("2a"));
    core.wait_for_alerts(2);
    wait_for("lines", || mackerel.look(|mackerel| mackerel.memo("2a", 3)));
    core.stop();
    zabbix.look(|zabbix| zabbix.end("7"));
    mackerel.look(|mackerel| mackerel.close("2a", ""));
    let core = home.serve();
    core.wait_for_alerts(0);
    // What /health counts is decided, and stored a moment later.
    wait_for("the end of the run", || {
        home.escalation(1).is_over().then_some(())
    });
    core.stop();
}
