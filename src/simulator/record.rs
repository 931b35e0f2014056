//! What happened: the record of each call and message, and the stream of events.

mod message;

pub use message::{Direction, MessageRecord, MessageStatus};

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::Timestamp;

/// How a call goes, in the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Waits to be dialled.
    Queued,
    /// Is being dialled; in callbacks only, the REST API says `queued`.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody or something answered.
    InProgress,
    /// It was answered and is over.
    Completed,
    /// The line was busy, or the person declined.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// It could not be connected.
    Failed,
    /// The caller cancelled it before it was answered.
    Canceled,
}

impl Status {
    /// The name in webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether the call is over.
    pub fn is_over(self) -> bool {
        self >= Self::Completed
    }

    /// The code of SIP that goes with the end of a call; 200 otherwise.
    pub(super) fn sip_code(self) -> u16 {
        match self {
            Self::Busy => 486,
            Self::NoAnswer | Self::Canceled => 487,
            Self::Failed => 404,
            _ => 200,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that happened in a call or with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkEvent {
    /// When, in real time.
    pub at: Timestamp,
    /// The call, `CA` and 32 hex digits, or the message, `SM` and 32 hex digits.
    pub call: String,
    /// The phone at the other end.
    pub number: String,
    /// What.
    pub what: Happening,
}

/// What can happen in a call or with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was placed.
    Placed,
    /// The phone rings.
    Ringing,
    /// Somebody or something answered.
    Answered,
    /// A document was fetched.
    Fetched {
        /// From where, without the fragment.
        url: String,
    },
    /// A text is being spoken.
    Said {
        /// The text.
        text: String,
        /// Its language, if the document names one.
        language: Option<String>,
    },
    /// A recording is being played.
    Played {
        /// From where.
        url: String,
    },
    /// A key was pressed.
    Pressed {
        /// Which.
        key: char,
    },
    /// The person hung up.
    HungUp,
    /// A webhook or a document failed.
    Trouble {
        /// The carrier's error code.
        code: u32,
        /// The address that failed.
        url: String,
        /// What happened.
        text: String,
    },
    /// A status callback was sent.
    CallbackSent {
        /// What it says.
        status: Status,
        /// The status of the reply; none if there was no reply.
        reply: Option<u16>,
    },
    /// A fault made sure that a status callback was not sent.
    CallbackLost {
        /// What it would have said.
        status: Status,
    },
    /// The call is over.
    Ended {
        /// How.
        status: Status,
    },
    /// A message was accepted, or somebody sent us one.
    Texted {
        /// What it says.
        text: String,
    },
    /// A message has come further.
    Moved {
        /// How far.
        status: MessageStatus,
    },
    /// A status callback of a message was sent.
    ReceiptSent {
        /// What it says.
        status: MessageStatus,
        /// The status of the reply; none if there was no reply.
        reply: Option<u16>,
    },
    /// A fault made sure that a status callback of a message was not sent.
    ReceiptLost {
        /// What it would have said.
        status: MessageStatus,
    },
    /// Somebody wrote back to a message. What they wrote is a message of its own.
    Replied {
        /// What.
        text: String,
    },
    /// Our web server was told of a message from somebody.
    InboundTold {
        /// The status of its reply; none if there was no reply.
        reply: Option<u16>,
    },
}

/// Everything that is remembered of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// `CA` and 32 hex digits.
    pub sid: String,
    /// Who is called.
    pub to: String,
    /// Who calls.
    pub from: String,
    /// How it goes.
    pub status: Status,
    /// When it was placed.
    pub created: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How long it was talked, in simulated time; zero until it is over.
    pub talked: Duration,
    /// Every text that was spoken, in order; at most [`MOST_REMEMBERED`].
    pub heard: Vec<String>,
    /// Every key that was pressed into a question, in order; at most [`MOST_REMEMBERED`].
    pub pressed: String,
    /// Every document that was fetched, in order; at most [`MOST_REMEMBERED`].
    pub fetched: Vec<String>,
    /// The error codes of what failed, in order; at most [`MOST_REMEMBERED`].
    pub troubles: Vec<u32>,
}

/// How much of each kind a record keeps.
pub const MOST_REMEMBERED: usize = 256;

impl CallRecord {
    /// Takes an event in.
    pub(super) fn note(&mut self, what: &Happening) {
        match what {
            Happening::Said { text, .. } => keep(&mut self.heard, text.clone()),
            Happening::Fetched { url } => keep(&mut self.fetched, url.clone()),
            Happening::Trouble { code, .. } => keep(&mut self.troubles, *code),
            Happening::Pressed { key } if self.pressed.len() < MOST_REMEMBERED => {
                self.pressed.push(*key);
            }
            _ => {}
        }
    }
}

/// Remembers one thing more, up to the bound.
fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST_REMEMBERED {
        list.push(item);
    }
}

/// What became of a number, forgotten calls and messages included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberTally {
    /// Calls to it so far.
    pub calls: u32,
    /// Calls to it that are not over.
    pub live: u32,
    /// The most calls that were live at once: more than 1 is a person called twice at a time.
    pub most_live: u32,
    /// Requests to send it a message so far, with those that failed or were refused.
    pub asked: u32,
    /// Messages to it so far, with those that it blocked; answers to its own messages are not among them.
    pub messages: u32,
    /// Messages from it so far.
    pub inbound: u32,
}

/// The network at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The calls that are remembered, oldest first.
    pub calls: Vec<CallRecord>,
    /// The messages that are remembered, in both directions, oldest first.
    pub messages: Vec<MessageRecord>,
    /// Every number that was called or written to, or that wrote, up to a bound far above any roster.
    pub numbers: BTreeMap<String, NumberTally>,
}

impl Snapshot {
    /// The calls to a number, oldest first.
    pub fn calls_to<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a CallRecord> {
        self.calls.iter().filter(move |call| call.to == number)
    }

    /// The messages to a number, oldest first.
    pub fn messages_to<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a MessageRecord> {
        self.messages
            .iter()
            .filter(move |message| message.to == number)
    }

    /// The messages from a number, oldest first.
    pub fn messages_from<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a MessageRecord> {
        self.messages
            .iter()
            .filter(move |message| message.from == number)
    }
}
