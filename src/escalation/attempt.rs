//! One attempt as the escalation remembers it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Patience,
    call::{AttemptId, CallSid, CallStatus, EscalationId, ProviderName},
    journal::{Heard, Line, Outcome},
};
use crate::roster::MemberName;

/// How long the same request is answered the same way: carriers repeat a webhook within 15 s (Twilio, Connection
/// overrides: hard ceiling of all call-related requests). Also how long a key may arrive after the call's end, since
/// requests overtake one another.
pub const REPEAT_WINDOW: SignedDuration = SignedDuration::from_secs(30);

/// How often a call may come back through the fallback path; then it ends, so that no loop can form.
pub const MAX_TROUBLES: u8 = 3;

/// How many answers one call gets; then it ends, whatever is pressed.
pub const MAX_STAGES: u16 = 40;

/// One call to one member through one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 1 within the escalation.
    pub number: u32,
    /// Whom.
    pub member: MemberName,
    /// Through whom, once routed.
    pub provider: Option<ProviderName>,
    /// Providers that failed this person in this round before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<ProviderName>,
    /// Whether this attempt repeats one whose message was never fetched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redial: bool,
    /// Whether the carrier says the message without asking us first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inline: bool,
    /// What was done because it does not ring.
    #[serde(default, skip_serializing_if = "Patience::is_fresh")]
    pub patience: Patience,
    /// When the intent was journalled.
    pub since: Timestamp,
    /// When the escalation gives up waiting for word of this call.
    pub deadline: Timestamp,
    /// The provider's name for the call, once known.
    pub call: Option<CallSid>,
    /// The furthest status seen.
    pub status: Option<CallStatus>,
    /// When the call was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How it was judged; none while the escalation waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The place in the call whose request comes next.
    pub stage: u16,
    /// How often the message was read out.
    pub readings: u16,
    /// How often the provider came by the fallback path.
    pub troubles: u8,
    /// The last answer, to repeat it to the same request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Answer>,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// To a request from which place.
    pub stage: u16,
    /// To what.
    pub heard: Heard,
    /// When.
    pub at: Timestamp,
    /// What was said.
    pub line: Line,
}

impl Attempt {
    pub(super) fn new(number: u32, member: MemberName, now: Timestamp) -> Self {
        Self {
            number,
            member,
            provider: None,
            tried: Vec::new(),
            redial: false,
            inline: false,
            patience: Patience::Fresh,
            since: now,
            deadline: now,
            call: None,
            status: None,
            ended_at: None,
            outcome: None,
            stage: 0,
            readings: 0,
            troubles: 0,
            last: None,
        }
    }

    /// Whether the provider has said that the call is over, or the request was refused.
    pub fn is_ended(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Its name.
    pub fn id(&self, escalation: EscalationId) -> AttemptId {
        AttemptId {
            escalation,
            number: self.number,
        }
    }

    /// It says the message without asking us: what comes first is what was pressed after the first reading.
    pub(super) fn say_inline(&mut self) {
        self.inline = true;
        self.stage = 1;
        self.readings = 1;
    }

    /// Whether who answers hears our message: our TwiML was fetched, or the carrier has had it from the beginning.
    pub(super) fn was_heard(&self) -> bool {
        self.stage > 0 || self.troubles > 0
    }

    /// Whether somebody or something has answered.
    pub(super) fn was_answered(&self) -> bool {
        match self.inline {
            true => {
                self.stage > 1
                    || self
                        .status
                        .is_some_and(|status| status == CallStatus::InProgress)
            }
            false => self.was_heard(),
        }
    }

    /// Whether the provider has told how the call ended: no word can bring it back (P10).
    pub fn is_settled(&self) -> bool {
        self.status.is_some_and(CallStatus::is_terminal)
    }

    /// Whether this person's phone may be in use by this attempt at `now` (P9).
    pub fn occupies(&self, now: Timestamp) -> bool {
        self.provider.is_some() && !self.is_ended() && now < self.deadline
    }

    /// Whether somebody or something is on the line.
    pub(super) fn is_talking(&self) -> bool {
        self.status == Some(CallStatus::InProgress)
    }

    /// Takes a status in, and says whether it is news: a status never runs backwards (P10).
    pub(super) fn advance(&mut self, status: CallStatus, now: Timestamp) -> bool {
        let terminal = self.status.is_some_and(CallStatus::is_terminal);
        if terminal || self.status.is_some_and(|current| status <= current) {
            return false;
        }
        self.status = Some(status);
        if status.is_terminal() {
            self.ended_at = Some(now);
        }
        true
    }

    /// What the end of the call means.
    pub(super) fn judge(&self, status: CallStatus) -> Outcome {
        match status {
            CallStatus::Busy => Outcome::Busy,
            CallStatus::NoAnswer => Outcome::NoAnswer,
            CallStatus::Failed => Outcome::Failed,
            _ if self.patience == Patience::Switched && status != CallStatus::Completed => {
                Outcome::NotRinging
            }
            CallStatus::Canceled => Outcome::Canceled,
            CallStatus::Completed | CallStatus::InProgress if self.was_heard() => Outcome::NoKey,
            CallStatus::Completed | CallStatus::InProgress => Outcome::Unheard,
            // The terminal callback was lost: the phone has rung for as long as it may.
            CallStatus::Ringing => Outcome::NoAnswer,
            CallStatus::Queued | CallStatus::Initiated => Outcome::Lost,
        }
    }
}
