//! What monitors are told: each alert of a run once, by its own name.

use super::*;
use crate::escalation::Heard;

pub(super) const MONITORS: &str = r#"
[policies.default]
allow_close = true
[[monitors]]
kind = "zabbix"
url = "https://zabbix.example.com/api_jsonrpc.php"
token_env = "TOKEN"
[[monitors]]
kind = "mackerel"
token_env = "TOKEN"
"#;

pub(super) fn problem(source: &str, dedup: &str) -> Event {
    let event = event("web", dedup, EventKind::Problem, Severity::Critical);
    let variables = match source {
        "mackerel" => [("alert_id".to_owned(), dedup.to_owned())].into(),
        _ => Default::default(),
    };
    Event {
        id: format!("{source}:{dedup}").as_str().into(),
        source: source.into(),
        variables,
        ..event
    }
}

impl World {
    pub(super) fn say(&mut self, event: &Event) -> Turn {
        self.turn(|desk, now, turn| desk.event(now, event, turn))
    }

    pub(super) fn hear(&mut self, attempt: (u64, u32), stage: u16, heard: Heard) -> Turn {
        let attempt = AttemptId {
            escalation: EscalationId(attempt.0),
            number: attempt.1,
        };
        let input = Input::Voice {
            attempt,
            call: format!("CA{attempt}").as_str().into(),
            stage,
            heard,
        };
        self.turn(|desk, now, turn| desk.input(now, attempt.escalation, input, turn))
    }

    fn press(&mut self, keys: &str) -> Turn {
        self.hear((1, 1), 0, Heard::Answer);
        self.hear((1, 1), 1, Heard::Keys(keys.into()))
    }

    /// A run about two alerts of Zabbix and one of Mackerel, and two that no monitor knows by name.
    pub(super) fn storm() -> Self {
        let mut world = Self::with(MONITORS);
        for (source, dedup) in [
            ("zabbix", "7"),
            ("zabbix", "trigger 12"),
            ("mackerel", "2a"),
            ("test", "8"),
            ("zabbix", "9"),
        ] {
            world.say(&problem(source, dedup));
        }
        world
    }
}

/// Which monitor is told of which alert that this happened.
fn told(turn: &Turn) -> Vec<String> {
    let told = turn.batch.notices.iter().map(|notice| {
        assert!(notice.escalation.is_some());
        let (receiver, dedup) = (&notice.receiver, &notice.headline.alert.dedup);
        format!("{receiver} {dedup}: {}", notice.news)
    });
    told.collect()
}

#[test]
fn every_alert_of_a_run_is_written_back_exactly_once() {
    let mut world = World::storm();
    let answered = world.hear((1, 1), 0, Heard::Answer);
    let of_each = |news: &str| {
        ["mackerel 2a", "zabbix 7", "zabbix 9"].map(|alert| format!("{alert}: {news}"))
    };
    assert_eq!(told(&answered), of_each("aya answered"));
    let taken = world.hear((1, 1), 1, Heard::Keys("1".into()));
    assert_eq!(told(&taken), of_each("acknowledged by aya"));
    let again = world.hear((1, 1), 1, Heard::Keys("1".into()));
    assert!(told(&again).is_empty(), "the same request again");
    world.now.steady += SignedDuration::from_hours(2);
    let resumed = world.turn(|desk, now, turn| desk.wake(now, 10, turn));
    assert_eq!(
        told(&resumed),
        of_each("not closed in time, calling resumes")
    );
}

#[test]
fn what_joins_before_the_key_is_taken_too_and_what_comes_after_is_not() {
    let mut world = World::storm();
    world.hear((1, 1), 0, Heard::Answer);
    world.say(&problem("zabbix", "10"));
    let taken = told(&world.hear((1, 1), 1, Heard::Keys("1".into())));
    assert!(
        taken.contains(&"zabbix 10: acknowledged by aya".to_owned()),
        "{taken:?}"
    );
    assert_eq!(taken.len(), 4);
    assert!(told(&world.say(&problem("zabbix", "11"))).is_empty());
}

#[test]
fn what_somebody_took_in_the_monitor_stays_theirs() {
    let mut world = World::storm();
    let update = Event {
        id: "update".into(),
        kind: EventKind::Update,
        acknowledged_by: Some("Admin".to_owned()),
        ..problem("zabbix", "7")
    };
    assert!(
        told(&world.say(&update)).is_empty(),
        "Zabbix knows it already"
    );
    assert_eq!(
        told(&world.press("1")),
        [
            "mackerel 2a: acknowledged by aya",
            "zabbix 9: acknowledged by aya"
        ]
    );
}

#[test]
fn key_9_is_written_to_every_open_alert() {
    let mut world = World::storm();
    assert_eq!(
        told(&world.press("9")),
        ["mackerel 2a", "zabbix 7", "zabbix 9"].map(|alert| format!("{alert}: closed by aya"))
    );
}

#[test]
fn without_a_monitor_nothing_is_written_back() {
    let mut world = World::new();
    world.say(&problem("zabbix", "7"));
    assert!(told(&world.press("1")).is_empty());
}
