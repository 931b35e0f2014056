//! TW205: the name of an attribute in the wrong case.

use crate::{
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW205",
    name: "wrong-case-attribute",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200],
    summary: "the name of the attribute is in the wrong case",
    explain: "\
Names in XML are case-sensitive. `numdigits` is another attribute than `numDigits`, one that the carrier does not know, and it
goes on as if it were not there.

Write the name as TwiML has it, most often in camel case. `--fix` does it.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numdigits=\"1\" action=\"https://example.com/digits\">
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
        if pass.known(at).is_some() {
            continue;
        }
        let name = attribute.name();
        let Some(known) = role.attribute_in_any_case(name) else {
            continue;
        };
        let span = attribute.name_span();
        if pass.is_uncertain(span) {
            continue;
        }
        let message = format!(
            "{name} of <{}> is in the wrong case, so the carrier goes on without it",
            role.name
        );
        // The right one may stand beside it, or two wrong ones: both cannot become it.
        let is_alone = tag
            .element
            .attributes()
            .filter(|other| other.name().eq_ignore_ascii_case(name))
            .count()
            == 1;
        let finding = pass.report(span, message);
        if is_alone {
            finding
                .help(format!("write {}", known.name))
                .fix(span, known.name);
        } else {
            finding.help(format!("write {} once, and take the others out", known.name));
        }
    }
}
