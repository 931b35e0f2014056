//! Each finding, and what comes of several.

use CheckStatus::{Critical, Ok as Well, Unknown, Warning};

use super::*;
use crate::health::{Heartbeat, Provider, SelfTest};

fn healthy() -> Health {
    Health {
        status: "ok".to_owned(),
        ..Health::default()
    }
}

fn runs(health: Health) -> Seen {
    Seen {
        core: Core::Runs(Box::new(health)),
        ..well()
    }
}

fn of(core: Core) -> Seen {
    Seen { core, ..well() }
}

fn well() -> Seen {
    Seen {
        core: Core::Runs(Box::new(healthy())),
        oldest_event: Ok(None),
        config: config(&[], &[]),
        remote: vec![],
        public: Some(("https://oncall.example.com".to_owned(), Ok(200))),
        now: Timestamp::UNIX_EPOCH,
    }
}

fn config(uncovered: &[&str], soon: &[&str]) -> Configuration {
    Configuration::Valid {
        uncovered: uncovered.iter().map(|&name| name.to_owned()).collect(),
        soon_uncovered: soon.iter().map(|&name| name.to_owned()).collect(),
        is_practice: false,
    }
}

const LIMITS: Limits = Limits {
    warning: Duration::from_secs(15),
    critical: Duration::from_secs(60),
    outbox: 20,
    public: Warning,
    self_test_max_age: None,
};

fn check(seen: Seen, status: CheckStatus, text: &str) {
    check_with(seen, LIMITS, status, text);
}

fn check_with(seen: Seen, limits: Limits, status: CheckStatus, text: &str) {
    let judged = judge(&seen, limits);
    assert_eq!(judged.0, status, "{seen:?} {}", judged.1);
    assert!(judged.1.contains(text), "{}", judged.1);
}

#[test]
fn the_text_of_an_ok_holds_no_number() {
    check(well(), Well, "alerts reach the people on call");
    let busy = Seen {
        oldest_event: Ok(Some(Duration::from_secs(14))),
        ..runs(Health {
            outbox_pending: 20,
            open_alerts: 3,
            ..healthy()
        })
    };
    check(busy, Well, "alerts reach the people on call");
}

#[test]
fn a_core_that_the_next_event_starts_is_missed_only_if_there_is_work_for_it() {
    let left = |left_open| of(Core::StartsWithNextEvent { left_open });
    check(left(0), Well, "no core runs and none is needed");
    check(left(2), Critical, "nobody is called for 2 open alerts");
    let wrong = Configuration::Wrong("line 3".into());
    let broken = Seen {
        config: wrong,
        ..left(0)
    };
    check(
        broken,
        Critical,
        "none can be started; the configuration has mistakes: line 3",
    );
    check(of(Core::Missing), Critical, "no core runs on this host");
}

#[test]
fn each_trouble_has_its_status() {
    let text = |text: &str| text.to_owned();
    check(
        of(Core::Unclear(text("lock unreadable"))),
        Unknown,
        "lock unreadable",
    );
    check(of(Core::Silent(text("refused"))), Critical, "refused");
    let degraded = Health {
        status: text("degraded"),
        ..healthy()
    };
    check(runs(degraded), Critical, "degraded");
    for (secs, status) in [(15, Warning), (60, Critical)] {
        let waiting = Seen {
            oldest_event: Ok(Some(Duration::from_secs(secs))),
            ..well()
        };
        check(waiting, status, &format!("{secs} s"));
    }
    let unreadable = Seen {
        oldest_event: Err(text("denied")),
        ..well()
    };
    check(unreadable, Unknown, "denied");
    let wrong = Seen {
        config: Configuration::Wrong(text("line 3")),
        ..well()
    };
    check(wrong, Warning, "line 3");
    let full = Health {
        outbox_pending: 21,
        ..healthy()
    };
    check(runs(full), Warning, "21 notices wait");
}

#[test]
fn what_the_core_says_of_others_is_told() {
    let provider = |name: &str, state: &str| Provider {
        name: name.to_owned(),
        channel: "voice".to_owned(),
        state: state.to_owned(),
    };
    let with = |providers| {
        runs(Health {
            providers,
            ..healthy()
        })
    };
    check(
        with(vec![provider("a", "closed"), provider("b", "half-open")]),
        Well,
        "",
    );
    let one = vec![provider("a", "open"), provider("b", "closed")];
    check(with(one), Warning, "carriers fail: a voice");
    check(
        with(vec![provider("a", "open")]),
        Critical,
        "all carriers fail: a voice",
    );
    let suspended = Health {
        suspended_channels: vec!["rinban".to_owned()],
        ..healthy()
    };
    check(runs(suspended), Critical, "suspended the channel rinban");
    let heartbeats = [("a", true), ("b", false)].map(|(name, ok)| Heartbeat {
        name: name.to_owned(),
        ok,
    });
    let silent = Health {
        heartbeats: heartbeats.to_vec(),
        ..healthy()
    };
    check(runs(silent), Warning, "nothing is heard of b");
}

#[test]
fn a_self_test_counts_when_it_has_failed_or_is_older_than_it_may_be() {
    let test = |at, ok| SelfTest {
        at: Timestamp::from_second(at).expect("a timestamp"),
        ok,
        text: "nobody answered".to_owned(),
    };
    let seen = |self_test, now| Seen {
        now: Timestamp::from_second(now).expect("a timestamp"),
        ..runs(Health {
            self_test,
            ..healthy()
        })
    };
    let daily = Limits {
        self_test_max_age: Some(Duration::from_secs(86_400)),
        ..LIMITS
    };
    check(seen(None, 0), Well, "");
    check_with(seen(None, 0), daily, Warning, "there was no self-test yet");
    check(
        seen(Some(test(0, false)), 1),
        Critical,
        "the self-test has failed: nobody answered",
    );
    check_with(seen(Some(test(0, true)), 86_400), daily, Well, "");
    check_with(
        seen(Some(test(0, true)), 90_000),
        daily,
        Warning,
        "25 hours ago",
    );
    check(seen(Some(test(0, true)), 90_000), Well, "");
}

#[test]
fn an_address_that_carriers_do_not_reach_is_told() {
    let public = |answer| Seen {
        public: Some(("https://x".to_owned(), answer)),
        ..well()
    };
    check(public(Ok(404)), Well, "");
    check(
        public(Ok(502)),
        Warning,
        "https://x, where carriers look for us, answers 502",
    );
    check(
        public(Err("refused".to_owned())),
        Warning,
        "does not answer (refused)",
    );
    let strict = Limits {
        public: Critical,
        ..LIMITS
    };
    check_with(public(Ok(502)), strict, Critical, "502");
}

#[test]
fn a_roster_with_a_gap_is_told_before_and_when_it_comes() {
    let with = |config| Seen { config, ..well() };
    let soon = "within a day nobody is on call for infra";
    check(with(config(&[], &["infra"])), Warning, soon);
    let now = "nobody is on call now for infra";
    check(with(config(&["infra"], &["infra"])), Critical, now);
    let many = ["a", "b", "c", "d", "e", "f", "g"];
    check(
        with(config(&many, &[])),
        Critical,
        "a, b, c, d, e and 2 more",
    );
}

#[test]
fn that_no_real_phone_will_ring_is_told() {
    let practice = Configuration::Valid {
        uncovered: vec![],
        soon_uncovered: vec![],
        is_practice: true,
    };
    let seen = Seen {
        config: practice,
        ..well()
    };
    check(seen.clone(), Warning, "no real phone will ring");
    let elsewhere = Seen {
        core: Core::Elsewhere,
        ..seen
    };
    check(elsewhere, Well, "");
}

#[test]
fn one_remote_core_is_enough_and_none_is_critical() {
    let down = || ("http://b".to_owned(), Err("refused".to_owned()));
    let remote = |remote| Seen {
        core: Core::Elsewhere,
        remote,
        ..well()
    };
    check(remote(vec![("http://a".into(), Ok(()))]), Well, "alerts");
    check(
        remote(vec![("http://a".into(), Ok(())), down()]),
        Warning,
        "http://b",
    );
    check(remote(vec![down()]), Critical, "http://b");
}

#[test]
fn the_worst_comes_first() {
    let seen = Seen {
        core: Core::Missing,
        oldest_event: Ok(Some(Duration::from_secs(20))),
        config: Configuration::Wrong("line 3".into()),
        ..well()
    };
    check(
        seen,
        Critical,
        "no core runs on this host; start the rinban service; an event has waited",
    );
}
