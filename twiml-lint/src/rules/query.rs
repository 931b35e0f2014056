//! The query of an address.

/// Names and values as written, escapes not resolved.
pub(super) fn pairs(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let end = memchr::memchr(b'#', address.as_bytes()).unwrap_or(address.len());
    let start = memchr::memchr(b'?', &address.as_bytes()[..end]).map_or(end, |at| at + 1);
    let query = &address[start..end];
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = query.get(from..).filter(|rest| !rest.is_empty())?;
        // Names and values are so short that a search of many bytes at a time does not pay.
        let length = rest
            .bytes()
            .position(|byte| byte == b'&')
            .unwrap_or(rest.len());
        from += length + 1;
        Some(&rest[..length])
    })
    .filter(|pair| !pair.is_empty())
    .map(|pair| match pair.bytes().position(|byte| byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_in_pairs() {
        let check = |address: &str, expected: &[(&str, &str)]| {
            assert_eq!(pairs(address).collect::<Vec<_>>(), expected, "{address}");
        };
        check("https://e/a", &[]);
        check("https://e/a?", &[]);
        check("https://e/a#b?c=d", &[]);
        check(
            "https://e/a?b&&c=1&d=e=f&#g=2",
            &[("b", ""), ("c", "1"), ("d", "e=f")],
        );
        check("?a?=b?", &[("a?", "b?")]);
    }
}
