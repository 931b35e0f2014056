//! The command as a process, and HTTP as bytes: what breaks below HTTP is to be seen as it is.

use std::{
    io::{self, BufRead, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub(crate) const TOKEN: &str = "the token of the account";
pub(crate) const KEY: &str = "SK0123456789abcdef0123456789abcdef";
pub(crate) const SECRET: &str = "the secret of the key";
pub(crate) const FROM: &str = "+815012345678";
pub(crate) const TO: &str = "+819000000001";

/// How long anything may take that is under way; far longer than it does on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running stand-in; ended when the test lets go of it.
pub(crate) struct Stand {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<SocketAddr>,
    log: Arc<Mutex<String>>,
    _dir: TempDir,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// An error in Twilio's shape: its status and its code.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, u64) {
        let json = self.json();
        assert_eq!(json["status"], self.status, "{json}");
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{json}"
        );
        let code = json["code"].as_u64().expect("a code");
        let more = format!("https://www.twilio.com/docs/errors/{code}");
        assert_eq!(json["more_info"], more);
        (self.status, code)
    }
}

/// The command with these arguments; files are put into a directory in which it runs.
pub(crate) fn command(dir: &TempDir, args: &[&str], files: &[(&str, &str)]) -> Command {
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("written");
    }
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_conformance")));
    command
        .arg("serve")
        .args(args)
        .current_dir(dir.path())
        .env("TOKEN", TOKEN)
        .env("SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Stand {
    /// Fast phones, any port, an API key, and whatever a test wants besides.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::with(args, &[])
    }

    #[track_caller]
    pub(crate) fn with(args: &[&str], files: &[(&str, &str)]) -> Self {
        let key = format!("{KEY}=SECRET");
        let usual = [
            "--listen",
            "127.0.0.1:0",
            "--account-sid",
            ACCOUNT,
            "--auth-token-env",
            "TOKEN",
            "--api-key",
            &key,
        ];
        let mut all: Vec<&str> = usual.into_iter().chain(args.iter().copied()).collect();
        if !args.contains(&"--speed") {
            all.extend(["--speed", "50"]);
        }
        if !args.contains(&"--calls-per-second") {
            all.extend(["--calls-per-second", "1000"]);
        }
        let dir = tempfile::tempdir().expect("a directory");
        let mut child = command(&dir, &all, files).spawn().expect("the binary runs");
        let log = Arc::new(Mutex::new(String::new()));
        let (heard, stderr) = (Arc::clone(&log), child.stderr.take().expect("is piped"));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                *heard.lock().expect("no panic") += &(line + "\n");
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
        let mut address = |before: &str| {
            let line = lines.next()?.ok()?;
            line.split_once(before)?.1.parse().ok()
        };
        let found = address("ready on http://");
        let tls = args
            .contains(&"--listen-tls")
            .then(|| address("https://"))
            .flatten();
        let Some(address) = found else {
            panic!("not ready: {}", log.lock().expect("no panic"));
        };
        Self {
            child,
            address,
            tls,
            log,
            _dir: dir,
        }
    }

    /// A request to the API with the account's credentials.
    #[track_caller]
    pub(crate) fn api(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Reply {
        self.try_api(method, path, form).expect("a reply")
    }

    pub(crate) fn try_api(
        &self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> io::Result<Reply> {
        self.by(ACCOUNT, TOKEN, method, path, form)
    }

    /// A request to the API with any credentials.
    pub(crate) fn by(
        &self,
        user: &str,
        password: &str,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> io::Result<Reply> {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let path = format!("/2010-04-01/Accounts/{ACCOUNT}{path}");
        let head = format!(
            "Authorization: Basic {pair}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        self.send(method, &path, &head, &body)
    }

    /// Places a call; the stand-in's reply.
    #[track_caller]
    pub(crate) fn call(&self, more: &[(&str, &str)]) -> Reply {
        self.try_call(more).expect("a reply")
    }

    pub(crate) fn try_call(&self, more: &[(&str, &str)]) -> io::Result<Reply> {
        let least = [("To", TO), ("From", FROM)];
        let own = least
            .iter()
            .filter(|(name, _)| more.iter().all(|(given, _)| given != name));
        let form: Vec<_> = own.chain(more).copied().collect();
        self.try_api("POST", "/Calls.json", &form)
    }

    /// A request to the control API, which is answered with JSON.
    #[track_caller]
    pub(crate) fn control(&self, method: &str, path: &str, json: &Value) -> Reply {
        let path = format!("/_conformance/{path}");
        let body = if json.is_null() {
            String::new()
        } else {
            json.to_string()
        };
        self.send(method, &path, "", &body).expect("a reply")
    }

    /// What happened so far.
    #[track_caller]
    pub(crate) fn journal(&self) -> Vec<Value> {
        let reply = self.control("GET", "journal", &Value::Null);
        reply.json()["records"].as_array().expect("a list").clone()
    }

    /// Looks again and again until there is something to see in the journal.
    #[track_caller]
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut(&[Value]) -> Option<T>) -> T {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let journal = self.journal();
            if let Some(seen) = look(&journal) {
                return seen;
            }
            assert!(
                Instant::now() < give_up,
                "waited in vain for {what}: {journal:#?}"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the first call has this status.
    #[track_caller]
    pub(crate) fn wait_for_status(&self, status: &str) {
        self.wait(status, |journal| {
            let mut records = journal.iter();
            records
                .find(|it| it["what"] == "status" && it["status"] == status)
                .map(drop)
        });
    }

    /// Its exit status after a signal.
    pub(crate) fn end_by(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "{signal}");
        self.child.wait().expect("a child of ours").code()
    }

    /// The log, once this stands in it: it is read in a thread of its own, which may be late.
    #[track_caller]
    pub(crate) fn log_with(&self, says: &str) -> String {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let log = self.log.lock().expect("no panic").clone();
            if log.contains(says) {
                return log;
            }
            assert!(Instant::now() < give_up, "{says:?} is not in {log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn send(&self, method: &str, path: &str, head: &str, body: &str) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.address
        )?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        read(&bytes)
    }
}

/// A whole reply, or `UnexpectedEof` for one that is none or breaks off.
fn read(bytes: &[u8]) -> io::Result<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    if !head.starts_with("HTTP/1.1 ") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let lower = head.to_ascii_lowercase();
    let mut lengths = lower
        .lines()
        .filter_map(|line| line.strip_prefix("content-length: "));
    let length = lengths
        .next()
        .and_then(|length| length.parse().ok())
        .unwrap_or(0_usize);
    match status {
        Some(status) if body.len() == length => Ok(Reply {
            status,
            head: lower,
            body: body.to_owned(),
        }),
        _ => Err(broken()),
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
