//! The one thread that writes. Whatever waits while a transaction is on its way to the disk goes into the next one.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::{Backend, Batch, Committed, StoreError};

/// A batch that waits, and who waits for it.
pub(super) struct Request {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Committed, StoreError>>,
}

/// How many batches may wait before [`super::Store::commit`] waits, too.
pub(super) const WAITING: usize = 2_048;

/// How many batches one transaction holds at most.
const GROUP_BATCHES: usize = 1_024;

/// How many rows one transaction holds about, so that batches of many rows do not add up to seconds.
const GROUP_ROWS: usize = 8_192;

/// Serves until the last sender is gone and everything that it sent is committed.
pub(super) fn run(mut backend: impl Backend, mut requests: mpsc::Receiver<Request>) {
    while let Some(first) = requests.blocking_recv() {
        let (batches, answers) = gather(first, &mut requests);
        for (answer, result) in answers.into_iter().zip(commit(&mut backend, &batches)) {
            // Whoever no longer waits has gone on without the answer; the batch is committed all the same.
            let _ = answer.send(result);
        }
    }
}

type Answer = oneshot::Sender<Result<Committed, StoreError>>;

fn gather(first: Request, requests: &mut mpsc::Receiver<Request>) -> (Vec<Batch>, Vec<Answer>) {
    let mut rows = first.batch.rows();
    let mut batches = vec![first.batch];
    let mut answers = vec![first.answer];
    while batches.len() < GROUP_BATCHES
        && rows < GROUP_ROWS
        && let Ok(request) = requests.try_recv()
    {
        rows += request.batch.rows();
        batches.push(request.batch);
        answers.push(request.answer);
    }
    (batches, answers)
}

/// Commits a group; if one batch spoils it, each for itself, so that only that one fails.
fn commit(backend: &mut impl Backend, batches: &[Batch]) -> Vec<Result<Committed, StoreError>> {
    match backend.commit(batches, Timestamp::now()) {
        Ok(committed) => committed.into_iter().map(Ok).collect(),
        Err(error) if error.is_about_content() && batches.len() > 1 => {
            batches.iter().map(|batch| alone(backend, batch)).collect()
        }
        Err(error) => {
            tracing::error!(%error, batches = batches.len(), "nothing was committed");
            vec![Err(error); batches.len()]
        }
    }
}

fn alone(backend: &mut impl Backend, batch: &Batch) -> Result<Committed, StoreError> {
    let committed = backend.commit(std::slice::from_ref(batch), Timestamp::now())?;
    Ok(committed.into_iter().next().unwrap_or_default())
}

impl Batch {
    /// About how many rows it writes.
    fn rows(&self) -> usize {
        self.events.len()
            + self.handled.len()
            + self.alerts.len()
            + self.closed.len()
            + self.entries.len()
            + self.escalations.len()
            + self.calls.len()
            + self.notices.len()
            + self.settled.len()
            + self.marks.len()
    }
}
