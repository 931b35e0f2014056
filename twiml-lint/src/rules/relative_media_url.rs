//! TW103: `Media` of somewhere.

use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW103",
    name: "relative-media-url",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11100, 11200],
    summary: "the address in <Media> is relative",
    explain: "\
The carrier fetches the file of a message long after the document. A relative address leaves open from where, and the
message goes out without its picture, or not at all.

Write the whole address, scheme and host included.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Message>
    <Body>Map</Body>
    <Media>/map.png</Media>
  </Message>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Message>
    <Body>Map</Body>
    <Media>https://example.com/map.png</Media>
  </Message>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    if address.is_text_of("Media") && super::relative::is(pass, address) {
        super::relative::report(pass, address);
    }
}
