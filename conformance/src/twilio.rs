//! The carrier's side of a call as plain values, written from Twilio's documentation and from nothing of the core's. In reading
//! order:
//!
//! * [`Address`]: an address as it was written, never normalised, since a signature covers its bytes;
//! * [`signature`]: what is signed, and how;
//! * [`Webhook`]: a request of the carrier, signed, ready for the wire;
//! * [`wire`]: HTTP/1.1 as bytes, bounded, with a log of what went out and came in;
//! * [`twiml`]: what a reply makes the call do, as a machine without clock and sockets.

mod address;
pub mod signature;
pub mod twiml;
mod webhook;
pub mod wire;

pub use address::{Address, AddressError, Scheme};
pub use webhook::{CallFacts, Form, Method, Payload, Signed, Webhook};
