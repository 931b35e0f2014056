//! The API over HTTP: as much as placing calls needs. Whoever asks has to know the auth token.

use std::sync::Arc;

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Json, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;

use super::{Board, book};

/// Bytes of a request's body.
const LONGEST: usize = 64 * 1024;

type Shared = (Arc<Board>, SecretString);

/// Answers requests until the runtime ends.
pub(super) fn serve(listener: TcpListener, board: Arc<Board>, token: SecretString) {
    let router = Router::new().fallback(answer).with_state((board, token));
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn answer(State((board, token)): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !knows_token(&head.headers, &token) {
        let (status, json) = book::error(
            401,
            20003,
            "the password has to be the auth token that the suite was given",
        );
        return refuse(&board, status, json);
    }
    let Ok(body) = to_bytes(body, LONGEST).await else {
        let (status, json) = book::error(413, 20400, "the request is too long");
        return refuse(&board, status, json);
    };
    let form: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
    let before = board.book().calls().len();
    let (status, json) = board
        .book()
        .answer(head.method.as_str(), head.uri.path(), &form);
    let after = board.book().calls().len();
    if after > before {
        board.placed.notify_waiters();
    }
    match status {
        ..400 => reply(status, json),
        _ => refuse(&board, status, json),
    }
}

/// What is refused is remembered: it is why no call is placed.
fn refuse(board: &Board, status: u16, json: serde_json::Value) -> Response {
    let mut refused = board.refused();
    refused.0 += 1;
    json["message"]
        .as_str()
        .unwrap_or_default()
        .clone_into(&mut refused.1);
    drop(refused);
    reply(status, json)
}

fn reply(status: u16, json: serde_json::Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json)).into_response()
}

/// Basic authentication; the name is the account's, or that of a key.
fn knows_token(headers: &HeaderMap, token: &SecretString) -> bool {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let encoded = value.and_then(|value| value.strip_prefix("Basic "));
    let decoded = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.is_some_and(|text| {
        text.split_once(':')
            .is_some_and(|(_, password)| password == token.expose_secret())
    })
}
