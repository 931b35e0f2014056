//! TW106: speech over an open line.

use super::inline_relative_action;
use crate::{
    address::{Address, Scheme, Verdict},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW106",
    name: "plain-http-url",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the address is fetched without encryption",
    explain: "\
Whoever stands between the carrier and the host reads the phone numbers and keys of the call, and can change what it
says. Signatures of requests do not hide anything.

Write `https`, or `wss` for streams.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>http://example.com/hello.mp3</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    if inline_relative_action::says_so(pass, address) {
        return;
    }
    let (plain, secure) = match address.verdict {
        Verdict::Absolute(Scheme::Http) if !address.is_websocket => ("http", "https"),
        Verdict::Absolute(Scheme::Ws) if address.is_websocket => ("ws", "wss"),
        _ => return,
    };
    let message = format!(
        "{} in {} is fetched over plain {plain}: anybody on the way can read and change it",
        address.shown(pass.source),
        address.place_name()
    );
    pass.report(address.span, message).help(format!("write {secure}"));
}
