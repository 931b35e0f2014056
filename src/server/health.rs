//! `GET /health`: that the core lives, and how much it has to do. Of names only those of heartbeats; no phone numbers.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{Rim, answer};
use crate::{
    engine::{SelfTest, Totals, desk::Load},
    heartbeat::Standing,
};

/// What monitors read. Fields are only ever added.
#[derive(Serialize)]
struct Health {
    /// `ok`.
    status: &'static str,
    version: &'static str,
    uptime_secs: u64,
    #[serde(flatten)]
    load: Load,
    /// Files in the spool that the core has not taken yet.
    spool_pending: u64,
    #[serde(flatten)]
    totals: Totals,
    /// How the last test call went; null if there was none.
    self_test: Option<SelfTest>,
    heartbeats: Vec<Standing>,
}

pub(super) async fn health(State(rim): State<Arc<Rim>>) -> Response {
    let Some(load) = rim.engine.load().await else {
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, "the core is ending");
    };
    let spool = rim.spool.clone();
    let spool_pending = tokio::task::spawn_blocking(move || spool.waiting())
        .await
        .unwrap_or_default();
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime_secs: rim.started.elapsed().as_secs(),
        load,
        spool_pending,
        totals: rim.engine.totals(),
        self_test: rim.engine.self_test(),
        heartbeats: rim.heartbeats.standing(),
    })
    .into_response()
}
