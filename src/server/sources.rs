//! `POST /v1/sources/NAME[/SECRET]`: whatever a monitor sends as JSON. 2xx means durable (P1).

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Rim, answer,
    connections::Peer,
    credentials::{Digested, Shown},
    quota::{Meter, Refused},
    verify::{self, Verdict},
};
use crate::{
    alert::{AlertKey, DedupKey, Event, EventKind, GroupName, SourceName},
    config::SourceConfig,
    monitor::mackerel::Client,
    roster::Language,
    source::{self, AddressRange, Bounds, Reading, Source, SourceError},
};

/// What stands between a monitor and us.
pub(crate) struct Door {
    pub(super) source: Source,
    pub(super) secret: Digested,
    ranges: Vec<AddressRange>,
    pub(super) meter: Mutex<Meter>,
    /// The API of the monitor, if it is Mackerel and there is a key for it.
    pub(super) client: Option<Client>,
    verify: bool,
    pub(super) language: Language,
}

impl Door {
    /// The door of a configured source, with the API that knows its alerts.
    pub(crate) fn new(config: &SourceConfig, client: Option<Client>) -> Self {
        Self {
            source: config.source.clone(),
            secret: Digested::of(&config.key),
            ranges: config.ranges.clone(),
            meter: Mutex::new(Meter::new(config.quota)),
            client,
            verify: config.verify,
            language: config.language,
        }
    }
}

/// What has come through all doors since the start, under the names that `/health` gives it. Fields are only ever added.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Tally {
    /// Events that were accepted, known ones included.
    source_events_total: AtomicU64,
    /// What was understood and calls nobody.
    source_passed_over_total: AtomicU64,
    /// Requests that were refused.
    source_refused_total: AtomicU64,
}

/// Takes a payload, authorised by the source's secret.
///
/// 202 `{"accepted", "new", "passed_over"}`: durable. 400: not a payload of this kind. 401: no source of this name has this secret, or the
/// other way round. 403: from an address that it does not send from. 413: too big, or too many events. 429: over its quota, with the
/// seconds after which it is not. 503: could not be stored, send it again. All of it is taken or nothing.
pub(super) async fn named(
    State(rim): State<Arc<Rim>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    receive(&rim, &name, None, request).await
}

/// The same with the secret in the path, for monitors that can send no header.
pub(super) async fn named_with_secret(
    State(rim): State<Arc<Rim>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let (name, secret) = path.map(|Path(pair)| pair).unwrap_or_default();
    receive(&rim, &name, Some(&secret), request).await
}

async fn receive(rim: &Rim, name: &str, secret: Option<&str>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let door = match admit(rim, name, secret, &head) {
        Ok(door) => door,
        Err(response) => return refused(rim, *response),
    };
    let body = match answer::body(body, Bounds::BODY_BYTES).await {
        Ok(body) => body,
        Err(response) => return refused(rim, response),
    };
    match take(rim, door, &body).await {
        Ok(response) => response,
        Err(response) => refused(rim, *response),
    }
}

fn refused(rim: &Rim, response: Response) -> Response {
    rim.tally.source_refused_total.fetch_add(1, Relaxed);
    response
}

/// The door that the request may enter. Names that nobody has configured are answered as wrong secrets are.
fn admit<'r>(
    rim: &'r Rim,
    name: &str,
    secret: Option<&str>,
    head: &Parts,
) -> Result<&'r Door, Box<Response>> {
    let shown = Shown::by(&head.headers, secret);
    let mut admitted = None;
    for door in &rim.sources {
        // Each is compared, whatever its name.
        if shown.include(&door.secret) & (*door.source.name == *name) {
            admitted = Some(door);
        }
    }
    let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
    let Some(door) = admitted else {
        tracing::warn!(
            ?peer,
            "a request to a source was refused: no source of its name has its secret"
        );
        return Err(Box::new(answer::unauthorized_source()));
    };
    if !door.ranges.is_empty() {
        let forwarded = forwarded(&head.headers);
        let caller = peer.and_then(|peer| source::caller(peer, &forwarded, &rim.trusted_proxies));
        let is_expected =
            caller.is_some_and(|caller| door.ranges.iter().any(|range| range.contains(caller)));
        if !is_expected {
            let source = &door.source.name;
            tracing::warn!(%source, ?peer, ?caller, "a request was refused: it is from none of the source's `ranges`");
            return Err(Box::new(answer::forbidden()));
        }
    }
    Ok(door)
}

fn forwarded(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers.get_all("x-forwarded-for").iter();
    // What is no text is no address either.
    lines
        .map(|line| line.to_str().unwrap_or_default())
        .collect()
}

async fn take(rim: &Rim, door: &Door, body: &[u8]) -> Result<Response, Box<Response>> {
    let source = &door.source.name;
    let reading = door.source.read(body, rim.engine.now());
    let Reading {
        events,
        mut passed_over,
    } = reading.map_err(|error| {
        tracing::warn!(%source, "failed to read a payload: {error}");
        let status = match error {
            SourceError::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Box::new(answer::error(status, error.to_string()))
    })?;
    let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
    if let Err(refusal) = spend(rim, &door.meter, count) {
        tracing::warn!(%source, "a request was refused: it is over the source's quota");
        return Err(refusal);
    }
    let events = real(door, events, &mut passed_over).await;
    let accepted = events.len();
    for what in &passed_over {
        tracing::info!(%source, "nobody is called: {what}");
    }
    let events = addressed(rim, events).await;
    let stored = match events.is_empty() {
        true => Ok(Vec::new()),
        false => rim.engine.accept(events).await,
    };
    match stored {
        Ok(new) => {
            let new = new.iter().filter(|new| **new).count();
            let passed_over = passed_over.len();
            let tally = &rim.tally;
            tally
                .source_events_total
                .fetch_add(accepted as u64, Relaxed);
            tally
                .source_passed_over_total
                .fetch_add(passed_over as u64, Relaxed);
            let text = json!({ "accepted": accepted, "new": new, "passed_over": passed_over });
            Ok((StatusCode::ACCEPTED, Json(text)).into_response())
        }
        Err(error) => {
            lock(&door.meter).give_back(count);
            tracing::error!(%source, "failed to store events: {error}");
            let text = "the events could not be stored; send them again";
            Err(Box::new(answer::unavailable(text)))
        }
    }
}

/// The events without those that Mackerel does not confirm, if it is to be asked. Where it does not answer, people are called: no
/// page is lost because a check fails.
async fn real(door: &Door, events: Vec<Event>, passed_over: &mut Vec<String>) -> Vec<Event> {
    let Some(client) = door.client.as_ref().filter(|_| door.verify) else {
        return events;
    };
    let mut real = Vec::with_capacity(events.len());
    for event in events {
        let alert = &event.dedup_key;
        match verify::judge(client, &event).await {
            None | Some(Verdict::Open) => {}
            Some(Verdict::Silent(why)) => {
                let source = &door.source.name;
                tracing::warn!(%source, %alert, "Mackerel does not say whether an alert is real, so people are called: {why}");
            }
            Some(Verdict::Closed) => {
                passed_over.push(format!("the alert {alert} is over in Mackerel"));
                continue;
            }
            Some(Verdict::Unknown) => {
                passed_over.push(format!(
                    "Mackerel knows no alert {alert}; the request may be forged"
                ));
                continue;
            }
        }
        real.push(event);
    }
    real
}

/// Addresses what follows a problem to whoever was called about it: what names the group in a payload, such as the roles of a
/// host, may have changed since, or be left out.
async fn addressed(rim: &Rim, events: Vec<Event>) -> Vec<Event> {
    let follows = |event: &Event| event.kind != EventKind::Problem;
    let following = events.iter().filter(|event| follows(event));
    let following: HashSet<(SourceName, DedupKey)> = following
        .map(|event| (event.source.clone(), event.dedup_key.clone()))
        .collect();
    if following.is_empty() {
        return events;
    }
    let open = rim.engine.open_alerts(following).await;
    let mut called: HashSet<AlertKey> = open.into_iter().map(|alert| alert.key).collect();
    let mut addressed = Vec::with_capacity(events.len());
    for event in events {
        if !follows(&event) {
            // What follows in the same request is addressed to whom this calls, too.
            called.insert(event.alert_key());
            addressed.push(event);
            continue;
        }
        let own = called
            .iter()
            .filter(|key| key.source == event.source && key.dedup == event.dedup_key);
        let groups: Vec<GroupName> = own.map(|key| key.group.clone()).collect();
        let others = groups.iter().filter(|group| **group != event.group);
        addressed.extend(others.map(|group| source::readdressed(&event, group.clone())));
        if groups.is_empty() || groups.contains(&event.group) {
            addressed.push(event);
        }
    }
    addressed
}

/// Takes so many from what a caller may have.
pub(super) fn spend(rim: &Rim, meter: &Mutex<Meter>, count: u32) -> Result<(), Box<Response>> {
    let taken = lock(meter).take(rim.engine.now(), count);
    taken.map_err(|refused| {
        Box::new(match refused {
            Refused::Wait(wait) => answer::too_many(Refused::retry_after_secs(wait)),
            Refused::Never => answer::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("{count} events are more than `burst` or `per_day` ever allows; send fewer at once, or raise them"),
            ),
        })
    })
}

/// A meter is whole between any two of its steps.
pub(super) fn lock(meter: &Mutex<Meter>) -> std::sync::MutexGuard<'_, Meter> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}
