//! Answers as carriers and callers expect them: a content type, or 204.

use axum::{
    Json,
    body::Bytes,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::BODY_TIME;

/// TwiML. Never cached: each answer is for one moment of one call.
pub(super) fn twiml(document: String) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/xml; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, document).into_response()
}

/// Taken in; nothing to say.
pub(super) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Refused, without a reason: who has no right to ask gets no hint. The log has it.
pub(super) fn forbidden() -> Response {
    error(StatusCode::FORBIDDEN, "forbidden")
}

/// An error that says what to do.
pub(super) fn error(status: StatusCode, text: impl AsRef<str>) -> Response {
    (status, Json(json!({ "error": text.as_ref() }))).into_response()
}

/// What can't be stored now; whoever asks again within seconds will fare better.
pub(super) fn unavailable(text: impl AsRef<str>) -> Response {
    const RETRY_AFTER: (HeaderName, &str) = (header::RETRY_AFTER, "2");
    ([RETRY_AFTER], error(StatusCode::SERVICE_UNAVAILABLE, text)).into_response()
}

/// Reads a request's body, bounded in size and time.
pub(super) async fn body(body: axum::body::Body, max: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(error(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body could not be read within {max} bytes; send less"),
        )),
        Err(_) => Err(error(
            StatusCode::REQUEST_TIMEOUT,
            "the body came too slowly; send it again",
        )),
    }
}
