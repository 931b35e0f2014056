//! Each method against a scripted Vonage: the shape of the request, success, refusals, 5xx, too slow.

use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path, query_param},
};

use super::*;
use crate::{escalation::AttemptId, provider::client};

const SECRET: &str = "Abc123EFGsecret";
const TO: &str = "+815000000002";
const URL: &str = "https://rinban.example/v1/calls/v/tok+en/receipt";
/// More patient than a busy machine is slow.
const PATIENT: Duration = Duration::from_secs(20);

async fn pair() -> (MockServer, VonageSms) {
    let server = MockServer::start().await;
    let account = Account {
        base_url: format!("{}/", server.uri()),
        api_key: "abcd1234".to_owned(),
        api_secret: SECRET.into(),
        from: "815000000001".to_owned(),
    };
    let vonage = VonageSms::new("vonage".into(), account, client::unpooled());
    (server, vonage.with_patience(PATIENT))
}

async fn always(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any()).respond_with(reply).mount(server).await;
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.expect("recording is on")
}

fn message(text: &str) -> MessageRequest {
    MessageRequest {
        to: PhoneNumber::parse(TO).expect("E.164"),
        text: text.to_owned(),
        attempt: AttemptId::parse("42-7").expect("an attempt"),
        status_url: Some(URL.to_owned()),
    }
}

fn taken(parts: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"message-count": "1", "messages": parts}))
}

fn part(status: &str) -> Value {
    json!({"to": "815000000002", "message-id": "0A0000000123ABCD1", "status": status, "remaining-balance": "4.25",
           "error-text": format!("{TO} {SECRET}")})
}

fn class<T>(reply: Result<T, Fault>) -> Option<FaultClass> {
    reply.err().map(|fault| fault.class)
}

#[tokio::test]
async fn sending_sends_exactly_the_documented_form() {
    for (text, unicode) in [("disk full & more", false), ("ディスクが一杯です", true)] {
        let (server, vonage) = pair().await;
        Mock::given(method("POST"))
            .and(path("/sms/json"))
            .respond_with(taken(json!([part("0")])))
            .expect(1)
            .mount(&server)
            .await;
        let sent = vonage.send(&message(text)).await;
        assert_eq!(sent, Ok("0A0000000123ABCD1".into()));
        let [request] = &requests(&server).await[..] else {
            panic!("not one request")
        };
        let mut expected = vec![
            ("api_key", "abcd1234"),
            ("api_secret", SECRET),
            ("from", "815000000001"),
            ("to", "815000000002"),
            ("text", text),
            ("client-ref", "42-7"),
        ];
        if unicode {
            expected.push(("type", "unicode"));
        }
        expected.push(("callback", URL));
        let form: Vec<_> = form_urlencoded::parse(&request.body).collect();
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(form, expected);
    }
}

#[tokio::test]
async fn a_refusal_within_a_success_says_whose_fault_it_is_and_is_sent_once() {
    for (reply, class, code) in [
        (taken(json!([part("1")])), FaultClass::Provider, Some(1)),
        (taken(json!([part("4")])), FaultClass::Account, Some(4)),
        (taken(json!([part("5")])), FaultClass::Ambiguous, Some(5)),
        (taken(json!([part("6")])), FaultClass::Callee, Some(6)),
        (taken(json!([part("15")])), FaultClass::Ours, Some(15)),
        (taken(json!([{"status": 9}])), FaultClass::Account, Some(9)),
        (
            taken(json!([part("0"), part("1")])),
            FaultClass::Ambiguous,
            Some(1),
        ),
        (taken(json!([])), FaultClass::Ambiguous, None),
        (taken(json!([part("soon")])), FaultClass::Ambiguous, None),
        (taken(json!([{"status": "0"}])), FaultClass::Ambiguous, None),
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            FaultClass::Ambiguous,
            None,
        ),
        (ResponseTemplate::new(401), FaultClass::Account, None),
        (ResponseTemplate::new(429), FaultClass::Provider, None),
        (ResponseTemplate::new(500), FaultClass::Ambiguous, None),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        let fault = vonage.send(&message("x")).await.expect_err("a fault");
        assert_eq!((fault.class, fault.code), (class, code), "{fault}");
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_message_in_several_parts_has_the_name_of_the_first() {
    let (server, vonage) = pair().await;
    let mut second = part("0");
    second["message-id"] = json!("0A0000000123ABCD2");
    always(&server, taken(json!([part("0"), second]))).await;
    let sent = vonage.send(&message("x")).await;
    assert_eq!(sent, Ok("0A0000000123ABCD1".into()));
}

#[tokio::test]
async fn a_reply_slower_than_the_time_out_is_ambiguous_for_a_message_and_the_providers_fault_for_a_question()
 {
    let (server, vonage) = pair().await;
    let vonage = vonage.with_patience(Duration::from_millis(300));
    always(&server, taken(json!([part("0")])).set_delay(PATIENT)).await;
    let request = message("x");
    let (sent, balance, probed) =
        tokio::join!(vonage.send(&request), vonage.balance(), vonage.probe());
    assert_eq!(class(sent), Some(FaultClass::Ambiguous));
    assert_eq!(
        [class(balance), class(probed)],
        [Some(FaultClass::Provider); 2]
    );
}

#[tokio::test]
async fn the_balance_is_asked_for_and_remembered_from_replies() {
    let euros = |amount| {
        Ok(Some(Balance {
            amount,
            currency: Some("EUR".to_owned()),
        }))
    };
    let (server, vonage) = pair().await;
    Mock::given(method("GET"))
        .and(path("/account/get-balance"))
        .and(query_param("api_key", "abcd1234"))
        .and(query_param("api_secret", SECRET))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"value": 10.171275, "autoReload": false})),
        )
        .up_to_n_times(1)
        .mount(&server)
        .await;
    assert_eq!(vonage.balance().await, euros(10.171_275));
    assert_eq!(
        class(vonage.balance().await),
        Some(FaultClass::Account),
        "404"
    );
    always(&server, taken(json!([part("0")]))).await;
    vonage.send(&message("x")).await.expect("sent");
    assert_eq!(vonage.balance().await, euros(4.25));
}

#[tokio::test]
async fn a_probe_says_whose_fault_it_is() {
    for (reply, expected) in [
        (
            ResponseTemplate::new(200).set_body_json(json!({"value": 0.0})),
            None,
        ),
        (ResponseTemplate::new(401), Some(FaultClass::Account)),
        (ResponseTemplate::new(503), Some(FaultClass::Provider)),
        (
            ResponseTemplate::new(200).set_body_string("{}"),
            Some(FaultClass::Provider),
        ),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        assert_eq!(class(vonage.probe().await), expected);
    }
}

#[tokio::test]
async fn nothing_can_be_looked_up_or_found() {
    let (server, vonage) = pair().await;
    let to = message("x").to;
    assert_eq!(
        class(vonage.look_up(&"0A".into()).await),
        Some(FaultClass::Ours)
    );
    assert_eq!(vonage.find(&to, Timestamp::UNIX_EPOCH, &[]).await, Ok(None));
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn no_fault_and_no_debug_text_carries_a_secret_a_number_or_what_was_written() {
    for reply in [
        taken(json!([part("4")])),
        taken(json!([part("77")])),
        ResponseTemplate::new(401),
        ResponseTemplate::new(500).set_body_string(SECRET),
        ResponseTemplate::new(302),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        let sent = vonage
            .send(&message("ディスク"))
            .await
            .expect_err("a fault");
        let asked = vonage.balance().await.err();
        let text = format!(
            "{sent} {sent:?} {asked:?} {vonage:?} {:?}",
            message("ディスク")
        );
        for secret in [SECRET, TO, &TO[1..], "tok+en", "rinban.example", "ディスク"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
