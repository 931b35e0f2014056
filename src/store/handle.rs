//! The handles: [`Store`] for the core, [`Reader`] for commands that look on.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::{
    Backend, Batch, Committed, Snapshot, Sqlite, StoreError,
    writer::{self, Request},
};
use crate::escalation::{Entry, Escalation, EscalationId};

/// A handle to the store; cheap to clone.
///
/// When the last clone is dropped, what was handed in is committed and the writer ends; the drop waits for that.
#[derive(Clone)]
pub struct Store {
    reader: Arc<Mutex<Box<dyn Backend>>>,
    writer: Arc<Writer>,
}

struct Writer {
    /// `None` only while it is dropped.
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the store in `dir`, which is made if it is missing, and reads what the last core left. Blocks.
    pub fn open(dir: &Path) -> Result<(Self, Snapshot), StoreError> {
        let mut backend = Sqlite::open(dir)?;
        let snapshot = backend.load(Timestamp::now())?;
        let reader = Sqlite::read_only(dir)?;
        Ok((Self::start(backend, Box::new(reader))?, snapshot))
    }

    /// A store over any backend; `reader` is a second opening of the same database, so that reads need not wait for writes.
    pub fn start(backend: impl Backend, reader: Box<dyn Backend>) -> Result<Self, StoreError> {
        let (requests, waiting) = mpsc::channel(writer::WAITING);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer::run(backend, waiting))
            .map_err(|error| StoreError::Io {
                path: "a thread for the store".into(),
                why: error.to_string(),
            })?;
        Ok(Self {
            reader: Arc::new(Mutex::new(reader)),
            writer: Arc::new(Writer {
                requests: Some(requests),
                thread: Some(thread),
            }),
        })
    }

    /// Commits a batch. Answers when it is durable (P1), together with whatever else was waiting.
    ///
    /// Batches are committed in the order of the calls. If the future is dropped after its first poll, the batch may be
    /// committed or not.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let (answer, result) = oneshot::channel();
        let requests = self.writer.requests.as_ref().ok_or(StoreError::Closed)?;
        requests
            .send(Request { batch, answer })
            .await
            .map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)?
    }

    /// The journal of an escalation; empty if there is no such escalation.
    pub async fn journal(&self, id: EscalationId) -> Result<Vec<Entry>, StoreError> {
        self.read(move |backend| backend.journal(id)).await
    }

    /// An escalation as it last stood, over or not.
    pub async fn escalation(&self, id: EscalationId) -> Result<Option<Escalation>, StoreError> {
        self.read(move |backend| backend.escalation(id)).await
    }

    /// The newest escalations, newest first, over or not.
    pub async fn escalations(&self, limit: usize) -> Result<Vec<Escalation>, StoreError> {
        self.read(move |backend| backend.escalations(limit)).await
    }

    /// Drops this handle without blocking the runtime; if it was the last, everything is committed on return.
    pub async fn close(self) {
        // It fails only when the runtime is shutting down, and then the handle is dropped all the same.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Backend) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Arc::clone(&self.reader);
        tokio::task::spawn_blocking(move || {
            // A reader holds no state between two reads that a panic could have left half done.
            let mut backend = reader.lock().unwrap_or_else(PoisonError::into_inner);
            read(backend.as_mut())
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

/// A store that is only looked at, whether a core runs or not. Its methods block.
pub struct Reader(Box<dyn Backend>);

impl Reader {
    /// Opens the store in `dir` for reading.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Ok(Self(Box::new(Sqlite::read_only(dir)?)))
    }

    /// What a core would go on with if it started now.
    pub fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        self.0.load(Timestamp::now())
    }

    /// The journal of an escalation; empty if there is no such escalation.
    pub fn journal(&mut self, id: EscalationId) -> Result<Vec<Entry>, StoreError> {
        self.0.journal(id)
    }

    /// An escalation as it last stood, over or not.
    pub fn escalation(&mut self, id: EscalationId) -> Result<Option<Escalation>, StoreError> {
        self.0.escalation(id)
    }

    /// The newest escalations, newest first, over or not.
    pub fn escalations(&mut self, limit: usize) -> Result<Vec<Escalation>, StoreError> {
        self.0.escalations(limit)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use tempfile::TempDir;

    use super::*;
    use crate::store::contract::{entries, entry, events};

    fn dir() -> TempDir {
        TempDir::new().expect("a temporary directory")
    }

    /// A backend that tells the size of each group and waits for leave to commit it.
    struct Gate {
        sizes: Sender<usize>,
        leave: Receiver<Result<(), StoreError>>,
    }

    impl Backend for Gate {
        fn load(&mut self, _: Timestamp) -> Result<Snapshot, StoreError> {
            Err(StoreError::Closed)
        }

        fn commit(
            &mut self,
            batches: &[Batch],
            _: Timestamp,
        ) -> Result<Vec<Committed>, StoreError> {
            self.sizes
                .send(batches.len())
                .map_err(|_| StoreError::Closed)?;
            self.leave.recv().map_err(|_| StoreError::Closed)??;
            Ok(vec![Committed::default(); batches.len()])
        }

        fn journal(&mut self, _: EscalationId) -> Result<Vec<Entry>, StoreError> {
            Ok(vec![])
        }

        fn escalation(&mut self, _: EscalationId) -> Result<Option<Escalation>, StoreError> {
            Ok(None)
        }

        fn escalations(&mut self, _: usize) -> Result<Vec<Escalation>, StoreError> {
            Ok(vec![])
        }
    }

    fn gate() -> (Gate, Receiver<usize>, Sender<Result<(), StoreError>>) {
        let (sizes, seen) = channel();
        let (go, leave) = channel();
        (Gate { sizes, leave }, seen, go)
    }

    fn gated() -> (Store, Receiver<usize>, Sender<Result<(), StoreError>>) {
        let (backend, sizes, go) = gate();
        let store = Store::start(backend, Box::new(gate().0)).expect("starts");
        (store, sizes, go)
    }

    /// Commits in a task, and is polled until the batch stands in the queue.
    async fn commit_later(
        store: &Store,
        batch: Batch,
    ) -> tokio::task::JoinHandle<Result<Committed, StoreError>> {
        let store = store.clone();
        let task = tokio::spawn(async move { store.commit(batch).await });
        tokio::task::yield_now().await;
        task
    }

    #[tokio::test]
    async fn what_waits_is_committed_together() {
        let (store, sizes, go) = gated();
        let mut tasks = vec![commit_later(&store, Batch::default()).await];
        assert_eq!(sizes.recv(), Ok(1));
        for _ in 0..50 {
            tasks.push(commit_later(&store, Batch::default()).await);
        }
        assert!(tasks.iter().all(|task| !task.is_finished()));
        go.send(Ok(())).expect("the writer waits");
        assert_eq!(sizes.recv(), Ok(50));
        go.send(Ok(())).expect("the writer waits");
        for task in tasks {
            assert_eq!(task.await.expect("no panic"), Ok(Committed::default()));
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_to_everybody_and_tried_once() {
        let (store, sizes, go) = gated();
        let first = commit_later(&store, Batch::default()).await;
        assert_eq!(sizes.recv(), Ok(1));
        let second = commit_later(&store, Batch::default()).await;
        let third = commit_later(&store, Batch::default()).await;
        let full = || StoreError::DiskFull { path: "db".into() };
        go.send(Ok(())).expect("the writer waits");
        go.send(Err(full())).expect("the writer waits");
        assert_eq!(first.await.expect("no panic"), Ok(Committed::default()));
        assert_eq!(second.await.expect("no panic"), Err(full()));
        assert_eq!(third.await.expect("no panic"), Err(full()));
        assert_eq!(sizes.try_iter().collect::<Vec<_>>(), [2]);
    }

    #[tokio::test]
    async fn a_batch_that_spoils_its_group_fails_alone() {
        let dir = dir();
        let backend = Sqlite::open(dir.path()).expect("opens");
        let reader = Sqlite::read_only(dir.path()).expect("opens");
        let (requests, waiting) = mpsc::channel(8);
        let mut answers = Vec::new();
        for batch in [
            events(&["a"]),
            entries(1, &[1]),
            entries(1, &[1]),
            events(&["a", "b"]),
        ] {
            let (answer, result) = oneshot::channel();
            requests
                .try_send(Request { batch, answer })
                .expect("there is room");
            answers.push(result);
        }
        drop(requests);
        thread::spawn(move || writer::run(backend, waiting))
            .join()
            .expect("no panic");
        let mut results = Vec::new();
        for answer in answers {
            results.push(answer.await.expect("an answer"));
        }
        assert_eq!(
            results[0].as_ref().map(|c| &c.new_events[..]),
            Ok(&[true][..])
        );
        assert!(results[1].is_ok());
        assert!(matches!(results[2], Err(StoreError::Refused(_))));
        assert_eq!(
            results[3].as_ref().map(|c| &c.new_events[..]),
            Ok(&[false, true][..])
        );
        let mut reader = Reader(Box::new(reader));
        assert_eq!(reader.journal(EscalationId(1)), Ok(vec![entry(1)]));
    }

    #[tokio::test]
    async fn closing_commits_whatever_was_handed_in() {
        let dir = dir();
        let (store, _) = Store::open(dir.path()).expect("opens");
        let mut tasks = Vec::new();
        for number in 1..=500 {
            tasks.push(commit_later(&store, entries(1, &[number])).await);
        }
        for task in tasks {
            // Half-way answers are of no interest here: dropping a task leaves its batch in the queue.
            task.abort();
            let _ = task.await;
        }
        store.close().await;
        let mut reader = Reader::open(dir.path()).expect("opens");
        assert_eq!(reader.journal(EscalationId(1)).map(|j| j.len()), Ok(500));
    }

    #[tokio::test]
    async fn what_is_committed_can_be_read() {
        let dir = dir();
        let (store, snapshot) = Store::open(dir.path()).expect("opens");
        assert_eq!(snapshot.next_escalation, EscalationId(1));
        for number in 1..=3 {
            store.commit(entries(1, &[number])).await.expect("commits");
            let journal = store.journal(EscalationId(1)).await.expect("reads");
            assert_eq!(journal.len(), number as usize);
        }
        assert_eq!(store.escalation(EscalationId(1)).await, Ok(None));
        assert_eq!(store.escalations(10).await, Ok(vec![]));
    }
}
