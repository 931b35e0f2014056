//! Totals and how fast they grow.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::health::Health;

/// Older values say nothing about the last minute; the official plugins draw the line at the same age.
const MAX_AGE_SECS: f64 = 600.0;

/// A number that only grows while the core runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Calls placed.
    CallsPlaced,
    /// Calls answered.
    CallsAnswered,
    /// Calls failed.
    CallsFailed,
    /// Escalations acknowledged.
    Acknowledged,
    /// Events accepted.
    EventsAccepted,
}

/// All totals at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    at: Timestamp,
    values: [u64; 5],
    /// Of the core, in seconds.
    #[serde(default)]
    uptime: u64,
}

impl Totals {
    /// The totals of an answer.
    pub fn new(health: &Health, at: Timestamp) -> Self {
        Self {
            at,
            values: [
                health.calls_placed_total,
                health.calls_answered_total,
                health.calls_failed_total,
                health.acknowledged_total,
                health.events_accepted_total,
            ],
            uptime: health.uptime_secs,
        }
    }

    /// The growth for a minute; none over no time or too long a time. Another core counts from zero.
    pub fn per_minute_since(&self, before: &Self, total: Total) -> Option<f64> {
        let elapsed = self.at.duration_since(before.at).as_secs_f64();
        let index = total as usize;
        let counted = if self.is_of_another_core(before, elapsed) {
            0
        } else {
            before.values[index]
        };
        let grown = self.values[index].checked_sub(counted)?;
        (elapsed > 0.0 && elapsed <= MAX_AGE_SECS).then(|| grown as f64 * 60.0 / elapsed)
    }

    /// Whether the core has started since. Its uptime is in whole seconds, and asked for at another moment than the time.
    fn is_of_another_core(&self, before: &Self, elapsed: f64) -> bool {
        self.uptime < before.uptime || self.uptime as f64 + 2.0 < elapsed
    }
}

/// The totals of the last run; none if there are none that can be read.
pub(super) fn load(path: &Path) -> Option<Totals> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Keeps the totals for the next run. A failure costs the rates of the next run and nothing else.
pub(super) fn save(path: &Path, totals: &Totals) {
    let temporary = path.with_extension(format!("{}", std::process::id()));
    let _ = path
        .parent()
        .map_or(Ok(()), |dir| {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)
        })
        .and_then(|()| fs::write(&temporary, serde_json::to_vec(totals)?))
        .and_then(|()| fs::rename(&temporary, path));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(second: i64, placed: u64) -> Totals {
        with_uptime(second, placed, 10_000 + second.unsigned_abs())
    }

    fn with_uptime(second: i64, placed: u64, uptime_secs: u64) -> Totals {
        let health = Health {
            uptime_secs,
            calls_placed_total: placed,
            ..Health::default()
        };
        Totals::new(
            &health,
            Timestamp::from_second(second).expect("a timestamp"),
        )
    }

    #[test]
    fn growth_is_for_a_minute_whatever_the_interval() {
        let rate =
            |before: &Totals, after: &Totals| after.per_minute_since(before, Total::CallsPlaced);
        for (before, after, expected) in [
            (totals(0, 10), totals(60, 13), Some(3.0)),
            (totals(0, 10), totals(30, 13), Some(6.0)),
            (totals(0, 10), totals(60, 10), Some(0.0)),
            (totals(0, 10), totals(60, 2), None),
            (totals(0, 10), totals(601, 13), None),
            (totals(0, 10), totals(0, 13), None),
            (totals(60, 10), totals(0, 13), None),
            // A core that was started 20 s ago, with fewer and with more calls than the one before.
            (totals(0, 10), with_uptime(60, 2, 20), Some(2.0)),
            (totals(0, 10), with_uptime(60, 13, 20), Some(13.0)),
            (with_uptime(0, 10, 4), with_uptime(60, 12, 20), Some(12.0)),
            // The same one, whose uptime is a second less than the time says.
            (with_uptime(0, 1, 0), with_uptime(60, 2, 59), Some(1.0)),
        ] {
            assert_eq!(rate(&before, &after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn totals_survive_and_damaged_ones_are_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("mackerel/metrics.json");
        assert_eq!(load(&path), None);
        save(&path, &totals(5, 6));
        assert_eq!(load(&path), Some(totals(5, 6)));
        fs::write(&path, "damaged").expect("written");
        assert_eq!(load(&path), None);
    }
}
