//! `POST /v1/events`: an event from a plugin on another host. 2xx means durable (P1).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{Rim, answer};
use crate::{
    alert::{Event, Limits},
    config::ApiKey,
};

/// Takes one event as JSON, authorised by an API key. The event's id is the idempotency key; a header
/// `Idempotency-Key` that says otherwise is an error.
///
/// 202 `{"id", "new"}`: durable; `new` is false if the id was known. 400: not an event. 401: no valid key. 413: too
/// big. 503: could not be stored, send it again.
pub(super) async fn event(State(rim): State<Arc<Rim>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !is_authorised(&head.headers, &rim.api_keys) {
        return answer::unauthorized(
            "no valid API key; send `Authorization: Bearer KEY` with a key of [[server.api_keys]]",
        );
    }
    let body = match answer::body(body, Limits::EVENT_BYTES).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let event = match Event::from_json(&body) {
        Ok(event) => event,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, error.to_string()),
    };
    if head
        .headers
        .get("idempotency-key")
        .is_some_and(|key| key.as_bytes() != event.id.as_str().as_bytes())
    {
        return answer::error(
            StatusCode::BAD_REQUEST,
            "Idempotency-Key differs from the event's id; send the id or leave the header out",
        );
    }
    let id = event.id.clone();
    match rim.engine.accept(vec![event]).await {
        Ok(new) => {
            let new = new.first().copied().unwrap_or_default();
            (StatusCode::ACCEPTED, Json(json!({ "id": id, "new": new }))).into_response()
        }
        Err(error) => {
            tracing::error!("failed to store an event: {error}");
            answer::unavailable("the event could not be stored; send it again")
        }
    }
}

/// Whether the request carries one of the keys. Each is compared, in constant time.
pub(super) fn is_authorised(headers: &HeaderMap, keys: &[ApiKey]) -> bool {
    let Some(given) = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
    else {
        return false;
    };
    keys.iter().fold(false, |found, key| {
        found | bool::from(key.key.expose_secret().as_bytes().ct_eq(given))
    })
}
