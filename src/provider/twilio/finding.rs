//! Whether a request whose reply was lost was carried out: the list of calls, scripted.

use serde_json::{Value, json};
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{basic_auth, method, path, query_param},
};

use crate::escalation::CallStatus;

use jiff::SignedDuration;

use super::{
    list::MAX_PAGES,
    quartet::{CALLS, FROM, TO, TOKEN, always, check, error, number, once, pair, requests},
    *,
};

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
    let (elsewhere, _) = pair().await;
    always(&elsewhere, ResponseTemplate::new(500)).await;
    let host = elsewhere.address();
    for next in [format!("http://{host}/x"), format!("//{host}/x")] {
        let (server, twilio) = pair().await;
        let page = json!({"calls": [], "next_page_uri": next});
        always(&server, ResponseTemplate::new(200).set_body_json(page)).await;
        let found = twilio.find(&number(), at(0), &[]).await;
        check(found, FaultClass::Provider, None);
    }
    assert_eq!(requests(&elsewhere).await.len(), 0);
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
