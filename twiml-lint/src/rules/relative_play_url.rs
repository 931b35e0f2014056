//! TW101: the reason why this linter exists.

use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW101",
    name: "relative-play-url",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11100, 11200],
    summary: "the address in <Play> is relative",
    explain: "\
Once in tens of thousands of calls the carrier resolves a relative address in `<Play>` against the wrong host, most often
one that another address of the same document names. The file is not there, and the caller hears 15 seconds of nothing.
No test on a good day shows it.

Write the whole address, scheme and host included.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
  <Play>/files/menu.mp3</Play>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
  <Play>https://example.com/files/menu.mp3</Play>
</Response>
",
    )]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    if address.is_text_of("Play") && super::relative::is(pass, address) {
        super::relative::report(pass, address);
    }
}
