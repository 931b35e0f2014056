//! What services that speak Twilio's API offer of it. What one does not know it refuses or passes over, so nothing is asked for
//! that it does not offer.
//!
//! | service | signature header | offers |
//! |---|---|---|
//! | Twilio | `X-Twilio-Signature` | all |
//! | SignalWire | `X-SignalWire-Signature`, keyed with a signing key of its own | all |
//! | Somleng | `X-Twilio-Signature` | calls with URL or TwiML and one status callback; no fallback URL, no choice of events, no time-outs, no machine detection |
//!
//! Sources: developer.signalwire.com and its package compatibility-api 3.2.0; Somleng's schema of a call request. Tried against
//! neither.

/// What a service offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// A second URL for when the first fails (`FallbackUrl`).
    pub fall_back: bool,
    /// Choosing the events that are told (`StatusCallbackEvent`).
    pub name_events: bool,
    /// Bounds for ringing and talking (`Timeout`, `TimeLimit`).
    pub limit_times: bool,
    /// Finding out who answers (`MachineDetection`).
    pub detect_machines: bool,
}

impl Default for Abilities {
    /// All of Twilio's.
    fn default() -> Self {
        Self {
            fall_back: true,
            name_events: true,
            limit_times: true,
            detect_machines: true,
        }
    }
}

/// A service whose peculiarities are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// SignalWire's compatibility API.
    SignalWire,
    /// Somleng, which a team can run by itself.
    Somleng,
}

impl Preset {
    /// What it offers.
    pub fn abilities(self) -> Abilities {
        match self {
            Self::SignalWire => Abilities::default(),
            Self::Somleng => Abilities {
                fall_back: false,
                name_events: false,
                limit_times: false,
                detect_machines: false,
            },
        }
    }

    /// The header that carries the signature of its webhooks.
    pub fn signature_header(self) -> &'static str {
        match self {
            Self::SignalWire => "X-SignalWire-Signature",
            Self::Somleng => SIGNATURE_HEADER,
        }
    }
}

/// Twilio's own.
pub const SIGNATURE_HEADER: &str = "X-Twilio-Signature";
