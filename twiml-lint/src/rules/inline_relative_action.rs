//! TW403: an action without an address to start from.

use crate::{
    address::{Address, Place, Scheme, Verdict},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW403",
    name: "inline-relative-action",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[15004],
    summary: "the action of <Gather>, <Record> or <Pay> is relative, and the document has no address",
    explain: "\
A document that is sent in the `Twiml` parameter of a request has no address that a relative one could start from. The carrier
refuses such an `action` (15004): what the caller pressed, said or paid reaches nobody.

Write the whole address; for `<Pay>` it must begin with https.

Looked for with `--inline`. Rules that would say less of the same address say nothing.",
    bad: Example {
        files: &[(
            "menu.xml",
            "<Response>
  <Gather numDigits=\"1\" action=\"/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
",
        )],
        settings: &[("inline", "true")],
    },
    good: Example {
        files: &[(
            "menu.xml",
            "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Hangup/>
</Response>
",
        )],
        settings: &[("inline", "true")],
    },
    check: Check::OddAddresses(check),
};

/// Whether this rule says what is wrong with an address, so that others, which say less, need not.
pub(super) fn says_so(pass: &Pass<'_, '_, '_>, address: &Address<'_, '_>) -> bool {
    fault(pass, address).is_some() && pass.settings.level(&RULE) != Level::Off
}

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let Some(wrong) = fault(pass, address) else {
        return;
    };
    let shown = address.shown(pass.source);
    let place = address.place_name();
    let fixed = match address.verdict {
        Verdict::Relative => super::relative::joined(pass, address),
        Verdict::SchemeRelative => Some(format!("https:{}", &pass.source[address.span.range()])),
        _ => None,
    };
    let finding = pass.report(address.span, format!("{shown} in {place} {wrong}"));
    match fixed {
        Some(absolute) => finding.help(format!("write {absolute}")).fix(address.span, absolute),
        None => finding.help("write the whole address, as in https://example.com/..."),
    };
}

fn fault(pass: &Pass<'_, '_, '_>, address: &Address<'_, '_>) -> Option<&'static str> {
    let Place::Attribute(_, known) = address.place else {
        return None;
    };
    let verb = address.tag.element.name();
    if !pass.settings.inline || known.name != "action" || !["Gather", "Record", "Pay"].contains(&verb) {
        return None;
    }
    Some(match address.verdict {
        Verdict::Relative => "is relative, and a document that is sent with a request has no address to start from",
        Verdict::SchemeRelative => "lacks its scheme, and a document that is sent with a request has none to lend",
        Verdict::Absolute(Scheme::Http) if verb == "Pay" => "is not encrypted: the carrier sends payments to https only",
        _ => return None,
    })
}
