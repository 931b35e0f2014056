//! The desk: everything the engine knows, and what an input makes of it. Pure: no clock, no IO.
//!
//! It folds events into alerts, alerts into escalations, and answers what escalations ask. What comes out of a turn is a
//! [`Turn`]: one batch for the store and a list of [`Errand`]s for the world, which are run only once the batch is durable. A
//! turn that could not be stored is undone.

mod alerts;
mod calls;
mod carrier_news;
mod effects;
mod lines;
mod messages;
mod monitors;
#[cfg(test)]
mod tests;
mod turn;
mod undo;

pub use lines::dispatch;
pub use turn::{Errand, Load, Now, Speech, Turn, Unfinished};

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use foldhash::fast::{FixedState, RandomState as FoldHash};
use jiff::{SignedDuration, Timestamp};

use self::{
    alerts::Tally,
    calls::Calls,
    monitors::{LOOK_AGAIN, Readings},
    undo::Undo,
};
use crate::{
    alert::{AlertBook, AlertKey, Event, GroupName, Headline},
    config::{Config, Group},
    dispatch::Dispatch,
    escalation::{
        AttemptId, CallSid, Entry, Escalation, EscalationId, Input, Patience, Phase, ProviderName,
        Step,
    },
    roster::MemberName,
    store::{CallRecord, Snapshot},
};

/// How long an escalation that is over is kept at hand, for webhooks that come late.
const KEPT_WHEN_OVER: SignedDuration = SignedDuration::from_mins(10);

/// How long after a panic in it an escalation is woken again.
const AFTER_PANIC: SignedDuration = SignedDuration::from_secs(30);

/// Escalations by name. The names are our own numbers, so that a quick hash serves.
type Escalations = HashMap<EscalationId, Arc<Escalation>, FixedState>;

/// Everything the engine knows.
#[derive(Debug)]
pub struct Desk {
    config: Arc<Config>,
    dispatch: Dispatch,
    /// The attempts that wait for a line.
    waiting: HashMap<EscalationId, Vec<AttemptId>, FixedState>,
    /// When this core took over. What became of older requests says how the core did, not how the provider does.
    began: Timestamp,
    alerts: AlertBook,
    /// The escalation of each open alert that has one.
    escalation_of: HashMap<AlertKey, EscalationId, FoldHash>,
    tallies: HashMap<EscalationId, Tally, FixedState>,
    escalations: Escalations,
    /// The escalation of each group that a new alert joins.
    current: HashMap<GroupName, EscalationId, FoldHash>,
    calls: Calls,
    readings: Readings,
    next_escalation: EscalationId,
    /// When each escalation is due; when one that is over is put away.
    timers: BTreeSet<(Timestamp, EscalationId)>,
    armed: HashMap<EscalationId, Timestamp, FixedState>,
    /// When the lines are due, as of the end of the last turn.
    lines_due: Option<Timestamp>,
    undo: Undo,
}

impl Desk {
    /// Takes up the work where the last core left it.
    pub fn new(config: Arc<Config>, snapshot: &Snapshot) -> Self {
        let mut desk = Self {
            dispatch: dispatch(&config, snapshot.dispatch.clone()),
            waiting: HashMap::default(),
            began: Timestamp::MIN,
            config,
            alerts: AlertBook::new(snapshot.alerts.iter().map(|(alert, _)| alert.clone())),
            escalation_of: HashMap::default(),
            tallies: HashMap::default(),
            escalations: HashMap::default(),
            current: HashMap::default(),
            calls: Calls::new(&snapshot.calls),
            readings: Readings::default(),
            next_escalation: snapshot.next_escalation,
            timers: BTreeSet::new(),
            armed: HashMap::default(),
            lines_due: None,
            undo: Undo::default(),
        };
        desk.lines_due = desk.dispatch.next_wakeup();
        for (alert, escalation) in &snapshot.alerts {
            if let Some(id) = escalation {
                desk.escalation_of.insert(alert.key.clone(), *id);
            }
        }
        desk.count_again();
        for escalation in snapshot.escalations.iter().filter(|of| !of.is_at_rest()) {
            desk.take_up(Arc::clone(escalation));
        }
        desk
    }

    /// Puts an escalation on the desk that was not there: from a snapshot, or one that is over and asked for again.
    pub fn take_up(&mut self, escalation: Arc<Escalation>) {
        if escalation.takes_more() {
            self.current.insert(escalation.group.clone(), escalation.id);
        }
        self.arm(escalation.id, escalation.next_wakeup().map(|(at, _)| at));
        self.escalations.insert(escalation.id, escalation);
    }

    /// Whether the escalation is on the desk.
    pub fn knows(&self, id: EscalationId) -> bool {
        self.escalations.contains_key(&id)
    }

    /// The provider that carries an attempt.
    pub fn provider_of(&self, attempt: AttemptId) -> Option<&ProviderName> {
        let escalation = self.escalations.get(&attempt.escalation)?;
        match escalation.attempt(attempt.number) {
            Some(attempt) => attempt.provider.as_ref(),
            None => escalation.message(attempt.number)?.provider.as_ref(),
        }
    }

    /// The calls that this person's attempts are known to have; a call that is looked for is none of them.
    pub fn known_calls(&self, member: &MemberName) -> Vec<CallSid> {
        self.calls.known(member)
    }

    /// When the next timer is due.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|&(at, _)| at);
        timer.into_iter().chain(self.lines_wakeup()).min()
    }

    /// How much there is to do at `now`, but for the outbox.
    pub fn load(&self, now: Timestamp) -> Load {
        let open = self
            .escalations
            .values()
            .filter(|escalation| !escalation.is_over());
        let attempts = self
            .escalations
            .values()
            .flat_map(|escalation| &escalation.attempts);
        Load {
            open_escalations: open.count(),
            open_alerts: self.alerts.len(),
            live_calls: attempts.filter(|attempt| attempt.occupies(now)).count(),
            outbox_pending: 0,
        }
    }

    /// What a core that takes over must see to, over all escalations. Asked before its first turn, whose own calls are none of these.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let mut unfinished = Vec::new();
        for escalation in self.escalations.values() {
            for attempt in &escalation.attempts {
                let id = escalation.attempt_id(attempt.number);
                let Some(record) = self.calls.record(id).filter(|_| !attempt.is_ended()) else {
                    continue;
                };
                unfinished.push(match (&attempt.call, &attempt.outcome) {
                    // Also one that is not wanted any more: if it exists it rings, and is ended once it is found.
                    (None, _) => Unfinished::Intent(record.clone()),
                    (Some(_), None) if attempt.patience == Patience::Switched => {
                        Unfinished::ToEnd(record.clone())
                    }
                    (Some(_), None) => Unfinished::Live(record.clone()),
                    (Some(_), Some(_)) => Unfinished::ToEnd(record.clone()),
                });
            }
            unfinished.extend(messages::unfinished(escalation));
        }
        unfinished
    }

    /// Hands [`Input::Restarted`] to every escalation, and opens new ones for alerts whose own is lost.
    pub fn restarted(&mut self, now: Now, turn: &mut Turn) {
        self.undo.dispatch(&self.dispatch);
        self.dispatch.restarted(now.steady);
        self.began = now.steady;
        let mut ids: Vec<EscalationId> = self.escalations.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.input(now, id, Input::Restarted, turn);
        }
        self.ask_about_all(now, turn);
        self.adopt_orphans(now, turn);
    }

    /// Folds one event in.
    pub fn event(&mut self, now: Now, event: &Event, turn: &mut Turn) {
        turn.batch.handled.push(event.id.clone());
        self.fold(now, event, turn);
    }

    /// Hands one input to an escalation.
    pub fn input(&mut self, now: Now, id: EscalationId, input: Input, turn: &mut Turn) {
        let Some(escalation) = self.escalations.get(&id) else {
            return;
        };
        self.undo.escalation(id, Some(escalation));
        let attempt = input.attempt();
        let message = attempt.and_then(|attempt| escalation.message(attempt.number));
        let message = message.cloned();
        let bound = call_of(&input);
        self.observe(now, message.as_ref(), &input, turn);
        let Some(step) = self.step(now, id, input, turn) else {
            return self.arm(id, Some(now.steady + AFTER_PANIC));
        };
        if let Some((attempt, call)) = bound {
            self.bind(attempt, &call, turn);
        }
        self.settle(now, id, step, turn);
    }

    /// Wakes what is due, at most `limit` escalations. Whatever remains due is woken in the next turn.
    pub fn wake(&mut self, now: Now, limit: usize, turn: &mut Turn) {
        self.wake_lines(now, turn);
        let due: Vec<EscalationId> = self
            .timers
            .iter()
            .take_while(|(at, _)| *at <= now.steady)
            .take(limit)
            .map(|&(_, id)| id)
            .collect();
        for id in due {
            if self.escalations.get(&id).is_some_and(|of| of.is_over()) {
                self.put_away(id);
            } else if self.is_suppressed(now, id) {
                self.arm(id, Some(now.steady + LOOK_AGAIN));
            } else {
                self.input(now, id, Input::Woke, turn);
            }
        }
    }

    /// Steps an escalation. A panic in it is a mistake of ours, and stops no other: the escalation stands as before, and is
    /// woken again later. It is copied once in a turn, when it is first touched; if it panics, how it stood is folded anew.
    fn step(&mut self, now: Now, id: EscalationId, input: Input, turn: &Turn) -> Option<Step> {
        let escalation = Arc::make_mut(self.escalations.get_mut(&id)?);
        let step = catch_unwind(AssertUnwindSafe(|| escalation.step(now.steady, input)));
        if step.is_err() {
            tracing::error!("escalation {id} panicked and stands as before; please report this");
            let before = self.before(id, turn)?;
            self.escalations.insert(id, Arc::new(before));
        }
        step.ok()
    }

    /// An escalation as all inputs of this turn but the last have left it.
    fn before(&self, id: EscalationId, turn: &Turn) -> Option<Escalation> {
        let entries = turn.batch.entries.iter().filter(|(of, _)| *of == id);
        let entries: Vec<Entry> = entries.map(|(_, entry)| entry.clone()).collect();
        let Some(stood) = self.undo.stood(id)? else {
            return Escalation::replay(id, &entries).ok();
        };
        let mut before = stood.clone();
        for entry in entries {
            before.step(entry.at, entry.input);
        }
        Some(before)
    }

    /// Begins an escalation for an alert of its own.
    fn open(
        &mut self,
        now: Now,
        group: &GroupName,
        headline: Arc<Headline>,
        turn: &mut Turn,
    ) -> EscalationId {
        if !self.config.knows(group) {
            tracing::warn!(%group, "the group is not configured; the default group is called");
        }
        let id = self.next_escalation;
        self.undo.next_escalation(id);
        self.next_escalation = EscalationId(id.0 + 1);
        self.undo.escalation(id, None);
        let (escalation, step) = Escalation::open(id, now.steady, group.clone(), headline);
        self.escalations.insert(id, Arc::new(escalation));
        self.settle(now, id, step, turn);
        id
    }

    /// Takes in what a step decided, answers what it asked, and arms the timer.
    fn settle(&mut self, now: Now, id: EscalationId, step: Step, turn: &mut Turn) {
        if let Some(entry) = step.entry {
            turn.batch.entries.push((id, entry));
            turn.touched.insert(id);
        }
        for effect in step.effects.iter() {
            self.carry_out(now, id, effect, turn);
        }
        self.leave_line(id);
        let Some(escalation) = self.escalations.get(&id) else {
            return;
        };
        let at = match &escalation.phase {
            Phase::Over => Some(now.steady + KEPT_WHEN_OVER),
            _ => escalation.next_wakeup().map(|(at, _)| at),
        };
        let group = &escalation.group;
        let is_current = self.current.get(group) == Some(&id);
        let pausing = matches!(escalation.phase, Phase::Pausing { .. }).then_some(escalation.round);
        match (escalation.takes_more(), is_current) {
            (true, false) => drop(self.current.insert(group.clone(), id)),
            (false, true) => drop(self.current.remove(group)),
            (true, true) | (false, false) => {}
        }
        self.arm(id, at);
        if let Some(round) = pausing {
            self.round_over(id, round, turn);
        }
    }

    /// The group's configuration, or, if nobody has configured it, that of the default group.
    fn group(&self, name: &GroupName) -> Cow<'_, Group> {
        self.config.whom(name)
    }

    /// The provider has named the call of an attempt.
    fn bind(&mut self, attempt: AttemptId, call: &CallSid, turn: &mut Turn) {
        let bound = self
            .escalations
            .get(&attempt.escalation)
            .and_then(|escalation| escalation.attempt(attempt.number))
            .is_some_and(|attempt| attempt.call.as_ref() == Some(call));
        let Some(record) = self
            .calls
            .record(attempt)
            .filter(|record| bound && record.call.is_none())
        else {
            return;
        };
        let record = CallRecord {
            call: Some(call.clone()),
            ..record.clone()
        };
        self.undo.call(attempt, self.calls.record(attempt));
        self.calls.put(record.clone());
        turn.batch.calls.push(record);
    }

    fn arm(&mut self, id: EscalationId, at: Option<Timestamp>) {
        if at == self.armed.get(&id).copied() {
            return;
        }
        if let Some(before) = self.armed.remove(&id) {
            self.timers.remove(&(before, id));
        }
        if let Some(at) = at {
            self.armed.insert(id, at);
            self.timers.insert((at, id));
        }
    }

    fn put_away(&mut self, id: EscalationId) {
        self.arm(id, None);
        self.escalations.remove(&id);
        self.tallies.remove(&id);
        self.readings.forget(id);
    }

    /// Counts each escalation's alerts from the alerts themselves.
    fn count_again(&mut self) {
        self.tallies.clear();
        for (key, id) in &self.escalation_of {
            if let Some(alert) = self.alerts.get(key) {
                self.tallies.entry(*id).or_default().put(alert);
            }
        }
    }

    /// Whether a call is to be placed that is not wanted any more: its alert was taken or over later in the same turn (P5).
    fn is_in_vain(&self, errand: &Errand) -> bool {
        let Errand::Place { attempt, .. } = errand else {
            return false;
        };
        let escalation = self.escalations.get(&attempt.escalation);
        let known = escalation.and_then(|escalation| escalation.attempt(attempt.number));
        known.is_some_and(|attempt| attempt.outcome.is_some())
    }

    /// Ends a turn: writes what has changed into its batch, each alert and each escalation once.
    pub fn close_turn(&self, turn: &mut Turn) {
        turn.errands.retain(|errand| !self.is_in_vain(errand));
        let touched = turn.touched.drain();
        let known = touched.filter_map(|id| self.escalations.get(&id).map(Arc::clone));
        turn.batch.escalations.extend(known);
        turn.batch.dispatch = self.undo.has_dispatch().then(|| self.dispatch.kept());
        for key in turn.touched_alerts.drain() {
            match self.alerts.get(&key) {
                Some(alert) => {
                    let escalation = self.escalation_of.get(&key).copied();
                    turn.batch.alerts.push((alert.clone(), escalation));
                }
                None => turn.batch.closed.push(key),
            }
        }
    }

    /// The turn is stored: it can't be undone any more.
    pub fn stored(&mut self, now: Timestamp) {
        self.lines_due = self.lines_wakeup();
        self.undo.clear();
        self.calls.prune(now);
    }

    /// The turn could not be stored: nothing of it has happened.
    pub fn undo_turn(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        undo.apply(self);
    }
}

/// The call that an input names for an attempt.
fn call_of(input: &Input) -> Option<(AttemptId, CallSid)> {
    match input {
        Input::Placed { attempt, call }
        | Input::Status { attempt, call, .. }
        | Input::Voice { attempt, call, .. } => Some((*attempt, call.clone())),
        _ => None,
    }
}
