//! The place of a call that is none: `rinban doctor` asks there, from outside in, whether requests arrive as carriers send
//! them. It changes nothing, and answers only whoever holds a token of this core.
//!
//! A GET says what has arrived; a POST says that a webhook was verified, by the very code that verifies real ones.

use axum::{
    Json,
    http::{Method, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Rim, answer};
use crate::{
    escalation::AttemptId,
    voice::{PROBE, Place, PlaceKind},
};

/// Whether this is a GET of a probe; there is nothing else to be got below `/v1/calls/`.
pub(super) fn is_asked_by(head: &Parts, place: &Place) -> bool {
    head.method == Method::GET && place.kind == PlaceKind::Probe
}

/// The request target as it has arrived.
pub(super) fn echo(rim: &Rim, place: &Place, head: &Parts) -> Response {
    match rim.links.key().open(&place.token, rim.engine.now()) {
        Ok(attempt) => say(rim, attempt, head, false),
        Err(error) => {
            tracing::warn!("a probe was refused: {error}");
            answer::forbidden()
        }
    }
}

/// The same of a webhook whose signature is good.
pub(super) fn verified(rim: &Rim, attempt: AttemptId, head: &Parts) -> Response {
    say(rim, attempt, head, true)
}

fn say(rim: &Rim, attempt: AttemptId, head: &Parts, verified: bool) -> Response {
    if attempt != PROBE {
        return answer::forbidden();
    }
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let tag = rim.links.key().answer(target);
    Json(json!({ "target": target, "verified": verified, "tag": tag })).into_response()
}
