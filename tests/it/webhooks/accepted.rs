//! What carriers do send: repeats, rotated tokens, statuses in any order, parameters that nobody knows.

use rinban::escalation::{CallStatus, Input, Outcome, Phase};
use twiml_lint::Document;

use super::{Ringing, borrowed, check_forbidden, check_twiml, keys_url, web};
use crate::support::{
    at_once,
    core::{NEXT_TOKEN, PUBLIC, problem},
    http::{Reply, Request},
    signing::{sign, target_of, webhook},
    wait_for,
};

#[test]
fn a_request_that_is_repeated_at_once_gets_the_same_answer_and_changes_nothing() {
    let ringing = Ringing::start();
    let first = ringing.webhook(&ringing.call.voice, &[("CallStatus", "in-progress")]);
    let message = ringing.core.send(&first);
    check_twiml(&message);
    let before = ringing.journal();
    for _ in 0..3 {
        assert_eq!(said(&ringing.core.send(&first)), said(&message));
    }
    ringing.check_still_rings(&before, "a repeat");

    let take = ringing.webhook(&keys_url(&message), &[("Digits", "1")]);
    let taken = ringing.core.send(&take);
    check_twiml(&taken);
    assert!(!taken.body.contains("<Gather"), "{taken:?}");
    let before = ringing.journal();
    let again: Vec<Reply> = at_once(8, || ringing.core.send(&take));
    for reply in again {
        assert_eq!(said(&reply), said(&taken));
    }
    assert_eq!(ringing.journal(), before);
}

/// All of an answer but the time of day.
fn said(reply: &Reply) -> (u16, Option<&str>, &str) {
    (reply.status, reply.header("content-type"), &reply.body)
}

#[test]
fn a_key_that_arrives_many_times_at_once_is_pressed_once() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let before = ringing.journal().len();
    let pass = ringing.webhook(&keys, &[("Digits", "2")]);
    let replies: Vec<Reply> = at_once(8, || ringing.core.send(&pass));
    for reply in &replies {
        check_twiml(reply);
        assert_eq!(said(reply), said(&replies[0]));
    }
    ringing.carrier.call(1);
    let pressed = ringing.journal()[before..]
        .iter()
        .filter(|entry| matches!(entry.input, Input::Voice { .. }))
        .count();
    assert_eq!(pressed, 1);
    assert_eq!(
        ringing.carrier.calls().len(),
        2,
        "one call to the next person"
    );
}

#[test]
fn both_tokens_are_good_while_they_are_rotated() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let parameters = ringing.parameters(&[("Digits", "1")]);
    let reply = ringing
        .core
        .send(&webhook(NEXT_TOKEN, &keys, &borrowed(&parameters)));
    check_twiml(&reply);
    assert!(matches!(
        ringing.escalation().phase,
        Phase::Acknowledged { .. }
    ));
}

#[test]
fn headers_that_name_another_host_do_not_matter() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let request = ringing
        .webhook(&keys, &[("Digits", "1")])
        .header("Host", "evil.example")
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "http")
        .header("X-Forwarded-Port", "81")
        .header("X-Original-URL", "/elsewhere")
        .header("Forwarded", "host=evil.example;proto=http");
    check_twiml(&ringing.core.send(&request));
}

#[test]
fn no_key_and_an_empty_key_are_both_silence() {
    for silence in [&[][..], &[("Digits", "")]] {
        let ringing = Ringing::start();
        let keys = ringing.answer();
        let reply = ringing.core.send(&ringing.webhook(&keys, silence));
        check_twiml(&reply);
        assert_ne!(keys_url(&reply), keys, "each place has its own URL");
        assert_eq!(ringing.escalation().phase, Phase::Calling);
    }
}

#[test]
fn parameters_that_nobody_knows_are_passed_over() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let more = [
        ("Digits", "1"),
        ("FinishedOnKey", ""),
        ("StirVerstat", "TN-Validation-Passed-A"),
        ("CallerCity", "東京 & 大阪"),
        ("Twice", "b"),
        ("Twice", "a"),
        ("", "nameless"),
    ];
    check_twiml(&ringing.core.send(&ringing.webhook(&keys, &more)));
}

#[test]
fn a_signed_query_is_taken_as_it_stands() {
    let ringing = Ringing::start();
    let keys = format!("{}?b=2&a=%2f", ringing.answer());
    check_twiml(
        &ringing
            .core
            .send(&ringing.webhook(&keys, &[("Digits", "1")])),
    );
}

impl Ringing {
    #[track_caller]
    fn status(&self, status: &str) {
        let reply = self
            .core
            .send(&self.webhook(&self.call.status, &[("CallStatus", status)]));
        assert_eq!(reply.status, 204, "{status}: {reply:?}");
    }
}

#[test]
fn a_status_never_runs_backwards_however_the_callbacks_arrive() {
    let ringing = Ringing::start();
    let steps = [
        ("ringing", CallStatus::Ringing),
        ("initiated", CallStatus::Ringing),
        ("ringing", CallStatus::Ringing),
        ("queued", CallStatus::Ringing),
        ("in-progress", CallStatus::InProgress),
        ("ringing", CallStatus::InProgress),
        ("in-progress", CallStatus::InProgress),
    ];
    for (sent, stands) in steps {
        let before = (ringing.attempt().status, ringing.journal());
        ringing.status(sent);
        assert_eq!(ringing.attempt().status, Some(stands), "after {sent}");
        let news = before.0 != Some(stands);
        assert_eq!(ringing.journal() != before.1, news, "after {sent}");
    }
    ringing.answer();
    ringing.status("completed");
    ringing.carrier.call(1);
    wait_for("the next call's name", || {
        ringing.escalation().attempt(2)?.call.clone()
    });
    let before = ringing.journal();
    for late in ["completed", "in-progress", "busy", "ringing", "canceled"] {
        ringing.status(late);
        assert_eq!(ringing.attempt().status, Some(CallStatus::Completed));
    }
    assert_eq!(ringing.attempt().outcome, Some(Outcome::NoKey));
    assert_eq!(ringing.journal(), before, "late callbacks change nothing");
    assert_eq!(ringing.carrier.calls().len(), 2);
}

#[test]
fn a_status_that_is_unknown_or_missing_is_noted_and_changes_nothing() {
    let ringing = Ringing::start();
    let before = ringing.journal();
    for status in ["parked", "", "COMPLETED", "completed "] {
        ringing.status(status);
    }
    let reply = ringing
        .core
        .send(&ringing.webhook(&ringing.call.status, &[]));
    assert_eq!(reply.status, 204, "{reply:?}");
    ringing.check_still_rings(&before, "unknown statuses");
}

#[test]
fn the_end_of_a_call_that_is_not_ours_changes_nothing() {
    let ringing = Ringing::start();
    let before = ringing.journal();
    let mut parameters = ringing.parameters(&[("CallStatus", "completed")]);
    for (name, value) in &mut parameters {
        if name == "CallSid" {
            "CA99999999999999999999999999999999".clone_into(value);
        }
    }
    let request = webhook(super::TOKEN, &ringing.call.status, &borrowed(&parameters));
    let reply = ringing.core.send(&request);
    assert_eq!(reply.status, 204, "{reply:?}");
    ringing.check_still_rings(&before, "another call's end");
}

#[test]
fn a_call_comes_back_by_the_fallback_and_goes_on_there() {
    let ringing = Ringing::start();
    let trouble = [
        ("ErrorCode", "11200"),
        ("ErrorUrl", "https://oncall.example.com/"),
    ];
    let reply = ringing
        .core
        .send(&ringing.webhook(&ringing.call.fallback, &trouble));
    check_twiml(&reply);
    let keys = keys_url(&reply);
    check_twiml(
        &ringing
            .core
            .send(&ringing.webhook(&keys, &[("Digits", "1")])),
    );
    let escalation = ringing.escalation();
    assert_eq!(escalation.group, web());
    assert!(matches!(escalation.phase, Phase::Acknowledged { .. }));
}

#[test]
fn a_public_url_with_a_prefix_and_a_port_is_signed_either_way() {
    let ringing = Ringing::reached_at("https://oncall.example.com:8443/page/rinban/");
    let voice = &ringing.call.voice;
    assert!(
        voice.starts_with("https://oncall.example.com:8443/page/rinban/v1/calls/"),
        "{voice}"
    );
    let bare = voice.replacen(":8443", "", 1);
    // A proxy in front of us may take the prefix away.
    let below = target_of(voice)
        .strip_prefix("/page/rinban")
        .expect("the prefix");
    let wrong_prefix = format!("/page{below}");
    let cases = [
        (voice.as_str(), target_of(voice), true),
        (&bare, target_of(voice), true),
        (voice, below, true),
        (&bare, below, true),
        (voice, &wrong_prefix, false),
    ];
    let parameters = ringing.parameters(&[("CallStatus", "in-progress")]);
    let parameters = borrowed(&parameters);
    for (signed, target, is_taken) in cases {
        let request = Request {
            target: target.to_owned(),
            ..webhook(super::TOKEN, signed, &parameters)
        };
        let reply = ringing.core.send(&request);
        if is_taken {
            check_twiml(&reply);
        } else {
            assert_eq!(reply.status, 404, "{reply:?}");
        }
    }
    let other_port = voice.replacen(":8443", ":443", 1);
    let request = Request {
        target: target_of(voice).to_owned(),
        ..webhook(super::TOKEN, &other_port, &parameters)
    };
    check_forbidden(&ringing.core.send(&request), "another port");
}

#[test]
fn the_signature_of_the_tests_is_the_published_one() {
    // Twilio, Security: the example, for the token 12345.
    let parameters = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ];
    let signature = sign(
        "12345",
        "https://example.com/myapp.php?foo=1&bar=2",
        &parameters,
    );
    assert_eq!(signature, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}

#[test]
fn whatever_the_monitor_writes_is_said_in_well_formed_twiml() {
    for title in [
        "",
        " ",
        "<Hangup/></Say></Response>",
        "a & b &amp; c &#0; &nosuch;",
        "]]> -- --> <!-- ?> <?xml",
        "{{ 7 * 7 }} {% include \"x\" %} {#",
        "\u{0}\u{1}\u{8}\u{b}\u{1b}[31m\u{7f}\u{85}\u{fffe}\u{ffff}",
        "ディスク障害 \u{1f525} \u{202e}逆\u{feff}",
        "\"'`\r\n\t\\",
        &"&".repeat(1_000),
        &"長".repeat(20_000),
    ] {
        let mut event = problem("disk");
        event["title"] = title.into();
        event["host"] = title.into();
        event["message"] = title.into();
        let event = serde_json::from_value(event).expect("JSON");
        let ringing = Ringing::about(&event, PUBLIC);
        let request = ringing.webhook(&ringing.call.voice, &[("CallStatus", "in-progress")]);
        let reply = ringing.core.send(&request);
        check_twiml(&reply);
        let parsed = Document::parse(&reply.body);
        let parsed = parsed.unwrap_or_else(|error| panic!("{title:?}: {error}: {reply:?}"));
        assert_eq!(parsed.root().name(), "Response");
        assert_eq!(parsed.top().count(), 1, "{title:?}: {reply:?}");
        assert!(reply.body.len() < 64_000, "{title:?}: {}", reply.body.len());
        let keys = keys_url(&reply);
        check_twiml(
            &ringing
                .core
                .send(&ringing.webhook(&keys, &[("Digits", "1")])),
        );
    }
}
