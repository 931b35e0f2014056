//! TW104: what is no address.

use crate::{
    address::{Address, Verdict},
    pass::Pass,
    template::PLACEHOLDER,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW104",
    name: "malformed-url",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11100],
    summary: "the address lacks its host or scheme, or holds what no address may hold",
    explain: "\
The carrier cannot fetch `https:///menu`, `localhost:3000/menu` or an address with a blank in it, and the call ends with
error 11100. URL libraries forgive some of these, so that a test with one passes.

Write scheme, `://`, host and path, and a blank as `%20`.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https:///hello.mp3</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://example.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let trimmed = address.trimmed();
    let (what, help) = match address.verdict {
        Verdict::MissingHost => ("names no host", "write https:// and the host"),
        Verdict::MissingScheme => ("has a host and a port but no scheme", "write https:// before it"),
        Verdict::Absolute(_) if trimmed.bytes().all(is_plain) => return,
        Verdict::Absolute(_) => match trimmed.chars().find(|&c| is_forbidden(c)) {
            Some(c) => return report_character(pass, address, c),
            None => return,
        },
        _ => return,
    };
    let message = format!(
        "{} in {} {what}, so the carrier cannot fetch it",
        address.shown(pass.source),
        address.place_name()
    );
    pass.report(address.span, message).help(help);
}

/// What stands in no address, wherever it goes. Others than ASCII are let pass: hosts and paths may be written in Japanese.
/// Most addresses hold nothing but these, which saves a look at each character.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'\\'
}

fn is_forbidden(c: char) -> bool {
    c.is_whitespace() || c == '\\' || c.is_control() && c != PLACEHOLDER
}

fn report_character(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>, c: char) {
    let name = match c {
        ' ' => "a blank".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '\\' => "a backslash".to_owned(),
        c => format!("U+{:04X}", u32::from(c)),
    };
    let message = format!("the address in {} holds {name}, so the carrier cannot fetch it", address.place_name());
    let help = if c == '\\' { "write / for \\" } else { "take it out, or write a blank as %20" };
    pass.report(address.span, message).help(help);
}
