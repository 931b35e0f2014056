//! What goes out to carriers, and what people hear, held against what is on disk.

use rinban::{
    engine::desk::Speech,
    escalation::{AttemptId, Effect, Escalation, Line, Phase},
};

use super::Witness;
use crate::soak::{
    check::{Broken, Check},
    disk::Disk,
    happen::{CallIndex, Micros},
    phones::{Call, Phones, Standing},
    world::ON_ITS_WAY,
};

/// Within so many attempts a person comes again in a round only because of a doubt: groups have three people.
const SAME_ROUND: u32 = 2;

impl Witness {
    /// A request to place a call leaves the core.
    pub fn goes_out(
        &mut self,
        (attempt, decided_at): (AttemptId, Micros),
        disk: &Disk,
        last_sent: Option<Micros>,
        every: Micros,
    ) -> Result<(), Broken> {
        self.tally.calls += 1;
        let state = disk.state(attempt.escalation);
        let known = state.and_then(|state| state.attempt(attempt.number));
        let is_there =
            known.is_some_and(|known| known.provider.is_some()) && disk.has_call(attempt);
        self.check(Check::Intent, is_there, || {
            format!("the call of attempt {attempt} is requested, and no intent is on disk")
        })?;
        let is_new = !std::mem::replace(&mut self.attempt(attempt).is_requested, true);
        self.check(Check::OnceEach, is_new, || {
            format!("attempt {attempt} is requested again")
        })?;
        let waits = self.is_waiting(attempt.escalation);
        self.check(Check::NoCallAfter, waits, || {
            format!("attempt {attempt} calls, and nothing waits for anybody")
        })?;
        let after = last_sent.map(|last| decided_at.saturating_sub(last));
        let in_time = after.is_none_or(|after| after >= every);
        self.check(Check::Rate, in_time, || {
            format!(
                "attempt {attempt} goes out {after:?} us after the last one, and {every} are due"
            )
        })
    }

    /// A call is made. Another one to the same person may be alive only if the core cannot know of it, or has ended it.
    pub fn made(&mut self, call: CallIndex, phones: &Phones) -> Result<(), Broken> {
        self.tally.made += 1;
        let made = phones.call(call);
        let is_twin =
            |other: &CallIndex| *other != call && phones.call(*other).attempt == made.attempt;
        if phones.live(made.person).iter().any(is_twin) {
            // The carrier has carried one request out twice, which is none of ours.
            return Ok(());
        }
        for other in phones
            .live(made.person)
            .iter()
            .filter(|other| **other != call)
        {
            let other = phones.call(*other);
            let was_in_doubt = other.is_in_doubt
                || (other.doubted_until > 0 && made.made_at <= other.doubted_until + ON_ITS_WAY.1);
            self.check(Check::OnePhone, was_in_doubt || other.is_dismissed, || {
                format!(
                    "attempt {} calls person {} while attempt {} is {:?}",
                    made.attempt, made.person, other.attempt, other.standing
                )
            })?;
            if !is_duplicate(made, other, phones) {
                self.tally.overlaps += 1;
                continue;
            }
            self.tally.duplicates += 1;
            let duplicates = &mut self.attempt(other.attempt).duplicates;
            *duplicates += 1;
            let duplicates = *duplicates;
            self.check(Check::Duplicate, duplicates <= 1, || {
                format!(
                    "attempt {} in doubt led to {duplicates} calls more",
                    other.attempt
                )
            })?;
        }
        self.tally.checked(Check::OnePhone);
        Ok(())
    }

    /// A phone rings for a run, perhaps for the first time.
    pub fn rings(&mut self, attempt: AttemptId) {
        let now = self.now;
        let run = self.run(attempt.escalation);
        if !std::mem::replace(&mut run.has_rung, true) {
            let delay = now - run.opened_at;
            if self.keeps_delays {
                self.tally.delays.push(delay);
            }
        }
    }

    /// A person is answered.
    pub fn spoken(&mut self, speech: &Speech, disk: &Disk) -> Result<(), Broken> {
        if speech.line != Line::Acknowledged {
            return Ok(());
        }
        let id = speech.attempt.escalation;
        let by = speech.member.as_str();
        let stands = |state: &Escalation| matches!(&state.phase, Phase::Acknowledged { by: taker, .. } if taker == by);
        // It may have recovered in the same turn.
        let took = |effect: &Effect| matches!(effect, Effect::TakeAlerts { by: taker } if taker.as_str() == by);
        let holds = disk.state(id).is_some_and(stands)
            || disk
                .journal(id)
                .iter()
                .any(|entry| entry.effects.iter().any(took));
        self.check(Check::SpokenAfter, holds, || {
            format!(
                "attempt {} is told that it is taken, and on disk it is not",
                speech.attempt
            )
        })
    }
}

/// Whether a call was made because nobody knew of another one: of the same escalation and round, and of several in doubt the
/// last. Another escalation has alerts of its own to tell of, and a later round calls everybody again. What follows a call between
/// the two that has ended, such as a redial, comes of that one.
fn is_duplicate(made: &Call, other: &Call, phones: &Phones) -> bool {
    let (new, old) = (made.attempt, other.attempt);
    let is_later = |index: &CallIndex| {
        let between = phones.call(*index);
        let number = between.attempt.number;
        between.is_in_doubt
            && between.attempt.escalation == old.escalation
            && (old.number + 1..new.number).contains(&number)
    };
    let is_between = |between: &&Call| {
        between.person == made.person
            && between.attempt.escalation == old.escalation
            && (old.number + 1..new.number).contains(&between.attempt.number)
    };
    let since = phones
        .calls
        .iter()
        .rev()
        .take_while(|call| call.made_at >= other.made_at);
    let mut ended = since.filter(is_between);
    other.is_in_doubt
        && new.escalation == old.escalation
        && new.number <= old.number + SAME_ROUND
        && !phones.live(made.person).iter().any(is_later)
        && !ended.any(|between| between.standing == Standing::Over)
}
