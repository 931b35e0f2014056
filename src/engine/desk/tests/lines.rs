//! Who carries a call: rates, places in the line, sick providers, and what an undone turn gives back.

use super::*;
use crate::{
    dispatch::{
        Kept,
        breaker::{Gate, Report},
        command::{Command, Found, Order},
    },
    escalation::{Fault, FaultClass},
};

/// Two providers, `main` once a second, and three groups of one member each.
const LINES: &str = r#"
state_dir = "/tmp/never-used"
default_group = "web"
[[providers]]
name = "main"
kind = "simulated"
calls_per_second = 1
[[providers]]
name = "spare"
kind = "simulated"
[members.aya]
number = "+819000000001"
[members.ben]
number = "+819000000002"
[members.chie]
number = "+819000000003"
[groups.web]
members = ["aya"]
[groups.db]
members = ["ben"]
[groups.ops]
members = ["chie"]
"#;

/// Through whom phones are to ring.
fn providers(turn: &Turn) -> Vec<&str> {
    let of = |errand: &'_ Errand| matches!(errand, Errand::Place { .. });
    let placed = turn.errands.iter().filter(|errand| of(errand));
    placed
        .map(|errand| match errand {
            Errand::Place { provider, .. } => provider.as_str(),
            _ => unreachable!("only calls are left"),
        })
        .collect()
}

impl World {
    pub(super) fn after(&mut self, secs: i64) -> Turn {
        self.now.steady += SignedDuration::from_secs(secs);
        self.now.wall = self.now.steady;
        self.turn(|desk, now, turn| desk.wake(now, 100, turn))
    }

    fn fails(&mut self, escalation: u64, number: u32) -> Turn {
        let attempt = AttemptId {
            escalation: EscalationId(escalation),
            number,
        };
        let input = Input::PlaceFailed {
            attempt,
            fault: Fault {
                class: FaultClass::Provider,
                code: None,
                text: "connection refused".to_owned(),
            },
            possible_duplicate: false,
        };
        self.turn(|desk, now, turn| desk.input(now, attempt.escalation, input, turn))
    }
}

#[test]
fn above_the_rate_calls_wait_for_their_second_in_order() {
    let mut world = World::from(LINES, Kept::default());
    assert_eq!(providers(&world.problem("web", "1")), ["main"]);
    assert_eq!(providers(&world.problem("db", "1")), Vec::<&str>::new());
    assert_eq!(providers(&world.problem("ops", "1")), Vec::<&str>::new());
    assert_eq!(placed(&world.after(1)), [(2, "ben")]);
    assert_eq!(providers(&world.after(1)), ["main"], "chie");
}

#[test]
fn an_alert_that_is_over_leaves_its_place_in_the_line() {
    let mut world = World::from(LINES, Kept::default());
    world.problem("web", "1");
    world.problem("db", "1");
    world.problem("ops", "1");
    let over = event("db", "1", EventKind::Recovery, Severity::Critical);
    world.turn(|desk, now, turn| desk.event(now, &over, turn));
    world.after(1);
    // Asked again at the instant that it was told, when the place before it was still taken.
    assert_eq!(providers(&world.after(1)), ["main"]);
    assert_eq!(world.desk.waiting.len(), 0);
}

#[test]
fn a_sick_provider_is_passed_by_also_after_a_restart() {
    let mut world = World::from(LINES, Kept::default());
    assert_eq!(providers(&world.problem("web", "1")), ["main"]);
    let failed = world.fails(1, 1);
    assert_eq!(providers(&failed), ["spare"], "the same person at once");
    world.after(1);
    assert_eq!(providers(&world.problem("db", "1")), ["main"]);
    let failed = world.fails(2, 1);
    assert_eq!(providers(&failed), ["spare"]);
    world.after(1);
    assert_eq!(
        providers(&world.problem("ops", "1")),
        ["spare"],
        "main's breaker is open"
    );
    let kept = failed.batch.dispatch.expect("the breaker is to be stored");
    let mut next = World::from(LINES, kept);
    next.now = world.now;
    assert_eq!(providers(&next.problem("web", "1")), ["spare"]);
    let probes: Vec<Errand> = next.after(60).errands;
    let probe = Errand::Probe {
        provider: "main".into(),
        channel: crate::roster::Channel::Voice,
    };
    assert!(probes.contains(&probe), "{probes:?}");
}

#[test]
fn an_undone_turn_gives_the_line_back() {
    let mut world = World::from(LINES, Kept::default());
    let problem = event("web", "1", EventKind::Problem, Severity::Critical);
    world.unstored(|desk, now, turn| desk.event(now, &problem, turn));
    world.desk.undo_turn();
    assert_eq!(
        providers(&world.problem("web", "1")),
        ["main"],
        "the second was not used up"
    );
}

fn force_open(name: &str) -> Command {
    Command {
        order: Order::ForceOpen(name.into()),
        channel: None,
        by: "aya".to_owned(),
        why: "the carrier maintains".to_owned(),
    }
}

#[test]
fn a_command_survives_a_restart() {
    let mut world = World::from(LINES, Kept::default());
    let commanded = world.turn(|desk, now, turn| {
        desk.command(now, &force_open("main"), turn)
            .expect("a good command");
    });
    let kept = commanded.batch.dispatch.expect("it is to be stored");
    let mut next = World::from(LINES, kept);
    next.turn(|desk, now, turn| desk.restarted(now, turn));
    assert_eq!(providers(&next.problem("web", "1")), ["spare"]);
    let overview = next.desk.providers(next.now);
    let forced = overview.providers[0].forced.as_ref().expect("still forced");
    assert_eq!(
        (forced.by.as_str(), forced.why.as_str()),
        ("aya", "the carrier maintains")
    );
    assert_eq!(overview.history.len(), 1);
}

#[test]
fn a_command_whose_turn_could_not_be_stored_has_changed_nothing() {
    let mut world = World::from(LINES, Kept::default());
    let before = world.desk.providers(world.now);
    world.unstored(|desk, now, turn| {
        desk.command(now, &force_open("main"), turn)
            .expect("a good command");
    });
    assert_ne!(world.desk.providers(world.now), before);
    world.desk.undo_turn();
    assert_eq!(world.desk.providers(world.now), before);
    assert_eq!(providers(&world.problem("web", "1")), ["main"]);
}

#[test]
fn faults_are_shown_of_the_provider_that_made_them() {
    let mut world = World::from(LINES, Kept::default());
    world.problem("web", "1");
    world.fails(1, 1);
    let overview = world.desk.providers(world.now);
    let faults: Vec<_> = overview
        .providers
        .iter()
        .map(|line| (line.provider.as_str(), line.faults.len()))
        .collect();
    assert_eq!(faults, [("main", 1), ("spare", 0)]);
    assert_eq!(
        overview.providers[0].faults[0].fault.text,
        "connection refused"
    );
}

#[test]
fn a_good_probe_by_hand_ends_a_pause_early_and_a_bad_one_leaves_it() {
    let found = |report| Found {
        report,
        took_millis: 1,
        fault: None,
    };
    for (report, gate) in [(Report::Good, Gate::Trial), (Report::Fault, Gate::Sick)] {
        let mut world = World::from(LINES, Kept::default());
        for (number, group) in [(1, "web"), (2, "db")] {
            world.problem(group, "1");
            world.fails(number, 1);
            world.after(1);
        }
        let wakeup = world.desk.providers(world.now).providers[0].breaker.clone();
        world.turn(|desk, now, turn| {
            let line = (&"main".into(), crate::roster::Channel::Voice);
            desk.probed(now, line, &found(report), true, turn);
        });
        let main = &world.desk.providers(world.now).providers[0];
        assert_eq!(main.gate, gate, "{report:?}");
        assert_eq!(main.breaker == wakeup, report == Report::Fault);
    }
}

/// Receivers of everything and of one group.
const RECEIVERS: &str = r#"
[[notices]]
name = "all"
kind = "webhook"
url_env = "URL"
[[notices]]
name = "web only"
kind = "webhook"
url_env = "URL"
groups = ["web"]
"#;

/// Who is told what of the providers, in English.
fn told(turn: &Turn) -> Vec<(&str, String)> {
    let notices = turn.batch.notices.iter();
    notices
        .filter(|notice| matches!(notice.news, News::Provider { .. }))
        .map(|notice| (notice.receiver.as_str(), notice.news.to_string()))
        .collect()
}

#[test]
fn who_hears_of_all_groups_hears_of_the_providers_once() {
    let mut world = World::from(&format!("{LINES}{RECEIVERS}"), Kept::default());
    world.problem("web", "1");
    assert_eq!(told(&world.fails(1, 1)), []);
    world.after(1);
    world.problem("db", "1");
    let failed = world.fails(2, 1);
    let news = told(&failed);
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!(news[0].0, "all");
    let says = "main (voice): Nothing goes through it: two requests in a row failed.";
    assert!(news[0].1.starts_with(says), "{news:?}");
    // It is probed again and again and found sick: nobody is told of that, also not after a restart.
    let kept = failed.batch.dispatch.expect("it is to be stored");
    let mut next = World::from(&format!("{LINES}{RECEIVERS}"), kept);
    next.now = world.now;
    for _ in 0..20 {
        assert_eq!(told(&next.after(40)), []);
        let probed = next.turn(|desk, now, turn| {
            let found = Found {
                report: Report::Fault,
                took_millis: 1,
                fault: None,
            };
            let line = (&"main".into(), crate::roster::Channel::Voice);
            desk.probed(now, line, &found, false, turn);
        });
        assert_eq!(told(&probed), []);
    }
}

#[test]
fn what_an_operator_changes_is_told_with_who_and_why() {
    let mut world = World::from(&format!("{LINES}{RECEIVERS}"), Kept::default());
    let commanded = world.turn(|desk, now, turn| {
        desk.command(now, &force_open("main"), turn)
            .expect("a good command");
    });
    let says = "main (voice): Switched off by aya: the carrier maintains".to_owned();
    assert_eq!(told(&commanded), [("all", says)]);
}

#[test]
fn requests_that_a_crash_cut_short_are_no_faults_of_the_provider() {
    let mut world = World::from(LINES, Kept::default());
    world.problem("web", "1");
    world.after(1);
    world.problem("db", "1");
    world.now.steady += SignedDuration::from_secs(30);
    world.turn(|desk, now, turn| desk.restarted(now, turn));
    world.fails(1, 1);
    world.fails(2, 1);
    world.after(5);
    assert_eq!(providers(&world.problem("ops", "1")), ["main"]);
}

#[test]
fn a_call_that_was_to_end_because_it_does_not_ring_is_ended_by_the_next_core_too() {
    let mut world = World::new();
    world.problem("web", "1");
    world.status((1, 1), CallStatus::Queued);
    for _ in 0..3 {
        world.after(15);
    }
    assert!(
        matches!(world.desk.unfinished()[..], [Unfinished::ToEnd(_)]),
        "{:?}",
        world.desk.unfinished()
    );
}

#[test]
fn a_carrier_that_accepts_calls_and_lets_none_ring_is_found_out() {
    let mut world = World::from(LINES, Kept::default());
    for (escalation, group) in [(1, "web"), (2, "db")] {
        world.problem(group, "1");
        let attempt = AttemptId {
            escalation: EscalationId(escalation),
            number: 1,
        };
        let call = format!("CA{escalation}").as_str().into();
        let placed = Input::Placed { attempt, call };
        world.turn(|desk, now, turn| desk.input(now, attempt.escalation, placed, turn));
        for secs in [15, 5, 10] {
            world.after(secs);
        }
        let canceled = Input::Status {
            attempt,
            call: format!("CA{escalation}").as_str().into(),
            status: CallStatus::Canceled,
        };
        let next =
            world.turn(|desk, now, turn| desk.input(now, attempt.escalation, canceled, turn));
        assert_eq!(providers(&next), ["spare"], "the same person");
    }
    assert_eq!(providers(&world.problem("ops", "1")), ["spare"]);
    let overview = world.desk.providers(world.now);
    let main = &overview.providers[0];
    assert!(
        main.held_until.is_some() || main.gate == Gate::Sick,
        "{main:?}"
    );
}
