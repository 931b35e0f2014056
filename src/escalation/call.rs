//! A call as the escalation sees it: its names, its status, and why it failed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alert::text_newtype;

text_newtype! {
    /// Names a configured provider.
    ProviderName
}
text_newtype! {
    /// The provider's name for a call. Twilio: `CA` and 32 hex digits; others: their own form.
    CallSid
}

/// Names an escalation. Printed as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EscalationId(pub u64);

impl fmt::Display for EscalationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one call or message to one member through one provider. Printed as `42-7`: the seventh of escalation 42.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// Whose attempt.
    pub escalation: EscalationId,
    /// Counts from 1 within the escalation.
    pub number: u32,
}

impl AttemptId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (escalation, number) = text.split_once('-')?;
        Some(Self {
            escalation: EscalationId(escalation.parse().ok()?),
            number: number.parse().ok()?,
        })
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.escalation, self.number)
    }
}

impl Serialize for AttemptId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AttemptId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an attempt id like 42-7"))
    }
}

/// What the provider says of a call. The order is the order of life; a status never runs backwards (P10).
///
/// Source: Twilio, Call resource, "status"; `initiated` exists in callbacks only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// Accepted by the provider, which means no more than that it is queued.
    Queued,
    /// Dialling.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody or something answered.
    InProgress,
    /// It was answered and is over.
    Completed,
    /// The line was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// It could not be connected; mostly a bad number.
    Failed,
    /// We cancelled it.
    Canceled,
}

impl CallStatus {
    /// The name that Twilio gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the name that Twilio gives it.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Initiated,
            Self::Ringing,
            Self::InProgress,
            Self::Completed,
            Self::Busy,
            Self::NoAnswer,
            Self::Failed,
            Self::Canceled,
        ]
        .into_iter()
        .find(|status| status.as_str() == name)
    }

    /// Whether the call is over.
    pub fn is_terminal(self) -> bool {
        self >= Self::Completed
    }
}

/// Why a request to a provider, or a call, failed, and whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whose it is.
    pub class: FaultClass,
    /// The provider's own code, such as 21211.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// What happened, without secrets and phone numbers, to read after "failed to place the call: ".
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} ({code}; {})", self.text, self.class),
            None => write!(f, "{} ({})", self.text, self.class),
        }
    }
}

impl std::error::Error for Fault {}

/// Whose fault it is decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultClass {
    /// The provider did not do its work, and certainly placed no call: connect, TLS or DNS error, refused or throttled.
    Provider,
    /// The provider's account does not work (credentials, suspended): no use until an operator mends it.
    Account,
    /// This person's number cannot be called.
    Callee,
    /// Our request or configuration is wrong: no use until an operator mends it.
    Ours,
    /// The request may or may not have been carried out: a time-out, a reset, a 5xx after sending.
    Ambiguous,
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "the provider's fault",
            Self::Account => "the account's fault",
            Self::Callee => "the number's fault",
            Self::Ours => "our fault",
            Self::Ambiguous => "outcome unknown",
        })
    }
}
