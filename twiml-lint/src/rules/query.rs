//! The query of an address.

use super::secret_in_query;
use crate::bytes::{any_of, first_of, is};

/// Names and values as written, escapes not resolved.
pub(super) fn pairs(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let end = memchr::memchr(b'#', address.as_bytes()).unwrap_or(address.len());
    let start = memchr::memchr(b'?', &address.as_bytes()[..end]).map_or(end, |at| at + 1);
    let query = &address[start..end];
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = query.get(from..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'&', rest.as_bytes()).unwrap_or(rest.len());
        from += length + 1;
        Some(&rest[..length])
    })
    .filter(|pair| !pair.is_empty())
    .map(|pair| match memchr::memchr(b'=', pair.as_bytes()) {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, ""),
    })
}

/// Whether a query may hold what a rule looks for, told by the lengths of its values and the ends of its names: the value is as
/// long as a phone number, or the name may be that of a secret. The query stands behind `from`.
pub(crate) fn may_be_odd(address: &str, from: usize) -> bool {
    let bytes = address.as_bytes();
    let mut start = from;
    while let Some(end) = first_of(bytes, start, |block| any_of(block, *b"=&")) {
        if bytes[end] == b'&' {
            start = end + 1;
            continue;
        }
        let next = first_of(bytes, end, |block| is(block, b'&')).unwrap_or(bytes.len());
        if next - end > SHORT || may_be_secret(&bytes[start..end]) {
            return true;
        }
        start = bytes.len().min(next + 1);
    }
    false
}

/// The shortest value that may be a phone number.
pub(super) const SHORT: usize = 8;

/// Whether a name begins and ends with the letters of a secret's.
fn may_be_secret(name: &[u8]) -> bool {
    let mut letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let Some(first) = letters.next() else {
        return false;
    };
    let last = letters.next_back().unwrap_or(first);
    let ends = (first.to_ascii_lowercase(), last.to_ascii_lowercase());
    SECRETS.contains(&ends)
}

/// The first and the last letters of [`secret_in_query::NAMES`].
static SECRETS: [(u8, u8); 13] = {
    let mut ends = [(0, 0); 13];
    let mut at = 0;
    while at < ends.len() {
        let name = secret_in_query::NAMES[at].as_bytes();
        ends[at] = (name[0], name[name.len() - 1]);
        at += 1;
    }
    ends
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_a_rule_would_find_is_odd() {
        for odd in [
            "a=1&token=x",
            "Api-Key=x",
            "_pwd_=x",
            "to=09012345678",
            "x=%2B8190123",
            "a=12345678",
        ] {
            assert!(may_be_odd(odd, 0), "{odd}");
        }
        for plain in [
            "",
            "try=1&lang=ja",
            "token",
            "a=1234567&b=7654321",
            "place=menu",
            "=x",
        ] {
            assert!(!may_be_odd(plain, 0), "{plain}");
        }
    }

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
