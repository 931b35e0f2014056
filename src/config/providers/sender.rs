//! Who calls and messages come from, as carriers take it.

use super::super::{error::Wrong, members::phone_number};
use crate::{provider::twilio::Sender, roster::PhoneNumber};

/// Characters of a sender's name (3GPP TS 23.040, alphanumeric address).
const NAME_CHARS: usize = 11;

/// A number that calls come from.
pub(super) fn caller_id(text: &str) -> Result<PhoneNumber, Wrong> {
    if text.chars().any(|c| c.is_ascii_alphabetic()) {
        return Err(Wrong::new(
            "is a name, and calls come from a number",
            "write a number like \"+815012345678\", and the name into sms_from",
        ));
    }
    phone_number(text)
}

/// A number or a name that messages come from.
pub(super) fn sender(text: &str) -> Result<Sender, Wrong> {
    if text.starts_with('+') {
        return phone_number(text).map(Sender::Number);
    }
    name(text)?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::new(
            "is neither a number in E.164 nor a name",
            "write a number like \"+815012345678\", or a name with a letter in it",
        ));
    }
    Ok(Sender::Name(text.to_owned()))
}

/// The same as carriers take it that want numbers without their plus sign.
pub(super) fn bare_sender(text: &str) -> Result<String, Wrong> {
    Ok(match sender(text)? {
        Sender::Number(number) => number.e164().trim_start_matches('+').to_owned(),
        Sender::Name(text) | Sender::Service(text) => text,
    })
}

/// Letters and digits, few enough for a name.
pub(super) fn name(text: &str) -> Result<(), Wrong> {
    let count = text.chars().count();
    if count > NAME_CHARS {
        return Err(Wrong::new(
            format!("has {count} characters, and a sender has at most {NAME_CHARS}"),
            "write a shorter one",
        ));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    if text.trim().is_empty() || !text.chars().all(is_name) {
        return Err(Wrong::new(
            format!("is {text:?}, which is neither a number nor a name of letters and digits"),
            "write a number like \"+815012345678\", or a name like \"RINBAN\"",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_from_a_number_or_a_short_name() {
        for (text, expected) in [
            ("+815012345678", Ok("815012345678")),
            ("RINBAN", Ok("RINBAN")),
            ("Rin ban 24", Ok("Rin ban 24")),
            ("12345678901", Err("neither a number in E.164 nor a name")),
            ("RINBANRINBAN", Err("has 12 characters")),
            ("+81 50", Err("not a phone number")),
            ("", Err("neither a number nor a name")),
            ("輪番", Err("neither a number nor a name")),
            ("a_b", Err("neither a number nor a name")),
        ] {
            match (bare_sender(text), expected) {
                (Ok(sender), Ok(expected)) => assert_eq!(sender, expected),
                (Err(wrong), Err(expected)) => assert!(wrong.what.contains(expected), "{wrong:?}"),
                (found, _) => panic!("{text:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn calls_come_from_a_number() {
        assert!(caller_id("+815012345678").is_ok());
        let wrong = caller_id("RINBAN").expect_err("a name");
        assert!(wrong.what.contains("a name") && wrong.remedy.contains("sms_from"));
        assert!(caller_id("0312345678").is_err());
    }
}
