//! Systems that place their calls themselves, triggered by a command: a small one that is good, and what is told of one that is not.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use super::{
    command::Run,
    handler::{Handler, PUBLIC, TOKEN},
    http::Server,
};

/// Reads lines that the trigger appends to a file, and places a call for each: an on-call system in its shortest form.
struct System {
    dir: TempDir,
    handler: Server,
    api: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl System {
    fn start(password: &'static str, call: &'static str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let api = listener.local_addr().expect("is bound");
        let stop = Arc::new(AtomicBool::new(false));
        let (events, stopped) = (Self::events(dir.path()), Arc::clone(&stop));
        thread::spawn(move || {
            let mut placed = 0;
            while !stopped.load(Ordering::Relaxed) {
                let lines = fs::read_to_string(&events).unwrap_or_default();
                let wanted = lines
                    .lines()
                    .filter(|line| line.starts_with("trigger "))
                    .count();
                for _ in placed..wanted {
                    place(api, password, call);
                }
                placed = wanted;
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self {
            dir,
            handler: Handler::serve("none"),
            api,
            stop,
        }
    }

    fn events(dir: &Path) -> PathBuf {
        dir.join("events")
    }

    fn run(&self, cases: &[&str]) -> Run {
        let write = r#"echo "$CONFORMANCE_ACTION $CONFORMANCE_NUMBER $CONFORMANCE_CASE $CONFORMANCE_EVENT" >> "#;
        let command = format!("{write}'{}'", Self::events(self.dir.path()).display());
        let (api, url) = (
            self.api.to_string(),
            format!("http://{}", self.handler.address),
        );
        let observe = format!("{url}/observe");
        let mut arguments = cases.to_vec();
        arguments.extend([
            "--serve-api",
            &api,
            "--trigger",
            &command,
            "--settle",
            &command,
            "--url",
            &url,
        ]);
        arguments.extend([
            "--public-url",
            PUBLIC,
            "--auth-token-env",
            "TOKEN",
            "--observe-url",
            &observe,
            "--timeout",
            "3",
            "--strict",
        ]);
        Run::with(&arguments)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// `POST Calls.json`, as the official libraries send it.
fn place(api: SocketAddr, password: &str, call: &str) {
    let authorization = STANDARD.encode(format!("AC00000000000000000000000000000001:{password}"));
    let Ok(mut stream) = TcpStream::connect(api) else {
        return;
    };
    let _ = write!(
        stream,
        "POST /2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json HTTP/1.1\r\nHost: x\r\n\
         Authorization: Basic {authorization}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{call}",
        call.len()
    );
    let _ = stream.read_to_end(&mut Vec::new());
}

const CALL: &str = "To=%2B819012345678&From=%2B815012345678\
    &Url=https%3A%2F%2Foncall.example.com%3A8443%2Fvoice%23rc%3D3\
    &StatusCallback=https%3A%2F%2Foncall.example.com%3A8443%2Fstatus\
    &FallbackUrl=https%3A%2F%2Foncall.example.com%3A8443%2Ffallback";

#[test]
fn a_system_that_a_command_triggers_is_played_with_the_addresses_that_it_hands_out() {
    let system = System::start(TOKEN, CALL);
    let run = system
        .run(&[
            "sig/plain",
            "gather/digit",
            "status",
            "fallback",
            "retry/at-once",
        ])
        .check(0);
    assert!(run.stdout.contains(" 0 skipped"), "{}", run.stdout);
    let told = fs::read_to_string(System::events(system.dir.path())).expect("written");
    let count = |action: &str| told.lines().filter(|line| line.starts_with(action)).count();
    assert!(told.contains("trigger 1 sig/plain conformance-"), "{told}");
    assert_eq!(count("trigger "), count("settle "), "{told}");
}

#[test]
fn a_system_that_names_no_fallback_is_told_so() {
    let call = CALL.split("&FallbackUrl").next().expect("the rest");
    let run = System::start(TOKEN, call)
        .run(&["fallback/elsewhere", "fallback/11200"])
        .check(1);
    assert!(
        run.stdout.contains("expected  a FallbackUrl with the call"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("skip  fallback/11200"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_system_with_another_token_places_no_call() {
    let run = System::start("another token", CALL)
        .run(&["sig/plain"])
        .check(3);
    assert!(
        run.stderr.contains("no call was placed at the API"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("refused 1 request: the password"),
        "{}",
        run.stderr
    );
}
