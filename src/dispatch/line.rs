//! One provider on one channel: what is kept of it, and how requests take their turns with it.

use std::{collections::VecDeque, ops::Deref, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Happened, Offer, What,
    balance::Left,
    breaker::Breaker,
    delivery::Delivery,
    limiter::{Answer, Class, Limiter, Rate},
    standing::LastFault,
    told::Told,
};
use crate::{
    escalation::{AttemptId, ProviderName},
    roster::Channel,
};

/// One provider on one channel, as the store keeps it. It is shared with [`super::Dispatch`], and so are its parts, of which
/// only those that change are copied: what is kept after each turn and what an undone turn goes back to cost no more than the
/// change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    pub(super) provider: ProviderName,
    pub(super) channel: Channel,
    pub(super) breaker: Arc<Breaker>,
    pub(super) delivery: Arc<Delivery>,
    busy_until: Timestamp,
    #[serde(default)]
    pub(super) faults: Arc<VecDeque<LastFault>>,
    #[serde(default)]
    pub(super) told: Arc<Told>,
    #[serde(default)]
    pub(super) left: Option<Left>,
}

/// One provider on one channel.
#[derive(Clone, Debug)]
pub(super) struct Line {
    kept: Arc<KeptLine>,
    limiter: Limiter<AttemptId>,
    /// The weight that the configuration gives it.
    pub(super) configured: u32,
}

impl Deref for Line {
    type Target = KeptLine;

    fn deref(&self) -> &KeptLine {
        &self.kept
    }
}

impl Line {
    /// Goes on where the line of this provider and channel stopped, if it is among those kept.
    pub(super) fn new(offer: &Offer, kept: &[Arc<KeptLine>]) -> Self {
        let is_same = |line: &&Arc<KeptLine>| {
            line.provider == offer.provider && line.channel == offer.channel
        };
        let kept = kept.iter().find(is_same).cloned();
        let kept = kept.unwrap_or_else(|| {
            Arc::new(KeptLine {
                provider: offer.provider.clone(),
                channel: offer.channel,
                breaker: Arc::default(),
                delivery: Arc::new(Delivery::new(offer.channel)),
                busy_until: Timestamp::UNIX_EPOCH,
                faults: Arc::default(),
                told: Arc::default(),
                left: None,
            })
        });
        Self {
            limiter: Limiter::new(offer.rate, kept.busy_until),
            kept,
            configured: offer.weight,
        }
    }

    /// What has to outlive the process.
    pub(super) fn kept(&self) -> Arc<KeptLine> {
        Arc::clone(&self.kept)
    }

    /// Asks to send now; see [`Limiter::ask`].
    pub(super) fn ask(&mut self, now: Timestamp, attempt: AttemptId, class: Class) -> Answer {
        let answer = self.limiter.ask(now, attempt, class);
        let busy_until = self.limiter.busy_until();
        if self.kept.busy_until != busy_until {
            self.change().busy_until = busy_until;
        }
        answer
    }

    /// An attempt is not to be sent any more.
    pub(super) fn withdraw(&mut self, attempt: AttemptId) {
        self.limiter.withdraw(attempt);
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.limiter.waiting()
    }

    /// When all that was sent has been worked off at its rate.
    pub(super) fn busy_until(&self) -> Timestamp {
        self.kept.busy_until
    }

    /// How often it takes a request.
    pub(super) fn rate(&self) -> Rate {
        self.limiter.rate()
    }

    pub(super) fn breaker_mut(&mut self) -> &mut Breaker {
        Arc::make_mut(&mut self.change().breaker)
    }

    pub(super) fn delivery_mut(&mut self) -> &mut Delivery {
        Arc::make_mut(&mut self.change().delivery)
    }

    pub(super) fn faults_mut(&mut self) -> &mut VecDeque<LastFault> {
        Arc::make_mut(&mut self.change().faults)
    }

    pub(super) fn told_mut(&mut self) -> &mut Told {
        Arc::make_mut(&mut self.change().told)
    }

    pub(super) fn left_mut(&mut self) -> &mut Option<Left> {
        &mut self.change().left
    }

    /// Something is to be told of it.
    pub(super) fn happened(&self, what: What) -> Happened {
        Happened {
            provider: self.provider.clone(),
            channel: self.channel,
            what,
        }
    }

    fn change(&mut self) -> &mut KeptLine {
        Arc::make_mut(&mut self.kept)
    }
}
