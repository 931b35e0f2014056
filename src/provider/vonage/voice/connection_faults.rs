//! Every way in which a connection fails, against every method: whose fault it is, and that nothing is sent twice.

use super::*;
use crate::provider::{
    client,
    fault_socket::{Trouble, for_each_trouble},
};

fn vonage(base_url: String) -> VonageVoice {
    let key = include_str!("../../../../fixtures/vonage/private.pem");
    let application = Application {
        base_url,
        id: "aaaaaaaa-bbbb-cccc-dddd-0123456789ab".to_owned(),
        key: PrivateKey::parse(key).expect("a key"),
        from: PhoneNumber::parse("+815000000001").expect("E.164"),
    };
    let now = || Timestamp::UNIX_EPOCH;
    VonageVoice::new("vonage".into(), application, client::unpooled(), now)
        .with_patience(Duration::from_millis(1_500))
}

fn request() -> CallRequest {
    CallRequest {
        to: PhoneNumber::parse("+815000000002").expect("E.164"),
        ring_timeout: SignedDuration::from_secs(60),
        call_limit: SignedDuration::from_secs(300),
        inline: None,
        urls: None,
        detect_machine: false,
    }
}

fn class<T>(reply: Result<T, Fault>) -> Option<FaultClass> {
    reply.err().map(|fault| fault.class)
}

#[tokio::test]
async fn a_call_is_ambiguous_after_every_fault_but_a_refused_connection() {
    for_each_trouble(|trouble, socket| async move {
        let reply = vonage(socket.url("http")).place(&request()).await;
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
async fn a_call_may_still_ring_after_every_fault_of_its_end_but_a_whole_reply() {
    for_each_trouble(|trouble, socket| async move {
        let reply = vonage(socket.url("http")).end(&"u1".into()).await;
        let expected = match trouble {
            Trouble::Refused => Some(FaultClass::Provider),
            Trouble::GarbageBody => None,
            _ => Some(FaultClass::Ambiguous),
        };
        assert_eq!(class(reply), expected, "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn reading_is_never_ambiguous() {
    for_each_trouble(|trouble, socket| async move {
        let vonage = vonage(socket.url("http"));
        let (call, to) = (CallSid::new("u1"), request().to);
        let (state, found, probed) = tokio::join!(
            vonage.look_up(&call),
            vonage.find(&to, Timestamp::UNIX_EPOCH, &[]),
            vonage.probe(),
        );
        let classes = [class(state), class(found), class(probed)];
        assert_eq!(classes, [Some(FaultClass::Provider); 3], "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn a_failed_tls_handshake_is_proof_that_nothing_was_sent() {
    for_each_trouble(|trouble, socket| async move {
        let reply = vonage(socket.url("https")).place(&request()).await;
        assert_eq!(class(reply), Some(FaultClass::Provider), "{trouble:?}");
    })
    .await;
}

#[tokio::test]
async fn a_base_url_that_is_none_is_our_own_fault() {
    for base_url in ["", "api.nexmo.com", "ftp://api.nexmo.com"] {
        let placed = vonage(base_url.to_owned()).place(&request()).await;
        assert_eq!(class(placed), Some(FaultClass::Ours), "{base_url:?}");
    }
}
