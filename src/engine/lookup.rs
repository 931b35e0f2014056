//! What others may know of the alerts that are open.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::oneshot;

use super::{Engine, Happening};
use crate::alert::{Alert, DedupKey};

impl Engine {
    /// The open alerts with one of these sources and dedup keys, whichever groups are called. Everything that was accepted before is folded
    /// in. Empty if the engine is ending.
    pub async fn open_alerts(&self, names: HashSet<(Arc<str>, DedupKey)>) -> Vec<Alert> {
        let (reply, answer) = oneshot::channel();
        let sent = self.happenings.send(Happening::Sought(names, reply)).await;
        match sent {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }
}
