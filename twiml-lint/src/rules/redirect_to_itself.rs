//! TW305: a menu that is read to a voicemail all night.

use url::Url;

use super::flow;
use crate::{
    grammar::{roles},
    address::{Address, Verdict, has_placeholder},
    document::Element,
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW305",
    name: "redirect-to-itself",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "<Redirect> leads back to its own document, which is read for ever if nobody presses a key",
    explain: "\
A document that asks for a key and then redirects to itself asks until one is pressed. A voicemail presses none: it records
the menu again and again, for up to four hours, and every minute is paid for.

Count the rounds in the query and stop after a few:

```xml
<Redirect>https://example.com/menu.xml?round=2</Redirect>
```

An address with a query is never found by this rule. Found is what certainly leads back: the path of the file itself, as it
was given or joined to `--base-url`, in a document whose verbs all fall through to the `<Redirect>` unless a key is pressed.",
    bad: Example {
        files: &[(
            "menu.xml",
            "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Redirect>https://example.com/voice/menu.xml</Redirect>
</Response>
",
        )],
        settings: &[("base-url", "https://example.com/voice/")],
    },
    good: Example {
        files: &[(
            "menu.xml",
            "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1.</Say>
  </Gather>
  <Redirect>https://example.com/voice/menu.xml?round=2</Redirect>
</Response>
",
        )],
        settings: &[("base-url", "https://example.com/voice/")],
    },
    check: Check::AddressesIn(&["Redirect"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let is_certain = address.is_text_of("Redirect")
        && matches!(address.verdict, Verdict::Absolute(_) | Verdict::Relative)
        && !has_placeholder(&address.value)
        && !pass.settings.inline;
    if is_certain
        && only_a_key_leads_out(pass, address.tag.element)
        && pass
            .file
            .is_some_and(|file| is_at(file, pass.settings.base_url.as_deref(), address.trimmed()))
    {
        pass.report(
            address.span,
            "this <Redirect> leads back to its own document: if nobody presses a key, it is read again and again, at a price per minute",
        )
        .help("count the rounds in the query, as in ?round=2, and hang up after a few");
    }
}

/// Whether a `Gather` stands before the `Redirect`, and whatever stands there falls through to it.
fn only_a_key_leads_out(pass: &mut Pass<'_, '_, '_>, redirect: Element<'_, '_>) -> bool {
    let flow = pass.flow();
    flow.has(roles!("Gather"))
        && !flow.has_other_than(roles!("Gather", "Say", "Play", "Pause", "Sms"))
        && redirect.is_below_root()
        && flow::has_certain_children(pass, pass.document.root())
}

/// Whether a document in this file is certainly found at this address.
fn is_at(file: &str, base: Option<&str>, address: &str) -> bool {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    if !address.contains(without_template_extension(name)) {
        return false;
    }
    let file = file.replace('\\', "/");
    let file = without_template_extension(&file);
    match base {
        Some(base) => is_at_base(file, base, address),
        None => is_at_path(file, address),
    }
    .unwrap_or_default()
}

/// `menu.xml.erb` is served as `menu.xml`.
fn without_template_extension(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((inner, _)) if inner.ends_with(".xml") || inner.ends_with(".twiml") => inner,
        _ => file,
    }
}

/// The file lies directly below the base: its folder, if it has one, is the base's.
fn is_at_base(file: &str, base: &str, address: &str) -> Option<bool> {
    let base = Url::parse(base).ok()?;
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let served = base.path().rsplit_once('/')?.0;
    let is_below = matches!(folder, "" | ".") || !served.is_empty() && ends_with_path(folder, served);
    let own = base.join(name).ok()?;
    Some(is_below && is_same(&own, &own.join(address).ok()?))
}

/// Without a base, a name beside the file leads back, and so does a path that is the file's own.
fn is_at_path(file: &str, address: &str) -> Option<bool> {
    let mut own = Url::parse("https://host.invalid/").ok()?;
    own.set_path(file);
    let target = own.join(address).ok()?;
    if target.query().is_some() {
        return Some(false);
    }
    let is_beside = target.origin() == own.origin() && !address.starts_with('/');
    let path = target.path();
    // One name is found in many folders; two and more in a row are a place.
    let is_place = path.matches('/').count() > 1 && ends_with_path(own.path(), path);
    Some(own.path() == path || !is_beside && is_place)
}

fn is_same(own: &Url, target: &Url) -> bool {
    own.origin() == target.origin() && own.path() == target.path() && target.query().is_none()
}

/// Whether the last names of a path are those of another.
fn ends_with_path(path: &str, end: &str) -> bool {
    let mut names = path.trim_start_matches('/').rsplit('/');
    end.trim_start_matches('/')
        .rsplit('/')
        .all(|name| names.next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_known_by_its_own_address_only() {
        let check = |file: &str, base: &str, address: &str, is_itself: bool| {
            let base = (!base.is_empty()).then_some(base);
            assert_eq!(is_at(file, base, address), is_itself, "{file} {base:?} {address}");
        };
        check("menu.xml", "", "menu.xml", true);
        check("./voice/menu.xml", "", "./menu.xml", true);
        check("voice/menu.xml", "", "../voice/menu.xml", true);
        check("voice/menu.xml.erb", "", "menu.xml", true);
        check("voice\\menu.xml", "", "menu.xml#rc=3", true);
        check("menu.xml", "", "/menu.xml", true);
        check("public/voice/menu.xml", "", "/voice/menu.xml", true);
        check("/srv/voice/menu.xml", "", "https://e.com/voice/menu.xml", true);
        check("voice/menu.xml", "", "other.xml", false);
        check("voice/menu.xml", "", "menu", false);
        check("voice/menu.xml", "", "menu.xml?round=2", false);
        check("voice/menu.xml", "", "../menu.xml", false);
        check("voice/menu.xml", "", "/menu.xml", false);
        check("voice/menu.xml", "", "voice/menu.xml", false);
        check("menu.xml", "", "/voice/menu.xml", false);
        check("myvoice/menu.xml", "", "/voice/menu.xml", false);

        let base = "https://e.com/voice/";
        check("menu.xml", base, "menu.xml", true);
        check("menu.xml", base, "/voice/menu.xml", true);
        check("menu.xml", base, "https://e.com/voice/menu.xml#e=tokyo", true);
        check("public/voice/menu.xml", base, "https://E.com:443/voice/menu.xml", true);
        check("menu.xml", "https://e.com", "https://e.com/menu.xml", true);
        check("menu.xml", base, "https://other.com/voice/menu.xml", false);
        check("menu.xml", base, "/menu.xml", false);
        check("menu.xml", base, "menu.xml?x", false);
        check("fr/menu.xml", base, "/voice/menu.xml", false);
        check("fr/menu.xml", "https://e.com/", "/menu.xml", false);
    }
}
