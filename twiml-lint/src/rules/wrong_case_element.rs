//! TW204: a name of TwiML in the wrong case.

use crate::{
    document::{Element, Span, index},
    grammar,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW204",
    name: "wrong-case-element",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200],
    summary: "the name of the element is in the wrong case",
    explain: "\
Names in XML are case-sensitive, and so are those of TwiML: `<say>` is another element than `<Say>`, one that the carrier does
not know and leaves out, with all that stands in it. HTML-minded editors and formatters write names in lower case.

Write the name as TwiML has it: verbs and nouns begin with a capital, SSML inside `<Say>` does not. `--fix` does it.",
    bad: Example::xml(&[("menu.xml", "<Response>\n  <say>hello</say>\n</Response>\n")]),
    good: Example::xml(&[("menu.xml", "<Response>\n  <Say>hello</Say>\n</Response>\n")]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    if tag.role.is_some() {
        return;
    }
    let name = tag.element.name();
    let Some(known) = grammar::named_in_any_case(name) else {
        return;
    };
    if pass.is_uncertain(tag.element.name_span()) {
        return;
    }
    let message = format!(
        "<{name}> is in the wrong case, so the carrier leaves it out with all that stands in it"
    );
    let finding = pass
        .report(tag.element.name_span(), message)
        .help(format!("write <{}>", known.name))
        .fix(tag.element.name_span(), known.name);
    if let Some(end) = end_name_span(tag.element) {
        finding.fix(end, known.name);
    }
}

/// The name in the end tag, if there is one.
fn end_name_span(element: Element<'_, '_>) -> Option<Span> {
    if element.start_tag_span() == element.span() {
        return None;
    }
    // The end tag is `</`, the name, and blanks: no other `</` comes after its own.
    let text = &element.source()[element.span().range()];
    let start = element.span().start + index(text.rfind("</")?) + 2;
    Some(Span {
        start,
        end: start + index(element.name().len()),
    })
}
