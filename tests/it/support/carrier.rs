//! A carrier that takes every call and places none: the test says what becomes of it.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{PATIENCE, wait_for};

/// A call that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) sid: String,
    pub(crate) to: String,
    /// The URLs without their connection overrides, which are no part of what is fetched.
    pub(crate) voice: String,
    pub(crate) status: String,
    pub(crate) fallback: String,
}

/// Speaks Twilio's REST API until it is dropped.
#[derive(Debug)]
pub(crate) struct Carrier {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    calls: Mutex<Vec<Call>>,
    ended: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Carrier {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("is bound");
        let shared = Arc::new(Shared::default());
        let at_work = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if at_work.stop.load(Ordering::Relaxed) {
                    return;
                }
                let at_work = Arc::clone(&at_work);
                thread::spawn(move || answer(&stream, &at_work));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All calls that were asked for so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().expect("no panic").clone()
    }

    /// The call with this number, from 0, as soon as it is asked for.
    #[track_caller]
    pub(crate) fn call(&self, number: usize) -> Call {
        wait_for("a call", || self.calls().get(number).cloned())
    }

    /// Whether we were told to end this call.
    pub(crate) fn was_ended(&self, sid: &str) -> bool {
        let ended = self.shared.ended.lock().expect("no panic");
        ended.iter().any(|ended| ended == sid)
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(mut stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Some((method, path, form)) = read(stream) else {
        return;
    };
    let call = path.rsplit('/').next().and_then(|file| {
        file.strip_suffix(".json")
            .filter(|sid| sid.starts_with("CA"))
            .map(str::to_owned)
    });
    let (status, json) = match (method.as_str(), call) {
        ("POST", None) => (201, created(&form, shared)),
        ("POST", Some(sid)) => {
            let json = described(&sid, "completed");
            shared.ended.lock().expect("no panic").push(sid);
            (200, json)
        }
        (_, Some(sid)) => (200, described(&sid, "ringing")),
        (_, None) => (200, resource(&path).to_owned()),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{json}",
        json.len()
    );
}

/// What the account tells of itself: it is active, and may call from the number that the tests configure.
fn resource(path: &str) -> &'static str {
    let rest = path.split_once("/Accounts/").map_or("", |(_, rest)| rest);
    match rest
        .split_once('/')
        .map(|(_, list)| list.split('?').next().unwrap_or(list))
    {
        None => r#"{"status":"active","type":"Full"}"#,
        Some("Balance.json") => r#"{"balance":"12.34","currency":"USD"}"#,
        Some("IncomingPhoneNumbers.json") => {
            r#"{"incoming_phone_numbers":[{"phone_number":"+815012345678","capabilities":{"voice":true}}]}"#
        }
        Some("OutgoingCallerIds.json") => r#"{"outgoing_caller_ids":[]}"#,
        Some(_) => r#"{"calls":[],"next_page_uri":null}"#,
    }
}

fn described(sid: &str, status: &str) -> String {
    format!(r#"{{"sid":"{sid}","status":"{status}"}}"#)
}

fn created(form: &HashMap<String, String>, shared: &Shared) -> String {
    let mut calls = shared.calls.lock().expect("no panic");
    let url = |name: &str| {
        let url = form.get(name).map_or("", String::as_str);
        url.split('#').next().unwrap_or_default().to_owned()
    };
    let sid = format!("CA{:032x}", calls.len() + 1);
    calls.push(Call {
        sid: sid.clone(),
        to: form.get("To").cloned().unwrap_or_default(),
        voice: url("Url"),
        status: url("StatusCallback"),
        fallback: url("FallbackUrl"),
    });
    described(&sid, "queued")
}

/// Method, path and form of a request.
fn read(stream: &TcpStream) -> Option<(String, String, HashMap<String, String>)> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut length = 0;
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let path = target.split('?').next()?.to_owned();
    let form = form_urlencoded::parse(&body).into_owned().collect();
    Some((method, path, form))
}
