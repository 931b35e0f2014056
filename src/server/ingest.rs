//! `POST /v1/events`: an event from a plugin on another host. 2xx means durable (P1).

use std::sync::{Arc, Mutex};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{
    Rim, answer,
    quota::Meter,
    sources::{lock, spend},
};
use crate::{
    alert::{Event, Limits},
    config::ApiKey,
};

/// Who may hand events over, and command.
pub(crate) struct Caller {
    pub(super) name: String,
    key: SecretString,
    pub(super) meter: Mutex<Meter>,
}

impl Caller {
    /// Whoever has this key.
    pub(crate) fn new(key: &ApiKey) -> Self {
        Self {
            name: key.name.clone(),
            key: key.key.clone(),
            meter: Mutex::new(Meter::new(key.quota)),
        }
    }
}

/// Takes one event as JSON, authorised by an API key. The event's id is the idempotency key; a header
/// `Idempotency-Key` that says otherwise is an error.
///
/// 202 `{"id", "new"}`: durable; `new` is false if the id was known. 400: not an event. 401: no valid key. 413: too
/// big. 429: over the caller's quota, with the seconds after which it is not. 503: could not be stored, send it again.
pub(super) async fn event(State(rim): State<Arc<Rim>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(caller) = caller(&head.headers, &rim.callers) else {
        return answer::unauthorized(
            "no valid API key; send `Authorization: Bearer KEY` with a key of [[server.api_keys]]",
        );
    };
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
    if let Err(refusal) = spend(&rim, &caller.meter, 1) {
        tracing::warn!(caller = %caller.name, "an event was refused: it is over the caller's quota");
        return *refusal;
    }
    let id = event.id.clone();
    match rim.engine.accept(vec![event]).await {
        Ok(new) => {
            let new = new.first().copied().unwrap_or_default();
            (StatusCode::ACCEPTED, Json(json!({ "id": id, "new": new }))).into_response()
        }
        Err(error) => {
            lock(&caller.meter).give_back(1);
            tracing::error!("failed to store an event: {error}");
            answer::unavailable("the event could not be stored; send it again")
        }
    }
}

/// Whose key the request carries. Each is compared, in constant time.
pub(super) fn caller<'c>(headers: &HeaderMap, callers: &'c [Caller]) -> Option<&'c Caller> {
    let given = headers.get(header::AUTHORIZATION)?;
    let given = given.as_bytes().strip_prefix(b"Bearer ")?;
    callers.iter().fold(None, |found, caller| {
        let is_it = caller.key.expose_secret().as_bytes().ct_eq(given);
        if bool::from(is_it) {
            Some(caller)
        } else {
            found
        }
    })
}
