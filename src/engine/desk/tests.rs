//! The desk as tables: what events of several groups add up to, who may be called, and what an undone turn leaves behind.

mod lines;
mod messages;
mod monitors;
mod readings;

use std::path::Path;

use super::*;
use crate::{
    alert::{EventKind, Severity, samples},
    dispatch::Kept,
    escalation::{CallStatus, News},
    store::Batch,
};

const CONFIG: &str = r#"
state_dir = "/tmp/never-used"
default_group = "web"
[[providers]]
name = "simulated"
kind = "simulated"
[members.aya]
number = "+819000000001"
[members.ben]
number = "+819000000002"
[groups.web]
members = ["aya", "ben"]
[groups.db]
members = ["aya", "ben"]
"#;

struct World {
    desk: Desk,
    now: Now,
}

fn event(group: &str, dedup: &str, kind: EventKind, severity: Severity) -> Event {
    Event {
        id: format!("{group}:{dedup}:{kind:?}:{severity}")
            .as_str()
            .into(),
        source: "test".into(),
        dedup_key: dedup.into(),
        group: group.into(),
        kind,
        acknowledged_by: (kind == EventKind::Update).then(|| "Admin".to_owned()),
        severity,
        ..samples::event()
    }
}

/// What an empty store holds.
fn nothing(dispatch: Kept) -> Snapshot {
    Snapshot {
        escalations: Vec::new(),
        alerts: Vec::new(),
        inbox: Vec::new(),
        outbox: Vec::new(),
        calls: Vec::new(),
        marks: Default::default(),
        dispatch,
        next_escalation: EscalationId(1),
        token_key: [0; 32],
        unreadable: Vec::new(),
    }
}

impl World {
    fn new() -> Self {
        Self::with("")
    }

    /// With more configuration.
    fn with(more: &str) -> Self {
        Self::from(&format!("{CONFIG}{more}"), Kept::default())
    }

    fn from(config: &str, dispatch: Kept) -> Self {
        let environment = |name: &str| {
            let is_address = name == "URL";
            Some(
                if is_address {
                    "https://hooks.example/x"
                } else {
                    "secret"
                }
                .to_owned(),
            )
        };
        let config = Config::parse_with(config, Path::new("/tmp/rinban.toml"), &environment);
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let snapshot = nothing(dispatch);
        let at = Timestamp::from_second(1_800_000_000).expect("in range");
        Self {
            desk: Desk::new(Arc::new(config), &snapshot),
            now: Now {
                steady: at,
                wall: at,
                dice: 0.5,
            },
        }
    }

    /// The next core, which finds what these batches of the last hour have left.
    fn taken_over(batches: &[Batch]) -> Self {
        let mut world = Self::new();
        let last = |batch: &Batch| batch.escalations.last().cloned();
        let snapshot = Snapshot {
            escalations: batches.iter().rev().find_map(last).into_iter().collect(),
            calls: batches
                .iter()
                .flat_map(|batch| batch.calls.clone())
                .collect(),
            next_escalation: EscalationId(2),
            ..nothing(Kept::default())
        };
        world.desk = Desk::new(Arc::clone(&world.desk.config), &snapshot);
        world
    }

    /// One turn that is stored.
    fn turn(&mut self, happen: impl FnOnce(&mut Desk, Now, &mut Turn)) -> Turn {
        let turn = self.unstored(happen);
        self.desk.stored(self.now.steady);
        turn
    }

    fn unstored(&mut self, happen: impl FnOnce(&mut Desk, Now, &mut Turn)) -> Turn {
        let mut turn = Turn::default();
        happen(&mut self.desk, self.now, &mut turn);
        self.desk.close_turn(&mut turn);
        turn
    }

    fn problem(&mut self, group: &str, dedup: &str) -> Turn {
        let event = event(group, dedup, EventKind::Problem, Severity::Critical);
        self.turn(|desk, now, turn| desk.event(now, &event, turn))
    }

    fn status(&mut self, attempt: (u64, u32), status: CallStatus) -> Turn {
        let attempt = AttemptId {
            escalation: EscalationId(attempt.0),
            number: attempt.1,
        };
        let input = Input::Status {
            attempt,
            call: format!("CA{attempt}").as_str().into(),
            status,
        };
        self.turn(|desk, now, turn| desk.input(now, attempt.escalation, input, turn))
    }
}

/// Whose phones are to ring.
fn placed(turn: &Turn) -> Vec<(u64, &str)> {
    let of = |errand: &Errand| match errand {
        Errand::Place {
            attempt, member, ..
        } => Some((attempt.escalation.0, member.clone())),
        _ => None,
    };
    let found: Vec<_> = turn.errands.iter().filter_map(of).collect();
    ["aya", "ben"]
        .into_iter()
        .flat_map(|name| {
            found
                .iter()
                .filter(move |(_, member)| member.as_str() == name)
                .map(move |(id, _)| (*id, name))
        })
        .collect()
}

#[test]
fn two_groups_never_ring_one_persons_phone_at_a_time() {
    let mut world = World::new();
    assert_eq!(placed(&world.problem("web", "1")), [(1, "aya")]);
    // aya's phone rings for the other group, so ben is called at once.
    assert_eq!(placed(&world.problem("db", "1")), [(2, "ben")]);
    // web goes on to ben, whose phone rings too: nobody is left in this round.
    let turn = world.status((1, 1), CallStatus::Busy);
    assert_eq!(placed(&turn), []);
    assert!(
        world.desk.next_wakeup().is_some(),
        "the next round is armed"
    );
}

#[test]
fn alerts_of_a_group_join_until_somebody_takes_them() {
    let mut world = World::new();
    world.problem("web", "1");
    assert_eq!(placed(&world.problem("web", "2")), [], "it joins");
    let load = world.desk.load(world.now.steady);
    assert_eq!(
        (load.open_escalations, load.open_alerts, load.live_calls),
        (1, 2, 1)
    );
    for dedup in ["1", "2"] {
        let taken = event("web", dedup, EventKind::Update, Severity::Critical);
        world.turn(|desk, now, turn| desk.event(now, &taken, turn));
    }
    let turn = world.problem("web", "3");
    assert_eq!(turn.batch.escalations.len(), 1);
    assert_eq!(
        turn.batch.escalations[0].id,
        EscalationId(2),
        "what somebody took stays theirs"
    );
}

#[test]
fn mild_alerts_call_nobody_until_they_get_worse() {
    let mut world = World::new();
    for (severity, calls) in [
        (Severity::Info, false),
        (Severity::Info, false),
        (Severity::Error, true),
    ] {
        let event = event("web", "1", EventKind::Problem, severity);
        let turn = world.turn(|desk, now, turn| desk.event(now, &event, turn));
        assert_eq!(!placed(&turn).is_empty(), calls, "{severity}");
    }
}

#[test]
fn a_phone_that_rings_for_what_is_over_is_silenced_by_the_next_core() {
    for is_placed in [false, true] {
        let mut world = World::new();
        let mut batches = vec![world.problem("web", "1").batch];
        if is_placed {
            batches.push(world.status((1, 1), CallStatus::Queued).batch);
        }
        let recovery = event("web", "1", EventKind::Recovery, Severity::Critical);
        let last = world.turn(|desk, now, turn| desk.event(now, &recovery, turn));
        batches.push(last.batch);
        // The core dies before it acts on that.
        let unfinished = World::taken_over(&batches).desk.unfinished();
        let attempt = AttemptId {
            escalation: EscalationId(1),
            number: 1,
        };
        match &unfinished[..] {
            [Unfinished::ToEnd(record)] if is_placed => assert_eq!(record.attempt, attempt),
            [Unfinished::Intent(record)] if !is_placed => assert_eq!(record.attempt, attempt),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nobody_is_called_about_what_was_over_before_the_turn_was_stored() {
    let mut world = World::new();
    let turn = world.turn(|desk, now, turn| {
        for kind in [EventKind::Problem, EventKind::Recovery] {
            desk.event(now, &event("web", "1", kind, Severity::Critical), turn);
        }
    });
    assert_eq!(placed(&turn), []);
    assert_eq!(
        placed(&world.problem("web", "2")),
        [(2, "ben")],
        "aya's phone is free in a moment"
    );
}

#[test]
fn events_of_an_unknown_group_call_the_default_group() {
    assert_eq!(placed(&World::new().problem("wbe", "1")), [(1, "aya")]);
}

#[test]
fn a_turn_that_could_not_be_stored_has_not_happened() {
    let mut world = World::new();
    world.problem("web", "1");
    let before = format!("{:?}", world.desk.load(world.now.steady));
    let (armed, calls) = (
        world.desk.next_wakeup(),
        world.desk.known_calls(&"aya".into()),
    );
    let undone = world.unstored(|desk, now, turn| {
        for event in [
            event("web", "2", EventKind::Problem, Severity::Critical),
            event("web", "1", EventKind::Recovery, Severity::Critical),
            event("db", "9", EventKind::Problem, Severity::Critical),
        ] {
            desk.event(now, &event, turn);
        }
    });
    assert!(!undone.errands.is_empty());
    world.desk.undo_turn();
    assert_eq!(format!("{:?}", world.desk.load(world.now.steady)), before);
    assert_eq!(world.desk.next_wakeup(), armed);
    assert_eq!(world.desk.known_calls(&"aya".into()), calls);
    // The same events again lead to the same names and the same errands.
    let again = world.turn(|desk, now, turn| {
        let event = event("db", "9", EventKind::Problem, Severity::Critical);
        desk.event(now, &event, turn);
    });
    assert_eq!(placed(&again), [(2, "ben")]);
}
