//! Text messages: what a carrier that sends them offers.

use std::fmt;

use jiff::Timestamp;

use super::Reply;
use crate::{
    escalation::{AttemptId, MessageSid, MessageStatus, ProviderName},
    roster::PhoneNumber,
};

/// A message to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageRequest {
    /// Whom.
    pub to: PhoneNumber,
    /// What; cut already to what one message may hold ([`crate::voice::sms`]).
    pub text: String,
    /// Our name for it, which carriers that keep one give back in receipts.
    pub attempt: AttemptId,
    /// Where receipts go: absolute, and carrying the attempt (P7). None where nothing reaches us; then it is looked up.
    pub status_url: Option<String>,
}

impl fmt::Debug for MessageRequest {
    /// The URL holds an attempt token, and the text is for one person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageRequest")
            .field("to", &self.to)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// A message that the provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMessage {
    /// Its name.
    pub message: MessageSid,
    /// How far it has come.
    pub status: MessageStatus,
}

/// A message that somebody has sent to our number.
#[derive(Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The provider's name for it: the same message may be told twice.
    pub message: MessageSid,
    /// Who sent it.
    pub from: PhoneNumber,
    /// What it says.
    pub text: String,
    /// When, by the provider's clock.
    pub at: Timestamp,
}

impl fmt::Debug for Inbound {
    /// Without what was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("message", &self.message)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// What is left of a prepaid account.
#[derive(Clone, Debug, PartialEq)]
pub struct Balance {
    /// In whole units of the currency.
    pub amount: f64,
    /// ISO 4217, where the provider says so.
    pub currency: Option<String>,
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.amount)?;
        match &self.currency {
            Some(currency) => write!(f, " {currency}"),
            None => Ok(()),
        }
    }
}

/// The part of a carrier's API that sends messages. Failures are told as [`super::Provider`] tells them.
pub trait Messenger: fmt::Debug + Send + Sync {
    /// The configured name.
    fn name(&self) -> &ProviderName;

    /// Finds out whether the API does its work and the account is good, at no cost and without disturbing anybody.
    fn probe(&self) -> Reply<'_, ()>;

    /// Sends a message and returns its name. A success means queued, no more: whether it arrives is judged by its receipt.
    ///
    /// [`crate::escalation::FaultClass::Ambiguous`] means that it may have been sent: look for it with [`Self::find`]
    /// before it is sent again (P3).
    fn send<'a>(&'a self, request: &'a MessageRequest) -> Reply<'a, MessageSid>;

    /// How far a message has come.
    fn look_up<'a>(&'a self, message: &'a MessageSid) -> Reply<'a, MessageStatus>;

    /// Whether receipts have to be asked for with [`Self::look_up`], because the carrier brings none.
    fn is_asked_for_receipts(&self) -> bool {
        false
    }

    /// Whether what people write back gets to us: by a webhook where `is_reachable`, else by [`Self::inbox`].
    fn takes_replies(&self, _is_reachable: bool) -> bool {
        false
    }

    /// The newest message to this number from ours that was created at `since` or later and is not among `known`. Nothing
    /// where the carrier keeps no list.
    fn find<'a>(
        &'a self,
        to: &'a PhoneNumber,
        since: Timestamp,
        known: &'a [MessageSid],
    ) -> Reply<'a, Option<FoundMessage>>;

    /// The messages that came to our number at `since` or later, for where webhooks cannot reach us. Nothing where the carrier
    /// keeps no list.
    fn inbox(&self, _since: Timestamp) -> Reply<'_, Vec<Inbound>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// What is left of a prepaid account; nothing where the carrier does not say.
    fn balance(&self) -> Reply<'_, Option<Balance>> {
        Box::pin(async { Ok(None) })
    }
}
