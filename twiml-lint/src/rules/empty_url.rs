//! TW105: an address that is not there.

use crate::{
    grammar::{attribute},
    address::{Address, Place, Verdict},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW105",
    name: "empty-url",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11100, 13420],
    summary: "there is no address where one must be",
    explain: "\
The carrier takes an empty address for the document itself and runs it again, without end, or refuses it with error
11100. A template whose variable is empty is the usual cause.

Write the address, or take out the element.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play></Play>
  <Redirect/>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play digits="ww1"/>
  <Redirect>https://example.com/menu</Redirect>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let element = address.tag.element;
    let is_tones = matches!(address.place, Place::Text) && element.known(attribute!("digits")).is_some();
    if address.verdict != Verdict::Empty || is_tones {
        return;
    }
    // What a template leaves between the tags may be an address.
    if matches!(address.place, Place::Text) && pass.is_uncertain(element.span()) {
        return;
    }
    let message = match address.place {
        Place::Text => format!("<{}> holds no address, so there is nothing to fetch", element.name()),
        Place::Attribute(attribute, _) => {
            format!("the {} of <{}> is empty, which the carrier takes for this same document", attribute.name(), element.name())
        }
    };
    pass.report(address.span, message).help("write the address, or take it out");
}
