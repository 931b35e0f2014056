//! TW312: a conference or a queue beside others.

use super::flow;
use crate::{
    grammar::{roles},
    document::Element,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW312",
    name: "dial-mixed-nouns",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[13000],
    summary: "<Conference> or <Queue> stands beside other nouns in <Dial>",
    explain: "\
A `<Dial>` leads to phones, to one conference or to one queue. The carrier refuses a mixture (13000), and the caller reaches
nobody.

Use one `<Dial>` for each. To bring several people into a conference, call each of them with a request of its own and let
each dial the conference.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number>+815012340001</Number>
    <Conference>incident</Conference>
  </Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Conference>incident</Conference>
  </Dial>
</Response>
",
    )]),
    check: Check::Elements(&["Dial"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let dial = tag.element;
    let is_alone = |noun: &Element<'_, '_>| pass.is(*noun, roles!("Conference", "Queue"));
    let Some(alone) = dial.child_elements().find(is_alone) else {
        return;
    };
    let is_known = |noun: &Element<'_, '_>| tag.role.is_some_and(|role| role.child(noun.name()).is_some());
    let other = dial
        .child_elements()
        .find(|noun| noun.span() != alone.span() && is_known(noun));
    if let Some(other) = other
        && flow::has_certain_children(pass, dial)
    {
        let (alone_name, other_name) = (alone.name(), other.name());
        let message = if alone_name == other_name {
            format!("two <{alone_name}> stand in one <Dial>: the carrier refuses it")
        } else {
            format!("<{alone_name}> stands beside <{other_name}> in one <Dial>: the carrier refuses the mixture")
        };
        let (earlier, later) = if alone.span().start < other.span().start { (alone, other) } else { (other, alone) };
        pass.report(later.name_span(), message)
            .help("use one <Dial> for each")
            .relate(earlier.name_span(), "the other one stands here");
    }
}
