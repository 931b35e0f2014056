//! What every backend must do, as tests over any of them: [`every_backend`] makes one test of each case.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Backend, Batch, CallRecord, Committed, NoticeId, Snapshot};
use crate::{
    alert::{Alert, AlertKey, AlertState, Event, Headline, samples},
    escalation::{AttemptId, Counts, Effect, Entry, Escalation, EscalationId, Input, News, Phase},
    notice::Notice,
};

/// A database of its own, empty at first, that can be opened again and again.
pub(super) trait Database {
    /// Opens it as a core would after a restart.
    fn open(&self) -> Box<dyn Backend>;
}

/// Makes the tests of the contract for the backend that `$new` (of a type that is a [`Database`]) makes a database of.
macro_rules! every_backend {
    ($new:expr) => {
        $crate::store::contract::every_backend! { $new;
            an_empty_database_has_nothing_but_a_key,
            an_event_is_taken_once,
            a_handled_event_leaves_the_inbox_and_is_not_taken_again,
            an_event_that_is_taken_and_handled_at_once_is_known,
            the_inbox_keeps_the_order_of_arrival,
            an_event_id_is_forgotten_after_its_retention,
            an_old_event_that_nobody_handled_is_not_forgotten,
            everything_comes_back_as_it_was,
            the_last_word_counts,
            a_key_that_is_closed_and_open_is_open,
            a_notice_is_never_named_like_another,
            calls_of_the_last_hour_and_of_live_escalations_are_loaded,
            a_group_is_all_or_nothing,
            the_next_escalation_is_new_even_if_only_entries_name_it,
            an_escalation_that_is_over_is_kept_but_not_loaded,
            an_escalation_that_is_over_is_loaded_while_a_phone_may_ring_for_it,
            escalations_are_listed_newest_first,
            how_the_providers_do_is_kept,
            an_unknown_escalation_is_none,
        }
    };
    ($new:expr; $($case:ident,)*) => {$(
        #[test]
        fn $case() {
            $crate::store::contract::$case(&$new);
        }
    )*};
}
pub(super) use every_backend;

pub(super) fn event(id: &str) -> Event {
    Event {
        id: id.into(),
        title: "ディスクがいっぱい".into(),
        host: Some("web01".into()),
        message: "line 1\nline 2".into(),
        variables: BTreeMap::from([("a".into(), "b\"\u{0}".into())]),
        received_at: now(),
        ..samples::event()
    }
}

pub(super) fn entry(number: u32) -> Entry {
    Entry {
        number,
        at: now(),
        input: Input::Woke,
        effects: [Effect::Muster].into(),
    }
}

pub(super) fn entries(escalation: u64, numbers: &[u32]) -> Batch {
    Batch {
        entries: numbers
            .iter()
            .map(|&number| (EscalationId(escalation), entry(number)))
            .collect(),
        ..Batch::default()
    }
}

pub(super) fn events(ids: &[&str]) -> Batch {
    Batch {
        events: ids.iter().map(|id| event(id)).collect(),
        ..Batch::default()
    }
}

fn alert(dedup: &str, title: &str) -> Alert {
    Alert {
        key: key(dedup),
        state: AlertState::Acknowledged { by: "Admin".into() },
        headline: headline(title),
        opened_at: now(),
    }
}

fn key(dedup: &str) -> AlertKey {
    AlertKey {
        source: "zabbix".into(),
        group: "primary".into(),
        dedup: dedup.into(),
    }
}

fn headline(title: &str) -> Arc<Headline> {
    Arc::new(Headline {
        title: title.into(),
        ..Headline::of(&event("1"))
    })
}

fn escalation(id: u64) -> Arc<Escalation> {
    Arc::new(Escalation::open(EscalationId(id), now(), "primary".into(), headline("one")).0)
}

fn over(id: u64) -> Arc<Escalation> {
    let mut over = escalation(id);
    Arc::make_mut(&mut over).phase = Phase::Over;
    over
}

/// What was read, in the form in which it was written.
fn call(escalation: u64, number: u32, intended_at: Timestamp) -> CallRecord {
    CallRecord {
        attempt: AttemptId {
            escalation: EscalationId(escalation),
            number,
        },
        member: "alice".into(),
        provider: "twilio".into(),
        intended_at,
        call: None,
    }
}

fn notice(title: &str) -> Notice {
    Notice {
        receiver: "slack".into(),
        news: News::Opened,
        at: now(),
        group: "primary".into(),
        escalation: Some(EscalationId(1)),
        headline: headline(title),
        counts: Counts {
            waiting: 1,
            open: 2,
        },
    }
}

/// The instant of all cases, with nanoseconds, since they too must come back.
fn now() -> Timestamp {
    Timestamp::new(1_790_000_000, 123_456_789).expect("within range")
}

fn days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn commit(backend: &mut dyn Backend, batch: Batch) -> Committed {
    let committed = backend.commit(&[batch], now()).expect("commits");
    committed.into_iter().next().expect("one answer a batch")
}

fn load(database: &dyn Database) -> Snapshot {
    database.open().load(now()).expect("loads")
}

fn inbox(database: &dyn Database) -> Vec<String> {
    let events = load(database).inbox;
    events.iter().map(|event| event.id.to_string()).collect()
}

pub(super) fn an_empty_database_has_nothing_but_a_key(database: &dyn Database) {
    let first = load(database);
    assert_eq!(first.next_escalation, EscalationId(1));
    assert!(first.escalations.is_empty() && first.alerts.is_empty() && first.inbox.is_empty());
    assert!(first.outbox.is_empty() && first.calls.is_empty() && first.unreadable.is_empty());
    assert_ne!(first.token_key, [0; 32]);
    assert_eq!(first.token_key, load(database).token_key);
}

pub(super) fn an_event_is_taken_once(database: &dyn Database) {
    let mut backend = database.open();
    let batch = events(&["a", "b", "a"]);
    assert_eq!(commit(&mut *backend, batch).new_events, [true, true, false]);
    let group = [events(&["b", "c"]), events(&["c", "d"])];
    let committed = backend.commit(&group, now()).expect("commits");
    assert_eq!(committed[0].new_events, [false, true]);
    assert_eq!(committed[1].new_events, [false, true]);
    drop(backend);
    assert_eq!(inbox(database), ["a", "b", "c", "d"]);
    assert_eq!(load(database).inbox[0], event("a"));
}

pub(super) fn a_handled_event_leaves_the_inbox_and_is_not_taken_again(database: &dyn Database) {
    let mut backend = database.open();
    commit(&mut *backend, events(&["a", "b"]));
    let handled = Batch {
        handled: vec!["a".into(), "never seen".into()],
        ..Batch::default()
    };
    commit(&mut *backend, handled);
    assert_eq!(commit(&mut *backend, events(&["a"])).new_events, [false]);
    drop(backend);
    assert_eq!(inbox(database), ["b"]);
}

pub(super) fn an_event_that_is_taken_and_handled_at_once_is_known(database: &dyn Database) {
    let mut backend = database.open();
    let batch = Batch {
        handled: vec!["a".into()],
        ..events(&["a"])
    };
    assert_eq!(commit(&mut *backend, batch).new_events, [true]);
    assert_eq!(commit(&mut *backend, events(&["a"])).new_events, [false]);
    drop(backend);
    assert!(inbox(database).is_empty());
}

pub(super) fn the_inbox_keeps_the_order_of_arrival(database: &dyn Database) {
    let mut backend = database.open();
    commit(&mut *backend, events(&["z", "m"]));
    commit(&mut *backend, events(&["a", "z", "k"]));
    drop(backend);
    assert_eq!(inbox(database), ["z", "m", "a", "k"]);
}

pub(super) fn an_event_id_is_forgotten_after_its_retention(database: &dyn Database) {
    let mut backend = database.open();
    let batch = Batch {
        handled: vec!["a".into()],
        ..events(&["a"])
    };
    commit(&mut *backend, batch);
    let mut is_new = |at| backend.commit(&[events(&["a"])], at).expect("commits")[0].new_events[0];
    assert!(!is_new(days(29)));
    // Forgetting comes after taking: the first commit past the retention forgets, the second takes.
    assert!(!is_new(days(31)));
    assert!(is_new(days(31)));
}

pub(super) fn an_old_event_that_nobody_handled_is_not_forgotten(database: &dyn Database) {
    let mut backend = database.open();
    commit(&mut *backend, events(&["a"]));
    for id in ["b", "c"] {
        backend.commit(&[events(&[id])], days(31)).expect("commits");
    }
    assert_eq!(commit(&mut *backend, events(&["a"])).new_events, [false]);
    drop(backend);
    assert_eq!(inbox(database), ["a", "b", "c"]);
}

pub(super) fn everything_comes_back_as_it_was(database: &dyn Database) {
    let mut backend = database.open();
    let batch = Batch {
        alerts: vec![
            (alert("1", "one"), Some(EscalationId(7))),
            (alert("2", "two"), None),
        ],
        escalations: vec![escalation(7)],
        calls: vec![CallRecord {
            call: Some("CA1".into()),
            ..call(7, 1, now())
        }],
        notices: vec![notice("one"), notice("two")],
        marks: vec![("a/b".into(), "最初".into()), ("empty".into(), "".into())],
        ..entries(7, &[1, 2])
    };
    let names = commit(&mut *backend, batch.clone()).notices;
    drop(backend);

    let snapshot = load(database);
    assert_eq!(snapshot.alerts, batch.alerts);
    assert_eq!(snapshot.escalations, batch.escalations);
    assert_eq!(snapshot.calls, batch.calls);
    let outbox: Vec<(NoticeId, Notice)> = names.into_iter().zip(batch.notices).collect();
    assert_eq!(snapshot.outbox, outbox);
    assert_eq!(snapshot.marks, batch.marks.into_iter().collect());
    assert_eq!(snapshot.next_escalation, EscalationId(8));
    let journal = database.open().journal(EscalationId(7)).expect("reads");
    assert_eq!(journal, [entry(1), entry(2)]);
}

pub(super) fn the_last_word_counts(database: &dyn Database) {
    let mut backend = database.open();
    let first = Batch {
        alerts: vec![
            (alert("1", "old"), Some(EscalationId(1))),
            (alert("2", "old"), None),
        ],
        escalations: vec![escalation(1)],
        calls: vec![call(1, 1, now())],
        marks: vec![("a".into(), "old".into())],
        ..Batch::default()
    };
    let second = Batch {
        alerts: vec![(alert("1", "older"), None), (alert("1", "new"), None)],
        closed: vec![key("2"), key("unknown")],
        escalations: vec![escalation(1)],
        calls: vec![CallRecord {
            call: Some("CA9".into()),
            ..call(1, 1, now())
        }],
        marks: vec![("a".into(), "older".into()), ("a".into(), "new".into())],
        ..Batch::default()
    };
    commit(&mut *backend, first);
    commit(&mut *backend, second.clone());
    drop(backend);
    let snapshot = load(database);
    assert_eq!(snapshot.alerts, [(alert("1", "new"), None)]);
    assert_eq!(snapshot.escalations, [escalation(1)]);
    assert_eq!(snapshot.calls, second.calls);
    assert_eq!(snapshot.marks, [("a".into(), "new".into())].into());
}

pub(super) fn a_key_that_is_closed_and_open_is_open(database: &dyn Database) {
    let batch = Batch {
        alerts: vec![(alert("1", "again"), None)],
        closed: vec![key("1")],
        ..Batch::default()
    };
    commit(&mut *database.open(), batch);
    assert_eq!(load(database).alerts, [(alert("1", "again"), None)]);
}

pub(super) fn a_notice_is_never_named_like_another(database: &dyn Database) {
    let mut backend = database.open();
    let tell = || Batch {
        notices: vec![notice("x")],
        ..Batch::default()
    };
    let first = commit(&mut *backend, tell()).notices[0];
    let settle = Batch {
        settled: vec![first],
        ..Batch::default()
    };
    commit(&mut *backend, settle);
    drop(backend);
    assert!(load(database).outbox.is_empty());
    let second = commit(&mut *database.open(), tell()).notices[0];
    assert!(second > first);
    assert_eq!(load(database).outbox, [(second, notice("x"))]);
}

pub(super) fn calls_of_the_last_hour_and_of_live_escalations_are_loaded(database: &dyn Database) {
    let minutes_ago = |minutes| now() - SignedDuration::from_mins(minutes);
    let live = call(1, 1, minutes_ago(600));
    let recent = call(2, 1, minutes_ago(59));
    let old = call(2, 2, minutes_ago(61));
    let batch = Batch {
        escalations: vec![escalation(1), over(2)],
        calls: vec![old, live.clone(), recent.clone()],
        ..Batch::default()
    };
    commit(&mut *database.open(), batch);
    assert_eq!(load(database).calls, [live, recent]);
}

pub(super) fn a_group_is_all_or_nothing(database: &dyn Database) {
    let mut backend = database.open();
    commit(&mut *backend, entries(1, &[1]));
    let group = [events(&["a"]), entries(1, &[2, 1]), events(&["b"])];
    let error = backend.commit(&group, now()).expect_err("entry 1 exists");
    assert!(error.is_about_content(), "{error}");
    assert_eq!(backend.journal(EscalationId(1)), Ok(vec![entry(1)]));
    assert_eq!(commit(&mut *backend, events(&["a"])).new_events, [true]);
    drop(backend);
    assert_eq!(inbox(database), ["a"]);
}

pub(super) fn the_next_escalation_is_new_even_if_only_entries_name_it(database: &dyn Database) {
    let batch = Batch {
        escalations: vec![escalation(3)],
        ..entries(5, &[1])
    };
    commit(&mut *database.open(), batch);
    assert_eq!(load(database).next_escalation, EscalationId(6));
}

pub(super) fn an_escalation_that_is_over_is_kept_but_not_loaded(database: &dyn Database) {
    let mut backend = database.open();
    let put = |escalations| Batch {
        escalations,
        ..Batch::default()
    };
    commit(&mut *backend, put(vec![escalation(1), escalation(2)]));
    commit(&mut *backend, put(vec![over(1)]));
    assert_eq!(
        backend
            .escalation(EscalationId(1))
            .map(|read| read.map(Arc::new)),
        Ok(Some(over(1)))
    );
    drop(backend);
    assert_eq!(load(database).escalations, [escalation(2)]);
    assert_eq!(load(database).next_escalation, EscalationId(3));
}

pub(super) fn an_escalation_that_is_over_is_loaded_while_a_phone_may_ring_for_it(
    database: &dyn Database,
) {
    let minutes_ago = |minutes| now() - SignedDuration::from_mins(minutes);
    let batch = Batch {
        escalations: vec![over(1), over(2)],
        calls: vec![call(1, 1, minutes_ago(59)), call(2, 1, minutes_ago(61))],
        ..Batch::default()
    };
    commit(&mut *database.open(), batch);
    assert_eq!(load(database).escalations, [over(1)]);
}

pub(super) fn escalations_are_listed_newest_first(database: &dyn Database) {
    let mut backend = database.open();
    let batch = Batch {
        escalations: vec![escalation(2), escalation(10), over(9)],
        ..Batch::default()
    };
    commit(&mut *backend, batch);
    let newest = backend.escalations(2).expect("reads");
    assert_eq!(newest, [(*escalation(10)).clone(), (*over(9)).clone()]);
    assert_eq!(backend.escalations(usize::MAX).expect("reads").len(), 3);
    assert_eq!(
        backend
            .escalation(EscalationId(9))
            .map(|read| read.map(Arc::new)),
        Ok(Some(over(9)))
    );
}

pub(super) fn how_the_providers_do_is_kept(database: &dyn Database) {
    let offer = crate::dispatch::Offer {
        provider: "twilio".into(),
        channel: crate::roster::Channel::Voice,
        weight: 100,
        rate: crate::dispatch::limiter::Rate::ONE_A_SECOND,
    };
    let kept = crate::dispatch::Dispatch::new(&[offer], Default::default()).kept();
    let batch = || Batch {
        dispatch: Some(kept.clone()),
        ..Batch::default()
    };
    assert!(!batch().is_empty());
    commit(&mut *database.open(), batch());
    commit(&mut *database.open(), Batch::default());
    assert_eq!(load(database).dispatch, kept);
}

pub(super) fn an_unknown_escalation_is_none(database: &dyn Database) {
    let mut backend = database.open();
    assert_eq!(backend.escalation(EscalationId(4)), Ok(None));
    assert_eq!(backend.journal(EscalationId(4)), Ok(vec![]));
}
