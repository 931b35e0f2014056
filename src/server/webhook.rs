//! What carriers send: verified over the raw request target (P6), then turned into an input of the escalation that the
//! URL's token names. Whatever is not in order gets 403 and changes nothing.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::Response,
};

use super::{Rim, answer, probe};
use crate::{
    engine::{Answer, desk::Speech},
    escalation::{AttemptId, CallSid, CallStatus, Heard, Input, MessageSid, MessageStatus},
    voice::{Context, Form, Place, PlaceKind, SignedRequest},
};

/// Bytes of a webhook's body. Captured ones have well below 2 kB.
const WEBHOOK_BYTES: usize = 64 * 1024;

/// Everything below `/v1/calls/` that is a place in a call; anything else is not found. A path that only differs from
/// such a one by slashes in front was meant to be one.
pub(super) async fn webhook(State(rim): State<Arc<Rim>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = rim.links.public().path_below(head.uri.path());
    if !path.trim_start_matches('/').starts_with("v1/calls/") {
        return answer::error(StatusCode::NOT_FOUND, "there is nothing here");
    }
    let is_ours = |place: &Place| head.method == Method::POST || probe::is_asked_by(&head, place);
    let Some(place) = Place::parse(path).filter(is_ours) else {
        tracing::warn!("a webhook was refused: its path is no place in a call");
        return answer::forbidden();
    };
    if head.method == Method::GET {
        return probe::echo(&rim, &place, &head);
    }
    let body = match answer::body(body, WEBHOOK_BYTES).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    match verify(&rim, &place, &head, &body) {
        Ok((attempt, _)) if place.kind == PlaceKind::Probe => probe::verified(&rim, attempt, &head),
        Ok((attempt, form)) => take_in(&rim, &place, attempt, &form).await,
        Err(reason) => {
            tracing::warn!(provider = %place.provider, "a webhook was refused: {reason}");
            answer::forbidden()
        }
    }
}

/// The attempt that a webhook is about and its parameters, if the provider sent it.
fn verify(
    rim: &Rim,
    place: &Place,
    head: &Parts,
    body: &[u8],
) -> Result<(AttemptId, Form), String> {
    let keys = rim
        .signing_keys
        .get(&place.provider)
        .ok_or_else(|| "no such provider is configured".to_owned())?;
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let request = SignedRequest {
        url: &rim.links.public().of_target(target),
        method: head.method.as_str(),
        body,
        content_type: text(&head.headers, header::CONTENT_TYPE.as_str()),
        signature: text(&head.headers, "x-twilio-signature"),
        settings: text(&head.headers, "x-twilio-webhooks-signature-settings"),
    };
    let form = keys.verify(&request).map_err(|error| error.to_string())?;
    let attempt = rim
        .links
        .key()
        .open(&place.token, rim.engine.now())
        .map_err(|error| error.to_string())?;
    Ok((attempt, form))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn take_in(rim: &Rim, place: &Place, attempt: AttemptId, form: &Form) -> Response {
    let input = match input(place.kind, attempt, form) {
        Ok(input) => input,
        Err(response) => return *response,
    };
    match rim.engine.webhook(place.provider.clone(), input).await {
        Ok(Answer::Speak(speech)) => speak(rim, place, &speech),
        Ok(Answer::Noted) => answer::nothing(),
        Ok(Answer::Refused) => {
            tracing::warn!(%attempt, "a webhook was refused: its place in the call is past");
            answer::forbidden()
        }
        Err(error) => answer::unavailable(error.to_string()),
    }
}

/// What a receipt says, as an input (Twilio: Message resource, "status").
fn receipt(attempt: AttemptId, form: &Form) -> Result<Input, Box<Response>> {
    let Some(message) = form.get("MessageSid").filter(|sid| !sid.is_empty()) else {
        return Err(Box::new(answer::error(
            StatusCode::BAD_REQUEST,
            "MessageSid is missing",
        )));
    };
    let status = match form.get("MessageStatus").unwrap_or_default() {
        "accepted" | "scheduled" | "queued" | "sending" => MessageStatus::Queued,
        "sent" => MessageStatus::Sent,
        "delivered" | "read" => MessageStatus::Delivered,
        "undelivered" | "failed" | "canceled" => MessageStatus::Undelivered,
        status => {
            tracing::warn!(%attempt, status, "an unknown message status was passed over");
            return Err(Box::new(answer::nothing()));
        }
    };
    Ok(Input::Receipt {
        attempt,
        message: MessageSid::new(message),
        status,
    })
}

/// What a webhook says, as an input.
fn input(kind: PlaceKind, attempt: AttemptId, form: &Form) -> Result<Input, Box<Response>> {
    if kind == PlaceKind::Receipt {
        return receipt(attempt, form);
    }
    let Some(call) = form
        .get("CallSid")
        .filter(|sid| !sid.is_empty())
        .map(CallSid::new)
    else {
        return Err(Box::new(answer::error(
            StatusCode::BAD_REQUEST,
            "CallSid is missing",
        )));
    };
    let keys = form.get("Digits").unwrap_or_default();
    let (stage, heard) = match kind {
        PlaceKind::Status => {
            let status = form.get("CallStatus").unwrap_or_default();
            let Some(status) = CallStatus::parse(status) else {
                // A status that is new since this version: nothing to act on, and nothing to repeat.
                tracing::warn!(%attempt, status, "an unknown call status was passed over");
                return Err(Box::new(answer::nothing()));
            };
            return Ok(Input::Status {
                attempt,
                call,
                status,
            });
        }
        PlaceKind::Voice(stage) => (stage, Heard::Answer),
        PlaceKind::Keys(stage) if !keys.is_empty() => (stage, Heard::Keys(keys.to_owned())),
        PlaceKind::Keys(stage) | PlaceKind::Silence(stage) => (stage, Heard::Silence),
        PlaceKind::Fallback => {
            let code = form.get("ErrorCode").and_then(|code| code.parse().ok());
            (0, Heard::Trouble(code))
        }
        // Answered before anything is read from them.
        PlaceKind::Receipt | PlaceKind::Probe => return Err(Box::new(answer::nothing())),
    };
    Ok(Input::Voice {
        attempt,
        call,
        stage,
        heard,
    })
}

/// Renders what is to be said into TwiML, with the URLs of the places that come next.
fn speak(rim: &Rim, place: &Place, speech: &Speech) -> Response {
    let overrides = rim
        .connection_overrides
        .get(&place.provider)
        .map_or("", String::as_str);
    let context = Context {
        headline: &speech.headline,
        counts: speech.counts,
        member: &speech.member,
        group: &speech.group,
        language: rim
            .languages
            .get(&speech.member)
            .copied()
            .unwrap_or_default(),
        stage: speech.stage,
        allow_close: speech.allow_close,
        links: &rim.links.of_place(place, overrides),
    };
    let answer = rim.voice.answer(&context, &speech.line);
    for warning in &answer.warnings {
        tracing::warn!(attempt = %speech.attempt, "{warning}");
    }
    answer::twiml(answer.twiml)
}
