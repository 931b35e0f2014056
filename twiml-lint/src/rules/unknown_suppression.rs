//! TW902: comments that name no rule.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW902",
    name: "unknown-suppression",
    level: Level::Warning,
    strict: Level::Warning,
    twilio: &[],
    summary: "a comment names a rule that does not exist",
    explain: "\
The rule that was meant goes on looking.

Write a code or a name as `--list-rules` shows it. Several are separated by commas.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <!-- twiml-lint: disable=TW1O1 -->
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
