//! TW203: an attribute that the element does not have.

use super::nearest::nearest;
use crate::{
    grammar::{self, Role},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW203",
    name: "unknown-attribute",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200],
    summary: "the element has no attribute of this name",
    explain: "\
The carrier goes on as if an attribute that it does not know were not there: a misspelt `numDigits` lets the caller type on
until the time-out, a misspelt `action` sends the digits to the wrong place. The only trace is a warning in its log.

Write the name as the documentation has it, in camel case: the helper libraries of Python and Ruby turn `num_digits` into
`numDigits`, but nothing does that for a file.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigit=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let Some(role) = tag.role else { return };
    for (at, attribute) in tag.element.attributes().enumerate() {
        let name = attribute.name();
        if pass.known(at).is_some() || is_known(tag, role, name) {
            continue;
        }
        let span = attribute.name_span();
        // What was meant takes time to find, and nothing more is kept once there is a surplus.
        let is_moot = pass.has_surplus() || pass.is_uncertain(span);
        if is_moot || role.attribute_in_any_case(name).is_some() {
            continue;
        }
        let message = format!("<{}> has no attribute {name}, so the carrier goes on without it", role.name);
        let help = help(tag, role, name);
        pass.report(span, message).help(help);
    }
}

/// Names that may stand on this element although this role does not list them.
fn is_known(tag: Tag<'_, '_>, role: &Role, name: &str) -> bool {
    let is_xmls_own = name == "xmlns"
        || ["xml:", "xmlns:", "xsi:"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
    let is_at_home = || tag.parent.is_none_or(|parent| parent.may_hold(role)) && !is_lost(tag);
    // Where an element may not stand, nobody can tell in which of its roles it was meant.
    let in_another_role = || {
        grammar::named(role.name)
            .iter()
            .any(|role| role.attribute(name).is_some())
    };
    is_xmls_own || !is_at_home() && in_another_role()
}

/// Whether it stands in an element that is unknown.
fn is_lost(tag: Tag<'_, '_>) -> bool {
    tag.parent.is_none() && tag.element.parent().is_some()
}

fn help(tag: Tag<'_, '_>, role: &Role, name: &str) -> String {
    let names = role.attributes.iter().map(|attribute| attribute.name);
    if let Some(meant) = nearest(name, names) {
        return format!("did you mean {meant}?");
    }
    if let Some(parent) = tag.parent.filter(|parent| parent.attribute(name).is_some()) {
        return format!("<{}>, around it, has one", parent.name);
    }
    let children = role
        .children
        .iter()
        .map(|&id| &grammar::ELEMENTS[usize::from(id)]);
    let mut holding = children.filter(|child| child.attribute(name).is_some());
    if let Some(child) = holding.next() {
        return format!("<{}>, in it, has one", child.name);
    }
    if role.attributes.is_empty() {
        return format!("<{}> has no attributes; take it out", role.name);
    }
    "take it out".to_owned()
}
