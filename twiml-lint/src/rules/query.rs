//! The query of an address.

/// Names and values as written, escapes not resolved.
pub(super) fn pairs(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = memchr::memchr2(b'?', b'#', address.as_bytes());
    let rest = query.map_or("", |at| &address[at..]);
    let mut rest = rest.strip_prefix('?').unwrap_or_default();
    // Names and values are so short that a search of many bytes at a time does not pay.
    std::iter::from_fn(move || {
        loop {
            let (mut equals, mut end) = (None, rest.len());
            for (at, byte) in rest.bytes().enumerate() {
                match byte {
                    b'&' | b'#' => {
                        end = at;
                        break;
                    }
                    b'=' if equals.is_none() => equals = Some(at),
                    _ => {}
                }
            }
            let pair = &rest[..end];
            let is_over = !rest[end..].starts_with('&');
            rest = rest.get(end + 1..).filter(|_| !is_over).unwrap_or_default();
            match equals {
                Some(equals) => return Some((&pair[..equals], &pair[equals + 1..])),
                None if !pair.is_empty() => return Some((pair, "")),
                None if is_over => return None,
                None => {}
            }
        }
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
