//! How long something takes on one thread, on a machine that others use too.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Counts the time that this thread was running.
pub(crate) struct Clock(Duration);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(running())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        running() - self.0
    }
}

fn running() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    now.expect("every system that this runs on has the clock")
        .into()
}
