//! TW112: `_` where DNS has none.

use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW112",
    name: "underscore-in-host",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11100, 21609],
    summary: "the name of the host holds an underscore",
    explain: "\
Host names have no underscores. Some resolvers forgive them; the carrier says that it refuses them in callbacks, and
certificates are not issued for them.

Name the host with a hyphen.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://my_bucket.example.com/hello.mp3</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://my-bucket.example.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    if !address.authority().is_some_and(|host| host.contains('_')) {
        return;
    }
    let host = address.host(pass.source);
    let message = format!("the host {host} holds an underscore, which the carrier refuses in callbacks");
    pass.report(address.span, message).help("name the host with a hyphen");
}
