//! What a failed exchange says about whether the request was carried out, the same for every carrier.
//!
//! Only a failure to connect is proof that nothing was sent. A close, a reset, a time-out or a reply that cannot be read
//! may each follow a request that was carried out. The texts are our own: reqwest's name the URL, which may carry secrets.

use std::{error::Error, io};

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
