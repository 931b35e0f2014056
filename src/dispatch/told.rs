//! What operators have been told of a provider. Pure: instants come in as arguments.
//!
//! A provider that flaps is told of at most once in ten minutes for each thing that may be said of it. What was kept back is
//! told when that time is over, if it still stands then: what was told last is how it is.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{What, breaker::Change};

/// The least pause between two notices that say the same of a provider.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// What was told of one provider on one channel. It is kept in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whether it is sick.
    breaker: Topic,
    /// Whether it is held back.
    share: Topic,
    /// Whether its account runs out.
    #[serde(default)]
    account: Topic,
}

/// A thing that is well or bad.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Topic {
    /// What was told last; what nothing was told of is well.
    is_bad: bool,
    /// When that was told, and when that it is well.
    bad_at: Option<Timestamp>,
    well_at: Option<Timestamp>,
    /// What is to be told at an instant.
    owed: Option<(Timestamp, What)>,
}

impl Told {
    /// Something has changed: whether it is to be told now.
    pub fn tells(&mut self, now: Timestamp, what: &What) -> bool {
        let (topic, is_bad) = match what {
            What::Breaker(Change::HalfOpened) => return false,
            What::Breaker(Change::Opened { .. }) => (&mut self.breaker, true),
            What::Breaker(Change::Closed) => (&mut self.breaker, false),
            What::HeldBack(_) => (&mut self.share, true),
            What::Back => (&mut self.share, false),
            What::LowBalance(_) => (&mut self.account, true),
            What::ToppedUp(_) => (&mut self.account, false),
        };
        topic.tells(now, is_bad, what)
    }

    /// What was kept back and is to be told now.
    pub fn owed(&mut self, now: Timestamp) -> Vec<What> {
        self.topics_mut()
            .into_iter()
            .filter_map(|topic| topic.owed(now))
            .collect()
    }

    /// When [`Self::owed`] has something to tell.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let topics = [&self.breaker, &self.share, &self.account];
        let owed = topics.map(|topic| topic.owed.as_ref().map(|(at, _)| *at));
        owed.into_iter().flatten().min()
    }

    fn topics_mut(&mut self) -> [&mut Topic; 3] {
        [&mut self.breaker, &mut self.share, &mut self.account]
    }

    /// An operator has set weights, and nobody is held back any more.
    pub fn weighed(&mut self) {
        self.share = Topic::default();
    }

    /// A core took over, and the clock may have been set back: no pause is longer than it was meant to be.
    pub fn restarted(&mut self, now: Timestamp) {
        for topic in self.topics_mut() {
            for at in [&mut topic.bad_at, &mut topic.well_at] {
                *at = at.map(|at| at.min(now));
            }
            if let Some((at, _)) = &mut topic.owed {
                *at = (*at).min(now + PAUSE);
            }
        }
    }
}

impl Topic {
    fn tells(&mut self, now: Timestamp, is_bad: bool, what: &What) -> bool {
        self.owed = None;
        if is_bad == self.is_bad {
            return false;
        }
        let last = if is_bad { self.bad_at } else { self.well_at };
        match last.map(|last| last + PAUSE).filter(|free| now < *free) {
            Some(free) => self.owed = Some((free, what.clone())),
            None => self.tell(now, is_bad),
        }
        self.owed.is_none()
    }

    fn owed(&mut self, now: Timestamp) -> Option<What> {
        let (_, what) = self.owed.take_if(|(at, _)| now >= *at)?;
        // What is owed always differs from what was told last.
        self.tell(now, !self.is_bad);
        Some(what)
    }

    fn tell(&mut self, now: Timestamp, is_bad: bool) {
        self.is_bad = is_bad;
        *(if is_bad {
            &mut self.bad_at
        } else {
            &mut self.well_at
        }) = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dispatch::breaker::Reason;

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(secs)
    }

    fn opened(now: Timestamp) -> What {
        What::Breaker(Change::Opened {
            reason: Reason::Faults,
            until: now,
        })
    }

    #[test]
    fn a_provider_that_is_found_still_sick_is_told_of_once() {
        let mut told = Told::default();
        assert!(told.tells(at(0), &opened(at(0))));
        for minute in 1..100 {
            let now = at(minute * 60);
            assert!(!told.tells(now, &What::Breaker(Change::HalfOpened)));
            assert!(!told.tells(now, &opened(now)));
        }
        assert!(told.tells(at(6_000), &What::Breaker(Change::Closed)));
        assert!(!told.tells(at(6_001), &What::Back), "it was not held back");
    }

    #[test]
    fn what_is_kept_back_is_told_later_if_it_still_stands() {
        let mut told = Told::default();
        assert!(told.tells(at(0), &opened(at(0))));
        assert!(told.tells(at(60), &What::Breaker(Change::Closed)));
        assert!(!told.tells(at(120), &opened(at(1))), "too soon");
        assert_eq!(told.next_wakeup(), Some(at(600)));
        assert_eq!(told.owed(at(599)), []);
        assert_eq!(told.owed(at(600)), [opened(at(1))]);
        assert!(!told.tells(at(610), &What::Breaker(Change::Closed)));
        assert!(!told.tells(at(620), &opened(at(2))), "as it was told");
        assert_eq!(told.next_wakeup(), None, "nothing is owed any more");
    }

    proptest! {
        /// However it flaps: no two notices that say the same within ten minutes, and once it is quiet, what was told
        /// last is how it is.
        #[test]
        fn flapping_floods_nobody_and_the_last_word_is_true(
            flaps in proptest::collection::vec((1_i64..900, any::<bool>()), 1..60),
        ) {
            let mut told = Told::default();
            let mut now = 0;
            let mut notices: Vec<(i64, bool)> = Vec::new();
            let mut is_bad = false;
            let wake = |told: &mut Told, until: i64, notices: &mut Vec<(i64, bool)>| {
                while let Some(due) = told.next_wakeup().filter(|due| *due <= at(until)) {
                    for what in told.owed(due) {
                        notices.push((due.as_second(), matches!(what, What::HeldBack(_))));
                    }
                }
            };
            for (pause, bad) in flaps {
                now += pause;
                wake(&mut told, now, &mut notices);
                is_bad = bad;
                let what = if bad { What::HeldBack(None) } else { What::Back };
                if told.tells(at(now), &what) {
                    notices.push((now, bad));
                }
            }
            wake(&mut told, now + 600, &mut notices);
            for (index, (since, bad)) in notices.iter().enumerate() {
                for (again, other) in &notices[index + 1..] {
                    prop_assert!(other != bad || again - since >= 600, "{notices:?}");
                }
            }
            prop_assert_eq!(notices.last().is_some_and(|(_, bad)| *bad), is_bad);
        }
    }
}
