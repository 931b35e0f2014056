//! TW001: the XML is broken.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW001",
    name: "not-well-formed",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[12100],
    summary: "the document is not well-formed XML",
    explain: "\
The carrier parses TwiML as XML, and refuses the whole document for one unescaped ampersand: the caller hears that an
application error has occurred, and the call ends.

Write `&amp;` for an ampersand, close every element with the same capitals, and quote every attribute.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/a.mp3?x=1&y=2</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/a.mp3?x=1&amp;y=2</Play>
</Response>
"#)]),
    check: Check::Reading,
};
