//! What the rules about relative addresses share: what comes of them, and how they become absolute.

use url::Url;

use super::{
    inline_relative_action, relative_callback_url, relative_media_url, relative_play_url,
    relative_redirect_url,
};
use crate::{
    address::{Address, Place, Verdict},
    finding::Finding,
    pass::Pass,
};

/// Whether an address counts as relative: if asked for, also one that begins with a placeholder.
pub(super) fn is(pass: &Pass<'_, '_, '_>, address: &Address<'_, '_>) -> bool {
    match address.verdict {
        Verdict::Relative => true,
        Verdict::Unknown => pass.settings.strict_placeholders,
        _ => false,
    }
}

/// Says that an address is relative, points to the absolute one that it may be resolved against, and offers to join it to the
/// base URL if that is known.
pub(super) fn report(pass: &mut Pass<'_, '_, '_>, address: &Address<'_, '_>) {
    let shown = address.shown(pass.source);
    let place = address.place_name();
    if address.verdict == Verdict::Unknown {
        let message = format!(
            "{shown} in {place} begins with a placeholder, so that nothing shows it to be absolute"
        );
        pass.report(address.span, message)
            .help("write scheme and host before the placeholder");
        return;
    }
    let other = pass.absolute().map(|(span, host)| (span, host.to_owned()));
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
    let fixed = joined(pass, address);
    let help = match &fixed {
        Some(absolute) => format!("write {absolute}"),
        None => "write the whole address, as in https://example.com/...".to_owned(),
    };
    let finding = pass.report(address.span, message);
    finding.help(help);
    if let Some(absolute) = fixed {
        finding.fix(address.span, absolute);
    }
    match other {
        Some((span, host)) => _ = finding.relate(span, format!("{host} is named here")),
        None => pass.mark_lonely(),
    }
}

/// Whether a finding says of a relative address that it is one.
pub(crate) fn is_told_by(finding: &Finding) -> bool {
    let rules = [
        &relative_play_url::RULE,
        &relative_redirect_url::RULE,
        &relative_media_url::RULE,
        &relative_callback_url::RULE,
        &inline_relative_action::RULE,
    ];
    rules.contains(&finding.rule)
}

/// The address joined to the base, written for its place in the source, if nothing in it could spoil that.
pub(super) fn joined(pass: &Pass<'_, '_, '_>, address: &Address<'_, '_>) -> Option<String> {
    let base = Url::parse(pass.settings.base_url.as_deref()?).ok()?;
    let raw = &pass.source[address.span.range()];
    // A path from the root is put behind the host as it stands, placeholders and references included.
    if raw.starts_with('/') {
        return Some(base.origin().ascii_serialization() + raw);
    }
    if crate::address::has_placeholder(&address.value) {
        return None;
    }
    let joined = base.join(address.trimmed()).ok()?;
    Some(escaped(joined.as_str(), address.place))
}

/// Written for its place in XML.
fn escaped(address: &str, place: Place<'_, '_>) -> String {
    let text = address.replace('&', "&amp;").replace('<', "&lt;");
    match place {
        Place::Text => text,
        Place::Attribute(..) => text.replace('"', "&quot;").replace('\'', "&apos;"),
    }
}
