//! A Slack incoming webhook: POST `{"text": ...}`.
//!
//! Slack, "Sending messages using incoming webhooks" and "Rate limits": 200 `ok`; about one message a second, more is 429
//! with `Retry-After`; 4xx with a word such as `no_service`, `invalid_payload`, `channel_is_archived`; 5xx with
//! `rollup_error`. Tried against scripted servers, not against Slack.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    Notice,
    post::{self, Sender, Sent},
    text::{self, Markup},
};
use crate::roster::Language;

/// Posts to one channel.
#[derive(Debug)]
pub struct Slack {
    url: SecretString,
    language: Language,
    client: reqwest::Client,
    timeout: Duration,
}

impl Slack {
    /// `url` is the webhook's address, which is a secret. The client should follow no redirects.
    pub fn new(url: SecretString, language: Language, client: reqwest::Client) -> Self {
        Self {
            url,
            language,
            client,
            timeout: post::TIMEOUT,
        }
    }
}

impl Sender for Slack {
    fn send<'a>(&'a self, notice: &'a Notice) -> Sent<'a> {
        let text = text::render(notice, self.language, Markup::Slack);
        let request = self
            .client
            .post(self.url.expose_secret())
            .timeout(self.timeout)
            .json(&json!({ "text": text }));
        Box::pin(post::post(request, error_word))
    }
}

/// The body, if it is one of Slack's error words and not a page of HTML.
fn error_word(body: &str) -> Option<&str> {
    let is_word = (1..=64).contains(&body.len())
        && body
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_word.then_some(body)
}

#[cfg(test)]
mod tests {
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{any, body_json, header, method, path},
    };

    use super::*;
    use crate::{
        escalation::News,
        notice::{Delivery, samples},
    };

    const SECRET: &str = "/services/T00/B00/secretsecret";

    fn slack(base: &str) -> Slack {
        let url = format!("{base}{SECRET}").into();
        Slack::new(url, Language::En, samples::client())
    }

    fn retry(after_secs: u64, why: &str) -> Delivery {
        Delivery::Retry {
            after: Duration::from_secs(after_secs),
            why: why.to_owned(),
        }
    }

    fn permanent(why: &str) -> Delivery {
        let why = why.to_owned();
        Delivery::Permanent { why }
    }

    async fn check(reply: ResponseTemplate, expected: Delivery) {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(reply)
            .expect(1)
            .mount(&server)
            .await;
        let slack = slack(&server.uri());
        assert_eq!(
            slack.send(&samples::notice("slack", News::Opened)).await,
            expected
        );
    }

    #[tokio::test]
    async fn slack_gets_the_text_as_json() {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path(SECRET))
            .and(header("Content-Type", "application/json"))
            .and(body_json(
                json!({"text": "*[CRITICAL]* db1: Disk full (db)\nNew alert."}),
            ))
            .respond_with(ResponseTemplate::new(200).set_body_string("ok"))
            .expect(1)
            .mount(&server)
            .await;
        let sent = slack(&server.uri())
            .send(&samples::notice("slack", News::Opened))
            .await;
        assert_eq!(sent, Delivery::Delivered);
    }

    #[tokio::test]
    async fn slacks_refusals_are_final_and_its_troubles_are_not() {
        let reply = |status, body: &str| ResponseTemplate::new(status).set_body_string(body);
        for (reply, expected) in [
            (reply(200, "ok"), Delivery::Delivered),
            (
                reply(400, "invalid_payload"),
                permanent("HTTP status 400, invalid_payload"),
            ),
            (
                reply(403, "action_prohibited"),
                permanent("HTTP status 403, action_prohibited"),
            ),
            (
                reply(404, "no_service\n"),
                permanent("HTTP status 404, no_service"),
            ),
            (
                reply(410, "channel_is_archived"),
                permanent("HTTP status 410, channel_is_archived"),
            ),
            (
                reply(404, "<html>call +819012345678</html>"),
                permanent("HTTP status 404"),
            ),
            (
                reply(404, &"a".repeat(100_000)),
                permanent("HTTP status 404"),
            ),
            (
                reply(302, "").insert_header("Location", "https://elsewhere.example/"),
                permanent("HTTP status 302"),
            ),
            (
                reply(429, "rate_limited").insert_header("Retry-After", "30"),
                retry(30, "HTTP status 429, rate_limited"),
            ),
            (reply(429, ""), retry(0, "HTTP status 429")),
            (
                reply(429, "").insert_header("Retry-After", "soon"),
                retry(0, "HTTP status 429"),
            ),
            (
                reply(500, "rollup_error"),
                retry(0, "HTTP status 500, rollup_error"),
            ),
            (reply(503, "<html>"), retry(0, "HTTP status 503")),
        ] {
            check(reply, expected).await;
        }
    }

    #[tokio::test]
    async fn a_reply_slower_than_the_time_out_is_tried_again() {
        let server = MockServer::start().await;
        let slow = ResponseTemplate::new(200).set_delay(post::TIMEOUT);
        Mock::given(any()).respond_with(slow).mount(&server).await;
        let slack = Slack {
            timeout: Duration::from_millis(300),
            ..slack(&server.uri())
        };
        let sent = slack.send(&samples::notice("slack", News::Opened)).await;
        assert_eq!(sent, retry(0, "no reply within the time-out"));
    }

    #[tokio::test]
    async fn a_dead_address_is_tried_again_and_one_that_is_none_is_not() {
        let dead = slack(samples::dead_url().trim_end_matches("/x"));
        let notice = samples::notice("slack", News::Opened);
        assert_eq!(dead.send(&notice).await, retry(0, "no connection"));
        let expected = permanent("the address is not an http(s) URL");
        assert_eq!(slack("hooks.slack.com").send(&notice).await, expected);
    }

    #[test]
    fn the_address_is_not_printed() {
        let text = format!("{:?}", slack("https://hooks.slack.com"));
        assert!(!text.contains("secretsecret"), "{text}");
    }
}
