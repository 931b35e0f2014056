//! TW207: a number or a text beyond what the attribute takes.

use super::values::{self, Faulty, Looked};
use crate::{
    grammar::{Fault, ValueRole},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW207",
    name: "value-out-of-range",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[
        12200, 13212, 13216, 13313, 13314, 13327, 13410, 13510, 13611, 13910,
    ],
    summary: "the value is below or above what the attribute takes",
    explain: "\
Counts, lengths and times have bounds. Beyond them the carrier logs a warning and goes on with the default: a `<Pause>` of 0
seconds lasts one, a `timeout` of 0 does not mean \"at once\" but 5 seconds.

Write a number within the bounds, or take the attribute out.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say loop=\"-1\">hello</Say>
  <Pause length=\"0\"/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say loop=\"0\">hello</Say>
  <Pause length=\"1\"/>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let looked = Looked {
        at_text: may_be_out,
        at_role: has_bounds,
    };
    values::each(pass, tag, looked, report);
}

/// Whether it begins as a number does, or is longer than a word.
fn may_be_out(value: &str) -> bool {
    value.len() > 16 || value.starts_with(|c: char| c.is_ascii_digit() || "+- ".contains(c))
}

fn has_bounds(role: ValueRole) -> bool {
    matches!(
        role,
        ValueRole::Integer { .. }
            | ValueRole::PositiveOrAuto
            | ValueRole::Integers
            | ValueRole::AtMost(_)
    )
}

fn report(pass: &mut Pass<'_, '_, '_>, faulty: Faulty<'_, '_>) {
    let place = faulty.place_name();
    let (message, help) = match faulty.fault {
        Fault::TooSmall(least) => (
            format!("{} in {place} is below {least}, the least that it takes", faulty.shown()),
            format!("write {least} or more"),
        ),
        Fault::TooLarge(i64::MAX) => (
            format!("{} in {place} is more than any clock or counter holds", faulty.shown()),
            "write a smaller number".to_owned(),
        ),
        Fault::TooLarge(most) => (
            format!("{} in {place} is above {most}, the most that it takes", faulty.shown()),
            format!("write {most} or less"),
        ),
        Fault::TooLong { characters, most } => (
            format!("{place} has {characters} characters, and takes {most}"),
            format!("shorten it to {most} characters"),
        ),
        _ => return,
    };
    pass.report(faulty.span(), message).help(help);
}
