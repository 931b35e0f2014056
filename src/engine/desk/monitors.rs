//! The desk's side of monitors: which alert's monitor is told what, and which alerts it is asked about.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{Desk, Errand, Now, Turn};
use crate::{
    alert::{Alert, AlertKey, SourceName},
    config::Monitor,
    escalation::{Counts, EscalationId, News, Phase},
    monitor::Open,
    notice::Notice,
};

/// How often an escalation whose time has run out while all its alerts are suppressed is looked at.
pub(super) const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// For so long a suppression is believed in without a new reading; the monitor is read every minute.
const BELIEVED: SignedDuration = SignedDuration::from_mins(5);

/// What is remembered of asking monitors. It is not stored: at the start all open alerts are asked about.
#[derive(Debug, Default)]
pub(super) struct Readings {
    /// The round after which an escalation's alerts were last asked about.
    asked_after: HashMap<EscalationId, u32>,
    /// When calling about an escalation's alerts resumed, by the wall clock, as monitors have it.
    resumed_at: HashMap<EscalationId, Timestamp>,
    /// When the monitor of a source was last read.
    read_at: HashMap<SourceName, Timestamp>,
}

impl Readings {
    pub(super) fn forget(&mut self, id: EscalationId) {
        self.asked_after.remove(&id);
        self.resumed_at.remove(&id);
    }
}

impl Desk {
    /// The monitor of a source has been read, and what it said was handed in.
    pub fn monitor_read(&mut self, now: Now, source: SourceName) {
        self.readings.read_at.insert(source, now.steady);
    }

    /// The monitor that knows an alert by a name of its own.
    fn monitor_of(&self, alert: &Alert) -> Option<&Monitor> {
        let of = |monitor: &&Monitor| monitor.own_id(&alert.headline).is_some();
        self.config.monitors.iter().find(of)
    }

    /// A round has ended: the pause is used to ask what became of the alerts.
    pub(super) fn round_over(&mut self, id: EscalationId, round: u32, turn: &mut Turn) {
        if !self.config.monitors.is_empty()
            && self.readings.asked_after.insert(id, round) != Some(round)
        {
            self.ask_about(id, turn);
        }
    }

    /// Nobody closed the alerts in time, and people are called again: they are asked about right away.
    pub(super) fn resumed(&mut self, now: Now, id: EscalationId, turn: &mut Turn) {
        if !self.config.monitors.is_empty() {
            self.readings.resumed_at.insert(id, now.wall);
            self.ask_about(id, turn);
        }
    }

    /// Has the monitors asked about the alerts of an escalation.
    fn ask_about(&self, id: EscalationId, turn: &mut Turn) {
        if let Some(tally) = self.tallies.get(&id) {
            let alerts = tally.open().iter().filter_map(|key| self.alerts.get(key));
            self.ask(alerts, turn);
        }
    }

    /// Has the monitors asked about all open alerts, whose end may have been missed while no core ran.
    pub(super) fn ask_about_all(&mut self, now: Now, turn: &mut Turn) {
        for monitor in &self.config.monitors {
            let source = monitor.source.clone();
            self.readings.read_at.insert(source, now.steady);
        }
        self.ask(self.alerts.iter(), turn);
    }

    fn ask<'a>(&self, alerts: impl Iterator<Item = &'a Alert>, turn: &mut Turn) {
        let known = alerts.filter(|alert| self.monitor_of(alert).is_some());
        let open: Vec<_> = known
            .map(|alert| Open {
                headline: alert.headline.clone(),
                held: alert.is_held(),
                since: self
                    .escalation_of
                    .get(&alert.key)
                    .and_then(|id| self.readings.resumed_at.get(id).copied()),
            })
            .collect();
        if !open.is_empty() {
            turn.errands.push(Errand::Ask(open));
        }
    }

    /// Whether an escalation that waits for its alerts to be closed waits for nothing but the end of suppressions, as far as
    /// their monitors could be read lately. Without that calling resumes like after any acknowledgement (P2).
    pub(super) fn is_suppressed(&self, now: Now, id: EscalationId) -> bool {
        let waits = self
            .escalations
            .get(&id)
            .is_some_and(|escalation| matches!(escalation.phase, Phase::Acknowledged { .. }));
        let believed = |alert: &Alert| {
            let read_at = self.readings.read_at.get(&alert.key.source);
            alert.is_held() && read_at.is_some_and(|at| now.steady.duration_since(*at) < BELIEVED)
        };
        let Some(tally) = self.tallies.get(&id).filter(|_| waits) else {
            return false;
        };
        let mut alerts = tally.open().iter();
        alerts.all(|key| self.alerts.get(key).is_some_and(believed))
    }

    /// Puts one notice for each of these alerts that has a monitor into the outbox: a monitor is told per alert, people are told
    /// per run.
    pub(super) fn write_back<'a>(
        &self,
        now: Now,
        id: EscalationId,
        keys: impl IntoIterator<Item = &'a AlertKey>,
        news: &News,
        turn: &mut Turn,
    ) {
        if self.config.monitors.is_empty() {
            return;
        }
        let Some(escalation) = self.escalations.get(&id) else {
            return;
        };
        for alert in keys.into_iter().filter_map(|key| self.alerts.get(key)) {
            let Some(monitor) = self.monitor_of(alert) else {
                continue;
            };
            turn.batch.notices.push(Notice {
                receiver: monitor.receiver(),
                news: news.clone(),
                at: now.steady,
                group: escalation.group.clone(),
                escalation: Some(id),
                headline: alert.headline.clone(),
                counts: Counts::default(),
            });
        }
    }
}
