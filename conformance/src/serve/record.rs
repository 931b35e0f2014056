//! What is known of calls and messages, as the REST API shows it.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

/// How a call goes. In the order in which a call goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// Accepted, not dialled yet.
    Queued,
    /// Dialled. Callbacks say so; the resource still says `queued`.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody or something has picked up.
    InProgress,
    /// Talked and over.
    Completed,
    /// The line was busy, or the call was declined.
    Busy,
    /// Nobody picked up in time.
    NoAnswer,
    /// It could not be connected.
    Failed,
    /// It was taken back.
    Canceled,
}

impl CallStatus {
    /// As callbacks write it.
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

    /// As the resource writes it, where `initiated` does not exist.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Initiated => Self::Queued.as_str(),
            status => status.as_str(),
        }
    }

    /// Nothing can follow.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Busy | Self::NoAnswer | Self::Failed | Self::Canceled
        )
    }

    /// What the phone network said at the end, as a SIP response.
    pub fn sip_code(self) -> u16 {
        match self {
            Self::Busy => 486,
            Self::NoAnswer | Self::Canceled => 487,
            Self::Failed => 404,
            _ => 200,
        }
    }
}

/// A call.
#[derive(Clone, Debug, Serialize)]
pub struct CallRecord {
    /// `CA...`
    pub sid: String,
    /// Who is called.
    pub to: String,
    /// Who calls.
    pub from: String,
    /// Where its first document comes from, unless that came with the order.
    pub url: Option<String>,
    /// Where it is told how it goes.
    pub status_url: Option<String>,
    /// How it goes.
    pub status: CallStatus,
    /// When it was ordered.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// When it was dialled.
    pub started: Option<Timestamp>,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// How long it talked; phone time.
    pub talked: Duration,
    /// How long it will wait before it is dialled; phone time.
    pub queue_time: Duration,
    /// Who picked up, where that was to be found out.
    pub answered_by: Option<&'static str>,
    /// The words that were said, and the recordings that were played.
    pub heard: Vec<String>,
    /// The keys that were pressed.
    pub pressed: String,
}

/// How a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageStatus {
    /// Accepted.
    Queued,
    /// On its way to the network.
    Sending,
    /// The network has it.
    Sent,
    /// The phone has it.
    Delivered,
    /// The network says that the phone did not get it.
    Undelivered,
    /// It did not leave.
    Failed,
    /// It came from somebody.
    Received,
}

impl MessageStatus {
    /// As everybody writes it.
    pub fn as_str(self) -> &'static str {
        match self {
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

/// A message.
#[derive(Clone, Debug, Serialize)]
pub struct MessageRecord {
    /// `SM...`
    pub sid: String,
    /// Who is written to.
    pub to: String,
    /// Who writes.
    pub from: String,
    /// What.
    pub body: String,
    /// How it goes.
    pub status: MessageStatus,
    /// Twilio's code where it did not arrive.
    pub error_code: Option<u32>,
    /// Whether it came from outside.
    pub is_inbound: bool,
    /// When it was ordered, or came.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// When it left, or came.
    pub sent: Option<Timestamp>,
}

/// As the API writes instants: `Tue, 31 Aug 2010 20:36:28 +0000`.
pub(super) fn rfc2822(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S +0000")
        .to_string()
}

/// A number as logs show it: enough to tell people apart, not enough to call them.
pub(super) fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    match digits.len() {
        0..=6 => "…".to_owned(),
        length => {
            let (first, last) = (&digits[..3], &digits[length - 3..]);
            format!(
                "{}…{}",
                first.iter().collect::<String>(),
                last.iter().collect::<String>()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_the_api_does() {
        let at: Timestamp = "2010-08-31T20:36:28.9Z".parse().expect("an instant");
        assert_eq!(rfc2822(at), "Tue, 31 Aug 2010 20:36:28 +0000");
    }

    #[test]
    fn a_masked_number_cannot_be_called() {
        for (number, shown) in [
            ("+819012345678", "+81…678"),
            ("+12345", "…"),
            ("", "…"),
            ("番号番号番号番号", "番号番…号番号"),
        ] {
            assert_eq!(masked(number), shown);
        }
    }
}
