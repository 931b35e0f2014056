//! Calls through Vonage: what it sends about them, signed with a token, and what it is answered.

use jiff::Timestamp;
use rinban::escalation::{CallStatus, Escalation, Input, Phase};
use serde_json::{Value, json};

use super::check_forbidden;
use crate::support::{
    core::{Core, Home, PUBLIC, problem},
    http::{Reply, Request},
    recorder::Recorder,
    signing::{target_of, vonage_token, vonage_webhook},
    wait_for,
};

const SECRET: &str = "the signature secret";
const KEY: &str = include_str!("../../../fixtures/vonage/private.pem");

/// A core that is calling the first of two people.
struct Ringing {
    home: Home,
    core: Core,
    vonage: Recorder,
    uuid: String,
    answer_url: String,
    event_url: String,
}

fn config(api: &str) -> String {
    format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:0"
public_url = "{PUBLIC}"
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "vonage"
kind = "vonage"
base_url = "{api}"
application_id = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
private_key_env = "PRIVATE_KEY"
signature_secret_env = "SIGNATURE_SECRET"
from = "+815012345678"
calls_per_second = 1000
[members.aya]
number = "+819012345678"
language = "en"
[members.ben]
number = "+819012345679"
language = "en"
[groups.web]
members = ["aya", "ben"]
"#
    )
}

impl Ringing {
    #[track_caller]
    fn start() -> Self {
        let vonage = Recorder::start();
        let home = Home::with(&config(&vonage.url()))
            .variable("PRIVATE_KEY", KEY)
            .variable("SIGNATURE_SECRET", SECRET);
        let core = home.serve();
        assert_eq!(core.post(&problem("disk")).status, 202);
        let asked = vonage.nth("POST", "/v1/calls", 0).json();
        assert_eq!(asked["to"][0]["number"], "819012345678");
        let url = |name: &str| asked[name][0].as_str().expect("a URL").to_owned();
        let mut ringing = Self {
            answer_url: url("answer_url"),
            event_url: url("event_url"),
            uuid: String::new(),
            home,
            core,
            vonage,
        };
        let call = wait_for("the call's name", || {
            ringing.escalation().attempt(1)?.call.clone()
        });
        ringing.uuid = call.as_str().to_owned();
        ringing
    }

    fn escalation(&self) -> Escalation {
        self.home.escalation(1)
    }

    fn send(&self, url: &str, body: Value) -> Reply {
        let mut whole = json!({
            "from": "815012345678", "to": "819012345678", "uuid": self.uuid,
            "conversation_uuid": "CON-aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "timestamp": "2020-01-01T12:00:00.000Z",
        });
        let body = body.as_object().expect("an object").clone();
        whole.as_object_mut().expect("an object").extend(body);
        self.core.send(&vonage_webhook(SECRET, url, &whole))
    }

    fn event(&self, status: &str) -> Reply {
        self.send(
            &self.event_url,
            json!({"status": status, "direction": "outbound"}),
        )
    }
}

/// The actions of an answer.
#[track_caller]
fn actions(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json().as_array().expect("a list").clone()
}

/// Where the key goes.
#[track_caller]
fn keys_url(actions: &[Value]) -> String {
    let input = actions.last().expect("an action");
    assert_eq!(input["action"], "input", "{actions:?}");
    let url = input["eventUrl"][0].as_str().expect("a URL");
    assert!(url.starts_with(PUBLIC), "absolute: {url}");
    url.to_owned()
}

#[test]
fn a_key_that_is_pressed_takes_the_alert() {
    let ringing = Ringing::start();
    for status in ["started", "ringing", "answered"] {
        assert_eq!(ringing.event(status).status, 204);
    }
    let message = actions(&ringing.send(&ringing.answer_url, json!({})));
    assert!(
        message[0]["text"]
            .as_str()
            .expect("a text")
            .contains("disk is broken")
    );
    assert_eq!(
        (&message[0]["language"], &message[0]["bargeIn"]),
        (&json!("en-US"), &json!(true))
    );
    let keys = keys_url(&message);
    let taken = actions(&ringing.send(&keys, json!({"dtmf": {"digits": "1", "timed_out": false}})));
    assert!(
        taken.iter().all(|action| action["action"] == "talk"),
        "{taken:?}"
    );
    assert!(matches!(
        ringing.escalation().phase,
        Phase::Acknowledged { .. }
    ));
    assert_eq!(ringing.event("completed").status, 204);
    assert_eq!(
        ringing.vonage.all("POST", "/v1/calls").len(),
        1,
        "nobody else is called"
    );
}

#[test]
fn without_a_key_the_message_is_said_again_and_nothing_is_taken() {
    let ringing = Ringing::start();
    let message = actions(&ringing.send(&ringing.answer_url, json!({})));
    let first = keys_url(&message);
    let again = actions(&ringing.send(&first, json!({"dtmf": {"digits": "", "timed_out": true}})));
    assert_ne!(keys_url(&again), first, "each place has its own address");
    assert_eq!(ringing.escalation().phase, Phase::Calling);
    let passed = actions(&ringing.send(&keys_url(&again), json!({"dtmf": "2"})));
    assert!(
        passed.iter().all(|action| action["action"] == "talk"),
        "{passed:?}"
    );
    let next = ringing.vonage.nth("POST", "/v1/calls", 1).json();
    assert_eq!(next["to"][0]["number"], "819012345679");
}

#[test]
fn what_became_of_a_call_goes_to_the_next_person_at_once() {
    for (status, expected) in [
        ("busy", CallStatus::Busy),
        ("timeout", CallStatus::NoAnswer),
        ("unanswered", CallStatus::NoAnswer),
        ("rejected", CallStatus::Failed),
    ] {
        let ringing = Ringing::start();
        assert_eq!(ringing.event(status).status, 204);
        ringing.vonage.nth("POST", "/v1/calls", 1);
        let told = ringing.home.journal(1);
        let is_told = told.iter().any(
            |entry| matches!(&entry.input, Input::Status { status, .. } if *status == expected),
        );
        assert!(is_told, "{status}");
    }
}

#[test]
fn what_is_told_of_no_call_or_in_new_words_is_noted() {
    let ringing = Ringing::start();
    let before = ringing.home.journal(1);
    assert_eq!(ringing.event("dozing").status, 204);
    let trouble = json!({"reason": "Syntax error in NCCO", "conversation_uuid": "CON-1"});
    let request = vonage_webhook(SECRET, &ringing.event_url, &trouble);
    assert_eq!(ringing.core.send(&request).status, 204);
    assert_eq!(ringing.home.journal(1), before);
}

#[test]
fn a_webhook_that_is_not_proven_changes_nothing() {
    let ringing = Ringing::start();
    let before = ringing.home.journal(1);
    let url = &ringing.event_url;
    let body = json!({"uuid": ringing.uuid, "status": "busy"}).to_string();
    let with = |authorization: &str, body: &str| {
        let request =
            Request::new("POST", target_of(url)).header("Content-Type", "application/json");
        let request = match authorization {
            "" => request,
            token => request.header("Authorization", token),
        };
        ringing.core.send(&request.body(body))
    };
    let now = Timestamp::now().as_second();
    let token =
        |secret: &str, issued| format!("Bearer {}", vonage_token(secret, issued, body.as_bytes()));
    check_forbidden(&with("", &body), "no token");
    check_forbidden(
        &with(&token("another secret", now), &body),
        "another secret",
    );
    check_forbidden(&with(&token("", now), &body), "an empty secret");
    check_forbidden(&with(&token(SECRET, now - 3_600), &body), "an old token");
    check_forbidden(
        &with(&token(SECRET, now + 3_600), &body),
        "a token of the future",
    );
    check_forbidden(
        &with(&token(SECRET, now), &body.replace("busy", "completed")),
        "another body",
    );
    let elsewhere = format!("{PUBLIC}/v1/calls/vonage/1-1.9999999999.x/status");
    let request = vonage_webhook(
        SECRET,
        &elsewhere,
        &json!({"uuid": ringing.uuid, "status": "busy"}),
    );
    check_forbidden(&ringing.core.send(&request), "a forged attempt token");
    let get = Request::new("GET", target_of(&ringing.answer_url)).header(
        "Authorization",
        &format!("Bearer {}", vonage_token(SECRET, now, b"")),
    );
    check_forbidden(&ringing.core.send(&get), "a GET of a call");
    assert_eq!(ringing.home.journal(1), before);
    assert_eq!(
        with(&token(SECRET, now), &body).status,
        204,
        "and the genuine one is taken"
    );
}
