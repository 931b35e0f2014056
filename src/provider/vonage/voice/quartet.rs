//! Each method against a scripted Vonage: the shape of the request, success, refusals, 5xx, too slow.

use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, body_json, method, path, query_param},
};

use super::*;
use crate::{
    provider::{CallUrls, client},
    roster::Language,
    voice::{Speech, Then},
};

const KEY: &str = include_str!("../../../../fixtures/vonage/private.pem");
const FROM: &str = "+815000000001";
const TO: &str = "+815000000002";
const UUID: &str = "63f61863-4a51-4f6b-86e1-46edebcf9356";
/// More patient than a busy machine is slow.
const PATIENT: Duration = Duration::from_secs(20);

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::parse(e164).expect("E.164")
}

fn ten() -> Timestamp {
    "2025-11-25T10:00:00Z".parse().expect("a timestamp")
}

async fn pair() -> (MockServer, VonageVoice) {
    let server = MockServer::start().await;
    let application = Application {
        base_url: format!("{}/", server.uri()),
        id: "aaaaaaaa-bbbb-cccc-dddd-0123456789ab".to_owned(),
        key: PrivateKey::parse(KEY).expect("a key"),
        from: number(FROM),
    };
    let vonage = VonageVoice::new("vonage".into(), application, client::unpooled(), ten);
    (server, vonage.with_patience(PATIENT))
}

async fn always(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any()).respond_with(reply).mount(server).await;
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.expect("recording is on")
}

fn call_request() -> CallRequest {
    CallRequest {
        to: number(TO),
        ring_timeout: SignedDuration::from_millis(59_001),
        call_limit: SignedDuration::from_secs(300),
        inline: None,
        urls: Some(CallUrls {
            voice: "https://rinban.example/v1/calls/v/tok+en/voice/0".to_owned(),
            fallback: "https://rinban.example/v1/calls/v/tok+en/fallback".to_owned(),
            status: "https://rinban.example/v1/calls/v/tok+en/status".to_owned(),
        }),
        detect_machine: false,
    }
}

fn class<T>(reply: Result<T, Fault>) -> Option<FaultClass> {
    reply.err().map(|fault| fault.class)
}

#[tokio::test]
async fn placing_sends_exactly_the_documented_body() {
    let (server, vonage) = pair().await;
    Mock::given(method("POST"))
        .and(path("/v1/calls"))
        .and(body_json(json!({
            "to": [{"type": "phone", "number": "815000000002"}],
            "from": {"type": "phone", "number": "815000000001"},
            "answer_url": ["https://rinban.example/v1/calls/v/tok+en/voice/0"],
            "answer_method": "POST",
            "event_url": ["https://rinban.example/v1/calls/v/tok+en/status"],
            "event_method": "POST",
            "ringing_timer": 60,
            "length_timer": 300,
        })))
        .respond_with(
            ResponseTemplate::new(201).set_body_json(json!({"uuid": UUID, "status": "started"})),
        )
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(vonage.place(&call_request()).await, Ok(UUID.into()));
    let authorization = &requests(&server).await[0].headers["authorization"];
    let token = authorization
        .to_str()
        .expect("ASCII")
        .strip_prefix("Bearer ");
    assert_eq!(token.expect("a bearer").split('.').count(), 3);
}

#[tokio::test]
async fn where_nothing_reaches_us_the_message_goes_inline() {
    let (server, vonage) = pair().await;
    always(
        &server,
        ResponseTemplate::new(201).set_body_json(json!({"uuid": UUID})),
    )
    .await;
    let speech = Speech {
        language: Language::En,
        says: vec!["disk full".to_owned()],
        then: Then::HangUp,
    };
    let request = CallRequest {
        inline: Some(speech.clone()),
        urls: None,
        detect_machine: true,
        ring_timeout: SignedDuration::from_secs(600),
        ..call_request()
    };
    vonage.place(&request).await.expect("placed");
    let body: Value = requests(&server).await[0].body_json().expect("JSON");
    assert_eq!(body["ncco"], ncco::render(&speech));
    assert_eq!(body["machine_detection"], "continue");
    assert_eq!(body["ringing_timer"], 120, "no more than Vonage takes");
    assert!(
        body.get("answer_url").is_none() && body.get("event_url").is_none(),
        "{body}"
    );
}

#[tokio::test]
async fn a_refused_call_says_whose_fault_it_is_and_is_sent_once() {
    let blamed = |parameters: Value| {
        ResponseTemplate::new(400)
            .set_body_json(json!({"title": "Bad Request", "invalid_parameters": parameters}))
    };
    for (reply, expected) in [
        (
            blamed(json!([{"name": "to[0].number", "reason": "x"}])),
            FaultClass::Callee,
        ),
        (blamed(json!({"to.number": "x"})), FaultClass::Callee),
        (blamed(json!([{"name": "token"}])), FaultClass::Ours),
        (blamed(json!([{"name": "from.number"}])), FaultClass::Ours),
        (ResponseTemplate::new(400), FaultClass::Ours),
        (ResponseTemplate::new(401), FaultClass::Account),
        (ResponseTemplate::new(402), FaultClass::Account),
        (ResponseTemplate::new(403), FaultClass::Account),
        (ResponseTemplate::new(404), FaultClass::Account),
        (ResponseTemplate::new(429), FaultClass::Provider),
        (ResponseTemplate::new(500), FaultClass::Ambiguous),
        (
            ResponseTemplate::new(503).set_body_string("<html>"),
            FaultClass::Ambiguous,
        ),
        (
            ResponseTemplate::new(307).insert_header("Location", "/elsewhere"),
            FaultClass::Ambiguous,
        ),
        (ResponseTemplate::new(201), FaultClass::Ambiguous),
        (
            ResponseTemplate::new(201).set_body_json(json!({"uuid": "../x"})),
            FaultClass::Ambiguous,
        ),
        (
            ResponseTemplate::new(201).set_body_json(json!({"uuid": null})),
            FaultClass::Ambiguous,
        ),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        assert_eq!(class(vonage.place(&call_request()).await), Some(expected));
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_reply_slower_than_the_time_out_is_ambiguous_for_a_call_and_the_providers_fault_for_a_question()
 {
    let (server, vonage) = pair().await;
    let vonage = vonage.with_patience(Duration::from_millis(300));
    always(&server, ResponseTemplate::new(201).set_delay(PATIENT)).await;
    let (request, call) = (call_request(), CallSid::new(UUID));
    let (placed, ended, state, found, probed) = tokio::join!(
        vonage.place(&request),
        vonage.end(&call),
        vonage.look_up(&call),
        vonage.find(&request.to, ten(), &[]),
        vonage.probe(),
    );
    let classes = [
        class(placed),
        class(ended),
        class(state),
        class(found),
        class(probed),
    ];
    let [ambiguous, provider] = [FaultClass::Ambiguous, FaultClass::Provider].map(Some);
    assert_eq!(
        classes,
        [ambiguous, ambiguous, provider, provider, provider]
    );
}

#[tokio::test]
async fn ending_a_call_hangs_up() {
    let (server, vonage) = pair().await;
    Mock::given(method("PUT"))
        .and(path(format!("/v1/calls/{UUID}")))
        .and(body_json(json!({"action": "hangup"})))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    vonage.end(&UUID.into()).await.expect("ended");
}

#[tokio::test]
async fn a_call_whose_end_is_refused_has_ended_only_if_it_is_over() {
    for (refused, status, expected) in [
        (404, "ringing", None),
        (400, "completed", None),
        (400, "cancelled", None),
        (400, "ringing", Some(FaultClass::Ours)),
        (401, "completed", Some(FaultClass::Account)),
        (500, "completed", Some(FaultClass::Ambiguous)),
    ] {
        let (server, vonage) = pair().await;
        Mock::given(method("PUT"))
            .respond_with(ResponseTemplate::new(refused))
            .mount(&server)
            .await;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({"status": status})))
            .mount(&server)
            .await;
        assert_eq!(
            class(vonage.end(&UUID.into()).await),
            expected,
            "{refused} {status}"
        );
    }
}

#[tokio::test]
async fn looking_up_reads_how_the_call_goes_and_who_answered() {
    for (word, status, answered_by) in [
        ("started", CallStatus::Initiated, None),
        ("answered", CallStatus::InProgress, None),
        ("machine", CallStatus::InProgress, Some(AnsweredBy::Machine)),
        ("human", CallStatus::InProgress, Some(AnsweredBy::Human)),
        ("timeout", CallStatus::NoAnswer, None),
    ] {
        let (server, vonage) = pair().await;
        Mock::given(method("GET"))
            .and(path(format!("/v1/calls/{UUID}")))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!({"uuid": UUID, "status": word})),
            )
            .mount(&server)
            .await;
        let state = CallState {
            status,
            answered_by,
        };
        assert_eq!(vonage.look_up(&UUID.into()).await, Ok(state), "{word}");
    }
}

#[tokio::test]
async fn a_look_up_that_fails_is_no_reason_to_give_an_account_up_unless_it_is_refused() {
    for (reply, expected) in [
        (ResponseTemplate::new(404), FaultClass::Provider),
        (ResponseTemplate::new(401), FaultClass::Account),
        (ResponseTemplate::new(500), FaultClass::Provider),
        (
            ResponseTemplate::new(200).set_body_json(json!({"status": "dozing"})),
            FaultClass::Provider,
        ),
        (
            ResponseTemplate::new(200).set_body_string("<html>"),
            FaultClass::Provider,
        ),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        assert_eq!(class(vonage.look_up(&UUID.into()).await), Some(expected));
    }
}

fn listed(uuid: &str, from: &str, to: &str, start_time: Option<&str>) -> Value {
    json!({
        "uuid": uuid, "status": "ringing", "start_time": start_time,
        "from": {"type": "phone", "number": from}, "to": {"type": "phone", "number": to},
    })
}

#[tokio::test]
async fn the_newest_unknown_call_between_the_two_numbers_is_found() {
    let (ours, theirs) = (&FROM[1..], &TO[1..]);
    let calls = json!([
        listed("u9", ours, "815000000009", None),
        listed("u8", theirs, ours, None),
        listed("u7", ours, theirs, Some("2025-11-25 09:59:57")),
        listed("u6", ours, theirs, Some("2025-11-25T09:00:00.000Z")),
        listed("..", ours, theirs, None),
        listed("u2", ours, theirs, Some("2025-11-25 09:59:58")),
        listed("u1", ours, theirs, None),
    ]);
    for (known, expected) in [
        (&[][..], Some("u2")),
        (&["u2"], Some("u1")),
        (&["u1", "u2"], None),
    ] {
        let (server, vonage) = pair().await;
        Mock::given(method("GET"))
            .and(path("/v1/calls"))
            .and(query_param("date_start", "2025-11-25T09:59:58Z"))
            .and(query_param("order", "desc"))
            .and(query_param("page_size", "100"))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!({"_embedded": {"calls": calls}})),
            )
            .expect(1)
            .mount(&server)
            .await;
        let known: Vec<CallSid> = known.iter().copied().map(CallSid::from).collect();
        let found = vonage
            .find(&number(TO), ten(), &known)
            .await
            .expect("a list");
        assert_eq!(
            found.as_ref().map(|found| found.call.as_str()),
            expected,
            "{known:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_an_empty_list() {
    for reply in [
        ResponseTemplate::new(200).set_body_string("{}"),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(500),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        let found = vonage.find(&number(TO), ten(), &[]).await;
        assert_eq!(class(found), Some(FaultClass::Provider));
    }
}

#[tokio::test]
async fn a_probe_reads_the_list_and_says_whose_fault_it_is() {
    let empty = json!({"_embedded": {"calls": []}});
    for (reply, expected) in [
        (ResponseTemplate::new(200).set_body_json(empty), None),
        (ResponseTemplate::new(401), Some(FaultClass::Account)),
        (ResponseTemplate::new(503), Some(FaultClass::Provider)),
    ] {
        let (server, vonage) = pair().await;
        always(&server, reply).await;
        assert_eq!(class(vonage.probe().await), expected);
    }
}

#[tokio::test]
async fn a_name_that_is_no_name_is_not_sent() {
    let (server, vonage) = pair().await;
    for name in ["", "..", "u/../../x", "u?x="] {
        assert_eq!(
            class(vonage.look_up(&name.into()).await),
            Some(FaultClass::Ours)
        );
        assert_eq!(
            class(vonage.end(&name.into()).await),
            Some(FaultClass::Ours)
        );
    }
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn no_fault_and_no_debug_text_carries_a_secret_a_number_or_a_url() {
    let secret_line = KEY.lines().nth(1).expect("a line of the key");
    for status in [400, 401, 429, 500, 302] {
        let (server, vonage) = pair().await;
        let told = format!("{TO} {FROM} https://rinban.example/v1/calls/v/tok+en/status");
        always(
            &server,
            ResponseTemplate::new(status).set_body_json(json!({"detail": told})),
        )
        .await;
        let fault = vonage.place(&call_request()).await.expect_err("a fault");
        let text = format!("{fault} {fault:?} {vonage:?} {:?}", call_request());
        for secret in [secret_line, TO, FROM, &TO[1..], "tok+en", "rinban.example"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
