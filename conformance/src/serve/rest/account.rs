//! The account, its balance, its numbers.

use serde_json::{Value, json};

use super::{Asked, Outcome, list::Listing};
use crate::serve::stand_in::Shared;

pub(super) fn resource(stand: &Shared) -> Value {
    let sid = &stand.options.account_sid;
    json!({
        "sid": sid,
        "owner_account_sid": sid,
        "friendly_name": "conformance serve",
        "status": "active",
        "type": "Full",
        "date_created": null,
        "date_updated": null,
        "uri": format!("/2010-04-01/Accounts/{sid}.json"),
        "subresource_uris": {},
    })
}

pub(super) fn balance(stand: &Shared) -> Value {
    json!({ "account_sid": stand.options.account_sid, "balance": "100.00", "currency": "USD" })
}

/// The account's own numbers. Where any number may call, the one that is asked for is the account's.
pub(super) fn numbers(stand: &Shared, asked: &Asked) -> Outcome {
    let wanted = asked.query.get("PhoneNumber");
    let own = &stand.options.numbers.own;
    let own: Vec<&str> = match own.is_empty() {
        true => wanted.into_iter().collect(),
        false => own.iter().map(String::as_str).collect(),
    };
    let shown = own.iter().filter(|own| wanted.is_none_or(|it| it == **own));
    let entries: Vec<_> = shown
        .map(|number| {
            let capabilities = json!({ "voice": true, "sms": true, "mms": false, "fax": false });
            let sid = format!("PN{:0>32}", number.trim_start_matches('+'));
            let number = json!({
                "sid": sid, "account_sid": stand.options.account_sid, "phone_number": number,
                "friendly_name": number, "capabilities": capabilities,
            });
            (sid, number)
        })
        .collect();
    let page = Listing::read(asked)?.page("incoming_phone_numbers", &entries);
    Ok((200, page))
}

/// No number of anybody else was verified.
pub(super) fn caller_ids(_stand: &Shared, asked: &Asked) -> Outcome {
    Ok((200, Listing::read(asked)?.page("outgoing_caller_ids", &[])))
}
