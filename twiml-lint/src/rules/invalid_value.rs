//! TW206: a value that the attribute does not take.

use super::{
    nearest::{either, nearest},
    values::{self, Faulty, Looked, shown},
};
use crate::{
    address::trimmed,
    document::{Content, Span},
    grammar::{self, Fault, PhoneFault, TextRole, ValueRole},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
    template,
};

pub(crate) static RULE: Rule = Rule {
    code: "TW206",
    name: "invalid-value",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[
        12200, 13212, 13213, 13216, 13222, 13223, 13313, 13314, 13327, 13328, 13410, 13430, 13510,
        13611, 13613, 13710, 13810, 13910, 14101,
    ],
    summary: "the attribute does not take this value",
    explain: "\
The carrier logs a warning for a value that it cannot use, and most often goes on with the default: a `record` that was
misspelt records nothing, a `finishOnKey` that is no key waits for the time-out. A phone number that is none is not called,
and one written as at home, as in 090-..., is taken for a number of another country.

Write one of the values that the documentation gives. They are case-sensitive; where only the case is wrong, `--fix` mends
it. Values with a placeholder are not judged.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial record=\"record-from-anser\" hangupOnStar=\"True\">
    <Number>090-1234-5678</Number>
  </Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial record=\"record-from-answer\" hangupOnStar=\"true\">
    <Number>+819012345678</Number>
  </Dial>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let looked = Looked {
        at_text: |_| true,
        at_role: is_judged,
    };
    values::each(pass, tag, looked, report);
    if tag.role.is_some_and(|role| role.text == TextRole::Phone) {
        check_number(pass, tag);
    }
}

fn is_judged(role: ValueRole) -> bool {
    !matches!(
        role,
        ValueRole::Any
            | ValueRole::Url { .. }
            | ValueRole::WebsocketUrl
            | ValueRole::AtMost(_)
    )
}

fn report(pass: &mut Pass<'_, '_, '_>, faulty: Faulty<'_, '_>) {
    let Some((what, help)) = wording(&faulty) else {
        return;
    };
    let effect = match faulty.fault {
        Fault::NotPhone(_) => "so nobody gets the message",
        _ => "so the carrier goes on without it",
    };
    let message = match faulty.fault {
        Fault::Empty => format!("{} is empty, {effect}", faulty.place_name()),
        _ => format!("{} in {} {what}, {effect}", faulty.shown(), faulty.place_name()),
    };
    let span = faulty.span();
    let finding = pass.report(span, message).help(help);
    if let Fault::Spelling(word) = faulty.fault {
        finding.fix(span, word);
    }
}

/// What the value is, and what to do; nothing for faults that other rules tell.
fn wording(faulty: &Faulty<'_, '_>) -> Option<(&'static str, String)> {
    let value = faulty.word;
    let told = match faulty.fault {
        Fault::TooSmall(_)
        | Fault::TooLarge(_)
        | Fault::TooLong { .. }
        | Fault::Commas
        | Fault::Repeated => return None,
        Fault::Empty => ("", "give it a value, or take it out".to_owned()),
        Fault::Spelling(word) => (misspelt(value, word), format!("write {word}")),
        Fault::NotOneOf(words) => ("is none of its values", one_of(value, words)),
        Fault::NotBoolean => ("is neither true nor false", boolean(value)),
        Fault::NotInteger => ("is not a whole number", whole_number(value)),
        Fault::NotPositiveOrAuto => ("is neither a whole number nor auto", whole_number(value)),
        Fault::NotDtmf => (
            "is not made of keys",
            "write 0 to 9, *, #, A to D, and w or W to wait half a second or a whole one".to_owned(),
        ),
        Fault::NotKey => (
            "is not a key",
            "write one of 0 to 9, * and #, or nothing for no key".to_owned(),
        ),
        Fault::NotLanguage => ("is not a language tag", language(value)),
        Fault::NotPhone(fault) => ("is not an international phone number", phone(fault)),
    };
    Some(told)
}

fn misspelt(value: &str, word: &str) -> &'static str {
    if value.trim() == word {
        "has blanks around it"
    } else {
        "is in the wrong case"
    }
}

fn one_of(value: &str, words: &'static [&'static str]) -> String {
    /// More words are no help on one line.
    const MOST: usize = 12;
    if let Some(meant) = nearest(value, words.iter().copied()) {
        return format!("did you mean {meant}?");
    }
    match words {
        [only] => format!("its only value is {only}"),
        _ if words.len() <= MOST => format!("write {}", either(words)),
        _ => format!("write one of {}, ...", words[..MOST].join(", ")),
    }
}

fn boolean(value: &str) -> String {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "yes" | "on" | "y" | "t" => "write true".to_owned(),
        "0" | "no" | "off" | "n" | "f" => "write false".to_owned(),
        _ => "write true or false".to_owned(),
    }
}

fn whole_number(value: &str) -> String {
    let value = value.trim();
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = value.split_at(digits);
    let is_seconds = ["s", "sec", "secs", "second", "seconds"]
        .iter()
        .any(|name| unit.trim().eq_ignore_ascii_case(name));
    if digits > 0 && is_seconds {
        format!("write {number}: times are in seconds, without a unit")
    } else {
        "write it in the digits 0 to 9".to_owned()
    }
}

fn language(value: &str) -> String {
    if value.is_ascii() && value.contains('_') {
        return format!("write {}", value.replace('_', "-"));
    }
    "write language and region, as in ja-JP or en-US".to_owned()
}

fn phone(fault: PhoneFault) -> String {
    match fault {
        PhoneFault::Client => "call clients with <Client> in <Dial>",
        PhoneFault::Sip => "call SIP addresses with <Sip> in <Dial>",
        PhoneFault::National => "write + and the country code in place of the first 0, as in +819012345678",
        PhoneFault::NoNumber => "write + and the country code, then the number, as in +819012345678",
    }
    .to_owned()
}

/// Judges the number that is the text of an element.
fn check_number(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let text = tag.element.text();
    let number = text.trim();
    if number.is_empty() || number.contains(template::PLACEHOLDER) {
        return;
    }
    let Some(fault) = grammar::judge_phone(number) else {
        return;
    };
    let spans = tag.element.children().filter_map(|content| match content {
        Content::Text(text, span) | Content::CData(text, span) if !text.trim().is_empty() => {
            Some(trimmed(span, &tag.element.source()[span.range()]))
        }
        _ => None,
    });
    let Some(span) = spans.reduce(|first, last| Span { end: last.end, ..first }) else {
        return;
    };
    if pass.is_uncertain(span) {
        return;
    }
    let message = format!(
        "{} in <{}> is not an international phone number, so the call is not put through",
        shown(number),
        tag.element.name()
    );
    pass.report(span, message).help(phone(fault));
}
