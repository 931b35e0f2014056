//! How many requests a provider takes in a second. Pure: instants come in as arguments.
//!
//! A carrier queues what is above its rate, or refuses it, and either way the pager no longer knows when a phone rings. So
//! whoever wants to send takes a ticket, and is let through in order: first calls of new alerts before all others, and
//! within these the earlier ticket first. Full means to wait, never to be dropped.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A ticket whose owner has not asked again so long after its turn is given up: its alert is over.
const FORGOTTEN: SignedDuration = SignedDuration::from_secs(30);

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The mean pause between two, in milliseconds; 1,000 for one a second.
    pub every_millis: u32,
    /// How many may come at once after a rest, at least 1. The last of these is kept for the first call of a new alert,
    /// if there are several.
    pub burst: u32,
}

impl Rate {
    /// One a second, none beyond: what a carrier grants a new account (Twilio, Call resource: 1 call per second).
    pub const ONE_A_SECOND: Self = Self {
        every_millis: 1_000,
        burst: 1,
    };

    /// For a network that takes whatever comes.
    pub const AT_WILL: Self = Self {
        every_millis: 1,
        burst: 1_000,
    };

    fn every(self) -> SignedDuration {
        SignedDuration::from_millis(self.every_millis.into())
    }

    /// How far ahead of its mean a sender may be with `tokens` of the burst left to others.
    fn ahead(self, kept: u32) -> SignedDuration {
        let tokens = self.burst.max(1).saturating_sub(1).saturating_sub(kept);
        self.every() * i32::try_from(tokens).unwrap_or(i32::MAX)
    }
}

/// Whose turn it is. The first goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The first call of a new alert.
    First,
    /// Every other.
    Further,
}

/// What a limiter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send now. It has been counted.
    Go,
    /// Ask again at this instant.
    Wait(Timestamp),
}

/// The limiter of one provider and channel. `T` names who waits. What must outlive the process is [`Self::busy_until`];
/// those who wait ask again by themselves.
#[derive(Clone, Debug)]
pub struct Limiter<T> {
    rate: Rate,
    /// When all that was sent has been worked off at the mean rate.
    busy_until: Timestamp,
    waiting: BTreeMap<(Class, u64), Waiting<T>>,
    next_number: u64,
}

#[derive(Clone, Debug)]
struct Waiting<T> {
    ticket: T,
    /// When it was told to ask again.
    turn: Timestamp,
}

impl<T: Copy + PartialEq> Limiter<T> {
    /// A limiter that goes on where one with this [`Self::busy_until`] stopped.
    pub fn new(rate: Rate, busy_until: Timestamp) -> Self {
        Self {
            rate,
            busy_until,
            waiting: BTreeMap::new(),
            next_number: 0,
        }
    }

    /// What has to be kept: when all that was sent has been worked off.
    pub fn busy_until(&self) -> Timestamp {
        self.busy_until
    }

    /// How often something may be sent.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Another process has sent something.
    pub fn sent_elsewhere(&mut self, busy_until: Timestamp) {
        self.busy_until = self.busy_until.max(busy_until);
    }

    /// Asks to send now. Whoever is told to wait keeps the place by asking again.
    pub fn ask(&mut self, now: Timestamp, ticket: T, class: Class) -> Answer {
        // Never further ahead than a whole burst: else the clock was set back, and nobody waits for hours for that.
        let burst = i32::try_from(self.rate.burst.max(1)).unwrap_or(i32::MAX);
        self.busy_until = self.busy_until.min(now + self.rate.every() * burst);
        self.waiting
            .retain(|_, waiting| waiting.ticket == ticket || now < waiting.turn + FORGOTTEN);
        let place = self.place_of(ticket, class, now);
        let ahead = self.waiting.range(..place).count();
        if ahead == 0 && now >= self.free_at(class) {
            self.waiting.remove(&place);
            self.busy_until = self.busy_until.max(now) + self.rate.every();
            return Answer::Go;
        }
        let ahead = i32::try_from(ahead).unwrap_or(i32::MAX);
        let turn = self.free_at(class).max(now) + self.rate.every() * ahead;
        if let Some(waiting) = self.waiting.get_mut(&place) {
            waiting.turn = turn;
        }
        Answer::Wait(turn)
    }

    /// Gives a ticket back: nothing is to be sent any more.
    pub fn withdraw(&mut self, ticket: T) {
        self.waiting.retain(|_, waiting| waiting.ticket != ticket);
    }

    /// When the next of this class may be sent, if nobody is before it.
    fn free_at(&self, class: Class) -> Timestamp {
        let kept = u32::from(class == Class::Further);
        self.busy_until - self.rate.ahead(kept)
    }

    /// The ticket's place in the line; a new one goes to the end of its class.
    fn place_of(&mut self, ticket: T, class: Class, now: Timestamp) -> (Class, u64) {
        let known = self
            .waiting
            .iter()
            .find(|((of, _), waiting)| *of == class && waiting.ticket == ticket);
        if let Some((place, _)) = known {
            return *place;
        }
        self.withdraw(ticket);
        let place = (class, self.next_number);
        self.next_number += 1;
        self.waiting.insert(place, Waiting { ticket, turn: now });
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    fn one_a_second() -> Limiter<u32> {
        Limiter::new(Rate::ONE_A_SECOND, at(0))
    }

    #[test]
    fn above_the_rate_everybody_waits_in_order_and_first_calls_go_ahead() {
        let mut limiter = one_a_second();
        assert_eq!(limiter.ask(at(0), 1, Class::Further), Answer::Go);
        assert_eq!(
            limiter.ask(at(0), 2, Class::Further),
            Answer::Wait(at(1_000))
        );
        assert_eq!(
            limiter.ask(at(0), 3, Class::Further),
            Answer::Wait(at(2_000))
        );
        assert_eq!(
            limiter.ask(at(500), 4, Class::First),
            Answer::Wait(at(1_000))
        );
        assert_eq!(
            limiter.ask(at(1_000), 2, Class::Further),
            Answer::Wait(at(2_000))
        );
        assert_eq!(limiter.ask(at(1_000), 4, Class::First), Answer::Go);
        assert_eq!(
            limiter.ask(at(2_000), 3, Class::Further),
            Answer::Wait(at(3_000))
        );
        assert_eq!(limiter.ask(at(2_000), 2, Class::Further), Answer::Go);
        assert_eq!(limiter.ask(at(3_000), 3, Class::Further), Answer::Go);
        assert_eq!(limiter.waiting(), 0);
    }

    #[test]
    fn the_last_of_a_burst_is_kept_for_a_new_alert() {
        let rate = Rate {
            every_millis: 1_000,
            burst: 3,
        };
        let mut limiter = Limiter::new(rate, at(0));
        assert_eq!(limiter.ask(at(0), 1, Class::Further), Answer::Go);
        assert_eq!(limiter.ask(at(0), 2, Class::Further), Answer::Go);
        assert_eq!(
            limiter.ask(at(0), 3, Class::Further),
            Answer::Wait(at(1_000))
        );
        assert_eq!(limiter.ask(at(0), 4, Class::First), Answer::Go);
        assert_eq!(limiter.ask(at(0), 5, Class::First), Answer::Wait(at(1_000)));
    }

    #[test]
    fn who_is_gone_holds_nobody_up() {
        let mut limiter = one_a_second();
        limiter.ask(at(0), 1, Class::Further);
        limiter.ask(at(0), 2, Class::Further);
        assert_eq!(
            limiter.ask(at(0), 3, Class::Further),
            Answer::Wait(at(2_000))
        );
        limiter.withdraw(2);
        assert_eq!(limiter.ask(at(1_000), 3, Class::Further), Answer::Go);
        limiter.ask(at(1_000), 4, Class::First);
        assert_eq!(limiter.ask(at(40_000), 5, Class::Further), Answer::Go);
    }

    #[test]
    fn a_restart_inherits_what_was_sent() {
        let mut limiter = one_a_second();
        limiter.ask(at(0), 1, Class::First);
        let mut next = Limiter::new(Rate::ONE_A_SECOND, limiter.busy_until());
        assert_eq!(
            next.ask(at(10), 2_u32, Class::First),
            Answer::Wait(at(1_000))
        );
    }

    #[test]
    fn nobody_waits_for_a_clock_that_was_set_back() {
        let mut limiter = Limiter::new(Rate::ONE_A_SECOND, at(7_200_000));
        assert_eq!(
            limiter.ask(at(0), 1_u32, Class::First),
            Answer::Wait(at(1_000))
        );
    }

    proptest! {
        /// In no span of time is more sent than the burst and the rate allow; whoever waits for the instant that he was
        /// told, again and again, is let through, and later tickets of his class after him.
        #[test]
        fn the_rate_is_never_exceeded_and_nobody_is_dropped(
            every_millis in 1_u32..3_000,
            burst in 1_u32..5,
            arrivals in proptest::collection::vec((0_i64..5_000, any::<bool>()), 1..40),
            restart in 0_usize..40,
        ) {
            let rate = Rate { every_millis, burst };
            let mut limiter = Limiter::new(rate, at(0));
            let mut due: Vec<(Timestamp, usize, Class)> = Vec::new();
            let mut arrives = at(0);
            for (index, (pause, is_first)) in arrivals.iter().enumerate() {
                arrives += SignedDuration::from_millis(*pause);
                due.push((arrives, index, if *is_first { Class::First } else { Class::Further }));
            }
            let mut sent: Vec<(Timestamp, usize, Class)> = Vec::new();
            while let Some(next) = (0..due.len()).min_by_key(|index| due[*index]) {
                let (now, ticket, class) = due.swap_remove(next);
                if sent.len() == restart {
                    limiter = Limiter::new(rate, limiter.busy_until());
                }
                match limiter.ask(now, ticket, class) {
                    Answer::Go => sent.push((now, ticket, class)),
                    Answer::Wait(turn) => {
                        prop_assert!(turn > now || limiter.waiting() > 1, "a wait of no length");
                        due.push((turn.max(now + SignedDuration::from_millis(1)), ticket, class));
                    }
                }
            }
            prop_assert_eq!(sent.len(), arrivals.len());
            for (start, (from, ..)) in sent.iter().enumerate() {
                for (count, (to, ..)) in (1_u32..).zip(&sent[start..]) {
                    let span = to.duration_since(*from).as_millis();
                    let allowed = u128::from(burst) + u128::try_from(span).expect("in order") / u128::from(every_millis);
                    prop_assert!(u128::from(count) <= allowed, "{count} within {span} ms, {allowed} allowed");
                }
            }
        }
    }
}
