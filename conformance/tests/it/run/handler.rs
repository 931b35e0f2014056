//! A handler of voice webhooks as it should be, and the same with one bug that the world has had. Written from Twilio's documentation and
//! from nothing of the suite's.

mod verify;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use super::http::{Reply, Request, Server};

pub(crate) const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
pub(crate) const STALE_TOKEN: &str = "ffffffffffffffffffffffffffffffff";
/// What the handler believes itself at.
pub(crate) const PUBLIC: &str = "https://oncall.example.com:8443";
/// How long the suite waits in these tests.
pub(crate) const TIMEOUT_SECS: f64 = 1.5;

const SAYS_TAKEN: &str = "you have taken the alert";

/// What it knows of a call.
#[derive(Debug, Default)]
struct Call {
    was_answered: bool,
    acknowledged: u64,
    status: String,
    tokens: Vec<String>,
    fallbacks: u32,
}

/// The key for signatures with SHA-256.
pub(crate) const SHARED_KEY: &str = "c2hhcmVkIGtleSBvZiB0aGVzZSB0ZXN0cw";

/// A handler with at most one bug.
pub(crate) struct Handler {
    bug: &'static str,
    /// What it believes itself at.
    public: &'static str,
    calls: Arc<Mutex<HashMap<String, Call>>>,
    worker: Mutex<()>,
}

/// The parameters, decoded, in order.
type Form = Vec<(String, String)>;

impl Handler {
    /// Serves it. The name of a bug that it does not know makes it a good one.
    pub(crate) fn serve(bug: &'static str) -> Server {
        Self::serve_at(PUBLIC, bug)
    }

    /// Serves it for a server that believes itself somewhere else.
    pub(crate) fn serve_at(public: &'static str, bug: &'static str) -> Server {
        let handler = Self {
            bug,
            public,
            calls: Arc::default(),
            worker: Mutex::default(),
        };
        Server::start(move |request| handler.answer(request))
    }

    fn has(&self, bug: &str) -> bool {
        self.bug == bug
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<String, Call>> {
        self.calls.lock().expect("no panic")
    }

    fn answer(&self, request: &Request) -> Option<Reply> {
        let tidied = request
            .path()
            .replace("/./", "/")
            .replace("%6b", "k")
            .replace("%6f", "o")
            .replace("%6c", "l");
        let path = tidied.trim_end_matches('/').replace("//", "/");
        match path.as_str() {
            "/observe" => return Some(self.observe(request)),
            "/media/hello.wav" => return Some(self.recording(request)),
            _ => {}
        }
        if self.has("is slow with everything") {
            thread::sleep(Duration::from_millis(1_300));
        }
        if self.has("takes its password into the address")
            && request.header("authorization").is_none()
        {
            let headers = vec![(
                "WWW-Authenticate".to_owned(),
                "Basic realm=\"calls\"".to_owned(),
            )];
            return Some(Reply {
                headers,
                ..Reply::new(401, "", "")
            });
        }
        if self.has("wants a password")
            && request.header("authorization") != Some("Basic YXlhOnBAc3M=")
        {
            let headers = vec![(
                "WWW-Authenticate".to_owned(),
                "Basic realm=\"calls\"".to_owned(),
            )];
            return Some(Reply {
                headers,
                ..Reply::new(401, "", "")
            });
        }
        let form = match self.verified(request, &path) {
            Ok(form) => form,
            Err(reply) => return reply,
        };
        match path.as_str() {
            "/voice" => Some(self.voice(&form)),
            "/keys" => Some(self.keys(request, &form)),
            "/silence" => Some(self.silence(&form)),
            "/status" => Some(self.status(&form)),
            "/fallback" => Some(self.fallback(&form)),
            "/json" if self.has("takes no JSON") => {
                Some(Reply::new(415, "text/plain", "no JSON here"))
            }
            "/json" => Some(Reply::new(204, "", "")),
            _ => Some(Reply::new(404, "text/plain", "there is nothing here")),
        }
    }

    fn observe(&self, request: &Request) -> Reply {
        let sid = request
            .query()
            .and_then(|query| query.split_once("CallSid="))
            .map_or("", |(_, sid)| sid);
        let calls = self.calls();
        let (acknowledged, status) = calls
            .get(sid)
            .map_or((0, ""), |call| (call.acknowledged, &call.status));
        let json =
            format!(r#"{{"acknowledged": {acknowledged}, "status": "{status}", "more": []}}"#);
        Reply::new(200, "application/json", json)
    }

    fn recording(&self, request: &Request) -> Reply {
        let is_signed = request.header("x-twilio-signature").is_some();
        match self.bug {
            "wants recordings to be signed" if !is_signed => {
                Reply::new(403, "text/plain", "forbidden")
            }
            "serves recordings as bytes" => Reply::new(200, "application/octet-stream", "RIFF"),
            "serves empty recordings" => Reply::new(200, "audio/wav", ""),
            _ => Reply::new(200, "audio/wav", "RIFF and so on"),
        }
    }

    fn voice(&self, form: &Form) -> Reply {
        if self.has("has one slow worker") {
            let _busy = self.worker.lock().expect("no panic");
            thread::sleep(Duration::from_millis(100));
        }
        let mut calls = self.calls();
        let is_busy = calls
            .iter()
            .any(|(other, call)| *other != sid(form) && call.status == "in-progress");
        if is_busy && self.has("serves one call at a time") {
            return Reply::new(503, "text/plain", "busy");
        }
        let call = calls.entry(sid(form)).or_default();
        let was_answered = std::mem::replace(&mut call.was_answered, true);
        drop(calls);
        match self.bug {
            "gives its message only once" if was_answered => twiml(""),
            "replies with nothing" => Reply::new(200, "", ""),
            "says that it is text" => Reply {
                headers: vec![("Content-Type".into(), "text/plain".into())],
                ..self.ask("")
            },
            "forgets an end tag" => Reply::new(200, "text/xml", "<Response><Say>hello</Response>"),
            "replies too much" => twiml(&format!("<Say>{}</Say>", "long ".repeat(14_000))),
            "shows its environment" => twiml(&format!(
                "<!-- TWILIO_AUTH_TOKEN={TOKEN} --><Say>hello</Say>"
            )),
            _ => self.ask("The disk is full."),
        }
    }

    /// The question, with whatever the bug makes of it.
    fn ask(&self, message: &str) -> Reply {
        let base = PUBLIC;
        let play = match self.bug {
            "plays a relative address" => "<Play>/media/hello.wav</Play>".to_owned(),
            _ => format!("<Play>{base}/media/hello.wav</Play>"),
        };
        let say = format!(r#"<Say language="en-US">{message} Press one to take the alert.</Say>"#);
        let (before, inside) = match self.bug {
            "speaks before it listens" => (say, String::new()),
            _ => (String::new(), say),
        };
        let behind = match self.bug {
            "falls silent after a question" => String::new(),
            "redirects to a relative address" => "<Redirect>/silence</Redirect>".to_owned(),
            _ => format!("<Redirect>{base}/silence</Redirect>"),
        };
        let digits = match self.bug {
            "looks for the key anywhere" => "",
            _ => r#" numDigits="1""#,
        };
        let gather =
            format!(r#"<Gather action="{base}/keys"{digits} timeout="5">{play}{inside}</Gather>"#);
        twiml(&format!("{before}{gather}{behind}"))
    }

    fn keys(&self, request: &Request, form: &Form) -> Reply {
        if self.has("redirects the action") && !request.path().ends_with('/') {
            let headers = vec![("Location".to_owned(), format!("{PUBLIC}/keys/"))];
            return Reply {
                headers,
                ..Reply::new(302, "", "")
            };
        }
        if self.has("is slow with keys") {
            thread::sleep(Duration::from_secs_f64(TIMEOUT_SECS * 2.0));
        }
        let digits = form
            .iter()
            .find(|(name, _)| name == "Digits")
            .map(|(_, value)| value.as_str());
        let takes = match (self.bug, digits) {
            ("crashes without Digits", None) => {
                return Reply::new(500, "text/plain", "KeyError: Digits");
            }
            ("crashes at the key 0", Some("0")) => {
                return Reply::new(500, "text/plain", "IndexError");
            }
            ("takes nothing", _) => false,
            ("takes silence for a key", Some("")) => true,
            ("takes every key", Some(_)) => true,
            ("looks for the key anywhere", Some(digits)) => digits.contains('1'),
            (_, digits) => digits == Some("1"),
        };
        if !takes {
            return match self.bug {
                "hangs up on a wrong key" => twiml("<Say>Goodbye.</Say><Hangup/>"),
                _ => self.ask("That key means nothing."),
            };
        }
        let is_new = self.take(request, form);
        match self.bug {
            "refuses a key that comes again" if !is_new => {
                return Reply::new(409, "text/plain", "conflict");
            }
            "says something else the second time" if !is_new => {
                return twiml("<Say>Somebody has it already.</Say>");
            }
            _ => {}
        }
        twiml(&format!("<Say>Thank you, {SAYS_TAKEN}.</Say><Hangup/>"))
    }

    /// Nobody has pressed a key.
    fn silence(&self, form: &Form) -> Reply {
        if self.has("takes the alert after silence") {
            self.calls().entry(sid(form)).or_default().acknowledged += 1;
        }
        self.ask("Nobody has pressed a key.")
    }

    /// Takes the alert once for each delivery; whether this is the first.
    fn take(&self, request: &Request, form: &Form) -> bool {
        let sid = sid(form);
        let token = request
            .header("i-twilio-idempotency-token")
            .unwrap_or_default()
            .to_owned();
        if self.has("stores after it has spoken") {
            let calls = Arc::clone(&self.calls);
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(400));
                calls
                    .lock()
                    .expect("no panic")
                    .entry(sid)
                    .or_default()
                    .acknowledged += 1;
            });
            return true;
        }
        let mut calls = self.calls();
        if !calls.contains_key(&sid) && !self.has("knows every call") {
            return true;
        }
        let call = calls.entry(sid.clone()).or_default();
        let is_repeated = call.tokens.contains(&token);
        if self.has("looks first and writes then") {
            drop(calls);
            thread::sleep(Duration::from_millis(100));
            calls = self.calls();
        }
        let call = calls.entry(sid).or_default();
        if !is_repeated || self.has("counts every delivery") {
            call.tokens.push(token);
            call.acknowledged += 1;
        }
        !is_repeated
    }

    fn status(&self, form: &Form) -> Reply {
        let status = form
            .iter()
            .find(|(name, _)| name == "CallStatus")
            .map_or("", |(_, value)| value);
        let mut calls = self.calls();
        let call = calls.entry(sid(form)).or_default();
        if self.has("refuses repeated statuses") && call.status == status {
            return Reply::new(409, "text/plain", "conflict");
        }
        if self.has("refuses statuses out of order") && rank(status) < rank(&call.status) {
            return Reply::new(409, "text/plain", "conflict");
        }
        if rank(status) > rank(&call.status) || self.has("believes the last status") {
            status.clone_into(&mut call.status);
        }
        if status == "completed" && call.was_answered && self.has("takes hanging up for an answer")
        {
            call.acknowledged += 1;
        }
        if status == "completed" && self.has("takes a completed call for an answer") {
            call.acknowledged += 1;
        }
        match self.bug {
            "has no place for statuses" => Reply::new(500, "text/plain", "no such route"),
            "crashes at a new status" if rank(status) == 0 => {
                Reply::new(500, "text/plain", "unknown status")
            }
            "answers statuses with a page" => Reply::new(200, "text/html", "<html>ok</html>"),
            _ => Reply::new(204, "", ""),
        }
    }

    fn fallback(&self, form: &Form) -> Reply {
        let mut calls = self.calls();
        let call = calls.entry(sid(form)).or_default();
        call.was_answered = true;
        call.fallbacks += 1;
        drop(calls);
        let code = form
            .iter()
            .find(|(name, _)| name == "ErrorCode")
            .map_or("", |(_, value)| value);
        match self.bug {
            "ignores the fallback" => twiml(""),
            "knows only one error" if code != "11200" => {
                Reply::new(500, "text/plain", "unknown error")
            }
            "only apologises in the fallback" => twiml("<Say>We are sorry.</Say><Hangup/>"),
            "goes round in the fallback" => twiml(&format!("<Redirect>{PUBLIC}/voice</Redirect>")),
            "plays a recording in the fallback" => {
                twiml(&format!("<Play>{PUBLIC}/media/hello.wav</Play>"))
            }
            _ => twiml(&format!(
                r#"<Gather action="{PUBLIC}/keys" numDigits="1"><Say>Press one to take the alert.</Say></Gather><Say>Goodbye.</Say><Hangup/>"#
            )),
        }
    }
}

/// A call's way through its statuses; 0 for a word that is new.
fn rank(status: &str) -> u8 {
    match status {
        "queued" => 1,
        "initiated" => 2,
        "ringing" => 3,
        "in-progress" => 4,
        "completed" | "busy" | "no-answer" | "failed" | "canceled" => 5,
        _ => 0,
    }
}

fn sid(form: &Form) -> String {
    let sid = form.iter().find(|(name, _)| name == "CallSid");
    sid.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn twiml(inner: &str) -> Reply {
    let document = format!(r#"<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>"#);
    Reply::new(200, "text/xml; charset=utf-8", document)
}
