//! Each method against a scripted PaaSoo: the shape of the request, success, refusals, 5xx, too slow.

use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path, query_param},
};

use super::*;
use crate::provider::client;

const KEY: &str = "Abcdefgh";
const SECRET: &str = "Abc123EFG123";
const TO: &str = "+81987654321";
/// More patient than a busy machine is slow.
const PATIENT: Duration = Duration::from_secs(20);

async fn pair() -> (MockServer, PaaSoo) {
    let server = MockServer::start().await;
    let account = Account {
        base_url: format!("{}/", server.uri()),
        receipt_url: format!("{}/receipts", server.uri()),
        key: KEY.into(),
        secret: SECRET.into(),
        from: "RINBAN".to_owned(),
    };
    let paasoo = PaaSoo::new("paasoo".into(), account, client::unpooled());
    (server, paasoo.with_patience(PATIENT))
}

async fn always(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any()).respond_with(reply).mount(server).await;
}

async fn once(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any())
        .respond_with(reply)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.expect("recording is on")
}

fn message() -> MessageRequest {
    MessageRequest {
        to: PhoneNumber::parse(TO).expect("E.164"),
        text: "ディスク & more".to_owned(),
        attempt: AttemptId::parse("42-7").expect("an attempt"),
        status_url: None,
    }
}

fn says(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn refused(code: u32) -> ResponseTemplate {
    says(json!({"status": code.to_string(), "status_code": format!("{KEY} {SECRET} {TO}")}))
}

fn class<T>(reply: Result<T, Fault>) -> Option<FaultClass> {
    reply.err().map(|fault| fault.class)
}

#[tokio::test]
async fn sending_asks_exactly_as_documented() {
    let (server, paasoo) = pair().await;
    Mock::given(method("GET"))
        .and(path("/json"))
        .respond_with(says(
            json!({"status": "0", "messageid": "015bd4-d6dfa7-58w"}),
        ))
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(
        paasoo.send(&message()).await,
        Ok("015bd4-d6dfa7-58w".into())
    );
    let [request] = &requests(&server).await[..] else {
        panic!("not one request")
    };
    let query: Vec<_> = request.url.query_pairs().collect();
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let expected = [
        ("key", KEY),
        ("secret", SECRET),
        ("from", "RINBAN"),
        ("to", "81987654321"),
        ("text", "ディスク & more"),
    ];
    assert_eq!(query, expected);
}

#[tokio::test]
async fn a_refused_message_says_whose_fault_it_is_and_is_sent_once() {
    for (reply, class, code) in [
        (refused(4), FaultClass::Account, Some(4)),
        (refused(6), FaultClass::Callee, Some(6)),
        (refused(7), FaultClass::Ours, Some(7)),
        (refused(8), FaultClass::Ambiguous, Some(8)),
        (refused(10), FaultClass::Provider, Some(10)),
        (says(json!({"status": 9})), FaultClass::Account, Some(9)),
        (ResponseTemplate::new(401), FaultClass::Account, None),
        (ResponseTemplate::new(429), FaultClass::Provider, None),
    ] {
        let (server, paasoo) = pair().await;
        always(&server, reply).await;
        let fault = paasoo.send(&message()).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (class, code), "{fault}");
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_message_whose_reply_is_lost_is_sent_again_and_a_refusal_means_that_it_was_taken() {
    let lost = || ResponseTemplate::new(502).set_body_string("<html>");
    let taken = || says(json!({"status": "0", "messageid": "m2"}));
    for (first, second, expected) in [
        (lost(), refused(8), Ok("unnamed-42-7")),
        (lost(), taken(), Ok("m2")),
        (lost(), lost(), Err(FaultClass::Ambiguous)),
        (lost(), refused(10), Err(FaultClass::Ambiguous)),
        (refused(11), refused(8), Ok("unnamed-42-7")),
        (says(json!({"status": "0"})), refused(8), Ok("unnamed-42-7")),
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            taken(),
            Ok("m2"),
        ),
        (says(json!({"status": "soon"})), taken(), Ok("m2")),
    ] {
        let (server, paasoo) = pair().await;
        once(&server, first).await;
        always(&server, second).await;
        let sent = paasoo.send(&message()).await;
        let sent = sent
            .as_ref()
            .map(MessageSid::as_str)
            .map_err(|fault| fault.class);
        assert_eq!(sent, expected);
        let requests = requests(&server).await;
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].url, requests[1].url);
    }
}

#[tokio::test]
async fn a_message_without_its_own_name_is_taken_and_never_asked_for() {
    let (server, paasoo) = pair().await;
    let status = paasoo.look_up(&"unnamed-42-7".into()).await;
    assert_eq!(status, Ok(MessageStatus::Sent));
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn a_reply_slower_than_the_time_out_is_ambiguous_for_a_message_and_the_providers_fault_for_a_question()
 {
    let (server, paasoo) = pair().await;
    let paasoo = paasoo.with_patience(SAME_AGAIN + Duration::from_millis(200));
    always(
        &server,
        says(json!({"status": "0", "messageid": "m1"})).set_delay(PATIENT),
    )
    .await;
    let (request, name) = (message(), MessageSid::new("m1"));
    let (sent, status, probed) =
        tokio::join!(paasoo.send(&request), paasoo.look_up(&name), paasoo.probe());
    assert_eq!(class(sent), Some(FaultClass::Ambiguous));
    assert_eq!(
        [class(status), class(probed)],
        [Some(FaultClass::Provider); 2]
    );
    assert_eq!(
        requests(&server).await.len(),
        3,
        "too late to be refused, so it is not sent again"
    );
}

#[tokio::test]
async fn a_receipt_is_asked_for() {
    let receipt = |word: &str| json!({"type": "dlr", "messageid": "m1", "drStatuscode": word, "drErrcode": "000"});
    for (body, expected) in [
        (json!([receipt("delivered")]), Ok(MessageStatus::Delivered)),
        (json!([receipt("expired")]), Ok(MessageStatus::Undelivered)),
        (
            json!([receipt("accepted"), receipt("delivered")]),
            Ok(MessageStatus::Delivered),
        ),
        (json!([]), Ok(MessageStatus::Queued)),
        (
            json!([{"messageid": "m9", "drStatuscode": "delivered"}]),
            Ok(MessageStatus::Queued),
        ),
        (json!([receipt("lost")]), Err(FaultClass::Provider)),
        (json!({"status": "4"}), Err(FaultClass::Provider)),
    ] {
        let (server, paasoo) = pair().await;
        Mock::given(method("GET"))
            .and(path("/receipts/api/dlr"))
            .and(query_param("key", KEY))
            .and(query_param("secret", SECRET))
            .and(query_param("messageid", "m1"))
            .respond_with(says(body))
            .expect(1)
            .mount(&server)
            .await;
        let status = paasoo
            .look_up(&"m1".into())
            .await
            .map_err(|fault| fault.class);
        assert_eq!(status, expected);
    }
    assert!(pair().await.1.is_asked_for_receipts());
}

#[tokio::test]
async fn a_probe_sends_no_message_and_says_whose_fault_it_is() {
    for (reply, expected) in [
        (refused(2), None),
        (refused(4), Some(FaultClass::Account)),
        (refused(5), Some(FaultClass::Account)),
        (refused(11), Some(FaultClass::Provider)),
        (ResponseTemplate::new(503), Some(FaultClass::Provider)),
        (says(json!({})), Some(FaultClass::Provider)),
    ] {
        let (server, paasoo) = pair().await;
        always(&server, reply).await;
        assert_eq!(class(paasoo.probe().await), expected);
        let names: Vec<_> = requests(&server).await[0]
            .url
            .query_pairs()
            .map(|(name, _)| name.into_owned())
            .collect();
        assert_eq!(names, ["key", "secret"]);
    }
}

#[tokio::test]
async fn nothing_can_be_found_and_no_balance_is_told() {
    let (server, paasoo) = pair().await;
    let to = message().to;
    assert_eq!(paasoo.find(&to, Timestamp::UNIX_EPOCH, &[]).await, Ok(None));
    assert_eq!(paasoo.balance().await, Ok(None));
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn no_fault_and_no_debug_text_carries_a_secret_a_number_or_what_was_written() {
    for reply in [
        refused(4),
        refused(77),
        ResponseTemplate::new(401),
        ResponseTemplate::new(500),
        ResponseTemplate::new(302),
    ] {
        let (server, paasoo) = pair().await;
        always(&server, reply).await;
        let sent = paasoo.send(&message()).await.expect_err("a fault");
        let asked = paasoo.look_up(&"m1".into()).await.err();
        let text = format!("{sent} {sent:?} {asked:?} {paasoo:?} {:?}", message());
        for secret in [KEY, SECRET, TO, &TO[1..], "ディスク", "127.0.0.1/json"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
