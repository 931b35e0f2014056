//! Twilio's way: forms that are signed together with the address, answered in TwiML.

use axum::{http::Method, response::Response};

use super::{super::answer, Arrival, Refusal, Said};
use crate::{
    escalation::{CallSid, CallStatus, MessageSid},
    provider::{Inbound, twilio::message_codes},
    roster::PhoneNumber,
    voice::{Form, PlaceKind, SignedRequest, SigningKeys, Speech, twiml},
};

/// What an account signs with, and where the signature stands.
#[derive(Debug)]
pub(crate) struct Twilio {
    pub(crate) keys: SigningKeys,
    /// `X-Twilio-Signature`, or that of another service.
    pub(crate) header: String,
}

impl Twilio {
    fn verify(&self, arrival: &Arrival<'_>) -> Result<Form, Refusal> {
        let request = SignedRequest {
            url: arrival.url,
            method: arrival.head.method.as_str(),
            body: arrival.body,
            content_type: arrival.content_type(),
            signature: arrival.header(&self.header),
            settings: arrival.header("x-twilio-webhooks-signature-settings"),
        };
        let form = self.keys.verify(&request);
        form.map_err(|error| Refusal::Forged(error.to_string()))
    }

    pub(super) fn read(&self, kind: PlaceKind, arrival: &Arrival<'_>) -> Result<Said, Refusal> {
        let form = self.verify(arrival)?;
        match kind {
            PlaceKind::Probe => Ok(Said::Nothing("a probe".to_owned())),
            PlaceKind::Receipt => receipt(&form),
            _ => call(kind, &form),
        }
    }

    /// Messages are signed like everything else, so a secret in the path is none of ours.
    pub(super) fn open(
        &self,
        secret: Option<&str>,
        arrival: &Arrival<'_>,
    ) -> Result<Option<Inbound>, Refusal> {
        if secret.is_some() || arrival.head.method != Method::POST {
            return Err(Refusal::Forged("it is no mailbox of ours".to_owned()));
        }
        let form = self.verify(arrival)?;
        let message =
            name(&form, "MessageSid").ok_or(Refusal::Incomplete("MessageSid is missing"))?;
        let from = PhoneNumber::parse(form.get("From").unwrap_or_default());
        Ok(from.ok().map(|from| Inbound {
            message: MessageSid::new(message),
            from,
            text: form.get("Body").unwrap_or_default().to_owned(),
            at: arrival.now,
        }))
    }
}

fn name<'f>(form: &'f Form, field: &str) -> Option<&'f str> {
    form.get(field).filter(|name| !name.is_empty())
}

fn call(kind: PlaceKind, form: &Form) -> Result<Said, Refusal> {
    let call = name(form, "CallSid").ok_or(Refusal::Incomplete("CallSid is missing"))?;
    let word = form.get("CallStatus").unwrap_or_default();
    let status = CallStatus::parse(word);
    if status.is_none() && kind == PlaceKind::Status {
        // New since this version: nothing to act on, and nothing to repeat.
        return Ok(Said::Nothing(format!(
            "the call status {word:?} is not known"
        )));
    }
    Ok(Said::Call {
        call: CallSid::new(call),
        keys: form.get("Digits").unwrap_or_default().to_owned(),
        status,
        trouble: form.get("ErrorCode").and_then(|code| code.parse().ok()),
    })
}

fn receipt(form: &Form) -> Result<Said, Refusal> {
    let message = name(form, "MessageSid").ok_or(Refusal::Incomplete("MessageSid is missing"))?;
    let word = form.get("MessageStatus").unwrap_or_default();
    if let Some(code) = form.get("ErrorCode").and_then(|code| code.parse().ok()) {
        let whose = message_codes::class(code);
        tracing::warn!(message, code, "a message did not arrive: {whose}");
    }
    Ok(match message_codes::status(word) {
        Some(status) => Said::Message {
            message: MessageSid::new(message),
            status,
        },
        None => Said::Nothing(format!("the message status {word:?} is not known")),
    })
}

pub(super) fn speak(speech: &Speech) -> Response {
    answer::twiml(twiml::render(speech))
}

pub(super) fn reply(text: Option<&str>) -> Response {
    answer::twiml(twiml::message(text))
}
