//! Our own core, `rinban serve` as a process, played by the suite that stands in for the carrier: it places its calls at the suite's API, and
//! every case has to hold.

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    command::Run,
    handler::{PUBLIC, TOKEN},
    http::{Reply, Request, Server},
};

const API_KEY: &str = "an-API-key";
/// Each trigger wakes another group of one person: nobody is called twice at a time, or too often in an hour.
const GROUPS: u64 = 60;

/// A core that runs until it is dropped.
struct Core {
    child: Child,
    address: SocketAddr,
    dir: TempDir,
    program: PathBuf,
}

/// Tests of a package find only its own programs; cargo makes the core's where it is missing or old.
fn program() -> PathBuf {
    let ours = Path::new(env!("CARGO_BIN_EXE_conformance"));
    let folder = ours.parent().expect("a folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build", "--quiet", "--locked", "-p", "rinban", "--bin", "rinban",
    ]);
    // What cargo tells of this package would have it build ring, and all above it, anew.
    for (name, _) in env::vars_os() {
        let told = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_",
        ];
        if told
            .iter()
            .any(|told| name.to_string_lossy().starts_with(told))
        {
            cargo.env_remove(name);
        }
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the core cannot be built");
    folder.join("rinban")
}

fn config(api: SocketAddr) -> String {
    let mut config = format!(
        r#"
default_group = "g0"
state_dir = "state"
[server]
listen = "127.0.0.1:0"
public_url = "{PUBLIC}/page"
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "twilio"
kind = "twilio"
base_url = "http://{api}"
account_sid = "AC00000000000000000000000000000001"
auth_token_env = "TOKEN"
from = "+815012345678"
calls_per_second = 1000
"#
    );
    for number in 0..GROUPS {
        write!(
            config,
            "[members.m{number}]\nnumber = \"+81901234{:04}\"\nlanguage = \"en\"\n[groups.g{number}]\nmembers = [\"m{number}\"]\n",
            5000 + number
        )
        .expect("writing to a String succeeds");
    }
    config
}

impl Core {
    fn start(api: SocketAddr) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("rinban.toml"), config(api)).expect("written");
        let program = program();
        let mut child = Self::command(&program, dir.path())
            .arg("serve")
            .arg("--config")
            .arg("rinban.toml")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the core starts");
        let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        std::thread::spawn(move || lines.for_each(drop));
        let address = line
            .strip_prefix("rinban is ready on http://")
            .and_then(|address| address.trim().parse().ok());
        let address = address.unwrap_or_else(|| panic!("the core says {line:?}"));
        Self {
            child,
            address,
            dir,
            program,
        }
    }

    fn command(program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .env("TOKEN", TOKEN)
            .env("API_KEY", API_KEY)
            .env("NO_PROXY", "127.0.0.0/8")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a trigger or a settlement of the suite is to the core: a problem, or its recovery.
fn event(body: &[u8]) -> Value {
    let asked: Value = serde_json::from_slice(body).expect("the suite posts JSON");
    let name = asked["event"].as_str().expect("an event has a name");
    let kind = if asked["action"] == "settle" {
        "recovery"
    } else {
        "problem"
    };
    let number: u64 = name
        .rsplit('-')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number");
    json!({
        "id": format!("{name}-{kind}"),
        "source": "zabbix",
        "dedup_key": name,
        "group": format!("g{}", number % GROUPS),
        "kind": kind,
        "severity": "critical",
        "title": "the disk is full",
        "received_at": "2026-01-05T00:00:00Z",
    })
}

fn post(core: SocketAddr, event: &Value) -> u16 {
    let body = event.to_string();
    let mut stream = TcpStream::connect(core).expect("the core listens");
    write!(
        stream,
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(500)
}

/// Reads the core's journal: an observer for a system that has none of its own.
struct Journal {
    program: PathBuf,
    dir: PathBuf,
    /// Which escalation a call belongs to, once that is known.
    known: Mutex<HashMap<String, String>>,
}

impl Journal {
    fn read(&self, arguments: &[&str]) -> String {
        let mut command = Core::command(&self.program, &self.dir);
        let output = command
            .arg("journal")
            .args(["--config", "rinban.toml"])
            .args(arguments)
            .output();
        String::from_utf8_lossy(&output.expect("the core's program runs").stdout).into_owned()
    }

    /// The entries of the escalation that has placed this call.
    fn of_call(&self, sid: &str) -> String {
        let known = self.known.lock().expect("no panic").get(sid).cloned();
        if let Some(id) = known {
            return self.read(&[&id, "--json"]);
        }
        let list = self.read(&[]);
        let ids = list
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        for id in ids {
            let entries = self.read(&[id, "--json"]);
            if entries.contains(sid) {
                self.known
                    .lock()
                    .expect("no panic")
                    .insert(sid.to_owned(), id.to_owned());
                return entries;
            }
        }
        String::new()
    }

    fn facts(&self, sid: &str) -> Value {
        let mut acknowledged = 0;
        let mut status = Value::Null;
        for line in self.of_call(sid).lines() {
            let entry: Value = serde_json::from_str(line).expect("the journal is JSON");
            if entry["input"]["call"] != sid {
                continue;
            }
            let effects = entry["effects"].as_array().cloned().unwrap_or_default();
            acknowledged += effects
                .iter()
                .filter(|effect| effect["do"] == "take_alerts")
                .count();
            if entry["input"]["saw"] == "status" {
                status = entry["input"]["status"].clone();
            }
        }
        json!({"acknowledged": acknowledged, "status": status})
    }
}

/// Between suite and core: triggers become events, and the journal becomes facts.
fn interpreter(core: &Core) -> Server {
    let address = core.address;
    let journal = Journal {
        program: core.program.clone(),
        dir: core.dir.path().to_owned(),
        known: Mutex::default(),
    };
    Server::start(move |request: &Request| {
        Some(match request.path() {
            "/event" => Reply::new(post(address, &event(&request.body)), "", ""),
            _ => {
                let sid = request
                    .query()
                    .and_then(|query| query.strip_prefix("CallSid="))
                    .unwrap_or_default();
                Reply::new(200, "application/json", journal.facts(sid).to_string())
            }
        })
    })
}

/// Cases that do not apply to a system that hands out its addresses itself, at a port, with one token, and plays no recordings.
const NOT_FOR_THE_CORE: [&str; 16] = [
    "sig/trailing-slash",
    "sig/double-slash",
    "sig/double-slash-in-front",
    "sig/path-escape",
    "sig/dot-segment",
    "sig/get",
    "sig/port-default",
    "sig/port-missing",
    "sig/stale-token",
    "sig/no-token",
    "sig/json",
    "sig/json-changed",
    "sig/sha256",
    "media/fetch",
    "media/type",
    "media/not-empty",
];

#[test]
fn our_own_core_passes_every_case_that_applies_to_it() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let api = port.local_addr().expect("is bound");
    drop(port);
    let core = Core::start(api);
    let between = interpreter(&core);
    let json = core.dir.path().join("report.json");
    let (event, observe) = (
        format!("http://{}/event", between.address),
        format!("http://{}/facts", between.address),
    );
    let run = Run::with(&[
        "--serve-api",
        &api.to_string(),
        "--trigger",
        &event,
        "--settle",
        &event,
        "--url",
        &format!("http://{}", core.address),
        "--public-url",
        &format!("{PUBLIC}/page"),
        "--auth-token-env",
        "TOKEN",
        "--observe-url",
        &observe,
        "--acknowledged-says",
        "taken",
        "--cases",
        "24",
        "--strict",
        "--json",
        json.to_str().expect("UTF-8"),
    ])
    .check(0);
    let report: Value =
        serde_json::from_str(&fs::read_to_string(&json).expect("written")).expect("JSON");
    let cases = report["targets"][0]["cases"].as_array().expect("cases");
    let skipped: Vec<_> = cases
        .iter()
        .filter(|case| case["outcome"] == "skipped")
        .filter_map(|case| case["id"].as_str())
        .collect();
    assert_eq!(skipped, NOT_FOR_THE_CORE, "{}", run.stdout);
    let passed = cases
        .iter()
        .filter(|case| case["outcome"] == "passed")
        .count();
    assert_eq!(passed + skipped.len(), cases.len());
}
