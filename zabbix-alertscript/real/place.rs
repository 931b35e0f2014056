//! Where it all runs: a temporary directory of the monitor's user, and processes that end with this one.

use std::{
    ffi::OsStr,
    fs,
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often something that is waited for is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A directory, and the user whom Zabbix and the core run as: `zabbix` if we are root, else whoever we are.
pub(crate) struct Place {
    dir: TempDir,
    user: Option<User>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("rinban-zabbix-")
            .tempdir()
            .expect("a temporary directory");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let user = geteuid().is_root().then(|| {
            User::from_name("zabbix")
                .expect("users can be looked up")
                .expect("the package made the user zabbix")
        });
        let place = Self { dir, user };
        place.give(&[place.dir.path()]);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes a directory of the monitor's user.
    pub(crate) fn make_dir(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).expect("a directory");
        self.give(&[&path]);
        path
    }

    /// Writes a file of the monitor's user.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        self.give(&[&path]);
        path
    }

    /// Copies a file or a tree in, by another process: a program that is open for writing here when a child is made cannot be run.
    pub(crate) fn copy(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.path(name);
        let copied = Command::new("cp").arg("-a").arg(from).arg(&to).status();
        assert!(
            copied.is_ok_and(|status| status.success()),
            "{} was not copied",
            from.display()
        );
        to
    }

    fn give(&self, paths: &[&Path]) {
        let Some(user) = &self.user else { return };
        for path in paths {
            chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                .expect("root may give files away");
        }
    }

    /// A command of the monitor's user as a service manager would start it: bare environment, `/`, no input. Should we end
    /// without a word, it gets SIGTERM, by which PostgreSQL waits for its clients, so that the server can still end properly.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]);
        if let Some(user) = &self.user {
            command.arg(format!("--reuid={}", user.uid));
            command.arg(format!("--regid={}", user.gid));
            command.arg("--clear-groups");
        }
        command
            .arg("--")
            .arg(program)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("LANG", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::null());
        command
    }

    /// Starts a daemon in the foreground, both outputs in `NAME.log`.
    pub(crate) fn daemon(
        &self,
        name: &'static str,
        end: Signal,
        program: impl AsRef<OsStr>,
        arrange: impl FnOnce(&mut Command),
    ) -> Daemon {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path(&format!("{name}.log")))
            .expect("a log");
        let mut command = self.command(program);
        command
            .stdout(log.try_clone().expect("the log again"))
            .stderr(log);
        arrange(&mut command);
        let child = command.spawn().expect("setpriv of util-linux");
        Daemon { name, end, child }
    }
}

impl Drop for Place {
    /// What failed is said in a log, and the logs go with the directory.
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let logs = fs::read_dir(self.dir.path())
            .into_iter()
            .flatten()
            .flatten();
        for log in logs.map(|entry| entry.path()).filter(|path| {
            path.extension() == Some(OsStr::new("log")) && !path.ends_with("frontend.log")
        }) {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            eprintln!(
                "--- {}\n{}",
                log.display(),
                lines[lines.len().saturating_sub(20)..].join("\n")
            );
        }
    }
}

/// A process of ours in the foreground; dropping ends it.
pub(crate) struct Daemon {
    name: &'static str,
    end: Signal,
    child: Child,
}

impl Daemon {
    /// Ends it politely and waits.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    /// Ends it as a crash does.
    pub(crate) fn crash(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours")
    }

    fn end(&mut self) {
        if self.has_ended().is_some() {
            return;
        }
        let _ = kill(Pid::from_raw(self.child.id() as i32), self.end);
        let give_up = Instant::now() + Duration::from_secs(20);
        while self.has_ended().is_none() {
            if Instant::now() > give_up {
                eprintln!("{} did not end by {}", self.name, self.end);
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// A port on loopback that nobody listens on now, and one that Zabbix accepts: at most 32767.
pub(crate) fn free_port() -> u16 {
    let random = RandomState::new();
    (0..1_000_u64)
        .map(|attempt| 20_000 + (random.hash_one(attempt) % 12_000) as u16)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port among a thousand")
}

/// Waits until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, look)
}

/// The same with a bound of its own.
pub(crate) fn wait_within<T>(patience: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    look_within(patience, look).unwrap_or_else(|| panic!("waited {patience:?} in vain: {what}"))
}

/// Looks until something is found or the time is over.
pub(crate) fn look_within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let give_up = Instant::now() + patience;
    loop {
        let found = look();
        if found.is_some() || Instant::now() > give_up {
            return found;
        }
        thread::sleep(GLANCE);
    }
}

/// Watches for a while that something stays as it is.
pub(crate) fn hold_for(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        assert!(holds(), "{what}");
        thread::sleep(GLANCE);
    }
}

/// Runs to the end and gives the output; anything but success is a failure here.
pub(crate) fn output(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
