//! Messages: the request that creates one.

use super::{Numbers, fields, magic};
use crate::{
    serve::{form::Form, refusal::Refusal},
    twilio::twiml::Target,
};

/// Message resource, Body: so many characters at most.
const LONGEST_BODY: usize = 1_600;

/// Message resource, ValidityPeriod, in seconds.
const VALIDITY: (u64, u64) = (1, 36_000);

/// A message as it was ordered.
#[derive(Clone, Debug)]
pub struct MessageOrder {
    /// Who is written to.
    pub to: String,
    /// Who writes.
    pub from: String,
    /// What.
    pub body: String,
    /// Who hears how it goes.
    pub status_callback: Option<Target>,
}

impl MessageOrder {
    /// Reads the form of a request that creates a message.
    pub fn read(form: &Form, numbers: &Numbers) -> Result<Self, Refusal> {
        let to = fields::number(form, "To", 21604, 21211)?;
        if form.get("MessagingServiceSid").is_some() && form.get("From").is_none() {
            let message = "There is no messaging service here; use From.";
            return Err(Refusal::bad(21701, message));
        }
        let from = fields::number(form, "From", 21603, 21212)?;
        magic::message(numbers, from, to)?;
        fields::whole(form, "ValidityPeriod", VALIDITY, 20001)?;
        Ok(Self {
            to: to.to_owned(),
            from: from.to_owned(),
            body: body(form)?,
            status_callback: fields::status_callback(form)?,
        })
    }
}

fn body(form: &Form) -> Result<String, Refusal> {
    let body = form.get("Body").unwrap_or_default();
    if body.is_empty() && form.get("MediaUrl").is_none() {
        return Err(Refusal::bad(21602, "Message body is required."));
    }
    if body.chars().count() > LONGEST_BODY {
        let message = format!("The message body exceeds the {LONGEST_BODY} character limit.");
        return Err(Refusal::bad(21617, message));
    }
    Ok(body.to_owned())
}

/// How many parts a text travels in: 160 characters of the GSM alphabet each, or 70 of UCS-2; 153 and 67 where there is
/// more than one, as each then has a header.
pub(in crate::serve) fn segments(body: &str) -> usize {
    let is_gsm = body
        .chars()
        .all(|c| GSM.contains(c) || GSM_TWICE.contains(c));
    let units = match is_gsm {
        true => body
            .chars()
            .map(|c| 1 + usize::from(GSM_TWICE.contains(c)))
            .sum(),
        false => body.encode_utf16().count(),
    };
    let (alone, together) = if is_gsm { (160, 153) } else { (70, 67) };
    if units <= alone {
        1
    } else {
        units.div_ceil(together)
    }
}

/// The alphabet of GSM 03.38, and its extension, each of whose characters takes the room of two.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                   abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_TWICE: &str = "\u{c}^{}\\[~]|€";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_has_the_documented_code() {
        let numbers = "To=%2B819012345678&From=%2B815012345678";
        let long = format!("{numbers}&Body={}", "a".repeat(LONGEST_BODY + 1));
        let validity = format!("{numbers}&Body=a&ValidityPeriod=36001");
        for (fields, code) in [
            ("From=%2B815012345678&Body=a", 21604),
            ("To=%2B819012345678&Body=a", 21603),
            ("To=%2B819012345678&MessagingServiceSid=MG0&Body=a", 21701),
            ("To=1&From=%2B815012345678&Body=a", 21211),
            ("To=%2B819012345678&From=1&Body=a", 21212),
            (numbers, 21602),
            (&long, 21617),
            (&validity, 20001),
        ] {
            let form = Form::parse(fields.as_bytes());
            let refusal = MessageOrder::read(&form, &Numbers::default()).expect_err(fields);
            assert_eq!(refusal.code, code, "{fields}");
        }
    }

    #[test]
    fn a_text_travels_in_as_many_parts_as_its_alphabet_makes() {
        for (body, parts) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("[".repeat(80), 1),
            ("[".repeat(81), 2),
            ("あ".repeat(70), 1),
            ("あ".repeat(71), 2),
            ("😀".repeat(36), 2),
        ] {
            assert_eq!(segments(&body), parts, "{body}");
        }
    }
}
