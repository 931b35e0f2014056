//! How one host agrees on one core: locks on files in the state directory, which the system releases with their holder.
//!
//! * `core.lock` is held by a core that is ready and reads the spool. A plugin looks whether it is held.
//! * `start.lock` is held by a core while it starts, so that no second one opens the store.
//! * `spawn.lock` is held by the one plugin that starts a core, while others wait for it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::regular_file;

const CORE: &str = "core.lock";
const START: &str = "start.lock";
const SPAWN: &str = "spawn.lock";

/// How long a lock is tried for: a plugin that looks holds it for microseconds, and many may look at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries.
const PAUSE: Duration = Duration::from_micros(500);

/// Why a core may not start, or why nobody can tell.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is a core already, or one is starting.
    #[error(
        "a core runs already on {}{}; stop it first, or give this one another `state_dir`",
        .state_dir.display(),
        .pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    AlreadyRunning {
        /// The directory that it holds.
        state_dir: PathBuf,
        /// Its process id, as it left it in the lock file.
        pid: Option<String>,
    },
    /// Something else stands where the directory should be.
    #[error("{} is not a directory; name one in `state_dir`, or move what is there away", .state_dir.display())]
    NoDirectory {
        /// What should be a directory.
        state_dir: PathBuf,
    },
    /// A pipe or the like stands where the lock file should be.
    #[error("the lock {} is not a regular file; move it away, the core makes its own", .path.display())]
    NotRegular {
        /// The lock file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk that holds {} is full; free some space there", .path.display())]
    DiskFull {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file cannot be opened or locked.
    #[error(
        "the lock {} cannot be used: {source}; give this user the right to enter that directory and to use its files",
        .path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LockError {
    fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if regular_file::is_other(&source) {
            return Self::NotRegular { path };
        }
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::NotADirectory => Self::NoDirectory {
                state_dir: path.parent().map(Path::to_owned).unwrap_or(path),
            },
            _ => Self::Unusable { path, source },
        }
    }
}

/// Whether a core is ready and reads the spool.
pub fn is_core_ready(state_dir: &Path) -> Result<bool, LockError> {
    is_held(&state_dir.join(CORE))
}

/// Whether a core is about to be ready.
pub(super) fn is_core_starting(state_dir: &Path) -> Result<bool, LockError> {
    is_held(&state_dir.join(START))
}

/// The right to start a core; `None` if another plugin has it. Makes the state directory if it is missing.
pub(super) fn try_spawn_lock(state_dir: &Path) -> Result<Option<File>, LockError> {
    let path = state_dir.join(SPAWN);
    let file = open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(LockError::new(&path, source)),
    }
}

/// A core that is starting: nobody else may start one.
#[derive(Debug)]
#[must_use = "dropped, it lets another core start"]
pub struct Starting {
    state_dir: PathBuf,
    start: File,
}

/// A core that is ready. Held as long as the core reads the spool.
///
/// A core that ends drops it first and reads the spool once more after that: a plugin that saw the lock held had
/// written its event before it looked.
#[derive(Debug)]
#[must_use = "dropped, plugins no longer rely on this core"]
pub struct CoreLock {
    _file: File,
}

impl CoreLock {
    /// Claims the right to be the core of this state directory, which is made (0700) if it is missing. Blocks for up
    /// to a second.
    pub fn begin(state_dir: &Path) -> Result<Starting, LockError> {
        let start = take(&state_dir.join(START), state_dir)?;
        if is_core_ready(state_dir)? {
            return Err(already_running(state_dir, CORE));
        }
        Ok(Starting {
            state_dir: state_dir.to_owned(),
            start,
        })
    }
}

impl Starting {
    /// Says that the core reads the spool from now on. Blocks for up to a second.
    pub fn ready(self) -> Result<CoreLock, LockError> {
        let file = take(&self.state_dir.join(CORE), &self.state_dir)?;
        drop(self.start);
        Ok(CoreLock { _file: file })
    }
}

/// Takes the lock for itself and leaves the process id in it.
fn take(path: &Path, state_dir: &Path) -> Result<File, LockError> {
    let mut file = open(path)?;
    let unusable = |source| LockError::new(path, source);
    let give_up = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                let name = path.file_name().and_then(|name| name.to_str());
                return Err(already_running(state_dir, name.unwrap_or(CORE)));
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(unusable)?;
    Ok(file)
}

/// Looks without waiting. A file that is not there is held by nobody.
fn is_held(path: &Path) -> Result<bool, LockError> {
    let unusable = |source| LockError::new(path, source);
    let file = match regular_file::open(path, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(unusable)?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Everybody who may enter the directory may look at the lock; only its owner may take it.
fn open(path: &Path) -> Result<File, LockError> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    // The system says "File exists" of a file that stands there.
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })
    .and_then(|()| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o644);
        regular_file::open(path, &mut options)
    })
    .map_err(|source| LockError::new(path, source))
}

fn already_running(state_dir: &Path, file: &str) -> LockError {
    let pid = fs::read_to_string(state_dir.join(file)).ok();
    LockError::AlreadyRunning {
        state_dir: state_dir.to_owned(),
        pid: pid
            .map(|pid| pid.trim().to_owned())
            .filter(|pid| !pid.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tempfile::TempDir;

    use super::*;

    fn dir() -> TempDir {
        TempDir::new().expect("a temporary directory")
    }

    #[test]
    fn a_core_is_seen_when_it_is_ready_and_until_it_ends() {
        let dir = dir();
        let is_ready = || is_core_ready(dir.path()).expect("looks");
        let is_starting = || is_core_starting(dir.path()).expect("looks");
        assert!(!is_ready() && !is_starting());
        let starting = CoreLock::begin(dir.path()).expect("begins");
        assert!(!is_ready() && is_starting());
        let core = starting.ready().expect("takes the lock");
        assert!(is_ready() && !is_starting());
        drop(core);
        assert!(!is_ready() && !is_starting());
    }

    #[test]
    fn a_second_core_is_refused_with_the_process_id_of_the_first() {
        let dir = dir();
        let pid = std::process::id().to_string();
        let refused = || {
            CoreLock::begin(dir.path())
                .expect_err("there is one")
                .to_string()
        };
        let starting = CoreLock::begin(dir.path()).expect("begins");
        assert!(refused().contains(&pid));
        let core = starting.ready().expect("takes the lock");
        assert!(refused().contains(&pid));
        drop(core);
        drop(CoreLock::begin(dir.path()).expect("the first has ended"));
    }

    #[test]
    fn looking_does_not_make_a_lock_file() {
        let dir = dir();
        assert!(!is_core_ready(dir.path()).expect("looks"));
        assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 0);
    }

    #[test]
    fn a_core_gets_its_lock_while_many_look() {
        let dir = dir();
        drop(
            CoreLock::begin(dir.path())
                .and_then(Starting::ready)
                .expect("begins"),
        );
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        is_core_ready(dir.path()).expect("looks");
                    }
                });
            }
            for _ in 0..20 {
                let core = CoreLock::begin(dir.path()).and_then(Starting::ready);
                assert!(core.is_ok(), "{core:?}");
            }
            is_over.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn a_directory_that_cannot_be_entered_is_named() {
        let dir = dir();
        fs::write(dir.path().join("file"), "").expect("writes");
        let below = dir.path().join("file");
        let error = is_core_ready(&below).expect_err("a file is no directory");
        assert!(
            error.to_string().contains("file is not a directory"),
            "{error}"
        );
    }
}
