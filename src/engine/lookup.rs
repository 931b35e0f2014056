//! What others may know of how things stand.

use std::collections::HashSet;

use tokio::sync::oneshot;

use super::{
    Engine, Happening, Runner,
    desk::{Load, Now},
};
use crate::{
    alert::{Alert, DedupKey, SourceName},
    dispatch::standing::Overview,
};

/// A question, with where the answer goes.
#[derive(Debug)]
pub(super) enum Question {
    /// How much is there to do?
    Load(oneshot::Sender<Load>),
    /// Which alerts of these names are open?
    Alerts(HashSet<(SourceName, DedupKey)>, oneshot::Sender<Vec<Alert>>),
    /// How do the providers stand?
    Providers(oneshot::Sender<Overview>),
}

impl Engine {
    /// How much there is to do; none if the engine is ending.
    pub async fn load(&self) -> Option<Load> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Load(reply)).await?;
        answer.await.ok()
    }

    /// The open alerts with one of these sources and dedup keys, whichever groups are called. Everything that was accepted before is folded
    /// in. Empty if the engine is ending.
    pub async fn open_alerts(&self, names: HashSet<(SourceName, DedupKey)>) -> Vec<Alert> {
        let (reply, answer) = oneshot::channel();
        match self.ask(Question::Alerts(names, reply)).await {
            Some(()) => answer.await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// How all providers stand, and what was changed; none if the engine is ending.
    pub async fn providers(&self) -> Option<Overview> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Providers(reply)).await?;
        answer.await.ok()
    }

    async fn ask(&self, question: Question) -> Option<()> {
        let asked = Happening::Asked(question);
        self.happenings.send(asked).await.ok()
    }
}

impl Runner {
    /// Who has asked and gone gets no answer.
    pub(super) fn answer(&self, now: Now, question: Question) {
        match question {
            Question::Load(reply) => {
                let _ = reply.send(Load {
                    outbox_pending: self.outbox_pending,
                    ..self.desk.load(now.steady)
                });
            }
            Question::Alerts(names, reply) => {
                let _ = reply.send(self.desk.open_alerts(&names));
            }
            Question::Providers(reply) => {
                let _ = reply.send(self.desk.providers(now));
            }
        }
    }
}
