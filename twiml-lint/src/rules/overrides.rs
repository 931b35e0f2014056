//! Connection overrides: what follows `#` in an address tells the carrier how to connect (docs: Connection overrides).

use crate::address::has_placeholder;

/// The keys that exist.
pub(super) const KEYS: [&str; 7] = ["ct", "rt", "tt", "rc", "rp", "sni", "e"];

/// What may fail and be tried again.
const POLICIES: [&str; 5] = ["4xx", "5xx", "ct", "rt", "all"];

/// Where the carrier connects from; each also with `-ix` for private lines.
const EDGES: [&str; 8] = [
    "ashburn",
    "dublin",
    "frankfurt",
    "sao-paulo",
    "singapore",
    "sydney",
    "tokyo",
    "umatilla",
];

/// Keys and values in the fragment of an address. A fragment without `=` is an anchor and none of this.
pub(super) fn of(address: &str) -> impl Iterator<Item = (&str, &str)> {
    let fragment = address.split_once('#').map_or("", |(_, fragment)| fragment);
    let is_override = fragment.contains('=');
    fragment
        .split('&')
        .filter(move |_| is_override)
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// What the value should be, if it is not.
pub(super) fn refusal(key: &str, value: &str) -> Option<&'static str> {
    let is_number = |from: u32, to: u32| {
        let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        is_plain
            && value
                .parse()
                .is_ok_and(|number: u32| (from..=to).contains(&number))
    };
    let is_list = |known: &dyn Fn(&str) -> bool| value.split(',').all(known);
    let is_edge = |edge: &str| EDGES.contains(&edge.strip_suffix("-ix").unwrap_or(edge));
    let (is_right, wanted) = match key {
        "ct" => (
            is_number(100, 10_000),
            "a number of milliseconds from 100 to 10000",
        ),
        "rt" | "tt" => (
            is_number(100, 15_000),
            "a number of milliseconds from 100 to 15000",
        ),
        "rc" => (is_number(0, 5), "a number from 0 to 5"),
        "rp" => (
            is_list(&|policy| POLICIES.contains(&policy)),
            "a list of 4xx, 5xx, ct, rt, all",
        ),
        "sni" => (matches!(value, "y" | "n"), "y or n"),
        "e" => (
            is_list(&is_edge),
            "a list of ashburn, dublin, frankfurt, sao-paulo, singapore, sydney, tokyo, umatilla",
        ),
        _ => return None,
    };
    (!is_right && !has_placeholder(value)).then_some(wanted)
}
