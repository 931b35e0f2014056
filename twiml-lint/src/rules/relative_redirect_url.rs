//! TW102: `Redirect` to somewhere.

use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW102",
    name: "relative-redirect-url",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11100, 11200],
    summary: "the address in <Redirect> is relative",
    explain: "\
The documentation allows a relative address here, and nearly always it works. Once in tens of thousands of calls the
carrier asks the wrong host, most often one that another address of the same document names, and the call ends there.

Write the whole address, scheme and host included.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
  <Redirect>/menu</Redirect>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
  <Redirect>https://example.com/menu</Redirect>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    if address.is_text_of("Redirect") && super::relative::is(pass, address) {
        super::relative::report(pass, address);
    }
}
