//! What a failed exchange says about whether the request was carried out, the same for every carrier.
//!
//! Only a failure to connect is proof that nothing was sent. A close, a reset, a time-out or a reply that cannot be read
//! may each follow a request that was carried out. The texts are our own: reqwest's name the URL, which may carry secrets.

use std::{error::Error, io};

use jiff::SignedDuration;

use crate::escalation::{Fault, FaultClass};

/// A reply larger than this is not read. Twilio: a page of 50 calls is about 100 kB.
const BODY_LIMIT: usize = 1 << 20;

/// A fault without a provider's code.
pub(super) fn fault(class: FaultClass, text: impl Into<String>) -> Fault {
    Fault {
        class,
        code: None,
        text: text.into(),
    }
}

/// Judges an error that came instead of a reply's head.
pub(super) fn judge(error: &reqwest::Error) -> Fault {
    if error.is_builder() {
        let text = "the request could not be made: the base URL is not an http(s) URL";
        fault(FaultClass::Ours, text)
    } else if error.is_connect() {
        let text = format!("could not connect: {}", connect_reason(error));
        fault(FaultClass::Provider, text)
    } else if error.is_timeout() {
        fault(FaultClass::Ambiguous, "no reply within the time-out")
    } else {
        let text = "the connection broke before a readable reply";
        fault(FaultClass::Ambiguous, text)
    }
}

/// Reads the body of a reply, up to [`BODY_LIMIT`]. An error is [`FaultClass::Ambiguous`]: the head has arrived, but
/// what was done cannot be read.
pub(super) async fn read_body(mut response: reqwest::Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_LIMIT => {
                return Err(fault(FaultClass::Ambiguous, "the reply is too large"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(_) => return Err(fault(FaultClass::Ambiguous, "the reply broke off")),
        }
    }
}

/// A whole reply.
pub(super) struct Reply {
    /// Its status.
    pub(super) status: u16,
    /// Its body; empty where one that is no success broke off.
    pub(super) body: Vec<u8>,
}

/// Sends a request once. Nothing is sent again: whether that is safe is decided by whoever reads the fault (P3).
pub(super) async fn exchange(request: reqwest::RequestBuilder) -> Result<Reply, Fault> {
    let response = request.send().await.map_err(|error| judge(&error))?;
    let status = response.status();
    let body = read_body(response).await;
    Ok(Reply {
        status: status.as_u16(),
        body: match status.is_success() {
            true => body?,
            // The status stands without it.
            false => body.unwrap_or_default(),
        },
    })
}

/// What a fault says of a request that only reads: nothing can have been changed, so it is the provider's.
pub(super) fn of_reading(mut fault: Fault) -> Fault {
    if fault.class == FaultClass::Ambiguous {
        fault.class = FaultClass::Provider;
    }
    fault
}

/// What a status means where the body says nothing. A 404 stands where the base URL or the account is wrong; 408, redirects and
/// whatever else is not documented prove nothing, and after a 5xx the request may have been carried out.
pub(super) fn judge_status(status: u16) -> Fault {
    let class = match status {
        401..=404 => FaultClass::Account,
        408 => FaultClass::Ambiguous,
        429 => FaultClass::Provider,
        400..=499 => FaultClass::Ours,
        _ => FaultClass::Ambiguous,
    };
    fault(class, format!("HTTP status {status}"))
}

/// Whether a name that a carrier has given can stand in a path as it is.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The digits of a number, for carriers that want no plus sign.
pub(super) fn digits(number: &crate::roster::PhoneNumber) -> &str {
    number.e164().trim_start_matches('+')
}

/// A value that carriers write as a text or as a number.
pub(super) fn word(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Seconds, rounded up.
pub(super) fn whole_seconds(duration: SignedDuration) -> i64 {
    duration
        .as_secs()
        .saturating_add(i64::from(duration.subsec_nanos() > 0))
}

fn connect_reason(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return "the host name was not found".to_owned();
    }
    if error.is_timeout() {
        return "no connection within the time-out".to_owned();
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return io_reason(io);
        }
        source = cause.source();
    }
    "no connection".to_owned()
}

/// rustls hands its errors over inside an [`io::Error`].
fn io_reason(error: &io::Error) -> String {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "TLS: the certificate is not valid".to_owned()
        }
        Some(_) => "TLS: the handshake failed".to_owned(),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_can_stand_in_a_path_is_a_name() {
        for (name, plain) in [
            ("CA0123456789abcdef0123456789abcdef", true),
            ("5f0b9e0a-5a4e-4c3e-9a3b-1c2d3e4f5a6b", true),
            ("", false),
            ("..", false),
            ("CA/../Messages", false),
            ("CA?x", false),
            ("CA%2F", false),
            ("呼", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name:?}");
        }
        assert!(!is_plain(&"a".repeat(65)));
    }

    #[test]
    fn a_status_speaks_for_itself() {
        for (statuses, class) in [
            (&[401, 402, 403, 404][..], FaultClass::Account),
            (&[429], FaultClass::Provider),
            (&[400, 405, 409, 415, 422, 499], FaultClass::Ours),
            (
                &[200, 204, 302, 307, 408, 500, 502, 503, 599],
                FaultClass::Ambiguous,
            ),
        ] {
            for status in statuses {
                assert_eq!(judge_status(*status).class, class, "{status}");
            }
        }
    }
}
