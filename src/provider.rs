//! The carriers: one file each, behind a trait for each channel. A [`Provider`] places, ends, looks up and finds calls, a
//! [`Messenger`] sends and finds messages; both say whose fault a failure is. They know nothing of escalations.

mod client;
#[cfg(test)]
mod fault_socket;
mod messenger;
pub mod paasoo;
mod transport;
pub mod twilio;
pub mod vonage;

pub use client::{ClientError, client, client_for};
pub(crate) use client::{client_that_tells, client_without_proxy};
pub use messenger::{Balance, FoundMessage, Inbound, MessageRequest, Messenger};
pub use paasoo::PaaSoo;
pub use twilio::{Twilio, TwilioSms};
pub use vonage::{VonageSms, VonageVoice};

use std::{fmt, future::Future, pin::Pin};

use jiff::{SignedDuration, Timestamp};

use crate::{
    escalation::{CallSid, CallStatus, Fault, ProviderName},
    roster::PhoneNumber,
    voice::Speech,
};

/// What a provider's method returns.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// A call to be placed.
#[derive(Clone, PartialEq, Eq)]
pub struct CallRequest {
    /// Whom.
    pub to: PhoneNumber,
    /// How long it may ring; whole seconds are sent, rounded up.
    pub ring_timeout: SignedDuration,
    /// How long the call may last.
    pub call_limit: SignedDuration,
    /// What is said first, without asking us; nothing where the carrier asks at [`CallUrls::voice`].
    pub inline: Option<Speech>,
    /// Where the carrier asks and tells; none where nothing reaches us.
    pub urls: Option<CallUrls>,
    /// Whether the carrier is to find out if a person or a machine answers ([`CallState::answered_by`]).
    pub detect_machine: bool,
}

/// The URLs of a call. All are absolute and carry the attempt's id (P7).
#[derive(Clone, PartialEq, Eq)]
pub struct CallUrls {
    /// Where the provider asks what to say.
    pub voice: String,
    /// Where it asks when that failed.
    pub fallback: String,
    /// Where it says how the call goes.
    pub status: String,
}

impl fmt::Debug for CallRequest {
    /// URLs hold attempt tokens, so they are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRequest")
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// A call that the provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCall {
    /// Its name.
    pub call: CallSid,
    /// How it goes.
    pub status: CallStatus,
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallState {
    /// The furthest that the provider knows of.
    pub status: CallStatus,
    /// Who answered, where that was asked for and is known.
    pub answered_by: Option<AnsweredBy>,
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A voicemail, a fax or another machine.
    Machine,
}

/// The part of a carrier's API that places calls.
pub trait Provider: fmt::Debug + Send + Sync {
    /// The configured name.
    fn name(&self) -> &ProviderName;

    /// Finds out whether the API does its work and the account is good, at no cost and without disturbing anybody.
    fn probe(&self) -> Reply<'_, ()>;

    /// Places a call and returns its name. A success means queued, no more.
    ///
    /// [`crate::escalation::FaultClass::Ambiguous`] means that the call may have been placed: look for it with
    /// [`Self::find`] before calling again (P3).
    fn place<'a>(&'a self, request: &'a CallRequest) -> Reply<'a, CallSid>;

    /// Ends a call: cancels it if it rings, hangs up if it talks. A call that is over already is a success.
    fn end<'a>(&'a self, call: &'a CallSid) -> Reply<'a, ()>;

    /// How a call goes.
    fn look_up<'a>(&'a self, call: &'a CallSid) -> Reply<'a, CallState>;

    /// The newest call to this number from ours that was created at `since` or later and is not among `known`. Tells whether
    /// a request whose reply was lost was carried out.
    fn find<'a>(
        &'a self,
        to: &'a PhoneNumber,
        since: Timestamp,
        known: &'a [CallSid],
    ) -> Reply<'a, Option<FoundCall>>;
}
