//! The control API, for whoever tests: `/_conformance/`. It needs no credentials; the port is meant for loopback.
//!
//! See `docs/serve.md`.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{book::Touch, faults::Planned, people::keys, port::Reply, rest, stand_in::Shared};

/// Everything stands below this.
pub(super) const ROOT: &str = "/_conformance/";

/// What a request comes to: a body, or a status and what to do about it.
type Outcome = Result<Value, (u16, String)>;

/// A request to the control API.
pub(super) struct Order<'a> {
    pub(super) method: &'a str,
    /// Below [`ROOT`].
    pub(super) path: &'a str,
    pub(super) query: &'a super::form::Form,
    pub(super) body: &'a [u8],
}

/// Does as it is told.
pub(super) fn answer(stand: &Arc<Shared>, order: &Order<'_>) -> Reply {
    let outcome = match (order.method, order.path) {
        ("GET", "journal") => journal(stand, order),
        ("GET", "calls") => Ok(calls(stand)),
        ("GET", "messages") => Ok(messages(stand)),
        ("GET", "numbers") => Ok(json!({ "numbers": stand.book().numbers() })),
        ("GET", "faults") => Ok(json!({ "faults": stand.faults.left() })),
        ("POST", "faults") => fault(stand, order.body),
        ("POST", "touch") => touch(stand, order.body),
        ("POST", "outage") => outage(stand, order.body),
        ("POST", "reset") => {
            stand.reset();
            Ok(json!({}))
        }
        _ => Err((404, DIRECTORY.to_owned())),
    };
    match outcome {
        Ok(body) => rest::json(200, &body),
        Err((status, error)) => rest::json(status, &json!({ "error": error })),
    }
}

const DIRECTORY: &str =
    "there is GET journal, calls, messages, numbers, faults and POST faults, touch, outage, reset";

fn journal(stand: &Shared, order: &Order<'_>) -> Outcome {
    let after = order.query.get("after").unwrap_or("0");
    let after = after.parse().map_err(|_| {
        let error = "after must be the number of a record";
        (400, error.to_owned())
    })?;
    Ok(json!({ "records": stand.journal.after(after) }))
}

fn calls(stand: &Shared) -> Value {
    let book = stand.book();
    let calls: Vec<_> = book.calls().map(|entry| &entry.record).collect();
    json!({ "calls": calls })
}

fn messages(stand: &Shared) -> Value {
    let book = stand.book();
    let messages: Vec<_> = book.messages().collect();
    json!({ "messages": messages })
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

fn fault(stand: &Shared, body: &[u8]) -> Outcome {
    let planned: Planned = read(body)?;
    planned.check().map_err(|error| (400, error.to_string()))?;
    stand.faults.plan(planned);
    Ok(json!({ "faults": stand.faults.left() }))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Hand {
    number: String,
    does: String,
}

fn touch(stand: &Shared, body: &[u8]) -> Outcome {
    let hand: Hand = read(body)?;
    let words: Vec<&str> = hand.does.split_whitespace().collect();
    let touch = match words.as_slice() {
        ["pick", "up"] => Touch::PickUp,
        ["hang", "up"] => Touch::HangUp,
        ["key" | "keys", pressed] => {
            Touch::Keys(keys(pressed).map_err(|error| (400, error.to_string()))?)
        }
        _ => {
            let error = "does must be `pick up`, `hang up` or `keys 1`";
            return Err((400, error.to_owned()));
        }
    };
    match stand.touch(&hand.number, touch) {
        true => Ok(json!({})),
        false => Err((404, "no call to this number is under way".to_owned())),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Outage {
    millis: u64,
}

fn outage(stand: &Shared, body: &[u8]) -> Outcome {
    let outage: Outage = read(body)?;
    stand.close(Duration::from_millis(outage.millis));
    Ok(json!({}))
}
