//! The writing side of the spool: a directory like a maildir, through which a plugin hands an event over.
//!
//! A file is written in `tmp/`, then renamed to `new/`, so that whoever reads `new/` sees whole files only. Its name is
//! made of the event's id: a retry of the same event overwrites its own file. The directories are made for the
//! user and the group (0770). To share the spool between monitors and a core that run as different users, let it belong to
//! the core and to a group that the monitors are in, with the set-group-id and the sticky bit (3770): then each may hand
//! over, the core may read and remove everything, and nobody may touch what another one handed over.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::alert::EventId;

/// How many files may wait in `new/` before an event is refused.
const WAITING_FILES: usize = 100_000;

/// Every how many writes, on average, the files are counted. Counting all of them each time would make the hand-off
/// slowest when there is most to hand over.
const COUNT_EVERY: usize = 64;

/// Of an event's file: a core of the same group reads it, and removes it by its right to the directory.
const FILE_MODE: u32 = 0o640;

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
    /// Anybody on this host could page people, or keep pages from being read.
    #[error(
        "the spool {path} is not to be trusted, since everybody on this host may write there; run `chmod o-w {path}`",
        path = .path.display()
    )]
    Untrusted {
        /// The directory.
        path: PathBuf,
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

    /// The same, but no more than `limit` events may wait; they are counted at each write.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self {
            limit,
            count_every: 1,
            ..self
        }
    }

    /// Puts an event, as JSON that [`crate::alert::Event::from_json`] reads, in the spool: durable (fsync) on return (P1).
    pub fn write(&self, id: &EventId, json: &[u8]) -> Result<(), SpoolError> {
        self.check_room()?;
        match self.put(id, json) {
            Err(SpoolError::Unusable { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                make_dirs(&self.dir)?;
                self.put(id, json)
            }
            result => result,
        }
    }

    /// How many events wait to be read. Lists the directory, so it is not for the hot path.
    pub fn waiting(&self) -> u64 {
        fs::read_dir(self.dir.join("new")).map_or(0, |files| files.count() as u64)
    }

    /// Whether the event waits to be read.
    pub fn holds(&self, id: &EventId) -> bool {
        self.dir.join("new").join(file_name(id)).exists()
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
                .mode(0o600)
                .open(&path)
            {
                // The mode is set apart, since the umask of a monitor may keep a core of the same group from reading.
                Ok(file) => match file.set_permissions(Permissions::from_mode(FILE_MODE)) {
                    Ok(()) => return Ok((path, file)),
                    Err(error) => {
                        let _ = fs::remove_file(&path);
                        return Err(SpoolError::new(&path, error));
                    }
                },
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
    make_dir(dir, 0o770)?;
    let shared = mode(dir).unwrap_or(0) & 0o3000;
    for name in ["tmp", "new", "bad"] {
        make_dir(&dir.join(name), 0o770 | shared)?;
    }
    Ok(())
}

/// Refuses a spool in which everybody may write.
pub(super) fn check_trust(dir: &Path) -> Result<(), SpoolError> {
    for path in [dir.to_owned(), dir.join("tmp"), dir.join("new")] {
        let mode = mode(&path).map_err(|error| SpoolError::new(&path, error))?;
        if mode & 0o002 != 0 {
            return Err(SpoolError::Untrusted { path });
        }
    }
    Ok(())
}

fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode())
}

/// Makes a directory durably, and those above it, which the group may enter but not write. Somebody else may be making
/// it at the same time.
fn make_dir(dir: &Path, mode: u32) -> Result<(), SpoolError> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_dir(parent, 0o750)?;
    }
    match fs::create_dir(dir) {
        // The mode is set apart, since the umask of a monitor may take rights away from the group.
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(|error| SpoolError::new(dir, error))?;
    sync_dir(parent.unwrap_or(Path::new(".")))
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

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn dir() -> TempDir {
        TempDir::new().expect("a temporary directory")
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .expect("lists")
            .map(|file| {
                let name = file.expect("lists").file_name();
                name.into_string().expect("ASCII")
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_written_event_is_a_whole_file_in_new_and_nothing_stays_in_tmp() {
        let dir = dir();
        let root = dir.path().join("a/b/spool");
        Spool::new(&root)
            .write(&"id:1".into(), b"{}")
            .expect("writes");
        let [name] = &names(&root.join("new"))[..] else {
            panic!("one file");
        };
        assert!(
            name.starts_with("id_1-") && name.ends_with(".json"),
            "{name}"
        );
        assert_eq!(fs::read(root.join("new").join(name)).expect("reads"), b"{}");
        assert_eq!(names(&root.join("tmp")), [""; 0]);
    }

    #[test]
    fn a_retry_overwrites_its_own_file_and_no_other() {
        let dir = dir();
        let spool = Spool::new(dir.path());
        for (id, json) in [("x:1", "old"), ("x/1", "other"), ("x:1", "new")] {
            spool.write(&id.into(), json.as_bytes()).expect("writes");
        }
        let new = dir.path().join("new");
        let mut texts: Vec<String> = names(&new)
            .iter()
            .map(|name| fs::read_to_string(new.join(name)).expect("reads"))
            .collect();
        texts.sort();
        assert_eq!(texts, ["new", "other"]);
    }

    #[test]
    fn any_id_makes_a_file_name() {
        for id in [
            "../../etc/passwd",
            ".hidden",
            "障害/1",
            "\u{0}",
            &"あ".repeat(170),
            &"x".repeat(512),
        ] {
            let name = file_name(&id.into());
            assert!(name.len() <= 200, "{name}");
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)),
                "{name}"
            );
            assert!(!name.starts_with('.'), "{name}");
        }
    }

    #[test]
    fn the_group_may_share_the_spool_but_not_what_is_above_it() {
        let dir = dir();
        let state = dir.path().join("state");
        let mode =
            |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o7777;
        make_dirs(&state.join("spool")).expect("makes");
        assert_eq!(mode(&state), 0o750);
        assert_eq!(mode(&state.join("spool/new")), 0o770);

        for shared in [0o2770, 0o3770] {
            let dir = dir.path().join(format!("{shared:o}"));
            fs::create_dir(&dir).expect("makes");
            fs::set_permissions(&dir, Permissions::from_mode(shared)).expect("chmod");
            make_dirs(&dir).expect("makes");
            assert_eq!(mode(&dir.join("tmp")), shared);
        }
    }

    #[test]
    fn a_file_can_be_read_by_the_group_whatever_the_umask_is() {
        let dir = dir();
        let spool = Spool::new(dir.path());
        make_dirs(dir.path()).expect("makes");
        let (_, file) = spool.create("event").expect("creates");
        let mode = file.metadata().expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, FILE_MODE);
    }

    #[test]
    fn a_spool_that_everybody_may_write_is_refused_with_the_remedy() {
        let dir = dir();
        make_dirs(dir.path()).expect("makes");
        check_trust(dir.path()).expect("is for the group alone");
        let new = dir.path().join("new");
        fs::set_permissions(&new, Permissions::from_mode(0o1777)).expect("chmod");
        let error = check_trust(dir.path()).expect_err("is for everybody");
        let remedy = format!("run `chmod o-w {}`", new.display());
        assert!(error.to_string().ends_with(&remedy), "{error}");
    }

    #[test]
    fn a_spool_that_cannot_be_made_says_which() {
        let dir = dir();
        fs::write(dir.path().join("file"), "").expect("writes");
        let error = Spool::new(dir.path().join("file/spool"))
            .write(&"1".into(), b"{}")
            .expect_err("below a file there is no directory");
        assert!(error.to_string().contains("file/spool"), "{error}");
        assert!(error.to_string().contains("the right to write"), "{error}");
    }

    #[test]
    fn a_full_spool_refuses_everybody_until_it_is_read() {
        let dir = dir();
        let spool = |count_every| Spool {
            limit: 3,
            count_every,
            ..Spool::new(dir.path())
        };
        // The first never looks on its own account, the second always.
        let (blind, wary) = (spool(usize::MAX), spool(1));
        for id in ["1", "2", "3", "4"] {
            blind.write(&id.into(), b"{}").expect("nobody has counted");
        }
        let error = wary.write(&"5".into(), b"{}").expect_err("full");
        assert!(
            matches!(error, SpoolError::Full { limit: 3, .. }),
            "{error}"
        );
        assert!(matches!(
            blind.write(&"6".into(), b"{}"),
            Err(SpoolError::Full { .. })
        ));
        let new = dir.path().join("new");
        for name in &names(&new)[..2] {
            fs::remove_file(new.join(name)).expect("removes");
        }
        blind
            .write(&"7".into(), b"{}")
            .expect("there is room again");
        assert!(!dir.path().join("full").exists());
    }

    #[test]
    fn a_full_disk_is_told_as_such() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = SpoolError::new(Path::new("/spool"), full);
        assert_eq!(
            error.to_string(),
            "the disk that holds the spool /spool is full; free some space there"
        );
    }
}
