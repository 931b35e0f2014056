//! The only clock that decisions see.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::desk::Now;

/// The wall clock at the start, carried on by the monotonic clock: setting the wall clock moves no deadline. Who is on
/// call is asked of the wall clock itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Timestamp,
    monotonic: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self {
            started: Timestamp::now(),
            monotonic: Instant::now(),
        }
    }

    pub(super) fn now(&self) -> Now {
        let elapsed =
            SignedDuration::try_from(self.monotonic.elapsed()).unwrap_or(SignedDuration::MAX);
        Now {
            steady: self.started + elapsed,
            wall: Timestamp::now(),
            dice: fastrand::f64(),
        }
    }

    /// How long it is until then; nothing if it is past.
    pub(super) fn until(&self, at: Timestamp) -> Duration {
        let wait = at.duration_since(self.now().steady);
        Duration::try_from(wait).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_wall_clock_moves_the_roster_and_no_deadline() {
        let hours = SignedDuration::from_hours(3);
        // As if the wall clock had been put forward since the start.
        let clock = Clock {
            started: Timestamp::now() - hours,
            monotonic: Instant::now(),
        };
        let now = clock.now();
        assert!(now.wall.duration_since(now.steady) >= hours);
        let wait = clock.until(now.steady + SignedDuration::from_secs(60));
        assert!((Duration::from_secs(55)..=Duration::from_secs(60)).contains(&wait));
        assert_eq!(clock.until(now.steady - hours), Duration::ZERO);
    }
}
