//! The request that sends a message, checked as the carrier checks it.

use crate::simulator::fields::{Endpoint, Fields, Refusal};

/// The longest text, in characters.
pub(in crate::simulator) const LONGEST_TEXT: usize = 1_600;

/// The number that the network sends from when a messaging service is asked, and that people write to who were never
/// written to.
pub(in crate::simulator) const OWN_NUMBER: &str = "+815000000000";

/// A message as it was ordered.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct MessageOrder {
    pub(in crate::simulator) to: String,
    pub(in crate::simulator) from: String,
    /// The messaging service that chose the sender.
    pub(in crate::simulator) service: Option<String>,
    pub(in crate::simulator) text: String,
    pub(in crate::simulator) status_callback: Option<Endpoint>,
}

impl MessageOrder {
    /// Reads the form of a request that sends a message.
    pub(in crate::simulator) fn read(form: &[(String, String)]) -> Result<Self, Refusal> {
        let fields = Fields(form);
        let missing = (21604, "'To' phone number is required to send a Message");
        let to = fields.number("To", missing, 21211)?;
        let service = service(fields)?;
        let from = match &service {
            Some(_) => OWN_NUMBER.to_owned(),
            None => sender(fields)?,
        };
        let text = fields
            .get("Body")
            .ok_or_else(|| (21602, "Message body is required".to_owned()))?;
        if text.chars().count() > LONGEST_TEXT {
            return Err((
                21617,
                "The message body exceeds the 1600 character limit".to_owned(),
            ));
        }
        Ok(Self {
            to,
            from,
            service,
            text: text.to_owned(),
            status_callback: fields.status_callback()?,
        })
    }
}

/// A number of ours, or a name that nobody can answer.
fn sender(fields: Fields<'_>) -> Result<String, Refusal> {
    match fields.get("From") {
        Some(name) if is_name(name) => Ok(name.to_owned()),
        _ => fields.number("From", (21603, "A 'From' phone number is required"), 21212),
    }
}

/// An alphanumeric sender id: up to 11 letters, digits and blanks, a letter among them.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
    text.len() <= 11
        && text.bytes().all(fits)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The messaging service, unless a sender is named.
fn service(fields: Fields<'_>) -> Result<Option<String>, Refusal> {
    let asked = fields
        .get("MessagingServiceSid")
        .filter(|_| fields.get("From").is_none());
    let Some(sid) = asked else {
        return Ok(None);
    };
    let digits = sid.strip_prefix("MG").unwrap_or("");
    if digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Some(sid.to_owned()))
    } else {
        Err((
            21701,
            format!("The Messaging Service {sid} does not exist: its name is MG and 32 hex digits"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &str) -> Result<MessageOrder, Refusal> {
        let form: Vec<_> = form_urlencoded::parse(pairs.as_bytes())
            .into_owned()
            .collect();
        MessageOrder::read(&form)
    }

    #[test]
    fn a_wrong_order_is_refused_with_the_carriers_code() {
        let check = |pairs: &str, code: u32| {
            let refused = read(pairs).map(|_| ()).map_err(|(code, _)| code);
            assert_eq!(refused, Err(code), "{pairs}");
        };
        let who = "To=%2B819000000001&From=%2B815000000000";
        check("From=%2B815000000000&Body=x", 21604);
        check("To=09000000001&From=%2B815000000000&Body=x", 21211);
        check("To=%2B819000000001&Body=x", 21603);
        check("To=%2B819000000001&From=815000000&Body=x", 21212);
        check("To=%2B819000000001&From=rinban-desk&Body=x", 21212);
        check("To=%2B819000000001&From=twelve chars&Body=x", 21212);
        check("To=%2B819000000001&MessagingServiceSid=MG1&Body=x", 21701);
        check(who, 21602);
        check(&format!("{who}&Body="), 21602);
        check(&format!("{who}&Body={}", "障".repeat(1_601)), 21617);
        check(&format!("{who}&Body=x&StatusCallback=/status"), 21609);
        check(&format!("{who}&Body=x&StatusCallback=http://a_b/"), 21609);
    }

    #[test]
    fn a_sender_is_a_number_or_a_name_and_a_messaging_service_chooses_one() {
        let check = |sender: &str, from: &str, by_service: bool| {
            let pairs = format!("To=%2B819000000001&Body={}&{sender}", "障".repeat(1_600));
            let order = read(&pairs).expect("valid");
            assert_eq!((&*order.from, order.service.is_some()), (from, by_service));
        };
        let service = format!("MessagingServiceSid=MG{}", "0a".repeat(16));
        check(&service, OWN_NUMBER, true);
        check("From=Rinban+1", "Rinban 1", false);
        check(
            &format!("{service}&From=%2B815000000009"),
            "+815000000009",
            false,
        );
    }
}
