//! Twilio Programmable Voice, API version 2010-04-01, and services that speak the same.
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
//! request whose reply was lost was carried out is told by [`Provider::find`] or by the first callback.

#[cfg(test)]
mod connection_faults;
mod exchange;
#[cfg(test)]
mod finding;
mod inspect;
#[cfg(test)]
mod quartet;
mod resource;
mod throttle;
mod verdict;

use std::{borrow::Cow, time::Duration};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

pub use inspect::{CallerId, Inspection};

use super::{CallRequest, CallState, FoundCall, Provider, Reply, transport};
use crate::{
    escalation::{CallSid, Fault, FaultClass, ProviderName},
    roster::PhoneNumber,
    voice::twiml,
};
use resource::{AccountState, Call, Page};

/// Twilio's own address.
pub const BASE_URL: &str = "https://api.twilio.com";

/// Twilio rings for at most 600 s (Call resource, Timeout).
const MAX_RING_SECS: i64 = 600;

/// `date_created` has whole seconds, and clocks differ a little.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(2);

/// [`Provider::find`] looks at no more pages of 50 calls than this.
const MAX_PAGES: usize = 4;

/// The account that places the calls.
#[derive(Clone, Debug)]
pub struct Account {
    /// [`BASE_URL`] unless a test, a proxy or a compatible service says otherwise; may have a path.
    pub base_url: String,
    /// `AC...`
    pub account_sid: String,
    /// The password of that account.
    pub auth_token: SecretString,
    /// The caller id: a number of the account, or a verified one.
    pub from: PhoneNumber,
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
    account: Account,
    client: reqwest::Client,
    timing: Timing,
}

impl Twilio {
    /// With the usual [`Timing`]. The client is [`super::client()`]'s.
    pub fn new(name: ProviderName, account: Account, client: reqwest::Client) -> Self {
        Self {
            name,
            account,
            client,
            timing: Timing::default(),
        }
    }

    /// With another timing.
    #[must_use]
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    fn calls_url(&self) -> String {
        format!(
            "{}/2010-04-01/Accounts/{}/Calls.json",
            self.account.base_url.trim_end_matches('/'),
            self.account.account_sid
        )
    }

    fn call_url(&self, call: &CallSid) -> Result<String, Fault> {
        if !resource::is_plain(call.as_str()) {
            let text = "the name of the call cannot stand in a URL";
            return Err(transport::fault(FaultClass::Ours, text));
        }
        Ok(format!(
            "{}/2010-04-01/Accounts/{}/Calls/{call}.json",
            self.account.base_url.trim_end_matches('/'),
            self.account.account_sid
        ))
    }

    async fn place_call(&self, request: &CallRequest) -> Result<CallSid, Fault> {
        let form = create_form(request, &self.account.from);
        let accepted = self.post(&self.calls_url(), &form).await?;
        let call: Call = resource::parse(&accepted.body?)?;
        call.sid().ok_or_else(|| {
            let text = "accepted, but the reply names no call";
            transport::fault(FaultClass::Ambiguous, text)
        })
    }

    /// Reads the account (Account resource), which costs nothing.
    async fn check_account(&self) -> Result<(), Fault> {
        let url = format!(
            "{}/2010-04-01/Accounts/{}.json",
            self.account.base_url.trim_end_matches('/'),
            self.account.account_sid
        );
        let found: AccountState = self.read(&url).await?;
        match found.status.as_deref() {
            Some("suspended" | "closed") => {
                let text = "the account is suspended or closed; see Twilio's console";
                Err(transport::fault(FaultClass::Account, text))
            }
            _ => Ok(()),
        }
    }

    /// `completed` hangs up a call that talks, and by the documentation one that rings too. Should that be refused because
    /// of the call's state, `canceled` ends one that is queued or rings; if that is refused as well, the call is over.
    async fn end_call(&self, call: &CallSid) -> Result<(), Fault> {
        let url = self.call_url(call)?;
        for status in ["completed", "canceled"] {
            match self.post(&url, &[("Status", status.into())]).await {
                Err(refused) if refused.code == Some(verdict::WRONG_STATE) => {}
                Err(refused) if refused.status == Some(404) => return Ok(()),
                // The head says that it is done; the body adds nothing.
                other => return other.map(drop).map_err(Fault::from),
            }
        }
        Ok(())
    }

    async fn state_of(&self, call: &CallSid) -> Result<CallState, Fault> {
        let call: Call = match self.read(&self.call_url(call)?).await {
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
        let since = since.saturating_sub(CLOCK_SLACK).unwrap_or(Timestamp::MIN);
        let mut url = self.list_url(to)?;
        for _ in 0..MAX_PAGES {
            let page: Page = self.read(&url).await?;
            let newest = page
                .calls
                .iter()
                .filter(|call| call.is_to(to.e164()))
                .filter_map(|call| Some((call.created_at()?, call)))
                .filter(|(created_at, _)| *created_at >= since)
                .filter_map(|(created_at, call)| Some((created_at, found(call)?)))
                .filter(|(_, found)| !known.contains(&found.call))
                .max_by_key(|(created_at, _)| *created_at);
            if let Some((_, found)) = newest {
                return Ok(Some(found));
            }
            // The list is newest first: a page that ends before `since` is the last of interest.
            let oldest = page.calls.last().and_then(Call::created_at);
            match page.next_page_uri {
                Some(next) if oldest.is_none_or(|oldest| oldest >= since) => {
                    url = self.next_page(&next)?;
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn list_url(&self, to: &PhoneNumber) -> Result<String, Fault> {
        let mut url = url::Url::parse(&self.calls_url()).map_err(|_| not_a_url())?;
        url.query_pairs_mut()
            .append_pair("To", to.e164())
            .append_pair("From", self.account.from.e164())
            .append_pair("PageSize", "50");
        Ok(url.into())
    }

    /// Resolves `next_page_uri`, a path with a query. Our credentials go to no other host, whatever it says.
    fn next_page(&self, next: &str) -> Result<String, Fault> {
        let base = url::Url::parse(&self.calls_url()).map_err(|_| not_a_url())?;
        match base.join(next) {
            Ok(url) if url.origin() == base.origin() => Ok(url.into()),
            _ => {
                let text = "the list of calls goes on at another host";
                Err(transport::fault(FaultClass::Provider, text))
            }
        }
    }
}

impl Provider for Twilio {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn probe(&self) -> Reply<'_, ()> {
        Box::pin(self.check_account())
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
fn create_form<'a>(request: &'a CallRequest, from: &'a PhoneNumber) -> Vec<Field<'a>> {
    let ring_secs = whole_seconds(request.ring_timeout).clamp(1, MAX_RING_SECS);
    let limit_secs = whole_seconds(request.call_limit).max(1);
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
        form.extend([
            ("FallbackUrl", urls.fallback.as_str().into()),
            ("FallbackMethod", "POST".into()),
            ("StatusCallback", urls.status.as_str().into()),
            ("StatusCallbackMethod", "POST".into()),
        ]);
        // Without `initiated` a lost reply would stay unbound until the phone rings.
        for event in ["initiated", "ringing", "answered", "completed"] {
            form.push(("StatusCallbackEvent", event.into()));
        }
    }
    if request.detect_machine {
        // In the background: by default the detection holds the message up until it is done.
        form.push(("MachineDetection", "Enable".into()));
        form.push(("AsyncAmd", "true".into()));
    }
    form.push(("Timeout", ring_secs.to_string().into()));
    form.push(("TimeLimit", limit_secs.to_string().into()));
    form
}

/// Rounded up.
fn whole_seconds(duration: SignedDuration) -> i64 {
    duration
        .as_secs()
        .saturating_add(i64::from(duration.subsec_nanos() > 0))
}

fn found(call: &Call) -> Option<FoundCall> {
    Some(FoundCall {
        call: call.sid()?,
        status: call.status()?,
    })
}

fn not_a_url() -> Fault {
    let text = "the base URL is not a URL";
    transport::fault(FaultClass::Ours, text)
}
