//! Whatever the carrier did not send, or not so, gets 403, and the phone rings on.

use jiff::{SignedDuration, Timestamp};
use rinban::{
    escalation::{AttemptId, EscalationId, Phase},
    voice::TokenKey,
};

use super::{Ringing, borrowed, check_forbidden, check_twiml};
use crate::support::{
    core::{NEXT_TOKEN, OTHER_TOKEN, PUBLIC, TOKEN},
    http::Request,
    signing::{form, sign, target_of, webhook},
};

impl Ringing {
    /// Key 1 at this place, which would take the alert.
    fn take(&self, url: &str) -> Request {
        self.webhook(url, &[("Digits", "1")])
    }

    /// The same with other words in the request line than those that were signed.
    fn take_at(&self, signed: &str, target: &str) -> Request {
        Request {
            target: target.to_owned(),
            ..self.take(signed)
        }
    }

    /// Sends each, and afterwards the genuine one, which must be taken: it was not for another reason that all were refused.
    #[track_caller]
    fn check_refused(&self, keys: &str, cases: Vec<(&str, Request)>) {
        let before = self.journal();
        for (why, request) in cases {
            check_forbidden(&self.core.send(&request), why);
            self.check_still_rings(&before, why);
        }
        check_twiml(&self.core.send(&self.take(keys)));
        let phase = self.escalation().phase;
        assert!(matches!(phase, Phase::Acknowledged { by, .. } if by == "aya"));
    }
}

fn without(request: Request, name: &str) -> Request {
    let headers = request.headers.into_iter();
    Request {
        headers: headers
            .filter(|(given, _)| !given.eq_ignore_ascii_case(name))
            .collect(),
        ..request
    }
}

const SIGNATURE: &str = "X-Twilio-Signature";

#[test]
fn a_wrong_signature_is_refused() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let parameters = ringing.parameters(&[("Digits", "1")]);
    let parameters = borrowed(&parameters);
    let genuine = ringing.take(&keys);
    let with = |signature: &str| without(genuine.clone(), SIGNATURE).header(SIGNATURE, signature);
    let signature = sign(TOKEN, &keys, &parameters);
    let cases = vec![
        ("no signature", without(genuine.clone(), SIGNATURE)),
        ("an empty signature", with("")),
        ("no base64", with("not a signature")),
        ("a short one", with(&signature[..20])),
        ("another one", with("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
        ("lower case", with(&signature.to_ascii_lowercase())),
        ("another token", webhook("guess", &keys, &parameters)),
        ("an empty token", webhook("", &keys, &parameters)),
        (
            "the token of another provider",
            webhook(OTHER_TOKEN, &keys, &parameters),
        ),
        (
            "said to be SHA-256",
            genuine.clone().header(
                "X-Twilio-Webhooks-Signature-Settings",
                "algorithm=HMAC_SHA256",
            ),
        ),
        (
            "a method that the signature does not cover",
            Request {
                method: "PUT".to_owned(),
                ..genuine.clone()
            },
        ),
        (
            "a body that is no form",
            without(genuine.clone(), "Content-Type").header("Content-Type", "application/json"),
        ),
        ("a GET", signed_get(&keys, &parameters)),
        (
            "a GET with the body of the POST",
            Request {
                method: "GET".to_owned(),
                ..genuine.clone()
            },
        ),
    ];
    ringing.check_refused(&keys, cases);
}

/// As Twilio sends it when told to use GET: parameters in the query, which is part of the URL that is signed.
fn signed_get(url: &str, parameters: &[(&str, &str)]) -> Request {
    let url = format!("{url}?{}", form(parameters));
    Request::new("GET", target_of(&url)).header(SIGNATURE, &sign(TOKEN, &url, &[]))
}

#[test]
fn another_url_than_the_signed_one_is_refused() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let target = target_of(&keys);
    let slashed = |target: &str| target.replacen("/v1/", "//v1/", 1);
    let escaped = target.replacen("/keys/", "/%6beys/", 1);
    let dotted = target.replacen("/keys/", "/./keys/", 1);
    let query = format!("{keys}?a=1&b=2");
    let evil = keys.replacen(PUBLIC, "https://evil.example", 1);
    let plain = keys.replacen("https://", "http://", 1);
    let other_port = keys.replacen(PUBLIC, "https://oncall.example.com:8443", 1);
    let cases = vec![
        (
            "a trailing slash added on the way",
            ringing.take_at(&keys, &format!("{target}/")),
        ),
        (
            "a trailing slash lost on the way",
            ringing.take_at(&format!("{keys}/"), target),
        ),
        (
            "a trailing slash, signed",
            ringing.take(&format!("{keys}/")),
        ),
        (
            "a slash doubled on the way",
            ringing.take_at(&keys, &target.replacen("/keys/", "//keys/", 1)),
        ),
        (
            "a doubled slash, signed",
            ringing.take(&keys.replacen("/keys/", "//keys/", 1)),
        ),
        (
            "a slash doubled in front",
            ringing.take_at(&keys, &slashed(target)),
        ),
        (
            "a slash doubled in front, signed",
            ringing.take(&keys.replacen("/v1/", "//v1/", 1)),
        ),
        (
            "an escape that stands for a letter",
            ringing.take_at(&keys, &escaped),
        ),
        ("a dot in the path", ringing.take_at(&keys, &dotted)),
        (
            "a query added",
            ringing.take_at(&keys, &format!("{target}?Digits=2")),
        ),
        ("a query lost", ringing.take_at(&query, target)),
        (
            "a query in another order",
            ringing.take_at(&query, &format!("{target}?b=2&a=1")),
        ),
        (
            "another stage than the signed one",
            ringing.take_at(&keys.replacen("/keys/1", "/keys/2", 1), target),
        ),
        (
            "another host that the headers claim",
            Request {
                target: target.to_owned(),
                ..ringing.take(&evil)
            }
            .header("Host", "evil.example")
            .header("X-Forwarded-Host", "evil.example")
            .header("Forwarded", "host=evil.example;proto=https"),
        ),
        (
            "another scheme that the headers claim",
            ringing.take(&plain).header("X-Forwarded-Proto", "http"),
        ),
        (
            "another port that the headers claim",
            ringing
                .take(&other_port)
                .header("Host", "oncall.example.com:8443")
                .header("X-Forwarded-Port", "8443"),
        ),
        (
            "another URL that the headers claim",
            ringing
                .take(&format!("{PUBLIC}/elsewhere"))
                .header("X-Original-URL", "/elsewhere")
                .header("X-Forwarded-Prefix", "/elsewhere"),
        ),
    ];
    let cases = cases
        .into_iter()
        .map(|(why, mut request)| {
            if why.starts_with("another") && why.contains("claim") {
                // What these sign differs from the place that they ask for.
                target.clone_into(&mut request.target);
            }
            (why, request)
        })
        .collect();
    ringing.check_refused(&keys, cases);
}

#[test]
fn other_parameters_than_the_signed_ones_are_refused() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let signed = |parameters: &[(&str, &str)]| ringing.webhook(&keys, parameters);
    let parameters = |more: &[(&str, &str)]| form(&borrowed(&ringing.parameters(more)));
    let cases = vec![
        (
            "another key",
            signed(&[("Digits", "2")]).body(parameters(&[("Digits", "1")])),
        ),
        (
            "an empty parameter dropped",
            signed(&[("Digits", "1"), ("SpeechResult", "")]).body(parameters(&[("Digits", "1")])),
        ),
        (
            "an empty key dropped",
            signed(&[("Digits", "")]).body(parameters(&[])),
        ),
        (
            "a key added",
            signed(&[]).body(parameters(&[("Digits", "1")])),
        ),
        (
            "a key added again",
            signed(&[("Digits", "2")]).body(parameters(&[("Digits", "1"), ("Digits", "2")])),
        ),
        (
            "a blank trimmed",
            signed(&[("Digits", "1 ")]).body(parameters(&[("Digits", "1")])),
        ),
        (
            "a name in small letters",
            signed(&[("Digits", "1")]).body(parameters(&[("digits", "1")])),
        ),
        ("no body", signed(&[("Digits", "1")]).body("")),
        (
            "the parameters in the query instead",
            Request {
                target: format!("{}?{}", target_of(&keys), parameters(&[("Digits", "1")])),
                ..signed(&[("Digits", "1")]).body("")
            },
        ),
    ];
    ringing.check_refused(&keys, cases);
}

#[test]
fn a_token_that_is_not_of_this_call_is_refused() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let soon = Timestamp::now() + SignedDuration::from_hours(1);
    let past = Timestamp::now() - SignedDuration::from_secs(1);
    let ours = TokenKey::new(&ringing.home.snapshot().token_key);
    let theirs = TokenKey::new(&[7; 32]);
    let attempt = |escalation, number| AttemptId {
        escalation: EscalationId(escalation),
        number,
    };
    let keys_of =
        |provider: &str, token: &str| format!("{PUBLIC}/v1/calls/{provider}/{token}/keys/1");
    let at = |token: &str| ringing.take(&keys_of("twilio", token));
    let token = ours.sign(attempt(1, 1), soon);
    let by_other = ringing.parameters(&[("Digits", "1")]);
    let other_call = ringing.parameters(&[("Digits", "1")]);
    let other_call: Vec<_> = other_call
        .iter()
        .map(|(name, value)| match name.as_str() {
            "CallSid" => ("CallSid", "CA99999999999999999999999999999999"),
            name => (name, value.as_str()),
        })
        .collect();
    let cases = vec![
        ("an expired token", at(&ours.sign(attempt(1, 1), past))),
        ("a forged token", at(&theirs.sign(attempt(1, 1), soon))),
        (
            "a token of no escalation",
            at(&ours.sign(attempt(7, 1), soon)),
        ),
        ("a token of no attempt", at(&ours.sign(attempt(1, 7), soon))),
        ("a token of attempt 0", at(&ours.sign(attempt(1, 0), soon))),
        ("a token made longer", at(&format!("{token}A"))),
        (
            "a token of another name",
            at(&token.replacen("1-1", "1-2", 1)),
        ),
        ("no token", at("")),
        (
            "another provider, by that provider",
            webhook(OTHER_TOKEN, &keys_of("other", &token), &borrowed(&by_other)),
        ),
        (
            "another provider, by the one that carries it",
            ringing.take(&keys_of("other", &token)),
        ),
        ("no such provider", ringing.take(&keys_of("nobody", &token))),
        ("another call", webhook(TOKEN, &keys, &other_call)),
        (
            "another call at its beginning",
            webhook(TOKEN, &ringing.call.voice, &other_call),
        ),
        (
            "another call by the fallback",
            webhook(TOKEN, &ringing.call.fallback, &other_call),
        ),
        (
            "a place that there is not",
            ringing.take(&keys.replacen("/keys/1", "/digits/1", 1)),
        ),
        (
            "a stage that is not reached",
            ringing.take(&keys.replacen("/keys/1", "/keys/2", 1)),
        ),
        (
            "a stage that no call reaches",
            ringing.take(&keys.replacen("/keys/1", "/keys/65536", 1)),
        ),
        (
            "a stage in other words",
            ringing.take(&keys.replacen("/keys/1", "/keys/01", 1)),
        ),
    ];
    ringing.check_refused(&keys, cases);
}

#[test]
fn a_call_without_a_name_or_with_too_much_to_say_is_refused_with_the_reason() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let before = ringing.journal();
    for nameless in [
        vec![("Digits", "1")],
        vec![("Digits", "1"), ("CallSid", "")],
    ] {
        let reply = ringing.core.send(&webhook(TOKEN, &keys, &nameless));
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.error().contains("CallSid"), "{reply:?}");
    }
    let flood = "x".repeat(64 * 1024);
    let reply = ringing
        .core
        .send(&ringing.webhook(&keys, &[("Digits", "1"), ("Flood", &flood)]));
    assert_eq!(reply.status, 413, "{reply:?}");
    ringing.check_still_rings(&before, "incomplete requests");
}

#[test]
fn a_provider_without_a_token_is_closed() {
    let ringing = Ringing::start();
    let keys = ringing.answer();
    let before = ringing.journal();
    // The simulated network signs with a token of its own; one that was never configured signs nothing.
    let url = keys.replacen("/twilio/", "/simulated/", 1);
    let parameters = ringing.parameters(&[("Digits", "1")]);
    for token in ["", TOKEN, NEXT_TOKEN] {
        let request = webhook(token, &url, &borrowed(&parameters));
        check_forbidden(&ringing.core.send(&request), token);
    }
    ringing.check_still_rings(&before, "no such provider");
}
