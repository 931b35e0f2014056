//! How a core dies, how the next one takes over, and what becomes of escalations that nobody needs any more.

use rinban::{
    dispatch::breaker::State,
    escalation::{AttemptId, EscalationId},
};

use super::{World, turns::Happening};
use crate::soak::{
    check::{Broken, Check},
    happen::{Event, Micros, SECOND, timestamp},
    seam::Core,
};

/// How long a core is down, at least and at most.
const DOWN: (Micros, Micros) = (200_000, 8 * SECOND);

/// How long after its end an escalation is asked for no more: longer than any late callback.
const ARCHIVED_AFTER: Micros = 20 * 60 * SECOND;

impl World {
    /// The core dies. What was on its way to it is lost; what was on its way from it is not.
    pub(super) fn crash(&mut self) {
        self.log(|| "the core dies".to_owned());
        self.witness.tally.crashes += 1;
        self.core = None;
        self.retry = None;
        self.epoch += 1;
        let lost = std::mem::take(&mut self.waiting);
        for happening in lost {
            if let Happening::Words(call, stage, _) = happening {
                self.no_words(call, stage, 0);
            }
        }
        self.phones.doubt_unknown();
        let down = self.span(DOWN.0, DOWN.1);
        self.witness.tally.down_micros += down;
        self.queue.plan(self.now + down, Event::Restart);
    }

    /// The core dies between two turns, when all that it knows is durable.
    pub(super) fn dies(&mut self) {
        self.bequeathed = self
            .core
            .as_ref()
            .map(|core| core.standing(timestamp(self.now)));
        self.crash();
    }

    /// What the core that died in full knowledge of what is durable has left stands before the next one as it stood before it.
    fn inherits(&mut self, core: &Core) -> Result<(), Broken> {
        let Some(left) = self.bequeathed.take() else {
            return Ok(());
        };
        let found = core.standing(timestamp(self.now));
        for (left, found) in left.iter().zip(&found) {
            let holds = left.breaker == found.breaker
                && left.busy_until == found.busy_until
                && left.weight == found.weight
                && left.held_until == found.held_until;
            self.witness.check(Check::Inherits, holds, || {
                format!("a carrier was left as {left:?} and found as {found:?}")
            })?;
            let tally = &mut self.witness.tally;
            tally.inherited_open += u64::from(matches!(found.breaker, State::Open { .. }));
            tally.inherited_drained += u64::from(found.busy_until > timestamp(self.now));
            tally.inherited_flipped += u64::from(found.held_until.is_some());
        }
        Ok(())
    }

    /// The next core takes over.
    pub(super) fn restart(&mut self) -> Result<(), Broken> {
        self.log(|| "a core takes over".to_owned());
        self.witness.stands(&self.disk)?;
        self.witness.everybody_is_remembered()?;
        let snapshot = self.disk.snapshot(timestamp(self.now));
        let config = self.making.ground.config.clone();
        let core = Box::new(Core::new(config, &snapshot, self.making.plant));
        self.inherits(&core)?;
        // Before the first turn: what that turn places is none of the last core's.
        let unfinished = core.unfinished();
        self.core = Some(core);
        let epoch = self.epoch;
        self.hand_in(epoch, Happening::Restarted);
        self.take_turn()?;
        if self.core.is_some() {
            self.see_to_unfinished(unfinished);
        }
        for number in self.disk.unhandled() {
            self.hand_in(epoch, Happening::Accepted(number));
        }
        self.all_are_armed()
    }

    /// After a takeover, and after a turn that was undone, every escalation is woken in time, not only those that went on.
    pub(super) fn all_are_armed(&mut self) -> Result<(), Broken> {
        let Some(core) = &self.core else {
            return Ok(());
        };
        let (wakeup, now) = (core.next_wakeup(), timestamp(self.now));
        for state in self.disk.states() {
            self.witness.armed(state, now, wakeup)?;
        }
        Ok(())
    }

    /// The core has written down the name of an attempt's call.
    pub(super) fn known_to_core(&mut self, attempt: AttemptId, call: &rinban::escalation::CallSid) {
        let index = crate::soak::ground::index(call.as_str());
        let call = &mut self.phones.calls[index];
        if call.attempt == attempt {
            call.is_known = true;
            if call.is_in_doubt {
                call.doubted_until = self.now;
            }
            call.is_in_doubt = false;
        }
    }

    pub(super) fn plan_archive(&mut self, id: EscalationId) {
        self.queue
            .plan(self.now + ARCHIVED_AFTER, Event::Archive(id));
    }

    /// An escalation is long over: its journal has to lead to where it stands. One whose calls have not ended yet waits.
    pub(super) fn archive_if_at_rest(&mut self, id: EscalationId) -> Result<(), Broken> {
        match self.disk.state(id) {
            Some(state) if !state.is_at_rest() => {
                self.plan_archive(id);
                Ok(())
            }
            _ => self.archive(id),
        }
    }

    fn archive(&mut self, id: EscalationId) -> Result<(), Broken> {
        match self.disk.archive(id) {
            Some(stored) => self.witness.replays(&stored),
            None => Ok(()),
        }
    }

    /// The world is at its end.
    pub(super) fn archive_all(&mut self) -> Result<(), Broken> {
        for id in (1..=self.disk.escalations() as u64).map(EscalationId) {
            self.archive(id)?;
        }
        Ok(())
    }
}
