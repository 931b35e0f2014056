//! Every way in which a connection fails, against every method: whose fault it is, and that nothing is sent twice.

use super::*;
use crate::{
    escalation::AttemptId,
    provider::{
        client,
        fault_socket::{Trouble, for_each_trouble},
    },
};

const SECRET: &str = "Abc123EFGsecret";

fn vonage(base_url: String) -> VonageSms {
    let account = Account {
        base_url,
        api_key: "abcd1234".to_owned(),
        api_secret: SECRET.into(),
        from: "RINBAN".to_owned(),
    };
    VonageSms::new("vonage".into(), account, client::unpooled())
        .with_patience(Duration::from_millis(1_500))
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
        let fault = vonage(socket.url("http"))
            .send(&request())
            .await
            .expect_err("a fault");
        let (expected, sent) = match trouble {
            Trouble::Refused => (FaultClass::Provider, 0),
            _ => (FaultClass::Ambiguous, 1),
        };
        assert_eq!(fault.class, expected, "{trouble:?}");
        assert_eq!(socket.connections(), sent, "{trouble:?}: how often sent");
    })
    .await;
}

#[tokio::test]
async fn reading_is_never_ambiguous_and_tells_no_secret() {
    for_each_trouble(|trouble, socket| async move {
        let vonage = vonage(socket.url("http"));
        let (balance, probed) = tokio::join!(vonage.balance(), vonage.probe());
        for fault in [balance.expect_err("a fault"), probed.expect_err("a fault")] {
            assert_eq!(fault.class, FaultClass::Provider, "{trouble:?}");
            assert!(
                !format!("{fault} {fault:?}").contains(SECRET),
                "{trouble:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_failed_tls_handshake_is_proof_that_nothing_was_sent() {
    for_each_trouble(|trouble, socket| async move {
        let fault = vonage(socket.url("https"))
            .send(&request())
            .await
            .expect_err("a fault");
        assert_eq!(fault.class, FaultClass::Provider, "{trouble:?}");
    })
    .await;
}
