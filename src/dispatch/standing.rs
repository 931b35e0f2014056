//! How the providers stand, for people who look: what each does now, since when, why, and who has said so. Holds nothing
//! secret: providers are named, faults come without numbers.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Dispatch,
    balance::Left,
    breaker::{Forced, Gate, State},
    delivery::Delivered,
    limiter::Rate,
    line::Line,
    ratio::Changed,
};
use crate::{
    escalation::{Fault, ProviderName},
    roster::Channel,
};

/// So many of a line's last faults are kept.
const FAULTS: usize = 5;

/// A fault of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFault {
    /// When.
    pub at: Timestamp,
    /// Which, without secrets and numbers.
    pub fault: Fault,
}

/// How one provider stands on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who.
    pub provider: ProviderName,
    /// On which channel.
    pub channel: Channel,
    /// Whether a request may go through it now.
    pub gate: Gate,
    /// What its breaker does, but for what an operator has set.
    pub breaker: State,
    /// What an operator has set: who, when and why.
    pub forced: Option<Forced>,
    /// How much it carries now, of the sum of all weights.
    pub weight: u32,
    /// How much it carries while nobody is held back.
    pub weight_set: u32,
    /// How much the configuration gives it, which counts until weights are set by hand.
    pub weight_configured: u32,
    /// Held back until then, since too little of what it accepted arrived.
    pub held_until: Option<Timestamp>,
    /// How much of what it accepted of late arrived; nothing if too little is known.
    pub delivered: Option<Delivered>,
    /// How many wait for their turn with it.
    pub waiting: usize,
    /// When all that was sent has been worked off at its rate.
    pub busy_until: Timestamp,
    /// How often it takes a request.
    pub rate: Rate,
    /// What is left of its prepaid account, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// Its last faults, oldest first.
    pub faults: VecDeque<LastFault>,
}

/// A change of a channel's weights, or of a breaker by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Of which channel.
    pub channel: Channel,
    /// Who, when, why, and the weights from then on.
    #[serde(flatten)]
    pub changed: Changed,
}

/// Everything about all providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// As of this instant.
    pub at: Timestamp,
    /// Of each channel in the order of preference.
    pub providers: Vec<Standing>,
    /// What was changed, oldest first.
    pub history: Vec<Recorded>,
}

impl Dispatch {
    /// How all stand at `now`, in the order of preference.
    pub fn standing(&self, now: Timestamp) -> Vec<Standing> {
        self.lines
            .iter()
            .map(|line| self.standing_of(line, now))
            .collect()
    }

    /// What was changed by hand and by the delivery monitor, oldest first.
    pub fn history(&self) -> Vec<Recorded> {
        let mut history: Vec<Recorded> = Vec::new();
        for (channel, ratio) in self.ratios.iter() {
            history.extend(ratio.history().map(|changed| Recorded {
                channel: *channel,
                changed: changed.clone(),
            }));
        }
        // Stable: what one command has changed stays in its order.
        history.sort_by_key(|recorded| recorded.changed.at);
        history
    }

    /// Both at once.
    pub fn overview(&self, now: Timestamp) -> Overview {
        Overview {
            at: now,
            providers: self.standing(now),
            history: self.history(),
        }
    }

    /// A request to a provider failed; it is kept for whoever looks. What it means for the breaker is [`Self::report`]ed.
    pub fn failed(
        &mut self,
        now: Timestamp,
        (provider, channel): (&ProviderName, Channel),
        fault: &Fault,
    ) {
        if let Some(line) = self.line_mut(provider, channel) {
            let faults = line.faults_mut();
            faults.push_back(LastFault {
                at: now,
                fault: fault.clone(),
            });
            while faults.len() > FAULTS {
                faults.pop_front();
            }
        }
    }

    fn standing_of(&self, line: &Line, now: Timestamp) -> Standing {
        let ratio = self.ratio(line.channel);
        let weights = ratio.weights();
        let weight = weights.iter().find(|(name, _)| **name == line.provider);
        Standing {
            provider: line.provider.clone(),
            channel: line.channel,
            gate: line.breaker.gate(now),
            breaker: line.breaker.state().clone(),
            forced: line.breaker.forced().cloned(),
            weight: weight.map_or(0, |(_, weight)| *weight),
            weight_set: ratio.set_weight(&line.provider).unwrap_or_default(),
            weight_configured: line.configured,
            held_until: ratio.hold(&line.provider).map(|hold| hold.until),
            delivered: line.delivery.rate(now),
            waiting: line.waiting(),
            busy_until: line.busy_until(),
            rate: line.rate(),
            left: line.left.clone(),
            faults: (*line.faults).clone(),
        }
    }
}
