//! Any HTTP endpoint: POST of the notice as JSON. The shape is a promise; new fields may be added to it.
//!
//! ```json
//! {
//!   "version": 1,
//!   "event": "not_reached",
//!   "at": "2025-11-22T01:09:00Z",
//!   "group": "db",
//!   "escalation": 42,
//!   "severity": "critical",
//!   "source": "zabbix",
//!   "dedup": "1234",
//!   "title": "Disk full",
//!   "host": "db1",
//!   "url": "https://zabbix.example/tr_events.php?triggerid=1234",
//!   "waiting": 1,
//!   "open": 1,
//!   "member": "taro",
//!   "outcome": "busy",
//!   "text": "[CRITICAL] db1: Disk full (db)\ntaro's line was busy."
//! }
//! ```
//!
//! `event` is one of `opened`, `noted`, `calling` (`member`, `round`), `not_reached` (`member`, `outcome`, perhaps `fault`), `answered`
//! (`member`), `acknowledged` (`by`), `closed` (`by`), `recovered` (perhaps `reason`), `resumed`, `nobody_on_call`,
//! `exhausted` (`rounds`), `broken` (`provider`, `fault`), `provider` (`provider`, `channel`, `became`; see [`Became`]), which
//! belongs to no run. `outcome` is one of `busy`, `no_answer`, `failed`, `canceled`,
//! `no_key`, `passed`, `unheard`, `lost`, `not_placed`, `no_provider`, `engaged`, `resting`. `fault` has `class` (`provider`,
//! `account`, `callee`, `ours`, `ambiguous`), `text` and perhaps `code`, the provider's number. `host` and `url` are left out
//! where the alert has none. `waiting` counts open alerts that nobody has taken, `open` all open ones.
//!
//! The header `Idempotency-Key` is the same whenever the same notice is sent again.

use std::{fmt::Write, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Notice,
    post::{self, Sender, Sent},
    text::{self, Markup},
};
use crate::{
    alert::Severity,
    escalation::{Became, Fault, News, Outcome},
    roster::{Channel, Language},
};

/// Posts to one endpoint. 2xx is delivered; 408, 425, 429 and 5xx are tried again; everything else is given up.
#[derive(Debug)]
pub struct Webhook {
    url: SecretString,
    language: Language,
    client: reqwest::Client,
    timeout: Duration,
}

impl Webhook {
    /// `url` is the endpoint's address, which is a secret. The client should follow no redirects.
    pub fn new(url: SecretString, language: Language, client: reqwest::Client) -> Self {
        Self {
            url,
            language,
            client,
            timeout: post::TIMEOUT,
        }
    }
}

impl Sender for Webhook {
    fn send<'a>(&'a self, notice: &'a Notice) -> Sent<'a> {
        let request = self
            .client
            .post(self.url.expose_secret())
            .timeout(self.timeout)
            .header("Idempotency-Key", idempotency_key(notice))
            .json(&Body::of(notice, self.language));
        // A stranger's reply may say anything, so none of it is logged.
        Box::pin(post::post(request, |_| None))
    }
}

/// 32 hex digits from what the notice says, when and to whom: the same after a restart, different for every other notice.
fn idempotency_key(notice: &Notice) -> String {
    let json = serde_json::to_vec(notice).expect("names, numbers and texts can be written as JSON");
    let mut key = String::with_capacity(32);
    for byte in &Sha256::digest(json)[..16] {
        write!(key, "{byte:02x}").expect("a String takes everything");
    }
    key
}

/// What is sent.
#[derive(Debug, Serialize)]
struct Body<'a> {
    version: u32,
    event: &'static str,
    at: String,
    group: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    escalation: Option<u64>,
    severity: Severity,
    source: &'a str,
    dedup: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    waiting: u32,
    open: u32,
    #[serde(flatten)]
    details: Details<'a>,
    text: String,
}

/// What goes with some of the events.
#[derive(Debug, Default, Serialize)]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rounds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a Fault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    #[serde(flatten)]
    became: Option<&'a Became>,
}

impl<'a> Body<'a> {
    fn of(notice: &'a Notice, language: Language) -> Self {
        let headline = &notice.headline;
        let (event, details) = event(&notice.news);
        Self {
            version: 1,
            event,
            at: notice.at.to_string(),
            group: notice.group.as_str(),
            escalation: notice.escalation.map(|id| id.0),
            severity: headline.severity,
            source: headline.alert.source.as_str(),
            dedup: headline.alert.dedup.as_str(),
            title: &headline.title,
            host: headline.host.as_deref(),
            url: headline.url.as_deref(),
            waiting: notice.counts.waiting,
            open: notice.counts.open,
            details,
            text: text::render(notice, language, Markup::Plain),
        }
    }
}

fn event(news: &News) -> (&'static str, Details<'_>) {
    let mut details = Details::default();
    let event = match news {
        News::Opened => "opened",
        News::Noted => "noted",
        News::Calling { member, round } => {
            details.member = Some(member.as_str());
            details.round = Some(*round);
            "calling"
        }
        News::Writing { member, round } => {
            details.member = Some(member.as_str());
            details.round = Some(*round);
            "writing"
        }
        News::NotReached { member, outcome } => {
            details.member = Some(member.as_str());
            details.outcome = Some(outcome_word(outcome));
            if let Outcome::NotPlaced(fault) = outcome {
                details.fault = Some(fault);
            }
            "not_reached"
        }
        News::Answered { member } => {
            details.member = Some(member.as_str());
            "answered"
        }
        News::Acknowledged { by } => {
            details.by = Some(by);
            "acknowledged"
        }
        News::Closed { by } => {
            details.by = Some(by.as_str());
            "closed"
        }
        News::Recovered { reason } => {
            details.reason = reason.as_deref();
            "recovered"
        }
        News::Resumed => "resumed",
        News::NobodyOnCall => "nobody_on_call",
        News::Exhausted { rounds } => {
            details.rounds = Some(*rounds);
            "exhausted"
        }
        News::Provider {
            provider,
            channel,
            became,
        } => {
            details.provider = Some(provider.as_str());
            details.channel = Some(*channel);
            details.became = Some(became);
            "provider"
        }
        News::Broken { provider, fault } => {
            details.provider = Some(provider.as_str());
            details.fault = Some(fault);
            "broken"
        }
    };
    (event, details)
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Busy => "busy",
        Outcome::NoAnswer => "no_answer",
        Outcome::Failed => "failed",
        Outcome::Canceled => "canceled",
        Outcome::NoKey => "no_key",
        Outcome::Passed => "passed",
        Outcome::Taken => "taken",
        Outcome::Unheard => "unheard",
        Outcome::NotRinging => "not_ringing",
        Outcome::NoReply => "no_reply",
        Outcome::Lost => "lost",
        Outcome::NotPlaced(_) => "not_placed",
        Outcome::NoProvider => "no_provider",
        Outcome::Engaged => "engaged",
        Outcome::Resting => "resting",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{any, body_json, header, method, path},
    };

    use super::*;
    use crate::{
        escalation::FaultClass,
        notice::{Delivery, samples},
    };

    fn webhook(url: String) -> Webhook {
        Webhook::new(url.into(), Language::En, samples::client())
    }

    #[track_caller]
    fn check(news: News, event: &str, details: Value) {
        let notice = samples::notice("hook", news);
        let body = serde_json::to_value(Body::of(&notice, Language::En)).expect("JSON");
        let mut expected = json!({
            "version": 1,
            "event": event,
            "at": "2025-11-22T01:09:00Z",
            "group": "db",
            "escalation": 42,
            "severity": "critical",
            "source": "zabbix",
            "dedup": "1234",
            "title": "Disk full",
            "host": "db1",
            "waiting": 1,
            "open": 1,
            "text": text::render(&notice, Language::En, Markup::Plain),
        });
        for (name, value) in details.as_object().expect("an object") {
            expected[name] = value.clone();
        }
        assert_eq!(body, expected);
    }

    #[test]
    fn every_piece_of_news_has_its_documented_shape() {
        let fault = || Fault {
            class: FaultClass::Account,
            code: Some(20003),
            text: "the credentials were refused".to_owned(),
        };
        let fault_json = json!({
            "class": "account", "code": 20003, "text": "the credentials were refused",
        });
        let taro = || "taro".into();
        check(News::Opened, "opened", json!({}));
        check(
            News::Calling {
                member: taro(),
                round: 2,
            },
            "calling",
            json!({"member": "taro", "round": 2}),
        );
        check(
            News::Answered { member: taro() },
            "answered",
            json!({"member": "taro"}),
        );
        check(
            News::Acknowledged { by: "taro".into() },
            "acknowledged",
            json!({"by": "taro"}),
        );
        check(News::Closed { by: taro() }, "closed", json!({"by": "taro"}));
        check(News::Recovered { reason: None }, "recovered", json!({}));
        check(
            News::Recovered {
                reason: Some("deleted".into()),
            },
            "recovered",
            json!({"reason": "deleted"}),
        );
        check(News::Resumed, "resumed", json!({}));
        check(
            News::Provider {
                provider: "twilio".into(),
                channel: Channel::Voice,
                became: Became::ForcedOpen {
                    by: "aya".to_owned(),
                    why: "it drops calls".to_owned(),
                },
            },
            "provider",
            json!({
                "provider": "twilio",
                "channel": "voice",
                "became": "forced_open",
                "by": "aya",
                "why": "it drops calls",
            }),
        );
        check(News::NobodyOnCall, "nobody_on_call", json!({}));
        check(
            News::Exhausted { rounds: 3 },
            "exhausted",
            json!({"rounds": 3}),
        );
        check(
            News::Broken {
                provider: "twilio".into(),
                fault: fault(),
            },
            "broken",
            json!({"provider": "twilio", "fault": fault_json}),
        );
        for (outcome, word) in [
            (Outcome::Busy, "busy"),
            (Outcome::NoAnswer, "no_answer"),
            (Outcome::Failed, "failed"),
            (Outcome::Canceled, "canceled"),
            (Outcome::NoKey, "no_key"),
            (Outcome::Passed, "passed"),
            (Outcome::Taken, "taken"),
            (Outcome::Unheard, "unheard"),
            (Outcome::Lost, "lost"),
            (Outcome::NoProvider, "no_provider"),
            (Outcome::Engaged, "engaged"),
            (Outcome::Resting, "resting"),
        ] {
            let news = News::NotReached {
                member: taro(),
                outcome,
            };
            check(
                news,
                "not_reached",
                json!({"member": "taro", "outcome": word}),
            );
        }
        check(
            News::NotReached {
                member: taro(),
                outcome: Outcome::NotPlaced(fault()),
            },
            "not_reached",
            json!({"member": "taro", "outcome": "not_placed", "fault": fault_json}),
        );
    }

    #[test]
    fn the_key_is_the_same_for_the_same_notice_and_different_for_another() {
        let notice = samples::notice("hook", News::Opened);
        let key = idempotency_key(&notice);
        assert_eq!(key.len(), 32);
        assert_eq!(idempotency_key(&notice.clone()), key);
        let mut others = [
            samples::notice("other", News::Opened),
            samples::notice("hook", News::Resumed),
            notice.clone(),
            notice,
        ];
        others[2].at += jiff::SignedDuration::from_nanos(1);
        others[3].escalation = None;
        for other in &others {
            assert_ne!(idempotency_key(other), key, "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_webhook_gets_the_notice_and_the_same_key_each_time() {
        let server = MockServer::start().await;
        let notice = samples::notice("hook", News::Opened);
        let body = serde_json::to_value(Body::of(&notice, Language::En)).expect("JSON");
        Mock::given(method("POST"))
            .and(path("/hook"))
            .and(header("Content-Type", "application/json"))
            .and(header("Idempotency-Key", idempotency_key(&notice).as_str()))
            .and(body_json(body))
            .respond_with(ResponseTemplate::new(204))
            .expect(2)
            .mount(&server)
            .await;
        let webhook = webhook(format!("{}/hook", server.uri()));
        for _ in 0..2 {
            assert_eq!(webhook.send(&notice).await, Delivery::Delivered);
        }
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_and_nothing_of_a_strangers_reply_is_kept() {
        let retry = |after_secs, why: &str| Delivery::Retry {
            after: Duration::from_secs(after_secs),
            why: why.to_owned(),
        };
        let permanent = |why: &str| Delivery::Permanent {
            why: why.to_owned(),
        };
        for (status, expected) in [
            (200, Delivery::Delivered),
            (202, Delivery::Delivered),
            (301, permanent("HTTP status 301")),
            (400, permanent("HTTP status 400")),
            (404, permanent("HTTP status 404")),
            (408, retry(7, "HTTP status 408")),
            (425, retry(7, "HTTP status 425")),
            (429, retry(7, "HTTP status 429")),
            (500, retry(7, "HTTP status 500")),
            (503, retry(7, "HTTP status 503")),
        ] {
            let server = MockServer::start().await;
            let reply = ResponseTemplate::new(status)
                .insert_header("Retry-After", "7")
                .set_body_string("secret");
            Mock::given(any()).respond_with(reply).mount(&server).await;
            let sent = webhook(server.uri())
                .send(&samples::notice("hook", News::Opened))
                .await;
            assert_eq!(sent, expected);
        }
    }

    #[tokio::test]
    async fn a_webhook_that_is_slow_or_dead_is_tried_again() {
        let server = MockServer::start().await;
        let slow = ResponseTemplate::new(200).set_delay(post::TIMEOUT);
        Mock::given(any()).respond_with(slow).mount(&server).await;
        for (url, expected) in [
            (server.uri(), "no reply within the time-out"),
            (samples::dead_url(), "no connection"),
        ] {
            let webhook = Webhook {
                timeout: Duration::from_millis(300),
                ..webhook(url)
            };
            let sent = webhook.send(&samples::notice("hook", News::Opened)).await;
            let Delivery::Retry { why, .. } = sent else {
                panic!("{sent:?}")
            };
            assert_eq!(why, expected);
        }
    }
}
