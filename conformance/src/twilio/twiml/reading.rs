//! What a reply says: verbs, a recording, another place, or nothing that the carrier understands.

use super::{
    AUDIO_TYPES, LONGEST_DOCUMENT, MOST_REDIRECTS,
    call::{Fetch, Target},
    document::{Fault, Sound, Verb, read},
};
use crate::twilio::{address::Address, webhook::Method, wire::Reply};

/// Whether a reply is a recording; `code` is the carrier's for something that is none.
pub(super) fn check_recording(reply: &Reply, code: u32) -> Result<(), Fault> {
    let kind = reply.content_type();
    match (reply.status, kind.as_deref()) {
        (200..300, Some(kind)) if AUDIO_TYPES.contains(&kind) => Ok(()),
        (200..300, kind) => {
            let kind = kind.unwrap_or("a reply without a content type");
            fault(code, format!("{kind} is no recording"))
        }
        (status, _) => fault(11200, format!("the reply was {status}")),
    }
}

/// What a reply to a webhook says to do.
pub(super) enum Said {
    Document(Vec<Verb>),
    Elsewhere(Fetch),
}

/// What a reply to a webhook says to do.
pub(super) fn understand(fetch: &Fetch, reply: &Reply) -> Result<Said, Fault> {
    match reply.status {
        200..300 => document(reply, &fetch.target.address).map(Said::Document),
        300..400 => redirected(fetch, reply).map(Said::Elsewhere),
        status => fault(11200, format!("the reply was {status}")),
    }
}

fn document(reply: &Reply, address: &Address) -> Result<Vec<Verb>, Fault> {
    if reply.body.len() > LONGEST_DOCUMENT {
        return fault(
            11750,
            format!("the reply is longer than {LONGEST_DOCUMENT} bytes"),
        );
    }
    if reply.status == 204 {
        return Ok(Vec::new());
    }
    let text = match std::str::from_utf8(&reply.body) {
        Ok(text) => text,
        Err(error) => return fault(12100, format!("the reply is not UTF-8: {error}")),
    };
    match reply.content_type().as_deref() {
        Some("text/xml" | "application/xml" | "text/html") => read(text, address),
        Some("text/plain") => Ok(read(text, address).unwrap_or_else(|_| vec![read_aloud(text)])),
        // It is played, and nothing follows it.
        Some(kind) if kind.starts_with("audio/") => Ok(Vec::new()),
        Some(kind) => fault(12300, format!("the content type {kind} is none of TwiML")),
        None => fault(12300, "the reply has no content type".to_owned()),
    }
}

fn read_aloud(text: &str) -> Verb {
    Verb::Sound(Sound::Say {
        text: text.to_owned(),
        language: None,
        times: 1,
    })
}

/// Where a redirect leads. Like a browser, 301 to 303 turn a POST into a GET, and an answer's digits are lost (Gather,
/// Troubleshooting).
fn redirected(fetch: &Fetch, reply: &Reply) -> Result<Fetch, Fault> {
    let from = &fetch.target;
    if fetch.redirects >= MOST_REDIRECTS {
        return fault(11215, format!("more than {MOST_REDIRECTS} redirects"));
    }
    let method = match reply.status {
        301..=303 => Method::Get,
        307 | 308 => from.method,
        status => return fault(11200, format!("the reply was {status}")),
    };
    let Some(location) = reply.header("location").filter(|place| !place.is_empty()) else {
        return fault(
            11200,
            format!("the reply was {} without Location", reply.status),
        );
    };
    let address = match from.address.join(location) {
        Ok(address) => address,
        Err(error) => return fault(11200, error.to_string()),
    };
    let mut extra = fetch.extra.clone();
    if method != from.method {
        extra.retain(|(name, _)| !matches!(name.as_str(), "Digits" | "FinishedOnKey" | "msg"));
    }
    Ok(Fetch {
        target: Target { address, method },
        extra,
        occasion: fetch.occasion,
        redirects: fetch.redirects + 1,
    })
}

fn fault<T>(code: u32, text: String) -> Result<T, Fault> {
    Err(Fault { code, text })
}
