//! TW007: bounds that keep the linter itself safe.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW007",
    name: "beyond-bounds",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[],
    summary: "the document is larger or deeper than anything that makes sense",
    explain: "\
TwiML nests 5 deep and needs some 30 attributes. A document far beyond that is a mistake or an attack, and is not read
to its end: more than 64 levels, 256 attributes on one element, or 64 MiB.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
<Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say><Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say></Say>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Say>hello</Say>
</Response>
"#)]),
    check: Check::Reading,
};
