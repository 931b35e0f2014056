//! TW111: schemes that nobody opens.

use crate::{
    address::{Address, Scheme, Verdict},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW111",
    name: "wrong-scheme",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[11100],
    summary: "the carrier does not open addresses of this scheme here",
    explain: "\
The carrier fetches documents and sounds over `http` and `https`, and opens streams over `wss`. Anything else, `ftp:`,
`file:`, `data:` or `s3:`, ends in error 11100.

Put the file where it can be fetched over https.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Play>s3://bucket/hello.mp3</Play>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Play>https://bucket.s3.amazonaws.com/hello.mp3</Play>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let is_wrong = match address.verdict {
        Verdict::OtherScheme => true,
        Verdict::Absolute(Scheme::Http | Scheme::Https) => address.is_websocket,
        Verdict::Absolute(Scheme::Ws | Scheme::Wss) => !address.is_websocket,
        _ => false,
    };
    if !is_wrong {
        return;
    }
    let scheme = address.trimmed().split(':').next().unwrap_or_default().to_owned();
    let wanted = if address.is_websocket { "wss" } else { "https" };
    let message = format!("{} cannot be {scheme}: the carrier opens {wanted} there", address.place_name());
    pass.report(address.span, message).help(format!("write a {wanted} address"));
}
