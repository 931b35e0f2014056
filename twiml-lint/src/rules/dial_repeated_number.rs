//! TW311: one phone, rung twice at the same time.

use super::flow::{self, Given};
use crate::{
    grammar::{attribute, roles},
    address::has_placeholder,
    document::Element,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW311",
    name: "dial-repeated-number",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "<Dial> rings the same number twice at once",
    explain: "\
All numbers of a `<Dial>` ring at the same time. The second call to the same phone finds it busy, or its voicemail, and if the
voicemail answers first it wins: the person whose phone is ringing never gets the call. Most often a line was copied, and
somebody else is missing from the list.

Name each number once. Blanks, dashes, dots and parentheses make no difference; with `sequential=\"true\"`, or with other
`sendDigits`, the same number may stand there again.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number>+81 50-1234-0001</Number>
    <Number>+815012340001</Number>
  </Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number>+815012340001</Number>
    <Number>+815012340002</Number>
  </Dial>
</Response>
",
    )]),
    check: Check::Elements(&["Dial"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let dial = tag.element;
    let mut numbers = dial.child_elements().filter(|noun| pass.is(*noun, roles!("Number")));
    if numbers.next().is_none() || numbers.next().is_none() || may_take_turns(pass, dial) {
        return;
    }
    let mut seen: Vec<(Element<'_, '_>, String)> = Vec::new();
    for noun in dial.child_elements() {
        if noun.name() != "Number" {
            continue;
        }
        let number = plain(&noun.text());
        if number.is_empty() || has_placeholder(&number) {
            continue;
        }
        match seen.iter().find(|(first, known)| *known == number && has_same_extension(*first, noun)) {
            Some(&(first, _)) => report(pass, first, noun, &number),
            None => seen.push((noun, number)),
        }
    }
}

/// Whether the numbers may be rung one after another, or be chosen by a template.
fn may_take_turns(pass: &Pass<'_, '_, '_>, dial: Element<'_, '_>) -> bool {
    match flow::given(pass, dial, attribute!("sequential")) {
        Given::Nothing | Given::Value("false") => !flow::has_certain_children(pass, dial),
        Given::Value(_) | Given::Unknown => true,
    }
}

fn has_same_extension(first: Element<'_, '_>, second: Element<'_, '_>) -> bool {
    let digits = |noun: Element<'_, '_>| noun.known_value(attribute!("sendDigits")).map(str::to_owned);
    let (first, second) = (digits(first), digits(second));
    first == second && !first.is_some_and(|digits| has_placeholder(&digits))
}

/// A number without what people write for the eye.
fn plain(number: &str) -> String {
    number
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')'))
        .collect()
}

fn report(pass: &mut Pass<'_, '_, '_>, first: Element<'_, '_>, again: Element<'_, '_>, number: &str) {
    pass.report(
        again.name_span(),
        format!("{number} is rung twice at once: the second call finds it busy or reaches its voicemail"),
    )
    .help("delete it, or write the number of the person who is missing")
    .relate(first.name_span(), "it stands here already");
}
