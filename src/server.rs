//! The rim towards HTTP: ingest, provider webhooks, health. It takes no decisions: it bounds, verifies and translates.

mod answer;
mod connections;
mod credentials;
mod dialect;
mod health;
mod heartbeat;
mod inbound;
mod ingest;
mod probe;
mod providers;
mod quota;
mod sources;
mod twiml;
mod verify;
mod webhook;

pub(crate) use dialect::{Dialect, Twilio as TwilioDialect, Vonage as VonageDialect};
pub(crate) use ingest::Caller;
pub(crate) use sources::{Door, Tally};

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{any, get, post},
};
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::{
    engine::{Engine, heartbeats::Heartbeats},
    escalation::ProviderName,
    handoff::Spool,
    monitor::mackerel::Suspended,
    roster::{Language, MemberName},
    source::AddressRange,
    voice::{Links, Voice},
};

/// How long a request's body may take to arrive. A carrier waits 15 s for the whole answer (Twilio, Connection overrides).
const BODY_TIME: Duration = Duration::from_secs(10);

/// What the handlers work with.
pub struct Rim {
    /// Where everything goes.
    pub engine: Engine,
    /// What the phone says.
    pub voice: Voice,
    /// Opens the tokens of our own URLs.
    pub links: Links,
    /// How each provider speaks to us; one that is not here sends nothing.
    pub(crate) dialects: HashMap<ProviderName, Dialect>,
    /// Connection overrides for the URLs that each provider is given.
    pub connection_overrides: HashMap<ProviderName, String>,
    /// What each member's phone speaks.
    pub languages: HashMap<MemberName, Language>,
    /// Who may hand events over.
    pub(crate) callers: Vec<Caller>,
    /// Monitors that send JSON.
    pub(crate) sources: Vec<Door>,
    /// What they have sent.
    pub(crate) tally: Tally,
    /// Proxies whose word about their callers counts.
    pub(crate) trusted_proxies: Vec<AddressRange>,
    /// Who is to be heard.
    pub heartbeats: Heartbeats,
    /// What may stand at the end of a heartbeat's address, by its name.
    pub heartbeat_secrets: HashMap<String, SecretString>,
    /// What Mackerel has suspended.
    pub suspended: Suspended,
    /// What plugins of this host write to.
    pub spool: Spool,
    /// When the core started.
    pub started: tokio::time::Instant,
}

/// Serves until `stop` is done; requests under way are answered first. Dropped, it hangs up on everybody.
pub async fn serve(listener: TcpListener, rim: Arc<Rim>, stop: impl Future<Output = ()> + Send) {
    connections::serve(listener, router(rim), stop).await;
}

/// The routes.
pub fn router(rim: Arc<Rim>) -> Router {
    Router::new()
        .route("/v1/events", post(ingest::event))
        .route(
            "/v1/heartbeats/{name}",
            get(heartbeat::by_key).post(heartbeat::by_key),
        )
        .route(
            "/v1/heartbeats/{name}/{secret}",
            get(heartbeat::by_secret).post(heartbeat::by_secret),
        )
        .route("/v1/sources/{name}", post(sources::named))
        .route(
            "/v1/sources/{name}/{secret}",
            post(sources::named_with_secret),
        )
        .route("/v1/twiml/mackerel/{secret}", get(twiml::mackerel))
        .route(
            "/v1/providers",
            get(providers::list).post(providers::weights),
        )
        .route("/v1/providers/{name}", post(providers::command))
        .route("/health", get(health::health))
        .fallback(any(webhook::webhook))
        .method_not_allowed_fallback(answer::not_allowed)
        .with_state(rim)
}
