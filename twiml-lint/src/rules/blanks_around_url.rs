//! TW113: an address with air around it.

use crate::{
    address::{Address, Place},
    document::{Content, Span},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW113",
    name: "blanks-around-url",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "blanks or line breaks stand around the address",
    explain: "\
The carrier cuts them off, by its own samples. Services that speak TwiML too do not all do so, and a blank that is not
one of XML (U+3000, U+00A0) is part of the address everywhere.

Write the address directly between the tags or quotes.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>
    https://example.com/hello.mp3
  </Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let trimmed = address.trimmed();
    if trimmed.len() == address.value.len() || trimmed.is_empty() {
        return;
    }
    let message = format!("blanks stand around the address in {}", address.place_name());
    let around = match address.place {
        Place::Attribute(attribute, _) => Some(attribute.value_span()),
        Place::Text => single_text(address),
    };
    let finding = pass.report(address.span, message);
    finding.help("take them out");
    if let Some(around) = around {
        finding.fix(Span { end: address.span.start, ..around }, "");
        finding.fix(Span { start: address.span.end, ..around }, "");
    }
}

/// Where the text of the element stands, if it is one piece, so that nothing else is between the blanks.
fn single_text(address: &Address<'_, '_>) -> Option<Span> {
    let mut children = address.tag.element.children();
    match (children.next(), children.next()) {
        (Some(Content::Text(_, span)), None) => Some(span),
        _ => None,
    }
}
