//! TW131: a connection override out of its range.

use crate::{
    address::Address,
    pass::Pass,
    rules::overrides,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW131",
    name: "invalid-override",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11240, 11241, 11243],
    summary: "a connection override has a value that the carrier does not take",
    explain: "\
The carrier refuses the address (11240, 11241, 11243) or falls back to its own time-outs and edges.

The ranges: `ct` 100 to 10000 ms, `rt` and `tt` 100 to 15000 ms, `rc` 0 to 5, `rp` of `4xx`, `5xx`, `ct`, `rt`, `all`, `sni`
`y` or `n`, `e` of the edges, each once; lists have commas.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits#rc=9&amp;e=osaka">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits#rc=5&amp;e=tokyo,ashburn">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let mut seen: Vec<&str> = Vec::new();
    for (key, value) in overrides::of(address.trimmed()) {
        if seen.contains(&key) {
            pass.report(address.span, format!("the connection override {key} is given twice")).help("keep one");
        }
        seen.push(key);
        if let Some(wanted) = overrides::refusal(key, value) {
            let message = format!("the connection override {key}={value} is not {wanted}");
            pass.report(address.span, message).help(format!("write {key} as {wanted}"));
        }
    }
}
