//! What people write to our numbers: `/v1/inbound/{provider}`, proven to be the carrier's like all it sends. They are answered once
//! what they said is on disk (P4).

use axum::{
    body::Body,
    http::{StatusCode, request::Parts},
    response::Response,
};

use super::{
    Rim, answer,
    dialect::{Arrival, Refusal},
    webhook::{WEBHOOK_BYTES, url},
};
use crate::voice::Mailbox;

/// Takes a message in.
pub(super) async fn message(
    rim: &Rim,
    mailbox: Option<Mailbox>,
    head: &Parts,
    body: Body,
) -> Response {
    let Some(mailbox) = mailbox else {
        return refuse("its path is no mailbox");
    };
    let Some(dialect) = rim.dialects.get(&mailbox.provider) else {
        return refuse("its provider brings no messages");
    };
    let body = match answer::body(body, WEBHOOK_BYTES).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let arrival = Arrival {
        url: &url(rim, head),
        head,
        body: &body,
        now: rim.engine.wall(),
    };
    let inbound = match dialect.open(mailbox.secret.as_deref(), &arrival) {
        Ok(Some(inbound)) => inbound,
        Ok(None) => {
            tracing::info!(provider = %mailbox.provider, "a message came that is from no number");
            return answer::nothing();
        }
        Err(Refusal::Forged(reason)) => return refuse(&reason),
        Err(Refusal::Incomplete(what)) => return answer::error(StatusCode::BAD_REQUEST, what),
    };
    match rim.engine.reply(inbound.clone()).await {
        Ok(text) => dialect.reply(&inbound, text),
        Err(error) => answer::unavailable(error.to_string()),
    }
}

fn refuse(reason: &str) -> Response {
    tracing::warn!("a message was refused: {reason}");
    answer::forbidden()
}
