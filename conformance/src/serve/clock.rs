//! Phone time: how long people take, and how often the carrier dials. It runs `speed` times as fast as real time; what
//! HTTP takes, and all timestamps, are real.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Far more than any call takes; keeps additions in range.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// A clock of phone time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    speed: f64,
}

impl Clock {
    /// `speed` is positive and finite; flags are checked before.
    pub(super) fn new(speed: f64) -> Self {
        Self { speed }
    }

    /// Waits so much phone time.
    pub(super) async fn sleep(self, phone: Duration) {
        sleep(self.real(phone)).await;
    }

    /// How long that takes in fact.
    pub(super) fn real(self, phone: Duration) -> Duration {
        phone.min(LONGEST).div_f64(self.speed).min(LONGEST)
    }

    /// Phone time since an instant.
    pub(super) fn since(self, start: Instant) -> Duration {
        start.elapsed().mul_f64(self.speed)
    }
}
