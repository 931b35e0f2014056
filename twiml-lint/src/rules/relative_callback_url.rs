//! TW110: attributes that name somewhere.

use crate::{
    address::{Address, Place},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW110",
    name: "relative-callback-url",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11200, 15004, 21609],
    summary: "an attribute holds a relative address",
    explain: "\
The documentation resolves it against the address of the document, and nearly always that works. It fails once in tens
of thousands of calls, as in `<Play>`; behind a proxy that changes the path; and always where the document was sent in
the `Twiml` parameter of a request (15004) or in the `statusCallback` of a `<Number>` (21609).

Write the whole address, scheme and host included.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="/digits">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let is_mine = matches!(address.place, Place::Attribute(..)) && super::relative::is(pass, address);
    if is_mine && !super::inline_relative_action::says_so(pass, address) {
        super::relative::report(pass, address);
    }
}
