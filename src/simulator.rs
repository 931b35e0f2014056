//! The phone network in one process: people who answer or do not, a TwiML interpreter, signed webhooks, faults from a seed.
//!
//! It speaks the part of Twilio's REST API and webhooks that phoning and texting people needs, over real HTTP on loopback,
//! so that whoever phones through it cannot tell the difference: the core's default provider, tests, and the demo. It shares no
//! signature or URL code with the core: a mistake that both made would pass unseen.
//!
//! * [`people`]: who does what when the phone rings, and with messages;
//! * [`faults`]: what goes wrong on the way;
//! * [`record`]: what happened, call by call, message by message, and as a stream of events.
//!
//! A call is carried by one task (`line`), which runs the TwiML that it fetches (`twiml`, `talk`) and posts status
//! callbacks (`callback`, `webhook`, `signature`). A message is carried by one task too (`message`), which ends with what
//! the person does. All calls and messages stand in one book (`book`), which the REST API (`api`) and the snapshots read.
//! Simulated time runs `speed` times as fast as real time; timestamps and HTTP time limits are real.
//!
//! Stricter than the carrier: an element that it does not know is a failure here and a warning there (12200). Verbs
//! that phoning people does not need (`Dial`, `Record` and so on) are failures too. Messages from people have one address in
//! the account ([`Network::set_inbound_url`]), where at the carrier each number has its own.

mod api;
mod book;
mod callback;
mod clock;
pub mod faults;
mod fields;
mod line;
mod message;
mod network;
mod order;
mod overrides;
pub mod people;
pub mod record;
mod signature;
mod talk;
mod twiml;
mod webhook;
mod wire;

pub use faults::{CreateFault, Fault, Faults, MessageFault};
pub use network::{InboundUrlError, Network, Options, StartError};
pub use people::{Behaviour, BehaviourError, Entry, People, PeopleError, Reaction, Step, Wish};
pub use record::{
    CallRecord, Direction, Happening, MessageRecord, MessageStatus, NetworkEvent, NumberTally,
    Snapshot, Status,
};

#[cfg(test)]
mod tests;
