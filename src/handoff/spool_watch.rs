//! Says when something new is in the spool: at once by inotify, and every few seconds in any case.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, RawFd},
    path::PathBuf,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::inotify::{AddWatchFlags, InitFlags, Inotify},
};
use tokio::{io::unix::AsyncFd, time};

/// How often the spool is looked at without a sign: notification does not see network file systems, or a directory
/// that was replaced since.
const RESCAN: Duration = Duration::from_secs(5);

/// The same where notification is not to be had at all.
const RESCAN_BLIND: Duration = Duration::from_millis(500);

/// Watches a directory for files that are moved there.
#[derive(Debug)]
pub struct SpoolWatch {
    dir: PathBuf,
    notify: Option<AsyncFd<Descriptor>>,
}

impl SpoolWatch {
    /// Watches `dir`, the spool's `new/`. Make it before the spool is first read, so that nothing falls in between.
    ///
    /// Must be called within a tokio runtime. Where the system refuses to notify, the watch falls back to looking.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let mut watch = Self {
            dir: dir.into(),
            notify: None,
        };
        match Descriptor::new().and_then(Descriptor::register) {
            Ok(notify) => watch.notify = Some(notify),
            Err(error) => {
                tracing::warn!(%error, "no notification of new events; looking twice a second");
            }
        }
        watch.watch();
        watch
    }

    /// Waits until there may be something new in the spool. Nothing is lost if the future is dropped.
    pub async fn changed(&mut self) {
        let Some(notify) = &self.notify else {
            time::sleep(RESCAN_BLIND).await;
            return;
        };
        match time::timeout(RESCAN, notify.readable()).await {
            Ok(Ok(mut ready)) => {
                while let Ok(Ok(())) = ready.try_io(|notify| notify.get_ref().read()) {}
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "notification of new events has failed; looking twice a second");
                self.notify = None;
            }
            Err(_elapsed) => self.watch(),
        }
    }

    /// Adds the watch, which does nothing if it stands already.
    fn watch(&self) {
        if let Some(notify) = &self.notify
            && let Err(error) = notify
                .get_ref()
                .0
                .add_watch(&self.dir, AddWatchFlags::IN_MOVED_TO)
        {
            tracing::warn!(dir = %self.dir.display(), %error, "cannot watch the spool; looking every few seconds");
        }
    }
}

/// An inotify instance with the raw number that tokio asks for.
#[derive(Debug)]
struct Descriptor(Inotify);

impl Descriptor {
    fn new() -> io::Result<Self> {
        let flags = InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC;
        Ok(Self(Inotify::init(flags)?))
    }

    #[expect(
        deprecated,
        reason = "its successor is unsafe, to make callers promise what holds here: the number stays the same and open"
    )]
    fn register(self) -> io::Result<AsyncFd<Self>> {
        AsyncFd::new(self)
    }

    /// Takes one load of notifications; which files they name is found by listing.
    fn read(&self) -> io::Result<()> {
        match self.0.read_events() {
            Ok(_) => Ok(()),
            Err(Errno::EAGAIN) => Err(io::ErrorKind::WouldBlock.into()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tempfile::TempDir;

    use super::*;
    use crate::handoff::{Spool, SpoolReader};

    fn spool() -> (TempDir, SpoolWatch) {
        let dir = TempDir::new().expect("a temporary directory");
        let reader = SpoolReader::open(dir.path()).expect("opens");
        (dir, SpoolWatch::new(reader.new_dir()))
    }

    fn write(dir: &Path) {
        Spool::new(dir).write(&"1".into(), b"{}").expect("writes");
    }

    /// Whether the watch says so within much less than a rescan.
    async fn is_told(watch: &mut SpoolWatch) -> bool {
        let soon = Duration::from_secs(3);
        time::timeout(soon, watch.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn a_new_event_is_told_at_once_and_only_once() {
        let (dir, mut watch) = spool();
        write(dir.path());
        write(dir.path());
        assert!(is_told(&mut watch).await);
        let silence = time::timeout(Duration::from_millis(50), watch.changed()).await;
        assert!(silence.is_err());
        write(dir.path());
        assert!(is_told(&mut watch).await);
    }

    #[tokio::test]
    async fn an_event_that_is_written_while_nobody_waits_is_told_later() {
        let (dir, mut watch) = spool();
        let unfinished = time::timeout(Duration::from_millis(10), watch.changed()).await;
        assert!(unfinished.is_err());
        write(dir.path());
        assert!(is_told(&mut watch).await);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_sign_the_spool_is_looked_at_all_the_same() {
        let (_dir, mut watch) = spool();
        let begin = time::Instant::now();
        watch.changed().await;
        assert_eq!(begin.elapsed().as_secs(), RESCAN.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_spool_that_was_replaced_is_watched_again_after_a_rescan() {
        let (dir, mut watch) = spool();
        let new = dir.path().join("new");
        fs::remove_dir(&new).expect("removes");
        fs::create_dir(&new).expect("makes");
        // The loss of the old directory may count as a sign; the rescan comes when there is none.
        let mut begin = time::Instant::now();
        while begin.elapsed() < RESCAN {
            begin = time::Instant::now();
            watch.changed().await;
        }
        time::resume();
        write(dir.path());
        assert!(is_told(&mut watch).await);
    }
}
