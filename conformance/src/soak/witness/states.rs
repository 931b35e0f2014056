//! How escalations stand on disk, held against how they stood before and against what really happened.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rinban::{
    engine::desk::Errand,
    escalation::{Attempt, CallStatus, Escalation, Outcome, Phase, SUBMIT_LIMIT},
};

use super::Witness;
use crate::soak::{
    check::{Broken, Check},
    disk::{Disk, Stored},
    ground::index,
};

/// How long somebody may wait in line for a carrier's rate.
const LINE: SignedDuration = SignedDuration::from_mins(15);

impl Witness {
    /// An escalation is about to be written over what stood there before, and these errands go with it.
    pub fn written(
        &mut self,
        (before, after): (Option<&Escalation>, &Escalation),
        errands: &[Errand],
    ) -> Result<(), Broken> {
        if let Some(before) = before {
            self.forwards(before, after)?;
        }
        let is_settled = matches!(after.phase, Phase::Acknowledged { .. } | Phase::Over);
        if is_settled {
            self.cancelled(before, after, errands)?;
        }
        Ok(())
    }

    /// P10: statuses, calls and verdicts only ever go forwards.
    fn forwards(&mut self, before: &Escalation, after: &Escalation) -> Result<(), Broken> {
        let mut now = after.attempts.iter().peekable();
        for was in &before.attempts {
            // Most stand as they stood.
            if now.next_if(|is| Arc::ptr_eq(is, was)).is_some() {
                self.tally.checked(Check::Forwards);
                continue;
            }
            while now.next_if(|is| is.number < was.number).is_some() {}
            let Some(is) = now.peek().filter(|is| is.number == was.number) else {
                continue;
            };
            let holds = follows(was, is);
            self.check(Check::Forwards, holds, || {
                format!(
                    "attempt {}-{} ran from {:?} ({:?}) to {:?} ({:?})",
                    after.id, is.number, was.status, was.outcome, is.status, is.outcome
                )
            })?;
        }
        Ok(())
    }

    /// P5: nothing that the core knows of rings on, and each call that it cancels is told to end.
    fn cancelled(
        &mut self,
        before: Option<&Escalation>,
        after: &Escalation,
        errands: &[Errand],
    ) -> Result<(), Broken> {
        for is in &after.attempts {
            let Some(call) = &is.call else { continue };
            let rings = is.outcome.is_none()
                && !is.is_ended()
                && is
                    .status
                    .is_none_or(|status| status < CallStatus::InProgress);
            let was = before.and_then(|before| before.attempt(is.number));
            let is_cancelled_now = is.outcome == Some(Outcome::Canceled)
                && was.is_some_and(|was| was.outcome.is_none() && was.call.is_some())
                && !is.is_ended();
            let is_told = || {
                let ends = |errand: &Errand| matches!(errand, Errand::End { call: ended, .. } if ended == call);
                errands.iter().any(ends)
            };
            let holds = !rings && (!is_cancelled_now || is_told());
            self.check(Check::Cancelled, holds, || {
                format!(
                    "attempt {}-{} rings on: {:?}",
                    after.id, is.number, is.status
                )
            })?;
        }
        Ok(())
    }

    /// P2: a run for which somebody is to be called has a timer within its bounds, and the core is woken by then.
    pub fn armed(
        &mut self,
        escalation: &Escalation,
        now: Timestamp,
        wakeup: Option<Timestamp>,
    ) -> Result<(), Broken> {
        if !self.is_waiting(escalation.id) {
            return Ok(());
        }
        let due = escalation.next_wakeup().map(|(at, _)| at);
        let is_armed = due.is_some_and(|due| wakeup.is_some_and(|wakeup| wakeup <= due));
        self.check(Check::Armed, is_armed, || {
            format!(
                "escalation {} is due at {due:?} ({:?}), and the core sleeps until {wakeup:?}",
                escalation.id, escalation.phase
            )
        })?;
        let policy = &escalation.policy;
        let longest = match escalation.phase {
            // As long as the line of those who wait; how long that takes is looked at where somebody is rung.
            Phase::Routing { .. } => LINE,
            _ => {
                let longest = policy.ring_timeout.max(policy.call_limit);
                SUBMIT_LIMIT + policy.callback_grace + longest.max(policy.round_pause)
            }
        };
        self.check(
            Check::Bounded,
            due.is_some_and(|due| due <= now + longest),
            || format!("escalation {} is due at {due:?} only", escalation.id),
        )
    }

    /// P11: the journal leads to the state.
    pub fn replays(&mut self, stored: &Stored) -> Result<(), Broken> {
        let Some(state) = &stored.state else {
            return Ok(());
        };
        let replayed = Escalation::replay(state.id, &stored.journal);
        let holds = replayed.as_ref() == Ok(&**state);
        self.check(Check::Replays, holds, || match replayed {
            Ok(replayed) => {
                format!("the replay leads to\n{replayed:?}\nand there stands\n{state:?}")
            }
            Err(error) => error.to_string(),
        })
    }

    /// P1 and P4: after a crash everything stands on disk as it should.
    pub fn stands(&mut self, disk: &Disk) -> Result<(), Broken> {
        let mut open = 0;
        for (alert, run) in disk.alerts() {
            open += 1;
            let number = u32::try_from(index(alert.key.dedup.as_str())).unwrap_or(u32::MAX);
            let book = *self.alert(number);
            let is_taken = matches!(alert.state, rinban::alert::AlertState::Acknowledged { .. });
            let holds = book.is_open && book.run == *run && run.is_some();
            self.check(Check::Ledger, holds, || {
                format!(
                    "alert {number} is open on disk in escalation {run:?}, and should be {book:?}"
                )
            })?;
            self.check(Check::Kept, book.is_taken == is_taken, || {
                format!("alert {number} is taken: {is_taken}, and should be {book:?}")
            })?;
        }
        let wanted = self.alerts.iter().filter(|alert| alert.is_open).count();
        self.check(Check::Ledger, open == wanted, || {
            format!("{open} alerts are open on disk, and {wanted} should be")
        })
    }
}

/// Whether an attempt that stood like the first may stand like the second later.
fn follows(was: &Attempt, is: &Attempt) -> bool {
    let status = match (was.status, is.status) {
        (Some(was), is) if was.is_terminal() => is == Some(was),
        (was, is) => is >= was,
    };
    let call = was.call.is_none() || was.call == is.call;
    let outcome = was.outcome.is_none() || was.outcome == is.outcome;
    status && call && outcome && was.stage <= is.stage
}
