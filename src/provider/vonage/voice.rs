//! Calls: Vonage's Voice API v1.
//!
//! A call has one address for what to say and one for how it goes. The second URL for when the first fails is a setting of the
//! application, not of the call, so none is asked for here.

#[cfg(test)]
mod connection_faults;
#[cfg(test)]
mod quartet;
mod resource;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{PATIENCE, codes, token::PrivateKey};
use crate::{
    escalation::{CallSid, CallStatus, Fault, FaultClass, ProviderName},
    provider::{
        AnsweredBy, CallRequest, CallState, FoundCall, Provider, Reply,
        transport::{self, digits, fault, of_reading, whole_seconds},
    },
    roster::PhoneNumber,
    voice::ncco,
};
use resource::{Call, Page};

/// Seconds that a phone may ring (`ringing_timer`).
const RING_SECS: std::ops::RangeInclusive<i64> = 1..=120;
/// Seconds that a call may last (`length_timer`).
const CALL_SECS: std::ops::RangeInclusive<i64> = 1..=7_200;

/// Clocks differ a little.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The application that places the calls.
#[derive(Clone, Debug)]
pub struct Application {
    /// [`super::VOICE_URL`] unless a test or a proxy says otherwise; may have a path.
    pub base_url: String,
    /// A UUID.
    pub id: String,
    /// Signs its requests.
    pub key: PrivateKey,
    /// The caller id: a number that is linked to the application.
    pub from: PhoneNumber,
}

/// Places calls through one Vonage application. Nothing is sent twice.
#[derive(Debug)]
pub struct VonageVoice {
    name: ProviderName,
    application: Application,
    client: reqwest::Client,
    now: fn() -> Timestamp,
    patience: Duration,
}

impl VonageVoice {
    /// Requests are dated by `now`. The client is [`crate::provider::client()`]'s.
    pub fn new(
        name: ProviderName,
        application: Application,
        client: reqwest::Client,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            name,
            application,
            client,
            now,
            patience: PATIENCE,
        }
    }

    /// With another time-out for one request with its reply.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// A request to `/v1/calls` and what is below it.
    fn request(&self, method: Method, rest: &str) -> Result<RequestBuilder, Fault> {
        let id = format!("{:032x}", fastrand::u128(..));
        let application = &self.application;
        let token = application.key.token(&application.id, (self.now)(), &id)?;
        let base = application.base_url.trim_end_matches('/');
        Ok(self
            .client
            .request(method, format!("{base}/v1/calls{rest}"))
            .timeout(self.patience)
            .bearer_auth(token))
    }

    fn request_of(&self, method: Method, call: &CallSid) -> Result<RequestBuilder, Fault> {
        if !transport::is_plain(call.as_str()) {
            let text = "the name of the call cannot stand in a URL";
            return Err(fault(FaultClass::Ours, text));
        }
        self.request(method, &format!("/{call}"))
    }

    async fn place_call(&self, request: &CallRequest) -> Result<CallSid, Fault> {
        let body = create(request, &self.application.from);
        let sent = self.request(Method::POST, "")?.json(&body);
        let reply = transport::exchange(sent).await?;
        if !is_success(reply.status) {
            return Err(resource::refusal(reply.status, &reply.body));
        }
        let call: Call = resource::parse(&reply.body)?;
        call.name().ok_or_else(|| {
            let text = "accepted, but the reply names no call";
            fault(FaultClass::Ambiguous, text)
        })
    }

    /// A call that is over, or was never there, is refused in words that are not documented; so a refused one is looked at.
    async fn end_call(&self, call: &CallSid) -> Result<(), Fault> {
        let sent = self.request_of(Method::PUT, call)?;
        let reply = transport::exchange(sent.json(&json!({ "action": "hangup" }))).await?;
        match reply.status {
            200..=299 | 404 => Ok(()),
            400 | 409 | 422 if self.is_over(call).await => Ok(()),
            status => Err(resource::refusal(status, &reply.body)),
        }
    }

    async fn is_over(&self, call: &CallSid) -> bool {
        let state = self.state_of(call).await;
        state.is_ok_and(|state| state.status.is_terminal())
    }

    async fn state_of(&self, call: &CallSid) -> Result<CallState, Fault> {
        let sent = self.request_of(Method::GET, call)?;
        let reply = transport::exchange(sent).await.map_err(of_reading)?;
        match reply.status {
            200..=299 => {}
            // Says nothing about the account: what is new may not be there yet.
            404 => {
                let text = "the call is not known there, or not yet";
                return Err(fault(FaultClass::Provider, text));
            }
            status => return Err(of_reading(resource::refusal(status, &reply.body))),
        }
        let call: Call = resource::parse(&reply.body).map_err(of_reading)?;
        call.state().ok_or_else(|| {
            let text = "the reply names no status that we know";
            fault(FaultClass::Provider, text)
        })
    }

    /// The newest calls first; nobody calls more than a hundred people while one reply is lost.
    async fn list(&self, since: Timestamp, size: u32) -> Result<Page, Fault> {
        let since = since.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ");
        let query = format!("?date_start={since}&order=desc&page_size={size}");
        let sent = self.request(Method::GET, &query)?;
        let reply = transport::exchange(sent).await.map_err(of_reading)?;
        if !is_success(reply.status) {
            return Err(of_reading(resource::refusal(reply.status, &reply.body)));
        }
        resource::parse(&reply.body).map_err(of_reading)
    }

    async fn find_call(
        &self,
        to: &PhoneNumber,
        since: Timestamp,
        known: &[CallSid],
    ) -> Result<Option<FoundCall>, Fault> {
        let page = self.list(since, 100).await?;
        let from = &self.application.from;
        let since = since.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
        let calls = page.calls().into_iter();
        let mut found = calls
            .filter(|call| call.is_between(digits(from), digits(to)) && !call.began_before(since))
            .filter_map(|call| {
                let status = call.state()?.status;
                Some(FoundCall {
                    call: call.name()?,
                    status,
                })
            });
        Ok(found.find(|found| !known.contains(&found.call)))
    }
}

impl Provider for VonageVoice {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    /// Reads the list of calls, which shows that the application's key is taken.
    fn probe(&self) -> Reply<'_, ()> {
        Box::pin(async { self.list((self.now)(), 1).await.map(drop) })
    }

    fn place<'a>(&'a self, request: &'a CallRequest) -> Reply<'a, CallSid> {
        Box::pin(self.place_call(request))
    }

    fn end<'a>(&'a self, call: &'a CallSid) -> Reply<'a, ()> {
        Box::pin(self.end_call(call))
    }

    fn look_up<'a>(&'a self, call: &'a CallSid) -> Reply<'a, CallState> {
        Box::pin(self.state_of(call))
    }

    fn find<'a>(
        &'a self,
        to: &'a PhoneNumber,
        since: Timestamp,
        known: &'a [CallSid],
    ) -> Reply<'a, Option<FoundCall>> {
        Box::pin(self.find_call(to, since, known))
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// What creates a call (Voice API, "Create an outbound call").
fn create(request: &CallRequest, from: &PhoneNumber) -> Value {
    let seconds = |duration, within: std::ops::RangeInclusive<i64>| {
        whole_seconds(duration).clamp(*within.start(), *within.end())
    };
    let mut body = json!({
        "to": [phone(&request.to)],
        "from": phone(from),
        "ringing_timer": seconds(request.ring_timeout, RING_SECS),
        "length_timer": seconds(request.call_limit, CALL_SECS),
    });
    match (&request.inline, &request.urls) {
        (Some(speech), _) => body["ncco"] = ncco::render(speech),
        (None, Some(urls)) => {
            body["answer_url"] = json!([urls.voice]);
            // The default is GET, whose signature covers a text made of the query.
            body["answer_method"] = json!("POST");
        }
        (None, None) => {}
    }
    if let Some(urls) = &request.urls {
        body["event_url"] = json!([urls.status]);
        body["event_method"] = json!("POST");
    }
    if request.detect_machine {
        body["machine_detection"] = json!("continue");
    }
    body
}

fn phone(number: &PhoneNumber) -> Value {
    json!({ "type": "phone", "number": digits(number) })
}
