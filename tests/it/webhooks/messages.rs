//! Receipts of messages, and what people write back, from each carrier that brings them.

use rinban::escalation::{Input, MessageStatus, Phase};
use serde_json::{Value, json};

use super::check_forbidden;
use crate::support::{
    core::{Core, Home, PUBLIC, TOKEN, problem},
    http::{Reply, Request},
    recorder::Recorder,
    signing::{form, target_of, webhook},
    wait_for,
};

const INBOUND_SECRET: &str = "0123456789abcdef0123";
const AYA: &str = "+819012345678";

/// A core that has written to the first of two people through this provider.
struct Written {
    home: Home,
    core: Core,
    api: Recorder,
    /// Where receipts go.
    receipt: String,
    message: String,
}

fn config(provider: &str) -> String {
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
{provider}
channels = ["sms"]
messages_per_second = 1000
[members.aya]
number = "{AYA}"
language = "en"
[members.ben]
number = "+819012345679"
language = "en"
[policies.default]
steps = ["sms"]
reply_wait_secs = 600
[groups.web]
members = ["aya", "ben"]
"#
    )
}

impl Written {
    fn start(provider: impl Fn(&str) -> String, method: &str, path: &str, receipt: &str) -> Self {
        let api = Recorder::start();
        let home = Home::with(&config(&provider(&api.url())))
            .variable("API_SECRET", "an API secret")
            .variable("INBOUND_SECRET", INBOUND_SECRET);
        let core = home.serve();
        assert_eq!(core.post(&problem("disk")).status, 202);
        let asked = api.nth(method, path, 0);
        let message = wait_for("the message's name", || {
            let journal = home.journal(1);
            journal.iter().find_map(|entry| {
                let entry = serde_json::to_value(&entry.input).expect("JSON");
                find(&entry, "message").filter(|name| name.contains(|c: char| c.is_ascii_digit()))
            })
        });
        Self {
            receipt: asked.field(receipt).unwrap_or_default(),
            message,
            home,
            core,
            api,
        }
    }

    fn twilio() -> Self {
        let provider = |api: &str| {
            format!(
                "name = \"twilio\"\nkind = \"twilio\"\nbase_url = \"{api}\"\naccount_sid = \
                 \"AC00000000000000000000000000000001\"\nauth_token_env = \"TOKEN\"\nfrom = \"+815012345678\""
            )
        };
        Self::start(provider, "POST", "/Messages.json", "StatusCallback")
    }

    fn vonage() -> Self {
        let provider = |api: &str| {
            format!(
                "name = \"vonage\"\nkind = \"vonage\"\nsms_url = \"{api}\"\napi_key = \"abcd1234\"\napi_secret_env = \
                 \"API_SECRET\"\ninbound_secret_env = \"INBOUND_SECRET\"\nfrom = \"+815012345678\""
            )
        };
        Self::start(provider, "POST", "/sms/json", "callback")
    }

    /// How far the message has come, by its receipts.
    fn told(&self) -> Vec<MessageStatus> {
        let journal = self.home.journal(1);
        let told = journal.iter().filter_map(|entry| match &entry.input {
            Input::Receipt { status, .. } => Some(*status),
            _ => None,
        });
        told.collect()
    }

    fn is_taken(&self) -> bool {
        matches!(self.home.escalation(1).phase, Phase::Acknowledged { .. })
    }
}

/// The first text under this name, at any depth.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| match value {
            Value::String(text) if key == name => Some(text.clone()),
            value => find(value, name),
        }),
        _ => None,
    }
}

fn twilio_receipt(written: &Written, token: &str, status: &str) -> Reply {
    let url = written.receipt.split('#').next().unwrap_or_default();
    let fields = [
        ("MessageSid", written.message.as_str()),
        ("SmsSid", &written.message),
        ("MessageStatus", status),
        ("SmsStatus", status),
        ("To", AYA),
        ("From", "+815012345678"),
    ];
    written.core.send(&webhook(token, url, &fields))
}

#[test]
fn receipts_of_twilio_are_signed_and_count_by_rank() {
    let written = Written::twilio();
    assert!(written.receipt.starts_with(PUBLIC), "{}", written.receipt);
    check_forbidden(
        &twilio_receipt(&written, "another token", "delivered"),
        "another token",
    );
    assert_eq!(written.told(), []);
    assert_eq!(twilio_receipt(&written, TOKEN, "dozing").status, 204);
    for status in ["sent", "queued", "delivered", "sent"] {
        assert_eq!(
            twilio_receipt(&written, TOKEN, status).status,
            204,
            "{status}"
        );
    }
    let told = written.told();
    assert_eq!(told.last(), Some(&MessageStatus::Delivered), "{told:?}");
    assert_eq!(told[0], MessageStatus::Sent);
}

fn twilio_message(written: &Written, token: &str, from: &str, text: &str) -> Reply {
    let fields = [
        ("MessageSid", "SM99999999999999999999999999999999"),
        ("From", from),
        ("To", "+815012345678"),
        ("Body", text),
        ("NumMedia", "0"),
    ];
    let url = format!("{PUBLIC}/v1/inbound/twilio");
    written.core.send(&webhook(token, &url, &fields))
}

#[test]
fn a_reply_through_twilio_takes_the_alert_and_is_answered_in_twiml() {
    let written = Written::twilio();
    check_forbidden(
        &twilio_message(&written, "another token", AYA, "1"),
        "another token",
    );
    let stranger = twilio_message(&written, TOKEN, "+819099999999", "1");
    assert_eq!(
        (stranger.status, stranger.body.as_str()),
        (200, "<Response/>")
    );
    assert!(!written.is_taken());
    let reply = twilio_message(&written, TOKEN, AYA, "1");
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        reply
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/xml"))
    );
    assert!(reply.body.starts_with("<Response><Message>"), "{reply:?}");
    assert!(written.is_taken(), "on disk before it is said (P4)");
}

#[test]
fn a_mailbox_is_closed_to_whoever_does_not_sign() {
    let written = Written::twilio();
    let body = form(&[("MessageSid", "SM1"), ("From", AYA), ("Body", "1")]);
    for target in [
        "/v1/inbound/twilio",
        "/v1/inbound/twilio/",
        "/v1/inbound/twilio/secret",
        "/v1/inbound/nobody",
        "/v1/inbound/",
    ] {
        let request = Request::new("POST", target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.clone());
        check_forbidden(&written.core.send(&request), target);
    }
    let get = Request::new("GET", &format!("/v1/inbound/twilio?{body}"));
    check_forbidden(&written.core.send(&get), "a GET");
    assert!(!written.is_taken());
}

#[test]
fn receipts_of_vonage_are_proven_by_their_address_in_every_form() {
    let fields = |written: &Written, status: &str| {
        json!({
            "msisdn": "819012345678", "to": "RINBAN", "network-code": "44020", "messageId": written.message, "price": "0.03",
            "status": status, "scts": "2001011400", "err-code": "0", "client-ref": "1-1", "api-key": "abcd1234",
        })
    };
    let pairs = |fields: &Value| {
        let fields = fields.as_object().expect("an object").clone();
        let pairs = fields
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let written = Written::vonage();
    assert!(written.receipt.starts_with(PUBLIC), "{}", written.receipt);
    let target = target_of(&written.receipt).to_owned();
    let told = fields(&written, "buffered");
    let get = Request::new("GET", &format!("{target}?{}", pairs(&told)));
    assert_eq!(written.core.send(&get).status, 204);
    let told = fields(&written, "unknown");
    let post = Request::new("POST", &target)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(pairs(&told));
    assert_eq!(written.core.send(&post).status, 204);
    let told = fields(&written, "delivered");
    let json = Request::new("POST", &target)
        .header("Content-Type", "application/json")
        .body(told.to_string());
    assert_eq!(written.core.send(&json).status, 204);
    assert_eq!(
        written.told().last(),
        Some(&MessageStatus::Delivered),
        "{:?}",
        written.told()
    );

    let before = written.home.journal(1);
    let mut of_another = fields(&written, "failed");
    of_another["client-ref"] = json!("1-2");
    let json = |target: &str, told: &Value| {
        let request = Request::new("POST", target).header("Content-Type", "application/json");
        written.core.send(&request.body(told.to_string()))
    };
    check_forbidden(&json(&target, &of_another), "another attempt");
    let forged = target.replace("/1-1.", "/1-2.");
    check_forbidden(
        &json(&forged, &fields(&written, "failed")),
        "a forged token",
    );
    assert_eq!(json(&target, &json!({"status": "delivered"})).status, 400);
    assert_eq!(written.home.journal(1), before);
}

#[test]
fn a_reply_through_vonage_needs_the_secret_address_and_is_answered_by_a_message() {
    let written = Written::vonage();
    let told = json!({
        "msisdn": "819012345678", "to": "815012345678", "messageId": "0B00", "text": "1", "type": "text", "keyword": "1",
    });
    let send = |target: &str| {
        let request = Request::new("POST", target).header("Content-Type", "application/json");
        written.core.send(&request.body(told.to_string()))
    };
    for target in [
        "/v1/inbound/vonage",
        "/v1/inbound/vonage/0123456789abcdef0124",
        "/v1/inbound/vonage/x",
    ] {
        check_forbidden(&send(target), target);
    }
    assert!(!written.is_taken());
    assert_eq!(
        send(&format!("/v1/inbound/vonage/{INBOUND_SECRET}")).status,
        204
    );
    assert!(written.is_taken());
    let answer = written.api.nth("POST", "/sms/json", 1);
    assert_eq!(answer.field("to").as_deref(), Some("819012345678"));
    assert!(
        answer
            .field("text")
            .is_some_and(|text| text.contains("taken")),
        "{answer:?}"
    );
}

#[test]
fn paasoo_brings_nothing() {
    let provider = |api: &str| {
        format!(
            "name = \"paasoo\"\nkind = \"paasoo\"\nbase_url = \"{api}\"\nreceipt_url = \"{api}\"\napi_key_env = \
             \"API_SECRET\"\napi_secret_env = \"API_SECRET\"\nfrom = \"RINBAN\""
        )
    };
    let written = Written::start(provider, "GET", "/json", "text");
    assert!(
        written.receipt.contains("disk is broken"),
        "{}",
        written.receipt
    );
    for target in ["/v1/inbound/paasoo", "/v1/calls/paasoo/1-1.1.x/receipt"] {
        check_forbidden(&written.core.send(&Request::new("POST", target)), target);
    }
}
