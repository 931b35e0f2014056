//! TW006: encodings other than UTF-8.

use encoding_rs::UTF_8;

use crate::{
    document::Span,
    encoding::Decoded,
    finding::Finding,
    lint::Linter,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW006",
    name: "non-utf8-encoding",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the document is not written in UTF-8",
    explain: "\
Every XML reader knows UTF-8 and UTF-16, and need not know more. What the carrier makes of Shift_JIS or EUC-JP is
documented nowhere, and a Japanese message read as something else is noise in the caller's ear.

Save the file as UTF-8.",
    bad: Example::xml(&[("menu.xml", "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>\n<Response>\n  <Say>hello</Say>\n</Response>\n")]),
    good: Example::xml(&[("menu.xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Say>hello</Say>\n</Response>\n")]),
    check: Check::Reading,
};

/// Says which encoding it is.
pub(crate) fn check(linter: &Linter, decoded: &Decoded<'_>, findings: &mut Vec<Finding>) {
    if decoded.encoding != UTF_8 {
        let message = format!("the document is written in {}, which the carrier may misread", decoded.encoding.name());
        linter.report(&RULE, Span { start: 0, end: 0 }, message, Some("save the file as UTF-8"), findings);
    }
}
