//! A text message as the escalation sees it: its name, and how far it has come.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call::ProviderName;
use crate::{alert::text_newtype, roster::MemberName};

text_newtype! {
    /// The provider's name for a message. Twilio: `SM` and 32 hex digits; others: their own form.
    MessageSid
}

/// So many replies to one message are remembered.
const MOST_REPLIES: usize = 8;

/// What the provider says of a message. The order is the order of life; a status never runs backwards (P10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageStatus {
    /// Accepted by the provider, which means no more than that it is queued.
    Queued,
    /// It has left the provider. Some carriers never say more, so this is neither delivered nor failed.
    Sent,
    /// It is on the phone.
    Delivered,
    /// The provider has given it up, or could not send it.
    Undelivered,
}

impl MessageStatus {
    /// As journals and tables show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
        }
    }

    /// Whether nothing more will be said of it.
    pub fn is_final(self) -> bool {
        self >= Self::Delivered
    }
}

/// One text message to one member through one provider, as the escalation remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Counts from 1 within the escalation, together with the calls.
    pub number: u32,
    /// Whom.
    pub member: MemberName,
    /// Through whom, once routed.
    pub provider: Option<ProviderName>,
    /// Providers that failed this person's message before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<ProviderName>,
    /// When the intent was journalled, or when a line is asked for again.
    pub since: Timestamp,
    /// The provider's name for it, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<MessageSid>,
    /// The furthest status seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// Whether it will not be sent: no provider took it, or nobody needs it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dropped: bool,
    /// The last replies to it. One that is told of again is about the same message, whatever was written to this person since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<MessageSid>,
}

impl Message {
    pub(super) fn new(number: u32, member: MemberName, now: Timestamp) -> Self {
        Self {
            number,
            member,
            provider: None,
            tried: Vec::new(),
            since: now,
            sid: None,
            status: None,
            dropped: false,
            replies: Vec::new(),
        }
    }

    /// Takes a reply in, and says whether it is news.
    pub(super) fn replied(&mut self, reply: &MessageSid) -> bool {
        if self.replies.contains(reply) {
            return false;
        }
        if self.replies.len() == MOST_REPLIES {
            self.replies.remove(0);
        }
        self.replies.push(reply.clone());
        true
    }

    /// Whether it waits for a line.
    pub fn waits(&self) -> bool {
        self.provider.is_none() && !self.dropped
    }

    /// Whether it was handed to a provider whose reply has not come.
    pub fn is_under_way(&self) -> bool {
        self.provider.is_some() && self.sid.is_none() && !self.dropped
    }

    /// Takes a status in, and says whether it is news. The first final word stands.
    pub(super) fn advance(&mut self, status: MessageStatus) -> bool {
        let is_over = self.status.is_some_and(MessageStatus::is_final);
        if is_over || self.status.is_some_and(|current| status <= current) {
            return false;
        }
        self.status = Some(status);
        true
    }
}
