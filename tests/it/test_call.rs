//! `rinban test-call` as people run it, beside a core with the simulated network.

use std::{net::TcpListener, process::Output};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rinban::escalation::Escalation;

use crate::support::{
    core::{Core, Home},
    wait_for,
};

/// Two people; what each does when called.
fn home(aya: &str, ben: &str) -> Home {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    Home::with(&format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:{port}"
[handoff]
spool = "spool"
[[providers]]
name = "sim"
kind = "simulated"
[simulator]
speed = 50
[simulator.people]
"+819000000001" = ["{aya}"]
"+819000000002" = ["{ben}"]
[members.aya]
number = "+819000000001"
[members.ben]
number = "+819000000002"
[policies.default]
call_from = "critical"
[groups.web]
members = ["aya", "ben"]
"#
    ))
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let status = output.status.code().expect("it ends by itself");
    (status, text(&output.stdout), text(&output.stderr))
}

/// The test that the core has seen, which is over.
#[track_caller]
fn only_test(home: &Home, core: &Core) -> Escalation {
    core.wait_for_alerts(0);
    let escalation = home.escalation(1);
    assert!(escalation.is_over(), "{escalation:?}");
    assert_eq!(escalation.headline.alert.source.as_str(), "rinban");
    escalation
}

#[test]
fn a_test_that_somebody_takes_ends_well_and_leaves_nothing_open() {
    let home = home("busy", "key 1");
    let core = home.serve();
    let (status, said, error) = said(&home.output(&["test-call", "web", "--yes", "--wait", "60"]));
    assert_eq!((status, error.as_str()), (0, ""), "{said}");
    let told = [
        "This calls web through sim",
        "1.  aya",
        "2.  ben",
        "no real phone rings",
        "calling aya through sim",
        "aya not reached: busy",
        "calling ben through sim",
        "ben's phone rings",
        "ben's phone is answered",
        "ben pressed 1",
        "ben took it",
        "The test alert is closed. The chain works.",
    ];
    let mut rest = said.as_str();
    for words in told {
        let Some((_, after)) = rest.split_once(words) else {
            panic!("{words:?} does not come in its turn:\n{said}");
        };
        rest = after;
    }
    assert_eq!(only_test(&home, &core).group.as_str(), "test:web");
    let known = core.health()["self_test"].clone();
    assert_eq!(
        (&known["ok"], &known["text"]),
        (&true.into(), &"ben took it".into())
    );
    core.stop();
    let core = home.serve();
    assert_eq!(
        core.health()["self_test"],
        known,
        "a restart forgets no test"
    );
}

#[test]
fn a_test_of_one_person_calls_nobody_else() {
    let home = home("busy", "key 1");
    let core = home.serve();
    let (status, said, error) =
        said(&home.output(&["test-call", "--member", "ben", "--yes", "--wait", "60"]));
    assert_eq!((status, error.as_str()), (0, ""), "{said}");
    assert!(
        said.contains("This calls ben") && !said.contains("aya"),
        "{said}"
    );
    assert_eq!(only_test(&home, &core).attempts.len(), 1);
}

#[test]
fn a_test_that_nobody_takes_says_what_to_do_and_is_closed() {
    let home = home("busy", "voicemail");
    let core = home.serve();
    let (status, said, error) = said(&home.output(&["test-call", "web", "--yes", "--wait", "10"]));
    assert_eq!(status, 1, "{said}{error}");
    assert!(
        error.starts_with("nobody took the test within 10 s; a phone was answered and no key"),
        "{error}"
    );
    only_test(&home, &core);
    let known = core.health()["self_test"].clone();
    let text = known["text"].as_str().expect("a text");
    assert_eq!(known["ok"], false);
    assert!(text.starts_with("nobody took the test; last: "), "{text}");
}

#[test]
fn a_test_that_is_broken_off_is_closed_all_the_same() {
    let home = home("busy", "busy");
    let core = home.serve();
    let mut test = home.spawn(&["test-call", "web", "--yes", "--wait", "60"]);
    core.wait_for_alerts(1);
    wait_for("the first call", || {
        let run = home.stored_escalation(1)?;
        (run.last_attempt > 0).then_some(())
    });
    let id = Pid::from_raw(i32::try_from(test.id()).expect("process ids are small"));
    kill(id, Signal::SIGINT).expect("it is our child");
    assert_eq!(test.wait().expect("our child").code(), Some(1));
    only_test(&home, &core);
}

#[test]
fn what_a_killed_test_has_left_open_is_closed_by_the_next() {
    let home = home("busy", "busy");
    let core = home.serve();
    let mut test = home.spawn(&["test-call", "web", "--yes", "--wait", "60"]);
    core.wait_for_alerts(1);
    test.kill().expect("it is our child");
    test.wait().expect("our child");
    let (status, said, _) = said(&home.output(&["test-call", "web", "--yes", "--wait", "10"]));
    assert_eq!(status, 1);
    assert!(said.contains("An earlier test (1) was left open"), "{said}");
    only_test(&home, &core);
    assert!(home.escalation(2).is_over());
}

#[test]
fn nobody_is_called_by_surprise_or_by_a_typing_error() {
    let home = home("key 1", "key 1");
    for (args, words) in [
        (&["test-call", "web", "--yes"][..], "no core runs on "),
        (&["test-call"], "<GROUP>"),
        (
            &["test-call", "wbe", "--yes"],
            "there is no group \"wbe\"; did you mean `web`?",
        ),
        (
            &["test-call", "--member", "bne", "--yes"],
            "there is no member \"bne\"",
        ),
    ] {
        let (_, _, error) = said(&home.output(args));
        assert!(error.contains(words), "{args:?}: {error}");
    }
    let core = home.serve();
    let (status, said, error) = said(&home.output(&["test-call", "web"]));
    assert_eq!(status, 2);
    assert!(
        said.contains("This calls web") && error.contains("say --yes"),
        "{said}{error}"
    );
    let health = core.health();
    assert_eq!(health["events_accepted_total"], 0);
    assert!(health["self_test"].is_null(), "{health}");
}
