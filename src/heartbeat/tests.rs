//! A watch through its days: silences, restarts, and the laws that hold whatever comes.

use proptest::prelude::*;

use super::*;

const EVERY: i64 = 60;
const GRACE: i64 = 240;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).expect("in range")
}

fn rule() -> Rule {
    Rule {
        name: "Zabbix".into(),
        group: "web".into(),
        every: SignedDuration::from_secs(EVERY),
        grace: SignedDuration::from_secs(GRACE),
        severity: Severity::Error,
    }
}

fn started(second: i64, mark: Option<Mark>, is_open: bool) -> Watch {
    let marks = mark.map(|mark| (rule().name, mark)).into_iter().collect();
    let open = is_open.then(|| rule().alert()).into_iter().collect();
    Watch::new([rule()], &marks, &open, at(second))
}

fn heard(second: i64) -> Option<Mark> {
    Some(Mark {
        last: Some(at(second)),
        since: at(second),
    })
}

fn beat(watch: &mut Watch, second: i64) -> Option<Event> {
    let (mark, recovery) = watch
        .beat(at(second), &"Zabbix".into())
        .expect("is watched");
    assert_eq!(mark.last, Some(at(second)));
    recovery
}

#[test]
fn a_silence_is_a_problem_once_and_a_beat_ends_it() {
    let mut watch = started(0, None, false);
    assert_eq!(beat(&mut watch, 60), None);
    assert_eq!(watch.next_wakeup(), Some(at(60 + EVERY + GRACE)));
    assert_eq!(watch.due(at(359)), []);
    let problems = watch.due(at(360));
    let [problem] = &problems[..] else {
        panic!("one problem: {problems:?}")
    };
    assert_eq!(problem.check(), Ok(()));
    assert_eq!(problem.kind, EventKind::Problem);
    assert_eq!(problem.severity, Severity::Error);
    assert_eq!(problem.title, "Zabbix has been quiet for 5 minutes");
    assert_eq!((watch.due(at(9_999)), watch.next_wakeup()), (vec![], None));
    assert!(!watch.standing()[0].ok);
    let recovery = beat(&mut watch, 10_000).expect("it had been quiet");
    assert_eq!(recovery.check(), Ok(()));
    assert_eq!(recovery.kind, EventKind::Recovery);
    assert_eq!(recovery.alert_key(), problem.alert_key());
    assert_ne!(recovery.id, problem.id);
    assert!(watch.standing()[0].ok);
    let again = watch.due(at(10_000 + EVERY + GRACE));
    assert_ne!(again[0].id, problem.id, "another silence");
}

#[test]
fn a_monitor_that_was_never_connected_is_found() {
    let mut watch = started(0, None, false);
    assert_eq!(watch.standing()[0].last, None);
    assert_eq!(watch.next_wakeup(), Some(at(EVERY + GRACE)));
    assert_eq!(watch.due(at(EVERY + GRACE)).len(), 1);
}

#[test]
fn a_core_that_was_down_waits_for_one_more_beat_and_no_longer() {
    for (start, mark, due) in [
        // Heard just before: as if it had never been away.
        (10, heard(0), EVERY + GRACE),
        (200, heard(0), 200 + EVERY + EVERY),
        // Down for a day.
        (86_400, heard(0), 86_400 + EVERY + EVERY),
        // Never heard, watched for since long ago.
        (
            5_000,
            Some(Mark {
                last: None,
                since: at(0),
            }),
            5_000 + EVERY + EVERY,
        ),
        // The clock was set back by an hour.
        (0, heard(3_600), EVERY + GRACE),
    ] {
        let watch = started(start, mark, false);
        assert_eq!(watch.next_wakeup(), Some(at(due)), "{start} {mark:?}");
    }
}

#[test]
fn an_alert_that_is_open_from_before_is_not_raised_again_and_is_closed_by_a_beat() {
    let mut watch = started(1_000, heard(0), true);
    assert_eq!(watch.next_wakeup(), None);
    assert_eq!(watch.due(at(99_999)), []);
    assert!(beat(&mut watch, 1_001).is_some());
}

#[test]
fn an_alert_that_nobody_watches_for_any_more_is_closed() {
    let watch = started(0, None, false);
    let other = |source: &str, group: &str, dedup: &str| AlertKey {
        source: source.into(),
        group: group.into(),
        dedup: dedup.into(),
    };
    let open = [
        rule().alert(),
        other(SOURCE, "web", "gone"),
        other(SOURCE, "before", "Zabbix"),
        other("zabbix", "web", "1"),
    ];
    let orphans = watch.orphans(&open.into_iter().collect(), at(0));
    let closed: Vec<_> = orphans
        .iter()
        .map(|event| event.alert_key().to_string())
        .collect();
    assert_eq!(closed, ["heartbeat/Zabbix", "heartbeat/gone"]);
    assert!(
        orphans
            .iter()
            .all(|event| event.kind == EventKind::Recovery && event.check() == Ok(()))
    );
}

#[test]
fn nobody_beats_for_a_name_that_is_not_watched() {
    assert_eq!(started(0, None, false).beat(at(1), &"other".into()), None);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Beat,
    Look,
    Restart,
}

proptest! {
    /// Whatever comes: problems and recoveries take turns, a problem comes only after a silence of `every + grace`, a beat
    /// leaves nothing quiet, and no silence of a core that lives goes unnoticed for longer than that.
    #[test]
    fn problems_and_recoveries_take_turns(
        steps in prop::collection::vec(
            (0_i64..400, prop_oneof![Just(Step::Beat), Just(Step::Look), Just(Step::Restart)]), 1..80,
        ),
    ) {
        let mut watch = started(0, None, false);
        let (mut now, mut began, mut last, mut is_open) = (0, 0, 0, false);
        for (pause, step) in steps {
            now += pause;
            match step {
                Step::Beat => {
                    prop_assert_eq!(beat(&mut watch, now).is_some(), is_open);
                    (is_open, last) = (false, now);
                    prop_assert!(watch.standing()[0].ok);
                }
                Step::Look => {
                    let problems = watch.due(at(now)).len();
                    prop_assert!(problems <= 1);
                    if problems == 1 {
                        prop_assert!(!is_open && now - last >= EVERY + GRACE);
                        is_open = true;
                    }
                    let found = is_open || now - last < EVERY + GRACE || now - began < EVERY * 2;
                    prop_assert!(found, "a silence of {} goes unnoticed", now - last);
                }
                Step::Restart => {
                    let mark = watch.marks().next().map(|(_, mark)| mark);
                    watch = started(now, mark, is_open);
                    began = now;
                }
            }
            prop_assert_eq!(watch.next_wakeup().is_none(), is_open);
        }
    }
}
