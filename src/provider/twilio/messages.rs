//! Twilio Programmable Messaging (Message resource), and services that speak the same.
//!
//! Creating a message is no more idempotent than creating a call: whether one whose reply was lost was carried out is told by
//! [`Messenger::find`] or by the first receipt.

#[cfg(test)]
mod connection_faults;
#[cfg(test)]
mod quartet;

use jiff::Timestamp;

use super::{
    Account, Field, Timing,
    exchange::Api,
    list::PAGE_SIZE,
    resource::{self, Message, MessagePage},
};
use crate::{
    escalation::{Fault, FaultClass, MessageSid, MessageStatus, ProviderName},
    provider::{Balance, FoundMessage, Inbound, MessageRequest, Messenger, Reply, transport},
    roster::PhoneNumber,
};

const MESSAGES: &str = "/Messages.json";

/// Who a message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A number of the account; it can be answered.
    Number(PhoneNumber),
    /// A name of up to 11 letters and digits, where the country allows it. Nobody can answer it.
    Name(String),
    /// A messaging service (`MG...`), which chooses the sender.
    Service(String),
}

impl Sender {
    /// Its number, if it is one.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::Name(_) | Self::Service(_) => None,
        }
    }

    /// The field that names it (Message resource, "Create a Message").
    fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Number(number) => ("From", number.e164()),
            Self::Name(name) => ("From", name),
            Self::Service(sid) => ("MessagingServiceSid", sid),
        }
    }
}

/// Sends messages through one Twilio account. Faults are told as [`super::Twilio`] tells them.
#[derive(Debug)]
pub struct TwilioSms {
    name: ProviderName,
    pub(super) api: Api,
    pub(super) sender: Sender,
}

impl TwilioSms {
    /// With the usual [`Timing`]. The client is [`crate::provider::client()`]'s.
    pub fn new(
        name: ProviderName,
        account: Account,
        sender: Sender,
        client: reqwest::Client,
    ) -> Self {
        Self {
            name,
            api: Api::new(account, client),
            sender,
        }
    }

    /// With another timing.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.api.timing = timing;
        self
    }

    async fn send_message(&self, request: &MessageRequest) -> Result<MessageSid, Fault> {
        let (field, sender) = self.sender.field();
        let mut form: Vec<Field<'_>> = vec![
            ("To", request.to.e164().into()),
            (field, sender.into()),
            ("Body", request.text.as_str().into()),
        ];
        if let Some(url) = &request.status_url {
            form.push(("StatusCallback", url.as_str().into()));
        }
        let accepted = self.api.post(&self.api.url(MESSAGES), &form).await?;
        let message: Message = resource::parse(&accepted.body?)?;
        message.sid().ok_or_else(|| {
            let text = "accepted, but the reply names no message";
            transport::fault(FaultClass::Ambiguous, text)
        })
    }

    async fn status_of(&self, message: &MessageSid) -> Result<MessageStatus, Fault> {
        if !transport::is_plain(message.as_str()) {
            let text = "the name of the message cannot stand in a URL";
            return Err(transport::fault(FaultClass::Ours, text));
        }
        let url = self.api.url(&format!("/Messages/{message}.json"));
        let message: Message = match self.api.read(&url).await {
            // Says nothing about the account: the list of messages lags behind.
            Err(refused) if refused.status == Some(404) => {
                let text = "the message is not known there, or not yet";
                return Err(transport::fault(FaultClass::Provider, text));
            }
            other => other?,
        };
        message.status().ok_or_else(|| {
            let text = "the reply names no status that we know";
            transport::fault(FaultClass::Provider, text)
        })
    }

    /// A service chooses the sender, so its messages are found by whom they go to.
    async fn find_message(
        &self,
        to: &PhoneNumber,
        since: Timestamp,
        known: &[MessageSid],
    ) -> Result<Option<FoundMessage>, Fault> {
        let mut filter = vec![("To", to.e164()), ("PageSize", PAGE_SIZE)];
        if let ("From", sender) = self.sender.field() {
            filter.push(("From", sender));
        }
        let url = self.api.list_url(MESSAGES, &filter)?;
        let newest = |page: Vec<(Timestamp, Message)>| {
            let sent = page
                .into_iter()
                .filter(|(_, message)| message.is_to(to.e164()) && !message.is_inbound());
            sent.filter_map(|(created_at, message)| Some((created_at, found(&message)?)))
                .filter(|(_, found)| !known.contains(&found.message))
                .max_by_key(|(created_at, _)| *created_at)
        };
        let found = self.api.walk::<MessagePage, _>(url, since, newest).await?;
        Ok(found.map(|(_, found)| found))
    }

    /// The list is filtered by our number where there is one; of a service, all messages of the account that came in are meant.
    async fn received(&self, since: Timestamp) -> Result<Vec<Inbound>, Fault> {
        let mut filter = vec![("PageSize", PAGE_SIZE)];
        match &self.sender {
            Sender::Number(number) => filter.push(("To", number.e164())),
            Sender::Service(_) => {}
            Sender::Name(_) => return Ok(Vec::new()),
        }
        let url = self.api.list_url(MESSAGES, &filter)?;
        let mut inbox = Vec::new();
        let collect = |page: Vec<(Timestamp, Message)>| {
            let came = page.into_iter().filter(|(_, message)| message.is_inbound());
            inbox.extend(came.filter_map(|(at, message)| inbound(&message, at)));
            None::<()>
        };
        self.api.walk::<MessagePage, _>(url, since, collect).await?;
        Ok(inbox)
    }
}

impl Messenger for TwilioSms {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn probe(&self) -> Reply<'_, ()> {
        Box::pin(self.api.check_account())
    }

    fn send<'a>(&'a self, request: &'a MessageRequest) -> Reply<'a, MessageSid> {
        Box::pin(self.send_message(request))
    }

    fn look_up<'a>(&'a self, message: &'a MessageSid) -> Reply<'a, MessageStatus> {
        Box::pin(self.status_of(message))
    }

    fn find<'a>(
        &'a self,
        to: &'a PhoneNumber,
        since: Timestamp,
        known: &'a [MessageSid],
    ) -> Reply<'a, Option<FoundMessage>> {
        Box::pin(self.find_message(to, since, known))
    }

    fn takes_replies(&self, _is_reachable: bool) -> bool {
        !matches!(self.sender, Sender::Name(_))
    }

    fn inbox(&self, since: Timestamp) -> Reply<'_, Vec<Inbound>> {
        Box::pin(self.received(since))
    }

    fn balance(&self) -> Reply<'_, Option<Balance>> {
        Box::pin(self.api.balance())
    }
}

fn found(message: &Message) -> Option<FoundMessage> {
    Some(FoundMessage {
        message: message.sid()?,
        status: message.status()?,
    })
}

/// What comes from no number, such as a short code, is from nobody who is on call.
fn inbound(message: &Message, at: Timestamp) -> Option<Inbound> {
    Some(Inbound {
        message: message.sid()?,
        from: PhoneNumber::parse(message.from.as_deref()?).ok()?,
        text: message.body.clone().unwrap_or_default(),
        at,
    })
}
