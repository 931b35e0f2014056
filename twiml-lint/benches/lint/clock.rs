//! How long something takes on one thread, on a machine that others use too.

use std::{
    fs,
    time::{Duration, Instant},
};

/// Counts the time that this thread was running, where the system tells (Linux); else the time that passed.
pub(crate) struct Clock {
    running: Option<u64>,
    passed: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            running: running(),
            passed: Instant::now(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        match (self.running, running()) {
            (Some(before), Some(now)) => Duration::from_nanos(now - before),
            _ => self.passed.elapsed(),
        }
    }
}

/// In nanoseconds.
fn running() -> Option<u64> {
    let numbers = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    numbers.split(' ').next()?.parse().ok()
}
