//! Messages.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Asked, Outcome,
    list::{Dates, Listing},
};
use crate::serve::{
    book,
    order::{MessageOrder, segments},
    record::{MessageRecord, rfc2822},
    refusal::Refusal,
    stand_in::Shared,
};

pub(super) fn create(stand: &Arc<Shared>, asked: &Asked) -> Outcome {
    let order = MessageOrder::read(&asked.form, &stand.options.numbers)?;
    let record = match stand.options.numbers.is_test {
        true => book::new_message(stand.sid("SM"), &order, Timestamp::now()),
        false => stand.send(order),
    };
    Ok((201, resource(stand, &record)))
}

pub(super) fn list(stand: &Shared, asked: &Asked) -> Outcome {
    let listing = Listing::read(asked)?;
    let query = &asked.query;
    let sent = Dates::read(query, "DateSent")?;
    let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
    let book = stand.book();
    let entries: Vec<_> = book
        .messages()
        .filter(|it| is("To", &it.to) && is("From", &it.from) && sent.fit(it.sent))
        .map(|message| (message.sid.clone(), resource(stand, message)))
        .collect();
    Ok((200, listing.page("messages", &entries)))
}

pub(super) fn fetch(stand: &Shared, sid: &str) -> Outcome {
    let mut book = stand.book();
    let message = book
        .message_of(sid)
        .ok_or_else(|| Refusal::not_found(sid))?;
    Ok((200, resource(stand, message)))
}

/// An empty body takes the text out. Only scheduled messages can be cancelled, and there are none here.
pub(super) fn update(stand: &Shared, asked: &Asked, sid: &str) -> Outcome {
    let mut book = stand.book();
    let message = book
        .message_of(sid)
        .ok_or_else(|| Refusal::not_found(sid))?;
    if asked.form.get("Status").is_some() {
        let why = "Message is not scheduled, so it cannot be canceled.";
        return Err(Refusal::bad(30409, why));
    }
    if !asked.form.has("Body") || asked.form.get("Body").is_some() {
        let why = "Body may only be emptied.";
        return Err(Refusal::bad(20001, why));
    }
    message.body.clear();
    message.updated = Timestamp::now();
    Ok((200, resource(stand, message)))
}

pub(super) fn delete(stand: &Shared, sid: &str) -> Outcome {
    let mut book = stand.book();
    book.message_of(sid)
        .ok_or_else(|| Refusal::not_found(sid))?;
    book.forget_message(sid);
    Ok((204, Value::Null))
}

/// The message as the API shows it.
fn resource(stand: &Shared, message: &MessageRecord) -> Value {
    let sid = &message.sid;
    let account = &stand.options.account_sid;
    let uri = format!("/2010-04-01/Accounts/{account}/Messages/{sid}");
    json!({
        "sid": sid,
        "account_sid": account,
        "to": message.to,
        "from": message.from,
        "body": message.body,
        "status": message.status.as_str(),
        "direction": if message.is_inbound { "inbound" } else { "outbound-api" },
        "num_segments": segments(&message.body).to_string(),
        "num_media": "0",
        "error_code": message.error_code,
        "error_message": message.error_code.map(|code| format!("Error {code}")),
        "date_created": rfc2822(message.created),
        "date_updated": rfc2822(message.updated),
        "date_sent": message.sent.map(rfc2822),
        "messaging_service_sid": null,
        "price": null,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": format!("{uri}.json"),
        "subresource_uris": { "media": format!("{uri}/Media.json") },
    })
}
