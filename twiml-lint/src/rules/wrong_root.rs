//! TW004: another root than `Response`.

use crate::{
    document::Element,
    finding::Finding,
    lint::Linter,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW004",
    name: "wrong-root",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[12102],
    summary: "the root element is not <Response>",
    explain: "\
The carrier runs documents whose root is `Response`, spelt just so, and refuses all others.

Put the verbs into `<Response>`. In directories, XML with another root is taken for something else and left out.",
    bad: Example::xml(&[("menu.xml", "<response>\n  <Say>hello</Say>\n</response>\n")]),
    good: Example::xml(&[("menu.xml", "<Response>\n  <Say>hello</Say>\n</Response>\n")]),
    check: Check::Reading,
};

/// Says what the root should be.
pub(crate) fn check(linter: &Linter, root: Element<'_, '_>, findings: &mut Vec<Finding>) {
    let message = format!("the root element is <{}>, which the carrier refuses", root.name());
    linter.report(&RULE, root.name_span(), message, Some("write <Response>"), findings);
}

/// Whether a text that is not well-formed was meant as TwiML: by its first tag, or if it has none.
pub(crate) fn guess(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = match rest.as_bytes().first() {
            Some(b'?') => "?>",
            Some(b'!') if rest.starts_with("!--") => "-->",
            Some(b'!') => ">",
            _ => {
                let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                return name.is_empty() || name.eq_ignore_ascii_case("Response");
            }
        };
        rest = rest.find(end).map_or("", |at| &rest[at + end.len()..]);
    }
    true
}
