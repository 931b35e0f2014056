//! What several tests need: a core as a process, a carrier that places no calls, and plain HTTP.
//!
//! Nothing here uses `rinban::voice` or `rinban::simulator`: two sides of a protocol share no code where their agreement
//! is what is shown.

pub(crate) mod carrier;
pub(crate) mod core;
pub(crate) mod http;
pub(crate) mod recorder;
pub(crate) mod signing;
pub(crate) mod store;

use std::{
    thread::{self, sleep},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rinban::alert::{Event, EventKind, Severity};

/// How long anything may take that is under way; far longer than it does on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks again and again until there is something to see.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, look).unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain: {what}"))
}

/// The same with a limit that is part of what is tested.
pub(crate) fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let give_up = Instant::now() + limit;
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if Instant::now() > give_up {
            return None;
        }
        sleep(PAUSE);
    }
}

/// Does the same thing so many times at once.
pub(crate) fn at_once<T: Send>(times: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let started: Vec<_> = (0..times).map(|_| scope.spawn(&work)).collect();
        started
            .into_iter()
            .map(|work| work.join().expect("no panic"))
            .collect()
    })
}

/// What a monitor says of the one problem of a group.
pub(crate) fn event(group: &str, kind: EventKind) -> Event {
    Event {
        id: format!("test:{group}:{kind:?}").as_str().into(),
        source: "test".into(),
        dedup_key: "1".into(),
        group: group.into(),
        kind,
        acknowledged_by: None,
        reason: None,
        severity: Severity::Critical,
        title: "disk full".to_owned(),
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: Default::default(),
        received_at: Timestamp::now(),
    }
}
