//! Answers as carriers and callers expect them: a content type, or 204.

use axum::{
    Json,
    body::{Body, Bytes, HttpBody},
    extract::{DefaultBodyLimit, FromRequest, Request},
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

/// Not with this method.
pub(super) async fn not_allowed() -> Response {
    error(
        StatusCode::METHOD_NOT_ALLOWED,
        "not with this method; the header Allow names those that are",
    )
}

/// Who asks for what needs a key has none that is valid.
pub(super) fn unauthorized(text: impl AsRef<str>) -> Response {
    const CHALLENGE: (HeaderName, &str) = (header::WWW_AUTHENTICATE, "Bearer");
    ([CHALLENGE], error(StatusCode::UNAUTHORIZED, text)).into_response()
}

/// Nobody of this name with this secret; which of the two is wrong is not told.
pub(super) fn unauthorized_source() -> Response {
    const CHALLENGES: (HeaderName, &str) = (
        header::WWW_AUTHENTICATE,
        "Bearer, Basic realm=\"rinban\", charset=\"UTF-8\"",
    );
    let text = "no source of this name has this secret; send it as `Authorization: Bearer SECRET`, as the password of basic \
                authentication, or as the last segment of the path";
    ([CHALLENGES], error(StatusCode::UNAUTHORIZED, text)).into_response()
}

/// More than the caller may hand over now.
pub(super) fn too_many(retry_after_secs: u64) -> Response {
    let text = format!(
        "over the quota; nothing of this request was taken, send it again in {retry_after_secs} s"
    );
    let retry_after = [(header::RETRY_AFTER, HeaderValue::from(retry_after_secs))];
    (retry_after, error(StatusCode::TOO_MANY_REQUESTS, text)).into_response()
}

/// Reads a request's body, bounded in size and time. One that announces too much is not read at all.
pub(super) async fn body(body: Body, max: usize) -> Result<Bytes, Response> {
    if body.size_hint().lower() > max as u64 {
        return Err(too_large(max));
    }
    let mut request = Request::new(body);
    DefaultBodyLimit::max(max).apply(&mut request);
    match tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large(max)),
        Ok(Err(_)) => Err(error(
            StatusCode::BAD_REQUEST,
            "the body broke off or is not well framed; send it again",
        )),
        Err(_) => Err(error(
            StatusCode::REQUEST_TIMEOUT,
            "the body came too slowly; send it again",
        )),
    }
}

fn too_large(max: usize) -> Response {
    error(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body has more than {max} bytes; send less"),
    )
}
