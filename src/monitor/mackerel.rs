//! Mackerel, by its REST API (Mackerel, "API: Alerts", "Channels", "Graph annotations").

#[cfg(test)]
mod quartet;
mod reader;
mod suspended;
mod writer;

pub use reader::Reader;
pub use suspended::{Suspended, suspended};
pub use writer::Writer;

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    MonitorError,
    exchange::{Reply, exchange, words},
};
use crate::notice::post;

/// Where the API is, unless the configuration says otherwise.
pub const BASE_URL: &str = "https://api.mackerelio.com";

/// Mackerel: a memo has at most so many bytes (80 KB; more is 413).
pub const MEMO_BYTES: usize = 80_000;

/// Mackerel: a page of alerts has at most so many.
const PAGE: usize = 100;

/// So many pages of alerts are read.
const PAGES: usize = 20;

/// Whether a text may be what Mackerel calls an alert: letters and digits, safe in a path.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A client of one organization; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    base_url: String,
    api_key: SecretString,
    client: reqwest::Client,
    timeout: Duration,
}

/// An alert, as Mackerel tells of it. Fields that nobody here needs are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Its id.
    pub id: String,
    /// `OK`, `WARNING`, `CRITICAL` or `UNKNOWN`.
    #[serde(default)]
    pub status: String,
    /// Such as `host` or `check`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// What people, and we, wrote to it.
    #[serde(default)]
    pub memo: Option<String>,
    /// Why somebody closed it.
    #[serde(default)]
    pub reason: Option<String>,
    /// In seconds since the epoch.
    #[serde(default)]
    pub opened_at: i64,
    /// In seconds since the epoch; none while it is open.
    #[serde(default)]
    pub closed_at: Option<i64>,
}

/// What Mackerel knows of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The alert is open.
    Open(Alert),
    /// The alert is closed.
    Closed(Alert),
    /// There is no such alert.
    Unknown,
}

/// A channel of notifications.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Such as `webhook`.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Of a webhook: where it posts. It may hold a password or a secret path.
    #[serde(default, deserialize_with = "secret")]
    pub url: Option<SecretString>,
    /// Of a webhook: what it is told of, such as `alert`.
    #[serde(default)]
    pub events: Option<Vec<String>>,
    /// Since when Mackerel sends nothing any more, in seconds since the epoch; none while it sends.
    #[serde(default)]
    pub suspended_at: Option<i64>,
}

/// A span of time to be marked on the graphs of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation<'a> {
    /// The service.
    pub service: &'a str,
    /// In one line.
    pub title: &'a str,
    /// Seconds since the epoch.
    pub from: i64,
    /// Seconds since the epoch.
    pub to: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    alerts: Vec<Alert>,
    next_id: Option<String>,
}

#[derive(Deserialize)]
struct Channels {
    channels: Vec<Channel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    graph_annotations: Vec<Titled>,
}

#[derive(Deserialize)]
struct Titled {
    title: String,
}

impl Client {
    /// `base_url` has no slash at its end; the client should follow no redirects.
    pub fn new(base_url: String, api_key: SecretString, client: reqwest::Client) -> Self {
        Self {
            base_url,
            api_key,
            client,
            timeout: post::TIMEOUT,
        }
    }

    #[cfg(test)]
    fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// What Mackerel knows of an alert. Needs a key that may read.
    pub async fn alert(&self, id: &str) -> Result<Found, MonitorError> {
        if !is_id(id) {
            return Ok(Found::Unknown);
        }
        let reply = exchange(self.request(Method::GET, &format!("/api/v0/alerts/{id}"))).await?;
        if reply.status == 404 {
            return Ok(Found::Unknown);
        }
        let alert: Alert = self.read(&reply)?;
        Ok(match alert.closed_at {
            Some(_) => Found::Closed(alert),
            None => Found::Open(alert),
        })
    }

    /// All open alerts, newest first. Needs a key that may read.
    pub async fn open_alerts(&self) -> Result<Vec<Alert>, MonitorError> {
        let mut alerts = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut path = format!("/api/v0/alerts?limit={PAGE}");
            if let Some(id) = next.filter(|id| is_id(id)) {
                path = format!("{path}&nextId={id}");
            }
            let page: Page = self.call(Method::GET, &path, None).await?;
            alerts.extend(page.alerts);
            next = page.next_id;
            if next.is_none() {
                return Ok(alerts);
            }
        }
        Err(MonitorError::unreachable(format!(
            "more than {} alerts are open",
            PAGE * PAGES
        )))
    }

    /// The channels of the organization. Needs a key that may read.
    pub async fn channels(&self) -> Result<Vec<Channel>, MonitorError> {
        let channels: Channels = self.call(Method::GET, "/api/v0/channels", None).await?;
        Ok(channels.channels)
    }

    /// Replaces the memo of an alert. Needs a key that may write.
    pub async fn set_memo(&self, id: &str, memo: &str) -> Result<(), MonitorError> {
        let path = alert_path(id)?;
        self.call(Method::PUT, &path, Some(json!({ "memo": memo })))
            .await
            .map(|_: Value| ())
    }

    /// Closes an alert. Needs a key that may write. One that is watched by a metric opens again if the metric is still bad.
    pub async fn close(&self, id: &str, reason: &str) -> Result<(), MonitorError> {
        let path = format!("{}/close", alert_path(id)?);
        self.call(Method::POST, &path, Some(json!({ "reason": reason })))
            .await
            .map(|_: Value| ())
    }

    /// Marks a span of time on the graphs of a service, unless a mark with this title is there already. Needs a key that may
    /// write.
    pub async fn annotate(&self, annotation: &Annotation<'_>) -> Result<(), MonitorError> {
        let Annotation {
            service,
            title,
            from,
            to,
        } = *annotation;
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("service", service)
            .append_pair("from", &from.to_string())
            .append_pair("to", &to.to_string())
            .finish();
        let path = format!("/api/v0/graph-annotations?{query}");
        let there: Annotations = self.call(Method::GET, &path, None).await?;
        let same = |there: &Titled| there.title == title;
        if there.graph_annotations.iter().any(same) {
            return Ok(());
        }
        let body = json!({ "service": service, "title": title, "from": from, "to": to });
        self.call(Method::POST, "/api/v0/graph-annotations", Some(body))
            .await
            .map(|_: Value| ())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.base_url))
            .timeout(self.timeout)
            .header("X-Api-Key", self.api_key.expose_secret())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, MonitorError> {
        let mut request = self.request(method, path);
        if let Some(body) = &body {
            request = request.json(body);
        }
        self.read(&exchange(request).await?)
    }

    fn read<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, MonitorError> {
        if reply.is_success() {
            return serde_json::from_slice(&reply.body).map_err(|_| {
                MonitorError::unreachable("the reply is not what Mackerel documents")
            });
        }
        let status = reply.status;
        let said = match self.said(&reply.body) {
            Some(said) => format!("HTTP status {status}, {said}"),
            None => format!("HTTP status {status}"),
        };
        let remedy = match status {
            300..=399 => "write the address that it leads to into url",
            401 => {
                "take an API key of this organization, and put it where token_env or token_file points"
            }
            403 => {
                "give the API key the right to write, and let it be used from this host's address"
            }
            404 => "the alert is gone, or url is not that of Mackerel's API",
            _ => "see what Mackerel's documentation of the API says of it",
        };
        Err(MonitorError::refused(format!("{said}; {remedy}")))
    }

    /// The error of a reply: `{"error": {"message": ...}}` or `{"error": ...}`.
    fn said(&self, body: &[u8]) -> Option<String> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = body.get("error")?;
        let said = error.get("message").unwrap_or(error).as_str()?;
        Some(words(said, &self.api_key)).filter(|said| !said.is_empty())
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

fn alert_path(id: &str) -> Result<String, MonitorError> {
    if is_id(id) {
        return Ok(format!("/api/v0/alerts/{id}"));
    }
    Err(MonitorError::refused(
        "this is no alert id of Mackerel; nothing can be written to it",
    ))
}
