//! The pure state machine of an escalation: who is called next, and what each outcome of a call means.
//!
//! `step(now, input)` is the whole of it: no clock, no IO, no random source.

pub mod call;
pub mod journal;
pub mod policy;

pub use call::{AttemptId, CallSid, CallStatus, EscalationId, Fault, FaultClass, ProviderName};
pub use journal::{
    Candidate, Counts, Effect, Entry, Headline, Heard, Input, Left, Line, News, Outcome,
};
pub use policy::Policy;

use serde::{Deserialize, Serialize};

/// The state of an escalation: the fold of its journal, kept for speed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Its name.
    pub id: EscalationId,
}

impl Escalation {
    /// Whether nobody will be called any more.
    pub fn is_over(&self) -> bool {
        false
    }
}
