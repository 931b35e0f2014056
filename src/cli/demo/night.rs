//! The clock of the night and the pace of the demo. A night goes by faster than it would, and tells its own time.

use std::time::Duration;

use jiff::{Timestamp, civil::time};

/// Seconds of the day at which the alert comes.
const ALERT_AT: f64 = (2 * 3_600 + 14 * 60 + 5) as f64;

/// How fast everything goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    /// Seconds of the night in a real second.
    pub(super) speed: f64,
    /// How much faster than by default the spectator wants to read.
    pub(super) hurry: f64,
}

impl Pace {
    /// A real span for reading, at the pace that was asked for.
    pub(super) fn reading(self, span: Duration) -> Duration {
        span.div_f64(self.hurry)
    }

    /// The real span that a span of the night takes.
    pub(super) fn real(self, span: Duration) -> Duration {
        span.div_f64(self.speed)
    }
}

/// The night, from the alert on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Night {
    /// When the alert came, in real time.
    pub(super) began: Timestamp,
    /// Seconds of the night in a real second.
    pub(super) speed: f64,
}

impl Night {
    /// Seconds of the night between two real instants; none are below zero.
    pub(super) fn seconds(&self, from: Timestamp, until: Timestamp) -> f64 {
        (until.duration_since(from).as_secs_f64() * self.speed).max(0.0)
    }

    /// The time of the night at a real instant, such as `02:14:05`.
    pub(super) fn clock(&self, at: Timestamp) -> String {
        let seconds = ALERT_AT + self.seconds(self.began, at);
        let whole = jiff::SignedDuration::try_from_secs_f64(seconds.floor()).unwrap_or_default();
        time(0, 0, 0, 0).wrapping_add(whole).to_string()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_night_goes_by_at_its_own_speed() {
        let began = Timestamp::UNIX_EPOCH;
        let night = Night { began, speed: 4.0 };
        for (real_millis, expected) in [
            (0, "02:14:05"),
            (-9, "02:14:05"),
            (1_500, "02:14:11"),
            (9_000_000, "12:14:05"),
            (18_000_000, "22:14:05"),
            (21_600_000, "02:14:05"),
        ] {
            let at = began + SignedDuration::from_millis(real_millis);
            assert_eq!(night.clock(at), expected, "{real_millis}");
        }
    }

    #[test]
    fn a_spectator_in_a_hurry_waits_less() {
        let pace = Pace {
            speed: 32.0,
            hurry: 8.0,
        };
        let second = Duration::from_secs(16);
        assert_eq!(pace.reading(second), Duration::from_secs(2));
        assert_eq!(pace.real(second), Duration::from_millis(500));
    }
}
