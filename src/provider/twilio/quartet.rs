//! Each method against a scripted Twilio: the shape of the request, success, refusals, 5xx, too slow.

use std::time::Duration;

use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, basic_auth, body_string, method, path},
};

use jiff::SignedDuration;

use super::*;
use crate::{
    escalation::CallStatus,
    provider::{AnsweredBy, CallUrls, client},
};

pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(super) const FROM: &str = "+815000000001";
pub(super) const TO: &str = "+815000000002";
pub(super) const CALLS: &str = "/2010-04-01/Accounts/AC00/Calls.json";
const CALL: &str = "/2010-04-01/Accounts/AC00/Calls/CA1.json";

/// More patient than a busy machine is slow.
pub(super) const TIMING: Timing = Timing {
    request: Duration::from_secs(20),
    throttle: Duration::from_secs(1),
};

pub(super) fn account(server: &MockServer) -> Account {
    Account {
        base_url: format!("{}/", server.uri()),
        account_sid: "AC00".to_owned(),
        user: "AC00".to_owned(),
        auth_token: TOKEN.into(),
    }
}

/// A Twilio of one's own for a test, and its client.
pub(super) async fn pair() -> (MockServer, Twilio) {
    let server = MockServer::start().await;
    let from = PhoneNumber::parse(FROM).expect("E.164");
    let twilio = Twilio::new("twilio".into(), account(&server), from, client::unpooled())
        .with_timing(TIMING);
    (server, twilio)
}

fn call_request() -> CallRequest {
    CallRequest {
        to: number(),
        ring_timeout: SignedDuration::from_millis(59_001),
        call_limit: SignedDuration::from_secs(300),
        inline: None,
        urls: Some(CallUrls {
            voice: "https://rinban.example/v/42-7/0?t=tok+en#rc=3&ct=2000".to_owned(),
            fallback: "https://rinban.example/f/42-7/0?t=tok+en".to_owned(),
            status: "https://rinban.example/s/42-7?t=tok+en".to_owned(),
        }),
        detect_machine: false,
    }
}

pub(super) fn number() -> PhoneNumber {
    PhoneNumber::parse(TO).expect("E.164")
}

pub(super) fn error(status: u16, code: u32) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({
        "code": code,
        "message": format!("{TO} from {FROM} at https://rinban.example/v/42-7/0?t=tok+en"),
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    }))
}

/// A reply to everything, as often as asked.
pub(super) async fn always(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any()).respond_with(reply).mount(server).await;
}

/// The first reply, once; what is mounted later comes after it.
pub(super) async fn once(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any())
        .respond_with(reply)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

pub(super) async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.expect("recording is on")
}

pub(super) fn form(request: &Request) -> Vec<(String, String)> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

#[track_caller]
pub(super) fn check<T: std::fmt::Debug>(
    reply: Result<T, Fault>,
    class: FaultClass,
    code: impl Into<Option<u32>>,
) {
    let fault = reply.expect_err("a fault");
    assert_eq!((fault.class, fault.code), (class, code.into()), "{fault}");
}

#[tokio::test]
async fn placing_sends_exactly_the_documented_form() {
    let (server, twilio) = pair().await;
    Mock::given(method("POST"))
        .and(path(CALLS))
        .and(basic_auth("AC00", TOKEN))
        .respond_with(
            ResponseTemplate::new(201).set_body_json(json!({"sid": "CA1", "status": "queued"})),
        )
        .mount(&server)
        .await;
    let call = twilio.place(&call_request()).await.expect("placed");
    assert_eq!(call, CallSid::new("CA1"));

    let [request] = &requests(&server).await[..] else {
        panic!("not one request")
    };
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        request.headers["user-agent"],
        concat!("rinban/", env!("CARGO_PKG_VERSION"))
    );
    let expected = [
        ("To", TO),
        ("From", FROM),
        (
            "Url",
            "https://rinban.example/v/42-7/0?t=tok+en#rc=3&ct=2000",
        ),
        ("Method", "POST"),
        ("FallbackUrl", "https://rinban.example/f/42-7/0?t=tok+en"),
        ("FallbackMethod", "POST"),
        ("StatusCallback", "https://rinban.example/s/42-7?t=tok+en"),
        ("StatusCallbackMethod", "POST"),
        ("StatusCallbackEvent", "initiated"),
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
        ("Timeout", "60"),
        ("TimeLimit", "300"),
    ];
    assert_eq!(
        form(request),
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn a_service_is_asked_for_no_more_than_it_offers() {
    let request = CallRequest {
        detect_machine: true,
        ..call_request()
    };
    let from = number();
    let names = |abilities: Abilities| -> Vec<&'static str> {
        let form = create_form(&request, &from, abilities);
        form.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(
        names(Preset::Somleng.abilities()),
        [
            "To",
            "From",
            "Url",
            "Method",
            "StatusCallback",
            "StatusCallbackMethod"
        ]
    );
    let all = names(Abilities::default());
    assert_eq!(names(Preset::SignalWire.abilities()), all);
    for (abilities, missing) in [
        (
            Abilities {
                fall_back: false,
                ..Abilities::default()
            },
            &["FallbackUrl", "FallbackMethod"][..],
        ),
        (
            Abilities {
                name_events: false,
                ..Abilities::default()
            },
            &["StatusCallbackEvent"],
        ),
        (
            Abilities {
                limit_times: false,
                ..Abilities::default()
            },
            &["Timeout", "TimeLimit"],
        ),
        (
            Abilities {
                detect_machines: false,
                ..Abilities::default()
            },
            &["MachineDetection", "AsyncAmd"],
        ),
    ] {
        let left: Vec<_> = all
            .iter()
            .filter(|name| !missing.contains(name))
            .copied()
            .collect();
        assert_eq!(names(abilities), left, "{abilities:?}");
    }
}

#[test]
fn ring_and_call_times_are_whole_seconds_within_twilios_limits() {
    for (ring_ms, timeout) in [
        (0, "1"),
        (-5000, "1"),
        (1, "1"),
        (1000, "1"),
        (1001, "2"),
        (600_000, "600"),
        (600_001, "600"),
        (i64::MAX, "600"),
    ] {
        let request = CallRequest {
            ring_timeout: SignedDuration::from_millis(ring_ms),
            ..call_request()
        };
        let from = number();
        let form = create_form(&request, &from, Abilities::default());
        let (_, sent) = form
            .iter()
            .find(|(name, _)| *name == "Timeout")
            .expect("a time-out");
        assert_eq!(sent, timeout, "{ring_ms} ms");
    }
}

#[tokio::test]
async fn a_refused_call_says_whose_fault_it_is_and_is_sent_once() {
    for (reply, class, code) in [
        (error(400, 21211), FaultClass::Callee, Some(21211)),
        (error(400, 21205), FaultClass::Ours, Some(21205)),
        (error(401, 20003), FaultClass::Account, Some(20003)),
        (ResponseTemplate::new(403), FaultClass::Account, None),
        (error(404, 20404), FaultClass::Account, Some(20404)),
        (error(500, 20500), FaultClass::Ambiguous, Some(20500)),
        (
            ResponseTemplate::new(502).set_body_string("<html>Bad Gateway</html>"),
            FaultClass::Ambiguous,
            None,
        ),
        (
            ResponseTemplate::new(503).insert_header("Retry-After", "0"),
            FaultClass::Ambiguous,
            None,
        ),
        (
            ResponseTemplate::new(307).insert_header("Location", "/elsewhere"),
            FaultClass::Ambiguous,
            None,
        ),
    ] {
        let (server, twilio) = pair().await;
        always(&server, reply).await;
        check(twilio.place(&call_request()).await, class, code);
        assert_eq!(requests(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn an_accepted_call_without_a_usable_name_is_ambiguous() {
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        r#"{"sid":null}"#,
        r#"{"sid":""}"#,
        r#"{"sid":"../x"}"#,
        r#"{"sid":7}"#,
    ] {
        let (server, twilio) = pair().await;
        always(&server, ResponseTemplate::new(201).set_body_string(body)).await;
        check(
            twilio.place(&call_request()).await,
            FaultClass::Ambiguous,
            None,
        );
    }
}

#[tokio::test]
async fn a_reply_slower_than_the_time_out_is_ambiguous_for_a_call_and_the_providers_fault_for_a_question()
 {
    let (server, twilio) = pair().await;
    let twilio = twilio.with_timing(Timing {
        request: Duration::from_millis(300),
        ..TIMING
    });
    let slow = ResponseTemplate::new(201)
        .set_body_json(json!({"sid": "CA1", "status": "queued", "calls": []}))
        .set_delay(TIMING.request);
    always(&server, slow).await;
    let (request, call, to) = (call_request(), CallSid::new("CA1"), number());
    let (placed, ended, status, found) = tokio::join!(
        twilio.place(&request),
        twilio.end(&call),
        twilio.look_up(&call),
        twilio.find(&to, Timestamp::UNIX_EPOCH, &[]),
    );
    check(placed, FaultClass::Ambiguous, None);
    check(ended, FaultClass::Ambiguous, None);
    check(status, FaultClass::Provider, None);
    check(found, FaultClass::Provider, None);
}

#[tokio::test]
async fn a_throttled_call_is_sent_again_until_it_is_taken() {
    let (server, twilio) = pair().await;
    once(&server, error(429, 20429)).await;
    once(
        &server,
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
    )
    .await;
    once(&server, error(400, 10004)).await;
    always(
        &server,
        ResponseTemplate::new(201).set_body_json(json!({"sid": "CA1"})),
    )
    .await;
    let call = twilio.place(&call_request()).await.expect("placed at last");
    assert_eq!(call, CallSid::new("CA1"));
    let requests = requests(&server).await;
    assert_eq!(requests.len(), 4);
    assert!(
        requests
            .iter()
            .all(|request| request.body == requests[0].body)
    );
}

#[tokio::test]
async fn a_call_that_stays_throttled_goes_to_the_next_provider() {
    let (server, twilio) = pair().await;
    always(&server, error(429, 20429)).await;
    let start = tokio::time::Instant::now();
    check(
        twilio.place(&call_request()).await,
        FaultClass::Provider,
        20429,
    );
    assert!(start.elapsed() < TIMING.throttle * 10, "bounded");
    assert!(requests(&server).await.len() > 1, "tried again");
}

#[tokio::test]
async fn a_wait_longer_than_the_bound_is_not_begun() {
    let (server, twilio) = pair().await;
    always(
        &server,
        ResponseTemplate::new(429).insert_header("Retry-After", "60"),
    )
    .await;
    check(
        twilio.place(&call_request()).await,
        FaultClass::Provider,
        20429,
    );
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn ending_a_call_asks_for_completed() {
    let (server, twilio) = pair().await;
    Mock::given(method("POST"))
        .and(path(CALL))
        .and(basic_auth("AC00", TOKEN))
        .and(body_string("Status=completed"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"sid": "CA1"})))
        .expect(1)
        .mount(&server)
        .await;
    twilio.end(&"CA1".into()).await.expect("ended");
}

#[tokio::test]
async fn a_call_that_cannot_be_completed_is_cancelled() {
    let (server, twilio) = pair().await;
    for (status, reply) in [
        ("completed", error(400, 21220)),
        ("canceled", ResponseTemplate::new(200)),
    ] {
        Mock::given(method("POST"))
            .and(path(CALL))
            .and(body_string(format!("Status={status}")))
            .respond_with(reply)
            .expect(1)
            .mount(&server)
            .await;
    }
    twilio.end(&"CA1".into()).await.expect("ended");
}

#[tokio::test]
async fn a_call_that_is_over_or_unknown_counts_as_ended() {
    for reply in [
        error(400, 21220),
        error(404, 20404),
        ResponseTemplate::new(404),
    ] {
        let (server, twilio) = pair().await;
        always(&server, reply).await;
        twilio.end(&"CA1".into()).await.expect("nothing to end");
    }
}

#[tokio::test]
async fn a_call_that_may_still_ring_is_not_said_to_be_ended() {
    for (reply, class, code) in [
        (error(401, 20003), FaultClass::Account, Some(20003)),
        (error(500, 20500), FaultClass::Ambiguous, Some(20500)),
    ] {
        let (server, twilio) = pair().await;
        always(&server, reply).await;
        check(twilio.end(&"CA1".into()).await, class, code);
    }
}

#[tokio::test]
async fn looking_up_reads_the_status() {
    for (word, status) in [
        ("queued", CallStatus::Queued),
        ("ringing", CallStatus::Ringing),
        ("in-progress", CallStatus::InProgress),
        ("completed", CallStatus::Completed),
        ("busy", CallStatus::Busy),
        ("no-answer", CallStatus::NoAnswer),
        ("failed", CallStatus::Failed),
        ("canceled", CallStatus::Canceled),
    ] {
        let (server, twilio) = pair().await;
        Mock::given(method("GET"))
            .and(path(CALL))
            .and(basic_auth("AC00", TOKEN))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({"status": word})))
            .mount(&server)
            .await;
        let state = CallState {
            status,
            answered_by: None,
        };
        assert_eq!(twilio.look_up(&"CA1".into()).await, Ok(state));
    }
}

#[tokio::test]
async fn looking_up_tells_a_person_from_a_machine() {
    for (word, answered_by) in [
        (json!("human"), Some(AnsweredBy::Human)),
        (json!("machine_start"), Some(AnsweredBy::Machine)),
        (json!("fax"), Some(AnsweredBy::Machine)),
        (json!("unknown"), None),
        (json!(null), None),
    ] {
        let (server, twilio) = pair().await;
        let call = json!({"status": "in-progress", "answered_by": word});
        always(&server, ResponseTemplate::new(200).set_body_json(call)).await;
        let state = twilio.look_up(&"CA1".into()).await.expect("a state");
        assert_eq!(state.answered_by, answered_by);
    }
}

#[tokio::test]
async fn a_look_up_that_fails_is_no_reason_to_give_an_account_up_unless_it_is_refused() {
    for (reply, class, code) in [
        (error(404, 20404), FaultClass::Provider, None),
        (error(401, 20003), FaultClass::Account, Some(20003)),
        (error(500, 20500), FaultClass::Provider, Some(20500)),
        (
            ResponseTemplate::new(200).set_body_json(json!({"status": "dozing"})),
            FaultClass::Provider,
            None,
        ),
    ] {
        let (server, twilio) = pair().await;
        always(&server, reply).await;
        check(twilio.look_up(&"CA1".into()).await, class, code);
    }
}

#[tokio::test]
async fn a_name_that_is_no_name_is_not_sent() {
    let (server, twilio) = pair().await;
    for name in ["", "..", "CA1/../../Messages", "CA1.json?x="] {
        check(twilio.look_up(&name.into()).await, FaultClass::Ours, None);
        check(twilio.end(&name.into()).await, FaultClass::Ours, None);
    }
    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn no_fault_and_no_debug_text_carries_a_secret_a_number_or_a_url() {
    let mut texts = Vec::new();
    for (status, code) in [
        (400, 21211),
        (400, 99_999),
        (401, 20003),
        (429, 20429),
        (500, 20500),
        (302, 1),
    ] {
        let (server, twilio) = pair().await;
        always(&server, error(status, code)).await;
        let fault = twilio.place(&call_request()).await.expect_err("a fault");
        texts.push(format!("{fault} {fault:?} {twilio:?} {:?}", call_request()));
    }
    let (_, gone) = pair().await;
    let account = Account {
        base_url: "http://127.0.0.1:1".to_owned(),
        ..gone.api.account.clone()
    };
    let gone = Twilio::new("twilio".into(), account, gone.from, gone.api.client);
    let fault = gone.place(&call_request()).await.expect_err("nobody there");
    texts.push(format!("{fault} {fault:?}"));
    for text in texts {
        for secret in [
            TOKEN,
            TO,
            FROM,
            &TO[1..],
            "tok+en",
            "tok%2Ben",
            "rinban.example",
        ] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn a_probe_reads_the_account_and_says_whose_fault_it_is() {
    async fn check(reply: ResponseTemplate, wanted: Option<FaultClass>) {
        let (server, twilio) = pair().await;
        Mock::given(method("GET"))
            .and(path("/2010-04-01/Accounts/AC00.json"))
            .and(basic_auth("AC00", TOKEN))
            .respond_with(reply)
            .expect(1)
            .mount(&server)
            .await;
        let class = twilio.probe().await.err().map(|fault| fault.class);
        assert_eq!(class, wanted);
    }
    let status =
        |status: &str| ResponseTemplate::new(200).set_body_json(json!({ "status": status }));
    check(status("active"), None).await;
    check(status("suspended"), Some(FaultClass::Account)).await;
    check(status("closed"), Some(FaultClass::Account)).await;
    check(error(401, 20003), Some(FaultClass::Account)).await;
    check(error(503, 20503), Some(FaultClass::Provider)).await;
}
