//! A call that does not ring is not waited for: it is looked up, then a message goes beside it, then it is cancelled, and once its
//! provider has said so, the next one calls the same person.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Attempt, CallStatus, Effect, Escalation};

/// How long before the message the call is looked up: the callback that says that it rings may have been lost.
const LOOK_UP_BEFORE: SignedDuration = SignedDuration::from_secs(5);

/// How long the provider may take to say that a call is cancelled. Without its word the phone may ring yet, so that nobody else
/// calls this person (P9): the next step is taken.
const CANCEL_LIMIT: SignedDuration = SignedDuration::from_secs(5);

/// What was done about a call that does not ring, in order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Patience {
    /// Nothing.
    #[default]
    Fresh,
    /// The provider was asked how it goes.
    LookedUp,
    /// A message was sent beside it, and its provider blamed.
    Written,
    /// It was cancelled, so that the next provider can call.
    Switched,
}

impl Patience {
    pub(super) fn is_fresh(&self) -> bool {
        *self == Self::Fresh
    }
}

impl Escalation {
    /// When something is due for the call that is waited for.
    pub(super) fn call_wakeup(&self, last: &Attempt) -> (Timestamp, &'static str) {
        let deadline = (last.deadline, "no word of the call");
        match self.loses_patience(last) {
            Some(at) => deadline.min((at, "the call does not ring")),
            None => deadline,
        }
    }

    fn loses_patience(&self, attempt: &Attempt) -> Option<Timestamp> {
        let rings = attempt
            .status
            .is_some_and(|status| status >= CallStatus::Ringing);
        if rings || attempt.is_ended() {
            return None;
        }
        let policy = &self.policy;
        let after = match attempt.patience {
            Patience::Fresh => policy.message_unless_ringing - LOOK_UP_BEFORE,
            Patience::LookedUp => policy.message_unless_ringing,
            // A request that is still under way may bring a call yet; it ends by itself.
            Patience::Written if attempt.call.is_some() => policy.switch_unless_ringing,
            Patience::Written | Patience::Switched => return None,
        };
        Some(attempt.since + after)
    }

    /// Something is due for the call that is waited for.
    pub(super) fn call_is_due(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(last) = self.attempts.last() else {
            return;
        };
        if last.deadline <= now {
            return self.give_up_waiting(now, effects);
        }
        match last.patience {
            Patience::Fresh => self.look_up(effects),
            Patience::LookedUp => {
                self.blame(effects);
                self.write(now, effects);
            }
            Patience::Written | Patience::Switched => self.switch(now, effects),
        }
    }

    /// The call that was placed last.
    pub(super) fn last_call_mut(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    fn look_up(&mut self, effects: &mut Vec<Effect>) {
        let escalation = self.id;
        let Some(last) = self.last_call_mut() else {
            return;
        };
        last.patience = Patience::LookedUp;
        if let (Some(provider), Some(call)) = (last.provider.clone(), last.call.clone()) {
            effects.push(Effect::LookUp {
                attempt: last.id(escalation),
                provider,
                call,
            });
        }
    }

    fn blame(&mut self, effects: &mut Vec<Effect>) {
        let escalation = self.id;
        let Some(last) = self.last_call_mut() else {
            return;
        };
        last.patience = Patience::Written;
        if let Some(provider) = last.provider.clone() {
            let attempt = last.id(escalation);
            effects.push(Effect::NotRinging { attempt, provider });
        }
    }

    fn switch(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let escalation = self.id;
        let Some(last) = self.last_call_mut() else {
            return;
        };
        let (Some(provider), Some(call)) = (last.provider.clone(), last.call.clone()) else {
            return;
        };
        last.patience = Patience::Switched;
        last.deadline = now + CANCEL_LIMIT;
        effects.push(Effect::EndCall {
            attempt: last.id(escalation),
            provider,
            call,
        });
    }

    /// The same person is called by the next provider.
    pub(super) fn call_through_another(
        &mut self,
        now: Timestamp,
        failed: u32,
        effects: &mut Vec<Effect>,
    ) {
        let Some(failed) = self.attempt(failed) else {
            return;
        };
        let mut next = Attempt::new(0, failed.member.clone(), now);
        next.redial = failed.redial;
        next.tried = failed.tried.clone();
        next.tried.extend(failed.provider.clone());
        self.route(now, next, effects);
    }
}
