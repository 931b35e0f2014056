//! What is to be asked, and when. Pure: instants come in as arguments.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{
    alert::AlertKey,
    monitor::{Open, Standing},
};

/// A monitor is asked at most so often (Mackerel names no limit; this is far below any that others met).
pub(super) const EVERY: Duration = Duration::from_secs(30);

/// How often what is suppressed is looked at.
pub(super) const HELD_EVERY: Duration = Duration::from_secs(60);

/// The longest that a monitor may ask to wait.
const LONGEST: Duration = Duration::from_secs(300);

/// What is to be asked, and when.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pending: BTreeMap<AlertKey, Open>,
    held: BTreeMap<AlertKey, Open>,
    /// When the monitor was last asked.
    asked_at: Option<Instant>,
    /// Until when it wants to be left alone.
    not_before: Option<Instant>,
}

impl Plan {
    pub(super) fn ask(&mut self, alerts: Vec<Open>) {
        for alert in alerts {
            self.pending.insert(alert.headline.alert.clone(), alert);
        }
    }

    /// When there is something to ask.
    pub(super) fn next_wakeup(&self) -> Option<Instant> {
        let pause = match (self.pending.is_empty(), self.held.is_empty()) {
            (false, _) => EVERY,
            (true, false) => HELD_EVERY,
            (true, true) => return None,
        };
        let at = self.asked_at.map_or_else(Instant::now, |at| at + pause);
        Some(self.not_before.map_or(at, |not_before| at.max(not_before)))
    }

    /// All that is to be asked now.
    pub(super) fn take(&mut self, now: Instant) -> Vec<Open> {
        self.asked_at = Some(now);
        self.not_before = None;
        let mut alerts = std::mem::take(&mut self.held);
        // What the desk said last counts.
        alerts.append(&mut self.pending);
        alerts.into_values().collect()
    }

    /// The monitor has answered.
    pub(super) fn settle(&mut self, alerts: Vec<Open>, standings: &[Standing]) {
        for (alert, standing) in alerts.into_iter().zip(standings) {
            if *standing == Standing::Suppressed {
                let key = alert.headline.alert.clone();
                let held = Open {
                    held: true,
                    ..alert
                };
                self.held.insert(key, held);
            }
        }
    }

    /// It has not: what was asked is asked again, what has come since counts more.
    pub(super) fn failed(&mut self, now: Instant, alerts: Vec<Open>, after: Duration) {
        if !after.is_zero() {
            self.not_before = Some(now + after.min(LONGEST));
        }
        for alert in alerts {
            let key = alert.headline.alert.clone();
            let place = if alert.held {
                &mut self.held
            } else {
                &mut self.pending
            };
            place.entry(key).or_insert(alert);
        }
    }
}
