//! The parts of the Voice API's JSON that are read. Everything else is ignored, and a missing field is no error until it is needed.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::Deserialize;
use serde_json::Value;

use super::{
    AnsweredBy, CallSid, CallState, CallStatus, Fault, FaultClass, codes, fault, transport,
};

/// A call.
#[derive(Deserialize)]
pub(super) struct Call {
    uuid: Option<String>,
    status: Option<String>,
    to: Option<Endpoint>,
    from: Option<Endpoint>,
    start_time: Option<String>,
}

#[derive(Deserialize)]
struct Endpoint {
    number: Option<String>,
}

/// A page of the list of calls.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(rename = "_embedded")]
    embedded: Embedded,
}

#[derive(Deserialize)]
struct Embedded {
    calls: Vec<Call>,
}

impl Page {
    pub(super) fn calls(self) -> Vec<Call> {
        self.embedded.calls
    }
}

impl Call {
    /// Its name, if it can stand in a path.
    pub(super) fn name(&self) -> Option<CallSid> {
        let uuid = self.uuid.as_deref()?;
        transport::is_plain(uuid).then(|| CallSid::new(uuid))
    }

    /// How it goes, if we know the word.
    pub(super) fn state(&self) -> Option<CallState> {
        let word = self.status.as_deref()?;
        let status: CallStatus = codes::call_status(word)?;
        let answered_by = match word {
            "human" => Some(AnsweredBy::Human),
            "machine" => Some(AnsweredBy::Machine),
            _ => None,
        };
        Some(CallState {
            status,
            answered_by,
        })
    }

    /// Whether it is a call from one number to another.
    pub(super) fn is_between(&self, from: &str, to: &str) -> bool {
        let is = |endpoint: &Option<Endpoint>, number: &str| {
            let of = endpoint.as_ref().and_then(|end| end.number.as_deref());
            of.is_some_and(|of| of.trim_start_matches('+') == number)
        };
        is(&self.from, from) && is(&self.to, to)
    }

    /// Whether it began before this instant, by what it says itself, in UTC; only calls that are over say so.
    pub(super) fn began_before(&self, since: Timestamp) -> bool {
        let Some(text) = self.start_time.as_deref() else {
            return false;
        };
        let began = text.parse::<Timestamp>().ok().or_else(|| {
            let civil: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()
        });
        began.is_some_and(|began| began < since)
    }
}

/// Reads a body, or says that it could not be read.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| {
        let text = "the reply is not what Vonage documents";
        fault(FaultClass::Ambiguous, text)
    })
}

/// Judges a reply that is no success: by its status, but for one that names the number to be called as what is wrong.
pub(super) fn refusal(status: u16, body: &[u8]) -> Fault {
    let of_status = transport::judge_status(status);
    if of_status.class == FaultClass::Ours && blames_number(body) {
        return fault(FaultClass::Callee, "the number is not valid");
    }
    of_status
}

/// `invalid_parameters` is a list of names with reasons, or a map of them; which one is not verified.
fn blames_number(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let is_number = |name: &str| name == "to" || name.starts_with("to.") || name.starts_with("to[");
    match &body["invalid_parameters"] {
        Value::Array(list) => list
            .iter()
            .filter_map(|wrong| wrong["name"].as_str())
            .any(is_number),
        Value::Object(map) => map.keys().any(|name| is_number(name)),
        _ => false,
    }
}
