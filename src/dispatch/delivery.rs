//! What of the accepted arrives. Pure: instants come in as arguments.
//!
//! A provider that accepts every request and delivers none answers 2xx all night. So each call and message that it has
//! accepted is a sample, which counts once word of it has come or it is old enough that word should have come. A provider
//! without traffic is unknown, neither good nor bad.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    escalation::AttemptId,
    roster::{Channel, MemberName},
};

/// How many samples are kept.
const KEPT: usize = 20;

/// How old they may be to count.
const WINDOW: SignedDuration = SignedDuration::from_mins(30);

/// How many of the youngest mature samples count.
const COUNTED: usize = 10;

/// So many are needed for a rate.
const LEAST: usize = 3;

/// How old a sample of which no word has come must be to count: a phone rings within seconds, a message's receipt may take
/// more than a minute.
pub fn mature_after(channel: Channel) -> SignedDuration {
    SignedDuration::from_secs(match channel {
        Channel::Voice => 75,
        Channel::Sms => 90,
    })
}

/// How far a sample has come. The order is the order of life; word that comes late never takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reached {
    /// The provider has accepted it.
    Accepted,
    /// It has left the provider, and some carriers never say more: neither delivered nor missed.
    Sent,
    /// The provider has given it up.
    Missed,
    /// The phone rang, or the message is on it.
    Delivered,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sample {
    attempt: AttemptId,
    /// Whom it is for; forgotten once it has arrived, when nobody asks for that any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<MemberName>,
    at: Timestamp,
    reached: Reached,
}

/// How much of it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// So many arrived.
    pub delivered: usize,
    /// Of so many whose end is known.
    pub of: usize,
}

/// The delivery monitor of one provider and channel. What it holds is kept in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    channel: Channel,
    samples: VecDeque<Sample>,
    /// Until when samples that ripened have been looked at.
    #[serde(default)]
    looked_at: Timestamp,
}

impl Delivery {
    /// Without traffic.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            samples: VecDeque::new(),
            looked_at: Timestamp::default(),
        }
    }

    /// A core took over, and the clock may have been set back: samples of the future are none.
    pub fn restarted(&mut self, now: Timestamp) {
        self.samples.retain(|sample| sample.at <= now);
        self.looked_at = self.looked_at.min(now);
    }

    /// The provider has accepted an attempt.
    pub fn accepted(&mut self, now: Timestamp, attempt: AttemptId, to: MemberName) {
        self.samples.push_back(Sample {
            attempt,
            to: Some(to),
            at: now,
            reached: Reached::Accepted,
        });
        while self.samples.len() > KEPT {
            self.samples.pop_front();
        }
    }

    /// Whether word of an attempt says anything that is not known yet.
    pub fn is_news(&self, attempt: AttemptId, reached: Option<Reached>) -> bool {
        let mut of_attempt = self
            .samples
            .iter()
            .rev()
            .filter(|sample| sample.attempt == attempt);
        match reached {
            Some(reached) => of_attempt
                .next()
                .is_some_and(|sample| sample.reached < reached),
            None => of_attempt.any(|sample| sample.reached != Reached::Delivered),
        }
    }

    /// Word of an attempt has come.
    pub fn reached(&mut self, attempt: AttemptId, reached: Reached) {
        let sample = self
            .samples
            .iter_mut()
            .rev()
            .find(|sample| sample.attempt == attempt);
        if let Some(sample) = sample {
            sample.reached = sample.reached.max(reached);
            if sample.reached == Reached::Delivered {
                sample.to = None;
            }
        }
    }

    /// An attempt that says nothing about the provider, since we ended it ourselves; but what arrived before has arrived, and what
    /// was given up before was missed.
    pub fn forget(&mut self, attempt: AttemptId) {
        self.samples
            .retain(|sample| sample.attempt != attempt || sample.reached >= Reached::Missed);
    }

    /// How much arrived, or nothing if too little is known.
    pub fn rate(&self, now: Timestamp) -> Option<Delivered> {
        let mut rate = Delivered {
            delivered: 0,
            of: 0,
        };
        for (arrived, _) in self.ends(now) {
            rate.of += 1;
            rate.delivered += usize::from(arrived);
        }
        (rate.of >= LEAST).then_some(rate)
    }

    /// Whether so little arrives that another provider must take over: less than half, or the last two to different
    /// people missed.
    pub fn is_failing(&self, now: Timestamp) -> bool {
        if self
            .samples
            .iter()
            .all(|sample| sample.reached == Reached::Delivered)
        {
            return false;
        }
        let low = self
            .rate(now)
            .is_some_and(|rate| rate.delivered * 2 < rate.of);
        let mut last = self.ends(now);
        let missed = matches!(
            (last.next(), last.next()),
            (Some((false, one)), Some((false, other))) if one != other
        );
        low || missed
    }

    /// Whether what arrived since `from` proves that it works: at least one, and none missed.
    pub fn has_proven_itself(&self, from: Timestamp, now: Timestamp) -> bool {
        let since: Vec<_> = self
            .samples
            .iter()
            .filter(|sample| sample.at >= from)
            .filter_map(|sample| sample.end(self.ripe(now)))
            .collect();
        !since.is_empty() && since.iter().all(|arrived| *arrived)
    }

    /// When the next sample of which no word has come will count.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let mature_after = mature_after(self.channel);
        let looked_at = self.looked_at - mature_after;
        let is_silent = |sample: &&Sample| sample.reached == Reached::Accepted;
        let silent = self.samples.iter().filter(is_silent);
        let unripe = silent.map(|sample| sample.at).filter(|at| *at > looked_at);
        Some(unripe.min()? + mature_after)
    }

    /// Everything that has ripened by `now` was looked at.
    pub fn looked_at(&mut self, now: Timestamp) {
        self.looked_at = self.looked_at.max(now);
    }

    /// The ends that count, youngest first: whether it arrived, and for whom it was.
    fn ends(&self, now: Timestamp) -> impl Iterator<Item = (bool, Option<&MemberName>)> {
        let (old, ripe) = (now - WINDOW, self.ripe(now));
        self.samples
            .iter()
            .rev()
            .filter(move |sample| old < sample.at)
            .filter_map(move |sample| Some((sample.end(ripe)?, sample.to.as_ref())))
            .take(COUNTED)
    }

    /// When the youngest was accepted of which word should have come by `now`.
    fn ripe(&self, now: Timestamp) -> Timestamp {
        now - mature_after(self.channel)
    }
}

impl Sample {
    /// Whether it arrived, once that is known.
    fn end(&self, ripe: Timestamp) -> Option<bool> {
        match self.reached {
            Reached::Delivered => Some(true),
            Reached::Missed => Some(false),
            Reached::Sent => None,
            Reached::Accepted => (self.at <= ripe).then_some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalation::EscalationId;

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(secs)
    }

    fn attempt(number: u32) -> AttemptId {
        AttemptId {
            escalation: EscalationId(1),
            number,
        }
    }

    /// Messages ten seconds apart, to people of whom no two in a row are the same.
    fn sms(reached: &[Reached]) -> Delivery {
        let mut delivery = Delivery::new(Channel::Sms);
        for (number, reached) in (0..).zip(reached) {
            let to = MemberName::new(["aya", "ben"][number as usize % 2]);
            delivery.accepted(at(i64::from(number) * 10), attempt(number), to);
            delivery.reached(attempt(number), *reached);
        }
        delivery
    }

    #[test]
    fn the_rate_is_of_mature_samples_and_unknown_without_them() {
        use Reached::{Accepted, Delivered as Arrived, Missed, Sent};
        let check = |reached: &[Reached], now, wanted: Option<(usize, usize)>, failing| {
            let delivery = sms(reached);
            let rate = delivery.rate(at(now)).map(|rate| (rate.delivered, rate.of));
            assert_eq!(rate, wanted, "{reached:?} at {now}");
            assert_eq!(
                delivery.is_failing(at(now)),
                failing,
                "{reached:?} at {now}"
            );
        };
        check(&[], 60, None, false);
        check(&[Arrived, Arrived], 60, None, false);
        check(&[Arrived, Arrived, Arrived], 60, Some((3, 3)), false);
        check(&[Accepted, Accepted, Accepted], 60, None, false);
        check(&[Accepted, Accepted, Accepted], 95, None, false);
        check(&[Accepted, Accepted, Accepted], 100, None, true);
        check(&[Accepted, Accepted, Accepted], 110, Some((0, 3)), true);
        check(&[Sent, Sent, Sent, Sent], 600, None, false);
        check(&[Missed, Arrived, Missed, Arrived], 60, Some((2, 4)), false);
        check(
            &[Missed, Arrived, Missed, Missed, Arrived],
            60,
            Some((2, 5)),
            true,
        );
        check(
            &[Arrived, Arrived, Arrived, Missed, Missed],
            60,
            Some((3, 5)),
            true,
        );
        check(&[Missed, Missed, Missed], 3_600, None, false);
    }

    #[test]
    fn two_misses_to_the_same_person_may_be_his_phone() {
        let mut delivery = Delivery::new(Channel::Voice);
        for number in 0..2 {
            delivery.accepted(at(number.into()), attempt(number), "aya".into());
        }
        assert!(!delivery.is_failing(at(90)));
        delivery.accepted(at(3), attempt(3), "ben".into());
        assert!(delivery.is_failing(at(90)));
    }

    #[test]
    fn word_that_comes_late_never_takes_a_sample_back() {
        let mut delivery = sms(&[Reached::Delivered; 3]);
        delivery.reached(attempt(2), Reached::Sent);
        delivery.reached(attempt(2), Reached::Missed);
        assert_eq!(
            delivery.rate(at(60)),
            Some(Delivered {
                delivered: 3,
                of: 3
            })
        );
    }

    #[test]
    fn a_call_that_rang_has_arrived_although_we_ended_it() {
        let mut delivery = sms(&[Reached::Delivered, Reached::Delivered, Reached::Accepted]);
        delivery.accepted(at(30), attempt(3), "aya".into());
        delivery.reached(attempt(3), Reached::Delivered);
        (0..4).for_each(|number| delivery.forget(attempt(number)));
        let wanted = Delivered {
            delivered: 3,
            of: 3,
        };
        assert_eq!(delivery.rate(at(600)), Some(wanted));
    }

    #[test]
    fn it_has_proven_itself_once_something_arrived_and_nothing_was_missed() {
        let delivery = sms(&[Reached::Missed, Reached::Missed, Reached::Delivered]);
        assert!(!delivery.has_proven_itself(at(0), at(60)));
        assert!(delivery.has_proven_itself(at(20), at(60)));
        assert!(!delivery.has_proven_itself(at(21), at(60)));
    }

    #[test]
    fn it_wakes_when_the_next_sample_is_ripe() {
        let mut delivery = sms(&[Reached::Delivered, Reached::Accepted, Reached::Accepted]);
        assert_eq!(delivery.next_wakeup(), Some(at(100)));
        delivery.looked_at(at(100));
        assert_eq!(delivery.next_wakeup(), Some(at(110)));
        delivery.looked_at(at(110));
        assert_eq!(delivery.next_wakeup(), None);
    }
}
