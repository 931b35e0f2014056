//! PaaSoo, messages only.
//!
//! What is known comes from the page of its API and, for delivery receipts, from one public client of about 2016. It has been tried
//! against scripted servers, not against the live service. In particular unverified there:
//!
//! * the address of receipts by https, and their words beyond `delivered`;
//! * that credentials are looked at before what is missing from a request, which [`Messenger::probe`] rests on;
//! * codes 1 and 3, a balance, and receipts that are brought: nothing is known of them.
//!
//! A GET sends a message, and the credentials stand in its query: no text of ours names the URL. PaaSoo refuses the same text to the
//! same number within 3 s (code 8). So where the reply to a message is lost soon enough, it is sent once more: code 8 then means
//! that the first was taken. Its name is lost all the same, so it has one of ours, and how far it came stays unknown.

mod codes;
#[cfg(test)]
mod connection_faults;
#[cfg(test)]
mod quartet;

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{
    FoundMessage, MessageRequest, Messenger, Reply,
    transport::{self, digits, fault, of_reading},
};
use crate::{
    escalation::{AttemptId, Fault, FaultClass, MessageSid, MessageStatus, ProviderName},
    roster::PhoneNumber,
};

use FaultClass::{Ambiguous, Ours, Provider};
use codes::{MISSING, SAME};

/// PaaSoo's own address.
pub const BASE_URL: &str = "https://api.paasoo.com";

/// Where PaaSoo tells how far a message has come.
pub const RECEIPT_URL: &str = "https://clientsms.paasoo.com";

/// How long one request with its reply may take, unless a test says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same text to the same number is refused for 3 s; a request that is to be refused has to arrive within them.
const SAME_AGAIN: Duration = Duration::from_millis(2_000);

/// Begins the name that we give to a message whose own was lost.
const UNNAMED: &str = "unnamed-";

/// The account that sends the messages.
#[derive(Clone, Debug)]
pub struct Account {
    /// [`BASE_URL`] unless a test or a proxy says otherwise; may have a path.
    pub base_url: String,
    /// [`RECEIPT_URL`] unless a test or a proxy says otherwise; may have a path.
    pub receipt_url: String,
    /// Names the account; to be kept safe, by its documentation.
    pub key: SecretString,
    /// Its password.
    pub secret: SecretString,
    /// A name of up to 11 letters and digits, or a number without its plus sign that is no longer.
    pub from: String,
}

/// Sends messages through one PaaSoo account.
#[derive(Debug)]
pub struct PaaSoo {
    name: ProviderName,
    account: Account,
    client: reqwest::Client,
    patience: Duration,
}

#[derive(Deserialize)]
struct Answer {
    status: Value,
    messageid: Option<String>,
}

#[derive(Deserialize)]
struct Receipt {
    messageid: Option<String>,
    #[serde(rename = "drStatuscode")]
    word: Option<String>,
}

impl PaaSoo {
    /// The client is [`super::client()`]'s.
    pub fn new(name: ProviderName, account: Account, client: reqwest::Client) -> Self {
        Self {
            name,
            account,
            client,
            patience: PATIENCE,
        }
    }

    /// With another time-out for one request with its reply.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Asks with the credentials and what else stands in the query.
    async fn get(&self, base: &str, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Fault> {
        let base = base.trim_end_matches('/');
        let mut url = Url::parse(&format!("{base}{path}"))
            .map_err(|_| fault(Ours, "the base URL is not a URL"))?;
        url.query_pairs_mut()
            .append_pair("key", self.account.key.expose_secret())
            .append_pair("secret", self.account.secret.expose_secret())
            .extend_pairs(query);
        let asked = self.client.get(url).timeout(self.patience);
        let reply = transport::exchange(asked).await?;
        match reply.status {
            200..=299 => Ok(reply.body),
            status => Err(transport::judge_status(status)),
        }
    }

    async fn submit(&self, query: &[(&str, &str)]) -> Result<MessageSid, Fault> {
        let body = self.get(&self.account.base_url, "/json", query).await?;
        let answer: Answer = parse(&body)?;
        match answer.code() {
            Some(0) => answer.name().ok_or_else(|| {
                let text = "accepted, but the reply names no message";
                fault(Ambiguous, text)
            }),
            Some(code) => Err(codes::judge(code)),
            None => Err(fault(Ambiguous, "the reply has no status")),
        }
    }

    async fn send_message(&self, request: &MessageRequest) -> Result<MessageSid, Fault> {
        let query = [
            ("from", self.account.from.as_str()),
            ("to", digits(&request.to)),
            ("text", &request.text),
        ];
        let start = Instant::now();
        let first = self.submit(&query).await;
        let is_lost = |reply: &Result<_, Fault>| {
            let fault = reply.as_ref().err();
            fault.is_some_and(|fault| fault.class == Ambiguous && fault.code != Some(SAME))
        };
        if !is_lost(&first) || start.elapsed() > SAME_AGAIN {
            return first;
        }
        match self.submit(&query).await {
            Err(fault) if fault.code == Some(SAME) => Ok(unnamed(request.attempt)),
            Ok(name) => Ok(name),
            // Whatever the second says of itself, the first may have been taken.
            Err(_) => first,
        }
    }

    async fn status_of(&self, message: &MessageSid) -> Result<MessageStatus, Fault> {
        if message.as_str().starts_with(UNNAMED) {
            return Ok(MessageStatus::Sent);
        }
        let query = [("messageid", message.as_str())];
        let body = self.get(&self.account.receipt_url, "/api/dlr", &query);
        let receipts: Vec<Receipt> = parse(&body.await.map_err(of_reading)?).map_err(of_reading)?;
        let is_of = |receipt: &&Receipt| {
            let of = receipt.messageid.as_deref();
            of.is_none_or(|of| of == message.as_str())
        };
        let words: Option<Vec<_>> = receipts.iter().filter(is_of).map(Receipt::status).collect();
        let Some(words) = words else {
            return Err(fault(Provider, "the reply names no status that we know"));
        };
        Ok(words.into_iter().max().unwrap_or(MessageStatus::Queued))
    }

    /// Sends a request without number and text, which sends no message.
    async fn check_account(&self) -> Result<(), Fault> {
        let body = self.get(&self.account.base_url, "/json", &[]);
        let answer: Answer = parse(&body.await.map_err(of_reading)?).map_err(of_reading)?;
        match answer.code() {
            Some(0 | MISSING) => Ok(()),
            Some(code) => Err(of_reading(codes::judge(code))),
            None => Err(fault(Provider, "the reply has no status")),
        }
    }
}

impl Messenger for PaaSoo {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn probe(&self) -> Reply<'_, ()> {
        Box::pin(self.check_account())
    }

    fn send<'a>(&'a self, request: &'a MessageRequest) -> Reply<'a, MessageSid> {
        Box::pin(self.send_message(request))
    }

    fn look_up<'a>(&'a self, message: &'a MessageSid) -> Reply<'a, MessageStatus> {
        Box::pin(self.status_of(message))
    }

    fn is_asked_for_receipts(&self) -> bool {
        true
    }

    fn find<'a>(
        &'a self,
        _to: &'a PhoneNumber,
        _since: Timestamp,
        _known: &'a [MessageSid],
    ) -> Reply<'a, Option<FoundMessage>> {
        Box::pin(async { Ok(None) })
    }
}

impl Answer {
    fn code(&self) -> Option<u32> {
        transport::word(&self.status)?.trim().parse().ok()
    }

    fn name(&self) -> Option<MessageSid> {
        let id = self.messageid.as_deref().filter(|id| !id.is_empty())?;
        Some(MessageSid::new(id))
    }
}

impl Receipt {
    fn status(&self) -> Option<MessageStatus> {
        codes::status(self.word.as_deref()?)
    }
}

fn unnamed(attempt: AttemptId) -> MessageSid {
    MessageSid::new(format!("{UNNAMED}{attempt}"))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| {
        let text = "the reply is not what PaaSoo documents";
        fault(Ambiguous, text)
    })
}
