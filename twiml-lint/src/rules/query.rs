//! The query of an address.

/// Names and values as written, escapes not resolved.
pub(super) fn pairs(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = match address.split_once('?') {
        Some((before, rest)) if !before.contains('#') => rest.split('#').next().unwrap_or_default(),
        _ => "",
    };
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
