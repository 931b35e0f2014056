//! One request to a monitor and its reply, bounded in time and size.

use std::time::Duration;

use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};

use crate::notice::{Delivery, post};

/// A reply larger than this is not read, in bytes. A page of 100 alerts of Mackerel with their memos may have megabytes.
const BODY_LIMIT: usize = 10 << 20;

/// So much of a server's own words is shown, in characters.
const WORDS_LIMIT: usize = 300;

/// Why a monitor did not do or say what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MonitorError {
    /// Not this time, or nobody knows: the connection, a time-out, 408, 425, 429, 5xx, a reply that cannot be read.
    #[error("{why}")]
    Unreachable {
        /// What happened.
        why: String,
        /// How long the monitor asks to wait; zero if it does not say.
        after: Duration,
    },
    /// It will never do this. Says what to do.
    #[error("{why}")]
    Refused {
        /// What happened, and after a semicolon how to mend it.
        why: String,
    },
}

impl MonitorError {
    pub(super) fn unreachable(why: impl Into<String>) -> Self {
        Self::Unreachable {
            why: why.into(),
            after: Duration::ZERO,
        }
    }

    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }
}

impl From<MonitorError> for Delivery {
    fn from(error: MonitorError) -> Self {
        match error {
            MonitorError::Unreachable { why, after } => Self::Retry { after, why },
            MonitorError::Refused { why } => Self::Permanent { why },
        }
    }
}

/// A reply whose status is none of those that pass by themselves.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends a request, which should have a time-out, and reads the reply.
pub(super) async fn exchange(request: RequestBuilder) -> Result<Reply, MonitorError> {
    let mut response = request.send().await.map_err(|error| judge(&error))?;
    let status = response.status().as_u16();
    if post::is_passing(status) {
        return Err(MonitorError::Unreachable {
            why: format!("HTTP status {status}"),
            after: post::retry_after(&response),
        });
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_LIMIT => {
                return Err(MonitorError::unreachable("the reply is too large"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(Reply { status, body }),
            Err(_) => return Err(MonitorError::unreachable("the reply broke off")),
        }
    }
}

fn judge(error: &reqwest::Error) -> MonitorError {
    match post::reason(error) {
        Some(why) => MonitorError::unreachable(why),
        None => MonitorError::refused(
            "the address is not an http(s) URL, or the token cannot stand in a header; mend url or the token",
        ),
    }
}

/// A server's own words in one line, cut, without the token.
pub(super) fn words(text: &str, token: &SecretString) -> String {
    let token = token.expose_secret();
    let text = if token.is_empty() {
        text.to_owned()
    } else {
        text.replace(token, "[token]")
    };
    let line: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    line.join(" ").chars().take(WORDS_LIMIT).collect()
}
