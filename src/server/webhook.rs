//! What carriers send about calls and messages of ours: proven to be the carrier's (P6), then turned into an input of the
//! escalation that the URL's token names. Whatever is not in order gets 403 and changes nothing.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{StatusCode, request::Parts},
    response::Response,
};

use super::{
    Rim, answer,
    dialect::{Arrival, Dialect, Refusal, Said},
    inbound, probe,
};
use crate::{
    engine::{Answer, desk::Speech},
    escalation::{AttemptId, Heard, Input},
    voice::{Context, Mailbox, Place, PlaceKind},
};

/// Bytes of a webhook's body. Captured ones have well below 2 kB.
pub(super) const WEBHOOK_BYTES: usize = 64 * 1024;

/// Everything below `/v1/calls/` that is a place in a call, and the mailboxes; anything else is not found. A path that only differs
/// from such a one by slashes in front was meant to be one.
pub(super) async fn webhook(State(rim): State<Arc<Rim>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = rim.links.public().path_below(head.uri.path());
    if Mailbox::is_meant(path) {
        return inbound::message(&rim, Mailbox::parse(path), &head, body).await;
    }
    if !path.trim_start_matches('/').starts_with("v1/calls/") {
        return answer::error(StatusCode::NOT_FOUND, "there is nothing here");
    }
    let Some(place) = Place::parse(path) else {
        tracing::warn!("a webhook was refused: its path is no place in a call");
        return answer::forbidden();
    };
    if probe::is_asked_by(&head, &place) {
        return probe::echo(&rim, &place, &head);
    }
    let dialect = rim.dialects.get(&place.provider);
    let Some(dialect) = dialect.filter(|dialect| dialect.takes(&head.method, place.kind)) else {
        tracing::warn!(provider = %place.provider, "a webhook was refused: the provider sends no such request");
        return answer::forbidden();
    };
    let body = match answer::body(body, WEBHOOK_BYTES).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    match read(&rim, dialect, &place, &head, &body) {
        Ok((attempt, _)) if place.kind == PlaceKind::Probe => probe::verified(&rim, attempt, &head),
        Ok((attempt, said)) => take_in(&rim, dialect, &place, attempt, said).await,
        Err(refusal) => refuse(&place, refusal),
    }
}

/// The attempt that a webhook is about and what it says, if the provider sent it.
fn read(
    rim: &Rim,
    dialect: &Dialect,
    place: &Place,
    head: &Parts,
    body: &[u8],
) -> Result<(AttemptId, Said), Refusal> {
    let key = rim.links.key();
    let attempt = key.open(&place.token, rim.engine.now());
    let attempt = attempt.map_err(|error| Refusal::Forged(error.to_string()))?;
    let arrival = Arrival {
        url: &url(rim, head),
        head,
        body,
        now: rim.engine.wall(),
    };
    let said = dialect.read(place.kind, attempt, &arrival)?;
    Ok((attempt, said))
}

/// The public base and the request target exactly as it arrived.
pub(super) fn url(rim: &Rim, head: &Parts) -> String {
    let target = head.uri.path_and_query();
    let target = target.map_or("/", |target| target.as_str());
    rim.links.public().of_target(target)
}

fn refuse(place: &Place, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Forged(reason) => {
            tracing::warn!(provider = %place.provider, "a webhook was refused: {reason}");
            answer::forbidden()
        }
        Refusal::Incomplete(what) => answer::error(StatusCode::BAD_REQUEST, what),
    }
}

async fn take_in(
    rim: &Rim,
    dialect: &Dialect,
    place: &Place,
    attempt: AttemptId,
    said: Said,
) -> Response {
    let Some(input) = input(place.kind, attempt, said) else {
        return answer::nothing();
    };
    match rim.engine.webhook(place.provider.clone(), input).await {
        Ok(Answer::Speak(speech)) => speak(rim, dialect, place, &speech),
        Ok(Answer::Noted) => answer::nothing(),
        Ok(Answer::Refused) => {
            tracing::warn!(%attempt, "a webhook was refused: its place in the call is past");
            answer::forbidden()
        }
        Err(error) => answer::unavailable(error.to_string()),
    }
}

/// What a webhook says, as an input; none if there is nothing to act on.
fn input(kind: PlaceKind, attempt: AttemptId, said: Said) -> Option<Input> {
    match said {
        Said::Nothing(what) => {
            tracing::warn!(%attempt, "a webhook was passed over: {what}");
            None
        }
        Said::Message { message, status } => Some(Input::Receipt {
            attempt,
            message,
            status,
        }),
        Said::Call {
            call,
            keys,
            status,
            trouble,
        } => {
            let (stage, heard) = match kind {
                PlaceKind::Voice(stage) => (stage, Heard::Answer),
                PlaceKind::Keys(stage) if !keys.is_empty() => (stage, Heard::Keys(keys)),
                PlaceKind::Keys(stage) | PlaceKind::Silence(stage) => (stage, Heard::Silence),
                PlaceKind::Fallback => (0, Heard::Trouble(trouble)),
                PlaceKind::Status | PlaceKind::Receipt | PlaceKind::Probe => {
                    return status.map(|status| Input::Status {
                        attempt,
                        call,
                        status,
                    });
                }
            };
            Some(Input::Voice {
                attempt,
                call,
                stage,
                heard,
            })
        }
    }
}

/// What is to be said, with the URLs of the places that come next, as the carrier wants it.
fn speak(rim: &Rim, dialect: &Dialect, place: &Place, speech: &Speech) -> Response {
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
    dialect.speak(&answer.speech)
}
