//! TW005: `<!DOCTYPE`.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW005",
    name: "doctype-declared",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[12100],
    summary: "the document declares a document type",
    explain: "\
TwiML has no document type. What a declaration can bring in, entities, is a way to attack whoever expands them, so
neither this linter nor a careful reader does.

Remove the declaration.",
    bad: Example::xml(&[("menu.xml", r#"<!DOCTYPE Response>
<Response>
  <Say>hello</Say>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Say>hello</Say>
</Response>
"#)]),
    check: Check::Reading,
};
