//! Whether a carrier reaches the core, looked at from outside in: requests go to `server.public_url`, and the core that runs
//! here must be the one that answers, must see the very address that was asked for, and must find a webhook well signed.
//!
//! All of it goes to the place of a call that is none ([`crate::voice::PlaceKind::Probe`]), which changes nothing.

mod seal;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde::Deserialize;

use seal::Seal;

use super::{
    certificate,
    finding::{Finding, Level},
    web::{self, Reply},
};
use crate::{
    config::{Config, ProviderKind},
    escalation::ProviderName,
    handoff::core_lock,
    provider,
    store::Reader,
    voice::{Links, PROBE, TokenKey},
};

const NAME: &str = "public URL";

/// How long the token of a probe is good. The core judges it by a clock that setting the wall clock does not move, so there is
/// room; whoever reads it off a proxy's log learns no more from it than that a rinban answers.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How long before its end a certificate should be renewed. Let's Encrypt's are, 30 days before.
const RENEW: SignedDuration = SignedDuration::from_hours(24 * 14);

/// A query that would not survive being read and written again.
const QUERY: &str = "?a=1+2&b=%2F%7e&a=&c";

pub(super) async fn check(config: Arc<Config>) -> Vec<Finding> {
    if config.server.is_outbound_only {
        let text = "none is needed: the server is outbound-only";
        return vec![Finding::ok(NAME, text)];
    }
    if !is_public(&config) {
        let text = "none is needed: no provider calls back from outside";
        return vec![Finding::ok(NAME, text)];
    }
    if !core_lock::is_core_ready(&config.state_dir).unwrap_or(false) {
        let text = "not looked at, since no core runs that could answer";
        return vec![Finding::warn(
            NAME,
            text,
            "start the rinban service, then run this again",
        )];
    }
    let state_dir = config.state_dir.clone();
    let snapshot = tokio::task::spawn_blocking(move || Reader::open(&state_dir)?.snapshot()).await;
    let key = match snapshot {
        Ok(Ok(snapshot)) => TokenKey::new(&snapshot.token_key),
        Ok(Err(error)) => return vec![Finding::told(NAME, Level::Fail, &error.to_string())],
        Err(_) => return Vec::new(),
    };
    let client = match provider::client_that_tells(config.server.public_url.as_str()) {
        Ok(client) => client,
        Err(error) => return vec![Finding::told(NAME, Level::Fail, &error.to_string())],
    };
    let trip = RoundTrip {
        links: Links::new(config.server.public_url.clone(), key),
        client,
        listen: config.server.listen.to_string(),
    };
    let mut findings = Vec::new();
    for provider in &config.providers {
        if sends(&provider.kind) {
            let seal = Seal::of(&provider.kind);
            findings.extend(trip.of(&provider.name, seal, Timestamp::now()).await);
        }
    }
    findings.dedup();
    findings
}

fn is_public(config: &Config) -> bool {
    let mut kinds = config.providers.iter().map(|provider| &provider.kind);
    kinds.any(sends)
}

/// Whether a carrier asks us from outside what to say, or tells us how a message goes.
fn sends(kind: &ProviderKind) -> bool {
    !matches!(kind, ProviderKind::Simulated | ProviderKind::PaaSoo(_))
}

/// Requests from outside in.
struct RoundTrip {
    links: Links,
    client: Client,
    /// Where the core listens, for what to do.
    listen: String,
}

/// What the core answers.
#[derive(Deserialize)]
struct Answer {
    /// The request target as it arrived.
    target: String,
    /// Whether the signature of a webhook was found good.
    verified: bool,
    /// Shows that it is our core that says so.
    tag: String,
}

impl RoundTrip {
    async fn of(
        &self,
        provider: &ProviderName,
        seal: Option<Seal<'_>>,
        now: Timestamp,
    ) -> Vec<Finding> {
        let url = self
            .links
            .of_attempt(provider, PROBE, now + GOOD_FOR, "")
            .probe();
        let url = format!("{url}{QUERY}");
        let mut findings = match web::get(&self.client, &url).await {
            Ok(reply) => self.echo(&url, &reply, now),
            Err(why) => vec![self.unreached(&why)],
        };
        let is_well = findings.iter().all(|finding| finding.level != Level::Fail);
        if let Some(seal) = seal.filter(|_| is_well) {
            findings.push(self.webhook(provider, &seal, &url).await);
        }
        findings
    }

    fn unreached(&self, why: &str) -> Finding {
        Finding::fail(
            NAME,
            format!("{} cannot be reached: {why}", self.links.public()),
            format!(
                "check name, firewall, certificate (with its chain) and the proxy that leads to {}; if this host cannot \
                 reach its own public address, run this from another network too",
                self.listen
            ),
        )
    }

    /// What comes back of a plain request.
    fn echo(&self, url: &str, reply: &Reply, now: Timestamp) -> Vec<Finding> {
        let mut findings: Vec<_> = reply
            .certificate
            .as_deref()
            .and_then(certificate::not_after)
            .map(|until| expiry(until, now))
            .into_iter()
            .collect();
        findings.push(match self.answer(url, reply) {
            Ok(_) => Finding::ok(
                NAME,
                format!(
                    "{} leads to this core, path and query unchanged",
                    self.links.public()
                ),
            ),
            Err((text, remedy)) => Finding::fail(NAME, text, remedy),
        });
        findings
    }

    /// A webhook as the provider sends it.
    async fn webhook(&self, provider: &ProviderName, seal: &Seal<'_>, url: &str) -> Finding {
        let request = seal.request(&self.client, url, Timestamp::now());
        let reply = match web::send(request).await {
            Ok(reply) => reply,
            Err(why) => return self.unreached(&why),
        };
        if reply.status == 403 {
            return Finding::fail(
                NAME,
                format!("a webhook signed as {provider} signs it is refused"),
                format!(
                    "if the token was changed, restart the rinban service; else let the proxy pass POST bodies and the \
                     header {} on as they are. The core's log names the reason",
                    seal.header()
                ),
            );
        }
        match self.answer(url, &reply) {
            Ok(true) => Finding::ok(
                NAME,
                format!("a webhook signed as {provider} signs it is taken for genuine"),
            ),
            Ok(false) => Finding::fail(
                NAME,
                "a POST arrives as a GET",
                "let the proxy pass POST requests on as they are",
            ),
            Err((text, remedy)) => Finding::fail(NAME, text, remedy),
        }
    }

    /// Whether the webhook was verified; or what is wrong and what to do, unless our core has seen this very address.
    fn answer(&self, url: &str, reply: &Reply) -> Result<bool, (String, String)> {
        let public = self.links.public();
        let wrong = |text: String, remedy: String| Err((text, remedy));
        if reply.status != 200 {
            return Err(self.refused(reply));
        }
        let Ok(answer) = serde_json::from_slice::<Answer>(&reply.body) else {
            return wrong(
                format!("something else than rinban answers at {public}"),
                format!(
                    "let the proxy pass {public}/v1/calls/ on to {}",
                    self.listen
                ),
            );
        };
        if self.links.key().answer(&answer.target) != answer.tag {
            return wrong(
                format!("another core than the one on this host answers at {public}"),
                format!(
                    "let {public} lead to {}, or run this where that core runs",
                    self.listen
                ),
            );
        }
        if public.of_target(&answer.target) != url {
            let (asked, arrived) = (path_of(url), &answer.target);
            return wrong(
                format!("the address is changed on its way: {asked} arrives as {arrived}"),
                "let the proxy pass the request target on as it is (nginx: `proxy_pass` without a path, \
                 `merge_slashes off`), since signatures cover it"
                    .to_owned(),
            );
        }
        Ok(answer.verified)
    }

    fn refused(&self, reply: &Reply) -> (String, String) {
        let public = self.links.public();
        let status = reply.status;
        let to = &self.listen;
        match (status, &reply.location) {
            (300..=399, Some(location)) => (
                format!("{public} redirects to {}", location.split('?').next().unwrap_or(location)),
                "write the address where it ends into `server.public_url`; no signed webhook survives a redirect".to_owned(),
            ),
            (401 | 407, _) => (
                format!("{public} asks for a password (HTTP status {status})"),
                "let /v1/calls/ through without one: webhooks are authenticated by their signature".to_owned(),
            ),
            (403, _) => (
                format!("{public} refuses the request (HTTP status 403)"),
                format!("let the proxy, its firewall included, pass /v1/calls/ on to {to}, the core of this host"),
            ),
            (404, _) => (
                format!("{public} does not lead to rinban (HTTP status 404)"),
                format!("let the proxy pass /v1/calls/ on to {to}; restart the rinban service if it is an older version"),
            ),
            (502..=504, _) => (
                format!("the proxy of {public} does not reach the core (HTTP status {status})"),
                format!("let it pass requests on to {to}, where the core listens"),
            ),
            _ => (
                format!("{public} answers with HTTP status {status}"),
                format!("see the log of the proxy in front of {to}"),
            ),
        }
    }
}

/// Without the host, whose token is of no interest here.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or(rest, |at| &rest[at..])
}

fn expiry(until: Timestamp, now: Timestamp) -> Finding {
    let left = until.duration_since(now);
    let days = left.as_hours() / 24;
    let text = format!("the certificate holds until {until:.0}, {days} days");
    const REMEDY: &str = "renew it, and see why that did not happen by itself (certbot renew)";
    if left <= SignedDuration::ZERO {
        Finding::fail(NAME, text, REMEDY)
    } else if left < RENEW {
        Finding::warn(NAME, text, REMEDY)
    } else {
        Finding::ok(NAME, text)
    }
}

#[cfg(test)]
mod tests;
