//! How soon somebody is called: from a durable event to the provider's request, and from a busy signal to the next person's.
//! The provider is a small server that notes when it is asked.

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use axum::{Json, Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rinban::{alert::Event, config::Config, node::Node};
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::{
    host::{Host, free_address},
    ingest::load,
    report::{Row, ms},
    rounds::percentile,
};

const RUNS: usize = 400;
const ACCOUNT: &str = "AC00000000000000000000000000000000";
const TOKEN: &str = "an-auth-token-of-the-benchmark";
const PUBLIC: &str = "https://oncall.example.com";

/// A request to place a call, as the provider saw it.
struct Placed {
    at: Instant,
    sid: String,
    to: String,
    status_url: String,
}

pub(crate) fn figure() -> Vec<Row> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (first, next) = runtime.block_on(measure());
    let row = |what: &str, took: &[f64], goal: f64| {
        let [p50, p99] = [0.5, 0.99].map(|share| percentile(took, share));
        Row::new(format!("{what}, p99 of {RUNS}"))
            .ours(format!("{} (p50 {})", ms(p99), ms(p50)))
            .absolute(format!("<= {goal} ms"), p99 * 1e3 <= goal)
    };
    vec![
        row("event durable to provider request", &first, 50.0),
        row("busy callback to next person's request", &next, 100.0),
    ]
}

/// Seconds from durable to the first request, and from before the busy callback is sent to the second.
async fn measure() -> (Vec<f64>, Vec<f64>) {
    let (provider, mut placed) = provider().await;
    let token = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(token.path(), TOKEN).expect("writes");
    let host = Host::with_config(&configuration(&provider, token.path()));
    let config: Config = host.config();
    let address = config.server.listen;
    let node = Node::start(config).await.expect("a core");
    let client = reqwest::Client::builder().no_proxy();
    let client = client.build().expect("a client");
    let (mut first, mut next) = (Vec::new(), Vec::new());
    let mut expect = async |to: String| {
        let request = timeout(Duration::from_secs(10), placed.recv()).await;
        let request = request.expect("a request").expect("a provider");
        assert_eq!(request.to, to);
        request
    };
    for run in 0..RUNS {
        let event = load::event(run as u64).replace(r#""web""#, &format!("\"group{run}\""));
        let event = Event::from_json(event.as_bytes()).expect("an event");
        let new = node.engine().accept(vec![event]).await;
        let durable = Instant::now();
        assert_eq!(new, Ok(vec![true]));
        let request = expect(number(run, 0)).await;
        first.push(request.at.saturating_duration_since(durable).as_secs_f64());
        // The reply to the request must have been taken in, as it has been when a real phone is busy.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let busy = Instant::now();
        say_busy(&client, address, &request).await;
        let request = expect(number(run, 1)).await;
        next.push(request.at.saturating_duration_since(busy).as_secs_f64());
    }
    node.stop().await;
    (first, next)
}

/// Each run has a group of its own, with two people of its own: nobody is engaged, no run joins another.
fn configuration(provider: &str, token: &Path) -> String {
    let listen = free_address();
    let mut text = format!(
        "state_dir = \"@\"\ndefault_group = \"group0\"\n[server]\nlisten = \"{listen}\"\npublic_url = \"{PUBLIC}\"\n[handoff]\n\
         [[providers]]\nname = \"twilio\"\nkind = \"twilio\"\ncalls_per_second = 1000\naccount_sid = \"{ACCOUNT}\"\nauth_token_file = {token:?}\n\
         from = \"+815000000000\"\nbase_url = \"{provider}\"\n"
    );
    for run in 0..RUNS {
        for person in 0..2 {
            let number = number(run, person);
            let _ = write!(text, "[members.m{run}x{person}]\nnumber = \"{number}\"\n");
        }
        let _ = write!(
            text,
            "[groups.group{run}]\nmembers = [\"m{run}x0\", \"m{run}x1\"]\n"
        );
    }
    text
}

fn number(run: usize, person: usize) -> String {
    format!("+8190{:08}", run * 2 + person)
}

/// A provider that takes every call. Its address, and what it was asked.
async fn provider() -> (String, mpsc::UnboundedReceiver<Placed>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let (placed, requests) = mpsc::unbounded_channel();
    let router = Router::new().fallback(post(place)).with_state(placed);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), requests)
}

async fn place(
    State(placed): State<mpsc::UnboundedSender<Placed>>,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let at = Instant::now();
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| {
        let found = form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let request = Placed {
        at,
        sid: format!("CA{:032x}", fastrand::u128(..)),
        to: field("To"),
        status_url: field("StatusCallback"),
    };
    let call = json!({ "sid": request.sid, "status": "queued", "to": request.to });
    let _ = placed.send(request);
    (StatusCode::CREATED, Json(call))
}

/// The status callback of a busy line, as the carrier sends and signs it.
async fn say_busy(client: &reqwest::Client, core: std::net::SocketAddr, request: &Placed) {
    let form = [
        ("AccountSid", ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", &request.sid),
        ("CallStatus", "busy"),
        ("Direction", "outbound-api"),
        ("From", "+815000000000"),
        ("To", &request.to),
    ];
    // The fragment holds connection overrides; it is neither sent nor signed.
    let url = request.status_url.split('#').next().unwrap_or_default();
    let target = url.strip_prefix(PUBLIC).expect("one of our URLs");
    let response = client
        .post(format!("http://{core}{target}"))
        .header("X-Twilio-Signature", sign(url, &form))
        .form(&form)
        .send()
        .await
        .expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
}

/// `form` is in the order of its names.
fn sign(url: &str, form: &[(&str, &str)]) -> String {
    let mut mac = <Hmac<Sha1>>::new_from_slice(TOKEN.as_bytes()).expect("a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in form {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
