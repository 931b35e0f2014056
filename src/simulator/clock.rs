//! Simulated time.

use std::time::Duration;

use tokio::time::Instant;

/// Turns simulated spans into real ones. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    speed: f64,
}

impl Clock {
    /// `speed`: simulated seconds in a real second. None unless it is positive and finite.
    pub(super) fn new(speed: f64) -> Option<Self> {
        (speed.is_finite() && speed > 0.0).then_some(Self { speed })
    }

    /// Sleeps for a span of simulated time.
    pub(super) async fn sleep(self, simulated: Duration) {
        tokio::time::sleep(self.real(simulated)).await;
    }

    /// How much simulated time has passed since.
    pub(super) fn since(self, start: Instant) -> Duration {
        start.elapsed().mul_f64(self.speed)
    }

    /// A span too long for a `Duration` is as good as for ever.
    fn real(self, simulated: Duration) -> Duration {
        Duration::try_from_secs_f64(simulated.as_secs_f64() / self.speed)
            .unwrap_or(Duration::from_secs(u64::from(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_positive_speed_makes_a_clock() {
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Clock::new(speed).is_none(), "{speed}");
        }
        let clock = Clock::new(10.0).expect("positive");
        assert_eq!(clock.real(Duration::from_secs(60)), Duration::from_secs(6));
        let slow = Clock::new(1e-300).expect("positive");
        assert!(slow.real(Duration::from_secs(60)) > Duration::from_secs(1 << 30));
    }
}
