//! TW130: a connection override that is none.

use crate::{
    address::{Address, has_placeholder},
    pass::Pass,
    rules::overrides,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW130",
    name: "unknown-override",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the fragment of the address holds a connection override that does not exist",
    explain: "\
What follows `#` tells the carrier how to connect: `ct`, `rt`, `tt` (time-outs in ms), `rc` and `rp` (retries), `sni`, `e`
(edges). It takes no notice of other keys, so the retry that was meant never happens.

Write one of these keys, joined by `&amp;`.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits#retries=3">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits#rc=3&amp;rp=5xx,ct,rt">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
"#)]),
    check: Check::OddAddresses(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    for (key, _) in super::overrides::of(address.trimmed()) {
        if !has_placeholder(key) && !overrides::KEYS.contains(&key) {
            let message = format!("{key:?} is no connection override, and the carrier takes no notice of it");
            pass.report(address.span, message).help("write ct, rt, tt, rc, rp, sni or e, joined by &amp;");
        }
    }
}
