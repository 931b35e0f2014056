//! Who carries a call: rates, places in the line, sick providers, and what an undone turn gives back.

use super::*;
use crate::{
    dispatch::Kept,
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
    fn after(&mut self, secs: i64) -> Turn {
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
