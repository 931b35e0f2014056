//! TW301: verbs after the end.

use super::flow::{self, Given};
use crate::{
    grammar::{attribute, roles},
    document::Element,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW301",
    name: "unreachable-verb",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "a verb stands after one that never comes back, so it never runs",
    explain: "\
`<Redirect>` leaves the document for another one, `<Hangup>` and `<Reject>` end the call, and `<Dial>` and `<Connect>` with
an `action` go on with what that address answers. None of them comes back, and the carrier skips what follows without a
word in its log: the apology that was to be heard when nobody picks up is never heard.

Put the verb before the one that leaves. What is to be said after a `<Dial>` with an `action` belongs into the answer of
that address, which is asked whether or not somebody picked up.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial action=\"https://example.com/after-dial\">+815012345678</Dial>
  <Say>Nobody could take your call. Goodbye.</Say>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>+815012345678</Dial>
  <Say>Nobody could take your call. Goodbye.</Say>
</Response>
",
    )]),
    check: Check::Verbs(check),
};

/// Verbs that may not come back.
const LEAVING: u128 = roles!("Redirect", "Hangup", "Reject", "Dial", "Connect");

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let verb = tag.element;
    let flow = pass.flow();
    if flow.is_over {
        return;
    }
    if let (Some(last), Some(way)) = (flow.last, flow.way_out)
        && flow::follows(pass, last, verb)
    {
        let (name, ender) = (verb.name(), last.name(verb.source()));
        pass.report(
            verb.name_span(),
            format!("<{name}> never runs: the <{ender}> before it {way}"),
        )
        .help(format!("put it before the <{ender}>, or delete it"))
        .relate(last.name_span(), format!("this <{ender}> {way}"));
        pass.flow().is_over = true;
        return;
    }
    pass.flow().way_out = way_out(pass, verb);
}

/// How a verb leaves the document for good, if it does.
fn way_out(pass: &Pass<'_, '_, '_>, verb: Element<'_, '_>) -> Option<&'static str> {
    if !pass.is(verb, LEAVING) {
        return None;
    }
    match verb.name() {
        "Redirect" => Some("goes on with another document"),
        "Hangup" | "Reject" => Some("ends the call"),
        "Dial" | "Connect" => match flow::given(pass, verb, attribute!("action")) {
            Given::Value(action) if !action.trim().is_empty() => {
                Some("goes on with what its action answers")
            }
            _ => None,
        },
        _ => None,
    }
}
