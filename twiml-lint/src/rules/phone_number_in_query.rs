//! TW120: a person in every log.

use super::query;
use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW120",
    name: "phone-number-in-query",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the query of the address holds a phone number",
    explain: "\
Addresses are written into the logs of both sides and into every proxy between. The carrier sends the numbers of the call
with each request anyway.

Take the number from `From` or `To`, or name the person by an identifier of your own.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Redirect>https://example.com/menu?who=%2B819012345678</Redirect>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Redirect>https://example.com/menu?who=7</Redirect>
</Response>
"#)]),
    check: Check::Queries(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let Some((name, _)) = query::pairs(address.trimmed()).find(|(_, value)| is_number(value)) else {
        return;
    };
    let message = format!(
        "{name} in the query of the address in {} is a phone number, which ends up in logs",
        address.place_name()
    );
    pass.report(address.span, message).help("name the person by an identifier of your own");
}

/// A number as E.164 writes it, or as people in Japan do: ten or eleven digits from 0.
fn is_number(value: &str) -> bool {
    let is_digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    // No number is that short.
    if value.len() < query::SHORT {
        return false;
    }
    // A plus that is not escaped arrives as a blank, and is meant as a plus.
    let international = ["+", "%2B", "%2b"].iter().find_map(|plus| value.strip_prefix(plus));
    let plain: String = value.chars().filter(|c| *c != '-').collect();
    match international {
        Some(number) => !number.starts_with('0') && is_digits(number, 8..=15),
        None => plain.starts_with('0') && is_digits(&plain, 10..=11),
    }
}
