//! What faults make of requests and replies.

use super::{Outcome, Reply, json};
use crate::serve::{
    faults::{Fault, Kind},
    port::{Spoil, Trouble},
    refusal::Refusal,
    stand_in::Shared,
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header;
use tokio::time::sleep;

/// What stands where JSON should.
const WRONG_JSON: &str = "<html><body><h1>201 Created</h1></body></html>";

/// Carries a request out, unless a fault comes before that; a fault may also take the place of what came of it.
pub(super) fn outcome(fault: Option<Fault>, carry_out: impl FnOnce() -> Outcome) -> Outcome {
    match fault.map(|fault| fault.kind) {
        Some(Kind::ErrorBefore) => Err(Refusal::with(503, 20503, "Service unavailable")),
        Some(Kind::Throttle) => Err(Refusal::throttled()),
        Some(Kind::Unauthenticated) => Err(Refusal::unauthenticated()),
        Some(Kind::Suspended) => Err(Refusal::with(403, 20005, "Account not active")),
        // Nobody sees this one.
        Some(Kind::CloseBefore | Kind::ResetBefore | Kind::HangBefore | Kind::Outage) => {
            Err(Refusal::internal())
        }
        Some(Kind::ErrorAfter) => carry_out().and(Err(Refusal::internal())),
        _ => carry_out(),
    }
}

/// Whether the head of a reply arrives.
pub(super) fn is_answered(fault: Fault) -> bool {
    !matches!(
        fault.kind,
        Kind::CloseBefore
            | Kind::CloseAfter
            | Kind::ResetBefore
            | Kind::ResetAfter
            | Kind::HangBefore
            | Kind::HangAfter
            | Kind::Garbage
            | Kind::Outage
    )
}

/// The reply, and what happens to its bytes.
pub(super) async fn reply(
    stand: &Shared,
    outcome: Outcome,
    fault: Option<Fault>,
    spoil: &Spoil,
) -> Reply {
    let mut reply = match outcome {
        Ok((status, body)) => json(status, &body),
        Err(refusal) => refused(stand, &refusal),
    };
    let Some(Fault { kind, lasts }) = fault else {
        return reply;
    };
    let trouble = match kind {
        Kind::CloseBefore | Kind::CloseAfter => Some(Trouble::Close),
        Kind::ResetBefore | Kind::ResetAfter => Some(Trouble::Reset),
        Kind::HangBefore | Kind::HangAfter => {
            sleep(lasts).await;
            Some(Trouble::Close)
        }
        Kind::LateReply => {
            sleep(lasts).await;
            None
        }
        Kind::CutReply => Some(Trouble::Cut),
        Kind::SlowBody => Some(Trouble::Trickle(lasts)),
        Kind::Garbage => Some(Trouble::Garbage),
        Kind::Outage => {
            stand.close(lasts);
            Some(Trouble::Close)
        }
        Kind::WrongJson => {
            *reply.body_mut() = Full::new(Bytes::from_static(WRONG_JSON.as_bytes()));
            None
        }
        _ => None,
    };
    if let Some(trouble) = trouble {
        spoil.with(trouble);
        let close = header::HeaderValue::from_static("close");
        reply.headers_mut().insert(header::CONNECTION, close);
    }
    reply
}

fn refused(stand: &Shared, refusal: &Refusal) -> Reply {
    let mut reply = json(refusal.status, &refusal.body());
    let headers = reply.headers_mut();
    match refusal.status {
        401 => {
            let challenge = header::HeaderValue::from_static("Basic realm=\"Twilio API\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        429 => {
            let at_once = stand.in_flight.load(std::sync::atomic::Ordering::Relaxed);
            headers.insert("twilio-concurrent-requests", at_once.into());
        }
        _ => {}
    }
    reply
}
