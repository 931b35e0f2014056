//! Messages: steps that send them, receipts, replies.

use super::*;
use crate::{
    escalation::{Input, MessageStatus, Said, Way},
    roster::Channel,
};

fn world(steps: &[Way], channels: &[Channel]) -> World {
    let policy = Policy {
        steps: steps.to_vec(),
        allow_close: true,
        ..Policy::default()
    };
    World::over(&["sato", "suzuki"], channels.to_vec(), policy)
}

/// What has been tried, in order.
fn tried(world: &World) -> Vec<String> {
    let effects = world.journal.iter().flat_map(|entry| entry.effects.iter());
    let tried = effects.filter_map(|effect| match effect {
        Effect::Place {
            member, provider, ..
        } => Some(format!("call {member} {provider}")),
        Effect::Send {
            member, provider, ..
        } => Some(format!("write {member} {provider}")),
        _ => None,
    });
    tried.collect()
}

fn answered(effects: &[Effect]) -> Option<&Line> {
    effects.iter().find_map(|effect| match effect {
        Effect::Answer { line, .. } => Some(line),
        _ => None,
    })
}

const BOTH: [Channel; 2] = [Channel::Voice, Channel::Sms];

#[test]
fn the_steps_of_a_policy_are_taken_one_after_another_for_each_person() {
    for (steps, channels, expected) in [
        (
            &[Way::Sms, Way::Voice][..],
            &BOTH[..],
            &[
                "write sato a",
                "call sato a",
                "write suzuki a",
                "call suzuki a",
            ][..],
        ),
        (
            &[Way::Both],
            &BOTH,
            &[
                "write sato a",
                "call sato a",
                "write suzuki a",
                "call suzuki a",
            ],
        ),
        (&[Way::Voice], &BOTH, &["call sato a", "call suzuki a"]),
        (
            &[Way::Sms, Way::Voice],
            &[Channel::Voice],
            &["call sato a", "call suzuki a"],
        ),
        // Nobody is passed over because no step fits.
        (
            &[Way::Voice],
            &[Channel::Sms],
            &["write sato a", "write suzuki a"],
        ),
    ] {
        let mut world = world(steps, channels);
        while !matches!(world.escalation.phase, Phase::Pausing { .. }) {
            match world.escalation.phase {
                Phase::Calling => world.status(world.last_call(), CallStatus::Busy),
                _ => world.wake(),
            };
        }
        assert_eq!(tried(&world), expected, "{steps:?} {channels:?}{world}");
        world.check_replay();
    }
}

#[test]
fn a_reply_takes_passes_or_closes() {
    for (said, line) in [
        (Said::Take, Line::Acknowledged),
        (Said::Close, Line::Closed),
        (Said::Pass, Line::Passed),
        (Said::Other, Line::UnknownKey),
    ] {
        let mut world = world(&[Way::Sms], &BOTH);
        let effects = world.reply(said).to_vec();
        assert_eq!(answered(&effects), Some(&line), "{world}");
        let phase = &world.escalation.phase;
        match said {
            Said::Take => assert!(
                matches!(phase, Phase::Acknowledged { by, .. } if by == "sato"),
                "{world}"
            ),
            Said::Close => assert!(world.escalation.is_over(), "{world}"),
            Said::Pass => assert_eq!(tried(&world), ["write sato a", "write suzuki a"]),
            Said::Other => assert_eq!(tried(&world), ["write sato a"]),
        }
        world.check_replay();
    }
}

#[test]
fn a_reply_stops_the_call_beside_the_message() {
    let mut world = world(&[Way::Both], &BOTH);
    let call = world.last_call();
    world.status(call, CallStatus::Ringing);
    let effects = world.reply(Said::Take).to_vec();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::EndCall { .. })),
        "{world}"
    );
    // The same reply again is answered the same, and changes nothing.
    let entries = world.journal.len();
    let reply = world
        .journal
        .iter()
        .rev()
        .find_map(|entry| match &entry.input {
            input @ Input::Reply { .. } => Some(input.clone()),
            _ => None,
        });
    let again = world.see(reply.expect("a reply")).to_vec();
    assert_eq!(answered(&again), Some(&Line::Acknowledged));
    assert_eq!(world.journal.len(), entries);
    world.check_replay();
}

#[test]
fn a_reply_that_passes_ends_the_call_and_calls_the_next_person() {
    let mut world = world(&[Way::Both], &BOTH);
    let call = world.last_call();
    world.status(call, CallStatus::Ringing);
    world.reply(Said::Pass);
    assert_eq!(ringing(&world), Some("suzuki"), "{world}");
    assert!(
        world
            .last
            .iter()
            .any(|effect| matches!(effect, Effect::EndCall { .. })),
        "{world}"
    );
    world.check_replay();
}

#[test]
fn a_late_reply_hears_how_things_stand() {
    let mut world = world(&[Way::Sms, Way::Voice], &BOTH);
    world.wake();
    world.take_in_monitor(0);
    let taken = world.reply(Said::Take).to_vec();
    assert_eq!(answered(&taken), Some(&Line::TakenBy("Admin".into())));
    world.recover(0);
    let over = world.reply(Said::Take).to_vec();
    assert_eq!(answered(&over), Some(&Line::Over));
}

#[test]
fn what_a_provider_does_not_take_or_deliver_goes_to_the_next_one() {
    for happen in [
        (|world: &mut World| {
            let attempt = world.id(1);
            world.see(Input::MessageFailed {
                attempt,
                fault: fault(FaultClass::Provider),
                possible_duplicate: false,
            });
        }) as fn(&mut World),
        |world| {
            world.receipt(1, MessageStatus::Queued);
            world.receipt(1, MessageStatus::Undelivered);
        },
    ] {
        let mut world = world(&[Way::Sms], &BOTH);
        happen(&mut world);
        assert_eq!(tried(&world), ["write sato a", "write sato b"], "{world}");
        // And when nobody carries it, the next person is written to at once.
        let attempt = world.id(2);
        world.see(Input::MessageFailed {
            attempt,
            fault: fault(FaultClass::Provider),
            possible_duplicate: false,
        });
        assert_eq!(
            tried(&world).last().map(String::as_str),
            Some("write suzuki a"),
            "{world}"
        );
        world.check_replay();
    }
}

#[test]
fn receipts_never_step_back_and_a_second_message_says_nothing_of_the_first() {
    let mut world = world(&[Way::Sms], &BOTH);
    world.receipt(1, MessageStatus::Delivered);
    for late in [
        MessageStatus::Queued,
        MessageStatus::Sent,
        MessageStatus::Undelivered,
    ] {
        assert!(world.receipt(1, late).is_empty(), "{late:?}");
    }
    let attempt = world.id(1);
    world.see(Input::Receipt {
        attempt,
        message: "SMtwin".into(),
        status: MessageStatus::Undelivered,
    });
    let message = world.escalation.message(1).expect("remembered");
    assert_eq!(message.status, Some(MessageStatus::Delivered));
    assert_eq!(tried(&world), ["write sato a"]);
    world.check_replay();
}

#[test]
fn a_message_that_waits_for_a_line_is_sent_when_its_turn_comes_and_dropped_when_nobody_needs_it() {
    let mut world = world(&[Way::Sms], &BOTH);
    world.busy = 1;
    world.wake();
    assert_eq!(tried(&world), ["write sato a"], "suzuki's waits{world}");
    world.wake();
    assert_eq!(tried(&world), ["write sato a", "write suzuki a"], "{world}");
    let mut world = self::world(&[Way::Sms], &BOTH);
    world.busy = 1;
    world.wake();
    world.recover(0);
    assert_eq!(world.escalation.next_wakeup(), None, "{world}");
    world.check_replay();
}

#[test]
fn an_unheard_call_is_repeated_with_its_message_inline_and_a_message_beside_it() {
    let mut world = world(&[Way::Voice], &BOTH);
    world.status(1, CallStatus::InProgress);
    world.status(1, CallStatus::Completed);
    assert_eq!(
        tried(&world),
        ["call sato a", "write sato a", "call sato a"],
        "{world}"
    );
    let inline = |effect: &Effect| matches!(effect, Effect::Place { inline: true, .. });
    assert!(world.last.iter().any(inline), "{world}");
    // The carrier has the message from the beginning: what comes first is the key.
    let call = world.last_call();
    world.status(call, CallStatus::InProgress);
    assert!(told(
        &world.last,
        &News::Answered {
            member: "sato".into()
        }
    ));
    let effects = world.hear_at(call, 1, Heard::Keys("1".into())).to_vec();
    assert_eq!(said(&effects), Some(&Line::Acknowledged), "{world}");
    world.check_replay();
}

#[test]
fn where_nothing_reaches_us_a_person_who_answers_takes_it_only_if_the_operator_says_so() {
    for (answer_takes, by_person, taken) in [
        (true, true, true),
        (true, false, false),
        (false, true, false),
    ] {
        let policy = Policy {
            inline: true,
            answer_takes,
            ..Policy::default()
        };
        let mut world = World::over(&["sato"], BOTH.to_vec(), policy);
        world.status(1, CallStatus::InProgress);
        let (attempt, call) = (world.id(1), sid(1));
        world.see_answer(attempt, call, by_person);
        let is_taken = matches!(world.escalation.phase, Phase::Acknowledged { .. });
        assert_eq!(is_taken, taken, "{world}");
        world.check_replay();
    }
}
