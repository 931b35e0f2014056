//! The writing side of the spool: a directory like a maildir, through which a plugin hands an event over.
//!
//! A file is written in `tmp/`, then renamed to `new/`, so that whoever reads `new/` sees whole files only. Its name is
//! made of the event's id: a retry of the same event overwrites its own file. The directories are made for the
//! user and the group (0770). To share the spool between a monitor and a core that run as different users, put both in
//! one group and give the directories its set-group-id bit (2770).

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::alert::{Event, EventId};

/// How many files may wait in `new/` before an event is refused.
const WAITING_FILES: usize = 100_000;

/// Every how many writes, on average, the files are counted. Counting all of them each time would make the hand-off
/// slowest when there is most to hand over.
const COUNT_EVERY: usize = 64;

/// How many bytes of an event's id a file name repeats; more would not fit the 255 bytes of a name.
const READABLE: usize = 120;

/// Why an event could not be put in the spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A directory of the spool cannot be made, read or written.
    #[error(
        "the spool {} cannot be used: {source}; give the monitor's and the core's user the right to write there",
        .path.display()
    )]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full.
    #[error("the disk that holds the spool {} is full; free some space there", .path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Nobody has read it for long.
    #[error(
        "the spool {} is full: {limit} events or more wait; start the core so that it reads them",
        .path.display()
    )]
    Full {
        /// The spool.
        path: PathBuf,
        /// How many events may wait.
        limit: usize,
    },
}

impl SpoolError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Unusable { path, source },
        }
    }
}

/// A spool to write to.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: PathBuf,
    limit: usize,
    count_every: usize,
}

impl Spool {
    /// The spool in `dir`, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            limit: WAITING_FILES,
            count_every: COUNT_EVERY,
        }
    }

    /// Puts an event in the spool: durable (fsync) on return (P1).
    pub fn write(&self, event: &Event) -> Result<(), SpoolError> {
        let json =
            serde_json::to_vec(event).map_err(|error| SpoolError::new(&self.dir, error.into()))?;
        self.check_room()?;
        match self.put(&event.id, &json) {
            Err(SpoolError::Unusable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                make_dirs(&self.dir)?;
                self.put(&event.id, &json)
            }
            result => result,
        }
    }

    fn put(&self, id: &EventId, json: &[u8]) -> Result<(), SpoolError> {
        let name = file_name(id);
        let (path, mut file) = self.create(&name)?;
        let new = self.dir.join("new");
        let written = file
            .write_all(json)
            .and_then(|()| file.sync_all())
            .map_err(|error| SpoolError::new(&path, error))
            .and_then(|()| {
                fs::rename(&path, new.join(&name)).map_err(|error| SpoolError::new(&new, error))
            });
        if let Err(error) = written {
            // What cannot be removed either is removed by the core an hour later.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        sync_dir(&new)
    }

    /// Makes the file in `tmp/`. Two processes may write the same event at once, each in a file of its own.
    fn create(&self, name: &str) -> Result<(PathBuf, File), SpoolError> {
        let tmp = self.dir.join("tmp");
        loop {
            let path = tmp.join(format!("{name}.{:016x}", fastrand::u64(..)));
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o660)
                .open(&path)
            {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(SpoolError::new(&path, error)),
            }
        }
    }

    /// Refuses when too many files wait. They are counted now and then; whoever finds too many leaves the mark `full`,
    /// and as long as it stands everybody counts.
    fn check_room(&self) -> Result<(), SpoolError> {
        let mark = self.dir.join("full");
        let is_marked = mark.exists();
        if !is_marked && fastrand::usize(..self.count_every) != 0 {
            return Ok(());
        }
        let is_full = match fs::read_dir(self.dir.join("new")) {
            Ok(files) => files.take(self.limit).count() >= self.limit,
            Err(_) => false,
        };
        // The mark only makes others look: without it the bound is a little softer.
        let _ = match (is_marked, is_full) {
            (false, true) => File::create(&mark).map(drop),
            (true, false) => fs::remove_file(&mark),
            _ => Ok(()),
        };
        if is_full {
            return Err(SpoolError::Full {
                path: self.dir.clone(),
                limit: self.limit,
            });
        }
        Ok(())
    }
}

/// Makes the spool's directories if they are missing, durably.
pub(super) fn make_dirs(dir: &Path) -> Result<(), SpoolError> {
    if !dir.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o770)
            .create(dir)
            .and_then(|()| fs::set_permissions(dir, Permissions::from_mode(0o770)))
            .map_err(|error| SpoolError::new(dir, error))?;
        if let Some(parent) = dir.parent() {
            sync_dir(parent)?;
        }
    }
    let set_group_id = fs::metadata(dir).map_or(0, |meta| meta.permissions().mode() & 0o2000);
    for name in ["tmp", "new", "bad"] {
        let path = dir.join(name);
        match fs::create_dir(&path) {
            // Set apart from making it, since the umask of a monitor may take rights away from the group.
            Ok(()) => fs::set_permissions(&path, Permissions::from_mode(0o770 | set_group_id)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
        .map_err(|error| SpoolError::new(&path, error))?;
    }
    sync_dir(dir)
}

/// Makes what happened to the names in a directory durable.
fn sync_dir(dir: &Path) -> Result<(), SpoolError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| SpoolError::new(dir, error))
}

/// A name that a person recognises and that no other event has: the id as far as it makes a file name, and a hash of it.
fn file_name(id: &EventId) -> String {
    let readable: String = id
        .as_str()
        .chars()
        .take(READABLE)
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let hash = Sha256::digest(id.as_str());
    let hash = hash[..8]
        .iter()
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{readable}-{hash:016x}.json")
}

/// Whether a name in `new/` is one to read: editors and network file systems leave hidden files behind.
pub(super) fn is_visible(name: &OsStr) -> bool {
    !name.as_encoded_bytes().starts_with(b".")
}
