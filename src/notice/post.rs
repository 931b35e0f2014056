//! One try to deliver a notice, and what came of it.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use reqwest::{RequestBuilder, Response, header::RETRY_AFTER};

use super::Notice;

/// A receiver that takes longer has failed this try.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// So much of a reply's body is read, in bytes. It is a word at best.
const BODY_LIMIT: usize = 1024;

/// What came of a try. `why` holds neither secrets nor addresses: an address is a secret here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has it.
    Delivered,
    /// Not this time, or nobody knows.
    Retry {
        /// How long the receiver asks to wait; zero if it does not say.
        after: Duration,
        /// What happened.
        why: String,
    },
    /// This notice will never be taken.
    Permanent {
        /// What happened.
        why: String,
    },
}

/// What [`Sender::send`] returns.
pub type Sent<'a> = Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;

/// A kind of receiver.
pub trait Sender: fmt::Debug + Send + Sync {
    /// Tries once, within a bounded time.
    fn send<'a>(&'a self, notice: &'a Notice) -> Sent<'a>;
}

/// Sends a request. `word` picks out of the reply's body what may stand in a log.
pub(super) async fn post(request: RequestBuilder, word: fn(&str) -> Option<&str>) -> Delivery {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return judge_error(&error),
    };
    let status = response.status().as_u16();
    if response.status().is_success() {
        return Delivery::Delivered;
    }
    let after = retry_after(&response);
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await
        && body.len() + chunk.len() <= BODY_LIMIT
    {
        body.extend_from_slice(&chunk);
    }
    let why = match word(String::from_utf8_lossy(&body).trim()) {
        Some(word) => format!("HTTP status {status}, {word}"),
        None => format!("HTTP status {status}"),
    };
    if is_passing(status) {
        Delivery::Retry { after, why }
    } else {
        Delivery::Permanent { why }
    }
}

/// Whether the same request may succeed later: too slow, too early, too many, or the server's own trouble.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

/// How long a reply asks to wait, in whole seconds; zero if it does not say. The form with a date is ignored.
pub(crate) fn retry_after(response: &Response) -> Duration {
    let value = response.headers().get(RETRY_AFTER);
    let seconds = value.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map(Duration::from_secs).unwrap_or_default()
}

/// Why no reply came, in our words: reqwest's own name the URL. None if the request could not even be made.
pub(crate) fn reason(error: &reqwest::Error) -> Option<&'static str> {
    if error.is_builder() {
        None
    } else if error.is_timeout() {
        Some("no reply within the time-out")
    } else if error.is_dns() {
        Some("the host name was not found")
    } else if error.is_connect() {
        Some("no connection")
    } else {
        Some("the connection broke before a readable reply")
    }
}

fn judge_error(error: &reqwest::Error) -> Delivery {
    match reason(error) {
        Some(why) => Delivery::Retry {
            after: Duration::ZERO,
            why: why.to_owned(),
        },
        None => Delivery::Permanent {
            why: "the address is not an http(s) URL".to_owned(),
        },
    }
}
