//! How each carrier speaks to us: what proves that a request is its own, what stands in it, and how it wants to be answered. One
//! file per way; what is common to all of them is in [`super::webhook`] and [`super::inbound`].

mod twilio;
mod vonage;

pub(crate) use twilio::Twilio;
pub(crate) use vonage::Vonage;

use std::time::Duration;

use axum::{
    http::{HeaderMap, Method, header, request::Parts},
    response::Response,
};
use jiff::Timestamp;

use crate::{
    escalation::{AttemptId, CallSid, CallStatus, MessageSid, MessageStatus},
    provider::Inbound,
    voice::{PlaceKind, Speech},
};

/// How long sending the answer to a message may take before it is given up.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// A carrier's way.
#[derive(Debug)]
pub(crate) enum Dialect {
    /// Twilio's, and that of services that speak the same: signed forms, answered in TwiML.
    Twilio(Twilio),
    /// Vonage's: JSON beside a signed token, answered with call control objects.
    Vonage(Vonage),
}

/// A request as it arrived.
pub(super) struct Arrival<'r> {
    /// The public base and the raw request target.
    pub(super) url: &'r str,
    pub(super) head: &'r Parts,
    pub(super) body: &'r [u8],
    /// By the clock on the wall, by which carriers date what they sign.
    pub(super) now: Timestamp,
}

/// What a request about an attempt says, in the words of no carrier.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Of a call.
    Call {
        call: CallSid,
        /// Empty if none were pressed.
        keys: String,
        /// None where it is not told, or the word is not known.
        status: Option<CallStatus>,
        /// What the carrier says went wrong.
        trouble: Option<u32>,
    },
    /// How far a message has come.
    Message {
        message: MessageSid,
        status: MessageStatus,
    },
    /// It is the carrier's, and there is nothing in it to act on. The text is for the log.
    Nothing(String),
}

/// Why a request is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing proves that it is the carrier's. The text is for the log.
    Forged(String),
    /// It is the carrier's, and lacks what it has to hold.
    Incomplete(&'static str),
}

impl Dialect {
    /// Whether the carrier asks at such a place in this way.
    pub(super) fn takes(&self, method: &Method, kind: PlaceKind) -> bool {
        match self {
            Self::Twilio(_) => method == Method::POST,
            Self::Vonage(_) => {
                method == Method::POST || (method == Method::GET && kind == PlaceKind::Receipt)
            }
        }
    }

    /// What a request at a place of an attempt says, if the carrier has sent it.
    pub(super) fn read(
        &self,
        kind: PlaceKind,
        attempt: AttemptId,
        arrival: &Arrival<'_>,
    ) -> Result<Said, Refusal> {
        match self {
            Self::Twilio(twilio) => twilio.read(kind, arrival),
            Self::Vonage(vonage) => vonage.read(kind, attempt, arrival),
        }
    }

    /// The answer that says something to whoever is on the phone.
    pub(super) fn speak(&self, speech: &Speech) -> Response {
        match self {
            Self::Twilio(_) => twilio::speak(speech),
            Self::Vonage(_) => vonage::speak(speech),
        }
    }

    /// The message that a request to our mailbox brings, if the carrier has sent it; none if there is nothing in it to act on.
    pub(super) fn open(
        &self,
        secret: Option<&str>,
        arrival: &Arrival<'_>,
    ) -> Result<Option<Inbound>, Refusal> {
        match self {
            Self::Twilio(twilio) => twilio.open(secret, arrival),
            Self::Vonage(vonage) => vonage.open(secret, arrival),
        }
    }

    /// Answers whoever has written, and the carrier that has brought it.
    pub(super) fn reply(&self, inbound: &Inbound, text: Option<String>) -> Response {
        match self {
            Self::Twilio(_) => twilio::reply(text.as_deref()),
            Self::Vonage(vonage) => vonage.reply(inbound, text),
        }
    }
}

impl Arrival<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        header_text(&self.head.headers, name)
    }

    fn content_type(&self) -> Option<&str> {
        self.header(header::CONTENT_TYPE.as_str())
    }
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
