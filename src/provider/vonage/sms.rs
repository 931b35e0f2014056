//! Messages: Vonage's SMS API.
//!
//! A reply is a success by HTTP whether or not the message was taken; each part of it has a code of its own. No list of messages is
//! offered, and none can be looked up, so a message whose reply was lost stays unknown until its receipt comes. Receipts
//! may be missing or made up in some countries (Vonage, delivery receipts).

#[cfg(test)]
mod connection_faults;
#[cfg(test)]
mod quartet;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{PATIENCE, codes};
use crate::{
    escalation::{Fault, FaultClass, MessageSid, MessageStatus, ProviderName},
    provider::{
        Balance, FoundMessage, MessageRequest, Messenger, Reply,
        transport::{self, digits, fault, of_reading},
    },
    roster::PhoneNumber,
    voice::sms,
};

/// The currency of accounts (Account API, "Get Account Balance").
const CURRENCY: &str = "EUR";

/// The account that sends the messages.
#[derive(Clone, Debug)]
pub struct Account {
    /// [`super::SMS_URL`] unless a test or a proxy says otherwise; may have a path.
    pub base_url: String,
    /// Names the account.
    pub api_key: String,
    /// Its password.
    pub api_secret: SecretString,
    /// A number without its plus sign, or a name of up to 11 letters and digits.
    pub from: String,
}

/// Sends messages through one Vonage account. Nothing is sent twice.
#[derive(Debug)]
pub struct VonageSms {
    name: ProviderName,
    account: Account,
    client: reqwest::Client,
    patience: Duration,
    /// What the last reply said was left.
    left: Mutex<Option<f64>>,
}

#[derive(Deserialize)]
struct Sent {
    messages: Vec<Part>,
}

/// One part of a message, with numbers as texts.
#[derive(Deserialize)]
struct Part {
    status: Value,
    #[serde(rename = "message-id")]
    id: Option<String>,
    #[serde(rename = "remaining-balance")]
    left: Option<Value>,
}

#[derive(Deserialize)]
struct AccountBalance {
    value: f64,
}

impl VonageSms {
    /// The client is [`crate::provider::client()`]'s.
    pub fn new(name: ProviderName, account: Account, client: reqwest::Client) -> Self {
        Self {
            name,
            account,
            client,
            patience: PATIENCE,
            left: Mutex::default(),
        }
    }

    /// With another time-out for one request with its reply.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn url(&self, rest: &str) -> String {
        format!("{}{rest}", self.account.base_url.trim_end_matches('/'))
    }

    async fn send_message(&self, request: &MessageRequest) -> Result<MessageSid, Fault> {
        let attempt = request.attempt.to_string();
        let mut form = vec![
            ("api_key", self.account.api_key.as_str()),
            ("api_secret", self.account.api_secret.expose_secret()),
            ("from", &self.account.from),
            ("to", digits(&request.to)),
            ("text", &request.text),
            ("client-ref", &attempt),
        ];
        if sms::segments(&request.text).is_unicode {
            form.push(("type", "unicode"));
        }
        if let Some(url) = &request.status_url {
            form.push(("callback", url));
        }
        let sent = self.client.post(self.url("/sms/json")).form(&form);
        let reply = transport::exchange(sent.timeout(self.patience)).await?;
        if reply.status != 200 {
            return Err(transport::judge_status(reply.status));
        }
        let sent: Sent = parse(&reply.body)?;
        self.remember(&sent);
        judge(&sent)
    }

    fn remember(&self, sent: &Sent) {
        let words = sent.messages.iter().rev();
        let words = words.filter_map(|part| transport::word(part.left.as_ref()?));
        if let Some(left) = words.filter_map(|word| word.parse().ok()).next() {
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
    }

    /// Asks the account what is left. Its description has the credentials in the query.
    async fn ask_balance(&self) -> Result<f64, Fault> {
        let account = &self.account;
        let mut url = url::Url::parse(&self.url("/account/get-balance"))
            .map_err(|_| fault(FaultClass::Ours, "the base URL is not a URL"))?;
        url.query_pairs_mut()
            .append_pair("api_key", &account.api_key)
            .append_pair("api_secret", account.api_secret.expose_secret());
        let asked = self.client.get(url).timeout(self.patience);
        let reply = transport::exchange(asked).await.map_err(of_reading)?;
        if reply.status != 200 {
            return Err(of_reading(transport::judge_status(reply.status)));
        }
        let balance: AccountBalance = parse(&reply.body).map_err(of_reading)?;
        Ok(balance.value)
    }

    /// What the account says, or what its last reply to a message said.
    async fn known_balance(&self) -> Result<Option<Balance>, Fault> {
        let left = *self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let amount = match (self.ask_balance().await, left) {
            (Ok(amount), _) => amount,
            (Err(_), Some(left)) => left,
            (Err(fault), None) => return Err(fault),
        };
        Ok(Some(Balance {
            amount,
            currency: Some(CURRENCY.to_owned()),
        }))
    }
}

impl Messenger for VonageSms {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    /// Asks for the balance, which shows that the credentials are taken.
    fn probe(&self) -> Reply<'_, ()> {
        Box::pin(async { self.ask_balance().await.map(drop) })
    }

    fn send<'a>(&'a self, request: &'a MessageRequest) -> Reply<'a, MessageSid> {
        Box::pin(self.send_message(request))
    }

    fn look_up<'a>(&'a self, _message: &'a MessageSid) -> Reply<'a, MessageStatus> {
        let text = "Vonage tells of a message by its receipt only";
        Box::pin(async move { Err(fault(FaultClass::Ours, text)) })
    }

    fn find<'a>(
        &'a self,
        _to: &'a PhoneNumber,
        _since: Timestamp,
        _known: &'a [MessageSid],
    ) -> Reply<'a, Option<FoundMessage>> {
        Box::pin(async { Ok(None) })
    }

    fn takes_replies(&self, is_reachable: bool) -> bool {
        is_reachable && self.account.from.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn balance(&self) -> Reply<'_, Option<Balance>> {
        Box::pin(self.known_balance())
    }
}

/// The name of the first part stands for all of them. Where some parts were taken and others not, what arrives is torn, so it is as
/// if nobody knew.
fn judge(sent: &Sent) -> Result<MessageSid, Fault> {
    let codes: Option<Vec<u32>> = sent.messages.iter().map(Part::code).collect();
    let Some(codes) = codes.filter(|codes| !codes.is_empty()) else {
        let text = "the reply names no part of the message";
        return Err(fault(FaultClass::Ambiguous, text));
    };
    let refused = codes.iter().find(|code| **code != 0);
    match refused {
        Some(code) if codes.contains(&0) => Err(Fault {
            class: FaultClass::Ambiguous,
            text: "only some parts of the message were taken".to_owned(),
            ..codes::judge_message(*code)
        }),
        Some(code) => Err(codes::judge_message(*code)),
        None => sent.messages[0].name().ok_or_else(|| {
            let text = "accepted, but the reply names no message";
            fault(FaultClass::Ambiguous, text)
        }),
    }
}

impl Part {
    fn code(&self) -> Option<u32> {
        transport::word(&self.status)?.parse().ok()
    }

    fn name(&self) -> Option<MessageSid> {
        let id = self.id.as_deref()?;
        transport::is_plain(id).then(|| MessageSid::new(id))
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| {
        let text = "the reply is not what Vonage documents";
        fault(FaultClass::Ambiguous, text)
    })
}
