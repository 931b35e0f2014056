//! `rinban serve` as a process, and a look at what it has stored.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rinban::{
    escalation::{Entry, Escalation, EscalationId},
    handoff::Spool,
    store::{Reader, Snapshot},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    PATIENCE,
    carrier::Carrier,
    http::{Reply, Request},
    wait_for, within,
};

/// The auth token of the provider `twilio`, and the one that is to replace it.
pub(crate) const TOKEN: &str = "the auth token";
pub(crate) const NEXT_TOKEN: &str = "the next auth token";
/// The auth token of the provider `other`.
pub(crate) const OTHER_TOKEN: &str = "the token of another account";
/// The key of the ingest API.
pub(crate) const API_KEY: &str = "an-API-key";
/// Where carriers think they reach us.
pub(crate) const PUBLIC: &str = "https://oncall.example.com";

/// A directory with a configuration, a state directory and a spool.
#[derive(Debug)]
pub(crate) struct Home {
    dir: TempDir,
    environment: Vec<(String, String)>,
    user: Option<u32>,
}

impl Home {
    /// With any configuration.
    pub(crate) fn with(config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = Self {
            dir,
            environment: Vec::new(),
            user: None,
        };
        home.write_config(config);
        let secrets = [
            ("TOKEN", TOKEN),
            ("NEXT_TOKEN", NEXT_TOKEN),
            ("OTHER_TOKEN", OTHER_TOKEN),
            ("API_KEY", API_KEY),
        ];
        secrets
            .into_iter()
            .fold(home, |home, (name, value)| home.variable(name, value))
    }

    /// With two people, two providers that are both `carrier`, and this address.
    pub(crate) fn reached_at(public_url: &str, carrier: &Carrier) -> Self {
        Self::with(&config(public_url, &carrier.url()))
    }

    /// The usual one.
    pub(crate) fn new(carrier: &Carrier) -> Self {
        Self::reached_at(PUBLIC, carrier)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As another user, who may enter the directory.
    pub(crate) fn run_by(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    pub(crate) fn write_config(&self, config: &str) {
        fs::write(self.config(), config).expect("written");
    }

    /// Appends to the configuration.
    pub(crate) fn and(self, more: &str) -> Self {
        let config = fs::read_to_string(self.config()).expect("readable");
        self.write_config(&format!("{config}\n{more}"));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("rinban.toml")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    pub(crate) fn database(&self) -> PathBuf {
        let mut files = fs::read_dir(self.state()).expect("lists").flatten();
        let is_database = |path: &PathBuf| path.extension().is_some_and(|name| name == "db");
        files
            .find_map(|file| Some(file.path()).filter(is_database))
            .expect("a core has run here")
    }

    pub(crate) fn spool_dir(&self) -> PathBuf {
        self.path().join("spool")
    }

    /// Puts an event in the spool, as a plugin does.
    pub(crate) fn spool(&self, event: &Value) {
        let id = event["id"].as_str().expect("an event has an id");
        Spool::new(self.spool_dir())
            .write(&id.into(), event.to_string().as_bytes())
            .expect("the spool takes it");
    }

    /// The files in a directory of the spool.
    pub(crate) fn spooled(&self, name: &str) -> usize {
        fs::read_dir(self.spool_dir().join(name)).map_or(0, Iterator::count)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.state()).expect("a core has run here")
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.reader().snapshot().expect("readable")
    }

    pub(crate) fn journal(&self, id: u64) -> Vec<Entry> {
        self.reader().journal(EscalationId(id)).expect("readable")
    }

    pub(crate) fn escalation(&self, id: u64) -> Escalation {
        self.stored_escalation(id).expect("there is one")
    }

    /// The escalation, once it is on disk. An alert is counted a little earlier.
    pub(crate) fn stored_escalation(&self, id: u64) -> Option<Escalation> {
        let found = self.reader().escalation(EscalationId(id));
        found.expect("readable")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rinban"));
        command
            .args(args)
            .arg("--config")
            .arg(self.config())
            .current_dir(self.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("NO_PROXY", "127.0.0.0/8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Runs a command that ends by itself: exit status and standard error.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String) {
        let (mut running, _) = Running::start(&mut self.command(args));
        let status = running
            .wait(PATIENCE)
            .unwrap_or_else(|| panic!("{args:?} does not end: {}", running.said()));
        let said = running.said_until_its_end();
        let status = status
            .code()
            .unwrap_or_else(|| panic!("ended by a signal: {said}"));
        (status, said)
    }

    /// Runs a command that ends by itself, and gives out all it has said.
    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Starts a command that a test ends.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().expect("the binary runs")
    }

    /// Starts a core and waits until it is ready.
    #[track_caller]
    pub(crate) fn serve(&self) -> Core {
        self.serve_by(&["serve"])
    }

    /// The same as a plugin starts it; it keeps the standard output, and so says that it is ready.
    #[track_caller]
    pub(crate) fn serve_detached(&self) -> Core {
        self.serve_by(&["serve", "--detached"])
    }

    #[track_caller]
    fn serve_by(&self, args: &[&str]) -> Core {
        let (mut running, first_line) = Running::start(&mut self.command(args));
        let line = first_line.recv_timeout(PATIENCE).ok().flatten();
        let address = line
            .as_deref()
            .and_then(|line| line.trim().strip_prefix("rinban is ready on http://"))
            .and_then(|address| address.parse().ok());
        match address {
            Some(address) => Core { running, address },
            None => {
                let _ = running.child.kill();
                panic!("not ready ({line:?}): {}", running.said_until_its_end());
            }
        }
    }
}

/// The configuration of [`Home::new`].
pub(crate) fn config(public_url: &str, carrier: &str) -> String {
    format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:0"
public_url = "{public_url}"
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "twilio"
kind = "twilio"
base_url = "{carrier}"
account_sid = "AC00000000000000000000000000000001"
auth_token_env = "TOKEN"
next_auth_token_env = "NEXT_TOKEN"
from = "+815012345678"
calls_per_second = 1000
[[providers]]
name = "other"
kind = "twilio"
base_url = "{carrier}"
account_sid = "AC00000000000000000000000000000002"
auth_token_env = "OTHER_TOKEN"
from = "+815012345678"
calls_per_second = 1000
[members.aya]
number = "+819012345678"
language = "en"
[members.ben]
number = "+819012345679"
language = "en"
[groups.web]
members = ["aya", "ben"]
"#
    )
}

/// An event of a problem that calls somebody.
pub(crate) fn problem(id: &str) -> Value {
    json!({
        "id": id,
        "source": "zabbix",
        "dedup_key": id,
        "group": "web",
        "kind": "problem",
        "severity": "critical",
        "title": format!("{id} is broken"),
        "received_at": "2026-01-05T00:00:00Z",
    })
}

/// `POST /v1/events` with the key.
pub(crate) fn event_request(body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", "/v1/events")
        .header("Authorization", &format!("Bearer {API_KEY}"))
        .header("Content-Type", "application/json")
        .body(body)
}

/// A core that is ready.
#[derive(Debug)]
pub(crate) struct Core {
    running: Running,
    pub(crate) address: SocketAddr,
}

impl Core {
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Reply {
        let reply = request.send(self.address);
        reply.check_form();
        reply
    }

    #[track_caller]
    pub(crate) fn post(&self, event: &Value) -> Reply {
        self.send(&event_request(event.to_string()))
    }

    #[track_caller]
    pub(crate) fn health(&self) -> Value {
        let reply = self.send(&Request::new("GET", "/health"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Waits until so many alerts are open.
    #[track_caller]
    pub(crate) fn wait_for_alerts(&self, open: u64) {
        wait_for("open alerts", || {
            (self.health()["open_alerts"] == open).then_some(())
        });
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.running.said()
    }

    #[track_caller]
    pub(crate) fn wait_for_log(&self, words: &str) {
        let found = within(PATIENCE, || self.log().contains(words).then_some(()));
        assert!(found.is_some(), "{words:?} is not in {}", self.log());
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.running.child.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.id()).expect("process ids are small");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("it is our child");
    }

    /// How it ended, if it did within the limit.
    pub(crate) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.running.wait(limit)
    }

    /// Ends it as a service manager does.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.terminate();
        let status = self.wait(PATIENCE).expect("SIGTERM ends it");
        assert!(status.success(), "{status}: {}", self.log());
    }
}

/// A child that is killed when the test lets go of it.
#[derive(Debug)]
struct Running {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    listening: Option<JoinHandle<()>>,
}

impl Running {
    /// Also the first line of its standard output, when it comes; nothing if that ends without one.
    fn start(command: &mut Command) -> (Self, mpsc::Receiver<Option<String>>) {
        let mut child = command.spawn().expect("the binary runs");
        let (sender, first_line) = mpsc::channel();
        let stdout = child.stdout.take().expect("is piped");
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            let _ = sender.send(lines.next().and_then(Result::ok));
            lines.for_each(drop);
        });
        let said = Arc::new(Mutex::new(Vec::new()));
        let (heard, mut stderr) = (Arc::clone(&said), child.stderr.take().expect("is piped"));
        let listening = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut piece) {
                heard
                    .lock()
                    .expect("no panic")
                    .extend_from_slice(&piece[..read]);
            }
        });
        let running = Self {
            child,
            said,
            listening: Some(listening),
        };
        (running, first_line)
    }

    fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        within(limit, || self.child.try_wait().expect("it is our child"))
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("no panic")).into_owned()
    }

    fn said_until_its_end(&mut self) -> String {
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
        self.said()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
