//! How much one caller may hand over. Pure: the time is an argument.
//!
//! Two limits, both of which must leave room: a rate with bursts, kept as the instant at which the caller would be through with what it has
//! had (the generic cell rate algorithm, ITU-T I.371), and a number in any 24 hours, counted by quarters of an hour. A quarter that has
//! begun before the 24 hours counts whole, so that the number is never exceeded. Nothing is kept over a restart.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use crate::config::Quota;

const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const QUARTER: i128 = 15 * MINUTE;
const DAY: i128 = 96 * QUARTER;

/// What a caller has had.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    quota: Quota,
    /// When the rate will have made up for all that was had; nanoseconds since the epoch.
    through_at: i128,
    /// How much was had in each quarter of an hour, the oldest first. At most 98.
    quarters: VecDeque<(i128, u32)>,
}

/// Why a caller gets nothing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// After this time, and not before, it would get it if it had nothing else in between.
    Wait(Duration),
    /// It is more than a caller may ever have at once.
    Never,
}

impl Meter {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            quota,
            through_at: i128::MIN,
            quarters: VecDeque::new(),
        }
    }

    /// Takes so many, or none of them.
    pub(super) fn take(&mut self, now: Timestamp, count: u32) -> Result<(), Refused> {
        let wait = self.wait(now, count)?;
        if wait > 0 {
            return Err(Refused::Wait(Duration::from_nanos_u128(wait)));
        }
        let now = now.as_nanosecond();
        self.through_at = self.through_at.max(now) + self.cost(count);
        let quarter = now.div_euclid(QUARTER);
        match self.quarters.back_mut() {
            // A quarter is never younger than one before it, even if the clock is.
            Some((last, had)) if *last >= quarter => *had = had.saturating_add(count),
            _ => self.quarters.push_back((quarter, count)),
        }
        Ok(())
    }

    /// Gives back what was taken last and not used.
    pub(super) fn give_back(&mut self, count: u32) {
        self.through_at -= self.cost(count);
        if let Some((_, had)) = self.quarters.back_mut() {
            *had = had.saturating_sub(count);
        }
    }

    /// Nanoseconds until so many can be had.
    fn wait(&mut self, now: Timestamp, count: u32) -> Result<u128, Refused> {
        if count > self.quota.burst || count > self.quota.per_day {
            return Err(Refused::Never);
        }
        let now = now.as_nanosecond();
        let by_rate = self.through_at.max(now) + self.cost(count) - self.cost(self.quota.burst);
        let at = by_rate.max(self.day_has_room_at(now, count));
        Ok((at - now).max(0).unsigned_abs())
    }

    /// The instant from which the last 24 hours leave room for so many.
    fn day_has_room_at(&mut self, now: i128, count: u32) -> i128 {
        let ends = |quarter: i128| (quarter + 1) * QUARTER + DAY;
        while self
            .quarters
            .front()
            .is_some_and(|(quarter, _)| ends(*quarter) <= now)
        {
            self.quarters.pop_front();
        }
        let had: u64 = self.quarters.iter().map(|(_, had)| u64::from(*had)).sum();
        let mut too_many = (had + u64::from(count)).saturating_sub(u64::from(self.quota.per_day));
        let mut at = now;
        for (quarter, had) in &self.quarters {
            if too_many == 0 {
                break;
            }
            too_many = too_many.saturating_sub(u64::from(*had));
            at = ends(*quarter);
        }
        at
    }

    /// How long the rate takes for so many, rounded up, so that it is never exceeded.
    fn cost(&self, count: u32) -> i128 {
        let each =
            (MINUTE + i128::from(self.quota.per_minute) - 1) / i128::from(self.quota.per_minute);
        i128::from(count) * each
    }
}

impl Refused {
    /// For the header `Retry-After`: whole seconds, rounded up, at least one.
    pub(super) fn retry_after_secs(wait: Duration) -> u64 {
        let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        whole.max(1)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn quota(per_minute: u32, burst: u32, per_day: u32) -> Quota {
        Quota {
            per_minute,
            burst,
            per_day,
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).expect("within range")
    }

    fn wait(millis: u64) -> Result<(), Refused> {
        Err(Refused::Wait(Duration::from_millis(millis)))
    }

    #[test]
    fn a_burst_is_had_at_once_and_then_one_after_another() {
        let mut meter = Meter::new(quota(60, 3, 1_000));
        assert_eq!(meter.take(at(0), 2), Ok(()));
        assert_eq!(meter.take(at(0), 2), wait(1_000));
        assert_eq!(meter.take(at(0), 1), Ok(()));
        assert_eq!(meter.take(at(400), 1), wait(600));
        assert_eq!(meter.take(at(1_000), 1), Ok(()));
        assert_eq!(meter.take(at(1_000), 4), Err(Refused::Never));
        // After a time without, the burst is there again, and no more than that.
        assert_eq!(meter.take(at(3_600_000), 3), Ok(()));
        assert_eq!(meter.take(at(3_600_000), 1), wait(1_000));
    }

    #[test]
    fn what_was_not_used_can_be_had_again() {
        let mut meter = Meter::new(quota(60, 3, 3));
        assert_eq!(meter.take(at(0), 3), Ok(()));
        meter.give_back(3);
        assert_eq!(meter.take(at(0), 3), Ok(()));
        assert_ne!(meter.take(at(0), 1), Ok(()));
    }

    #[test]
    fn a_day_has_an_end() {
        let mut meter = Meter::new(quota(60_000, 1_000, 10));
        let hour = 3_600_000;
        assert_eq!(meter.take(at(hour / 2), 4), Ok(()));
        assert_eq!(meter.take(at(6 * hour), 6), Ok(()));
        // The quarter that begins at half past zero is over at a quarter to one.
        let free = (24 * hour + hour / 2 + hour / 4) as u64;
        assert_eq!(meter.take(at(7 * hour), 1), wait(free - 7 * hour as u64));
        assert_eq!(meter.take(at(free as i64 - 1), 4), wait(1));
        assert_eq!(meter.take(at(free as i64), 4), Ok(()));
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, secs) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            let wait = Duration::from_millis(millis);
            assert_eq!(Refused::retry_after_secs(wait), secs, "{millis} ms");
        }
    }

    proptest! {
        /// Whatever is asked for when: no window holds more than the limits say, and who waits as long as it was told gets it.
        #[test]
        fn no_window_holds_more_than_the_limits_and_a_wait_is_honest(
            per_minute in 1_u32..200,
            burst in 1_u32..50,
            per_day in 1_u32..300,
            asked in prop::collection::vec((0_i64..40_000_000, 1_u32..60), 1..60),
        ) {
            let limits = quota(per_minute, burst, per_day);
            let mut meter = Meter::new(limits);
            let mut now = at(1_000_000_000);
            let mut had: Vec<(Timestamp, u32)> = Vec::new();
            for (pause, count) in asked {
                now += SignedDuration::from_millis(if pause % 3 == 0 { pause } else { pause % 1_000 });
                match meter.take(now, count) {
                    Ok(()) => had.push((now, count)),
                    Err(Refused::Never) => prop_assert!(count > burst.min(per_day)),
                    Err(Refused::Wait(wait)) => {
                        let wait = SignedDuration::try_from(wait).expect("short");
                        prop_assert!(wait.is_positive());
                        let earlier = now + wait - SignedDuration::from_nanos(1);
                        prop_assert!(meter.clone().take(earlier, count).is_err());
                        prop_assert_eq!(meter.clone().take(now + wait, count), Ok(()));
                    }
                }
            }
            for (first, (from, _)) in had.iter().enumerate() {
                let mut sum = 0;
                for (until, count) in &had[first..] {
                    sum += i128::from(*count);
                    let span = until.as_nanosecond() - from.as_nanosecond();
                    let most = i128::from(burst) + span * i128::from(per_minute) / MINUTE;
                    prop_assert!(sum <= most, "{sum} in {span} ns");
                    prop_assert!(span >= DAY || sum <= i128::from(per_day), "{sum} in a day");
                }
            }
        }
    }
}
