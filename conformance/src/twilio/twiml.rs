//! From a reply to what the phone does. [`Call`] is a machine: it says what to fetch, what is heard and what is asked, and is told what
//! came of it. It has no clock, no sockets and no person; whoever drives it has those.
//!
//! ```text
//! Start -> Fetch(webhook) -> Replied -> Hear(sound) -> Heard -> Ask(question) -> Pressed("1") -> Fetch(action) -> ... -> Done
//! ```

mod call;
mod document;
mod reading;

pub use call::{Call, End, Event, Fetch, Input, Occasion, Question, Step, Target, Trouble};
pub use document::{Dial, Fault, Gather, Sound, Verb, read, speaking_time};

/// The longest document (11750).
pub const LONGEST_DOCUMENT: usize = 64 * 1024;
/// How many HTTP redirects are followed for one document (11215).
pub const MOST_REDIRECTS: u32 = 10;
/// How many documents a call may go through here. The carrier sets no such limit: whoever redirects to himself talks until the call's own
/// time limit.
pub const MOST_DOCUMENTS: u32 = 100;
/// What a recording may be (Play, "Supported audio types").
pub const AUDIO_TYPES: [&str; 12] = [
    "audio/mpeg",
    "audio/mp3",
    "audio/wav",
    "audio/wave",
    "audio/x-wav",
    "audio/aiff",
    "audio/x-aifc",
    "audio/x-aiff",
    "audio/x-gsm",
    "audio/gsm",
    "audio/ulaw",
    "audio/basic",
];
