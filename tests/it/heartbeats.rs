//! Heartbeats in and out, by a core as a process.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use serde_json::Value;

use crate::support::{
    PATIENCE,
    core::{API_KEY, Core, Home},
    http::{Reply, Request},
    wait_for,
};

/// A monitor that beats every second, with grace of another, and one whose silence is of no interest today.
fn home(more: &str) -> Home {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    Home::with(&format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:{port}"
{more}
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "sim"
kind = "simulated"
[simulator]
speed = 50
[members.aya]
number = "+819000000001"
[groups.web]
members = ["aya"]
[[heartbeats]]
name = "Zabbix (本番)"
every_secs = 1
grace_secs = 1
[[heartbeats]]
name = "backup"
every_secs = 86400
secret_env = "TOKEN"
"#
    ))
}

/// The name above, as it stands in an address.
const ZABBIX: &str = "/v1/heartbeats/Zabbix%20(%E6%9C%AC%E7%95%AA)";

fn beat(core: &Core, method: &str) -> Reply {
    let request = Request::new(method, ZABBIX);
    core.send(&request.header("Authorization", &format!("Bearer {API_KEY}")))
}

/// How the heartbeat of this name stands.
fn standing(core: &Core, name: &str) -> Value {
    let health = core.health();
    let all = health["heartbeats"].as_array().expect("a list");
    let found = all.iter().find(|heartbeat| heartbeat["name"] == name);
    found.expect("is watched").clone()
}

#[test]
fn a_monitor_that_goes_quiet_pages_and_one_that_is_heard_again_recovers() {
    let home = home("");
    let core = home.serve();
    let name = "Zabbix (本番)";
    // Never heard: found all the same.
    wait_for("the phone", || {
        (core.health()["calls_placed_total"] == 1).then_some(())
    });
    let open = standing(&core, name);
    assert_eq!(
        (&open["ok"], &open["last"]),
        (&Value::Bool(false), &Value::Null)
    );
    let escalation = home.escalation(1);
    assert_eq!(
        escalation.headline.title,
        format!("{name} has been quiet for 2 seconds")
    );
    assert_eq!(escalation.group.as_str(), "web");
    for method in ["GET", "POST"] {
        let reply = beat(&core, method);
        assert_eq!(
            (reply.status, &reply.json()["name"]),
            (200, &Value::from(name))
        );
    }
    core.wait_for_alerts(0);
    let heard = standing(&core, name);
    assert_eq!(heard["ok"], true);
    assert!(
        heard["last"]
            .as_str()
            .is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()),
        "{heard}"
    );
    core.stop();

    // What was heard last is known to the next core, and a new silence is a new alert.
    let core = home.serve();
    let kept = standing(&core, name);
    assert_eq!(
        (&kept["ok"], &kept["last"]),
        (&Value::Bool(true), &heard["last"])
    );
    core.wait_for_alerts(1);
    // Open as it is, the core after that closes it.
    core.stop();
    let core = home.serve();
    assert_eq!(standing(&core, name)["ok"], false);
    beat(&core, "GET");
    core.wait_for_alerts(0);
    assert_eq!(standing(&core, "backup")["ok"], true);
}

#[test]
fn a_heartbeat_is_taken_from_whoever_may_send_it_and_from_nobody_else() {
    let home = home("");
    let core = home.serve();
    let key = format!("Bearer {API_KEY}");
    for (method, target, key, status) in [
        ("GET", "/v1/heartbeats/backup", key.as_str(), 200),
        ("POST", "/v1/heartbeats/backup", &key, 200),
        ("PUT", "/v1/heartbeats/backup", &key, 405),
        ("GET", "/v1/heartbeats/backup", "", 401),
        ("GET", "/v1/heartbeats/backup", "Bearer wrong", 401),
        ("GET", "/v1/heartbeats/unknown", &key, 404),
        ("GET", "/v1/heartbeats/unknown", "", 401),
        ("GET", "/v1/heartbeats/backup/the%20auth%20token", "", 200),
        ("POST", "/v1/heartbeats/backup/the%20auth%20token", "", 200),
        ("GET", "/v1/heartbeats/backup/the%20auth%20toke", "", 401),
        ("GET", "/v1/heartbeats/backup/", &key, 404),
        ("GET", "/v1/heartbeats/unknown/the%20auth%20token", "", 401),
        // It has no secret, so none is right.
        ("GET", &format!("{ZABBIX}/the%20auth%20token"), "", 401),
    ] {
        let mut request = Request::new(method, target);
        if !key.is_empty() {
            request = request.header("Authorization", key);
        }
        let reply = core.send(&request);
        assert_eq!(reply.status, status, "{method} {target} {key:?}");
    }
    assert!(!core.log().contains("auth token"), "{}", core.log());
}

#[test]
fn our_own_heartbeat_goes_out_while_all_is_well() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/ping/a-secret",
        listener.local_addr().expect("its number")
    );
    let (sender, beats) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or_default();
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK");
            let _ = sender.send(String::from_utf8_lossy(&head[..read]).into_owned());
        }
    });
    let home = home("heartbeat_url_env = \"PING\"").variable("PING", &url);
    let core = home.serve();
    let beat = beats.recv_timeout(PATIENCE).expect("a beat");
    assert!(
        beat.starts_with("GET /ping/a-secret HTTP/1.1\r\n"),
        "{beat}"
    );
    assert!(!core.log().contains("a-secret"), "{}", core.log());
}
