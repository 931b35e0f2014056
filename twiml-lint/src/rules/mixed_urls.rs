//! TW117: absolute beside relative.
//!
//! One mistake is one finding: the rules about single addresses know the place, say what comes of it and how to mend it, so
//! this one gives way to them.

use crate::{
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW117",
    name: "mixed-urls",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11200],
    summary: "absolute and relative addresses stand in one document, and no other rule says so",
    explain: "\
This is the trap: the carrier once in a while resolves the relative address against the host that the absolute one
names. With absolute addresses alone it cannot happen.

Write all addresses of the document with scheme and host.

Most often a rule about the place of the address says that it is relative, and names the other host; this rule then has nothing
to add. It is for those who let relative addresses pass in some places, and have switched the rule about these off.",
    bad: Example { files: &[("menu.xml", r#"<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
  <Redirect>/menu</Redirect>
</Response>
"#)], settings: &[("ignore", "TW102")] },
    good: Example { files: &[("menu.xml", r#"<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
  <Redirect>https://example.com/menu</Redirect>
</Response>
"#)], settings: &[("ignore", "TW102")] },
    check: Check::Document(check),
};

fn check(pass: &mut Pass<'_, '_, '_>) {
    let (Some((absolute, host)), Some(relative)) = (pass.absolute(), pass.relative()) else {
        return;
    };
    let message = format!("this address is relative while others of the document are absolute: it may be asked of {host}");
    let named = format!("{host} is named here");
    pass.report(relative, message)
        .help("write all addresses of the document with scheme and host")
        .relate(absolute, named);
}
