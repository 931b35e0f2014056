//! What is remembered of a text message.

use std::fmt;

use jiff::Timestamp;

use super::{Happening, keep};

/// How far a message has come, in the order of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageStatus {
    /// A messaging service has it, and looks for a number of ours to send it from.
    Accepted,
    /// Waits to be sent.
    Queued,
    /// Is being handed to the carrier of the phone; never reported.
    Sending,
    /// The carrier of the phone has it. Some messages never get any further.
    Sent,
    /// The phone has it.
    Delivered,
    /// The phone did not get it.
    Undelivered,
    /// The network lost it.
    Failed,
    /// Somebody sent it to us.
    Received,
}

impl MessageStatus {
    /// The name in webhooks and in the REST API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Received => "received",
        }
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A request to the REST API.
    Api,
    /// What our web server answered to a message from somebody.
    Answer,
    /// Somebody's phone.
    Inbound,
}

impl Direction {
    /// The name in the REST API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "outbound-api",
            Self::Answer => "outbound-reply",
            Self::Inbound => "inbound",
        }
    }
}

/// Everything that is remembered of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// `SM` and 32 hex digits.
    pub sid: String,
    /// Where it comes from.
    pub direction: Direction,
    /// Who gets it.
    pub to: String,
    /// Who sends it.
    pub from: String,
    /// The messaging service that was asked to send it, `MG` and 32 hex digits.
    pub service: Option<String>,
    /// What it says.
    pub text: String,
    /// How many segments that takes.
    pub segments: usize,
    /// How far it has come.
    pub status: MessageStatus,
    /// The carrier's code for why it did not arrive.
    pub error: Option<u32>,
    /// When it was accepted, or received.
    pub created: Timestamp,
    /// When it was handed on, or received.
    pub sent: Option<Timestamp>,
    /// When its status changed last.
    pub updated: Timestamp,
    /// What status callbacks have said, in the order in which they were sent; at most [`super::MOST_REMEMBERED`].
    pub receipts: Vec<MessageStatus>,
    /// What the person wrote back, in order; at most [`super::MOST_REMEMBERED`].
    pub replies: Vec<String>,
    /// The error codes of webhooks that failed, in order; at most [`super::MOST_REMEMBERED`].
    pub troubles: Vec<u32>,
}

impl MessageRecord {
    /// The phone at the other end.
    pub fn number(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.from,
            Direction::Api | Direction::Answer => &self.to,
        }
    }

    /// Takes an event in.
    pub(in crate::simulator) fn note(&mut self, what: &Happening) {
        match what {
            Happening::ReceiptSent { status, .. } => keep(&mut self.receipts, *status),
            Happening::Replied { text } => keep(&mut self.replies, text.clone()),
            Happening::Trouble { code, .. } => keep(&mut self.troubles, *code),
            _ => {}
        }
    }
}
