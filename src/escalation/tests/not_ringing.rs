//! Calls that a provider takes and that do not ring.

use super::*;
use crate::{escalation::MessageStatus, roster::Channel};

fn after(world: &World) -> i64 {
    let began = world.journal[0].at;
    world.now.duration_since(began).as_secs()
}

fn writes(effects: &[Effect]) -> Option<(&str, &str)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send {
            member, provider, ..
        } => Some((member.as_str(), provider.as_str())),
        _ => None,
    })
}

fn places(effects: &[Effect]) -> Option<(&str, &str)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Place {
            member, provider, ..
        } => Some((member.as_str(), provider.as_str())),
        _ => None,
    })
}

fn ends(effects: &[Effect]) -> bool {
    let is_end = |effect: &Effect| matches!(effect, Effect::EndCall { .. });
    effects.iter().any(is_end)
}

fn both() -> World {
    let channels = vec![Channel::Voice, Channel::Sms];
    World::over(&["sato", "suzuki"], channels, Policy::default())
}

#[test]
fn a_message_goes_beside_it_and_then_the_next_provider_calls_the_same_person() {
    let mut world = both();
    world.status(1, CallStatus::Queued);
    let looked = world.wake().to_vec();
    assert!(matches!(looked[..], [Effect::LookUp { .. }]), "{looked:?}");
    assert_eq!(after(&world), 15);
    let beside = world.wake().to_vec();
    assert_eq!(after(&world), 20);
    assert!(matches!(beside[0], Effect::NotRinging { .. }), "{beside:?}");
    assert_eq!(writes(&beside), Some(("sato", "a")));
    assert!(ends(world.wake()), "{world}");
    assert_eq!(after(&world), 30);
    // One live call per person: the next one waits for the end of the first.
    assert_eq!(ringing(&world), Some("sato"));
    let next = world.status(1, CallStatus::Canceled).to_vec();
    assert_eq!(places(&next), Some(("sato", "b")), "{world}");
    assert_eq!(after(&world), 30);
    world.receipt(2, MessageStatus::Delivered);
    world.answer_and_press("1");
    world.check_replay();
}

#[test]
fn without_word_of_the_cancellation_nobody_else_calls_this_person() {
    let mut world = both();
    world.status(1, CallStatus::Initiated);
    for _ in 0..3 {
        world.wake();
    }
    let next = world.wake().to_vec();
    assert_eq!(after(&world), 35);
    assert_eq!(places(&next), Some(("suzuki", "a")), "{world}");
    // Should it ring after all, it is ended again.
    assert!(ends(world.status(1, CallStatus::Ringing)), "{world}");
    world.check_replay();
}

#[test]
fn a_request_without_an_answer_is_waited_for_until_it_is_known_what_came_of_it() {
    let mut world = trio();
    for _ in 0..2 {
        world.wake();
    }
    let (at, why) = world.escalation.next_wakeup().expect("armed");
    assert_eq!(why, "no word of the call", "{at}");
    let attempt = world.id(1);
    let failed = world.see(Input::PlaceFailed {
        attempt,
        fault: fault(FaultClass::Ambiguous),
        possible_duplicate: true,
    });
    let failed = failed.to_vec();
    assert_eq!(places(&failed), Some(("sato", "b")), "{world}");
    world.check_replay();
}

#[test]
fn what_rings_in_time_or_is_found_ringing_is_left_alone() {
    for status in [CallStatus::Ringing, CallStatus::InProgress] {
        let mut world = both();
        world.status(1, CallStatus::Queued);
        world.wake();
        world.status(1, status);
        let (at, why) = world.escalation.next_wakeup().expect("armed");
        assert_eq!(why, "no word of the call", "{status:?}");
        assert!(at.duration_since(world.now) > SignedDuration::from_secs(30));
        world.check_replay();
    }
}

#[test]
fn a_call_that_is_answered_while_it_is_switched_off_still_counts() {
    let mut world = both();
    world.status(1, CallStatus::Queued);
    for _ in 0..3 {
        world.wake();
    }
    world.hear(1, Heard::Answer);
    world.hear(1, Heard::Keys("1".into()));
    assert!(
        matches!(&world.escalation.phase, Phase::Acknowledged { by, .. } if by == "sato"),
        "{world}"
    );
    world.check_replay();
}

#[test]
fn after_the_last_provider_the_next_person_is_called() {
    let mut world = trio();
    for number in [1, 2] {
        world.status(number, CallStatus::Queued);
        for _ in 0..3 {
            world.wake();
        }
        world.status(number, CallStatus::Canceled);
    }
    assert_eq!(ringing(&world), Some("suzuki"), "{world}");
    world.check_replay();
}
