//! `POST /v1/events` and `/health`: who may hand an event over, what is taken, and how it is said.

use std::{io::Write as _, time::Duration};

use rinban::{alert::Limits, config::Config, node::Node};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    at_once,
    carrier::Carrier,
    core::{API_KEY, Core, Home, PUBLIC, config, event_request, problem},
    http::{Reply, Request, connect},
};

struct Quiet {
    core: Core,
    home: Home,
    _carrier: Carrier,
}

/// A core without alerts.
fn quiet() -> Quiet {
    let carrier = Carrier::start();
    let home = Home::new(&carrier);
    Quiet {
        core: home.serve(),
        home,
        _carrier: carrier,
    }
}

#[test]
fn without_a_valid_key_no_event_is_taken() {
    let quiet = quiet();
    let body = problem("disk").to_string();
    let bare = Request::new("POST", "/v1/events").body(body.clone());
    let with = |value: &str| bare.clone().header("Authorization", value);
    for (why, request) in [
        ("no key", bare.clone()),
        ("another key", with("Bearer guess")),
        ("an empty key", with("Bearer ")),
        ("no scheme", with(API_KEY)),
        ("another scheme", with("Basic dGVzdHM6YW4gQVBJIGtleQ==")),
        ("a key that goes on", with(&format!("Bearer {API_KEY}x"))),
        ("half a key", with(&format!("Bearer {}", &API_KEY[..4]))),
        (
            "the key in the query",
            Request {
                target: format!("/v1/events?key={API_KEY}"),
                ..bare.clone()
            },
        ),
    ] {
        let reply = quiet.core.send(&request);
        assert_eq!(reply.status, 401, "{why}: {reply:?}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{why}");
        assert!(reply.error().contains("API key"), "{why}: {reply:?}");
    }
    assert_eq!(quiet.core.health()["open_alerts"], 0);
    assert_eq!(quiet.core.send(&event_request(body)).status, 202);
}

#[test]
fn without_a_configured_key_the_door_is_closed() {
    let carrier = Carrier::start();
    let home = Home::new(&carrier);
    let config = config(PUBLIC, &carrier.url());
    let (before, after) = config.split_once("[[server.api_keys]]").expect("has one");
    let (_, after) = after.split_once("[handoff]").expect("comes next");
    home.write_config(&format!("{before}[handoff]{after}"));
    let core = home.serve();
    for key in ["Bearer ", "Bearer x", &format!("Bearer {API_KEY}")] {
        let request = Request::new("POST", "/v1/events")
            .header("Authorization", key)
            .body(problem("disk").to_string());
        assert_eq!(core.send(&request).status, 401, "{key:?}");
    }
    assert_eq!(core.health()["open_alerts"], 0);
}

#[test]
fn an_event_may_be_as_long_as_the_limit_and_no_longer() {
    let quiet = quiet();
    let mut event = problem("disk");
    event["message"] = "".into();
    let bare = event.to_string().len();
    let filled = |bytes: usize| {
        let mut event = event.clone();
        event["message"] = "x".repeat(bytes - bare).into();
        event
    };
    let long = quiet.core.post(&filled(Limits::EVENT_BYTES + 1));
    assert_eq!(long.status, 413, "{long:?}");
    assert!(long.error().contains("262144"), "{long:?}");
    assert_eq!(quiet.core.health()["open_alerts"], 0);
    assert_eq!(quiet.core.post(&filled(Limits::EVENT_BYTES)).status, 202);
}

#[test]
fn ten_mebibytes_are_refused_before_they_are_sent() {
    let quiet = quiet();
    let announced = event_request(vec![b' '; 1_000]).header("Content-Length", "10485760");
    let reply = Reply::read(&mut announced.begin(quiet.core.address));
    assert_eq!(reply.status, 413, "{reply:?}");

    let chunked = event_request(Vec::new()).header("Transfer-Encoding", "chunked");
    let mut stream = chunked.begin(quiet.core.address);
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(5);
    // The core may hang up before it has all.
    let _ = stream.write_all(chunk.as_bytes());
    let reply = Reply::read(&mut stream);
    assert_eq!(reply.status, 413, "{reply:?}");
    assert_eq!(quiet.core.health()["open_alerts"], 0);
}

#[test]
fn a_body_that_breaks_off_is_no_event() {
    let quiet = quiet();
    let broken = event_request(Vec::new()).header("Transfer-Encoding", "chunked");
    let mut stream = broken.begin(quiet.core.address);
    stream
        .write_all(b"zz\r\nnot a chunk\r\n")
        .expect("goes out");
    let reply = Reply::read(&mut stream);
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(reply.error().contains("send it again"), "{reply:?}");
}

#[test]
fn what_is_no_event_is_refused_with_what_is_wrong_with_it() {
    let quiet = quiet();
    let without = |field: &str| {
        let mut event = problem("disk");
        event.as_object_mut().expect("an object").remove(field);
        event.to_string().into_bytes()
    };
    let with = |field: &str, value: Value| {
        let mut event = problem("disk");
        event[field] = value;
        event.to_string().into_bytes()
    };
    for (body, words) in [
        (b"".to_vec(), "EOF"),
        (b"disk is full".to_vec(), "line 1 column"),
        (b"{\"id\":".to_vec(), "EOF"),
        (b"[]".to_vec(), "length 0"),
        (b"\xff\xfe".to_vec(), "line 1 column"),
        (vec![b'['; 100_000], "line 1 column"),
        (without("id"), "missing field `id`"),
        (without("title"), "missing field `title`"),
        (without("received_at"), "missing field `received_at`"),
        (with("id", "".into()), "`id` is empty"),
        (with("group", "".into()), "`group` is empty"),
        (with("id", "x".repeat(513).into()), "at most 512"),
        (with("kind", "trouble".into()), "unknown variant `trouble`"),
        (with("severity", "awful".into()), "unknown variant `awful`"),
        (with("received_at", "soon".into()), "invalid digit"),
        (with("title", 7.into()), "invalid type"),
        (with("variables", json!(["x"])), "invalid type"),
    ] {
        let reply = quiet.core.send(&event_request(body));
        assert_eq!(reply.status, 400, "{words}: {reply:?}");
        assert!(reply.error().contains(words), "{words}: {reply:?}");
    }
    assert_eq!(quiet.core.health()["open_alerts"], 0);
}

#[test]
fn an_event_that_comes_again_is_known_and_opens_nothing_more() {
    let quiet = quiet();
    let event = problem("disk");
    for new in [true, false, false] {
        let reply = quiet.core.post(&event);
        assert_eq!(reply.status, 202, "{reply:?}");
        assert_eq!(reply.json(), json!({ "id": "disk", "new": new }));
    }
    quiet.home.spool(&event);
    let mut keep_alive = event.clone();
    keep_alive["id"] = "disk:again".into();
    assert_eq!(quiet.core.post(&keep_alive).json()["new"], true);
    crate::support::wait_for("an empty spool", || {
        (quiet.home.spooled("new") == 0).then_some(())
    });
    assert_eq!(quiet.core.health()["open_alerts"], 1);
    assert_eq!(quiet.core.health()["open_escalations"], 1);
}

#[test]
fn of_many_that_come_at_once_exactly_one_is_new() {
    let quiet = quiet();
    let event = problem("disk");
    let new: Vec<bool> = at_once(24, || quiet.core.post(&event).json()["new"] == true);
    assert_eq!(new.iter().filter(|new| **new).count(), 1);
    quiet.core.wait_for_alerts(1);
    assert_eq!(quiet.home.snapshot().alerts.len(), 1);
}

#[test]
fn an_idempotency_key_that_is_not_the_id_is_an_error() {
    let quiet = quiet();
    let with = |key: &str| {
        quiet
            .core
            .send(&event_request(problem("disk").to_string()).header("Idempotency-Key", key))
    };
    let reply = with("another");
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(reply.error().contains("Idempotency-Key"), "{reply:?}");
    assert_eq!(quiet.core.health()["open_alerts"], 0);
    assert_eq!(with("disk").status, 202);
}

#[test]
fn health_says_how_much_there_is_to_do() {
    let quiet = quiet();
    quiet.core.post(&problem("disk"));
    quiet.core.wait_for_alerts(1);
    let health = quiet.core.health();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["open_escalations"], 1, "{health}");
    assert_eq!(health["spool_pending"], 0, "{health}");
    for number in ["uptime_secs", "open_alerts", "live_calls"] {
        assert!(health[number].is_u64(), "{number}: {health}");
    }
    for hidden in ["disk", "aya", "+8190", "web"] {
        assert!(!health.to_string().contains(hidden), "{hidden}: {health}");
    }
}

#[test]
fn other_paths_and_methods_are_answered_sanely() {
    let quiet = quiet();
    let send = |method: &str, target: &str| quiet.core.send(&Request::new(method, target));
    for target in [
        "/",
        "/v1",
        "/v1/event",
        "/v1/events/",
        "/health/",
        "/v2/events",
        "/v1/calls",
    ] {
        let reply = send("GET", target);
        assert_eq!(reply.status, 404, "{target}: {reply:?}");
        assert!(
            reply.error().contains("nothing here"),
            "{target}: {reply:?}"
        );
    }
    for (method, target, allow) in [
        ("GET", "/v1/events", "POST"),
        ("HEAD", "/v1/events", "POST"),
        ("PUT", "/v1/events", "POST"),
        ("DELETE", "/v1/events", "POST"),
        ("POST", "/health", "GET,HEAD"),
        ("PUT", "/health", "GET,HEAD"),
    ] {
        let reply = send(method, target);
        assert_eq!(reply.status, 405, "{method} {target}: {reply:?}");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {target}");
    }
    let reply = send("HEAD", "/health");
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));

    let mut stream = connect(quiet.core.address);
    stream
        .write_all(b"what is this?\r\n\r\n")
        .expect("goes out");
    assert_eq!(Reply::read(&mut stream).status, 400);
    let endless = Request::new("GET", "/health").header("X-Endless", &"x".repeat(1 << 20));
    let mut stream = connect(quiet.core.address);
    let _ =
        stream.write_all(format!("{} {} HTTP/1.1\r\n", endless.method, endless.target).as_bytes());
    for (name, value) in &endless.headers {
        let _ = stream.write_all(format!("{name}: {value}\r\n").as_bytes());
    }
    assert_eq!(Reply::read(&mut stream).status, 431);
    quiet.core.health();
}

/// What the core answers to the beginning of a request that goes no further. A core in this process, so that the test can let
/// an hour pass.
async fn answer_to_half(request: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = config(PUBLIC, "http://127.0.0.1:9");
    let secret = |_: &str| Some(API_KEY.to_owned());
    let config = Config::parse_with(&text, &dir.path().join("rinban.toml"), &secret);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let node = Node::start_on(listener, config.expect("is sound"), None)
        .await
        .expect("starts");
    let mut stream = tokio::net::TcpStream::connect(node.address())
        .await
        .expect("is listening");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("goes out");
    let answer = tokio::spawn(async move {
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.map(|_| reply)
    });
    for _ in 0..3600 {
        if answer.is_finished() {
            break;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        // The socket is real.
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(answer.is_finished(), "nobody is waited for an hour");
    let reply = answer.await.expect("no panic").expect("an end");
    node.stop().await;
    reply
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\nContent-Length: 100\r\n\r\n{{"
    );
    let reply = answer_to_half(&head).await;
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
    assert!(reply.contains("too slowly"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_not_waited_for() {
    for head in ["", "POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let reply = answer_to_half(head).await;
        assert!(!reply.contains("200 OK"), "{head:?}: {reply}");
    }
}
