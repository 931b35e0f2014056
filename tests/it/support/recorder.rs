//! The APIs of several carriers on one address: each request is kept, and answered as its carrier answers what it takes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::Value;

use super::{PATIENCE, wait_for};

/// A request that was made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// A field of the form, or of the query of a GET.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let text = if self.method == "GET" {
            query.as_bytes()
        } else {
            &self.body
        };
        let mut pairs = form_urlencoded::parse(text);
        pairs
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<Vec<Asked>>,
    stop: AtomicBool,
}

impl Recorder {
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

    /// All requests of this kind so far, by method and what the path ends with.
    pub(crate) fn all(&self, method: &str, path: &str) -> Vec<Asked> {
        let asked = self.shared.asked.lock().expect("no panic");
        let is_such = |asked: &&Asked| {
            let of = asked.target.split('?').next().unwrap_or_default();
            asked.method == method && of.ends_with(path)
        };
        asked.iter().filter(is_such).cloned().collect()
    }

    /// The request of this kind with this number, from 0, as soon as it is made.
    #[track_caller]
    pub(crate) fn nth(&self, method: &str, path: &str, number: usize) -> Asked {
        wait_for(path, || self.all(method, path).get(number).cloned())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(mut stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Some(asked) = read(stream) else {
        return;
    };
    let number = {
        let mut all = shared.asked.lock().expect("no panic");
        all.push(asked.clone());
        all.len()
    };
    let path = asked.target.split('?').next().unwrap_or_default();
    let json = match (asked.method.as_str(), path) {
        // Vonage.
        ("POST", "/v1/calls") => format!(r#"{{"uuid":"u-{number}","status":"started"}}"#),
        ("POST", "/sms/json") => {
            format!(
                r#"{{"message-count":"1","messages":[{{"status":"0","message-id":"m-{number}"}}]}}"#
            )
        }
        ("GET", "/v1/calls") => r#"{"_embedded":{"calls":[]}}"#.to_owned(),
        ("GET", "/account/get-balance") => r#"{"value":3.5,"autoReload":false}"#.to_owned(),
        // PaaSoo.
        ("GET", "/json") if asked.field("text").is_none() => {
            r#"{"status":"2","status_code":"Missing params."}"#.to_owned()
        }
        ("GET", "/json") => format!(r#"{{"status":"0","messageid":"p-{number}"}}"#),
        // Twilio.
        ("POST", path) if path.ends_with("/Messages.json") => {
            format!(r#"{{"sid":"SM{number:032x}","status":"queued"}}"#)
        }
        _ => "{}".to_owned(),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{json}",
        json.len()
    );
}

fn read(stream: &TcpStream) -> Option<Asked> {
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
    Some(Asked {
        method,
        target,
        body,
    })
}
