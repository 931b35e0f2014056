//! The program as Zabbix runs it: by `sh -c` with each argument in single quotes, a bare environment, `/` as the working
//! directory, nothing on standard input, one pipe for both outputs. A test that holds the core lock is the core.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use rinban::alert::{Event, EventKind};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zabbix-alertscript");

/// A host with a configuration, and a core unless the lock is let go.
struct Host {
    dir: TempDir,
    core: Option<File>,
}

impl Host {
    fn with_core() -> Self {
        let host = Self::without_core();
        let lock = File::create(host.dir.path().join("core.lock")).expect("a lock file");
        lock.lock().expect("the core lock");
        Self {
            core: Some(lock),
            ..host
        }
    }

    fn without_core() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let config = format!(
            "state_dir = {:?}\n[handoff]\nstart_core = false\n",
            dir.path()
        );
        fs::write(dir.path().join("rinban.toml"), config).expect("a configuration");
        Self { dir, core: None }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("rinban.toml")
    }

    /// Starts the program with `--config` and these arguments, both outputs in one pipe.
    fn start(&self, args: &[&OsStr]) -> (Child, io::PipeReader) {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut line = quoted(OsStr::new(PROGRAM));
        let config = self.config();
        let config = [OsStr::new("--config"), config.as_os_str()];
        for arg in config.iter().chain(args) {
            line.push(b' ');
            line.extend(quoted(arg));
        }
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(&line))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("the pipe's other end"))
            .stderr(writer)
            .spawn()
            .expect("sh");
        (child, reader)
    }

    /// Runs it to its end: exit status and output.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let args: Vec<_> = args.iter().map(OsStr::new).collect();
        self.run_bytes(&args)
    }

    fn run_bytes(&self, args: &[&OsStr]) -> (Option<i32>, String) {
        let (mut child, mut reader) = self.start(args);
        let mut output = String::new();
        reader.read_to_string(&mut output).expect("UTF-8 output");
        (child.wait().expect("an exit status").code(), output)
    }

    /// What lies in the spool.
    fn spooled(&self) -> Vec<Event> {
        let Ok(new) = fs::read_dir(self.dir.path().join("spool/new")) else {
            return Vec::new();
        };
        new.map(|entry| {
            let json = fs::read(entry.expect("an entry").path()).expect("a spooled event");
            Event::from_json(&json).expect("an event")
        })
        .collect()
    }

    fn empty_spool(&self) {
        fs::remove_dir_all(self.dir.path().join("spool/new")).expect("the spool");
        fs::create_dir(self.dir.path().join("spool/new")).expect("the spool");
    }
}

/// As Zabbix quotes: in single quotes, each one inside as `'\''`.
fn quoted(arg: &OsStr) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in arg.as_bytes() {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            byte => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

const QUIET: (Option<i32>, String) = (Some(0), String::new());

fn problem(id: u32, name: &str) -> String {
    format!(
        "rinban=1\r\nkind=problem\r\nevent_id={id}\r\nvalue=1\r\nnseverity=5\r\nhost=web01\r\nname={name}"
    )
}

#[test]
fn a_problem_is_in_the_spool_before_the_program_ends() {
    let host = Host::with_core();
    let name = "It's \"down\" & $HOME `id` \\ 障害";
    assert_eq!(
        host.run(&["primary", "problem 1", &problem(1, name)]),
        QUIET
    );
    let [event] = &host.spooled()[..] else {
        panic!("{:?}", host.spooled());
    };
    assert_eq!(event.id.as_str(), "zabbix:primary:1:problem");
    assert_eq!(event.title, name);
    assert_eq!(event.group.as_str(), "primary");
}

#[test]
fn without_a_core_zabbix_is_told_in_one_line_and_tries_again() {
    let host = Host::without_core();
    let (code, output) = host.run(&["primary", "problem 1", &problem(1, "down")]);
    assert_eq!(code, Some(1), "{output}");
    assert_eq!(output.lines().count(), 1, "{output}");
    assert!(output.len() < 2_048);
}

#[test]
fn a_missing_configuration_is_one_line_and_status_1() {
    let host = Host::with_core();
    fs::remove_file(host.config()).expect("the configuration");
    let (code, output) = host.run(&["primary", "problem 1", &problem(1, "down")]);
    assert_eq!((code, output.lines().count()), (Some(1), 1), "{output}");
    assert!(output.contains("rinban.toml"), "{output}");
}

#[test]
fn under_the_name_rinban_it_is_the_core() {
    let dir = tempfile::tempdir().expect("a directory");
    let link = dir.path().join("rinban");
    std::os::unix::fs::symlink(PROGRAM, &link).expect("a link");
    let output = Command::new(link)
        .arg("--version")
        .output()
        .expect("it runs");
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(version.starts_with("rinban "), "{version}");
}

#[test]
fn a_wrong_option_is_status_2() {
    let host = Host::with_core();
    let (code, output) = host.run(&["--sevrity", "5", "primary", "s", "m"]);
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains("--sevrity"), "{output}");
}

#[test]
fn bytes_that_are_not_utf8_and_long_messages_arrive() {
    let host = Host::with_core();
    let body = [problem(1, "caf").as_bytes(), b"\xe9 \xff"].concat();
    let sendto = OsStr::new("primary");
    let status = host.run_bytes(&[
        sendto,
        OsStr::from_bytes(b"\xff\xfe"),
        OsStr::from_bytes(&body),
    ]);
    assert_eq!(status, QUIET);
    assert!(host.spooled()[0].title.starts_with("caf\u{fffd}"));

    host.empty_spool();
    let long = problem(2, &"あ".repeat(100_000 / 3));
    assert_eq!(host.run(&["primary", "problem 2", &long]), QUIET);
    assert_eq!(host.spooled()[0].dedup_key.as_str(), "2");
}

#[test]
fn a_closed_pipe_does_not_change_the_exit_status() {
    let host = Host::without_core();
    let (mut child, reader) = host.start(&["primary", "problem 1", "rinban=1"].map(OsStr::new));
    drop(reader);
    assert_eq!(child.wait().expect("an exit status").code(), Some(1));
}

#[test]
fn the_test_button_shows_whether_the_way_is_free() {
    let test = [
        "primary",
        "Test subject",
        "This is the test message from Zabbix",
    ];
    let (code, output) = Host::with_core().run(&test);
    assert_eq!(code, Some(0), "{output}");
    let host = Host::without_core();
    let (code, output) = host.run(&test);
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("core"), "{output}");
    assert!(host.spooled().is_empty());
}

#[test]
fn check_says_what_it_looked_at() {
    let host = Host::with_core();
    let (code, output) = host.run(&["--check"]);
    assert_eq!(code, Some(0), "{output}");
    for word in ["uid", "configuration", "spool", "core"] {
        assert!(output.contains(word), "{word}: {output}");
    }
    drop(host.core);
    let (code, output) = Host::without_core().run(&["--check"]);
    assert_eq!(code, Some(1), "{output}");
}

#[test]
fn check_asks_remote_cores_and_one_is_enough() {
    let host = Host::without_core();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let key = host.dir.path().join("key");
    fs::write(&key, "secret").expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a key of our own");
    let config = format!(
        "state_dir = {:?}\n[handoff]\ncores = [\"http://127.0.0.1:9\", \"http://{address}\"]\napi_key_file = {key:?}\n",
        host.dir.path()
    );
    fs::write(host.config(), config).expect("a configuration");
    let (code, output) = host.run(&["--check"]);
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.contains(&format!("{address} can be reached")),
        "{output}"
    );
    drop(listener);
    let (code, output) = host.run(&["--check"]);
    assert_eq!(code, Some(1), "{output}");
    assert!(!output.contains("secret"), "{output}");
}

#[test]
fn no_arguments_page_and_the_next_event_closes_that_alert() {
    let host = Host::with_core();
    assert_eq!(host.run(&[]), QUIET);
    let outage = host.spooled()[0].clone();
    assert_eq!(
        (outage.dedup_key.as_str(), outage.kind),
        ("database", EventKind::Problem)
    );

    host.empty_spool();
    assert_eq!(host.run(&[]), QUIET);
    assert_eq!(
        host.spooled()[0].id,
        outage.id,
        "a repeat is the same event"
    );

    host.empty_spool();
    assert_eq!(
        host.run(&["primary", "problem 1", &problem(1, "down")]),
        QUIET
    );
    let mut seen: Vec<_> = host
        .spooled()
        .into_iter()
        .map(|event| (event.dedup_key.as_str().to_owned(), event.kind))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("1", EventKind::Problem), ("database", EventKind::Recovery)];
    assert_eq!(seen, expected.map(|(key, kind)| (key.to_owned(), kind)));

    host.empty_spool();
    assert_eq!(
        host.run(&["primary", "problem 2", &problem(2, "down")]),
        QUIET
    );
    assert_eq!(host.spooled().len(), 1);
}

#[test]
fn two_hundred_runs_at_once_lose_nothing() {
    let host = Host::with_core();
    let bodies: Vec<_> = (0..200).map(|id| problem(id, "down")).collect();
    let children: Vec<_> = bodies
        .iter()
        .map(|body| host.start(&["primary", "problem", body].map(OsStr::new)))
        .collect();
    for (mut child, _reader) in children {
        assert_eq!(child.wait().expect("an exit status").code(), Some(0));
    }
    assert_eq!(host.spooled().len(), 200);
}
