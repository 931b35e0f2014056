//! TW314: tones inside a `Gather`.

use super::flow::{self, Given};
use crate::{
    grammar::{attribute},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW314",
    name: "play-digits-in-gather",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[13320],
    summary: "<Play digits=\"...\"> stands inside <Gather>, where only files are played",
    explain: "\
Inside a `<Gather>` the carrier plays files and says texts; it sends no tones, since they would be heard as keys. The tones are
left out, and the machine at the other end waits for them.

Put the `<Play digits=\"...\">` before the `<Gather>`.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Play digits=\"ww1234\"/>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Play digits=\"ww1234\"/>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\"/>
  <Hangup/>
</Response>
",
    )]),
    check: Check::Elements(&["Play"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    if tag.parent.is_none_or(|parent| parent.name != "Gather") {
        return;
    }
    let Some(digits) = tag.element.known(attribute!("digits")) else {
        return;
    };
    // An empty value means a file.
    if matches!(flow::given(pass, tag.element, attribute!("digits")), Given::Value(keys) if !keys.is_empty()) {
        pass.report(
            digits.name_span(),
            "<Play> inside <Gather> sends no tones: the digits are left out",
        )
        .help("put the <Play> before the <Gather>");
    }
}
