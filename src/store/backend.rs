//! What a database must be able to do for the store.

use jiff::Timestamp;

use super::{Batch, Committed, Snapshot, StoreError};
use crate::escalation::{Entry, Escalation, EscalationId};

/// A database behind the store. Methods block; the store calls them from threads of its own.
///
/// The instant is an argument, as everywhere: it dates what is kept for a time only.
pub trait Backend: Send + 'static {
    /// Everything that a core needs to go on; `now` says which calls are of the last hour.
    fn load(&mut self, now: Timestamp) -> Result<Snapshot, StoreError>;

    /// Commits all batches, in order, in one transaction that is durable (fsync) on return, or none of them.
    ///
    /// Answers one [`Committed`] for each batch. An error for which [`StoreError::is_about_content`] holds is
    /// about one of the batches; any other would have met each of them.
    fn commit(&mut self, batches: &[Batch], now: Timestamp) -> Result<Vec<Committed>, StoreError>;

    /// The journal of an escalation in the order of its numbers; empty if there is no such escalation.
    fn journal(&mut self, id: EscalationId) -> Result<Vec<Entry>, StoreError>;

    /// An escalation as it last stood, over or not.
    fn escalation(&mut self, id: EscalationId) -> Result<Option<Escalation>, StoreError>;

    /// The newest escalations, newest first, over or not.
    fn escalations(&mut self, limit: usize) -> Result<Vec<Escalation>, StoreError>;
}
