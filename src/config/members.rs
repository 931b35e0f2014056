//! `[members.NAME]`: everybody who can be called.

use std::collections::BTreeMap;

use super::{error::Wrong, reader::Section};
use crate::roster::{Channel, Language, Member, MemberName, PhoneNumber};

/// How languages are written.
pub(super) const LANGUAGES: [(&str, Language); 2] = [("ja", Language::Ja), ("en", Language::En)];

/// How channels are written.
pub(super) const CHANNELS: [(&str, Channel); 2] =
    [("voice", Channel::Voice), ("sms", Channel::Sms)];

/// The names of everybody in the file, and whoever of them is described without a mistake.
pub(super) struct Members<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) sound: BTreeMap<MemberName, Member>,
}

pub(super) fn members<'a>(root: &Section<'a>) -> Members<'a> {
    let sections = root.named("members");
    if sections.is_empty() {
        root.wrong(
            0,
            "nobody is there to be called",
            "add [members.NAME] with number = \"+81...\"",
        );
    }
    let names = sections.iter().map(|(name, _)| *name).collect();
    let sound = sections
        .iter()
        .filter_map(|(name, section)| member(name, section))
        .map(|member| (member.name.clone(), member))
        .collect();
    Members { names, sound }
}

fn member(name: &str, section: &Section<'_>) -> Option<Member> {
    let is_name = check_name(name, section);
    let number = section.parsed("number", phone_number);
    let language = section.choice("language", &LANGUAGES);
    let channels = section.choices("channels", &CHANNELS);
    if channels.as_ref().is_some_and(Vec::is_empty) {
        section.wrong(
            section.at,
            format!("`{}` is empty", section.path("channels")),
            "write channels = [\"voice\"], or leave the key out",
        );
    }
    is_name?;
    Some(Member {
        name: MemberName::new(name),
        number: section.required("number", number, "add number = \"+81...\" (E.164)")?,
        language: language.unwrap_or_default(),
        channels: channels.unwrap_or_else(|| vec![Channel::Voice, Channel::Sms]),
    })
}

/// Names stand in logs, tables and speech.
pub(super) fn check_name(name: &str, section: &Section<'_>) -> Option<()> {
    let fits = !name.trim().is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
    if !fits {
        section.wrong(
            section.at,
            format!("{name:?} is no name"),
            "use 1 to 200 bytes without control characters",
        );
    }
    fits.then_some(())
}

/// Reads a number in E.164.
pub(super) fn phone_number(text: &str) -> Result<PhoneNumber, Wrong> {
    PhoneNumber::parse(text).map_err(|_| {
        Wrong::new(
            format!("is {:?}, which is not a phone number in E.164", masked(text)),
            "write `+`, the country code and the number without its leading 0, blanks and hyphens, such as \
             +819012345678",
        )
    })
}

/// Hides the first of the digits, so that the form shows and the number does not: the last four stay, as everywhere.
fn masked(text: &str) -> String {
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    let mut to_hide = digits.saturating_sub(4);
    let mask = |c: char| {
        if c.is_numeric() && to_hide > 0 {
            to_hide -= 1;
            return '*';
        }
        c
    };
    text.chars().take(40).map(mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_shows_its_form_and_its_last_four_digits() {
        for (number, shown) in [
            ("090-1234-5678", "***-****-5678"),
            ("81 90 1234 5678", "** ** **** 5678"),
            ("+09012345678", "+*******5678"),
            ("５６７８", "５６７８"),
            ("", ""),
        ] {
            assert_eq!(masked(number), shown);
        }
    }
}
