//! The core's side of the spool: claims what waits, oldest first, and removes it once the store has it.
//!
//! Only the core that holds the core lock reads, so a claim needs no mark on the disk. A file that is no event is moved
//! to `bad/`, where it stays for a person to look at; it never holds up the others.

use std::{
    collections::{HashSet, VecDeque},
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use nix::libc;

use super::spool::{SpoolError, check_trust, is_visible, make_dirs};
use crate::alert::{Event, Limits};

/// How old a file in `tmp/` must be to be a leftover of a writer that died.
const LEFTOVER_AGE: Duration = Duration::from_secs(3600);

/// A spool to read from. Its methods block.
#[derive(Debug)]
pub struct SpoolReader {
    dir: PathBuf,
    /// Files of the last listing that are still to be read, oldest first.
    listed: VecDeque<OsString>,
    /// Files that were given out and neither removed nor released.
    claimed: HashSet<OsString>,
    /// Files that could not be read, so that each is complained of once.
    complained: HashSet<OsString>,
}

/// A file of the spool that was read and not yet removed.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a claim that is neither removed nor released is not given out again before the next start"]
pub struct Claim(OsString);

/// Why a file is no event, or not one that we can read now.
enum Trouble {
    /// It will never be one.
    Bad(String),
    /// It may be one another time.
    Unreadable(io::Error),
}

impl SpoolReader {
    /// Opens the spool in `dir`, makes the directories if they are missing, refuses them if everybody may write there, and clears `tmp/` of what dead writers left.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, SpoolError> {
        let dir = dir.into();
        make_dirs(&dir)?;
        check_trust(&dir)?;
        let reader = Self {
            dir,
            listed: VecDeque::new(),
            claimed: HashSet::new(),
            complained: HashSet::new(),
        };
        reader.clear_leftovers(SystemTime::now());
        Ok(reader)
    }

    /// The directory in which new events appear.
    pub fn new_dir(&self) -> PathBuf {
        self.dir.join("new")
    }

    /// Reads up to `max` events, oldest first. Empty means that nothing waits, until [`super::SpoolWatch`] says otherwise.
    ///
    /// A claim is given out once, until it is released.
    pub fn claim(&mut self, max: usize) -> Result<Vec<(Event, Claim)>, SpoolError> {
        if self.listed.is_empty() {
            self.list()?;
        }
        let mut found = Vec::new();
        while found.len() < max
            && let Some(name) = self.listed.pop_front()
        {
            if let Some(event) = self.read(&name) {
                self.claimed.insert(name.clone());
                found.push((event, Claim(name)));
            }
        }
        // The time of a file may be as coarse as 10 ms; the event knows better.
        found.sort_by_key(|(event, _)| event.received_at);
        Ok(found)
    }

    /// Removes what the store has. Removing need not be durable: what reappears after a crash is known to the store.
    pub fn remove(&mut self, claims: impl IntoIterator<Item = Claim>) {
        for Claim(name) in claims {
            let path = self.new_dir().join(&name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    // It stays claimed, so that it is not read again and again.
                    tracing::error!(path = %path.display(), %error, "a spooled event cannot be removed");
                }
                _ => {
                    self.claimed.remove(&name);
                }
            }
        }
    }

    /// Gives claims back that could not be stored; the next listing finds them again.
    pub fn release(&mut self, claims: impl IntoIterator<Item = Claim>) {
        for Claim(name) in claims {
            self.claimed.remove(&name);
        }
    }

    fn list(&mut self) -> Result<(), SpoolError> {
        let new = self.new_dir();
        let unusable = |error| SpoolError::new(&new, error);
        let mut files = Vec::new();
        for file in fs::read_dir(&new).map_err(unusable)? {
            let file = file.map_err(unusable)?;
            let name = file.file_name();
            if is_visible(&name) && !self.claimed.contains(&name) {
                let modified = file.metadata().and_then(|meta| meta.modified()).ok();
                files.push((modified, name));
            }
        }
        files.sort();
        self.listed = files.into_iter().map(|(_, name)| name).collect();
        Ok(())
    }

    fn read(&mut self, name: &OsString) -> Option<Event> {
        let path = self.new_dir().join(name);
        match read_event(&path) {
            Ok(event) => Some(event),
            Err(Trouble::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(Trouble::Unreadable(error)) => {
                if self.complained.insert(name.clone()) {
                    tracing::error!(path = %path.display(), %error, "a spooled event cannot be read; it stays there");
                }
                None
            }
            Err(Trouble::Bad(why)) => {
                self.set_aside(&path, name, &why);
                None
            }
        }
    }

    /// Moves a file to `bad/`, under a name that no other file there has.
    fn set_aside(&mut self, path: &Path, name: &OsString, why: &str) {
        let bad = self.dir.join("bad");
        let mut to = bad.join(name);
        while to.symlink_metadata().is_ok() {
            let mut other = name.clone();
            other.push(format!(".{:08x}", fastrand::u32(..)));
            to = bad.join(other);
        }
        match fs::rename(path, &to) {
            Ok(()) => {
                tracing::error!(path = %to.display(), why, "a spooled file is no event; set aside");
            }
            Err(error) => {
                tracing::error!(path = %path.display(), why, %error, "a spooled file is no event and cannot be set aside");
                self.claimed.insert(name.clone());
            }
        }
    }

    fn clear_leftovers(&self, now: SystemTime) {
        let Ok(files) = fs::read_dir(self.dir.join("tmp")) else {
            return;
        };
        for file in files.flatten() {
            let is_old = |meta: Metadata| {
                let modified = meta.modified().ok()?;
                Some(now.duration_since(modified).ok()? > LEFTOVER_AGE)
            };
            if file.metadata().ok().and_then(is_old) == Some(true)
                && let Err(error) = fs::remove_file(file.path())
            {
                tracing::warn!(path = %file.path().display(), %error, "a leftover cannot be removed");
            }
        }
    }
}

/// Reads one file, which anybody may have put there: it may be a link, a pipe, too big, or not JSON.
fn read_event(path: &Path) -> Result<Event, Trouble> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => Trouble::Bad("it is a symbolic link".to_owned()),
            Some(libc::ENXIO) => Trouble::Bad("it is a socket or a device".to_owned()),
            _ => Trouble::Unreadable(error),
        })?;
    let meta = file.metadata().map_err(Trouble::Unreadable)?;
    if !meta.is_file() {
        return Err(Trouble::Bad("it is not a regular file".to_owned()));
    }
    let json = read_bounded(&file, meta.len()).map_err(Trouble::Unreadable)?;
    Event::from_json(&json).map_err(|error| Trouble::Bad(error.to_string()))
}

/// Reads one byte more than an event may have at most, so that a longer one is seen to be.
fn read_bounded(file: &File, len: u64) -> io::Result<Vec<u8>> {
    let most = Limits::EVENT_BYTES as u64 + 1;
    let mut json = Vec::with_capacity(len.min(most) as usize);
    file.take(most).read_to_end(&mut json)?;
    Ok(json)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, sync::mpsc, thread};

    use jiff::{SignedDuration, Timestamp};
    use tempfile::TempDir;

    use super::*;
    use crate::{alert::samples, handoff::Spool};

    fn event(id: &str, second: i64) -> Event {
        Event {
            id: id.into(),
            received_at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second),
            ..samples::event()
        }
    }

    fn write(dir: &TempDir, event: &Event) {
        let json = serde_json::to_vec(event).expect("JSON");
        Spool::new(dir.path())
            .write(&event.id, &json)
            .expect("writes");
    }

    fn spool() -> (TempDir, SpoolReader) {
        let dir = TempDir::new().expect("a temporary directory");
        let reader = SpoolReader::open(dir.path()).expect("opens");
        (dir, reader)
    }

    fn ids(found: &[(Event, Claim)]) -> Vec<&str> {
        found.iter().map(|(event, _)| event.id.as_str()).collect()
    }

    fn claims(found: Vec<(Event, Claim)>) -> Vec<Claim> {
        found.into_iter().map(|(_, claim)| claim).collect()
    }

    fn files(dir: &TempDir, name: &str) -> usize {
        fs::read_dir(dir.path().join(name)).expect("lists").count()
    }

    #[test]
    fn events_are_claimed_once_and_oldest_first_and_are_gone_when_removed() {
        let (dir, mut reader) = spool();
        for (id, second) in [("c", 3), ("a", 1), ("b", 2)] {
            write(&dir, &event(id, second));
        }
        let found = reader.claim(10).expect("reads");
        assert_eq!(ids(&found), ["a", "b", "c"]);
        assert_eq!(found[0].0, event("a", 1));
        assert_eq!(reader.claim(10).expect("reads"), []);
        reader.remove(claims(found));
        assert_eq!(files(&dir, "new"), 0);
        assert_eq!(
            SpoolReader::open(dir.path())
                .expect("opens")
                .claim(10)
                .expect("reads"),
            []
        );
    }

    #[test]
    fn older_files_come_in_earlier_batches() {
        let (dir, mut reader) = spool();
        for (id, age) in [("young", 10), ("old", 30), ("middle", 20)] {
            write(&dir, &event(id, 0));
            let mut names = fs::read_dir(reader.new_dir()).expect("lists").flatten();
            let file = names
                .find(|file| file.file_name().to_string_lossy().starts_with(id))
                .expect("is there");
            File::open(file.path())
                .and_then(|file| file.set_modified(SystemTime::now() - Duration::from_secs(age)))
                .expect("sets its time");
        }
        let mut order = Vec::new();
        loop {
            let found = reader.claim(1).expect("reads");
            let Some((event, _)) = found.first() else {
                break;
            };
            order.push(event.id.to_string());
        }
        assert_eq!(order, ["old", "middle", "young"]);
    }

    #[test]
    fn what_is_released_or_was_never_removed_is_claimed_again() {
        let (dir, mut reader) = spool();
        write(&dir, &event("a", 1));
        let found = reader.claim(10).expect("reads");
        reader.release(claims(found));
        assert_eq!(ids(&reader.claim(10).expect("reads")), ["a"]);
        let mut after_a_crash = SpoolReader::open(dir.path()).expect("opens");
        assert_eq!(ids(&after_a_crash.claim(10).expect("reads")), ["a"]);
    }

    #[test]
    fn a_bad_file_is_set_aside_and_holds_nobody_up() {
        let (dir, mut reader) = spool();
        let new = reader.new_dir();
        fs::write(new.join("0.json"), "{").expect("writes");
        fs::write(new.join("1.json"), [0xFF; 10]).expect("writes");
        fs::write(new.join("2.json"), vec![b' '; Limits::EVENT_BYTES + 1]).expect("writes");
        fs::write(new.join("3.json"), "").expect("writes");
        symlink("/etc/passwd", new.join("4.json")).expect("links");
        fs::create_dir(new.join("5.json")).expect("makes");
        nix::unistd::mkfifo(&new.join("6.json"), nix::sys::stat::Mode::S_IRWXU).expect("makes");
        fs::write(new.join(".nfs0001"), "hidden").expect("writes");
        write(&dir, &event("good", 1));
        assert_eq!(ids(&reader.claim(10).expect("reads")), ["good"]);
        assert_eq!(files(&dir, "bad"), 7);
        fs::write(new.join("0.json"), "[").expect("writes");
        assert_eq!(reader.claim(10).expect("reads"), []);
        assert_eq!(files(&dir, "bad"), 8, "nothing in bad/ is overwritten");
        assert_eq!(
            fs::read(dir.path().join("bad/0.json")).expect("reads"),
            b"{"
        );
    }

    #[test]
    fn leftovers_of_dead_writers_are_cleared_and_living_writers_left_alone() {
        let (dir, reader) = spool();
        fs::write(dir.path().join("tmp/x.json.1"), "{").expect("writes");
        reader.clear_leftovers(SystemTime::now());
        assert_eq!(files(&dir, "tmp"), 1);
        reader.clear_leftovers(SystemTime::now() + LEFTOVER_AGE + Duration::from_secs(1));
        assert_eq!(files(&dir, "tmp"), 0);
    }

    #[test]
    fn nothing_is_lost_and_nothing_comes_twice_while_many_write() {
        const WRITERS: usize = 4;
        const EACH: usize = 100;
        let (dir, mut reader) = spool();
        let (done, writers) = mpsc::channel::<()>();
        let mut seen = Vec::new();
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (dir, done) = (&dir, done.clone());
                scope.spawn(move || {
                    for number in 0..EACH {
                        write(dir, &event(&format!("{writer}:{number}"), 0));
                    }
                    drop(done);
                });
            }
            drop(done);
            loop {
                let is_last = writers.try_recv() == Err(mpsc::TryRecvError::Disconnected);
                let found = reader.claim(7).expect("reads");
                if found.is_empty() && is_last {
                    break;
                }
                seen.extend(found.iter().map(|(event, _)| event.id.to_string()));
                reader.remove(claims(found));
            }
        });
        assert_eq!(seen.len(), WRITERS * EACH);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), WRITERS * EACH);
        assert_eq!(files(&dir, "new"), 0);
    }
}
