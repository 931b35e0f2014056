//! When monitors are asked, and what suppressions do.

use super::{monitors::problem, *};
use crate::{
    alert::HELD,
    monitor::{Open, Standing},
};

/// Which alerts a turn asks about; with a mark those that are held.
fn asked(turn: &Turn) -> Vec<String> {
    let of = |errand: &Errand| match errand {
        Errand::Ask(open) => Some(open.clone()),
        _ => None,
    };
    let open = turn.errands.iter().filter_map(of).flatten();
    let mut asked: Vec<_> = open
        .map(|Open { headline, held, .. }| {
            let mark = if held { " held" } else { "" };
            format!("{}{mark}", headline.alert)
        })
        .collect();
    asked.sort();
    asked
}

const ALL: [&str; 3] = ["mackerel/2a", "zabbix/7", "zabbix/9"];

impl World {
    fn wake(&mut self) -> Turn {
        self.turn(|desk, now, turn| desk.wake(now, 10, turn))
    }

    /// Both lines are busy: the round is over.
    fn round(&mut self, first: u32) -> Turn {
        self.status((1, first), CallStatus::Busy);
        self.status((1, first + 1), CallStatus::Busy)
    }

    /// What a monitor says of an alert.
    fn read(&mut self, source: &str, dedup: &str, held: bool, standing: &Standing) -> Turn {
        let headline = Arc::new(Headline::of(&problem(source, dedup)));
        let open = Open {
            headline,
            held,
            since: None,
        };
        let event = standing.event(&open, self.now.steady);
        let event = event.expect("news");
        self.turn(|desk, now, turn| {
            desk.event(now, &event, turn);
            desk.monitor_read(now, source.into());
        })
    }

    fn pass(&mut self, minutes: i64) {
        self.now.steady += SignedDuration::from_mins(minutes);
    }
}

#[test]
fn the_monitors_are_asked_once_when_a_round_ends_and_at_the_start() {
    let mut world = World::storm();
    assert_eq!(asked(&world.round(1)), ALL);
    let joined = world.say(&problem("zabbix", "10"));
    assert!(asked(&joined).is_empty(), "the round has ended before");
    world.pass(5);
    assert!(asked(&world.wake()).is_empty(), "people are called");
    assert_eq!(asked(&world.round(3)).len(), 4);
    let restarted = world.turn(|desk, now, turn| desk.restarted(now, turn));
    assert_eq!(asked(&restarted).len(), 4);
}

#[test]
fn what_is_over_in_the_monitor_is_called_about_no_more() {
    let mut world = World::with(monitors::MONITORS);
    world.say(&problem("zabbix", "7"));
    world.round(1);
    let over = Standing::Over {
        reason: None,
        stamp: "17".to_owned(),
    };
    world.read("zabbix", "7", false, &over);
    world.pass(60);
    assert_eq!(placed(&world.wake()), []);
    let load = world.desk.load(world.now.steady);
    assert_eq!((load.open_alerts, load.open_escalations), (0, 0));
}

/// A run whose only alert is suppressed after the first round.
fn suppressed() -> World {
    let mut world = World::with(monitors::MONITORS);
    world.say(&problem("zabbix", "7"));
    world.round(1);
    world.read("zabbix", "7", false, &Standing::Suppressed);
    world
}

#[test]
fn what_is_suppressed_calls_nobody_however_long_and_calls_at_once_when_that_ends() {
    let mut world = suppressed();
    for _ in 0..200 {
        world.pass(1);
        let source = "zabbix".into();
        world.turn(|desk, now, _| desk.monitor_read(now, source));
        assert_eq!(placed(&world.wake()), [], "at {}", world.now.steady);
    }
    let released = world.read("zabbix", "7", true, &Standing::Open);
    assert_eq!(placed(&released), [(1, "aya")]);
}

#[test]
fn a_monitor_that_cannot_be_read_any_more_silences_nobody() {
    let mut world = suppressed();
    world.pass(59);
    assert_eq!(placed(&world.wake()), [], "held like any acknowledgement");
    world.pass(2);
    let resumed = world.wake();
    assert_eq!(placed(&resumed), [(1, "aya")]);
    assert_eq!(asked(&resumed), ["zabbix/7"], "and it is asked again");
    let Some(Errand::Ask(open)) = resumed
        .errands
        .iter()
        .find(|errand| matches!(errand, Errand::Ask(_)))
    else {
        panic!("not asked")
    };
    assert_eq!(open[0].since, Some(world.now.wall));
}

#[test]
fn what_is_suppressed_beside_what_is_not_stops_no_call() {
    let mut world = World::storm();
    world.read("zabbix", "7", false, &Standing::Suppressed);
    assert_eq!(
        placed(&world.status((1, 1), CallStatus::Busy)),
        [(1, "ben")]
    );
    let end = world.status((1, 2), CallStatus::Busy);
    assert_eq!(asked(&end), ["mackerel/2a", "zabbix/7 held", "zabbix/9"]);
}

#[test]
fn who_takes_over_what_is_suppressed_has_the_whole_time_for_it() {
    let mut world = suppressed();
    world.pass(50);
    let taken = Standing::Taken {
        by: "Admin".to_owned(),
        stamp: "9".to_owned(),
    };
    world.read("zabbix", "7", true, &taken);
    world.pass(59);
    assert_eq!(placed(&world.wake()), []);
    world.pass(2);
    assert_eq!(placed(&world.wake()), [(1, "aya")]);
}

#[test]
fn an_alert_is_held_by_nobody_whom_a_member_could_be_named_after() {
    let world = suppressed();
    let alert = world.desk.alerts.iter().next().expect("one");
    assert!(alert.is_held() && HELD.starts_with('('));
}
