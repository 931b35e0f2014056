//! Every way in which a connection fails, against every method: whose fault it is, and that nothing is sent twice.

use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use crate::provider::{
    CallUrls, client,
    fault_socket::{FaultSocket, Trouble, for_each_trouble},
};

/// Loopback answers within milliseconds, on a busy machine within a second; hangs are cut off here.
pub(super) const TIMING: Timing = Timing {
    request: Duration::from_millis(1500),
    throttle: Duration::ZERO,
};

pub(super) fn account(base_url: String) -> Account {
    Account {
        base_url,
        account_sid: "AC00".to_owned(),
        user: "AC00".to_owned(),
        auth_token: "secret".into(),
    }
}

fn twilio(base_url: String) -> Twilio {
    let from = PhoneNumber::parse("+815000000001").expect("E.164");
    Twilio::new("twilio".into(), account(base_url), from, client::unpooled()).with_timing(TIMING)
}

fn request() -> CallRequest {
    CallRequest {
        to: PhoneNumber::parse("+815000000002").expect("E.164"),
        ring_timeout: SignedDuration::from_secs(60),
        call_limit: SignedDuration::from_secs(300),
        inline: None,
        urls: Some(CallUrls {
            voice: "https://rinban.example/voice".to_owned(),
            fallback: "https://rinban.example/fallback".to_owned(),
            status: "https://rinban.example/status".to_owned(),
        }),
        detect_machine: false,
    }
}

pub(super) fn class<T>(reply: Result<T, Fault>) -> Option<FaultClass> {
    reply.err().map(|fault| fault.class)
}

#[tokio::test]
async fn a_call_is_ambiguous_after_every_fault_but_a_refused_connection() {
    for_each_trouble(|trouble, socket| async move {
        let reply = twilio(socket.url("http")).place(&request()).await;
        let (expected, sent) = match trouble {
            Trouble::Refused => (FaultClass::Provider, 0),
            _ => (FaultClass::Ambiguous, 1),
        };
        assert_eq!(class(reply), Some(expected), "{trouble:?}");
        assert_eq!(socket.connections(), sent, "{trouble:?}: how often sent");
    })
    .await;
}

#[tokio::test]
async fn a_fault_says_what_happened_in_our_own_words() {
    for (scheme, trouble, text) in [
        (
            "http",
            Trouble::Refused,
            "could not connect: connection refused",
        ),
        (
            "https",
            Trouble::GarbageHead,
            "could not connect: no connection within the time-out",
        ),
        (
            "http",
            Trouble::HangAfterRequest,
            "no reply within the time-out",
        ),
        (
            "http",
            Trouble::ResetAfterRequest,
            "the connection broke before a readable reply",
        ),
        ("http", Trouble::ShortBody, "the reply broke off"),
        ("http", Trouble::EndlessBody, "the reply is too large"),
        (
            "http",
            Trouble::GarbageBody,
            "the reply is not what Twilio documents",
        ),
    ] {
        let socket = FaultSocket::start(trouble).await;
        let reply = twilio(socket.url(scheme)).place(&request()).await;
        let fault = reply.expect_err("a fault");
        assert_eq!(fault.text, text, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_call_is_ended_once_the_head_of_a_success_has_arrived() {
    for_each_trouble(|trouble, socket| async move {
        let reply = twilio(socket.url("http")).end(&"CA1".into()).await;
        let expected = match trouble {
            Trouble::Refused => Some(FaultClass::Provider),
            _ if trouble.has_head() => None,
            _ => Some(FaultClass::Ambiguous),
        };
        assert_eq!(class(reply), expected, "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn reading_is_never_ambiguous() {
    for_each_trouble(|trouble, socket| async move {
        let twilio = twilio(socket.url("http"));
        let (call, to) = (CallSid::new("CA1"), request().to);
        let (status, found) = tokio::join!(
            twilio.look_up(&call),
            twilio.find(&to, Timestamp::UNIX_EPOCH, &[]),
        );
        assert_eq!(class(status), Some(FaultClass::Provider), "{trouble:?}");
        assert_eq!(class(found), Some(FaultClass::Provider), "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn a_failed_tls_handshake_is_proof_that_nothing_was_sent() {
    for_each_trouble(|trouble, socket| async move {
        let reply = twilio(socket.url("https")).place(&request()).await;
        assert_eq!(class(reply), Some(FaultClass::Provider), "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn a_base_url_that_is_none_is_our_own_fault() {
    for base_url in ["", "api.twilio.com", "ftp://api.twilio.com"] {
        let twilio = twilio(base_url.to_owned());
        let placed = twilio.place(&request()).await;
        assert_eq!(class(placed), Some(FaultClass::Ours), "{base_url:?}");
        let found = twilio.find(&request().to, Timestamp::UNIX_EPOCH, &[]).await;
        assert_eq!(class(found), Some(FaultClass::Ours), "{base_url:?}");
    }
}
