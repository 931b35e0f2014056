//! TW114: a password for all to read.

use crate::{
    address::Address,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW114",
    name: "credentials-in-url",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the address holds a user or a password",
    explain: "\
Whoever reads the source, a log or an error report of the carrier reads the password. In a signed request the carrier
leaves them out of what it signs, and frameworks that put them in refuse the request.

Check the signature of the request instead, which needs no password.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Redirect>https://user:secret@example.com/menu</Redirect>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Redirect>https://example.com/menu</Redirect>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let Some(host) = address.authority() else {
        return;
    };
    let before_path = address.trimmed().split(['/', '?', '#']).nth(2).unwrap_or_default();
    if before_path.len() > host.len() {
        let message = format!("the address in {} holds a user or a password, which ends up in logs", address.place_name());
        pass.report(address.span, message).help("take them out, and check the signature of the request instead");
    }
}
