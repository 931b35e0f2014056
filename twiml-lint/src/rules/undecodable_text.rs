//! TW002: bytes that no encoding explains.

use crate::rule::{Check, Example, Level, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "TW002",
    name: "undecodable-text",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[12100],
    summary: "the bytes are no text in the declared or assumed encoding",
    explain: "\
The carrier reads TwiML as UTF-8 unless its declaration says otherwise. Bytes that do not fit make it refuse the
document.

Save the file as UTF-8, or declare the encoding that it has.",
    bad: Example::xml(&[("menu.xml", r#"<?xml version="1.0" encoding="UTF-7"?>
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
