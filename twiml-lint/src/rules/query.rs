//! The query of an address.

/// Names and values as written, escapes not resolved.
pub(super) fn pairs(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let before_fragment = address.split('#').next().unwrap_or_default();
    let query = before_fragment
        .split_once('?')
        .map_or("", |(_, query)| query);
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}
