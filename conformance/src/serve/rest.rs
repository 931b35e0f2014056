//! The REST API, version 2010-04-01: who asks, for what, what goes wrong on the way, and the reply.

mod account;
mod action;
mod calls;
mod list;
mod messages;
mod spoiled;

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, header};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{
    faults::{Occasion, Place},
    form::Form,
    journal::What,
    port::{Reply, Spoil},
    refusal::Refusal,
    stand_in::Shared,
};
pub use action::Action;
pub(super) use calls::whole_seconds;

/// A request, read to its end.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    pub(super) query: Form,
    pub(super) form: Form,
    /// User and password of `Authorization: Basic`.
    pub(super) credentials: Option<(String, String)>,
}

/// What a request comes to: a status and a body, or a refusal.
type Outcome = Result<(u16, Value), Refusal>;

/// Answers a request, or does what a fault makes of it.
pub(super) async fn answer(stand: &Arc<Shared>, asked: &Asked, spoil: &Spoil) -> Reply {
    let (action, sid) = Action::of(asked, &stand.options.account_sid);
    let to = subject(stand, asked, sid);
    let fault = stand.faults.at(Occasion {
        place: Place::Request,
        what: action.name(),
        to: to.as_deref(),
        key: to.as_deref().unwrap_or_default(),
    });
    let _counted = Counted::new(stand);
    let outcome = spoiled::outcome(fault, || carry_out(stand, asked, action, sid));
    let status = match &outcome {
        Ok((status, _)) => *status,
        Err(refusal) => refusal.status,
    };
    let sid = sid.map(str::to_owned).or_else(|| created(&outcome));
    let seen = fault.is_none_or(spoiled::is_answered);
    let request = What::Request {
        method: asked.method.clone(),
        path: asked.path_and_query(),
        form: asked.form.clone(),
        status: if seen { status } else { 0 },
        code: outcome.as_ref().err().map(|refusal| refusal.code),
    };
    let kind = fault.map(|fault| fault.kind);
    stand.journal.write(sid.as_deref(), request, kind);
    spoiled::reply(stand, outcome, fault, spoil).await
}

/// The number that a request is about.
fn subject(stand: &Shared, asked: &Asked, sid: Option<&str>) -> Option<String> {
    let called = || {
        let book = stand.book();
        sid.and_then(|sid| book.get(sid))
            .map(|entry| entry.record.to.clone())
    };
    let named = asked.form.get("To").or(asked.query.get("To"));
    named.map(str::to_owned).or_else(called)
}

fn created(outcome: &Outcome) -> Option<String> {
    let (_, body) = outcome.as_ref().ok().filter(|(status, _)| *status == 201)?;
    body.get("sid")?.as_str().map(str::to_owned)
}

fn carry_out(stand: &Arc<Shared>, asked: &Asked, action: Action, sid: Option<&str>) -> Outcome {
    authenticate(stand, asked)?;
    if stand.in_flight.load(Ordering::Relaxed) > stand.options.requests_at_once {
        return Err(Refusal::throttled());
    }
    let creates = matches!(action, Action::CreateCall | Action::CreateMessage);
    if stand.options.numbers.is_test && !creates {
        let message = "Resource not accessible with Test Account Credentials";
        return Err(Refusal::with(403, 20008, message));
    }
    match (action, sid.unwrap_or_default()) {
        (Action::CreateCall, _) => calls::create(stand, asked),
        (Action::ListCalls, _) => calls::list(stand, asked),
        (Action::FetchCall, sid) => calls::fetch(stand, sid),
        (Action::UpdateCall, sid) => calls::update(stand, asked, sid),
        (Action::DeleteCall, sid) => calls::delete(stand, sid),
        (Action::CreateMessage, _) => messages::create(stand, asked),
        (Action::ListMessages, _) => messages::list(stand, asked),
        (Action::FetchMessage, sid) => messages::fetch(stand, sid),
        (Action::UpdateMessage, sid) => messages::update(stand, asked, sid),
        (Action::DeleteMessage, sid) => messages::delete(stand, sid),
        (Action::FetchAccount, _) => Ok((200, account::resource(stand))),
        (Action::FetchBalance, _) => Ok((200, account::balance(stand))),
        (Action::ListNumbers, _) => account::numbers(stand, asked),
        (Action::ListCallerIds, _) => account::caller_ids(stand, asked),
        (Action::Unknown, _) => Err(Refusal::not_found(&asked.path)),
    }
}

/// The account's own SID and token, or an API key and its secret.
fn authenticate(stand: &Shared, asked: &Asked) -> Result<(), Refusal> {
    let Some((user, password)) = &asked.credentials else {
        return Err(Refusal::unauthenticated());
    };
    let options = &stand.options;
    let account = (&options.account_sid, &options.auth_token);
    let keys = options.api_keys.iter().map(|(sid, secret)| (sid, secret));
    let is_known = std::iter::once(account)
        .chain(keys)
        .any(|(sid, secret)| sid == user && secret.expose_secret() == password);
    match is_known {
        true => Ok(()),
        false => Err(Refusal::unauthenticated()),
    }
}

impl Asked {
    fn path_and_query(&self) -> String {
        match self.query.pairs() {
            [] => self.path.clone(),
            _ => format!("{}?{}", self.path, self.query.encoded()),
        }
    }
}

/// Counts a request while it is under way, hung ones too.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn new(stand: &'a Shared) -> Self {
        stand.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(stand)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A reply with JSON in it; none with 204.
pub(super) fn json(status: u16, body: &Value) -> Reply {
    let body = match status {
        204 => Bytes::new(),
        _ => Bytes::from(body.to_string()),
    };
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    let kind = header::HeaderValue::from_static("application/json");
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}
