//! TW202: an element that TwiML has, in a place where it may not stand.

use super::nearest::either;
use crate::{
    grammar::{self, Product, Role},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW202",
    name: "misplaced-element",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200, 13215, 13320],
    summary: "the element may not stand in this one",
    explain: "\
Each element of TwiML has its places: nouns stand in their verb, `<Gather>` holds what is said and played while the carrier
waits for keys and nothing else, and most verbs hold nothing. An element in another place is left out, with a warning in the
carrier's log. Verbs of calls do nothing in the answer to a message, and `<Message>` does nothing in a call.

Move it to where it may stand. What is to follow a `<Gather>` comes after its end tag.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather action=\"https://example.com/digits\">
    <Say>Press 1 to be put through.</Say>
    <Dial>+819012345678</Dial>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather action=\"https://example.com/digits\">
    <Say>Press 1 to be put through.</Say>
  </Gather>
  <Dial>+819012345678</Dial>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let (Some(role), Some(parent)) = (tag.role, tag.parent) else {
        return;
    };
    if parent.may_hold(role) || is_right_elsewhere(pass, tag, role, parent) {
        return;
    }
    let span = tag.element.name_span();
    if pass.is_uncertain(span) {
        return;
    }
    let (message, help) = explain(role, parent, pass.product);
    pass.report(span, message).help(help);
}

/// Whether the parent stands where nobody can tell which of its roles is meant, and one of them may hold this element.
fn is_right_elsewhere(pass: &Pass<'_, '_, '_>, tag: Tag<'_, '_>, role: &Role, parent: &Role) -> bool {
    let around = tag.element.parent().and_then(|parent| parent.parent());
    let is_at_home = around.is_none_or(|around| {
        pass.role(around)
            .is_some_and(|around| around.may_hold(parent))
    });
    let may_hold = |parent: &Role| grammar::named(role.name).iter().any(|role| parent.may_hold(role));
    !is_at_home && grammar::named(parent.name).iter().any(may_hold)
}

fn explain(role: &Role, parent: &Role, product: Product) -> (String, String) {
    let name = role.name;
    if name == "Response" {
        let message = format!("<Response> may not stand in <{}>", parent.name);
        return (message, "write the verbs without it: only the root is a <Response>".to_owned());
    }
    let places: Vec<String> = grammar::parents(name, product)
        .iter()
        .map(|place| format!("<{place}>"))
        .collect();
    if places.is_empty() {
        let message = format!(
            "<{name}> is for {} and this document {}, so the carrier leaves it out",
            what(role.product),
            deed(product)
        );
        return (message, format!("write it into the document that {}", deed(role.product)));
    }
    let message = format!("<{name}> may not stand in <{}>, so the carrier leaves it out", parent.name);
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let mut help = format!("it may stand in {}", either(&places));
    if parent.children.is_empty() && places.contains(&"<Response>") {
        help += &format!(", after </{}>", parent.name);
    }
    (message, help)
}

fn what(product: Product) -> &'static str {
    match product {
        Product::Voice => "calls",
        Product::Messaging => "messages",
        Product::Fax => "faxes",
    }
}

fn deed(product: Product) -> &'static str {
    match product {
        Product::Voice => "runs a call",
        Product::Messaging => "answers a message",
        Product::Fax => "receives a fax",
    }
}
