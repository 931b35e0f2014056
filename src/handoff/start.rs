//! Starting a core that is not running: the plugin starts its own program, once, and waits until the core is ready.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::stat::{Mode, umask},
    unistd::{close, setsid},
};

use super::{
    Settings,
    core_lock::{self, LockError},
};

/// Between two looks at first; then ever longer, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long a core that we may not start is waited for while nothing is seen of it: a service that is restarted is
/// between two processes for a moment, and Mackerel does not run an action again.
const RESTART_GRACE: Duration = Duration::from_secs(1);

/// Why no core is ready.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program could not be run.
    #[error(
        "the core cannot be started from {}: {source}; start the rinban service instead",
        .program.display()
    )]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("the core has ended before it was ready ({status}); see {} for why", .log.display())]
    Died {
        /// How.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
    },
    /// It takes too long.
    #[error("the core was not ready in time; see {} for why, or start the rinban service", .log.display())]
    TooSlow {
        /// Its log.
        log: PathBuf,
    },
    /// Nobody can tell whether one runs.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// The log of a core that a plugin started.
pub fn log_path(state_dir: &Path) -> PathBuf {
    state_dir.join("rinban.log")
}

/// Starts a core unless another plugin is about to, and waits until one is ready.
pub(super) fn start_core(settings: &Settings, deadline: Instant) -> Result<(), StartError> {
    let program = env::current_exe().map_err(|source| StartError::Spawn {
        program: "/proc/self/exe".into(),
        source,
    })?;
    start_by(|| Command::new(&program), settings, deadline)
}

/// `program` makes the command, to which the arguments of a core are added.
fn start_by(
    program: impl Fn() -> Command,
    settings: &Settings,
    deadline: Instant,
) -> Result<(), StartError> {
    let state_dir = &settings.state_dir;
    let mut ours: Option<Child> = None;
    let mut spawn_lock = None;
    let mut pauses = Pauses::until(deadline);
    loop {
        if spawn_lock.is_none() {
            // Whoever held it may have ended without a core, so it is tried again and again.
            spawn_lock = core_lock::try_spawn_lock(state_dir)?;
        }
        // In this order: ours may end because another one starts, and a core that gets ready lets go of the one lock only
        // when it has the other.
        let ended = ours.as_mut().and_then(|child| child.try_wait().ok()?);
        let is_starting = core_lock::is_core_starting(state_dir)?;
        if core_lock::is_core_ready(state_dir)? {
            return Ok(());
        }
        if !is_starting && let Some(status) = ended {
            let log = log_path(state_dir);
            return Err(StartError::Died { status, log });
        }
        if !is_starting && ours.is_none() && spawn_lock.is_some() {
            ours = Some(spawn(program(), settings)?);
        }
        if !pauses.pause() {
            let log = log_path(state_dir);
            return Err(StartError::TooSlow { log });
        }
    }
}

/// Waits for a core that somebody else starts: whether there is one before the deadline.
pub(super) fn is_core_coming(state_dir: &Path, deadline: Instant) -> Result<bool, LockError> {
    let grace = Instant::now() + RESTART_GRACE;
    let mut pauses = Pauses::until(deadline);
    loop {
        // In this order, as above.
        let is_starting = core_lock::is_core_starting(state_dir)?;
        if core_lock::is_core_ready(state_dir)? {
            return Ok(true);
        }
        if !(is_starting || Instant::now() < grace) || !pauses.pause() {
            return Ok(false);
        }
    }
}

/// Ever longer pauses, none of which goes beyond the deadline.
struct Pauses {
    deadline: Instant,
    next: Duration,
}

impl Pauses {
    fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            next: FIRST_PAUSE,
        }
    }

    /// Sleeps, or says that the deadline is over.
    fn pause(&mut self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        thread::sleep(self.next.min(left));
        self.next = (self.next * 3 / 2).min(LONGEST_PAUSE);
        !left.is_zero()
    }
}

/// By these a service manager is told how a service of its own is (sd_notify(3)). A plugin has them from the monitor.
const OF_THE_MONITOR: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// Its streams go to /dev/null: a monitor waits for the end of its plugin's output, whoever holds it open.
fn spawn(mut command: Command, settings: &Settings) -> Result<Child, StartError> {
    let program = PathBuf::from(command.get_program());
    let failed = |source| StartError::Spawn {
        program: program.clone(),
        source,
    };
    // The core changes to the root directory.
    let config = std::path::absolute(&settings.config_path).map_err(failed)?;
    for name in OF_THE_MONITOR {
        command.env_remove(name);
    }
    command
        .args(["serve", "--detached", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)
}

/// Cuts a core loose from the plugin and the monitor that started it: a session of its own, no descriptor but 0, 1 and
/// 2, the root directory, and files that only the user and the group may read.
///
/// To be called first of all by `serve --detached`, before any thread is started or file opened: it closes whatever is
/// open. An inherited socket of Zabbix would keep its server from starting again (ZBX-24166).
pub fn detach() -> io::Result<()> {
    match setsid() {
        // A shell with job control has made it the leader of a group, which is nearly as good.
        Ok(_) | Err(Errno::EPERM) => {}
        Err(error) => return Err(error.into()),
    }
    for descriptor in open_descriptors()? {
        if descriptor > 2 {
            // The descriptor of the listing itself is among them, and closed already.
            let _ = close(descriptor);
        }
    }
    umask(Mode::from_bits_truncate(0o027));
    env::set_current_dir("/")
}

fn open_descriptors() -> io::Result<Vec<i32>> {
    fs::read_dir("/proc/self/fd")?
        .map(|entry| {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok());
            number
                .ok_or_else(|| io::Error::other("/proc/self/fd holds something that is no number"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tempfile::TempDir;

    use super::*;

    fn settings(dir: &TempDir) -> Settings {
        Settings {
            config_path: "rinban.toml".into(),
            state_dir: dir.path().to_owned(),
            spool: dir.path().join("spool"),
            cores: Vec::new(),
            start_core: true,
            deadline: Duration::from_secs(5),
        }
    }

    fn dir() -> TempDir {
        TempDir::new().expect("a temporary directory")
    }

    /// Starts a shell script in place of a core, in the state directory.
    fn start(dir: &TempDir, script: &str, deadline: Duration) -> Result<(), StartError> {
        let program = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", script, "core"]).current_dir(dir);
            shell
        };
        start_by(program, &settings(dir), Instant::now() + deadline)
    }

    const LONG: Duration = Duration::from_secs(10);

    /// A core that is ready after 0.1 s, and ends by itself.
    const GOOD: &str = "echo $* >> started; sleep 0.1; exec flock core.lock sleep 5";

    #[test]
    fn many_plugins_start_one_core_and_all_wait_until_it_is_ready() {
        let dir = dir();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start(&dir, GOOD, LONG).expect("starts");
                    assert!(core_lock::is_core_ready(dir.path()).expect("looks"));
                });
            }
        });
        let started = fs::read_to_string(dir.path().join("started")).expect("reads");
        let config = env::current_dir()
            .expect("is somewhere")
            .join("rinban.toml");
        assert_eq!(
            started,
            format!("serve --detached --config {}\n", config.display())
        );
    }

    #[test]
    fn a_core_that_dies_is_told_with_its_status_and_log() {
        let dir = dir();
        let error = start(&dir, "exit 3", LONG).expect_err("it dies");
        assert!(matches!(error, StartError::Died { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("exit status: 3"), "{text}");
        assert!(text.contains("rinban.log"), "{text}");
    }

    #[test]
    fn a_core_that_hangs_holds_nobody_longer_than_the_deadline() {
        let dir = dir();
        let begin = Instant::now();
        let error = start(&dir, "sleep 4", Duration::from_millis(200)).expect_err("it hangs");
        assert!(matches!(error, StartError::TooSlow { .. }), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn a_core_that_starts_already_is_waited_for() {
        let dir = dir();
        let starting = core_lock::CoreLock::begin(dir.path()).expect("begins");
        thread::scope(|scope| {
            let plugin = scope.spawn(|| start(&dir, "touch second", LONG));
            thread::sleep(Duration::from_millis(100));
            let core = starting.ready().expect("takes the lock");
            plugin.join().expect("no panic").expect("there is a core");
            drop(core);
        });
        assert!(!dir.path().join("second").exists());
    }

    #[test]
    fn a_service_that_is_being_restarted_is_waited_for() {
        let dir = dir();
        let deadline = Instant::now() + LONG;
        thread::scope(|scope| {
            let plugin = scope.spawn(|| is_core_coming(dir.path(), deadline));
            thread::sleep(Duration::from_millis(100));
            let starting = core_lock::CoreLock::begin(dir.path()).expect("begins");
            // Longer than the grace, since it is seen to be starting.
            thread::sleep(RESTART_GRACE);
            let core = starting.ready().expect("takes the lock");
            assert!(plugin.join().expect("no panic").expect("looks"));
            drop(core);
        });
        let begin = Instant::now();
        assert!(!is_core_coming(dir.path(), deadline).expect("looks"));
        assert!(begin.elapsed() < LONG);
    }

    #[test]
    fn a_core_does_not_speak_to_the_service_manager_of_the_monitor() {
        let dir = dir();
        let program = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "env > environment"]).current_dir(&dir);
            for name in OF_THE_MONITOR {
                shell.env(name, "1");
            }
            shell
        };
        let mut core = spawn(program(), &settings(&dir)).expect("starts");
        assert!(core.wait().expect("ends").success());
        let environment = fs::read_to_string(dir.path().join("environment")).expect("is there");
        assert!(environment.contains("PATH="));
        for name in OF_THE_MONITOR {
            assert!(!environment.contains(name), "{environment}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let dir = dir();
        let program = || Command::new("/nowhere/rinban");
        let error = start_by(program, &settings(&dir), Instant::now() + LONG)
            .expect_err("there is no such program");
        assert!(error.to_string().contains("/nowhere/rinban"), "{error}");
    }

    /// Where a process that is to detach itself reports; set by nobody but the test that starts that process.
    const REPORT: &str = "RINBAN_TEST_REPORT";

    /// The test's own process must not be cut loose, so that this does nothing there. The next test runs it alone, in a
    /// process of its own, and judges its report.
    #[test]
    fn detached_process() {
        let Some(report) = env::var_os(REPORT) else {
            return;
        };
        detach().expect("detaches");
        let session = nix::unistd::getsid(None).expect("has a session");
        let is_leader = session == nix::unistd::getpid();
        let descriptors: BTreeSet<i32> = open_descriptors()
            .expect("lists")
            .into_iter()
            .filter(|number| fs::read_link(format!("/proc/self/fd/{number}")).is_ok())
            .collect();
        let dir = env::current_dir().expect("is somewhere");
        fs::write(
            report,
            format!("{is_leader} {descriptors:?} {}", dir.display()),
        )
        .expect("reports");
    }

    #[test]
    fn a_detached_core_has_its_own_session_and_nothing_of_the_monitor() {
        let dir = dir();
        let report = dir.path().join("report");
        let status = Command::new("sh")
            .args([
                "-c",
                r#"exec 5</dev/null 9</etc/passwd; "$@"; exit $?"#,
                "sh",
            ])
            .arg(env::current_exe().expect("a test binary"))
            .args(["--exact", "handoff::start::tests::detached_process"])
            .arg("--test-threads=1")
            .env(REPORT, &report)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .expect("runs");
        assert!(status.success(), "{status}");
        let report = fs::read_to_string(report).expect("there is a report");
        assert_eq!(report, "true {0, 1, 2} /");
    }
}
