//! `GET` or `POST /v1/heartbeats/NAME` with an API key, or `/v1/heartbeats/NAME/SECRET`: a monitor says that it lives.
//!
//! Both methods mean the same, since what beats may be no more than an HTTP check of the monitor or a cron job's curl.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{Rim, answer, ingest::is_authorised};
use crate::heartbeat::HeartbeatName;

/// 200 `{"name"}`: heard, and on disk. 401: no valid key. 404: nobody watches for it. 503: not stored, send it again.
pub(super) async fn by_key(
    State(rim): State<Arc<Rim>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !is_authorised(&headers, &rim.api_keys) {
        return answer::unauthorized(
            "no valid API key; send `Authorization: Bearer KEY` with a key of [[server.api_keys]], or put the \
             heartbeat's secret at the end of the address",
        );
    }
    take(&rim, &name).await
}

/// The same, and 401 for a secret that is wrong as for a name that is: who has no right to ask gets no hint.
pub(super) async fn by_secret(
    State(rim): State<Arc<Rim>>,
    Path((name, secret)): Path<(String, String)>,
) -> Response {
    let is_right = rim
        .heartbeat_secrets
        .get(name.as_str())
        .is_some_and(|right| bool::from(right.expose_secret().as_bytes().ct_eq(secret.as_bytes())));
    if !is_right {
        return answer::unauthorized("no such heartbeat, or not its secret; see [[heartbeats]]");
    }
    take(&rim, &name).await
}

async fn take(rim: &Rim, name: &str) -> Response {
    match rim.heartbeats.beat(&HeartbeatName::new(name)).await {
        Ok(true) => Json(json!({ "name": name })).into_response(),
        Ok(false) => answer::error(
            StatusCode::NOT_FOUND,
            "nobody watches for this heartbeat; add it to [[heartbeats]] and restart rinban",
        ),
        Err(error) => {
            tracing::error!("failed to store a heartbeat: {error}");
            answer::unavailable("the heartbeat could not be stored; send it again")
        }
    }
}
