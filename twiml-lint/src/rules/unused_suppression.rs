//! TW901: comments that silence nothing.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW901",
    name: "unused-suppression",
    level: Level::Warning,
    strict: Level::Warning,
    twilio: &[],
    summary: "a comment silences a rule that finds nothing there",
    explain: "\
A comment that outlives its reason hides the next mistake of its kind.

Remove it. Before the root element a comment counts for the whole file, elsewhere for its line and for the element that
follows it.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <!-- twiml-lint: disable=TW101 -->
  <Play>https://example.com/a.mp3</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <!-- twiml-lint: disable=TW101 -->
  <Play>/a.mp3</Play>
</Response>
"#)]),
    check: Check::Reading,
};
