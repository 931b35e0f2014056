//! Calls.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Asked, Outcome,
    list::{Dates, Listing},
};
use crate::serve::{
    book::Touch,
    order::{CallOrder, Change},
    record::{CallRecord, CallStatus, rfc2822},
    refusal::Refusal,
    stand_in::Shared,
};

pub(super) fn create(stand: &Arc<Shared>, asked: &Asked) -> Outcome {
    let order = CallOrder::read(&asked.form, &stand.options.numbers)?;
    let record = match stand.options.numbers.is_test {
        // Test credentials call nobody, and nothing is remembered.
        true => crate::serve::book::new_call(stand.sid("CA"), &order, Timestamp::now()),
        false => stand.place(order),
    };
    Ok((201, resource(stand, &record)))
}

pub(super) fn list(stand: &Shared, asked: &Asked) -> Outcome {
    let listing = Listing::read(asked)?;
    let query = &asked.query;
    let (started, ended) = (
        Dates::read(query, "StartTime")?,
        Dates::read(query, "EndTime")?,
    );
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let fits = |call: &CallRecord| {
        is("To", &call.to)
            && is("From", &call.from)
            && is("Status", call.status.shown())
            && query.get("ParentCallSid").is_none()
            && started.fit(call.started)
            && ended.fit(call.ended)
    };
    let book = stand.book();
    let calls = book.calls().map(|entry| &entry.record);
    let entries: Vec<_> = calls
        .filter(|call| fits(call))
        .map(|call| (call.sid.clone(), resource(stand, call)))
        .collect();
    Ok((200, listing.page("calls", &entries)))
}

pub(super) fn fetch(stand: &Shared, sid: &str) -> Outcome {
    let book = stand.book();
    let entry = book.get(sid).ok_or_else(|| Refusal::not_found(sid))?;
    Ok((200, resource(stand, &entry.record)))
}

pub(super) fn update(stand: &Shared, asked: &Asked, sid: &str) -> Outcome {
    let status = stand.book().get(sid).map(|entry| entry.record.status);
    let status = status.ok_or_else(|| Refusal::not_found(sid))?;
    let change = Change::read(&asked.form)?;
    let talks = status == CallStatus::InProgress;
    let done = match change {
        _ if status.is_over() => false,
        Change::Cancel if talks => false,
        Change::Complete if talks => end(stand, sid, CallStatus::Completed),
        Change::Cancel | Change::Complete => end(stand, sid, CallStatus::Canceled),
        Change::Redirect(script) if talks => {
            let book = stand.book();
            book.get(sid)
                .is_some_and(|entry| entry.touch(Touch::Redirect(script)))
        }
        Change::Redirect(_) => false,
    };
    match done {
        true => fetch(stand, sid),
        false => Err(wrong_state(status)),
    }
}

fn end(stand: &Shared, sid: &str, status: CallStatus) -> bool {
    stand.book().end(sid, status, Timestamp::now())
}

fn wrong_state(status: CallStatus) -> Refusal {
    let message = format!("Call is {}; this cannot be done to it.", status.shown());
    Refusal::bad(21220, message)
}

pub(super) fn delete(stand: &Shared, sid: &str) -> Outcome {
    let mut book = stand.book();
    let status = book.get(sid).map(|entry| entry.record.status);
    match status.ok_or_else(|| Refusal::not_found(sid))? {
        status if status.is_over() => {
            book.forget_call(sid);
            Ok((204, Value::Null))
        }
        status => Err(wrong_state(status)),
    }
}

/// The call as the API shows it. Numbers are strings, instants RFC 2822.
fn resource(stand: &Shared, call: &CallRecord) -> Value {
    let sid = &call.sid;
    let account = &stand.options.account_sid;
    let uri = format!("/2010-04-01/Accounts/{account}/Calls/{sid}");
    let time = |at: Option<Timestamp>| at.map(rfc2822);
    let below = |name: &str| format!("{uri}/{name}.json");
    json!({
        "sid": sid,
        "account_sid": account,
        "parent_call_sid": null,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from,
        "from_formatted": call.from,
        "phone_number_sid": null,
        "status": call.status.shown(),
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.updated),
        "start_time": time(call.started),
        "end_time": time(call.ended),
        "duration": call.ended.map(|_| whole_seconds(call).to_string()),
        "price": null,
        "price_unit": "USD",
        "direction": "outbound-api",
        "answered_by": call.answered_by,
        "annotation": null,
        "api_version": "2010-04-01",
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "queue_time": call.queue_time.as_millis().to_string(),
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
        "subresource_uris": {
            "events": below("Events"),
            "notifications": below("Notifications"),
            "recordings": below("Recordings"),
        },
    })
}

/// As calls are charged: a second that has begun counts.
pub(in crate::serve) fn whole_seconds(call: &CallRecord) -> u64 {
    call.talked.as_secs() + u64::from(call.talked.subsec_nanos() > 0)
}
