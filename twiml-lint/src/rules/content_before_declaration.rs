//! TW003: a blank line before `<?xml`.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW003",
    name: "content-before-declaration",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[12100],
    summary: "something stands before the XML declaration",
    explain: "\
XML wants `<?xml ...?>` as the very first characters. A blank line that a template engine leaves before it makes the
carrier refuse the document.

Remove what stands before the declaration, or the declaration.",
    bad: Example::xml(&[("menu.xml", r#"
<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>hello</Say>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>hello</Say>
</Response>
"#)]),
    check: Check::Reading,
};
