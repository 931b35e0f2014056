//! Every way in which a connection fails, against every method: whose fault it is, and how often something is sent.

use super::*;
use crate::provider::{
    client,
    fault_socket::{Trouble, for_each_trouble},
};

const SECRET: &str = "Abc123EFG123";

fn paasoo(base_url: String) -> PaaSoo {
    let account = Account {
        receipt_url: base_url.clone(),
        base_url,
        key: "Abcdefgh".into(),
        secret: SECRET.into(),
        from: "RINBAN".to_owned(),
    };
    PaaSoo::new("paasoo".into(), account, client::unpooled())
        .with_patience(SAME_AGAIN + Duration::from_millis(200))
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
async fn a_message_is_ambiguous_after_every_fault_but_a_refused_connection_and_sent_twice_at_most()
{
    for_each_trouble(|trouble, socket| async move {
        let fault = paasoo(socket.url("http"))
            .send(&request())
            .await
            .expect_err("a fault");
        let expected = match trouble {
            Trouble::Refused => FaultClass::Provider,
            _ => FaultClass::Ambiguous,
        };
        assert_eq!(fault.class, expected, "{trouble:?}");
        assert!(socket.connections() <= 2, "{trouble:?}: how often sent");
        assert!(
            !format!("{fault} {fault:?}").contains(SECRET),
            "{trouble:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn reading_is_never_ambiguous_and_tells_no_secret() {
    for_each_trouble(|trouble, socket| async move {
        let paasoo = paasoo(socket.url("http"));
        let name = MessageSid::new("m1");
        let (status, probed) = tokio::join!(paasoo.look_up(&name), paasoo.probe());
        for fault in [status.expect_err("a fault"), probed.expect_err("a fault")] {
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
        let fault = paasoo(socket.url("https"))
            .send(&request())
            .await
            .expect_err("a fault");
        assert_eq!(fault.class, FaultClass::Provider, "{trouble:?}");
    })
    .await;
}
