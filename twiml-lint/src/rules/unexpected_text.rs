//! TW209: text where TwiML has none.

use super::values::shown;
use crate::{
    address::trimmed,
    document::{Content, Element},
    grammar::{Product, Role, TextRole},
    parse::BLANKS,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW209",
    name: "unexpected-text",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200],
    summary: "text stands where the carrier reads none",
    explain: "\
Text that stands directly in `<Response>`, `<Gather>` or another element that holds none is not said and not sent: the caller
hears silence where the menu was meant to be. A full-width blank (U+3000) is text to XML, too, where an indent was meant.

Put what is to be said into `<Say>`, and take out the rest. `<Dial>` holds either one number as its text, or nouns.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather action=\"https://example.com/digits\">Press 1 to take it.</Gather>
  <Hangup/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather action=\"https://example.com/digits\"><Say>Press 1 to take it.</Say></Gather>
  <Hangup/>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let Some(role) = tag.role else { return };
    if !may_be(tag.element, role) {
        return;
    }
    let has_none = role.text == TextRole::None;
    for content in tag.element.children() {
        let (Content::Text(text, span) | Content::CData(text, span)) = content else {
            continue;
        };
        if text.trim_matches(BLANKS).is_empty() || pass.is_uncertain(span) {
            continue;
        }
        let message = if has_none {
            format!("{} stands in <{}>, where the carrier reads no text", named(text), role.name)
        } else {
            format!("<Dial> holds {} and elements, and takes one or the other", named(text))
        };
        let help = help(role, text, pass.product);
        let span = trimmed(span, &tag.element.source()[span.range()]);
        pass.report(span, message).help(help);
    }
}

/// Whether a text stands in an element that takes none, or no text beside elements.
pub(crate) fn may_be(element: Element<'_, '_>, role: &Role) -> bool {
    let has_either = || role.name == "Dial" && element.holds_elements();
    element.holds_text() && (role.text == TextRole::None || has_either())
}

/// The text, where it can be seen.
fn named(text: &str) -> String {
    if text.trim().is_empty() {
        let blank = text.trim_matches(BLANKS).chars().next().unwrap_or_default();
        return format!("a blank that XML takes for text (U+{:04X})", u32::from(blank));
    }
    shown(text)
}

fn help(role: &Role, text: &str, product: Product) -> String {
    if text.trim().is_empty() {
        return "indent with plain blanks".to_owned();
    }
    let holds = |name: &str| role.child(name).is_some();
    let takes = |name: &&&str| role.attribute(name).is_some();
    match ["value", "url", "length", "digits"].iter().find(takes) {
        _ if role.name == "Dial" => "write the number as <Number> beside the others".to_owned(),
        _ if holds("Say") => "put it into <Say>".to_owned(),
        _ if product == Product::Messaging && holds("Message") => "put it into <Message>".to_owned(),
        Some(attribute) => format!("write it as {attribute}=\"...\""),
        None => "take it out".to_owned(),
    }
}
