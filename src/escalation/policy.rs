//! Who is called how.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::alert::Severity;

/// The rules of a group's escalations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Alerts milder than this are told to the channels and call nobody.
    pub call_from: Severity,
    /// How long one phone rings. Twilio: 1 to 600 s.
    pub ring_timeout: SignedDuration,
    /// How long one call may last once answered.
    pub call_limit: SignedDuration,
    /// How long after the end of ringing or talking a missing callback is waited for. Some call flows add 5 s to the
    /// ring time-out (Twilio, Call resource).
    pub callback_grace: SignedDuration,
    /// From the end of a round to the next.
    pub round_pause: SignedDuration,
    /// From acknowledged to calling again, if the alert is still open.
    pub ack_timeout: SignedDuration,
    /// How many rounds; without end unless the operator sets a cap (P2).
    pub max_rounds: Option<u32>,
    /// How often one person's phone may ring within an hour, whatever the reason: carriers block what rings without end.
    pub max_calls_per_hour: u32,
    /// How often a call reads the message before it gives up waiting for a key.
    pub message_repeats: u16,
    /// Whether key 9 closes.
    pub allow_close: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            call_from: Severity::Warning,
            ring_timeout: SignedDuration::from_secs(60),
            call_limit: SignedDuration::from_secs(300),
            callback_grace: SignedDuration::from_secs(15),
            round_pause: SignedDuration::from_secs(60),
            ack_timeout: SignedDuration::from_mins(60),
            max_rounds: None,
            max_calls_per_hour: 20,
            message_repeats: 3,
            allow_close: false,
        }
    }
}
