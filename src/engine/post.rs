//! Where no webhook reaches us, what people write back is fetched: every few seconds, from each carrier that keeps a list.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use super::Engine;
use crate::{
    escalation::{AttemptId, EscalationId, MessageSid},
    provider::{Inbound, MessageRequest, Messenger},
};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// A carrier's list lags a little behind, so each look reaches back further than the last one.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// How far the first look of all reaches back.
const FIRST: SignedDuration = SignedDuration::from_mins(10);

/// The answer to a reply belongs to no attempt.
const NO_ATTEMPT: AttemptId = AttemptId {
    escalation: EscalationId(0),
    number: 0,
};

/// Fetches one carrier's inbound messages for ever.
#[derive(Debug)]
pub struct Post {
    /// Who takes them in.
    pub engine: Engine,
    /// From whom.
    pub carrier: Arc<dyn Messenger>,
    /// Until when the last core had fetched them ([`Post::mark`]).
    pub fetched: Option<Timestamp>,
}

impl Post {
    /// The name of the mark in the store that says until when messages were fetched.
    pub fn mark(provider: &str) -> String {
        format!("inbox:{provider}")
    }

    /// Fetches until it is dropped.
    pub async fn run(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = None;
        loop {
            ticks.tick().await;
            self.look(&mut seen).await;
        }
    }

    /// `seen` is what the last look of this core has found.
    async fn look(&mut self, seen: &mut Option<HashSet<MessageSid>>) {
        let now = self.engine.wall();
        let since = self.fetched.map_or(now - FIRST, |at| at - OVERLAP);
        let inbox = match self.carrier.inbox(since).await {
            Ok(inbox) => inbox,
            Err(fault) => {
                let provider = self.carrier.name();
                return tracing::warn!(%provider, "failed to fetch what people wrote: {fault}");
            }
        };
        let is_old = |inbound: &&Inbound| match &*seen {
            Some(seen) => seen.contains(&inbound.message),
            // What an earlier core had fetched is known by its time only.
            None => self.fetched.is_some_and(|last| inbound.at <= last),
        };
        let fresh = inbox.iter().filter(|inbound| !is_old(inbound));
        let mut fresh: Vec<Inbound> = fresh.cloned().collect();
        fresh.sort_by_key(|inbound| inbound.at);
        for inbound in fresh {
            if !self.take(inbound).await {
                return;
            }
        }
        let found = inbox.into_iter().map(|inbound| inbound.message);
        *seen = Some(found.collect());
        self.fetched = Some(now);
        let mark = (Self::mark(self.carrier.name().as_str()), now.to_string());
        if let Err(error) = self.engine.keep(vec![mark]).await {
            tracing::warn!("failed to note what was fetched: {error}");
        }
    }

    /// Whether it was taken in; else it is fetched again.
    async fn take(&self, inbound: Inbound) -> bool {
        let to = inbound.from.clone();
        match self.engine.reply(inbound).await {
            Ok(Some(text)) => {
                let request = MessageRequest {
                    to,
                    text,
                    attempt: NO_ATTEMPT,
                    status_url: None,
                };
                // Whoever gets no answer writes again, and is told the same.
                if let Err(fault) = self.carrier.send(&request).await {
                    tracing::warn!("failed to answer a reply: {fault}");
                }
                true
            }
            Ok(None) => true,
            Err(error) => {
                tracing::warn!("a reply waits: {error}");
                false
            }
        }
    }
}
