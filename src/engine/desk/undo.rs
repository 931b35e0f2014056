//! How a turn that could not be stored is taken back.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::{FixedState, RandomState as FoldHash};

use super::Desk;
use crate::{
    alert::{Alert, AlertKey},
    dispatch::Dispatch,
    escalation::{AttemptId, Escalation, EscalationId},
    store::CallRecord,
};

/// What stood on the desk before the turn, for everything that the turn touched; `None` is for what was not there.
#[derive(Debug, Default)]
pub(super) struct Undo {
    escalations: HashMap<EscalationId, Option<Arc<Escalation>>, FixedState>,
    alerts: HashMap<AlertKey, (Option<Alert>, Option<EscalationId>), FoldHash>,
    calls: HashMap<AttemptId, Option<CallRecord>, FixedState>,
    next_escalation: Option<EscalationId>,
    dispatch: Option<Dispatch>,
}

impl Undo {
    pub(super) fn escalation(&mut self, id: EscalationId, before: Option<&Arc<Escalation>>) {
        self.escalations
            .entry(id)
            .or_insert_with(|| before.cloned());
    }

    /// How an escalation stood before the turn, if the turn has touched it; `None` within for one that the turn opened.
    pub(super) fn stood(&self, id: EscalationId) -> Option<Option<&Escalation>> {
        self.escalations.get(&id).map(Option::as_deref)
    }

    pub(super) fn alert(
        &mut self,
        key: &AlertKey,
        before: Option<&Alert>,
        escalation: Option<&EscalationId>,
    ) {
        self.alerts
            .insert(key.clone(), (before.cloned(), escalation.copied()));
    }

    pub(super) fn call(&mut self, attempt: AttemptId, before: Option<&CallRecord>) {
        self.calls.entry(attempt).or_insert_with(|| before.cloned());
    }

    pub(super) fn next_escalation(&mut self, before: EscalationId) {
        self.next_escalation.get_or_insert(before);
    }

    pub(super) fn dispatch(&mut self, before: &Dispatch) {
        self.dispatch.get_or_insert_with(|| before.clone());
    }

    /// Whether dispatch has changed.
    pub(super) fn has_dispatch(&self) -> bool {
        self.dispatch.is_some()
    }

    /// Forgets what stood before; a new turn begins.
    pub(super) fn clear(&mut self) {
        self.escalations.clear();
        self.alerts.clear();
        self.calls.clear();
        self.next_escalation = None;
        self.dispatch = None;
    }

    pub(super) fn apply(self, desk: &mut Desk) {
        if let Some(before) = self.next_escalation {
            desk.next_escalation = before;
        }
        if let Some(before) = self.dispatch {
            desk.dispatch = before;
        }
        for (key, (alert, escalation)) in self.alerts {
            match alert {
                Some(alert) => desk.alerts.put(alert),
                None => drop(desk.alerts.close(&key)),
            }
            match escalation {
                Some(id) => drop(desk.escalation_of.insert(key, id)),
                None => drop(desk.escalation_of.remove(&key)),
            }
        }
        for (attempt, record) in self.calls {
            match record {
                Some(record) => desk.calls.put(record),
                None => desk.calls.take_back(attempt),
            }
        }
        for (id, escalation) in self.escalations {
            desk.current.retain(|_, current| *current != id);
            match escalation {
                Some(escalation) => {
                    desk.calls.unsettle(&escalation);
                    desk.take_up(escalation);
                }
                None => {
                    desk.arm(id, None);
                    desk.escalations.remove(&id);
                }
            }
        }
        desk.count_again();
    }
}
