//! What was handed over last, per host and check: one small file, replaced as a whole, under a lock of its own since the
//! agent may run an action while the one before still runs. The change is saved before it is handed over, so that a run that
//! is killed in between leaves the next one what it owes.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::transition::CheckStatus;

/// Between two tries at the lock.
const PAUSE: Duration = Duration::from_millis(2);

/// How much later than another run one may have begun to be the later one.
const OVERTAKEN: SignedDuration = SignedDuration::from_secs(30);

/// What was handed over last, or is about to be.
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
    pub fn new(now: Timestamp) -> Self {
        Self {
            series: format!("{:x}", now.as_microsecond()),
            occurrence: 0,
            change: 0,
            reported: None,
            failures: 0,
        }
    }

    /// The name of the last change, which no other change of this check has; none if there was none.
    pub fn last_change(&self) -> Option<String> {
        let Self {
            series, occurrence, ..
        } = self;
        let what = match self.reported {
            _ if *occurrence == 0 => return None,
            Some(_) => format!("problem:{}", self.change),
            None => "recovery".to_owned(),
        };
        Some(format!("{series}-{occurrence}:{what}"))
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
    /// None can be kept.
    Lost,
}

/// What a run knows of the runs before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// As it was saved.
    pub state: State,
    /// How much it tells.
    pub trust: Trust,
    /// The last change may not have been handed over.
    pub is_owed: bool,
}

impl Memory {
    /// Of a run that cannot have one.
    pub fn lost(now: Timestamp) -> Self {
        Self {
            state: State::new(now),
            trust: Trust::Lost,
            is_owed: false,
        }
    }
}

/// What stands in the lock file: worth knowing, but not worth waiting for the disk. Without it a change is handed over
/// once more, under the same id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// When the latest run began.
    begun: Option<Timestamp>,
    /// The change that was handed over.
    handed: Option<String>,
}

/// Why the state cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk is full.
    #[error("the disk that holds {} is full; free some space there", .path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("state file {} cannot be kept: {source}; let the agent's user write there", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The action before does not end.
    #[error("another run of this action has held {} for long; end it if it hangs", .0.display())]
    Busy(PathBuf),
}

impl StateError {
    fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, source },
        }
    }
}

/// The place of one state, locked until it is dropped.
#[derive(Debug)]
pub struct Slot {
    path: PathBuf,
    lock: File,
    note: Note,
}

impl Slot {
    /// Locks the state of this check, waiting for another run of the action up to `give_up`.
    pub fn open(
        state_dir: &Path,
        host: &str,
        check: &str,
        give_up: Instant,
    ) -> Result<Self, StateError> {
        let dir = state_dir.join("mackerel");
        let path = dir.join(file_name(host, check));
        let failed = |source| StateError::new(&path, source);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&dir)
            .map_err(failed)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.with_extension("lock"))
            .map_err(failed)?;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < give_up => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(StateError::Busy(path)),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        let mut note = Vec::new();
        lock.read_to_end(&mut note).map_err(failed)?;
        let note = serde_json::from_slice(&note).unwrap_or_default();
        Ok(Self { path, lock, note })
    }

    /// Whether a run that began later was quicker: what this one has to say is out of date. Otherwise this run is the
    /// latest from now on.
    ///
    /// A run is never later than [`OVERTAKEN`]; beyond it the clock was set back, which must silence nobody.
    pub fn is_overtaken(&mut self, begun: Timestamp) -> bool {
        let ahead = self.note.begun.map(|latest| latest.duration_since(begun));
        if ahead.is_some_and(|ahead| ahead.is_positive() && ahead < OVERTAKEN) {
            return true;
        }
        self.note.begun = Some(begun);
        self.write_note();
        false
    }

    /// Reads the state; one that is missing or damaged is begun anew.
    pub fn load(&self, now: Timestamp) -> Result<Memory, StateError> {
        let read = fs::read(&self.path);
        let trust = match &read {
            Ok(json) => match serde_json::from_slice(json) {
                Ok(state) => return Ok(self.memory(state, Trust::Known)),
                Err(_) => Trust::Damaged,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Trust::First,
            Err(_) => Trust::Lost,
        };
        match read {
            Err(source) if trust == Trust::Lost => Err(StateError::new(&self.path, source)),
            _ => Ok(self.memory(State::new(now), trust)),
        }
    }

    fn memory(&self, state: State, trust: Trust) -> Memory {
        let last = state.last_change();
        Memory {
            is_owed: last.is_some() && last != self.note.handed,
            state,
            trust,
        }
    }

    /// Replaces the state, durably: an older one would give a new problem the id of an old one. That is why one that
    /// cannot be replaced is removed, if possible.
    pub fn save(&self, state: &State) -> Result<(), StateError> {
        self.replace(state).map_err(|source| {
            let _ = fs::remove_file(self.path.with_extension("new"));
            let _ = fs::remove_file(&self.path);
            StateError::new(&self.path, source)
        })
    }

    fn replace(&self, state: &State) -> io::Result<()> {
        let temporary = self.path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&serde_json::to_vec(state)?)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all()
    }

    /// Notes that the last change of this state was handed over.
    pub fn settle(&mut self, state: &State) {
        self.note.handed = state.last_change();
        self.write_note();
    }

    /// In place, and without waiting for the disk. A failure costs a repetition.
    fn write_note(&mut self) {
        let _ = serde_json::to_vec(&self.note)
            .map_err(io::Error::from)
            .and_then(|note| {
                self.lock.rewind()?;
                self.lock.write_all(&note)?;
                self.lock.set_len(note.len() as u64)
            });
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
        Slot::open(dir, "h", "disk", Instant::now()).expect("a slot")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a timestamp")
    }

    fn broken(occurrence: u64) -> State {
        State {
            occurrence,
            reported: Some(CheckStatus::parse("CRITICAL")),
            ..State::new(at(0))
        }
    }

    #[test]
    fn a_change_is_owed_until_it_is_settled() {
        let dir = tempfile::tempdir().expect("a directory");
        let load = |now| slot(dir.path()).load(at(now)).expect("a state");
        let first = Memory {
            state: State::new(at(3)),
            trust: Trust::First,
            is_owed: false,
        };
        assert_eq!(load(3), first);
        slot(dir.path()).save(&broken(1)).expect("saved");
        let mut memory = Memory {
            state: broken(1),
            trust: Trust::Known,
            is_owed: true,
        };
        assert_eq!(load(9), memory);
        slot(dir.path()).settle(&broken(1));
        memory.is_owed = false;
        assert_eq!(load(9), memory);
        let next = State {
            change: 1,
            ..broken(1)
        };
        slot(dir.path()).save(&next).expect("saved");
        assert!(load(9).is_owed);
    }

    #[test]
    fn a_damaged_state_is_begun_anew_with_another_series() {
        let dir = tempfile::tempdir().expect("a directory");
        let slot = slot(dir.path());
        for damaged in ["", "{\"series\":", "[]", "\0\0\0"] {
            fs::write(&slot.path, damaged).expect("written");
            let memory = slot.load(at(9)).expect("a state");
            assert_eq!(memory.trust, Trust::Damaged, "{damaged:?}");
            assert_eq!(memory.state, State::new(at(9)));
        }
    }

    #[test]
    fn a_damaged_note_costs_a_repetition_and_no_change() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut open = slot(dir.path());
        open.save(&broken(1)).expect("saved");
        open.settle(&broken(1));
        let lock = open.path.with_extension("lock");
        drop(open);
        fs::write(lock, "\0\0").expect("damaged");
        assert!(slot(dir.path()).load(at(9)).expect("a state").is_owed);
    }

    #[test]
    fn only_a_run_that_began_shortly_before_another_is_overtaken() {
        let dir = tempfile::tempdir().expect("a directory");
        for (begun, expected) in [
            (100, false),
            (99, true),
            (100, false),
            (101, false),
            (71, false),
        ] {
            assert_eq!(
                slot(dir.path()).is_overtaken(at(begun)),
                expected,
                "{begun}"
            );
        }
    }

    #[test]
    fn a_state_that_cannot_be_replaced_is_not_left_to_tell_old_things() {
        let dir = tempfile::tempdir().expect("a directory");
        let slot = slot(dir.path());
        slot.save(&broken(1)).expect("saved");
        fs::create_dir(slot.path.with_extension("new")).expect("something in the way");
        assert!(slot.save(&broken(2)).is_err());
        assert_eq!(slot.load(at(9)).expect("a state").trust, Trust::First);
    }

    #[test]
    fn a_lock_that_somebody_holds_is_waited_for_and_not_forever() {
        let dir = tempfile::tempdir().expect("a directory");
        let _held = slot(dir.path());
        let error = Slot::open(dir.path(), "h", "disk", Instant::now()).expect_err("it is held");
        assert!(matches!(error, StateError::Busy(_)), "{error}");
        slot_of(dir.path(), "another check");
    }

    fn slot_of(dir: &Path, check: &str) -> Slot {
        Slot::open(dir, "h", check, Instant::now()).expect("a slot")
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
