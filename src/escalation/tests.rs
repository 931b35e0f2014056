//! The state machine as tables: each outcome of a call, each key, each thing that alerts do meanwhile.

use std::sync::Arc;

use jiff::SignedDuration;

mod messages;
mod not_ringing;

use super::{
    CallStatus, Effect, FaultClass, Heard, Input, Line, News, Outcome, Phase, Policy,
    world::{World, fault, headline, sid},
};

/// Whose phone rings now.
fn ringing(world: &World) -> Option<&str> {
    let live = world.escalation.attempts.last()?;
    (world.escalation.phase == Phase::Calling).then(|| live.member.as_str())
}

fn said(effects: &[Effect]) -> Option<&Line> {
    effects.iter().find_map(|effect| match effect {
        Effect::Speak { line, .. } => Some(line),
        _ => None,
    })
}

fn told(effects: &[Effect], wanted: &News) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Tell { news } if news == wanted))
}

fn refused(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Refuse { .. }])
}

fn trio() -> World {
    World::new(&["sato", "suzuki", "tanaka"], Policy::default())
}

#[test]
fn whatever_keeps_a_person_from_answering_the_next_is_called_at_once() {
    let check = |what: &str, happen: &dyn Fn(&mut World)| {
        let mut world = trio();
        assert_eq!(ringing(&world), Some("sato"), "{what}");
        let before = world.now;
        happen(&mut world);
        assert_eq!(ringing(&world), Some("suzuki"), "{what}{world}");
        assert_eq!(world.now, before, "{what}: no time is lost");
        world.check_replay();
    };
    for status in [
        CallStatus::Busy,
        CallStatus::NoAnswer,
        CallStatus::Failed,
        CallStatus::Canceled,
    ] {
        check(status.as_str(), &|world| {
            world.status(1, status);
        });
    }
    check("voicemail without a key", &|world| {
        world.hear(1, Heard::Answer);
        world.status(1, CallStatus::Completed);
    });
    check("key 2", &|world| {
        assert_eq!(said(world.answer_and_press("2")), Some(&Line::Passed));
    });
    check("a bad number", &|world| {
        let attempt = world.last_id();
        world.see(Input::PlaceFailed {
            attempt,
            fault: fault(FaultClass::Callee),
            possible_duplicate: false,
        });
    });
}

#[test]
fn a_call_that_a_provider_cannot_carry_goes_to_the_next_provider_for_the_same_person() {
    for class in [
        FaultClass::Provider,
        FaultClass::Account,
        FaultClass::Ours,
        FaultClass::Ambiguous,
    ] {
        let mut world = trio();
        for (provider, next) in [("a", "sato"), ("b", "suzuki")] {
            let attempt = world.last_id();
            let current = world.escalation.attempts.last().expect("one is live");
            assert_eq!(current.provider, Some(provider.into()));
            let fault = fault(class);
            world.see(Input::PlaceFailed {
                attempt,
                fault,
                possible_duplicate: false,
            });
            assert_eq!(ringing(&world), Some(next), "{class}{world}");
        }
        world.check_replay();
    }
}

#[test]
fn a_key_pressed_early_counts() {
    let mut world = trio();
    world.hear(1, Heard::Answer);
    let effects = world.hear_at(1, 1, Heard::Keys("1".into()));
    assert_eq!(said(effects), Some(&Line::Acknowledged));
    assert!(matches!(&world.escalation.phase, Phase::Acknowledged { by, .. } if by == "sato"));
}

#[test]
fn each_key_does_what_the_phone_says() {
    let closing = Policy {
        allow_close: true,
        ..Policy::default()
    };
    for (policy, keys, line) in [
        (Policy::default(), "1", Line::Acknowledged),
        (Policy::default(), "2", Line::Passed),
        (Policy::default(), "3", Line::Message),
        (Policy::default(), "9", Line::CloseNotAllowed),
        (closing, "9", Line::Closed),
        (Policy::default(), "0", Line::UnknownKey),
        (Policy::default(), "", Line::UnknownKey),
        (Policy::default(), "11", Line::UnknownKey),
    ] {
        let mut world = World::new(&["sato", "suzuki"], policy);
        let answer = said(world.answer_and_press(keys)).cloned();
        assert_eq!(answer, Some(line), "key {keys:?}{world}");
        world.check_replay();
    }
}

#[test]
fn who_takes_it_is_not_said_to_have_pressed_no_key() {
    let mut world = trio();
    world.answer_and_press("1");
    assert_eq!(world.status(1, CallStatus::Completed), []);
    let outcome = world
        .escalation
        .attempt(1)
        .and_then(|attempt| attempt.outcome.clone());
    assert_eq!(outcome, Some(Outcome::Taken));
}

#[test]
fn whoever_took_or_closed_it_by_key_is_not_told_to_have_pressed_none() {
    let closing = Policy {
        allow_close: true,
        ..Policy::default()
    };
    for keys in ["1", "9"] {
        let mut world = World::new(&["sato", "suzuki"], closing.clone());
        world.answer_and_press(keys);
        let effects = world.status(1, CallStatus::Completed);
        assert!(
            !effects
                .iter()
                .any(|effect| matches!(effect, Effect::Tell { .. })),
            "key {keys}: {effects:?}"
        );
        world.check_replay();
    }
    let mut world = trio();
    world.hear(1, Heard::Answer);
    let unheard = News::NotReached {
        member: "sato".into(),
        outcome: Outcome::NoKey,
    };
    assert!(told(world.status(1, CallStatus::Completed), &unheard));
}

#[test]
fn silence_repeats_the_message_and_then_lets_go() {
    let mut world = trio();
    world.hear(1, Heard::Answer);
    for line in [Line::Message, Line::Message, Line::Goodbye] {
        assert_eq!(said(world.hear(1, Heard::Silence)), Some(&line));
    }
    world.status(1, CallStatus::Completed);
    assert_eq!(ringing(&world), Some("suzuki"));
}

#[test]
fn rounds_go_on_without_end_until_the_operator_sets_a_cap() {
    let mut world = World::new(&["sato"], Policy::default());
    for round in 1..=15 {
        assert_eq!(
            (world.escalation.round, ringing(&world)),
            (round, Some("sato")),
            "{world}"
        );
        world.status(round, CallStatus::Busy);
        assert!(matches!(world.escalation.phase, Phase::Pausing { .. }));
        world.wake();
    }
    let capped = Policy {
        max_rounds: Some(1),
        ..Policy::default()
    };
    let mut world = World::new(&["sato"], capped);
    assert!(told(
        world.status(1, CallStatus::Busy),
        &News::Exhausted { rounds: 1 }
    ));
    world.join(1);
    assert_eq!(ringing(&world), Some("sato"), "a new alert starts again");
}

#[test]
fn the_ceiling_moves_the_call_on_and_never_drops_it() {
    let policy = Policy {
        max_calls_per_hour: 2,
        ..Policy::default()
    };
    let mut world = World::new(&["sato", "suzuki"], policy);
    for _ in 0..4 {
        world.status(world.escalation.last_attempt, CallStatus::Busy);
        if matches!(world.escalation.phase, Phase::Pausing { .. }) {
            world.wake();
        }
    }
    assert_eq!(ringing(&world), None, "both rest{world}");
    let started = world.now;
    while ringing(&world).is_none() {
        world.wake();
    }
    let waited = world.now.duration_since(started);
    assert!(waited <= SignedDuration::from_mins(61), "{waited:?}");
    world.check_replay();
}

#[test]
fn an_empty_roster_is_told_at_once_and_looked_at_again() {
    let mut world = World::new(&[], Policy::default());
    let first = world
        .journal
        .iter()
        .flat_map(|entry| entry.effects.iter())
        .cloned()
        .collect::<Vec<_>>();
    assert!(told(&first, &News::NobodyOnCall));
    world.people = vec!["sato".into()];
    world.wake();
    assert_eq!(ringing(&world), Some("sato"));
}

#[test]
fn a_storm_of_alerts_is_one_call() {
    let mut world = trio();
    for alert in 1..=50 {
        world.join(alert);
    }
    assert_eq!(world.escalation.last_attempt, 1);
    assert_eq!(world.escalation.counts.open, 51);
    assert_eq!(said(world.answer_and_press("1")), Some(&Line::Acknowledged));
    assert_eq!(world.counts().waiting, 0);
}

#[test]
fn a_recovery_while_ringing_cancels_the_call() {
    let mut world = trio();
    world.status(1, CallStatus::Ringing);
    world.recover(0);
    let effects = &world.last;
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::EndCall { .. })),
        "{world}"
    );
    assert!(world.escalation.is_over());
    world.status(1, CallStatus::Canceled);
    assert_eq!(world.escalation.last_attempt, 1);
    world.check_replay();
}

#[test]
fn a_recovery_before_the_providers_reply_cancels_the_call_when_the_reply_comes() {
    let mut world = trio();
    world.recover(0);
    let attempt = world.id(1);
    let effects = world.see(Input::Placed {
        attempt,
        call: sid(1),
    });
    assert!(matches!(effects, [Effect::EndCall { .. }]));
}

#[test]
fn who_is_on_the_phone_when_it_recovers_hears_so() {
    let mut world = trio();
    world.hear(1, Heard::Answer);
    world.recover(0);
    assert!(
        !world
            .last
            .iter()
            .any(|effect| matches!(effect, Effect::EndCall { .. }))
    );
    assert_eq!(
        said(world.hear(1, Heard::Keys("1".into()))),
        Some(&Line::Over)
    );
}

#[test]
fn an_acknowledgement_in_the_monitor_stops_the_calls() {
    let mut world = trio();
    world.status(1, CallStatus::Ringing);
    world.join(1);
    world.take_in_monitor(0);
    assert_eq!(ringing(&world), Some("sato"), "the other alert still waits");
    world.take_in_monitor(1);
    assert!(
        world
            .last
            .iter()
            .any(|effect| matches!(effect, Effect::EndCall { .. }))
    );
    assert!(matches!(&world.escalation.phase, Phase::Acknowledged { by, .. } if by == "Admin"));
}

#[test]
fn calling_resumes_when_a_taken_alert_is_not_closed_in_time() {
    let mut world = trio();
    world.answer_and_press("1");
    world.status(1, CallStatus::Completed);
    assert!(told(world.wake(), &News::Resumed), "{world}");
    assert_eq!(ringing(&world), Some("sato"));
    world.recover(0);
    world.check_replay();
}

#[test]
fn a_lost_callback_costs_the_time_of_a_call_and_not_the_page() {
    let mut world = trio();
    world.status(1, CallStatus::Ringing);
    world.wake();
    assert_eq!(ringing(&world), Some("suzuki"), "{world}");
    assert_eq!(
        world.escalation.attempt(1).and_then(|a| a.outcome.clone()),
        Some(Outcome::NoAnswer)
    );
    world.check_replay();
}

#[test]
fn an_answered_call_whose_message_was_never_fetched_is_repeated_once() {
    let mut world = trio();
    for (number, next) in [(1, "sato"), (2, "suzuki")] {
        world.status(number, CallStatus::InProgress);
        world.status(number, CallStatus::Completed);
        assert_eq!(ringing(&world), Some(next), "{world}");
    }
}

#[test]
fn a_key_that_arrives_after_the_end_of_its_call_still_counts() {
    let mut world = trio();
    world.hear(1, Heard::Answer);
    world.status(1, CallStatus::Completed);
    assert_eq!(ringing(&world), Some("suzuki"));
    world.status(2, CallStatus::Ringing);
    let effects = world.hear_at(1, 1, Heard::Keys("1".into()));
    assert_eq!(said(effects), Some(&Line::Acknowledged));
    let ended =
        |effect: &Effect| matches!(effect, Effect::EndCall { attempt, .. } if attempt.number == 2);
    assert!(effects.iter().any(ended), "{world}");
}

#[test]
fn a_place_in_a_call_is_answered_once() {
    let mut world = trio();
    world.hear(1, Heard::Answer);
    world.hear(1, Heard::Keys("3".into()));
    let journal = world.journal.len();
    // The carrier repeats the request: the same answer.
    assert_eq!(
        said(world.hear_at(1, 1, Heard::Keys("3".into()))),
        Some(&Line::Message)
    );
    // Anything else at a place that is past, or far ahead, is refused.
    assert!(refused(world.hear_at(1, 1, Heard::Keys("1".into()))));
    assert!(refused(world.hear_at(1, 0, Heard::Answer)));
    assert!(refused(world.hear_at(1, 9, Heard::Keys("1".into()))));
    assert!(refused(world.hear_at(7, 0, Heard::Answer)));
    let attempt = world.id(1);
    let stranger = Input::Voice {
        attempt,
        call: "CAother".into(),
        stage: 2,
        heard: Heard::Keys("1".into()),
    };
    assert!(refused(world.see(stranger)));
    world.pass_time(SignedDuration::from_secs(31));
    assert!(refused(world.hear_at(1, 1, Heard::Keys("3".into()))));
    assert_eq!(
        world.journal.len(),
        journal,
        "nothing of it is in the journal"
    );
}

#[test]
fn the_fallback_path_goes_on_where_the_call_stood_and_forms_no_loop() {
    let mut world = trio();
    for line in [Line::Message, Line::Message, Line::Message, Line::Goodbye] {
        assert_eq!(
            said(world.hear(1, Heard::Trouble(Some(11200)))),
            Some(&line)
        );
    }
    let mut world = trio();
    world.answer_and_press("1");
    assert_eq!(
        said(world.hear(1, Heard::Trouble(None))),
        Some(&Line::Acknowledged)
    );
}

#[test]
fn a_second_call_for_one_attempt_is_ended() {
    let mut world = trio();
    world.status(1, CallStatus::Ringing);
    let attempt = world.id(1);
    let effects = world.see(Input::Status {
        attempt,
        call: "CAtwin".into(),
        status: CallStatus::Initiated,
    });
    assert!(matches!(effects, [Effect::EndCall { call, .. }] if call.as_str() == "CAtwin"));
    assert_eq!(ringing(&world), Some("sato"));
}

#[test]
fn a_late_error_does_not_overwrite_what_a_callback_has_said() {
    let mut world = trio();
    world.status(1, CallStatus::Ringing);
    let attempt = world.id(1);
    let fault = fault(FaultClass::Ambiguous);
    world.see(Input::PlaceFailed {
        attempt,
        fault,
        possible_duplicate: true,
    });
    assert_eq!(
        (world.escalation.last_attempt, ringing(&world)),
        (1, Some("sato"))
    );
}

#[test]
fn the_worst_alert_is_the_headline() {
    let mut world = trio();
    let mut mild = headline(7);
    Arc::make_mut(&mut mild).severity = crate::alert::Severity::Info;
    world.alerts.insert(7, None);
    let counts = world.counts();
    world.see(Input::AlertJoined {
        headline: mild,
        counts,
    });
    assert_eq!(world.escalation.headline.title, "problem 0");
    world.recover(0);
    assert_eq!(world.escalation.headline.title, "problem 7");
}

#[test]
fn a_clock_that_was_set_back_stops_nobody() {
    let mut world = trio();
    world.status(1, CallStatus::Ringing);
    world.now -= SignedDuration::from_hours(24);
    world.see(Input::Restarted);
    let (at, _) = world.escalation.next_wakeup().expect("armed");
    assert!(at.duration_since(world.now) < SignedDuration::from_mins(10));
    world.check_replay();
}

#[test]
fn a_request_that_is_still_under_way_keeps_the_phone_engaged_until_it_is_known_what_came_of_it() {
    let mut world = trio();
    world.take_in_monitor(0);
    world.pass_time(SignedDuration::from_secs(20));
    let engaged = |world: &World| {
        let attempt = world.escalation.attempt(1).expect("remembered");
        attempt.occupies(world.now)
    };
    assert!(engaged(&world), "it may ring yet{world}");
    let attempt = world.id(1);
    world.see(Input::PlaceFailed {
        attempt,
        fault: fault(FaultClass::Provider),
        possible_duplicate: false,
    });
    assert!(!engaged(&world), "{world}");
    world.check_replay();
}
