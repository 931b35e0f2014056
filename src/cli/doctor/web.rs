//! One HTTP request and its reply, as the checks need them: bounded, with the reply's date and certificate, and errors that
//! name the cause.

use std::{error::Error, time::Duration};

use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{Client, RequestBuilder, header};

/// The bound on one request with its reply.
const TAKES: Duration = Duration::from_secs(10);

/// A reply larger than this is not read, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// A reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Where it redirects to.
    pub(super) location: Option<String>,
    /// What its clock says.
    pub(super) date: Option<Timestamp>,
    /// The server's certificate, DER.
    pub(super) certificate: Option<Vec<u8>>,
}

pub(super) async fn get(client: &Client, url: &str) -> Result<Reply, String> {
    send(client.get(url)).await
}

pub(super) async fn send(request: RequestBuilder) -> Result<Reply, String> {
    let mut response = request
        .timeout(TAKES)
        .send()
        .await
        .map_err(|error| cause(&error))?;
    let text = |name| {
        response
            .headers()
            .get(name)?
            .to_str()
            .ok()
            .map(str::to_owned)
    };
    let (location, date) = (text(header::LOCATION), text(header::DATE));
    let tls = response.extensions().get::<reqwest::tls::TlsInfo>();
    let certificate = tls
        .and_then(|tls| tls.peer_certificate())
        .map(<[u8]>::to_vec);
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            return Err("the reply is too large".to_owned());
        }
    }
    Ok(Reply {
        status,
        body,
        location,
        date: date.and_then(|date| parse_date(&date)),
        certificate,
    })
}

/// HTTP dates have the form of mail's (RFC 9110, section 5.6.7).
fn parse_date(text: &str) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).ok()
}

/// The innermost cause, which is the one that says something. Without the address, which may hold a token.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TAKES.as_secs());
    }
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => "the request failed".to_owned(),
        None => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_servers_write_it() {
        let date = parse_date("Sun, 22 Nov 2026 08:46:41 GMT").expect("a date");
        assert_eq!(date.to_string(), "2026-11-22T08:46:41Z");
        assert_eq!(parse_date("yesterday"), None);
    }
}
