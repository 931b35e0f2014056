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
    start_program(&program, settings, deadline)
}

fn start_program(program: &Path, settings: &Settings, deadline: Instant) -> Result<(), StartError> {
    let state_dir = &settings.state_dir;
    let mut ours: Option<Child> = None;
    let mut spawn_lock = None;
    let mut pause = FIRST_PAUSE;
    loop {
        if spawn_lock.is_none() {
            // Whoever held it may have ended without a core, so it is tried again and again.
            spawn_lock = core_lock::try_spawn_lock(state_dir)?;
        }
        if core_lock::is_core_ready(state_dir)? {
            return Ok(());
        }
        let is_starting = core_lock::is_core_starting(state_dir)?;
        match &mut ours {
            None if spawn_lock.is_some() && !is_starting => ours = Some(spawn(program, settings)?),
            Some(child) if !is_starting => {
                if let Ok(Some(status)) = child.try_wait()
                    && !core_lock::is_core_ready(state_dir)?
                {
                    let log = log_path(state_dir);
                    return Err(StartError::Died { status, log });
                }
            }
            _ => {}
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let log = log_path(state_dir);
            return Err(StartError::TooSlow { log });
        }
        thread::sleep(pause.min(left));
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Its streams go to /dev/null: a monitor waits for the end of its plugin's output, whoever holds it open.
fn spawn(program: &Path, settings: &Settings) -> Result<Child, StartError> {
    let failed = |source| StartError::Spawn {
        program: program.to_owned(),
        source,
    };
    // The core changes to the root directory.
    let config = std::path::absolute(&settings.config_path).map_err(failed)?;
    Command::new(program)
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
