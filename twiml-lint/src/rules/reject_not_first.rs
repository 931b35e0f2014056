//! TW315: a rejection after the call was answered.

use super::flow;
use crate::{
    grammar::{roles},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW315",
    name: "reject-not-first",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "<Reject> stands after another verb, which has answered the call and costs money",
    explain: "\
Only a `<Reject>` that is the first verb of the first document leaves a call unanswered. Any verb before it answers the call,
which is then billed, and `<Reject>` does no more than hang up; the caller hears no busy tone.

Put it first and alone, or write `<Hangup>`.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say>We are closed.</Say>
  <Reject reason=\"busy\"/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Reject reason=\"busy\"/>
</Response>
",
    )]),
    check: Check::Elements(&["Reject"], check),
};

/// Verbs that end the call or leave the document: what stands behind them never runs, which is said by another rule.
const ENDING: u128 = roles!("Reject", "Hangup", "Redirect");

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let reject = tag.element;
    let flow = pass.flow();
    let Some(first) = flow.first.filter(|_| !flow.has(ENDING)) else {
        return;
    };
    if reject.is_below_root() && flow::has_certain_children(pass, pass.document.root()) {
        let name = first.name(reject.source());
        pass.report(
            reject.name_span(),
            format!("<{name}> before this <Reject> has answered the call: it costs money, and <Reject> only hangs up"),
        )
        .help("put <Reject> first and alone, or write <Hangup/>")
        .relate(first.name_span(), "the call is answered here");
    }
}
