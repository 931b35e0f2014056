//! Every way in which a connection fails, against every method: whose fault it is, and that nothing is sent twice.

use super::*;
use crate::{
    escalation::AttemptId,
    provider::{
        client,
        fault_socket::{Trouble, for_each_trouble},
        twilio::connection_faults::{TIMING, account, class},
    },
};

fn twilio(base_url: String) -> TwilioSms {
    let sender = Sender::Name("RINBAN".to_owned());
    TwilioSms::new(
        "twilio".into(),
        account(base_url),
        sender,
        client::unpooled(),
    )
    .with_timing(TIMING)
}

fn request() -> MessageRequest {
    MessageRequest {
        to: PhoneNumber::parse("+815000000002").expect("E.164"),
        text: "disk full".to_owned(),
        attempt: AttemptId::parse("42-7").expect("an attempt"),
        status_url: None,
    }
}

#[tokio::test]
async fn a_message_is_ambiguous_after_every_fault_but_a_refused_connection() {
    for_each_trouble(|trouble, socket| async move {
        let reply = twilio(socket.url("http")).send(&request()).await;
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
async fn reading_is_never_ambiguous() {
    for_each_trouble(|trouble, socket| async move {
        let twilio = twilio(socket.url("http"));
        let (message, to) = (MessageSid::new("SM1"), request().to);
        let (status, found, balance, probe) = tokio::join!(
            twilio.look_up(&message),
            twilio.find(&to, Timestamp::UNIX_EPOCH, &[]),
            twilio.balance(),
            twilio.probe(),
        );
        let classes = [class(status), class(found), class(balance), class(probe)];
        assert_eq!(classes, [Some(FaultClass::Provider); 4], "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn a_failed_tls_handshake_is_proof_that_nothing_was_sent() {
    for_each_trouble(|trouble, socket| async move {
        let reply = twilio(socket.url("https")).send(&request()).await;
        assert_eq!(class(reply), Some(FaultClass::Provider), "{trouble:?}");
    })
    .await;
}
