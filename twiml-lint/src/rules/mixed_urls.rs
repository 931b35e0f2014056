//! TW117: absolute beside relative.

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
    summary: "absolute and relative addresses stand in one document",
    explain: "\
This is the trap: the carrier once in a while resolves the relative address against the host that the absolute one
names. With absolute addresses alone it cannot happen.

Write all addresses of the document with scheme and host.",
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
    check: Check::Document(check),
};

fn check(pass: &mut Pass<'_, '_, '_>) {
    let (Some(absolute), Some(relative)) = (&pass.first_absolute, &pass.first_relative) else {
        return;
    };
    let host = absolute.authority().unwrap_or_default();
    let message = format!("this address is relative while others of the document are absolute: it may be asked of {host}");
    let (span, other) = (relative.span, absolute.span);
    let named = format!("{host} is named here");
    pass.report(span, message)
        .help("write all addresses of the document with scheme and host")
        .relate(other, named);
}
