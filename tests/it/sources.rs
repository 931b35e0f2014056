//! `POST /v1/sources/NAME`: monitors that send JSON, against a running `rinban serve`.

mod api;
mod door;
mod mackerel;
mod pages;

use std::{net::TcpListener, path::Path};

use serde_json::Value;

use crate::support::{
    core::{Core, Home},
    http::{Reply, Request},
};

/// The secret of all sources.
const SECRET: &str = "a secret of the sources";

const CONFIG: &str = r#"
state_dir = "state"
[server]
listen = "127.0.0.1:PORT"
trusted_proxies = ["127.0.0.1"]
[[server.api_keys]]
name = "few"
key_env = "API_KEY"
per_minute = 2
burst = 3
[[server.api_keys]]
name = "others"
key_env = "TOKEN"
[[providers]]
name = "simulated"
kind = "simulated"
[simulator]
speed = 50
[simulator.people]
"+819000000002" = ["no answer"]
[members.aya]
number = "+819000000001"
[members.ben]
number = "+819000000002"
[groups.web]
members = ["aya"]
[groups.db]
members = ["ben"]
[policies.default]
ring_timeout_secs = 20
callback_grace_secs = 2
round_pause_secs = 1
max_calls_per_hour = 1000
"#;

/// A configuration with these sources; their secret is in the variable `SECRET`, a phone that takes every alert is of the group `web`,
/// one that nobody answers of `db`.
fn home(sources: &str) -> Home {
    Home::with(&config(sources)).variable("SECRET", SECRET)
}

/// The simulated network must know where to call back, so the port is chosen before the core runs.
fn config(sources: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("is bound").port();
    let config = CONFIG.replace("PORT", &port.to_string());
    format!("default_group = \"web\"\n{config}\n{sources}")
}

fn start(sources: &str) -> (Home, Core) {
    let home = home(sources);
    let core = home.serve();
    (home, core)
}

const MACKEREL: &str = r#"
[[sources]]
name = "mkr"
kind = "mackerel"
key_env = "SECRET"
"#;

/// `POST` of a payload to a path, without any secret but what stands in the path.
fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", path)
        .header("Content-Type", "application/json")
        .body(body)
}

/// The same with the secret as a token.
fn with_token(path: &str, body: impl Into<Vec<u8>>) -> Request {
    post(path, body).header("Authorization", &format!("Bearer {SECRET}"))
}

fn payload(kind: &str, name: &str) -> String {
    let folder = match kind {
        "mackerel" => "fixtures/mackerel".to_owned(),
        other => format!("fixtures/sources/{other}"),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{folder}/{name}.json"));
    std::fs::read_to_string(path).expect("readable")
}

/// What was taken, and what calls nobody.
#[track_caller]
fn taken(reply: &Reply) -> (u64, u64, u64) {
    assert_eq!(reply.status, 202, "{reply:?}");
    let json: Value = reply.json();
    let number = |name: &str| json[name].as_u64().expect("a number");
    (number("accepted"), number("new"), number("passed_over"))
}
