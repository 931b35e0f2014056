//! The client against a scripted Zabbix: the shape of requests in both forms, success, refusals, troubles that pass, too
//! slow, and nobody there.

use std::time::Duration;

use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, body_partial_json},
};

use super::*;
use crate::notice::samples;

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn client(url: String) -> Client {
    Client::new(url, TOKEN.into(), samples::client())
}

fn result(value: impl serde::Serialize) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"jsonrpc": "2.0", "result": value, "id": 1}))
}

fn error(code: i64, data: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "jsonrpc": "2.0",
        "error": {"code": code, "message": "Invalid params.", "data": data},
        "id": 1,
    }))
}

async fn answer(server: &MockServer, method: &str, reply: ResponseTemplate) {
    Mock::given(body_partial_json(json!({ "method": method })))
        .respond_with(reply)
        .mount(server)
        .await;
}

async fn answer_once(server: &MockServer, method: &str, reply: ResponseTemplate) {
    Mock::given(body_partial_json(json!({ "method": method })))
        .respond_with(reply)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

/// Method, the field `auth`, and the header, of each request.
async fn forms(server: &MockServer) -> Vec<(String, bool, bool)> {
    let requests = server.received_requests().await.expect("recording is on");
    let form = |request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let in_body = body.get("auth").is_some();
        assert!(!in_body || body["auth"] == TOKEN);
        let header = request.headers.get("authorization");
        assert!(header.is_none_or(|header| header == &format!("Bearer {TOKEN}")));
        assert_eq!(request.headers["content-type"], "application/json-rpc");
        let method = body["method"].as_str().expect("a method").to_owned();
        (method, in_body, header.is_some())
    };
    requests.iter().map(form).collect()
}

fn row(method: &str, in_body: bool, in_header: bool) -> (String, bool, bool) {
    (method.to_owned(), in_body, in_header)
}

#[tokio::test]
async fn the_token_stands_where_the_servers_version_wants_it_and_is_asked_about_once() {
    for (version, in_body) in [
        ("5.4.12", true),
        ("6.0.14", true),
        ("6.2.9", true),
        ("6.4.0", false),
        ("7.0.22", false),
        ("8.0.0alpha1", false),
        ("unheard of", false),
    ] {
        let server = MockServer::start().await;
        answer(&server, "apiinfo.version", result(version)).await;
        let acknowledged = result(json!({"eventids": ["7"]}));
        answer(&server, "event.acknowledge", acknowledged).await;
        let client = client(server.uri());
        for _ in 0..2 {
            let done = client.acknowledge("7", 6, "[rinban] aya took it").await;
            assert_eq!(done, Ok(()), "{version}");
        }
        assert_eq!(
            forms(&server).await,
            [
                row("apiinfo.version", false, false),
                row("event.acknowledge", in_body, !in_body),
                row("event.acknowledge", in_body, !in_body),
            ],
            "{version}"
        );
    }
}

#[tokio::test]
async fn an_acknowledgement_is_exactly_what_zabbix_documents() {
    let server = MockServer::start().await;
    answer(&server, "apiinfo.version", result("7.0.22")).await;
    let acknowledged = result(json!({"eventids": ["7"]}));
    answer(&server, "event.acknowledge", acknowledged).await;
    let message = "障".repeat(MESSAGE_CHARS + 1);
    let client = client(server.uri());
    client.acknowledge("7", 6, &message).await.expect("done");
    let requests = server.received_requests().await.expect("recording is on");
    let body: Value = serde_json::from_slice(&requests[1].body).expect("JSON");
    let params = json!({"eventids": "7", "action": 6, "message": "障".repeat(MESSAGE_CHARS)});
    let expected =
        json!({"jsonrpc": "2.0", "method": "event.acknowledge", "params": params, "id": 1});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_upgraded_server_is_asked_for_its_version_again() {
    let server = MockServer::start().await;
    answer_once(&server, "apiinfo.version", result("6.0.14")).await;
    answer_once(&server, "event.get", result(json!([]))).await;
    let strict = error(
        -32602,
        "Invalid parameter \"/\": unexpected parameter \"auth\".",
    );
    answer_once(&server, "event.get", strict).await;
    answer(&server, "apiinfo.version", result("7.2.0")).await;
    answer(&server, "event.get", result(json!([]))).await;
    let client = client(server.uri());
    assert_eq!(client.events(&["7"]).await, Ok(Vec::new()));
    assert_eq!(client.events(&["7"]).await, Ok(Vec::new()));
    assert_eq!(
        forms(&server).await[2..],
        [
            row("event.get", true, false),
            row("apiinfo.version", false, false),
            row("event.get", false, true),
        ]
    );
}

#[tokio::test]
async fn an_event_tells_whether_it_is_over_suppressed_and_who_took_it() {
    let server = MockServer::start().await;
    answer(&server, "apiinfo.version", result("6.0.14")).await;
    let update = |id: &str, action: &str, message: &str, name: &str| {
        json!({"acknowledgeid": id, "userid": "1", "eventid": "7", "clock": "1763777340", "message": message,
               "action": action, "old_severity": "0", "new_severity": "0", "suppress_until": "0",
               "username": "Admin", "name": name, "surname": "Administrator"})
    };
    let events = json!([
        {"eventid": "7", "r_eventid": "0", "acknowledged": "1", "suppressed": "1", "acknowledges": [
            update("12", "4", "only words", "Words"),
            update("11", "6", "[rinban] aya took it", "rinban"),
            update("9", "2", "", "Zabbix"),
        ]},
        {"eventid": "8", "r_eventid": "17", "acknowledged": "0", "suppressed": "0", "acknowledges": []},
    ]);
    answer(&server, "event.get", result(events)).await;
    let found = client(server.uri()).events(&["7", "8"]).await.expect("two");
    let [first, second] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((first.is_over(), second.is_over()), (false, true));
    assert_eq!(
        (first.is_suppressed(), second.is_suppressed()),
        (true, false)
    );
    let newest = first.acknowledgement().expect("one");
    assert!(newest.is_own() && newest.acknowledgeid == "11");
    assert_eq!(second.acknowledgement(), None);
    assert_eq!(first.updates()[2].author(), "Zabbix Administrator");
}

#[tokio::test]
async fn a_server_that_knows_the_updates_by_their_old_name_is_asked_for_them_by_it() {
    let server = MockServer::start().await;
    answer(&server, "apiinfo.version", result("6.0.14")).await;
    let event = |updates: Value| {
        let mut event =
            json!({"eventid": "7", "r_eventid": "0", "acknowledged": "1", "suppressed": "0"});
        if !updates.is_null() {
            event["acknowledges"] = updates;
        }
        result(json!([event]))
    };
    let updates = json!([{"acknowledgeid": "1", "action": "6", "message": "[rinban] x"}]);
    Mock::given(body_partial_json(
        json!({"params": {"select_acknowledges": "extend"}}),
    ))
    .respond_with(event(updates))
    .mount(&server)
    .await;
    answer(&server, "event.get", event(Value::Null)).await;
    let client = client(server.uri());
    for requests in [3, 4] {
        let events = client.events(&["7"]).await.expect("one");
        assert_eq!(events[0].updates().len(), 1);
        let asked = server.received_requests().await.expect("recording is on");
        assert_eq!(asked.len(), requests, "the name is remembered");
    }
}

/// A reply to what is asked with a token, and how the error begins.
async fn check(reply: ResponseTemplate, passes: bool, why: &str) {
    let server = MockServer::start().await;
    answer(&server, "apiinfo.version", result("7.0.22")).await;
    Mock::given(any()).respond_with(reply).mount(&server).await;
    let error = client(server.uri()).acknowledge("7", 6, "x").await;
    let error = error.expect_err("an error");
    let unreachable = matches!(error, MonitorError::Unreachable { .. });
    assert_eq!(unreachable, passes, "{error}");
    assert!(error.to_string().starts_with(why), "{error}");
    assert!(!format!("{error:?}").contains(TOKEN), "{error}");
    assert!(
        passes || error.to_string().contains("; "),
        "no remedy: {error}"
    );
}

#[tokio::test]
async fn refusals_say_what_to_do_and_troubles_that_pass_are_told_from_them() {
    let plain = ResponseTemplate::new;
    check(
        error(-32602, "Session terminated, re-login, please."),
        false,
        "Zabbix refuses: Session terminated, re-login, please. (-32602); make an API token",
    )
    .await;
    check(
        error(-32500, "No permissions to referred object or it does not exist!"),
        false,
        "Zabbix refuses: No permissions to referred object or it does not exist! (-32500); the event is gone",
    )
    .await;
    check(
        error(-32602, &format!("bad\n{TOKEN}  {}", "x".repeat(5_000))),
        false,
        "Zabbix refuses: bad [token] xxx",
    )
    .await;
    let broken = "Error connecting to database.";
    check(
        error(1, broken),
        true,
        "Zabbix's API is in trouble: Error connecting",
    )
    .await;
    check(error(-32603, "x"), true, "Zabbix's API is in trouble: x").await;
    check(
        plain(200).set_body_string("<html>"),
        true,
        "the reply is not JSON-RPC; url must end",
    )
    .await;
    check(
        result("no object").set_body_string(""),
        true,
        "the reply is not JSON-RPC",
    )
    .await;
    check(plain(401), false, "HTTP status 401 from the web server").await;
    check(plain(403), false, "HTTP status 403 from the web server").await;
    check(plain(404), false, "HTTP status 404; write the address").await;
    check(
        plain(302),
        false,
        "HTTP status 302; write the address that it leads to",
    )
    .await;
    check(plain(500), true, "HTTP status 500").await;
    check(plain(503), true, "HTTP status 503").await;
}

#[tokio::test]
async fn a_throttled_request_is_told_how_long_to_wait() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "30");
    Mock::given(any()).respond_with(busy).mount(&server).await;
    let expected = MonitorError::Unreachable {
        why: "HTTP status 429".to_owned(),
        after: Duration::from_secs(30),
    };
    assert_eq!(client(server.uri()).events(&["7"]).await, Err(expected));
}

#[tokio::test]
async fn a_zabbix_that_was_in_trouble_is_asked_again_and_answers() {
    let server = MockServer::start().await;
    answer_once(&server, "apiinfo.version", ResponseTemplate::new(502)).await;
    answer(&server, "apiinfo.version", result("6.0.14")).await;
    answer(&server, "event.get", result(json!([]))).await;
    let client = client(server.uri());
    client.events(&["7"]).await.expect_err("in trouble");
    assert_eq!(client.events(&["7"]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_slow_zabbix_and_none_at_all_are_unreachable() {
    let server = MockServer::start().await;
    let slow = result("6.0.14").set_delay(Duration::from_secs(10));
    Mock::given(any()).respond_with(slow).mount(&server).await;
    let patience = Duration::from_millis(300);
    for (url, why) in [
        (server.uri(), "no reply within the time-out"),
        (samples::dead_url(), "no connection"),
    ] {
        let error = client(url).with_timeout(patience).events(&["7"]).await;
        assert_eq!(error, Err(MonitorError::unreachable(why)));
    }
}

#[test]
fn the_token_is_not_printed() {
    let text = format!("{:?}", client("https://zabbix.example.com".to_owned()));
    assert!(!text.contains(TOKEN), "{text}");
}
