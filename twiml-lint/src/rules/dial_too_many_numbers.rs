//! TW310: more numbers than are rung at once.

use super::flow;
use crate::{
    grammar::{roles},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

/// How many numbers one `Dial` rings (Twilio: Number, simultaneous dialing).
const MOST: usize = 10;

pub(crate) static RULE: Rule = Rule {
    code: "TW310",
    name: "dial-too-many-numbers",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[],
    summary: "<Dial> holds more than the ten numbers that it rings at once",
    explain: "\
One `<Dial>` rings up to ten `<Number>` nouns at once, and the first to answer wins. Whoever is eleventh on the list believes
to be on call and is not.

Ring the rest in another `<Dial>` after the first, which runs when nobody answered.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number>+815012340001</Number>
    <Number>+815012340002</Number>
    <Number>+815012340003</Number>
    <Number>+815012340004</Number>
    <Number>+815012340005</Number>
    <Number>+815012340006</Number>
    <Number>+815012340007</Number>
    <Number>+815012340008</Number>
    <Number>+815012340009</Number>
    <Number>+815012340010</Number>
    <Number>+815012340011</Number>
  </Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number>+815012340001</Number>
    <Number>+815012340002</Number>
    <Number>+815012340003</Number>
    <Number>+815012340004</Number>
    <Number>+815012340005</Number>
    <Number>+815012340006</Number>
    <Number>+815012340007</Number>
    <Number>+815012340008</Number>
    <Number>+815012340009</Number>
    <Number>+815012340010</Number>
  </Dial>
  <Dial>+815012340011</Dial>
</Response>
",
    )]),
    check: Check::Elements(&["Dial"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let mut numbers = tag
        .element
        .child_elements()
        .filter(|noun| pass.is(*noun, roles!("Number")));
    let Some(first_too_many) = numbers.nth(MOST) else {
        return;
    };
    let count = MOST + 1 + numbers.count();
    // A template may choose among them.
    if flow::has_certain_children(pass, tag.element) {
        pass.report(
            first_too_many.name_span(),
            format!("<Dial> holds {count} numbers and rings {MOST} at most: from this one on, nobody is called"),
        )
        .help("ring the others in another <Dial> after this one");
    }
}
