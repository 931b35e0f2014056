//! TW210: an element without what it is for.

use crate::{
    document::Element,
    grammar::{self, Role, TextRole, attribute},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW210",
    name: "missing-content",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200, 13223, 13520, 14103],
    summary: "the element lacks the text or the elements that it is for",
    explain: "\
A `<Say>` without text says nothing, a `<Number>` without a number calls nobody, a `<Message>` without text or media is not
sent. It is what is left when a template's value is empty, or a line was taken out.

Write what is missing, or take the element out. Elements that hold a placeholder are not judged.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial><Number></Number></Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial><Number>+819012345678</Number></Dial>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

/// The elements that are for something that stands in them. `<Play>`, `<Redirect>` and `<Media>` hold addresses, which have
/// rules of their own.
const NEEDY: &[&str] = &[
    "Application",
    "ApplicationSid",
    "Autopilot",
    "Body",
    "Client",
    "Conference",
    "Connect",
    "Dial",
    "Enqueue",
    "Identity",
    "Message",
    "Number",
    "Queue",
    "Refer",
    "Room",
    "Say",
    "Sim",
    "Sip",
    "Sms",
    "Start",
    "Stop",
    "Uri",
    "WhatsApp",
];

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let Some(role) = tag.role.filter(|role| needs_content(role)) else {
        return;
    };
    let element = tag.element;
    // Parameters tell more of something, and are not the thing; one that may not stand here was meant as something else.
    let has_child = element
        .child_elements()
        .any(|child| child.name() != "Parameter" || role.child("Parameter").is_none());
    if has_child || !element.text().trim().is_empty() || does_without(tag) {
        return;
    }
    if pass.is_uncertain(element.span()) {
        return;
    }
    let (what, effect) = missing(role);
    pass.report(
        element.name_span(),
        format!("<{}> holds no {what}, so {effect}", role.name),
    )
    .help(match alternative(role) {
        Some(child) => format!("write it between the tags, or in <{child}>"),
        None => format!("write it between <{0}> and </{0}>", role.name),
    });
}

static NEEDY_ROLES: u128 = grammar::set_of(NEEDY);

fn needs_content(role: &Role) -> bool {
    NEEDY_ROLES & (1 << role.id) != 0
}

/// Whether an element has what it needs, told without a look at more than its first child.
pub(crate) fn is_plainly_there(element: Element<'_, '_>, role: &Role) -> bool {
    if !needs_content(role) {
        return true;
    }
    match element.sole_text() {
        Some(text) => text.starts_with(|c: char| !c.is_whitespace()),
        None => element
            .child_elements()
            .next()
            .is_some_and(|child| child.name() != "Parameter"),
    }
}

/// Whether an attribute or a neighbour stands for the content.
fn does_without(tag: Tag<'_, '_>) -> bool {
    let has = |name| tag.element.known(name).is_some();
    match tag.element.name() {
        "Enqueue" => has(attribute!("workflowSid")),
        "Queue" => has(attribute!("reservationSid")),
        "Body" => tag.element.parent().is_some_and(|message| {
            message
                .child_elements()
                .any(|child| child.name() == "Media")
        }),
        _ => false,
    }
}

/// What is missing, and what comes of it.
fn missing(role: &Role) -> (&'static str, &'static str) {
    match role.text {
        TextRole::Text if role.name == "Say" => ("text", "nothing is said"),
        TextRole::Text => ("text", "there is nothing to send"),
        TextRole::Phone => ("number", "nobody is called"),
        TextRole::SipUri => ("SIP address", "nobody is called"),
        TextRole::Identity => ("identity", "nobody is called"),
        TextRole::Sid => ("SID", "nothing is called"),
        TextRole::Name => ("name", "it leads nowhere"),
        TextRole::None | TextRole::Url | TextRole::Json => ("element", "it does nothing"),
    }
}

/// A child that can stand for the text.
fn alternative(role: &Role) -> Option<&'static str> {
    ["Number", "Identity", "ApplicationSid", "Uri", "Body"]
        .into_iter()
        .find(|name| role.child(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::ELEMENTS;

    #[test]
    fn all_elements_that_are_for_a_text_are_needy() {
        let is_needy = |role: &&Role| {
            let has_text = !matches!(role.text, TextRole::None | TextRole::Url | TextRole::Json);
            // SSML begins with a small letter, and may be empty.
            has_text && role.name.starts_with(char::is_uppercase)
        };
        for role in ELEMENTS.iter().filter(is_needy) {
            assert!(NEEDY.contains(&role.name), "{}", role.name);
        }
    }
}
