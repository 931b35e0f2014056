//! The witness: knows what really happened, sees what the core makes of it, and says which promise is not kept.
//!
//! It keeps a book of its own of alerts, runs and attempts, from events, pressed keys and journal entries in the order of their
//! folding, and is told only what has become durable.

mod entries;
mod requests;
mod states;

use rinban::escalation::{AttemptId, EscalationId};

use super::{
    check::{Broken, Check},
    happen::{Micros, SECOND, Says},
    tally::Tally,
};

/// Within this somebody is rung, again and again: the longest call, its request, the pause between rounds, a restart and the wait
/// for a carrier's rate leave nothing longer.
const RUNG_WITHIN: Micros = 15 * 60 * SECOND;

/// Why something was folded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A monitor's event.
    Event {
        /// Of which alert.
        alert: u32,
        /// What it says.
        says: Says,
    },
    /// A person pressed a key.
    Key {
        /// In a call of this attempt.
        attempt: AttemptId,
        /// Which.
        key: u8,
    },
    /// Anything else.
    Other,
}

/// An alert as it really is.
#[derive(Clone, Copy, Debug, Default)]
struct Alert {
    is_open: bool,
    is_taken: bool,
    run: Option<EscalationId>,
}

/// An escalation as it really is.
#[derive(Debug, Default)]
struct Run {
    alerts: Vec<u32>,
    waiting: u32,
    open: u32,
    opened_at: Micros,
    has_rung: bool,
    taken_at: Micros,
    /// Since when somebody is to be called.
    waits_since: Micros,
    /// Since when nobody was rung.
    quiet_since: Micros,
    attempts: Vec<Attempt>,
}

/// An attempt as it really is.
#[derive(Clone, Copy, Debug, Default)]
struct Attempt {
    is_requested: bool,
    duplicates: u8,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Witness {
    alerts: Vec<Alert>,
    runs: Vec<Run>,
    /// What there was.
    pub tally: Tally,
    /// Whether the delays are kept.
    pub keeps_delays: bool,
    now: Micros,
}

impl Witness {
    /// Time goes on.
    pub fn at(&mut self, now: Micros) {
        self.now = now;
    }

    /// Looks at a promise.
    pub fn check(
        &mut self,
        check: Check,
        holds: bool,
        what: impl FnOnce() -> String,
    ) -> Result<(), Broken> {
        self.tally.checked(check);
        if holds {
            return Ok(());
        }
        Err(self.broken(check, what()))
    }

    fn broken(&self, check: Check, what: String) -> Broken {
        let at = self.now;
        Broken { check, at, what }
    }

    fn run(&mut self, id: EscalationId) -> &mut Run {
        let index = usize::try_from(id.0)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        if self.runs.len() <= index {
            self.runs.resize_with(index + 1, Run::default);
        }
        &mut self.runs[index]
    }

    fn attempt(&mut self, id: AttemptId) -> &mut Attempt {
        let attempts = &mut self.run(id.escalation).attempts;
        let index = id.number.saturating_sub(1) as usize;
        if attempts.len() <= index {
            attempts.resize(index + 1, Attempt::default());
        }
        &mut attempts[index]
    }

    fn alert(&mut self, number: u32) -> &mut Alert {
        let index = number as usize;
        if self.alerts.len() <= index {
            self.alerts.resize(index + 1, Alert::default());
        }
        &mut self.alerts[index]
    }

    /// Whether somebody is to be called for this run.
    pub fn is_waiting(&self, id: EscalationId) -> bool {
        let index = usize::try_from(id.0)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        self.runs.get(index).is_some_and(|run| run.waiting > 0)
    }

    /// Whether an alert is open.
    pub fn is_open(&self, alert: u32) -> bool {
        let alert = self.alerts.get(alert as usize);
        alert.is_some_and(|alert| alert.is_open)
    }

    /// The alerts that are open.
    pub fn open_alerts(&self) -> Vec<u32> {
        let open = |number: &u32| self.is_open(*number);
        (0..self.alerts.len() as u32).filter(open).collect()
    }

    /// The runs for which somebody is to be called, and since when.
    pub fn waiting_runs(&self) -> impl Iterator<Item = (EscalationId, Micros)> {
        let runs = (1..).zip(&self.runs);
        runs.filter(|(_, run)| run.waiting > 0)
            .map(|(id, run)| (EscalationId(id), run.waits_since))
    }

    /// Somebody of each run that waits was rung not long ago.
    pub fn everybody_is_remembered(&mut self) -> Result<(), Broken> {
        let now = self.now;
        let mut runs = (1..).zip(&self.runs);
        let forgotten =
            runs.find(|(_, run)| run.waiting > 0 && now - run.quiet_since > RUNG_WITHIN);
        let forgotten = forgotten.map(|(id, _)| EscalationId(id));
        self.check(Check::Rings, forgotten.is_none(), || {
            let id = forgotten.map_or(0, |id| id.0);
            format!("nobody was rung for escalation {id} for more than a quarter of an hour")
        })
    }
}
