//! Who is called how.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{alert::Severity, roster::Channel};

/// The rules of a group's escalations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Alerts milder than this are told to the channels and call nobody.
    pub call_from: Severity,
    /// How each person is reached, one step after another; after the last the next person is called. At least one.
    pub steps: Vec<Way>,
    /// How long one phone rings. Twilio: 1 to 600 s.
    pub ring_timeout: SignedDuration,
    /// How long one call may last once answered.
    pub call_limit: SignedDuration,
    /// How long after the end of ringing or talking a missing callback is waited for. Some call flows add 5 s to the
    /// ring time-out (Twilio, Call resource).
    pub callback_grace: SignedDuration,
    /// How long a step that only sends a message waits for a reply.
    pub reply_wait: SignedDuration,
    /// When a call that does not ring yet gets a message beside it, counted from its intent. Its provider is at fault then.
    pub message_unless_ringing: SignedDuration,
    /// When a call that does not ring yet is cancelled, and the next provider calls the same person.
    pub switch_unless_ringing: SignedDuration,
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
    /// Whether calls say their message without asking us, because nothing reaches us; then no key can be pressed.
    pub inline: bool,
    /// Whether a person who answers such a call has taken the alert; the operator's decision, since nobody pressed a key.
    pub answer_takes: bool,
}

/// How a person is reached in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// By a call.
    Voice,
    /// By a message; a reply is waited for.
    Sms,
    /// By a call, with a message beside it.
    Both,
}

impl Way {
    /// What is left of the step for a person who can be reached by these channels.
    pub fn within(self, channels: &[Channel]) -> Option<Self> {
        let has = |channel| channels.contains(&channel);
        let calls = self != Self::Sms && has(Channel::Voice);
        let writes = self != Self::Voice && has(Channel::Sms);
        match (calls, writes) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Voice),
            (false, true) => Some(Self::Sms),
            (false, false) => None,
        }
    }

    /// The step that reaches a person by one channel.
    pub fn by(channel: Channel) -> Self {
        match channel {
            Channel::Voice => Self::Voice,
            Channel::Sms => Self::Sms,
        }
    }

    /// Whether it sends a message.
    pub fn writes(self) -> bool {
        self != Self::Voice
    }

    /// Whether it places a call.
    pub fn calls(self) -> bool {
        self != Self::Sms
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            call_from: Severity::Warning,
            steps: vec![Way::Voice],
            ring_timeout: SignedDuration::from_secs(60),
            call_limit: SignedDuration::from_secs(300),
            callback_grace: SignedDuration::from_secs(15),
            reply_wait: SignedDuration::from_secs(120),
            message_unless_ringing: SignedDuration::from_secs(20),
            switch_unless_ringing: SignedDuration::from_secs(30),
            round_pause: SignedDuration::from_secs(60),
            ack_timeout: SignedDuration::from_mins(60),
            max_rounds: None,
            max_calls_per_hour: 20,
            message_repeats: 3,
            allow_close: false,
            inline: false,
            answer_takes: false,
        }
    }
}
