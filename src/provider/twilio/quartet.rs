//! Each method against a scripted Twilio: the shape of the request, success, refusals, 5xx, too slow.

use std::time::Duration;

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, basic_auth, body_string, method, path, query_param},
};

use super::*;
use crate::provider::client;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const FROM: &str = "+815000000001";
const TO: &str = "+815000000002";
const CALLS: &str = "/2010-04-01/Accounts/AC00/Calls.json";
const CALL: &str = "/2010-04-01/Accounts/AC00/Calls/CA1.json";

/// Loopback answers within milliseconds.
const TIMING: Timing = Timing {
    request: Duration::from_millis(500),
    throttle: Duration::from_secs(1),
};

/// A Twilio of one's own for a test, and its client.
async fn pair() -> (MockServer, Twilio) {
    let server = MockServer::start().await;
    let account = Account {
        base_url: format!("{}/", server.uri()),
        account_sid: "AC00".to_owned(),
        auth_token: TOKEN.into(),
        from: PhoneNumber::parse(FROM).expect("E.164"),
    };
    let client = client::builder().no_proxy().build().expect("a client");
    let twilio = Twilio::new("twilio".into(), account, client).with_timing(TIMING);
    (server, twilio)
}

fn call_request() -> CallRequest {
    CallRequest {
        to: number(),
        ring_timeout: SignedDuration::from_millis(59_001),
        call_limit: SignedDuration::from_secs(300),
        voice_url: "https://rinban.example/v/42-7/0?t=tok+en#rc=3&ct=2000".to_owned(),
        fallback_url: "https://rinban.example/f/42-7/0?t=tok+en".to_owned(),
        status_url: "https://rinban.example/s/42-7?t=tok+en".to_owned(),
    }
}

fn number() -> PhoneNumber {
    PhoneNumber::parse(TO).expect("E.164")
}

fn error(status: u16, code: u32) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({
        "code": code,
        "message": format!("{TO} from {FROM} at https://rinban.example/v/42-7/0?t=tok+en"),
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    }))
}

/// A reply to everything, as often as asked.
async fn always(server: &MockServer, reply: ResponseTemplate) {
    Mock::given(any()).respond_with(reply).mount(server).await;
}

/// The first reply, once; what is mounted later comes after it.
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

fn form(request: &Request) -> Vec<(String, String)> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

#[track_caller]
fn check<T: std::fmt::Debug>(
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
        let form = create_form(&request, &from);
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
    let slow = ResponseTemplate::new(201)
        .set_body_json(json!({"sid": "CA1", "status": "queued", "calls": []}))
        .set_delay(TIMING.request * 4);
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
    assert!(start.elapsed() < TIMING.throttle * 2, "bounded");
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
        assert_eq!(twilio.look_up(&"CA1".into()).await, Ok(status));
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

/// A call as the list names it, created `second` seconds after ten o'clock.
fn listed(sid: &str, to: &str, second: u32) -> Value {
    json!({
        "sid": sid,
        "to": to,
        "from": FROM,
        "status": "queued",
        "date_created": format!("Tue, 25 Nov 2025 10:00:{second:02} +0000"),
    })
}

fn at(second: i64) -> Timestamp {
    let ten: Timestamp = "2025-11-25T10:00:00Z".parse().expect("a timestamp");
    ten + SignedDuration::from_secs(second)
}

#[tokio::test]
async fn finding_asks_for_the_calls_between_the_two_numbers() {
    let (server, twilio) = pair().await;
    Mock::given(method("GET"))
        .and(path(CALLS))
        .and(basic_auth("AC00", TOKEN))
        .and(query_param("To", TO))
        .and(query_param("From", FROM))
        .and(query_param("PageSize", "50"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({
            "calls": [listed("CA1", TO, 30)], "next_page_uri": null,
        })))
        .expect(1)
        .mount(&server)
        .await;
    let found = twilio.find(&number(), at(30), &[]).await;
    let expected = FoundCall {
        call: "CA1".into(),
        status: CallStatus::Queued,
    };
    assert_eq!(found, Ok(Some(expected)));
    let [request] = &requests(&server).await[..] else {
        panic!("not one request")
    };
    let names: Vec<_> = request
        .url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["To", "From", "PageSize"], "no filter by start time");
}

#[tokio::test]
async fn the_newest_unknown_call_since_then_is_found() {
    let calls = json!([
        listed("CA9", "+815000000009", 50),
        listed("CA3", TO, 40),
        listed("CA4", TO, 42),
        {"sid": "CA5", "to": TO, "status": "queued", "date_created": null},
        {"sid": "..", "to": TO, "status": "queued", "date_created": "Tue, 25 Nov 2025 10:00:59 +0000"},
        listed("CA2", TO, 20),
    ]);
    for (since, known, expected) in [
        (0, &[][..], Some("CA4")),
        (0, &["CA4"], Some("CA3")),
        (0, &["CA3", "CA4"], Some("CA2")),
        (0, &["CA2", "CA3", "CA4"], None),
        (42, &[], Some("CA4")),
        (43, &[], Some("CA4")),
        (44, &[], Some("CA4")),
        (45, &[], None),
        (42, &["CA4"], Some("CA3")),
        (43, &["CA4"], None),
    ] {
        let (server, twilio) = pair().await;
        always(
            &server,
            ResponseTemplate::new(200).set_body_json(json!({"calls": calls})),
        )
        .await;
        let known: Vec<CallSid> = known.iter().copied().map(CallSid::from).collect();
        let found = twilio
            .find(&number(), at(since), &known)
            .await
            .expect("a list");
        let found = found.as_ref().map(|found| found.call.as_str());
        assert_eq!(found, expected, "since {since}, known {known:?}");
    }
}

#[tokio::test]
async fn finding_turns_pages_while_they_are_recent_enough() {
    let page = |number: u32, second| {
        ResponseTemplate::new(200).set_body_json(json!({
            "calls": [listed("CA1", TO, second)],
            "next_page_uri": format!("{CALLS}?To=%2B815000000002&Page={number}&PageToken=PA"),
        }))
    };
    let known = [CallSid::new("CA1")];
    for (since, pages) in [(0, MAX_PAGES), (39, 2), (55, 1)] {
        let (server, twilio) = pair().await;
        once(&server, page(1, 50)).await;
        always(&server, page(2, 30)).await;
        let found = twilio.find(&number(), at(since), &known).await;
        assert_eq!(found, Ok(None));
        let requests = requests(&server).await;
        assert_eq!(requests.len(), pages, "since {since}");
        if let Some(second) = requests.get(1) {
            assert_eq!(
                second.url.query(),
                Some("To=%2B815000000002&Page=1&PageToken=PA")
            );
            assert!(second.headers.contains_key("authorization"));
        }
    }
}

#[tokio::test]
async fn credentials_are_not_carried_to_another_host() {
    for next in [
        "https://elsewhere.example/",
        "//elsewhere.example/x",
        "http://127.0.0.1:1/",
    ] {
        let (server, twilio) = pair().await;
        let page = json!({"calls": [], "next_page_uri": next});
        always(&server, ResponseTemplate::new(200).set_body_json(page)).await;
        let found = twilio.find(&number(), at(0), &[]).await;
        check(found, FaultClass::Provider, None);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_an_empty_list() {
    for reply in [
        ResponseTemplate::new(200).set_body_string("{}"),
        ResponseTemplate::new(200).set_body_string("<html>"),
        error(500, 20500),
        ResponseTemplate::new(503),
    ] {
        let (server, twilio) = pair().await;
        always(&server, reply).await;
        let fault = twilio
            .find(&number(), at(0), &[])
            .await
            .expect_err("unknown");
        assert_eq!(fault.class, FaultClass::Provider);
    }
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
        ..gone.account.clone()
    };
    let gone = Twilio::new("twilio".into(), account, gone.client);
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
