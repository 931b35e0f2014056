//! Who carries how much of one channel's traffic. Pure: instants come in as arguments.
//!
//! Each provider has a weight, 100 for the first and 0 for the others unless the operator says otherwise; a provider of
//! weight 0 is a spare. When too little of what a provider accepts arrives it is held back: another one bears its weight, until
//! the hold is over and the provider is well. Each change is kept with who, when and why.

use std::{cmp::Reverse, collections::VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::escalation::ProviderName;

/// How long a provider is held the first time; it doubles each time it fails again soon after.
const HOLD: SignedDuration = SignedDuration::from_mins(30);

/// The longest hold.
const HOLD_MOST: SignedDuration = SignedDuration::from_hours(8);

/// Who fails within this span after its last hold is held for longer.
const SOON: SignedDuration = SignedDuration::from_hours(2);

/// How many changes are kept.
const HISTORY: usize = 50;

/// One provider's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Whose.
    pub provider: ProviderName,
    /// How much, as the operator has set it: of the sum of all weights.
    pub weight: u32,
    /// Smooth weighted round robin: how much it is owed.
    #[serde(default)]
    owed: i64,
    /// Its weight is borne by another one until this is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Hold>,
    /// The last hold that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Hold>,
}

/// A span in which a provider carries nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: Timestamp,
    /// When it is looked at again.
    pub until: Timestamp,
    /// How long each of its parts is.
    length: SignedDuration,
}

/// A change of the weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// When.
    pub at: Timestamp,
    /// Who: an operator, or `rinban`.
    pub by: String,
    /// Why.
    pub why: String,
    /// What each carries from then on, in the order of the configuration.
    pub weights: Vec<(ProviderName, u32)>,
}

/// Why weights cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongRatio {
    /// Not configured.
    #[error("no provider is named {0:?}; `rinban provider` lists them")]
    Unknown(ProviderName),
    /// All are zero.
    #[error("all weights are zero, so nobody would carry anything; give one of them more")]
    Nobody,
}

/// The weights of one channel. What it holds is kept in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// In the order of preference.
    shares: Vec<Share>,
    history: VecDeque<Changed>,
}

impl Ratio {
    /// Weights in the order of preference.
    pub fn new(weights: impl IntoIterator<Item = (ProviderName, u32)>) -> Self {
        let share = |(provider, weight)| Share {
            provider,
            weight,
            owed: 0,
            held: None,
            last: None,
        };
        Self {
            shares: weights.into_iter().map(share).collect(),
            history: VecDeque::new(),
        }
    }

    /// What each carries at present, in the order of preference: a held provider nothing, and its weight is borne by the
    /// first that is not held.
    pub fn weights(&self) -> Vec<(&ProviderName, u32)> {
        let held = |share: &&Share| share.held.is_some();
        let borne: u32 = self
            .shares
            .iter()
            .filter(held)
            .map(|share| share.weight)
            .sum();
        // If all are held, holding helps nobody.
        let bearer = self.shares.iter().position(|share| share.held.is_none());
        let weights = self.shares.iter().enumerate().map(|(index, share)| {
            let weight = match (bearer, share.held) {
                (Some(_), Some(_)) => 0,
                (Some(bearer), None) if bearer == index => share.weight + borne,
                _ => share.weight,
            };
            (&share.provider, weight)
        });
        weights.collect()
    }

    /// What a provider carries while nobody is held.
    pub fn set_weight(&self, provider: &ProviderName) -> Option<u32> {
        let share = self.shares.iter().find(|share| share.provider == *provider);
        share.map(|share| share.weight)
    }

    /// Keeps what else was changed by hand beside the weights.
    pub fn remark(&mut self, at: Timestamp, by: &str, why: String) {
        self.note(at, by, why);
    }

    /// The hold of a provider, if it is held.
    pub fn hold(&self, provider: &ProviderName) -> Option<Hold> {
        let share = self.shares.iter().find(|share| share.provider == *provider);
        share?.held
    }

    /// What was changed, oldest first.
    pub fn history(&self) -> impl Iterator<Item = &Changed> {
        self.history.iter()
    }

    /// Whose turn it is, and who stands behind, in order: those with a weight, then the spares. Changes nothing; whoever
    /// uses one says so with [`Self::used`].
    pub fn order(&self) -> Vec<&ProviderName> {
        let weights = self.weights();
        let mut order: Vec<_> = self.shares.iter().zip(weights).collect();
        // Stable, so that among equals the configuration decides.
        order.sort_by_key(|(share, (_, weight))| {
            (*weight == 0, Reverse(share.owed + i64::from(*weight)))
        });
        order
            .into_iter()
            .map(|(share, _)| &share.provider)
            .collect()
    }

    /// Whether it makes a difference that a request goes out through a provider: not if that one carries everything and nobody is
    /// owed anything.
    pub fn counts_use(&self, provider: &ProviderName) -> bool {
        let weights = self.weights();
        let carries = |name: &ProviderName, weight: u32| (name == provider) == (weight > 0);
        let carries_all = weights.iter().all(|(name, weight)| carries(name, *weight));
        !carries_all || self.shares.iter().any(|share| share.owed != 0)
    }

    /// A request went out through a provider.
    pub fn used(&mut self, provider: &ProviderName) {
        let weights: Vec<i64> = self
            .weights()
            .iter()
            .map(|(_, weight)| i64::from(*weight))
            .collect();
        let total: i64 = weights.iter().sum();
        for (share, weight) in self.shares.iter_mut().zip(weights) {
            let paid = if share.provider == *provider {
                total
            } else {
                0
            };
            // Whoever stood in for a sick one for long owes nothing for it.
            share.owed = (share.owed + weight - paid).clamp(-total, total);
        }
    }

    /// Sets weights by hand; a provider that is not named keeps its own, and nobody is held any more.
    pub fn set(
        &mut self,
        at: Timestamp,
        by: &str,
        why: &str,
        weights: &[(ProviderName, u32)],
    ) -> Result<(), WrongRatio> {
        let mut shares = self.shares.clone();
        for (name, weight) in weights {
            let share = shares.iter_mut().find(|share| share.provider == *name);
            share
                .ok_or_else(|| WrongRatio::Unknown(name.clone()))?
                .weight = *weight;
        }
        if shares.iter().all(|share| share.weight == 0) {
            return Err(WrongRatio::Nobody);
        }
        for share in &mut shares {
            (share.held, share.last, share.owed) = (None, None, 0);
        }
        self.shares = shares;
        self.note(at, by, why.to_owned());
        Ok(())
    }

    /// Whether a provider can be held back: it has weight, is not held yet, and somebody else is left.
    pub fn can_hold_back(&self, provider: &ProviderName) -> bool {
        let is_other = |share: &Share| share.provider != *provider && share.held.is_none();
        let weights = self.weights();
        let carries = weights
            .iter()
            .any(|(name, weight)| *name == provider && *weight > 0);
        carries && self.shares.iter().any(is_other)
    }

    /// Holds a failing provider: another bears its weight. Whether that changes anything.
    pub fn hold_back(&mut self, now: Timestamp, provider: &ProviderName, why: &str) -> bool {
        if !self.can_hold_back(provider) {
            return false;
        }
        for share in self
            .shares
            .iter_mut()
            .filter(|share| share.provider == *provider)
        {
            let length = match share.last {
                Some(last) if now < last.until + SOON => (last.length * 2).min(HOLD_MOST),
                _ => HOLD,
            };
            let until = now + length;
            share.held = Some(Hold {
                since: now,
                until,
                length,
            });
        }
        self.note(now, "rinban", format!("{provider} is held back: {why}"));
        true
    }

    /// A core took over, and the clock may have been set back: no hold is longer than it was meant to be.
    pub fn restarted(&mut self, now: Timestamp) {
        for hold in self
            .shares
            .iter_mut()
            .filter_map(|share| share.held.as_mut())
        {
            hold.since = hold.since.min(now);
            hold.until = hold.until.min(now + hold.length);
        }
    }

    /// When the next hold is to be looked at.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let holds = self.shares.iter().filter_map(|share| share.held);
        holds.map(|hold| hold.until).min()
    }

    /// Ends every hold that is over, if `is_well` says of the provider and the instant since when it was held that it may
    /// carry again; who is not well is held for as long again. Those that carry again.
    pub fn release(
        &mut self,
        now: Timestamp,
        is_well: impl Fn(&ProviderName, Timestamp) -> bool,
    ) -> Vec<ProviderName> {
        let mut back = Vec::new();
        for share in &mut self.shares {
            let Some(hold) = share.held.take_if(|hold| now >= hold.until) else {
                continue;
            };
            if is_well(&share.provider, hold.since) {
                share.last = Some(Hold { until: now, ..hold });
                back.push(share.provider.clone());
            } else {
                let until = now + hold.length;
                share.held = Some(Hold { until, ..hold });
            }
        }
        for provider in &back {
            self.note(now, "rinban", format!("{provider} carries again"));
        }
        back
    }

    fn note(&mut self, at: Timestamp, by: &str, why: String) {
        let weights = self.weights().into_iter();
        let weights = weights
            .map(|(provider, weight)| (provider.clone(), weight))
            .collect();
        self.history.push_back(Changed {
            at,
            by: by.to_owned(),
            why,
            weights,
        });
        while self.history.len() > HISTORY {
            self.history.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mins: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(mins)
    }

    fn ratio(weights: &[(&str, u32)]) -> Ratio {
        Ratio::new(
            weights
                .iter()
                .map(|(name, weight)| (ProviderName::new(*name), *weight)),
        )
    }

    fn carried(ratio: &Ratio) -> Vec<u32> {
        ratio.weights().iter().map(|(_, weight)| *weight).collect()
    }

    #[test]
    fn requests_are_spread_by_weight_and_the_spares_stand_behind() {
        let mut ratio = ratio(&[("a", 70), ("b", 30), ("spare", 0)]);
        let mut counts = [0, 0, 0];
        for _ in 0..100 {
            let order: Vec<_> = ratio.order().into_iter().cloned().collect();
            assert_eq!(order[2].as_str(), "spare");
            counts[usize::from(order[0].as_str() == "b")] += 1;
            ratio.used(&order[0]);
        }
        assert_eq!(counts, [70, 30, 0]);
    }

    #[test]
    fn a_failing_provider_is_held_back_and_comes_back_if_it_is_well() {
        let mut ratio = ratio(&[("main", 100), ("spare", 0)]);
        let main = ProviderName::new("main");
        assert!(ratio.hold_back(at(0), &main, "0 of 3 arrived"));
        assert!(
            !ratio.hold_back(at(0), &main, "0 of 4 arrived"),
            "it is held already"
        );
        assert_eq!(carried(&ratio), [0, 100]);
        assert_eq!(ratio.order()[0].as_str(), "spare");
        assert_eq!(ratio.next_wakeup(), Some(at(30)));
        assert!(ratio.release(at(29), |_, _| true).is_empty(), "too early");
        assert!(ratio.release(at(30), |_, _| false).is_empty(), "not well");
        assert_eq!(ratio.next_wakeup(), Some(at(60)));
        assert_eq!(ratio.release(at(60), |_, since| since == at(0)), [main]);
        assert_eq!(carried(&ratio), [100, 0]);
        let why: Vec<_> = ratio
            .history()
            .map(|changed| changed.why.as_str())
            .collect();
        assert_eq!(
            why,
            ["main is held back: 0 of 3 arrived", "main carries again"]
        );
    }

    #[test]
    fn who_fails_again_soon_is_held_for_twice_as_long() {
        let mut ratio = ratio(&[("main", 100), ("spare", 0)]);
        let main = ProviderName::new("main");
        let mut now = at(0);
        let mut lengths = Vec::new();
        for _ in 0..6 {
            ratio.hold_back(now, &main, "nothing arrives");
            let until = ratio.next_wakeup().expect("it is held");
            lengths.push(until.duration_since(now).as_mins());
            now = until;
            ratio.release(now, |_, _| true);
        }
        assert_eq!(lengths, [30, 60, 120, 240, 480, 480]);
        now += SOON;
        ratio.hold_back(now, &main, "again, but much later");
        assert_eq!(ratio.next_wakeup(), Some(now + HOLD));
    }

    #[test]
    fn the_last_one_is_never_held_back() {
        let mut two = ratio(&[("a", 100), ("b", 0)]);
        assert!(two.hold_back(at(0), &"a".into(), "nothing arrives"));
        assert!(!two.hold_back(at(1), &"b".into(), "nothing arrives"));
        assert!(!ratio(&[("a", 100)]).hold_back(at(0), &"a".into(), "nothing arrives"));
    }

    #[test]
    fn weights_are_set_by_hand_with_who_and_why() {
        let mut ratio = ratio(&[("a", 100), ("b", 0)]);
        ratio.hold_back(at(0), &"a".into(), "nothing arrives");
        ratio
            .set(at(1), "aya", "trying b", &[("b".into(), 50)])
            .expect("good weights");
        assert_eq!(carried(&ratio), [100, 50]);
        let last = ratio.history().last().expect("a change");
        assert_eq!((last.by.as_str(), last.why.as_str()), ("aya", "trying b"));
        let none = [("a".into(), 0), ("b".into(), 0)];
        assert_eq!(ratio.set(at(2), "aya", "", &none), Err(WrongRatio::Nobody));
        let unknown = ratio.set(at(2), "aya", "", &[("c".into(), 1)]);
        assert_eq!(unknown, Err(WrongRatio::Unknown("c".into())));
        assert_eq!(
            carried(&ratio),
            [100, 50],
            "a refused change changes nothing"
        );
    }
}
