//! What is ordered: requests that create calls and messages, checked as the published description of the API says.
//!
//! Sources: Twilio's Call and Message resources, its OpenAPI description, its error dictionary, and the page of magic numbers
//! for test credentials. Numbers of services and of SIP, WhatsApp and the like are not carried here.

mod call;
mod fields;
mod magic;
mod message;

pub use call::{CallOrder, Change, Machine, Script};
pub use message::MessageOrder;
pub(super) use message::segments;

/// Which numbers may call and write.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// The account's own; empty: any number is.
    pub own: Vec<String>,
    /// Whether the account has test credentials: only the magic number may call.
    pub is_test: bool,
}
