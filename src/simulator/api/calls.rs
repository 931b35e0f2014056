//! Calls: place, end, read, list.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Net, ROOT, create, form, not_found, page::Page, refuse, sid};
use crate::simulator::{
    book::Entry,
    callback::{billed_seconds, rfc2822},
    faults::{Fault, Occasion},
    network::Shared,
    order::Order,
    record::{CallRecord, Status},
    wire::Scissors,
};

pub(super) async fn place(
    State(net): Net,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    body: Bytes,
) -> Response {
    let order = match Order::read(&form(&body)) {
        Ok(order) => order,
        Err((code, message)) => return refuse(StatusCode::BAD_REQUEST, code, &message),
    };
    let nth = net.book().calls_to(&order.to);
    let fault = match net.mischief.at(Occasion::Create, &order.to, nth) {
        Some(Fault::Create(fault)) => Some(fault),
        _ => None,
    };
    create(fault, &scissors, || placed(&net, order))
}

fn placed(net: &Arc<Shared>, order: Order) -> Response {
    let sid = net.place(order);
    let book = net.book();
    match book.get(&sid) {
        Some(entry) => {
            (StatusCode::CREATED, Json(resource(&net.account_sid, entry))).into_response()
        }
        None => not_found(),
    }
}

pub(super) async fn read(
    State(net): Net,
    Path((_account, call)): Path<(String, String)>,
) -> Response {
    let book = net.book();
    match sid(&call).and_then(|sid| book.get(sid)) {
        Some(entry) => Json(resource(&net.account_sid, entry)).into_response(),
        None => not_found(),
    }
}

pub(super) async fn update(
    State(net): Net,
    Path((_account, call)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let Some(sid) = sid(&call) else {
        return not_found();
    };
    let form = form(&body);
    let wanted = form
        .iter()
        .rfind(|(name, _)| name == "Status")
        .map(|(_, value)| value.as_str());
    let Some(status) = net.book().get(sid).map(|entry| entry.record.status) else {
        return not_found();
    };
    let rings = matches!(status, Status::Queued | Status::Initiated | Status::Ringing);
    let end = match wanted {
        Some("canceled" | "completed") if rings => Status::Canceled,
        Some("completed") if status == Status::InProgress => Status::Completed,
        Some("canceled" | "completed") => return over(),
        _ => {
            return refuse(
                StatusCode::BAD_REQUEST,
                20001,
                "Status must be canceled or completed",
            );
        }
    };
    if net.end(sid, end).is_none() {
        return over();
    }
    let book = net.book();
    match book.get(sid) {
        Some(entry) => Json(resource(&net.account_sid, entry)).into_response(),
        None => not_found(),
    }
}

pub(super) async fn list(State(net): Net, RawQuery(query): RawQuery) -> Response {
    let page = Page::read(query.as_deref());
    let book = net.book();
    let matching = book
        .newest_first()
        .filter(|entry| page.asks("To", &entry.record.to))
        .filter(|entry| page.asks("From", &entry.record.from))
        .filter(|entry| page.asks("Status", shown(entry.record.status)))
        .map(|entry| resource(&net.account_sid, entry));
    page.show(
        "calls",
        &format!("{ROOT}/{}/Calls.json", net.account_sid),
        matching,
    )
}

/// The call resource. Numbers are strings, times RFC 2822.
fn resource(account: &str, entry: &Entry) -> Value {
    let CallRecord {
        sid,
        to,
        from,
        status,
        created,
        answered,
        ended,
        talked,
        ..
    } = &entry.record;
    let time = |at: &Option<jiff::Timestamp>| at.map(rfc2822);
    json!({
        "sid": sid,
        "account_sid": account,
        "to": to,
        "to_formatted": to,
        "from": from,
        "from_formatted": from,
        "status": shown(*status),
        "direction": "outbound-api",
        "date_created": rfc2822(*created),
        "date_updated": rfc2822(ended.or(*answered).unwrap_or(*created)),
        "start_time": time(answered),
        "end_time": time(ended),
        "duration": ended.map(|_| billed_seconds(*talked).to_string()),
        "api_version": "2010-04-01",
        "price": null,
        "price_unit": "USD",
        "answered_by": null,
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "parent_call_sid": null,
        "phone_number_sid": null,
        "trunk_sid": null,
        "queue_time": "0",
        "uri": format!("{ROOT}/{account}/Calls/{sid}.json"),
        "subresource_uris": {},
    })
}

/// `initiated` exists in callbacks only.
fn shown(status: Status) -> &'static str {
    match status {
        Status::Initiated => Status::Queued.as_str(),
        status => status.as_str(),
    }
}

fn over() -> Response {
    refuse(
        StatusCode::BAD_REQUEST,
        21220,
        "Call is not in-progress. Cannot redirect.",
    )
}
