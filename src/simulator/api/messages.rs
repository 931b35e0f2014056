//! Messages: send, read, list.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{Net, ROOT, create, form, not_found, page::Page, refuse, sid};
use crate::simulator::{
    callback::rfc2822,
    faults::{MessageFault, Occasion},
    message::order::MessageOrder,
    network::Shared,
    record::{MessageRecord, MessageStatus},
    wire::Scissors,
};

pub(super) async fn send(
    State(net): Net,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    body: Bytes,
) -> Response {
    let order = match MessageOrder::read(&form(&body)) {
        Ok(order) => order,
        Err((code, message)) => return refuse(StatusCode::BAD_REQUEST, code, &message),
    };
    let nth = net.book().tick(&order.to, |tally| &mut tally.asked);
    let fault = net
        .mischief
        .with_message(Occasion::CreateMessage, &order.to, nth);
    let fault = match fault {
        Some(MessageFault::Create(fault)) => Some(fault),
        _ => None,
    };
    create(fault, &scissors, || sent(&net, order))
}

fn sent(net: &Arc<Shared>, order: MessageOrder) -> Response {
    let sid = match net.send(order) {
        Ok(sid) => sid,
        Err((code, message)) => return refuse(StatusCode::BAD_REQUEST, code, &message),
    };
    match net.book().messages.get(&sid) {
        Some(record) => (
            StatusCode::CREATED,
            Json(resource(&net.account_sid, record)),
        )
            .into_response(),
        None => not_found(),
    }
}

pub(super) async fn read(
    State(net): Net,
    Path((_account, message)): Path<(String, String)>,
) -> Response {
    let book = net.book();
    match sid(&message).and_then(|sid| book.messages.get(sid)) {
        Some(record) => Json(resource(&net.account_sid, record)).into_response(),
        None => not_found(),
    }
}

pub(super) async fn list(State(net): Net, RawQuery(query): RawQuery) -> Response {
    let page = Page::read(query.as_deref());
    let Some(sent) = Sent::read(&page) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            20001,
            "DateSent must be a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z",
        );
    };
    let book = net.book();
    let matching = book
        .messages
        .newest_first()
        .filter(|record| page.asks("To", &record.to))
        .filter(|record| page.asks("From", &record.from))
        .filter(|record| sent.asks(record.sent))
        .map(|record| resource(&net.account_sid, record));
    page.show(
        "messages",
        &format!("{ROOT}/{}/Messages.json", net.account_sid),
        matching,
    )
}

/// When messages were sent that are asked for. What was not sent yet has no time, and is not found by any.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    since: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Sent {
    /// Reads `DateSent`, `DateSent>` and `DateSent<`, each with its bound; days are those of UTC. None if one is no time.
    fn read(page: &Page) -> Option<Self> {
        let mut sent = Self::default();
        if let Some(exact) = page.get("DateSent") {
            let (since, before) = span(exact)?;
            (sent.since, sent.before) = (Some(since), Some(before));
        }
        if let Some(since) = page.get("DateSent>") {
            sent.since = sent.since.max(Some(span(since)?.0));
        }
        if let Some(until) = page.get("DateSent<") {
            let before = span(until)?.1;
            sent.before = Some(sent.before.map_or(before, |other| other.min(before)));
        }
        Some(sent)
    }

    fn asks(self, at: Option<Timestamp>) -> bool {
        let since = self.since.is_none_or(|since| at >= Some(since));
        let before = self
            .before
            .is_none_or(|before| at.is_some_and(|at| at < before));
        since && before
    }
}

/// The day or the second that a text names, up to the next one.
fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(at) = text.parse::<Timestamp>() {
        let start = Timestamp::from_second(at.as_second()).ok()?;
        return Some((start, start.checked_add(1.second()).ok()?));
    }
    let day: Date = text.parse().ok()?;
    let midnight = |day: Date| {
        let start = day.to_zoned(TimeZone::UTC).ok()?;
        Some(start.timestamp())
    };
    Some((midnight(day)?, midnight(day.tomorrow().ok()?)?))
}

/// The message resource. Numbers are strings except the code of an error, times RFC 2822.
fn resource(account: &str, record: &MessageRecord) -> Value {
    let MessageRecord {
        sid,
        direction,
        to,
        service,
        text,
        segments,
        status,
        error,
        created,
        sent,
        updated,
        ..
    } = record;
    let uri = format!("{ROOT}/{account}/Messages/{sid}");
    // A messaging service has not chosen the sender yet.
    let from = (*status != MessageStatus::Accepted).then_some(&record.from);
    json!({
        "sid": sid,
        "account_sid": account,
        "messaging_service_sid": service,
        "to": to,
        "from": from,
        "body": text,
        "status": status.as_str(),
        "direction": direction.as_str(),
        "num_segments": segments.to_string(),
        "num_media": "0",
        "error_code": error,
        "error_message": error.map(meaning),
        "date_created": rfc2822(*created),
        "date_sent": sent.map(rfc2822),
        "date_updated": rfc2822(*updated),
        "price": null,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": format!("{uri}.json"),
        "subresource_uris": { "media": format!("{uri}/Media.json") },
    })
}

fn meaning(code: u32) -> &'static str {
    match code {
        30001 => "Queue overflow",
        30003 => "Unreachable destination handset",
        30006 => "Landline or unreachable carrier",
        _ => "Unknown error",
    }
}
