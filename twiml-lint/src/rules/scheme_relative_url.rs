//! TW109: `//host/path`.

use super::inline_relative_action;
use crate::{
    address::{Address, Verdict},
    document::Span,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW109",
    name: "scheme-relative-url",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11100],
    summary: "the address begins with // and leaves its scheme open",
    explain: "\
A browser takes the scheme of the page. What the carrier takes is not documented, and it refuses such an address in
`<Play>` and `<Redirect>` with error 11100.

Write `https:` before it.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>//example.com/hello.mp3</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    if address.verdict != Verdict::SchemeRelative || inline_relative_action::says_so(pass, address) {
        return;
    }
    let message = format!(
        "{} in {} names no scheme, and the carrier has no page to take it from",
        address.shown(pass.source),
        address.place_name()
    );
    let start = Span { end: address.span.start, ..address.span };
    pass.report(address.span, message).help("write https: before it").fix(start, "https:");
}
