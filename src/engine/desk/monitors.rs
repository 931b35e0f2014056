//! The desk's side of monitors: which alert's monitor is told what, and which alerts it is asked about.

use super::{Desk, Now, Turn};
use crate::{
    alert::AlertKey,
    escalation::{Counts, EscalationId, News},
    notice::Notice,
};

impl Desk {
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
            let of = |monitor: &&crate::config::Monitor| monitor.own_id(&alert.headline).is_some();
            let Some(monitor) = self.config.monitors.iter().find(of) else {
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
