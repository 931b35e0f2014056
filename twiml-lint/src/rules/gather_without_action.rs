//! TW302: a `Gather` that sends its digits to itself.

use super::flow::{self, Given};
use crate::{
    grammar::attribute,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW302",
    name: "gather-without-action",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "<Gather> has no action, so the key that was pressed goes to the same document again",
    explain: "\
Without `action` the carrier posts what was pressed or said to the address of the document that holds the `<Gather>`. If
that answers with the same document, the caller hears the menu again, whatever they press.

Name the address that takes the digits.

A template with tags between its verbs may answer differently the second time, and is not judged.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\">
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
    check: Check::Elements(&["Gather"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let gather = tag.element;
    // What a template may add or leave out decides whether this document is what answers.
    if gather.is_below_root()
        && flow::given(pass, gather, attribute!("action")) == Given::Nothing
        && flow::has_certain_children(pass, pass.document.root())
    {
        pass.report(
            gather.name_span(),
            "<Gather> has no action, so the carrier sends the digits to this same document and the caller may never leave it",
        )
        .help("add action=\"https://...\" with the address that takes the digits");
    }
}
