//! The conformance suite: the phone network, its rare failures included, played against software that answers it. In reading
//! order:
//!
//! * [`run`]: cases against anybody's webhook handler, and their reports;
//! * [`serve`]: a stand-in for Twilio's REST API, with faults by plan or seed;
//! * [`soak`]: the core's own logic under a seeded scheduler with virtual time;
//! * [`twilio`]: the carrier's side of a call, which all of them speak;
//! * [`status`]: what the command's exit statuses mean;
//! * [`cli`]: the command.
//!
//! It stands on the roof: it may look at every floor, and shares no code with what it judges.

pub mod cli;
pub mod run;
pub mod serve;
pub mod soak;
pub mod status;
pub mod twilio;
