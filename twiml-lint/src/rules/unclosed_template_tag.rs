//! TW008: a template's tag without its end.

use crate::{
    document::Span,
    finding::Finding,
    lint::Linter,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW008",
    name: "unclosed-template-tag",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[],
    summary: "a template tag begins and never ends",
    explain: "\
The template engine refuses the file, or puts the tag into the document as it stands, and the carrier refuses that. What
follows the tag cannot be judged.

Close it: `<% ... %>`, `{{ ... }}`, `{% ... %}`.",
    bad: Example::xml(&[("menu.xml.erb", "<Response>\n  <Say><%= greeting</Say>\n</Response>\n")]),
    good: Example::xml(&[("menu.xml.erb", "<Response>\n  <Say><%= greeting %></Say>\n</Response>\n")]),
    check: Check::Reading,
};

/// Says where it begins.
pub(crate) fn check(linter: &Linter, span: Span, findings: &mut Vec<Finding>) {
    let message = "this template tag never ends".to_owned();
    linter.report(&RULE, span, message, Some("close it"), findings);
}
