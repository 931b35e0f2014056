//! Vonage (once Nexmo): [`VonageVoice`] for the Voice API v1, [`VonageSms`] for the SMS API.
//!
//! What is known comes from Vonage's OpenAPI descriptions (voice 1.3.7, sms 1.0.10, account 1.0.1), its references of NCCO and of
//! webhooks, and its client libraries. It has been tried against scripted servers, not against the live service. In
//! particular unverified there:
//!
//! * that `hangup` ends a call that still rings; a refusal is followed by a look at the call, and one that is over is a success;
//! * whether the list of calls names a call before it has ended, and how soon;
//! * whether a look-up says `human` or `machine`, as events do, so that a person who answers can be told where nothing reaches us;
//! * which body comes with a status of refusal, so the status counts, and only a bad number is read from it.

mod codes;
mod sms;
mod token;
mod voice;

pub use codes::{call_status, message_status};
pub use sms::{Account, VonageSms};
pub use token::{PrivateKey, PrivateKeyError};
pub use voice::{Application, VonageVoice};

/// Vonage's own address for calls.
pub const VOICE_URL: &str = "https://api.nexmo.com";

/// Vonage's own address for messages and the account.
pub const SMS_URL: &str = "https://rest.nexmo.com";

/// How long one request with its reply may take, unless a test says otherwise.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
