//! Both ends of the network: a web server that answers by path and remembers what it was asked, and a REST client.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use tokio::{net::TcpListener, task::AbortHandle};

use crate::simulator::{CallRecord, MessageRecord, Network, Options, People};

pub(super) const ALICE: &str = "+819000000001";
pub(super) const BOB: &str = "+819000000002";
pub(super) const US: &str = "+815000000000";

/// How the web server answers.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
}

/// TwiML, of which the root is left out.
pub(super) fn twiml(inner: &str) -> Answer {
    answer(
        200,
        "text/xml; charset=utf-8",
        &format!("<Response>{inner}</Response>"),
    )
}

pub(super) fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", content_type.to_owned())],
        body: body.as_bytes().to_vec(),
        delay: Duration::ZERO,
    }
}

/// What the web server was asked.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    /// Path and query as they came.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) form: Vec<(String, String)>,
}

impl Seen {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .map(|value| value.to_str().expect("ASCII"));
        value.unwrap_or_default()
    }
}

type Answers = HashMap<&'static str, Vec<Answer>>;

struct Site {
    answers: Answers,
    seen: Mutex<Vec<Seen>>,
    counts: Mutex<HashMap<String, usize>>,
    signed_by: Mutex<Option<String>>,
}

impl Site {
    /// Counts a request to a path; how many there were before.
    fn count(&self, path: &str) -> usize {
        let mut counts = self.counts.lock().expect("nobody panics with it");
        let count = counts.entry(path.to_owned()).or_default();
        *count += 1;
        *count - 1
    }
}

/// The web server; stops when dropped.
pub(super) struct Web {
    pub(super) address: SocketAddr,
    site: Arc<Site>,
    task: AbortHandle,
}

impl Web {
    /// Answers each path with its list, request by request, the last for ever; a path that it does not know with 204.
    pub(super) async fn start(
        answers: impl IntoIterator<Item = (&'static str, Vec<Answer>)>,
    ) -> Self {
        let site = Arc::new(Site {
            answers: answers.into_iter().collect(),
            seen: Mutex::default(),
            counts: Mutex::default(),
            signed_by: Mutex::default(),
        });
        let app = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&site));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let server = async move { axum::serve(listener, app).await.expect("never ends") };
        Self {
            address,
            site,
            task: tokio::spawn(server).abort_handle(),
        }
    }

    pub(super) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// What was asked of a path, in order.
    pub(super) fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.site.seen.lock().expect("nobody panics with it");
        let here = |seen: &&Seen| seen.target.split('?').next() == Some(path);
        seen.iter().filter(here).cloned().collect()
    }

    /// How many requests came to a path.
    pub(super) fn count(&self, path: &str) -> usize {
        let counts = self.site.counts.lock().expect("nobody panics with it");
        counts.get(path).copied().unwrap_or_default()
    }

    /// The statuses that came to a path, in order.
    pub(super) fn statuses(&self, path: &str) -> Vec<String> {
        let seen = self.seen(path);
        let status = |seen: &Seen| {
            seen.get("CallStatus")
                .or(seen.get("MessageStatus"))
                .expect("every status callback has one")
                .to_owned()
        };
        seen.iter().map(status).collect()
    }

    /// Checks every request that comes against this token; the test fails where it waits for the call.
    pub(super) fn expect_signatures(&self, token: &str) {
        *self.site.signed_by.lock().expect("nobody panics with it") = Some(token.to_owned());
    }

    /// How many requests were there of which the signature is missing or wrong, media aside.
    pub(super) fn unsigned(&self) -> Vec<String> {
        let token = self
            .site
            .signed_by
            .lock()
            .expect("nobody panics with it")
            .clone();
        let token = token.expect("signatures are expected");
        let seen = self.site.seen.lock().expect("nobody panics with it");
        let wrong = |seen: &&Seen| {
            let expected = signature(&token, &self.url(&seen.target), &seen.form);
            !seen.target.starts_with("/media") && seen.header("x-twilio-signature") != expected
        };
        seen.iter()
            .filter(wrong)
            .map(|seen| seen.target.clone())
            .collect()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn respond(
    State(site): State<Arc<Site>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    let before = site.count(path);
    site.seen.lock().expect("nobody panics with it").push(Seen {
        method,
        target: uri.path_and_query().expect("has a path").to_string(),
        headers,
        form: form_urlencoded::parse(&body).into_owned().collect(),
    });
    let list = site.answers.get(path);
    let Some(answer) = list.and_then(|list| list.get(before).or(list.last())) else {
        return Response::builder()
            .status(204)
            .body(Body::empty())
            .expect("valid");
    };
    tokio::time::sleep(answer.delay).await;
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response
        .body(Body::from(answer.body.clone()))
        .expect("valid")
}

/// The signature scheme once more, from its description and nothing else: the address, then every name with its value,
/// by name.
fn signature(token: &str, url: &str, form: &[(String, String)]) -> String {
    let sorted: BTreeMap<_, _> = form.iter().cloned().collect();
    let mut signed = url.to_owned();
    for (name, value) in sorted {
        signed += &(name + &value);
    }
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).expect("any length");
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A network a thousand times as fast as life, in which Alice does one thing after another, and everybody else presses 1.
pub(super) async fn network(alice: &[&str]) -> Network {
    let alice = alice.iter().map(|text| (*text).to_owned()).collect();
    let table = BTreeMap::from([(ALICE.to_owned(), alice)]);
    let options = Options {
        speed: 1_000.0,
        people: People::parse(&table).expect("Alice is described well"),
        ..Options::default()
    };
    Network::start(options).await.expect("loopback")
}

/// A request to the REST API.
pub(super) async fn rest(
    network: &Network,
    method: Method,
    path: &str,
    form: &[(&str, &str)],
) -> (u16, Value) {
    let account = network.account_sid();
    let url = format!("{}/2010-04-01/Accounts/{account}{path}", network.base_url());
    let response = reqwest::Client::new()
        .request(method, url)
        .basic_auth(account, Some(network.auth_token()))
        .form(form)
        .send()
        .await
        .expect("loopback");
    (
        response.status().as_u16(),
        response.json().await.expect("JSON"),
    )
}

/// Places a call; its sid.
pub(super) async fn call(network: &Network, to: &str, more: &[(&str, &str)]) -> String {
    let mut form = vec![("To", to), ("From", US)];
    form.extend(more);
    let (status, call) = rest(network, Method::POST, "/Calls.json", &form).await;
    assert_eq!(status, 201, "{call}");
    call["sid"].as_str().expect("a call has a sid").to_owned()
}

/// Sends a message; its sid.
pub(super) async fn send(network: &Network, to: &str, more: &[(&str, &str)]) -> String {
    let mut form = vec![("To", to), ("From", US), ("Body", "Disk is full.")];
    form.extend(more);
    let (status, message) = rest(network, Method::POST, "/Messages.json", &form).await;
    assert_eq!(status, 201, "{message}");
    let sid = message["sid"].as_str().expect("a message has a sid");
    sid.to_owned()
}

/// The record of a message.
pub(super) fn message(network: &Network, sid: &str) -> MessageRecord {
    let all = network.snapshot().messages;
    let found = all.into_iter().find(|message| message.sid == sid);
    found.expect("the message is remembered")
}

/// Waits until something is so; a test that waits for ever has failed.
pub(super) async fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = ready() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
    waited.unwrap_or_else(|_| panic!("{what} did not come about within 60 s"))
}

/// The record of a call once it is over.
pub(super) async fn over(network: &Network, sid: &str) -> CallRecord {
    until("the end of the call", || {
        let call = network
            .snapshot()
            .calls
            .into_iter()
            .find(|call| call.sid == sid);
        call.filter(|call| call.status.is_over())
    })
    .await
}
