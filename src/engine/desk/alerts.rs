//! The desk's side of alerts: which escalation each belongs to, and how many each has.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use super::{Desk, Now, Turn};
use crate::{
    alert::{
        Alert, AlertChange, AlertKey, AlertState, DedupKey, Event, GroupName, Headline, Severity,
        SourceName,
    },
    escalation::{Counts, EscalationId, Input, Left, News},
    roster::MemberName,
};

/// The alerts of one escalation.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    open: BTreeSet<AlertKey>,
    waiting: BTreeSet<AlertKey>,
}

impl Tally {
    pub(super) fn put(&mut self, alert: &Alert) {
        self.open.insert(alert.key.clone());
        if alert.state == AlertState::Triggered {
            self.waiting.insert(alert.key.clone());
        } else {
            self.waiting.remove(&alert.key);
        }
    }

    fn remove(&mut self, key: &AlertKey) {
        self.open.remove(key);
        self.waiting.remove(key);
    }

    /// The alerts that nobody has taken.
    pub(super) fn waiting(&self) -> &BTreeSet<AlertKey> {
        &self.waiting
    }

    /// All of them.
    pub(super) fn open(&self) -> &BTreeSet<AlertKey> {
        &self.open
    }

    fn counts(&self) -> Counts {
        let count = |keys: &BTreeSet<AlertKey>| u32::try_from(keys.len()).unwrap_or(u32::MAX);
        Counts {
            waiting: count(&self.waiting),
            open: count(&self.open),
        }
    }
}

impl Desk {
    /// The open alerts with one of these sources and dedup keys.
    pub fn open_alerts(&self, names: &HashSet<(SourceName, DedupKey)>) -> Vec<Alert> {
        let is_sought = |alert: &&Alert| {
            let key = &alert.key;
            names.contains(&(key.source.clone(), key.dedup.clone()))
        };
        self.alerts.iter().filter(is_sought).cloned().collect()
    }

    /// Folds an event into its alert, and what that changes into the alert's escalation.
    pub(super) fn fold(&mut self, now: Now, event: &Event, turn: &mut Turn) {
        let key = event.alert_key();
        self.touch_alert(&key, turn);
        match self.alerts.apply(event) {
            AlertChange::Triggered => self.triggered(now, &key, &event.group, turn),
            AlertChange::Repeated { was } => self.repeated(now, &key, was, turn),
            AlertChange::Acknowledged { by } => self.left(now, &key, Left::TakenBy(by), turn),
            AlertChange::Closed(_) if self.escalation_of.contains_key(&key) => {
                self.left(now, &key, Left::Recovered(event.reason.clone()), turn);
            }
            AlertChange::Closed(alert) => {
                self.note(
                    now,
                    &alert,
                    News::Recovered {
                        reason: event.reason.clone(),
                    },
                    turn,
                );
            }
            AlertChange::Released => self.released(now, &key, turn),
            AlertChange::Ignored => {}
        }
    }

    /// A new alert joins the group's run if nobody has taken that yet (P9), or opens one of its own.
    fn triggered(&mut self, now: Now, key: &AlertKey, group: &GroupName, turn: &mut Turn) {
        let Some(alert) = self.alerts.get(key).cloned() else {
            return;
        };
        if alert.headline.severity < self.group(group).policy.call_from {
            self.note(now, &alert, News::Noted, turn);
        } else {
            self.escalate(now, &alert, turn);
        }
    }

    /// A keep-alive, unless the alert has become so bad that somebody is to be called.
    fn repeated(&mut self, now: Now, key: &AlertKey, was: Severity, turn: &mut Turn) {
        let Some(alert) = self.alerts.get(key).cloned() else {
            return;
        };
        let worse = alert.headline.severity > was && alert.state == AlertState::Triggered;
        let calls = alert.headline.severity >= self.group(&alert.key.group).policy.call_from;
        if worse && calls && !self.escalation_of.contains_key(key) {
            self.escalate(now, &alert, turn);
        }
    }

    /// An open alert has an escalation that is not over. One that the store could not read is replaced, and its people are
    /// called again: nobody is forgotten (P2).
    pub(super) fn adopt_orphans(&mut self, now: Now, turn: &mut Turn) {
        let lost = |id: &EscalationId| !self.escalations.contains_key(id);
        let mut orphans: Vec<AlertKey> = self
            .escalation_of
            .iter()
            .filter(|(_, id)| lost(id))
            .map(|(key, _)| key.clone())
            .collect();
        orphans.sort_unstable();
        for key in orphans {
            self.touch_alert(&key, turn);
            self.alerts.set_taken(&key, None);
            if let Some(before) = self.escalation_of.remove(&key) {
                self.tallies.remove(&before);
            }
            if let Some(alert) = self.alerts.get(&key).cloned() {
                tracing::error!(alert = %key, "the escalation of an open alert is lost; a new one begins");
                self.escalate(now, &alert, turn);
            }
        }
    }

    fn escalate(&mut self, now: Now, alert: &Alert, turn: &mut Turn) {
        let running = self
            .current
            .get(&alert.key.group)
            .copied()
            .filter(|id| self.escalations.get(id).is_some_and(|of| of.takes_more()));
        // The tally comes first: what the step decides may count, take or close the alerts.
        let id = running.unwrap_or(self.next_escalation);
        self.escalation_of.insert(alert.key.clone(), id);
        let tally = self.tallies.entry(id).or_default();
        tally.put(alert);
        let counts = tally.counts();
        let headline = alert.headline.clone();
        if running.is_some() {
            self.input(now, id, Input::AlertJoined { headline, counts }, turn);
        } else {
            self.open(now, &alert.key.group, headline, turn);
        }
    }

    /// An alert is over or was taken in the monitor: its escalation hears of it.
    fn left(&mut self, now: Now, key: &AlertKey, why: Left, turn: &mut Turn) {
        let Some(&id) = self.escalation_of.get(key) else {
            return;
        };
        let tally = self.tallies.entry(id).or_default();
        match self.alerts.get(key) {
            Some(alert) => tally.put(alert),
            None => {
                tally.remove(key);
                self.escalation_of.remove(key);
            }
        }
        let counts = tally.counts();
        let headline = self.headline_after(id, key);
        let alert = key.clone();
        self.input(
            now,
            id,
            Input::AlertLeft {
                alert,
                why,
                counts,
                headline,
            },
            turn,
        );
    }

    /// The monitor does not suppress an alert any more: it joins its escalation again, which calls if it was at rest.
    fn released(&mut self, now: Now, key: &AlertKey, turn: &mut Turn) {
        let (Some(&id), Some(alert)) = (self.escalation_of.get(key), self.alerts.get(key)) else {
            return;
        };
        let headline = alert.headline.clone();
        let tally = self.tallies.entry(id).or_default();
        tally.put(alert);
        let counts = tally.counts();
        self.input(now, id, Input::AlertJoined { headline, counts }, turn);
    }

    /// What the calls speak of once this alert has left, if they spoke of it and others remain.
    fn headline_after(&self, id: EscalationId, left: &AlertKey) -> Option<Arc<Headline>> {
        let spoken = &self.escalations.get(&id)?.headline.alert;
        let tally = self.tallies.get(&id)?;
        let rest = if tally.waiting.is_empty() {
            &tally.open
        } else {
            &tally.waiting
        };
        if spoken != left || rest.contains(left) {
            return None;
        }
        rest.iter()
            .filter_map(|key| self.alerts.get(key))
            .min_by_key(|alert| (Reverse(alert.headline.severity), alert.opened_at))
            .map(|alert| alert.headline.clone())
    }

    /// Somebody took the waiting alerts by key, or, with `None`, nobody holds the open ones any more.
    pub(super) fn take_alerts(
        &mut self,
        now: Now,
        id: EscalationId,
        by: Option<&str>,
        turn: &mut Turn,
    ) {
        let Some(tally) = self.tallies.get_mut(&id) else {
            return;
        };
        let keys = if by.is_some() {
            tally.waiting.clone()
        } else {
            tally.open.clone()
        };
        tally.waiting = if by.is_some() {
            BTreeSet::new()
        } else {
            keys.clone()
        };
        for key in &keys {
            self.touch_alert(key, turn);
            self.alerts.set_taken(key, by);
        }
        let news = match by {
            Some(by) => News::Acknowledged { by: by.to_owned() },
            None => News::Resumed,
        };
        self.write_back(now, id, &keys, &news, turn);
    }

    /// Somebody closed the alerts by key.
    pub(super) fn close_alerts(
        &mut self,
        now: Now,
        id: EscalationId,
        by: &MemberName,
        turn: &mut Turn,
    ) {
        let Some(tally) = self.tallies.remove(&id) else {
            return;
        };
        let news = News::Closed { by: by.clone() };
        self.write_back(now, id, &tally.open, &news, turn);
        for key in &tally.open {
            self.touch_alert(key, turn);
            self.alerts.close(key);
            self.escalation_of.remove(key);
        }
    }

    /// The alert is about to change in this turn.
    fn touch_alert(&mut self, key: &AlertKey, turn: &mut Turn) {
        if turn.touched_alerts.insert(key.clone()) {
            self.undo
                .alert(key, self.alerts.get(key), self.escalation_of.get(key));
        }
    }

    /// Tells the group's channels of an alert that calls nobody.
    fn note(&self, now: Now, alert: &Alert, news: News, turn: &mut Turn) {
        let about = (&alert.key.group, &alert.headline, Counts::default());
        self.notify(now, None, about, &news, turn);
    }
}
