//! `/v1/providers`: how the providers stand, and what an operator says to do with them.
//!
//! Whoever has an API key may ask and command, and so may whoever can read the state directory: `rinban provider` shows a
//! token made from the store's key. What a command has changed is on disk before the answer goes out.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;

use super::{
    Rim, answer,
    ingest::{self, Caller},
    sources::spend,
};
use crate::{
    dispatch::command::{Command, Order, WrongCommand},
    engine::NotDone,
    escalation::ProviderName,
    roster::Channel,
};

/// The largest command, in bytes.
const COMMAND_BYTES: usize = 16 * 1024;

/// What to do with one provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(rename = "do")]
    what: What,
    #[serde(default)]
    channel: Option<Channel>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    by: String,
    /// For `ratio`.
    #[serde(default)]
    weight: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    ForceOpen,
    ForceClosed,
    Auto,
    Probe,
    Ratio,
}

/// Weights of several providers, which change together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    weights: BTreeMap<ProviderName, u32>,
    #[serde(default)]
    channel: Option<Channel>,
    #[serde(default)]
    why: String,
    #[serde(default)]
    by: String,
}

/// Who commands.
enum Operator<'r> {
    /// Somebody on this host who can read the state directory.
    Local,
    /// Whoever has this key.
    Key(&'r Caller),
}

impl Operator<'_> {
    /// Who is kept as the giver of a command. A key's name stands beside what its holder says.
    fn signs(&self, by: String) -> String {
        match self {
            Self::Local => by,
            Self::Key(caller) if by.trim().is_empty() => format!("API key {}", caller.name),
            Self::Key(caller) => format!("{by} (API key {})", caller.name),
        }
    }
}

/// `GET`: how all stand, and the history. 200, or 401.
pub(super) async fn list(State(rim): State<Arc<Rim>>, headers: HeaderMap) -> Response {
    if let Err(refusal) = operator(&rim, &headers) {
        return *refusal;
    }
    match rim.engine.providers().await {
        Some(overview) => Json(overview).into_response(),
        None => answer::unavailable("the core is ending"),
    }
}

/// `POST` of `{"weights": {"NAME": 70, "OTHER": 30}, "why", "by", "channel"}`: all or none of them.
pub(super) async fn weights(State(rim): State<Arc<Rim>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let (operator, asked) = match authorised::<Weights>(&rim, &head.headers, body).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let command = Command {
        order: Order::Ratio(asked.weights.into_iter().collect()),
        channel: asked.channel,
        by: operator.signs(asked.by),
        why: asked.why,
    };
    carry_out(&rim, command).await
}

/// `POST` of `{"do", "channel", "why", "by", "weight"}` for one provider.
///
/// 200 `{"done", "warning"}`, of a probe `{"report", "took_millis", "fault"}`. 400: not a command, or one that makes no
/// sense. 401: no valid key. 404: no such provider. 413: too big. 503: could not be stored, and nothing has changed.
pub(super) async fn command(
    State(rim): State<Arc<Rim>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let (operator, asked) = match authorised::<Asked>(&rim, &head.headers, body).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let Ok(Path(name)) = name else {
        return answer::error(
            StatusCode::BAD_REQUEST,
            "the provider's name in the path is not UTF-8; encode it",
        );
    };
    let name = ProviderName::new(name);
    let by = operator.signs(asked.by);
    let order = match (asked.what, asked.weight) {
        (What::Probe, None) => return probe(&rim, name, asked.channel, &by).await,
        (What::ForceOpen, None) => Order::ForceOpen(name),
        (What::ForceClosed, None) => Order::ForceClosed(name),
        (What::Auto, None) => Order::Auto(name),
        (What::Ratio, Some(weight)) => Order::Ratio(vec![(name, weight)]),
        (What::Ratio, None) => {
            return answer::error(
                StatusCode::BAD_REQUEST,
                "`ratio` needs a `weight`, such as 30",
            );
        }
        (_, Some(_)) => {
            return answer::error(StatusCode::BAD_REQUEST, "only `ratio` takes a `weight`");
        }
    };
    let command = Command {
        order,
        channel: asked.channel,
        by,
        why: asked.why,
    };
    carry_out(&rim, command).await
}

async fn probe(rim: &Rim, name: ProviderName, channel: Option<Channel>, by: &str) -> Response {
    tracing::info!(provider = %name, %by, "a probe was asked for");
    match rim.engine.probe(name, channel).await {
        Ok(found) => Json(found).into_response(),
        Err(error) => not_done(&error),
    }
}

async fn carry_out(rim: &Rim, command: Command) -> Response {
    match rim.engine.command(command).await {
        Ok(done) => Json(done).into_response(),
        Err(error) => not_done(&error),
    }
}

fn not_done(error: &NotDone) -> Response {
    let status = match error {
        NotDone::Wrong(WrongCommand::Unknown(..)) => StatusCode::NOT_FOUND,
        NotDone::Wrong(_) => StatusCode::BAD_REQUEST,
        NotDone::NotStored | NotDone::Ending => return answer::unavailable(error.to_string()),
    };
    answer::error(status, error.to_string())
}

/// Who commands what. Nothing is read of a body whose sender may not command.
async fn authorised<'r, T: DeserializeOwned>(
    rim: &'r Rim,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Operator<'r>, T), Box<Response>> {
    let operator = operator(rim, headers)?;
    if let Operator::Key(caller) = &operator {
        spend(rim, &caller.meter, 1)?;
    }
    let body = answer::body(body, COMMAND_BYTES).await?;
    let asked = serde_json::from_slice(&body).map_err(|error| {
        answer::error(
            StatusCode::BAD_REQUEST,
            format!("not a command: {error}; see docs/providers.md"),
        )
    })?;
    Ok((operator, asked))
}

fn operator<'r>(rim: &'r Rim, headers: &HeaderMap) -> Result<Operator<'r>, Box<Response>> {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|given| given.as_bytes().strip_prefix(b"Bearer "));
    let local = rim.links.key().operator();
    if given.is_some_and(|given| local.as_bytes().ct_eq(given).into()) {
        return Ok(Operator::Local);
    }
    let caller = ingest::caller(headers, &rim.callers);
    caller.map(Operator::Key).ok_or_else(|| {
        Box::new(answer::unauthorized(
            "no valid key; send `Authorization: Bearer KEY` with a key of [[server.api_keys]], or use `rinban provider` on \
             the core's host",
        ))
    })
}
