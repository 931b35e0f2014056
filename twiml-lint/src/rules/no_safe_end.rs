//! TW306: a document that ends with a verb that can fail.

use super::flow::{self, Given};
use crate::{
    grammar::attribute,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

/// Verbs that wait for somebody or something else.
const WAITING: [&str; 6] = ["Connect", "Dial", "Enqueue", "Pay", "Record", "Refer"];

pub(crate) static RULE: Rule = Rule {
    code: "TW306",
    name: "no-safe-end",
    level: Level::Off,
    strict: Level::Warning,
    twilio: &[],
    summary: "the last verb may fail, and nothing after it says so to the caller",
    explain: "\
`<Dial>`, `<Connect>`, `<Enqueue>`, `<Pay>`, `<Record>` and `<Refer>` depend on somebody else. When the line is busy, the queue
full or the recording empty, the carrier goes on with the next verb; if there is none it hangs up, and the caller cannot
tell a failure from a fault.

Put a `<Say>` after it that tells what happened and what to do, or give it an `action` whose answer does. `<Record>` does
not ask its `action` for an empty recording, so it needs something after it in any case.

Off unless `--strict` is given or it is selected: many calls end well this way.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say>We connect you.</Say>
  <Dial>+815012345678</Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say>We connect you.</Say>
  <Dial>+815012345678</Dial>
  <Say>Nobody could take your call. Please try again.</Say>
</Response>
",
    )]),
    check: Check::Document(check),
};

fn check(pass: &mut Pass<'_, '_, '_>) {
    let root = pass.document.root();
    let Some(last) = root.last_child_element() else {
        return;
    };
    let name = last.name();
    if !WAITING.contains(&name) || !flow::is_last(pass, last, root) {
        return;
    }
    let helps_itself = name != "Record" && flow::given(pass, last, attribute!("action")) != Given::Nothing;
    if !helps_itself {
        pass.report(
            last.name_span(),
            format!("nothing follows <{name}>: if it fails, the call ends without a word"),
        )
        .help("add a <Say> that tells the caller what happened");
    }
}
