//! Vonage's way: JSON beside a signed token for calls, answered with call control objects (NCCO); unsigned for messages.
//!
//! Sources: Vonage, webhook reference of the Voice API; SMS API, delivery receipts and inbound messages. Not tried against the live
//! service; in particular, whether the answer webhook of a call is signed in every account (an older page says that only
//! events were). Nothing is taken that is not.
//!
//! Webhooks of messages are not signed reliably: the parameter `sig` is documented in two ways that cannot both be right. So a
//! receipt is proven by the attempt token in its address, and a message from somebody by the secret in that of the mailbox.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::{super::answer, ANSWER_TIME, Arrival, Refusal, Said};
use crate::{
    escalation::{AttemptId, CallSid, MessageSid},
    provider::{Inbound, MessageRequest, Messenger, vonage},
    roster::PhoneNumber,
    voice::{PROBE, PlaceKind, Speech, WebhookSecrets, ncco},
};

/// What an account signs with, and how whoever writes is answered.
#[derive(Debug)]
pub(crate) struct Vonage {
    pub(crate) secrets: WebhookSecrets,
    /// Stands at the end of the mailbox's address; closed without one.
    pub(crate) inbound_secret: Option<SecretString>,
    /// The answer to a message is a message, sent by the API.
    pub(crate) sms: Option<Arc<dyn Messenger>>,
}

impl Vonage {
    pub(super) fn read(
        &self,
        kind: PlaceKind,
        attempt: AttemptId,
        arrival: &Arrival<'_>,
    ) -> Result<Said, Refusal> {
        if kind == PlaceKind::Receipt {
            return receipt(attempt, &parameters(arrival)?);
        }
        let authorization = arrival.header(header::AUTHORIZATION.as_str());
        self.secrets
            .verify(authorization, arrival.body, arrival.now)
            .map_err(|error| Refusal::Forged(error.to_string()))?;
        match kind {
            PlaceKind::Probe => Ok(Said::Nothing("a probe".to_owned())),
            _ => call(kind, &json(arrival.body)?),
        }
    }

    pub(super) fn open(
        &self,
        secret: Option<&str>,
        arrival: &Arrival<'_>,
    ) -> Result<Option<Inbound>, Refusal> {
        let ours = self
            .inbound_secret
            .as_ref()
            .map(ExposeSecret::expose_secret);
        let is_ours = match (secret, ours) {
            (Some(shown), Some(ours)) => bool::from(shown.as_bytes().ct_eq(ours.as_bytes())),
            _ => false,
        };
        let is_asked = [Method::GET, Method::POST].contains(&arrival.head.method);
        if !is_ours || !is_asked {
            let why = "its address does not hold the inbound secret, or none is configured";
            return Err(Refusal::Forged(why.to_owned()));
        }
        let told = parameters(arrival)?;
        let message =
            word(&told, "messageId").ok_or(Refusal::Incomplete("messageId is missing"))?;
        let from = word(&told, "msisdn").unwrap_or_default();
        Ok(PhoneNumber::parse(&format!("+{from}"))
            .ok()
            .map(|from| Inbound {
                message: MessageSid::new(message),
                from,
                text: word(&told, "text").unwrap_or_default(),
                at: arrival.now,
            }))
    }

    /// Vonage takes no answer within the reply.
    pub(super) fn reply(&self, inbound: &Inbound, text: Option<String>) -> Response {
        if let (Some(text), Some(sms)) = (text, self.sms.clone()) {
            let request = MessageRequest {
                to: inbound.from.clone(),
                text,
                // It belongs to no attempt.
                attempt: PROBE,
                status_url: None,
            };
            tokio::spawn(async move {
                let sent = tokio::time::timeout(ANSWER_TIME, sms.send(&request)).await;
                if let Ok(Err(fault)) = sent {
                    tracing::warn!(provider = %sms.name(), "failed to answer a message: {fault}");
                }
            });
        }
        answer::nothing()
    }
}

fn call(kind: PlaceKind, told: &Map<String, Value>) -> Result<Said, Refusal> {
    let status = word(told, "status");
    let known = status.as_deref().and_then(vonage::call_status);
    // What went wrong with our answers is told here too, of no call; and words are new from time to time.
    if kind == PlaceKind::Status && known.is_none() {
        // An address in it would hold an attempt token.
        let reason = word(told, "reason").map(|reason| before_address(&reason).to_owned());
        let what = reason.or(status).unwrap_or_default();
        return Ok(Said::Nothing(format!("Vonage tells of {what:?}")));
    }
    // Who answered is told with another name of the call.
    let call = word(told, "uuid").or_else(|| word(told, "call_uuid"));
    Ok(Said::Call {
        call: CallSid::new(call.ok_or(Refusal::Incomplete("uuid is missing"))?),
        keys: keys(told),
        status: known,
        trouble: None,
    })
}

fn before_address(text: &str) -> &str {
    text.split("http").next().unwrap_or_default().trim_end()
}

/// `{"digits": "1", "timed_out": false}`, and a bare text in an older version.
fn keys(told: &Map<String, Value>) -> String {
    let dtmf = told.get("dtmf").unwrap_or(&Value::Null);
    let digits = dtmf.as_str().or_else(|| dtmf["digits"].as_str());
    digits.unwrap_or_default().to_owned()
}

/// The token of the address proves whose attempt it is; a receipt that names another is none of ours.
fn receipt(attempt: AttemptId, told: &Map<String, Value>) -> Result<Said, Refusal> {
    let named = word(told, "client-ref").filter(|named| !named.is_empty());
    if named.is_some_and(|named| named != attempt.to_string()) {
        return Err(Refusal::Forged(
            "the receipt names another attempt".to_owned(),
        ));
    }
    let message = word(told, "messageId").filter(|message| !message.is_empty());
    let message = message.ok_or(Refusal::Incomplete("messageId is missing"))?;
    let status = word(told, "status").unwrap_or_default();
    Ok(match vonage::message_status(&status) {
        Some(status) => Said::Message {
            message: MessageSid::new(message),
            status,
        },
        None => Said::Nothing(format!("the message status {status:?} is not known")),
    })
}

/// In the query, as a form or as JSON, as the account is set.
fn parameters(arrival: &Arrival<'_>) -> Result<Map<String, Value>, Refusal> {
    if arrival.head.method == Method::GET {
        return Ok(form(
            arrival.head.uri.query().unwrap_or_default().as_bytes(),
        ));
    }
    match arrival.content_type() {
        Some(kind) if kind.starts_with("application/json") => json(arrival.body),
        _ => Ok(form(arrival.body)),
    }
}

fn form(text: &[u8]) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(text).into_owned();
    pairs.map(|(name, value)| (name, value.into())).collect()
}

fn json(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::Incomplete("the body is no JSON object"))
}

fn word(told: &Map<String, Value>, name: &str) -> Option<String> {
    match told.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Never cached: each answer is for one moment of one call.
pub(super) fn speak(speech: &Speech) -> Response {
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::OK, headers, Json(ncco::render(speech))).into_response()
}
