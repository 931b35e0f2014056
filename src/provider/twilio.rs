//! Twilio Programmable Voice and Messaging, API version 2010-04-01, and services that speak the same.
//!
//! What is known comes from Twilio's documentation, its OpenAPI description and the sources of its client libraries.
//! It has been tried against scripted servers, not against the live service. In particular unverified there:
//!
//! * that `Status=completed` ends a call that still rings (documented as "even if it's already in progress"); a refusal
//!   with 21220 is followed by `Status=canceled`, so that either reading ends the call;
//! * how soon a new call shows up in the list (documented as eventually consistent, without a figure);
//! * the HTTP status that each error code comes with; the code counts, except after a 5xx.
//!
//! Twilio documents no idempotency key for creating a call, and no field of a call gives back our own tag: whether a
//! request whose reply was lost was carried out is told by [`Provider::find`] or by the first callback. Messages: [`TwilioSms`].

mod abilities;
#[cfg(test)]
mod connection_faults;
mod exchange;
#[cfg(test)]
mod finding;
mod inspect;
mod list;
pub mod message_codes;
mod messages;
#[cfg(test)]
mod quartet;
mod resource;
mod throttle;
mod verdict;

use std::{borrow::Cow, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;

pub use abilities::{Abilities, Preset, SIGNATURE_HEADER};
pub use inspect::{CallerId, Inspection};
pub use messages::{Sender, TwilioSms};

use super::{CallRequest, CallState, CallUrls, FoundCall, Provider, Reply, transport};
use crate::{
    escalation::{CallSid, Fault, FaultClass, ProviderName},
    roster::PhoneNumber,
    voice::twiml,
};
use exchange::Api;
use list::PAGE_SIZE;
use resource::{Call, CallPage};

/// Twilio's own address.
pub const BASE_URL: &str = "https://api.twilio.com";

/// Twilio rings for at most 600 s (Call resource, Timeout).
const MAX_RING_SECS: i64 = 600;

const CALLS: &str = "/Calls.json";

/// An account of Twilio, or of a service that speaks the same.
#[derive(Clone, Debug)]
pub struct Account {
    /// [`BASE_URL`] unless a test, a proxy or a compatible service says otherwise; may have a path.
    pub base_url: String,
    /// Twilio: `AC...`; others: their own form.
    pub account_sid: String,
    /// Who asks: the account itself, or an API key of it.
    pub user: String,
    /// The password of that user.
    pub auth_token: SecretString,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// One request with its reply. Twilio itself has been seen to work on a request for 26 s, and its Node client waits 30 s,
    /// so a shorter time makes calls ambiguous that would have been placed.
    pub request: Duration,
    /// From the first try of a throttled request to the last.
    pub throttle: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            throttle: Duration::from_secs(5),
        }
    }
}

/// Places calls through one Twilio account.
///
/// Faults: see [`FaultClass`]. A throttled request (429) is repeated for up to [`Timing::throttle`], as it is never carried
/// out; nothing else is repeated. [`Provider::look_up`] and [`Provider::find`] change nothing, so what would be ambiguous is
/// the provider's fault there.
#[derive(Debug)]
pub struct Twilio {
    name: ProviderName,
    api: Api,
    from: PhoneNumber,
    abilities: Abilities,
}

impl Twilio {
    /// With the usual [`Timing`] and all [`Abilities`]. The caller id `from` is a number of the account, or a verified one; the
    /// client is [`super::client()`]'s.
    pub fn new(
        name: ProviderName,
        account: Account,
        from: PhoneNumber,
        client: reqwest::Client,
    ) -> Self {
        Self {
            name,
            api: Api::new(account, client),
            from,
            abilities: Abilities::default(),
        }
    }

    /// With another timing.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.api.timing = timing;
        self
    }

    /// Asks for no more than the service offers.
    #[must_use]
    pub fn with_abilities(self, abilities: Abilities) -> Self {
        Self { abilities, ..self }
    }

    fn call_url(&self, call: &CallSid) -> Result<String, Fault> {
        if !transport::is_plain(call.as_str()) {
            let text = "the name of the call cannot stand in a URL";
            return Err(transport::fault(FaultClass::Ours, text));
        }
        Ok(self.api.url(&format!("/Calls/{call}.json")))
    }

    async fn place_call(&self, request: &CallRequest) -> Result<CallSid, Fault> {
        let form = create_form(request, &self.from, self.abilities);
        let accepted = self.api.post(&self.api.url(CALLS), &form).await?;
        let call: Call = resource::parse(&accepted.body?)?;
        call.sid().ok_or_else(|| {
            let text = "accepted, but the reply names no call";
            transport::fault(FaultClass::Ambiguous, text)
        })
    }

    /// `completed` hangs up a call that talks, and by the documentation one that rings too. Should that be refused because
    /// of the call's state, `canceled` ends one that is queued or rings; if that is refused as well, the call is over.
    async fn end_call(&self, call: &CallSid) -> Result<(), Fault> {
        let url = self.call_url(call)?;
        for status in ["completed", "canceled"] {
            match self.api.post(&url, &[("Status", status.into())]).await {
                Err(refused) if refused.code == Some(verdict::WRONG_STATE) => {}
                Err(refused) if refused.status == Some(404) => return Ok(()),
                // The head says that it is done; the body adds nothing.
                other => return other.map(drop).map_err(Fault::from),
            }
        }
        Ok(())
    }

    async fn state_of(&self, call: &CallSid) -> Result<CallState, Fault> {
        let call: Call = match self.api.read(&self.call_url(call)?).await {
            // Says nothing about the account: the list of calls lags behind.
            Err(refused) if refused.status == Some(404) => {
                let text = "the call is not known there, or not yet";
                return Err(transport::fault(FaultClass::Provider, text));
            }
            other => other?,
        };
        let status = call.status().ok_or_else(|| {
            let text = "the reply names no status that we know";
            transport::fault(FaultClass::Provider, text)
        })?;
        Ok(CallState {
            status,
            answered_by: call.answered_by(),
        })
    }

    /// Calls that are still queued have no start time, so the list is not filtered by it; `date_created` is compared.
    async fn find_call(
        &self,
        to: &PhoneNumber,
        since: Timestamp,
        known: &[CallSid],
    ) -> Result<Option<FoundCall>, Fault> {
        let filter = [
            ("To", to.e164()),
            ("From", self.from.e164()),
            ("PageSize", PAGE_SIZE),
        ];
        let url = self.api.list_url(CALLS, &filter)?;
        let newest = |page: Vec<(Timestamp, Call)>| {
            let found = page.into_iter().filter(|(_, call)| call.is_to(to.e164()));
            let found =
                found.filter_map(|(created_at, call)| Some((created_at, found_call(&call)?)));
            found
                .filter(|(_, found)| !known.contains(&found.call))
                .max_by_key(|(created_at, _)| *created_at)
        };
        let found = self.api.walk::<CallPage, _>(url, since, newest).await?;
        Ok(found.map(|(_, found)| found))
    }
}

impl Provider for Twilio {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn probe(&self) -> Reply<'_, ()> {
        Box::pin(self.api.check_account())
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

/// A form field. The name may occur more than once.
type Field<'a> = (&'static str, Cow<'a, str>);

/// The form that creates a call (Call resource, "Create a Call").
fn create_form<'a>(
    request: &'a CallRequest,
    from: &'a PhoneNumber,
    can: Abilities,
) -> Vec<Field<'a>> {
    let ring_secs = transport::whole_seconds(request.ring_timeout).clamp(1, MAX_RING_SECS);
    let limit_secs = transport::whole_seconds(request.call_limit).max(1);
    let mut form: Vec<Field<'_>> = vec![
        ("To", request.to.e164().into()),
        ("From", from.e164().into()),
    ];
    match (&request.inline, &request.urls) {
        (Some(speech), _) => form.push(("Twiml", twiml::render(speech).into())),
        (None, Some(urls)) => {
            form.push(("Url", urls.voice.as_str().into()));
            form.push(("Method", "POST".into()));
        }
        (None, None) => {}
    }
    if let Some(urls) = &request.urls {
        form.extend(told(urls, can));
    }
    if request.detect_machine && can.detect_machines {
        // In the background: by default the detection holds the message up until it is done.
        form.push(("MachineDetection", "Enable".into()));
        form.push(("AsyncAmd", "true".into()));
    }
    if can.limit_times {
        form.push(("Timeout", ring_secs.to_string().into()));
        form.push(("TimeLimit", limit_secs.to_string().into()));
    }
    form
}

/// Where it asks when it is in trouble, and where it says how the call goes.
fn told(urls: &CallUrls, can: Abilities) -> Vec<Field<'_>> {
    let mut form: Vec<Field<'_>> = Vec::new();
    if can.fall_back {
        form.push(("FallbackUrl", urls.fallback.as_str().into()));
        form.push(("FallbackMethod", "POST".into()));
    }
    form.push(("StatusCallback", urls.status.as_str().into()));
    form.push(("StatusCallbackMethod", "POST".into()));
    if can.name_events {
        // Without `initiated` a lost reply would stay unbound until the phone rings.
        for event in ["initiated", "ringing", "answered", "completed"] {
            form.push(("StatusCallbackEvent", event.into()));
        }
    }
    form
}

fn found_call(call: &Call) -> Option<FoundCall> {
    Some(FoundCall {
        call: call.sid()?,
        status: call.status()?,
    })
}
