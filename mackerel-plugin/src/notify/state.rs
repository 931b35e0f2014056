//! What was handed over last, per host and check: one small file, replaced as a whole, under a lock of its own since the
//! agent may run an action while the one before still runs.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::transition::CheckStatus;

/// How long to wait for the action before, which may be waiting for a core to start.
const LOCK_PATIENCE: Duration = Duration::from_secs(6);

/// What was handed over last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Tells this file's occurrences from those of a file that was lost: the instant at which it was begun.
    pub series: String,
    /// Counts the problems.
    pub occurrence: u64,
    /// Counts the changes of severity within the problem.
    pub change: u64,
    /// The status that was handed over, while the problem is open.
    pub reported: Option<CheckStatus>,
    /// Failures in a row, counted up to the limit.
    pub failures: u64,
}

impl State {
    /// Nothing was handed over yet.
    pub fn new(series: String) -> Self {
        Self {
            series,
            occurrence: 0,
            change: 0,
            reported: None,
            failures: 0,
        }
    }
}

/// How much a state tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It was read.
    Known,
    /// There was none.
    First,
    /// There was one that cannot be read.
    Damaged,
}

/// Why the state cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file system refuses.
    #[error("state file {} cannot be kept: {source}; let the agent's user write there", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The action before does not end.
    #[error("another run of this action holds {}; the next run tries again", .0.display())]
    Busy(PathBuf),
}

/// The place of one state, locked until it is dropped.
#[derive(Debug)]
pub struct Slot {
    path: PathBuf,
    _lock: File,
}

impl Slot {
    /// Locks the state of this check, waiting for another run of the action.
    pub fn open(state_dir: &Path, host: &str, check: &str) -> Result<Self, StateError> {
        let dir = state_dir.join("mackerel");
        let path = dir.join(file_name(host, check));
        let failed = |source| StateError::Io {
            path: path.clone(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.with_extension("lock"))
            .map_err(failed)?;
        let give_up = Instant::now() + LOCK_PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { path, _lock: lock }),
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(TryLockError::WouldBlock) => return Err(StateError::Busy(path)),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// Reads the state; begins one that is missing or damaged, so that a retry finds the same series.
    pub fn load(&self, now: Timestamp) -> Result<(State, Trust), StateError> {
        let trust = match fs::read(&self.path) {
            Ok(json) => match serde_json::from_slice(&json) {
                Ok(state) => return Ok((state, Trust::Known)),
                Err(_) => Trust::Damaged,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Trust::First,
            Err(source) => return Err(self.failed(source)),
        };
        let state = State::new(format!("{:x}", now.as_microsecond()));
        if trust == Trust::First {
            self.save(&state)?;
        }
        Ok((state, trust))
    }

    /// Replaces the state, durably: an older one would give a new problem the id of an old one.
    pub fn save(&self, state: &State) -> Result<(), StateError> {
        let temporary = self.path.with_extension("new");
        let json = serde_json::to_vec(state).map_err(|error| self.failed(error.into()))?;
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(&json)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, &self.path))
            .and_then(|()| File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all())
            .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> StateError {
        StateError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// A name that a person recognises and that no two checks share.
fn file_name(host: &str, check: &str) -> String {
    let readable: String = check
        .chars()
        .take(60)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let hash = [host.as_bytes(), b"\0", check.as_bytes()]
        .concat()
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{readable}-{hash:016x}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(dir: &Path) -> Slot {
        Slot::open(dir, "h", "disk").expect("a slot")
    }

    #[test]
    fn a_state_survives_and_a_first_one_keeps_its_series() {
        let dir = tempfile::tempdir().expect("a directory");
        let (first, trust) = slot(dir.path())
            .load(Timestamp::UNIX_EPOCH)
            .expect("a state");
        assert_eq!(trust, Trust::First);
        let later = Timestamp::from_second(9).expect("a timestamp");
        assert_eq!(
            slot(dir.path()).load(later).expect("a state"),
            (first.clone(), Trust::Known)
        );

        let reported = State {
            occurrence: 1,
            reported: Some(CheckStatus::parse("CRITICAL")),
            ..first
        };
        slot(dir.path()).save(&reported).expect("saved");
        assert_eq!(
            slot(dir.path()).load(later).expect("a state"),
            (reported, Trust::Known)
        );
    }

    #[test]
    fn a_damaged_state_is_begun_anew_with_another_series() {
        let dir = tempfile::tempdir().expect("a directory");
        let slot = slot(dir.path());
        let (first, _) = slot.load(Timestamp::UNIX_EPOCH).expect("a state");
        for damaged in ["", "{\"series\":", "[]", "\0\0\0"] {
            fs::write(&slot.path, damaged).expect("written");
            let later = Timestamp::from_second(9).expect("a timestamp");
            let (state, trust) = slot.load(later).expect("a state");
            assert_eq!(trust, Trust::Damaged, "{damaged:?}");
            assert_ne!(state.series, first.series);
        }
    }

    #[test]
    fn names_of_checks_do_not_leave_the_directory_or_collide() {
        let names = ["../../etc/passwd", "disk", "dısk", "disk/", "ディスク"]
            .map(|check| file_name("h", check));
        for name in &names {
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
        }
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert_ne!(file_name("a", "b"), file_name("b", "a"));
    }
}
