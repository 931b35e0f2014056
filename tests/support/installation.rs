//! An installation of one file on a host where no core runs: the program beside its configuration, owned by the monitor's
//! user, a simulated phone network, and a Slack that is a socket of the test. Shared by the tests of both plugins.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rinban::{
    escalation::{CallStatus, Entry, EscalationId, Input},
    store::Reader,
};
use tempfile::TempDir;

/// `nobody`: another user than the one that tests usually run as.
const NOBODY: u32 = 65_534;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Installation {
    dir: TempDir,
    program: PathBuf,
    slack: Arc<Mutex<Vec<String>>>,
}

/// How a run of the plugin ended.
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) output: String,
    pub(crate) took: Duration,
}

impl Installation {
    /// Installs one program. In a group of three, the first phone is busy and the second person presses 1.
    pub(crate) fn of(program: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let slack = Arc::new(Mutex::new(Vec::new()));
        let url = serve_slack(Arc::clone(&slack));
        let path = dir
            .path()
            .join(Path::new(program).file_name().expect("a program"));
        // By another process: a child that another test starts just now would inherit the file while it is open for writing,
        // and until that child has become another program, this one is too busy to be run.
        let copied = Command::new("cp").arg(program).arg(&path).status();
        assert!(copied.is_ok_and(|status| status.success()), "not copied");
        fs::write(dir.path().join("slack-url"), url).expect("the secret");
        fs::set_permissions(
            dir.path().join("slack-url"),
            fs::Permissions::from_mode(0o600),
        )
        .expect("the secret is private");
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("its number");
        let config = format!(
            r#"
state_dir = "state"
[server]
listen = "{port}"
[[providers]]
name = "simulated"
kind = "simulated"
[simulator]
speed = 10
[simulator.people]
"+819000000001" = ["busy"]
"+819000000002" = ["key 1"]
[members.aya]
number = "+819000000001"
[members.ben]
number = "+819000000002"
language = "en"
[groups.web]
members = ["aya", "ben"]
[[notices]]
name = "team"
kind = "slack"
url_file = "slack-url"
language = "en"
"#
        );
        fs::write(dir.path().join("rinban.toml"), config).expect("the configuration");
        let installation = Self {
            program: path,
            slack,
            dir,
        };
        installation.give_away();
        installation
    }

    /// Lets another user own it all, where the test may do that.
    fn give_away(&self) {
        if !may_change_user() {
            return;
        }
        let files = fs::read_dir(self.dir.path()).expect("the directory");
        let files = files.map(|file| file.expect("a file").path());
        for path in files.chain([self.dir.path().to_owned()]) {
            chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
        }
    }

    /// Runs the plugin as a monitor does: bare environment, working directory `/`, nothing on standard input, both outputs
    /// in one pipe that is read to its end.
    pub(crate) fn run(&self, args: &[&str], environment: &[(&str, &str)]) -> Run {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .envs(environment.iter().copied())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("the pipe's other end"))
            .stderr(writer);
        if may_change_user() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let started = Instant::now();
        let mut child = command.spawn().expect("the plugin starts");
        // The command holds the writing end, and with it the pipe open.
        drop(command);
        let mut output = String::new();
        reader.read_to_string(&mut output).expect("text");
        let status = child.wait().expect("a child of ours").code();
        Run {
            status,
            output,
            took: started.elapsed(),
        }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The journal of the first escalation.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let journal =
            Reader::open(&self.state()).and_then(|mut store| store.journal(EscalationId(1)));
        journal.unwrap_or_default()
    }

    /// Waits until a phone has rung and Slack has heard all of this, in this order.
    pub(crate) fn wait_for_the_phone_and_slack(&self, texts: &[&str]) {
        let rang = || {
            self.journal().iter().any(|entry| {
                matches!(
                    entry.input,
                    Input::Status {
                        status: CallStatus::Ringing,
                        ..
                    }
                )
            })
        };
        let heard = || {
            let slack = self
                .slack
                .lock()
                .expect("no test panics with it")
                .join("\n");
            texts
                .iter()
                .try_fold(slack.as_str(), |rest, text| {
                    rest.split_once(text).map(|(_, rest)| rest)
                })
                .is_some()
        };
        let give_up = Instant::now() + PATIENCE;
        while !(rang() && heard()) {
            assert!(
                Instant::now() < give_up,
                "no phone rang or Slack did not hear {texts:?}; it heard {:#?}; journal: {:#?}; log: {}",
                self.slack.lock().expect("no test panics with it"),
                self.journal(),
                fs::read_to_string(self.state().join("rinban.log")).unwrap_or_default(),
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process that the plugin left behind.
    pub(crate) fn core(&self) -> Option<i32> {
        fs::read_to_string(self.state().join("core.lock"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let Some(core) = self.core() else { return };
        let pid = nix::unistd::Pid::from_raw(core);
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    }
}

fn may_change_user() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A Slack that says `ok` to everything; its address.
fn serve_slack(heard: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its number");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let heard = Arc::clone(&heard);
            thread::spawn(move || answer(&stream, &heard));
        }
    });
    format!("http://{address}/services/T/B/secret")
}

/// Answers the requests of one connection until it is closed.
fn answer(stream: &TcpStream, heard: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        heard
            .lock()
            .ok()?
            .push(String::from_utf8_lossy(&body).into_owned());
        (&mut &*stream)
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .ok()?;
    }
}
