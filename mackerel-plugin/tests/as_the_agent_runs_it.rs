//! A host with an agent: `LANG=C`, `/` as the working directory, nothing on standard input. A test that holds the core
//! lock is the core, and one that listens answers for it.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Command, Output},
    thread,
};

use rinban::alert::Event;
use tempfile::TempDir;

use crate::agent::{USUAL, by_the_agent, run_within};

pub(crate) const PLUGIN: &str = env!("CARGO_BIN_EXE_mackerel-plugin-rinban");
pub(crate) const CHECK: &str = env!("CARGO_BIN_EXE_check-rinban");

/// A host with a configuration, and a core while the lock is held.
pub(crate) struct Host {
    pub(crate) dir: TempDir,
    core: Option<File>,
}

impl Host {
    pub(crate) fn without_core() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let host = Self { dir, core: None };
        host.configure(([127, 0, 0, 1], 9).into());
        host
    }

    pub(crate) fn with_core() -> Self {
        let mut host = Self::without_core();
        host.start_core();
        host
    }

    /// Writes a whole configuration, with a core that listens at `listen` and is reached there by a carrier.
    pub(crate) fn configure(&self, listen: SocketAddr) {
        self.configure_simulated(listen);
        let sid = "0".repeat(32);
        let carrier = format!(
            "kind = \"twilio\"\naccount_sid = \"AC{sid}\"\nauth_token_env = \"TOKEN\"\nfrom = \"+815000000000\""
        );
        self.change("kind = \"simulated\"", &carrier);
        let reached = format!("listen = \"{listen}\"\npublic_url = \"http://{listen}\"");
        self.change(&format!("listen = \"{listen}\""), &reached);
    }

    /// The same with a simulated network.
    pub(crate) fn configure_simulated(&self, listen: SocketAddr) {
        let state_dir = self.dir.path();
        let config = format!(
            r#"state_dir = {state_dir:?}
default_group = "primary"

[handoff]
start_core = false

[server]
listen = "{listen}"

[[providers]]
name = "practice"
kind = "simulated"

[members.hanako]
number = "+819000000001"

[groups.primary]
members = ["hanako"]
"#
        );
        fs::write(self.config(), config).expect("a configuration");
    }

    /// Changes the configuration in one place.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.config()).expect("a configuration");
        assert!(config.contains(from), "{config}");
        fs::write(self.config(), config.replace(from, to)).expect("written");
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("rinban.toml")
    }

    pub(crate) fn start_core(&mut self) {
        let lock = File::create(self.dir.path().join("core.lock")).expect("a lock file");
        lock.lock().expect("the core lock");
        self.core = Some(lock);
    }

    pub(crate) fn stop_core(&mut self) {
        self.core = None;
    }

    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .arg("--config")
            .arg(self.config())
            .env_clear()
            .env("PATH", "/sbin:/usr/sbin:/bin:/usr/bin")
            .current_dir("/");
        by_the_agent(&mut command);
        command
    }

    /// What lies in the spool, and empties it.
    pub(crate) fn take_spooled(&self) -> Vec<Event> {
        let Ok(new) = fs::read_dir(self.dir.path().join("spool/new")) else {
            return Vec::new();
        };
        new.map(|entry| {
            let path = entry.expect("an entry").path();
            let json = fs::read(&path).expect("a spooled event");
            fs::remove_file(path).expect("removed");
            Event::from_json(&json).expect("an event")
        })
        .collect()
    }
}

/// Answers `/health` with these bodies, one for each run of a plugin, and then with the last.
///
/// A check asks a second time by the address where carriers look, with a request that says who it is from.
pub(crate) fn answer_health(bodies: Vec<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        let mut bodies = bodies.into_iter();
        let mut last = String::new();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let mut request = [0; 1_024];
            let length = stream.read(&mut request).expect("a request");
            let is_carrier = String::from_utf8_lossy(&request[..length]).contains("rinban/");
            if !is_carrier {
                last = bodies.next().unwrap_or(last);
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                last.len()
            );
            // Whoever has seen enough may have gone.
            let _ = stream.write_all((head + &last).as_bytes());
        }
    });
    address
}

/// Exit status, standard output, standard error.
pub(crate) fn ended(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    run_within(command, USUAL).ended()
}
