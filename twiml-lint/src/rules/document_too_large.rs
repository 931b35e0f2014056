//! TW401: more than the carrier takes.

use crate::{
    document::Span,
    finding::Finding,
    lint::Linter,
    rule::{Check, Example, Level, Rule},
};

/// The longest body that the carrier takes, in bytes (error 11750: 64 kB).
const MAX_BYTES: usize = 65_536;

pub(crate) static RULE: Rule = Rule {
    code: "TW401",
    name: "document-too-large",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11750],
    summary: "the document is larger than the 64 kB that the carrier takes",
    explain: "\
The carrier refuses a reply of more than 64 kB, and the call ends. An error page that a framework serves in place of the
document is a usual cause.

Split the flow into several documents that redirect to each other.",
    bad: Example::xml(&[("menu.xml", LARGE)]),
    good: Example::xml(&[("menu.xml", "<Response>\n  <Say>hello</Say>\n</Response>\n")]),
    check: Check::Reading,
};

/// How long the example is.
const LENGTH: usize = MAX_BYTES + 25;

/// A document with a comment of 64 kB.
static LARGE_BYTES: [u8; LENGTH] = {
    let mut bytes = [b'.'; LENGTH];
    let (head, tail) = (b"<Response><!--", b"--></Response>");
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    at = 0;
    while at < tail.len() {
        bytes[LENGTH - tail.len() + at] = tail[at];
        at += 1;
    }
    bytes
};

const LARGE: &str = match str::from_utf8(&LARGE_BYTES) {
    Ok(text) => text,
    Err(_) => panic!("it is ASCII"),
};

/// Says how large it is.
pub(crate) fn check(linter: &Linter, text: &str, findings: &mut Vec<Finding>) {
    if text.len() > MAX_BYTES {
        let message = format!("the document has {} bytes; the carrier takes {MAX_BYTES}", text.len());
        linter.report(&RULE, Span { start: 0, end: 0 }, message, Some("split it into several documents"), findings);
    }
}
