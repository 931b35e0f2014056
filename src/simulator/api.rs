//! The REST API: place, end, read and list calls; send, read and list messages; read the account and its balance.

mod calls;
mod messages;
mod page;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    faults::CreateFault,
    network::Shared,
    wire::{Exchange, Scissors},
};

const ROOT: &str = "/2010-04-01/Accounts";

type Net = State<Arc<Shared>>;

/// Serves the API until the task is dropped.
pub(super) async fn serve(listener: TcpListener, net: Arc<Shared>) {
    let app = Router::new()
        .route(&format!("{ROOT}/{{account}}"), get(account))
        .route(
            &format!("{ROOT}/{{account}}/Calls.json"),
            get(calls::list).post(calls::place),
        )
        .route(
            &format!("{ROOT}/{{account}}/Calls/{{call}}"),
            get(calls::read).post(calls::update),
        )
        .route(
            &format!("{ROOT}/{{account}}/Messages.json"),
            get(messages::list).post(messages::send),
        )
        .route(
            &format!("{ROOT}/{{account}}/Messages/{{message}}"),
            get(messages::read),
        )
        .route(&format!("{ROOT}/{{account}}/Balance.json"), get(balance))
        .fallback(async || not_found())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&net),
            authenticated,
        ))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(net);
    let app = app.into_make_service_with_connect_info::<Scissors>();
    // It never ends: the listener waits out the errors of `accept`.
    let _ = axum::serve(Exchange(listener), app).await;
}

/// Lets only the account's own requests pass, and only to the account.
async fn authenticated(State(net): Net, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let expected = STANDARD.encode(format!("{}:{}", net.account_sid, net.auth_token));
    let known =
        given.is_some_and(|value| value.as_bytes() == format!("Basic {expected}").as_bytes());
    let own = format!("{ROOT}/{}", net.account_sid);
    let path = request.uri().path();
    if known
        && path
            .strip_prefix(&own)
            .is_some_and(|rest| rest.starts_with(['.', '/']))
    {
        return next.run(request).await;
    }
    let mut refused = refuse(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    let challenge = header::HeaderValue::from_static("Basic realm=\"Twilio API\"");
    refused
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    refused
}

async fn account(State(net): Net, Path(_account): Path<String>) -> Response {
    let sid = &net.account_sid;
    Json(json!({
        "sid": sid,
        "friendly_name": "simulated network",
        "status": "active",
        "type": "Full",
        "owner_account_sid": sid,
        "uri": format!("{ROOT}/{sid}.json"),
    }))
    .into_response()
}

async fn balance(State(net): Net) -> Response {
    Json(json!({
        "account_sid": net.account_sid,
        "balance": net.balance().to_string(),
        "currency": "USD",
    }))
    .into_response()
}

/// Carries a request out, unless a fault comes before, after or in place of it.
fn create(
    fault: Option<CreateFault>,
    scissors: &Scissors,
    deed: impl FnOnce() -> Response,
) -> Response {
    let error = || {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            20500,
            "An internal server error has occurred",
        )
    };
    match fault {
        None => deed(),
        Some(CreateFault::ErrorBefore) => error(),
        Some(CreateFault::ErrorAfter) => {
            deed();
            error()
        }
        Some(CreateFault::Throttled) => {
            refuse(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests")
        }
        Some(CreateFault::CloseBefore) => {
            scissors.cut();
            error()
        }
        Some(CreateFault::CloseAfter) => {
            deed();
            scissors.cut();
            error()
        }
    }
}

/// The name in `NAME.json`.
fn sid(file: &str) -> Option<&str> {
    file.strip_suffix(".json")
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn not_found() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        20404,
        "The requested resource was not found",
    )
}

/// An error as version 2010-04-01 writes it.
fn refuse(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    (status, Json(body)).into_response()
}
