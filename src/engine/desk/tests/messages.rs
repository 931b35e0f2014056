//! Messages at the desk: who carries them, receipts that never come, replies, and what a restart sees to.

use super::*;
use crate::{
    dispatch::Kept,
    escalation::{Line, MessageStatus, Said},
    roster::Channel,
};

/// Two providers of messages, and many people of one group each, so that no message is in another's way.
fn config(people: usize) -> String {
    let mut text = r#"
state_dir = "/tmp/never-used"
default_group = "g0"
[[providers]]
name = "main"
kind = "simulated"
channels = ["voice", "sms"]
[[providers]]
name = "spare"
kind = "simulated"
channels = ["sms"]
[policies.default]
steps = ["sms"]
reply_wait_secs = 86400
"#
    .to_owned();
    for person in 0..people {
        text += &format!(
            "[members.m{person}]\nnumber = \"+8190000{person:05}\"\n[groups.g{person}]\nmembers = [\"m{person}\"]\n"
        );
    }
    text
}

fn world(people: usize) -> World {
    World::from(&config(people), Kept::default())
}

/// Through whom messages are to be sent.
fn writes(turn: &Turn) -> Vec<(&str, AttemptId)> {
    let sends = turn.errands.iter().filter_map(|errand| match errand {
        Errand::Send {
            attempt, provider, ..
        } => Some((provider.as_str(), *attempt)),
        _ => None,
    });
    sends.collect()
}

impl World {
    fn hand_in(&mut self, input: Input) -> Turn {
        let id = input.attempt().expect("of an attempt").escalation;
        self.turn(|desk, now, turn| desk.input(now, id, input, turn))
    }

    /// Another person's alert; the provider takes the message.
    fn page(&mut self, person: usize) -> (String, AttemptId) {
        let turn = self.problem(&format!("g{person}"), "1");
        let [(provider, attempt)] = writes(&turn)[..] else {
            panic!("one message, not {:?}", turn.errands);
        };
        let provider = provider.to_owned();
        let message = format!("SM{attempt}").as_str().into();
        self.hand_in(Input::MessageSent { attempt, message });
        (provider, attempt)
    }

    fn receipt(&mut self, attempt: AttemptId, status: MessageStatus) -> Turn {
        let message = format!("SM{attempt}").as_str().into();
        self.hand_in(Input::Receipt {
            attempt,
            message,
            status,
        })
    }
}

#[test]
fn messages_that_are_accepted_and_never_delivered_flip_the_ratio_and_it_flips_back_after_the_hold()
{
    let mut world = world(40);
    let mut next = 0..40;
    let mut page = |world: &mut World| world.page(next.next().expect("people"));
    // Young samples say nothing.
    for _ in 0..4 {
        let (provider, _) = page(&mut world);
        assert_eq!(provider, "main");
        world.after(10);
    }
    assert_eq!(page(&mut world).0, "main", "young samples flip nothing");
    world.after(90);
    let (provider, attempt) = page(&mut world);
    assert_eq!(provider, "spare", "within the window");
    world.receipt(attempt, MessageStatus::Delivered);
    world.after(60);
    assert_eq!(page(&mut world).0, "spare", "held");
    // The hold is over, and the old misses are no longer of the present.
    for _ in 0..40 {
        world.after(60);
    }
    assert_eq!(page(&mut world).0, "main", "it carries its part again");
}

#[test]
fn a_message_whose_first_receipt_overtakes_the_reply_counts_like_any_other() {
    let mut world = world(3);
    for person in 0..2 {
        let turn = world.problem(&format!("g{person}"), "1");
        let [(provider, attempt)] = writes(&turn)[..] else {
            panic!("one message, not {:?}", turn.errands);
        };
        assert_eq!(provider, "main");
        world.receipt(attempt, MessageStatus::Queued);
        let message = format!("SM{attempt}").as_str().into();
        world.hand_in(Input::MessageSent { attempt, message });
    }
    world.after(91);
    assert_eq!(world.page(2).0, "spare", "nothing more came of both");
}

#[test]
fn messages_without_a_final_word_after_sent_are_unknown_and_flip_nothing() {
    let mut world = world(10);
    for person in 0..6 {
        let (provider, attempt) = world.page(person);
        assert_eq!(provider, "main");
        world.receipt(attempt, MessageStatus::Sent);
        world.after(100);
    }
}

#[test]
fn a_reply_is_about_the_run_that_it_names_or_the_last_one_that_waits() {
    let mut world = World::from(
        &config(1).replace(
            "[groups.g0]",
            "[groups.g1]\nmembers = [\"m0\"]\n[groups.g0]",
        ),
        Kept::default(),
    );
    let (_, first) = world.page(0);
    world.after(5);
    let (_, second) = world.page(1);
    let m0 = MemberName::new("m0");
    let about = |world: &World, named: Option<u64>| {
        world
            .desk
            .replied_to(&[&m0], named.map(EscalationId))
            .map(|attempt| attempt.escalation)
    };
    assert_eq!(about(&world, None), Some(second.escalation));
    assert_eq!(about(&world, Some(1)), Some(first.escalation));
    assert_eq!(about(&world, Some(99)), None);
    let turn = world.hand_in(Input::Reply {
        attempt: second,
        reply: "IN1".into(),
        said: Said::Take,
    });
    // Told of again, it is about the same run, although another one waits now.
    assert_eq!(world.desk.replied_before(&"IN1".into()), Some(second));
    assert_eq!(world.desk.replied_before(&"IN2".into()), None);
    let answer = turn.errands.iter().find_map(|errand| match errand {
        Errand::Answer(speech) => Some(speech.line.clone()),
        _ => None,
    });
    assert_eq!(answer, Some(Line::Acknowledged));
    assert_eq!(
        about(&world, None),
        Some(first.escalation),
        "it still waits"
    );
    let nobody = MemberName::new("nobody");
    assert_eq!(world.desk.replied_to(&[&nobody], None), None);
}

#[test]
fn a_restart_looks_for_messages_whose_reply_never_came_and_follows_those_without_a_receipt() {
    let mut world = world(3);
    world.problem("g0", "1");
    let (_, sent) = world.page(1);
    let (_, delivered) = world.page(2);
    world.receipt(delivered, MessageStatus::Delivered);
    let unfinished = world.desk.unfinished();
    let names: Vec<String> = unfinished
        .iter()
        .map(|unfinished| match unfinished {
            Unfinished::Message { attempt, .. } => format!("look for {attempt}"),
            Unfinished::Sent { attempt, .. } => format!("follow {attempt}"),
            other => format!("{other:?}"),
        })
        .collect();
    let mut expected = vec!["look for 1-1".to_owned(), format!("follow {sent}")];
    expected.sort();
    let mut names = names;
    names.sort();
    assert_eq!(names, expected);
}

#[test]
fn a_sick_carrier_of_messages_is_passed_by_and_its_calls_are_not() {
    let mut world = world(4);
    for person in 0..2 {
        let turn = world.problem(&format!("g{person}"), "1");
        let (provider, attempt) = writes(&turn)[0];
        assert_eq!(provider, "main");
        let failed = world.hand_in(Input::MessageFailed {
            attempt,
            fault: crate::escalation::Fault {
                class: crate::escalation::FaultClass::Provider,
                code: None,
                text: "connection refused".to_owned(),
            },
            possible_duplicate: false,
        });
        assert_eq!(writes(&failed)[0].0, "spare", "the same person at once");
    }
    assert_eq!(world.page(2).0, "spare");
    let overview = world.desk.providers(world.now);
    let voice = overview
        .providers
        .iter()
        .find(|line| line.channel == Channel::Voice)
        .expect("a line");
    assert!(
        matches!(
            voice.breaker,
            crate::dispatch::breaker::State::Closed { .. }
        ),
        "{voice:?}"
    );
}
