//! What a provider is, with what it needs.

use secrecy::SecretString;

use crate::{
    provider::{
        twilio::{self, Abilities, Sender},
        vonage,
    },
    roster::PhoneNumber,
};

pub use crate::provider::paasoo::Account as PaaSoo;

/// What a provider is, with what it needs.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// The built-in network: no account, no real phone.
    Simulated,
    /// Twilio, or a service that speaks the same.
    Twilio(Twilio),
    /// Vonage.
    Vonage(Vonage),
    /// PaaSoo.
    PaaSoo(PaaSoo),
}

impl ProviderKind {
    /// Where its API is; none for the built-in network.
    pub fn base_url(&self) -> Option<&str> {
        match self {
            Self::Simulated => None,
            Self::Twilio(twilio) => Some(&twilio.account.base_url),
            Self::Vonage(vonage) => {
                let voice = vonage.voice.as_ref().map(|voice| &voice.base_url);
                let sms = vonage.sms.as_ref().map(|sms| &sms.base_url);
                voice.or(sms).map(String::as_str)
            }
            Self::PaaSoo(paasoo) => Some(&paasoo.base_url),
        }
    }

    /// The number that calls come from.
    pub fn caller_id(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Twilio(twilio) => twilio.from.as_ref(),
            Self::Vonage(vonage) => vonage.voice.as_ref().map(|voice| &voice.from),
            Self::Simulated | Self::PaaSoo(_) => None,
        }
    }
}

/// An account of Twilio, or of a service that speaks the same.
#[derive(Clone, Debug)]
pub struct Twilio {
    /// Places calls and sends messages.
    pub account: twilio::Account,
    /// What the service offers.
    pub abilities: Abilities,
    /// The caller id; none if it carries no calls.
    pub from: Option<PhoneNumber>,
    /// Who messages come from; none if it carries none.
    pub sender: Option<Sender>,
    /// What its webhooks are signed with.
    pub signing: Signing,
    /// Connection overrides that are appended to our URLs as a fragment, such as `ct=2000&rc=3`; empty for none.
    pub connection_overrides: String,
}

/// What webhooks are signed with, in Twilio's way.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The header that carries the signature.
    pub header: String,
    /// For HMAC-SHA1: the secret and, while it is being changed, the next one.
    pub tokens: Vec<SecretString>,
    /// For HMAC-SHA256: shared keys.
    pub shared: Vec<SecretString>,
}

/// An account of Vonage.
#[derive(Clone, Debug)]
pub struct Vonage {
    /// Places calls; none if it carries none.
    pub voice: Option<vonage::Application>,
    /// Sends messages; none if it carries none.
    pub sms: Option<vonage::Account>,
    /// Signs the webhooks of calls: without one they are all refused.
    pub signature_secret: Option<SecretString>,
    /// Stands at the end of the address for messages that somebody sends to us: without one they are all refused.
    pub inbound_secret: Option<SecretString>,
}
