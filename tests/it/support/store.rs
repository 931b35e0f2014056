//! A store whose commits a test may meddle with.

use std::path::Path;

use jiff::Timestamp;
use rinban::{
    escalation::{Entry, Escalation, EscalationId},
    store::{Backend, Batch, Committed, Snapshot, Sqlite, Store, StoreError},
};

/// What a commit comes to.
pub(crate) type Outcome = Result<Vec<Committed>, StoreError>;

struct Meddled<Commit> {
    sqlite: Sqlite,
    commit: Commit,
}

/// Opens the store in `dir`. Each commit goes through `commit`, which may do the real one, or something else.
pub(crate) fn meddled(
    dir: &Path,
    commit: impl FnMut(&mut Sqlite, &[Batch], Timestamp) -> Outcome + Send + 'static,
) -> Result<(Store, Snapshot), StoreError> {
    let mut sqlite = Sqlite::open(dir)?;
    let snapshot = sqlite.load(Timestamp::now())?;
    let reader = Box::new(Sqlite::read_only(dir)?);
    Ok((Store::start(Meddled { sqlite, commit }, reader)?, snapshot))
}

impl<Commit> Backend for Meddled<Commit>
where
    Commit: FnMut(&mut Sqlite, &[Batch], Timestamp) -> Outcome + Send + 'static,
{
    fn load(&mut self, now: Timestamp) -> Result<Snapshot, StoreError> {
        self.sqlite.load(now)
    }

    fn commit(&mut self, batches: &[Batch], now: Timestamp) -> Outcome {
        (self.commit)(&mut self.sqlite, batches, now)
    }

    fn journal(&mut self, id: EscalationId) -> Result<Vec<Entry>, StoreError> {
        self.sqlite.journal(id)
    }

    fn escalation(&mut self, id: EscalationId) -> Result<Option<Escalation>, StoreError> {
        self.sqlite.escalation(id)
    }

    fn escalations(&mut self, limit: usize) -> Result<Vec<Escalation>, StoreError> {
        self.sqlite.escalations(limit)
    }
}
