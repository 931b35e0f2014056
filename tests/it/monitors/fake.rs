//! Zabbix and Mackerel as far as their documentation says how they answer; nothing of ours is used.

use std::{
    collections::BTreeMap,
    fmt,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::support::PATIENCE;

/// The secret that both ask for.
pub(super) const TOKEN: &str = "hunter2-hunter2";

/// What a server knows and does.
pub(super) trait Api: fmt::Debug + Send + 'static {
    /// Status and body; none to close the connection without an answer.
    fn answer(&mut self, request: &Request) -> Option<(u16, Value)>;
}

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

/// A server on loopback, until the test's process ends.
#[derive(Debug)]
pub(super) struct Fake<A> {
    address: SocketAddr,
    api: Arc<Mutex<A>>,
    up: Arc<AtomicBool>,
}

impl<A: Api> Fake<A> {
    pub(super) fn start(api: A) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let fake = Self {
            address: listener.local_addr().expect("is bound"),
            api: Arc::new(Mutex::new(api)),
            up: Arc::new(AtomicBool::new(true)),
        };
        let (api, up) = (Arc::clone(&fake.api), Arc::clone(&fake.up));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if up.load(Ordering::Relaxed) {
                    let api = Arc::clone(&api);
                    thread::spawn(move || serve(&stream, &api));
                }
            }
        });
        fake
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From here on connections are closed without a word.
    pub(super) fn go_down(&self) {
        self.up.store(false, Ordering::Relaxed);
    }

    pub(super) fn come_up(&self) {
        self.up.store(true, Ordering::Relaxed);
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&mut A) -> T) -> T {
        look(&mut self.api.lock().expect("no panic"))
    }
}

fn serve<A: Api>(mut stream: &TcpStream, api: &Mutex<A>) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Some(request) = read(stream) else {
        return;
    };
    let answer = api.lock().expect("no panic").answer(&request);
    if let Some((status, body)) = answer {
        let body = body.to_string();
        let _ = write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path: target.split('?').next()?.to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

/// Zabbix 7.0: the token in the header, never for `apiinfo.version`.
#[derive(Debug, Default)]
pub(super) struct Zabbix {
    events: BTreeMap<String, Event>,
    lose: u32,
}

#[derive(Debug, Default)]
struct Event {
    /// Action and message.
    updates: Vec<(u64, String)>,
    over: bool,
}

impl Zabbix {
    pub(super) fn with(event: &str) -> Self {
        Self {
            events: [(event.to_owned(), Event::default())].into(),
            lose: 0,
        }
    }

    /// The updates of an event, once there are so many.
    pub(super) fn updates(&self, event: &str, count: usize) -> Option<Vec<(u64, String)>> {
        let updates = &self.events[event].updates;
        (updates.len() >= count).then(|| updates.clone())
    }

    pub(super) fn end(&mut self, event: &str) {
        self.events.get_mut(event).expect("there is one").over = true;
    }

    /// So many updates are carried out without an answer.
    pub(super) fn lose_replies(&mut self, count: u32) {
        self.lose = count;
    }

    fn event(&self, id: &str) -> Option<Value> {
        let event = self.events.get(id)?;
        let updates = event.updates.iter().enumerate().map(|(at, (action, message))| {
            json!({"acknowledgeid": at.to_string(), "action": action.to_string(), "message": message, "userid": "3",
                   "clock": "1", "username": "rinban-api", "name": "", "surname": ""})
        });
        let acknowledged = event.updates.iter().any(|(action, _)| action & 2 != 0);
        Some(json!({
            "eventid": id,
            "r_eventid": if event.over { "99" } else { "0" },
            "acknowledged": if acknowledged { "1" } else { "0" },
            "suppressed": "0",
            "acknowledges": updates.collect::<Vec<_>>(),
        }))
    }
}

impl Api for Zabbix {
    fn answer(&mut self, request: &Request) -> Option<(u16, Value)> {
        let authorization = request.headers.get("authorization");
        let method = request.body["method"].as_str()?;
        let params = &request.body["params"];
        let rpc =
            |key: &str, value: Value| Some((200, json!({"jsonrpc": "2.0", key: value, "id": 1})));
        if method == "apiinfo.version" {
            assert_eq!(authorization, None, "Zabbix refuses it");
            return rpc("result", json!("7.0.22"));
        }
        if authorization != Some(&format!("Bearer {TOKEN}")) {
            let said = "Session terminated, re-login, please.";
            return rpc(
                "error",
                json!({"code": -32602, "message": "Invalid params.", "data": said}),
            );
        }
        match method {
            "event.get" => {
                let ids = params["eventids"].as_array()?.iter();
                let found = ids.filter_map(|id| self.event(id.as_str()?));
                let found: Vec<_> = found.collect();
                rpc("result", json!(found))
            }
            "event.acknowledge" => {
                let event = self.events.get_mut(params["eventids"].as_str()?)?;
                let message = params["message"].as_str()?.to_owned();
                event.updates.push((params["action"].as_u64()?, message));
                if self.lose > 0 {
                    self.lose -= 1;
                    return None;
                }
                rpc("result", json!({"eventids": [params["eventids"]]}))
            }
            other => panic!("nobody needs {other}"),
        }
    }
}

/// Mackerel: the key in `X-Api-Key`.
#[derive(Debug, Default)]
pub(super) struct Mackerel {
    alerts: BTreeMap<String, Value>,
    lose: u32,
}

impl Mackerel {
    pub(super) fn with(id: &str) -> Self {
        let alert = json!({"id": id, "status": "CRITICAL", "type": "host", "monitorId": "m", "openedAt": 1_763_777_340,
                           "memo": "written by hand"});
        Self {
            alerts: [(id.to_owned(), alert)].into(),
            lose: 0,
        }
    }

    /// The memo of an alert, once it has so many lines.
    pub(super) fn memo(&self, id: &str, lines: usize) -> Option<String> {
        let memo = self.alerts[id]["memo"].as_str()?;
        (memo.lines().count() >= lines).then(|| memo.to_owned())
    }

    pub(super) fn close(&mut self, id: &str, reason: &str) {
        let alert = self.alerts.get_mut(id).expect("there is one");
        alert["closedAt"] = json!(1_763_777_400);
        alert["status"] = json!("OK");
        alert["reason"] = json!(reason);
    }

    /// So many memos are written without an answer.
    pub(super) fn lose_replies(&mut self, count: u32) {
        self.lose = count;
    }
}

impl Api for Mackerel {
    fn answer(&mut self, request: &Request) -> Option<(u16, Value)> {
        if request.headers.get("x-api-key").map(String::as_str) != Some(TOKEN) {
            return Some((401, json!({"error": {"message": "Authentication failed."}})));
        }
        let path = request.path.strip_prefix("/api/v0/alerts")?;
        let id = path.trim_start_matches('/');
        match (request.method.as_str(), id) {
            ("GET", "") => {
                let open = self
                    .alerts
                    .values()
                    .filter(|alert| alert["closedAt"].is_null());
                let open: Vec<_> = open.collect();
                Some((200, json!({ "alerts": open })))
            }
            ("GET", id) => Some(match self.alerts.get(id) {
                Some(alert) => (200, alert.clone()),
                None => (404, json!({"error": {"message": "Alert not found."}})),
            }),
            ("PUT", id) => {
                let alert = self.alerts.get_mut(id)?;
                alert["memo"] = request.body["memo"].clone();
                if self.lose > 0 {
                    self.lose -= 1;
                    return None;
                }
                Some((200, json!({"id": id, "memo": request.body["memo"]})))
            }
            other => panic!("nobody needs {other:?}"),
        }
    }
}
