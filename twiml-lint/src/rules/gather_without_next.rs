//! TW303: a `Gather` after which there is nothing.

use super::flow::{self, Given};
use crate::{
    grammar::attribute,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW303",
    name: "gather-without-next",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "nothing follows <Gather>, so the call ends in silence if no key is pressed",
    explain: "\
When the time for a key is over and none was pressed, the carrier does not ask the `action`: it goes on with the verb after
the `<Gather>`. If there is none it hangs up, and whoever looked for their glasses hears the line go dead.

Put something after it: a `<Redirect>` to a document that asks again and counts how often, or a `<Say>` that says goodbye.
With `actionOnEmptyResult=\"true\"` the `action` is asked in any case, and nothing need follow.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Redirect>https://example.com/again?round=1</Redirect>
</Response>
",
    )]),
    check: Check::Document(check),
};

fn check(pass: &mut Pass<'_, '_, '_>) {
    let root = pass.document.root();
    let Some(gather) = root.last_child_element() else {
        return;
    };
    if gather.name() == "Gather"
        && flow::is_last(pass, gather, root)
        && !may_ask_action(flow::given(pass, gather, attribute!("actionOnEmptyResult")))
    {
        pass.report(
            gather.name_span(),
            "nothing follows <Gather>: if no key is pressed, the call ends without a word",
        )
        .help("add a <Redirect> that asks again, or a <Say> that says goodbye");
    }
}

/// Whether the action may be asked although nothing was pressed.
fn may_ask_action(on_empty_result: Given<'_>) -> bool {
    match on_empty_result {
        Given::Nothing => false,
        Given::Value(value) => value.trim() != "false",
        Given::Unknown => true,
    }
}
