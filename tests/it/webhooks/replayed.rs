//! Genuine requests at the wrong time: of a place that is past, of a call that is over, of an escalation that was put away.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rinban::{
    alert::{AlertBook, Event},
    escalation::{
        AttemptId, CallSid, CallStatus, Candidate, Escalation, EscalationId, Heard, Input, Phase,
        Policy, ProviderName,
    },
    store::{Batch, CallRecord, Store},
    voice::TokenKey,
};

use super::{Ringing, check_forbidden, check_twiml, keys_url};
use crate::support::{
    at_once,
    carrier::Carrier,
    core::{Home, PUBLIC, TOKEN, problem},
    signing::webhook,
    wait_for, within,
};

#[test]
fn another_key_at_a_stage_that_is_past_is_refused() {
    let ringing = Ringing::start();
    let first = ringing.answer();
    let again = ringing.webhook(&first, &[("Digits", "3")]);
    let reply = ringing.core.send(&again);
    let second = keys_url(&reply);
    assert_ne!(first, second);
    let before = ringing.journal();
    for digits in ["1", "2", "9", "33", ""] {
        let replayed = ringing.webhook(&first, &[("Digits", digits)]);
        check_forbidden(&ringing.core.send(&replayed), digits);
    }
    let silence = first.replacen("/keys/", "/silence/", 1);
    check_forbidden(
        &ringing.core.send(&ringing.webhook(&silence, &[])),
        "silence where a key was pressed",
    );
    // The same request at once is the carrier's retry.
    assert_eq!(ringing.core.send(&again).body, reply.body);
    ringing.check_still_rings(&before, "a past stage");

    // From the next place on, the retry of the first is a replay too.
    let third = ringing
        .core
        .send(&ringing.webhook(&second, &[("Digits", "3")]));
    check_twiml(&third);
    let before = ringing.journal();
    check_forbidden(&ringing.core.send(&again), "two places back");
    check_forbidden(
        &ringing
            .core
            .send(&ringing.webhook(&ringing.call.voice, &[])),
        "the beginning",
    );
    ringing.check_still_rings(&before, "two places back");
}

/// Of the person whose call was over two minutes ago; the one of the next rings.
struct Past {
    home: Home,
    // Looked for by the core that starts.
    _carrier: Carrier,
    token: String,
}

const FIRST: &str = "CA00000000000000000000000000000011";
const SECOND: &str = "CA00000000000000000000000000000012";

impl Past {
    fn new() -> Self {
        let carrier = Carrier::start();
        let home = Home::new(&carrier);
        let token = write_history(&home);
        Self {
            home,
            _carrier: carrier,
            token,
        }
    }

    fn url(&self, place: &str) -> String {
        format!("{PUBLIC}/v1/calls/twilio/{}/{place}", self.token)
    }
}

fn attempt(number: u32) -> AttemptId {
    AttemptId {
        escalation: EscalationId(1),
        number,
    }
}

/// What a core left two minutes ago; a token of the first attempt that is still good.
fn write_history(home: &Home) -> String {
    let (store, snapshot) = Store::open(&home.state()).expect("opens");
    let begin = Timestamp::now() - SignedDuration::from_mins(3);
    let event = Event::from_json(problem("disk").to_string().as_bytes()).expect("an event");
    let mut book = AlertBook::default();
    book.apply(&event);
    let alert = book.get(&event.alert_key()).expect("is open").clone();
    let (mut escalation, opened) = Escalation::open(
        EscalationId(1),
        begin,
        alert.key.group.clone(),
        alert.headline.clone(),
    );
    let mut entries = vec![opened];
    for (secs, input) in inputs() {
        entries.push(escalation.step(begin + SignedDuration::from_secs(secs), input));
    }
    assert_eq!(escalation.phase, Phase::Calling);
    let batch = Batch {
        alerts: vec![(alert, Some(EscalationId(1)))],
        entries: entries
            .into_iter()
            .filter_map(|step| Some((EscalationId(1), step.entry?)))
            .collect(),
        escalations: vec![escalation.into()],
        calls: vec![
            record(1, "aya", FIRST, begin),
            record(2, "ben", SECOND, begin),
        ],
        ..Batch::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(store.commit(batch)).expect("is stored");
    let soon = Timestamp::now() + SignedDuration::from_mins(10);
    TokenKey::new(&snapshot.token_key).sign(attempt(1), soon)
}

fn record(number: u32, member: &str, call: &str, intended_at: Timestamp) -> CallRecord {
    CallRecord {
        attempt: attempt(number),
        member: member.into(),
        provider: "twilio".into(),
        intended_at,
        call: Some(CallSid::new(call)),
    }
}

/// The first answers, hears the message twice and hangs up after a minute; the second's phone rings for an hour.
fn inputs() -> Vec<(i64, Input)> {
    let candidate = |name: &str| {
        Arc::new(Candidate {
            member: name.into(),
            calls: Default::default(),
            channels: vec![rinban::roster::Channel::Voice],
        })
    };
    let routed = |number| Input::Routed {
        attempt: attempt(number),
        provider: Some(ProviderName::new("twilio")),
        engaged: false,
    };
    let status = |number, call, status| Input::Status {
        attempt: attempt(number),
        call: CallSid::new(call),
        status,
    };
    let heard = |stage, heard| Input::Voice {
        attempt: attempt(1),
        call: CallSid::new(FIRST),
        stage,
        heard,
    };
    let policy = Policy {
        ring_timeout: SignedDuration::from_hours(1),
        ..Policy::default()
    };
    vec![
        (
            0,
            Input::Mustered {
                policy: policy.into(),
                candidates: vec![candidate("aya"), candidate("ben")],
            },
        ),
        (0, routed(1)),
        (1, status(1, FIRST, CallStatus::Ringing)),
        (2, heard(0, Heard::Answer)),
        (10, heard(1, Heard::Keys("3".to_owned()))),
        (60, status(1, FIRST, CallStatus::Completed)),
        (60, routed(2)),
        (61, status(2, SECOND, CallStatus::Ringing)),
    ]
}

#[test]
fn what_is_replayed_long_after_the_call_is_refused() {
    let past = Past::new();
    let core = past.home.serve();
    let before = past.home.journal(1);
    let fields = |more: &[(&'static str, &'static str)]| {
        [&[("CallSid", FIRST), ("AccountSid", "AC1")], more].concat()
    };
    for (place, parameters) in [
        ("voice/0", fields(&[("CallStatus", "in-progress")])),
        ("keys/1", fields(&[("Digits", "3")])),
        ("keys/1", fields(&[("Digits", "1")])),
        ("keys/2", fields(&[("Digits", "1")])),
        ("silence/2", fields(&[])),
        ("fallback", fields(&[("ErrorCode", "11200")])),
    ] {
        let replayed = webhook(TOKEN, &past.url(place), &parameters);
        check_forbidden(&core.send(&replayed), place);
    }
    for status in ["completed", "in-progress", "ringing", "busy"] {
        let replayed = webhook(
            TOKEN,
            &past.url("status"),
            &fields(&[("CallStatus", status)]),
        );
        let reply = core.send(&replayed);
        assert_eq!(reply.status, 204, "{status}: {reply:?}");
    }
    assert_eq!(past.home.journal(1), before);
    assert_eq!(past.home.escalation(1).phase, Phase::Calling);
    assert_eq!(core.health()["open_alerts"], 1);
}

#[test]
fn a_key_of_the_one_call_does_not_open_the_place_of_another() {
    let past = Past::new();
    let core = past.home.serve();
    let before = past.home.journal(1);
    let soon = Timestamp::now() + SignedDuration::from_mins(10);
    let second = TokenKey::new(&past.home.snapshot().token_key).sign(attempt(2), soon);
    let url = |place: &str| format!("{PUBLIC}/v1/calls/twilio/{second}/{place}");
    for (place, call) in [
        ("keys/2", FIRST),
        ("keys/1", FIRST),
        ("voice/0", FIRST),
        ("keys/2", SECOND),
        ("keys/1", SECOND),
    ] {
        let parameters = [("CallSid", call), ("Digits", "1")];
        let request = webhook(TOKEN, &url(place), &parameters);
        check_forbidden(&core.send(&request), place);
    }
    assert_eq!(past.home.journal(1), before);
    // The right call at its right place is taken.
    let parameters = [("CallSid", SECOND)];
    let answer = core.send(&webhook(TOKEN, &url("voice/0"), &parameters));
    check_twiml(&answer);
}

#[test]
fn webhooks_of_an_escalation_that_was_put_away_are_taken_once() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    check_twiml(
        &ringing
            .core
            .send(&ringing.webhook(&keys, &[("Digits", "1")])),
    );
    let mut recovery = problem("disk");
    recovery["id"] = "disk:recovered".into();
    recovery["kind"] = "recovery".into();
    ringing.core.post(&recovery);
    wait_for("the end", || ringing.escalation().is_over().then_some(()));
    let completed = ringing.webhook(&ringing.call.status, &[("CallStatus", "completed")]);
    let Ringing {
        home,
        core,
        carrier,
        ..
    } = ringing;
    core.stop();
    // The next core would ask the carrier to end this call and could hear of its end before the webhooks tell it.
    drop(carrier);

    // The next core does not have it at hand and reads it from the store, for each of them.
    let core = home.serve();
    let before = home.journal(1).len();
    let statuses: Vec<u16> = at_once(16, || core.send(&completed).status);
    assert_eq!(statuses, [204; 16], "{}", core.log());
    assert_eq!(home.journal(1).len(), before + 1);
    let (status, said) = home.run(&["replay", "1"]);
    assert_eq!(status, 0, "{said}");
    let more = within(Duration::ZERO, || {
        core.log().contains("failed to store").then_some(())
    });
    assert_eq!(more, None, "{}", core.log());
}
