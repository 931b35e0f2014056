//! What the rules about relative addresses share: what comes of them, and how they become absolute.

use url::Url;

use crate::{
    address::{Address, Place, Verdict},
    pass::Pass,
};

/// Says that an address is relative, points to the absolute one that it may be resolved against, and offers to join it to the
/// base URL if that is known.
pub(super) fn report(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let shown = address.shown(pass.document.source());
    let other = pass
        .addresses
        .iter()
        .find(|other| matches!(other.verdict, Verdict::Absolute(_)))
        .map(|other| (other.span, other.authority().unwrap_or_default().to_owned()));
    let message = match &other {
        Some((_, host)) => format!(
            "{shown} in {} is relative: the carrier may ask {host} for it",
            address.place_name()
        ),
        None => format!(
            "{shown} in {} is relative: the carrier may ask the wrong host for it",
            address.place_name()
        ),
    };
    let fixed = pass
        .settings
        .base_url
        .as_deref()
        .and_then(|base| joined(base, address));
    let help = match &fixed {
        Some(absolute) => format!("write {absolute}"),
        None => "write the whole address, as in https://example.com/...".to_owned(),
    };
    let finding = pass.report(address.span, message);
    finding.help(help);
    if let Some((span, host)) = other {
        finding.relate(span, format!("{host} is named here"));
    }
    if let Some(absolute) = fixed {
        finding.fix(address.span, escaped(&absolute, address.place));
    }
}

/// The address joined to the base, if it holds nothing that a join could spoil.
fn joined(base: &str, address: &Address<'_, '_>) -> Option<String> {
    if crate::address::has_placeholder(&address.value) {
        return None;
    }
    let base = Url::parse(base).ok()?;
    base.join(address.trimmed()).ok().map(String::from)
}

/// Written for its place in XML.
fn escaped(address: &str, place: Place<'_, '_>) -> String {
    let text = address.replace('&', "&amp;").replace('<', "&lt;");
    match place {
        Place::Text => text,
        Place::Attribute(_) => text.replace('"', "&quot;").replace('\'', "&apos;"),
    }
}
