//! The client against a scripted Mackerel: the shape of requests, success, refusals, troubles that pass, too slow, and nobody
//! there.

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_json, header, method, path, query_param},
};

use super::*;
use crate::notice::samples;

const KEY: &str = "SoVeRySeCrEtApIkEy";

fn client(url: String) -> Client {
    Client::new(url, KEY.into(), samples::client())
}

fn alert(id: &str, closed_at: Option<i64>) -> Value {
    let mut alert = json!({"id": id, "status": "CRITICAL", "monitorId": "m", "type": "host", "hostId": "h", "value": 9.1,
                           "openedAt": 1_763_777_340, "memo": "a\nb"});
    if let Some(at) = closed_at {
        alert["closedAt"] = json!(at);
        alert["status"] = json!("OK");
    }
    alert
}

/// The only answer of a server; everything else is 404.
async fn server_with(verb: &str, at: &str, reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method(verb))
        .and(path(at))
        .and(header("X-Api-Key", KEY))
        .respond_with(reply)
        .mount(&server)
        .await;
    server
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn an_alert_is_open_closed_or_unknown() {
    let server = server_with("GET", "/api/v0/alerts/2a", ok(alert("2a", None))).await;
    let found = client(server.uri()).alert("2a").await.expect("found");
    let Found::Open(open) = found else {
        panic!("{found:?}")
    };
    assert_eq!(open.memo.as_deref(), Some("a\nb"));
    let server = server_with("GET", "/api/v0/alerts/2a", ok(alert("2a", Some(9)))).await;
    let found = client(server.uri()).alert("2a").await.expect("found");
    assert!(matches!(found, Found::Closed(closed) if closed.closed_at == Some(9)));
    for id in ["2b", "", "../x", "a b", &"a".repeat(65)] {
        let found = client(server.uri()).alert(id).await;
        assert_eq!(found, Ok(Found::Unknown), "{id}");
    }
    let asked = server.received_requests().await.expect("recording is on");
    assert_eq!(asked.len(), 2, "nothing but an id becomes a path");
}

#[tokio::test]
async fn channels_tell_whether_they_are_suspended_and_keep_their_address() {
    let channels = json!({"channels": [
        {"id": "1", "name": "rinban", "type": "webhook", "url": "https://u:hunter2@x.example", "events": ["alert"],
         "suspendedAt": 1_763_777_340},
        {"id": "2", "name": "mail", "type": "email", "emails": [], "userIds": [], "suspendedAt": null},
        {"id": "3"},
    ]});
    let server = server_with("GET", "/api/v0/channels", ok(channels)).await;
    let channels = client(server.uri()).channels().await.expect("three");
    let suspended: Vec<_> = channels
        .iter()
        .map(|channel| channel.suspended_at)
        .collect();
    assert_eq!(suspended, [Some(1_763_777_340), None, None]);
    assert!(!format!("{channels:?}").contains("hunter2"));
    assert!(channels[0].url.is_some());
}

#[tokio::test]
async fn all_pages_of_open_alerts_are_read() {
    let server = MockServer::start().await;
    Mock::given(query_param("nextId", "2b"))
        .respond_with(ok(json!({"alerts": [alert("2b", None)]})))
        .mount(&server)
        .await;
    Mock::given(query_param("limit", "100"))
        .respond_with(ok(json!({"alerts": [alert("2a", None)], "nextId": "2b"})))
        .mount(&server)
        .await;
    let alerts = client(server.uri()).open_alerts().await.expect("two");
    let ids: Vec<_> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids, ["2a", "2b"]);
}

#[tokio::test]
async fn memo_and_close_are_exactly_what_mackerel_documents() {
    let server = MockServer::start().await;
    let expect = |verb: &str, at: &str, body: Value| {
        Mock::given(method(verb))
            .and(path(at))
            .and(header("X-Api-Key", KEY))
            .and(body_json(body))
            .respond_with(ok(json!({"id": "2a"})))
            .expect(1)
    };
    expect("PUT", "/api/v0/alerts/2a", json!({"memo": "a\nb"}))
        .mount(&server)
        .await;
    expect("POST", "/api/v0/alerts/2a/close", json!({"reason": "aya"}))
        .mount(&server)
        .await;
    let client = client(server.uri());
    assert_eq!(client.set_memo("2a", "a\nb").await, Ok(()));
    assert_eq!(client.close("2a", "aya").await, Ok(()));
    let refused = client.close("../hosts", "aya").await;
    assert!(matches!(refused, Err(MonitorError::Refused { .. })));
}

#[tokio::test]
async fn a_span_of_time_is_marked_once() {
    for (there, posts) in [("rinban: aya (7)", 0), ("rinban: aya (6)", 1)] {
        let server = MockServer::start().await;
        let list = json!({"graphAnnotations": [{"id": "x", "title": there, "from": 1, "to": 2, "service": "my shop"}]});
        Mock::given(method("GET"))
            .and(path("/api/v0/graph-annotations"))
            .and(query_param("service", "my shop"))
            .respond_with(ok(list))
            .expect(1)
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .and(body_json(
                json!({"service": "my shop", "title": "rinban: aya (7)", "from": 1, "to": 2}),
            ))
            .respond_with(ok(json!({"id": "y"})))
            .expect(posts)
            .mount(&server)
            .await;
        let annotation = Annotation {
            service: "my shop",
            title: "rinban: aya (7)",
            from: 1,
            to: 2,
        };
        assert_eq!(client(server.uri()).annotate(&annotation).await, Ok(()));
    }
}

async fn check(reply: ResponseTemplate, passes: bool, why: &str) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(reply).mount(&server).await;
    let error = client(server.uri()).set_memo("2a", "x").await;
    let error = error.expect_err("an error");
    let unreachable = matches!(error, MonitorError::Unreachable { .. });
    assert_eq!(unreachable, passes, "{error}");
    assert!(error.to_string().starts_with(why), "{error}");
    assert!(!format!("{error:?}").contains(KEY), "{error}");
    assert!(
        passes || error.to_string().contains("; "),
        "no remedy: {error}"
    );
}

#[tokio::test]
async fn refusals_say_what_to_do_and_troubles_that_pass_are_told_from_them() {
    let plain = ResponseTemplate::new;
    let said = |status, error: Value| plain(status).set_body_json(json!({ "error": error }));
    check(
        said(
            401,
            json!({"message": format!("Authentication\nfailed for {KEY}")}),
        ),
        false,
        "HTTP status 401, Authentication failed for [token]; take an API key",
    )
    .await;
    check(
        said(403, json!("Forbidden")),
        false,
        "HTTP status 403, Forbidden; give the API key",
    )
    .await;
    check(
        plain(404).set_body_string("<html>"),
        false,
        "HTTP status 404; the alert is gone",
    )
    .await;
    check(plain(413), false, "HTTP status 413; see").await;
    check(plain(301), false, "HTTP status 301; write the address").await;
    check(
        plain(200).set_body_string("ok"),
        true,
        "the reply is not what Mackerel documents",
    )
    .await;
    check(plain(500), true, "HTTP status 500").await;
    check(plain(503), true, "HTTP status 503").await;
}

#[tokio::test]
async fn a_throttled_request_is_told_how_long_to_wait() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "60");
    Mock::given(any())
        .respond_with(busy)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ok(json!({"alerts": []})))
        .mount(&server)
        .await;
    let expected = MonitorError::Unreachable {
        why: "HTTP status 429".to_owned(),
        after: Duration::from_secs(60),
    };
    let client = client(server.uri());
    assert_eq!(client.open_alerts().await, Err(expected));
    assert_eq!(
        client.open_alerts().await,
        Ok(Vec::new()),
        "then it answers"
    );
}

#[tokio::test]
async fn a_slow_mackerel_and_none_at_all_are_unreachable() {
    let server = MockServer::start().await;
    let slow = ok(json!({"alerts": []})).set_delay(Duration::from_secs(10));
    Mock::given(any()).respond_with(slow).mount(&server).await;
    let patience = Duration::from_millis(300);
    for (url, why) in [
        (server.uri(), "no reply within the time-out"),
        (samples::dead_url(), "no connection"),
    ] {
        let error = client(url).with_timeout(patience).alert("2a").await;
        assert_eq!(error, Err(MonitorError::unreachable(why)));
    }
}

#[test]
fn the_key_is_not_printed() {
    let text = format!("{:?}", client(BASE_URL.to_owned()));
    assert!(!text.contains(KEY), "{text}");
}
