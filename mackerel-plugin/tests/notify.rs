//! The action of a check: after every run of the check, with three variables and nothing else.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::PathBuf, process::Command};

use rinban::alert::{Event, EventKind, Severity};
use serde::Deserialize;

use crate::as_the_agent_runs_it::{Host, PLUGIN, ended, run};

const QUIET: (Option<i32>, String, String) = (Some(0), String::new(), String::new());

fn action(host: &Host, status: &str, previous: &str, message: &str) -> Command {
    let args = [
        "notify",
        "--check",
        "disk",
        "--group",
        "infra",
        "--host-id",
        "3Yfhost",
    ];
    let mut command = host.command(PLUGIN, &args);
    command
        .env("MACKEREL_STATUS", status)
        .env("MACKEREL_PREVIOUS_STATUS", previous)
        .env("MACKEREL_CHECK_MESSAGE", message);
    command
}

fn notify(host: &Host, status: &str, previous: &str) -> Vec<Event> {
    assert_eq!(
        run(&mut action(host, status, previous, "DISK: あと 1 %\n")),
        QUIET
    );
    host.take_spooled()
}

fn only(mut events: Vec<Event>) -> Event {
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

#[test]
fn a_check_that_breaks_and_mends_is_one_problem_and_one_recovery() {
    let host = Host::with_core();
    assert_eq!(notify(&host, "OK", ""), []);
    let problem = only(notify(&host, "CRITICAL", "OK"));
    assert_eq!(
        (problem.kind, problem.severity),
        (EventKind::Problem, Severity::Critical)
    );
    assert_eq!(problem.title, "disk: DISK: あと 1 %");
    assert_eq!(problem.group.as_str(), "infra");
    assert_eq!(problem.dedup_key.as_str(), "3Yfhost:disk");
    assert_eq!(notify(&host, "CRITICAL", "CRITICAL"), []);
    let milder = only(notify(&host, "WARNING", "CRITICAL"));
    assert_eq!(
        (milder.kind, milder.severity),
        (EventKind::Problem, Severity::Warning)
    );
    let recovery = only(notify(&host, "OK", "WARNING"));
    assert_eq!(recovery.kind, EventKind::Recovery);
    assert_eq!(recovery.dedup_key, problem.dedup_key);
    assert_eq!(notify(&host, "OK", "OK"), []);
    let again = only(notify(&host, "CRITICAL", "OK"));
    assert_ne!(again.id, problem.id);
}

#[test]
fn a_restart_of_the_agent_is_no_change() {
    let host = Host::with_core();
    only(notify(&host, "CRITICAL", "OK"));
    assert_eq!(notify(&host, "CRITICAL", ""), []);
    assert_eq!(only(notify(&host, "OK", "")).kind, EventKind::Recovery);
}

#[test]
fn what_could_not_be_handed_over_is_by_the_next_run_with_the_same_id() {
    let mut host = Host::without_core();
    let (code, stdout, stderr) = run(&mut action(&host, "CRITICAL", "OK", "x"));
    assert_eq!(
        (code, stdout.as_str(), stderr.lines().count()),
        (Some(1), "", 1),
        "{stderr}"
    );
    let waiting = host.take_spooled();
    host.start_core();
    let event = only(notify(&host, "CRITICAL", "CRITICAL"));
    assert!(
        waiting.iter().all(|waiting| waiting.id == event.id),
        "{waiting:?} {event:?}"
    );
}

#[test]
fn while_a_problem_is_open_a_missing_core_is_noticed() {
    let mut host = Host::with_core();
    let problem = only(notify(&host, "CRITICAL", "OK"));
    host.stop_core();
    let (code, _, stderr) = run(&mut action(&host, "CRITICAL", "CRITICAL", "x"));
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert_eq!(only(host.take_spooled()).id, problem.id, "no new event");
}

#[test]
fn a_damaged_state_loses_neither_problem_nor_recovery() {
    let host = Host::with_core();
    only(notify(&host, "CRITICAL", "OK"));
    let damage = || {
        for entry in fs::read_dir(host.dir.path().join("mackerel")).expect("states") {
            fs::write(entry.expect("an entry").path(), "\0\0").expect("damaged");
        }
    };
    damage();
    assert_eq!(only(notify(&host, "OK", "")).kind, EventKind::Recovery);
    assert_eq!(notify(&host, "OK", "OK"), []);
    damage();
    assert_eq!(only(notify(&host, "CRITICAL", "")).kind, EventKind::Problem);
}

#[test]
fn runs_that_overlap_hand_over_once() {
    let host = Host::with_core();
    let runs: Vec<_> = (0..12)
        .map(|_| {
            action(&host, "CRITICAL", "OK", "x")
                .spawn()
                .expect("started")
        })
        .collect();
    for child in runs {
        assert_eq!(ended(child.wait_with_output().expect("ended")), QUIET);
    }
    only(host.take_spooled());
}

#[test]
fn attempts_are_counted_here_since_the_agent_does_not_tell() {
    let host = Host::with_core();
    let notify = |status| {
        let mut command = action(&host, status, "", "x");
        assert_eq!(run(command.args(["--min-attempts", "3"])), QUIET);
        host.take_spooled().len()
    };
    assert_eq!(
        ["CRITICAL", "CRITICAL", "OK", "CRITICAL", "WARNING"].map(notify),
        [0; 5]
    );
    assert_eq!(notify("CRITICAL"), 1);
}

#[test]
fn a_message_of_any_bytes_and_length_is_handed_over() {
    let host = Host::with_core();
    let mut message = b"caf\xe9 \xff\n".to_vec();
    message.extend("あ".repeat(30_000).as_bytes());
    let mut command = action(&host, "UNKNOWN", "", "");
    command.env("MACKEREL_CHECK_MESSAGE", OsStr::from_bytes(&message));
    assert_eq!(run(&mut command), QUIET);
    let event = only(host.take_spooled());
    assert_eq!(event.title, "disk: caf\u{fffd} \u{fffd}");
    assert_eq!(event.severity, Severity::Error);
}

#[test]
fn wrong_options_and_a_run_by_hand_are_explained() {
    let host = Host::with_core();
    let (code, _, stderr) = run(&mut host.command(PLUGIN, &["notify"]));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--check"), "{stderr}");
    let (code, _, stderr) = run(&mut host.command(PLUGIN, &["notify", "--check", "disk"]));
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("MACKEREL_STATUS"), "{stderr}");
}

#[derive(Deserialize)]
struct Fixture {
    environment: std::collections::BTreeMap<String, String>,
    before: Option<String>,
    kind: Option<EventKind>,
    severity: Option<Severity>,
}

#[test]
fn every_fixture_leads_to_its_event() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/monitors/mackerel");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("the fixtures") {
        let path = entry.expect("an entry").path();
        let json = fs::read(&path).expect("a fixture");
        let fixture: Fixture = serde_json::from_slice(&json).expect("the fixture's form");
        let host = Host::with_core();
        if let Some(before) = &fixture.before {
            notify(&host, before, "");
        }
        let mut command = action(&host, "", "", "");
        command.envs(&fixture.environment);
        assert_eq!(run(&mut command), QUIET, "{}", path.display());
        let event = host.take_spooled().pop();
        assert_eq!(
            event.as_ref().map(|event| event.kind),
            fixture.kind,
            "{}",
            path.display()
        );
        assert_eq!(
            event.map(|event| event.severity),
            fixture.severity,
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 5, "{seen} fixtures");
}
