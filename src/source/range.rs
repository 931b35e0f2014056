//! From where a request comes: ranges of addresses, and whom to believe about a caller behind a proxy.

use core::net::{IpAddr, SocketAddr};
use std::fmt;

/// A range of addresses as `address/prefix`; an address alone is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    address: IpAddr,
    prefix: u8,
}

impl AddressRange {
    /// Reads `192.0.2.0/24`, `2001:db8::/32` or an address alone. None for anything else, and for a range whose address has bits
    /// beyond its prefix, which is most likely a typing error.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = width(address);
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
            None => width,
        };
        let fits = prefix <= width && bits(address) & !mask(prefix, width) == 0;
        fits.then_some(Self { address, prefix })
    }

    /// Whether the address lies in it. An IPv4 address that is written as IPv6 is that IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let (width, mine) = (width(address), width(self.address));
        let mask = mask(self.prefix, mine);
        width == mine && bits(address) & mask == bits(self.address) & mask
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first `prefix` of `width` bits.
fn mask(prefix: u8, width: u8) -> u128 {
    let all = u128::MAX >> (128 - width);
    all & !all.checked_shr(u32::from(prefix)).unwrap_or(0)
}

/// Who sent a request: the peer, or, if that is a trusted proxy, the last of `X-Forwarded-For` that is none. Each proxy appends
/// the peer that it saw, so what stands further to the left was written by the caller himself. None if a trusted proxy says
/// nothing that can be read as an address.
pub fn caller(peer: IpAddr, forwarded: &[&str], trusted: &[AddressRange]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut caller = peer.to_canonical();
    let written = forwarded.iter().flat_map(|line| line.split(','));
    for text in written.rev() {
        if !is_trusted(caller) {
            break;
        }
        caller = address(text.trim())?.to_canonical();
    }
    Some(caller)
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']'));
    if let Some((address, _)) = bare {
        return address.parse().ok();
    }
    let whole = text.parse().ok();
    whole.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_own_addresses_and_no_other() {
        for (range, address, expected) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.6", false),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
        ] {
            let parsed = AddressRange::parse(range).expect(range);
            let address: IpAddr = address.parse().expect(address);
            assert_eq!(parsed.contains(address), expected, "{range} {address}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "x",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "192.0.2.1/24",
            "::/129",
            "192.0.2",
            "mackerel.io",
            "192.0.2.0/24 ",
        ] {
            assert_eq!(AddressRange::parse(text), None, "{text:?}");
        }
    }

    fn check(peer: &str, forwarded: &[&str], expected: Option<&str>) {
        let trusted =
            ["127.0.0.1", "10.0.0.0/8"].map(|text| AddressRange::parse(text).expect(text));
        let found = caller(peer.parse().expect(peer), forwarded, &trusted);
        let expected = expected.map(|text| text.parse().expect(text));
        assert_eq!(found, expected, "{peer} {forwarded:?}");
    }

    #[test]
    fn a_header_is_believed_as_far_as_trusted_proxies_wrote_it() {
        check("203.0.113.9", &[], Some("203.0.113.9"));
        // Who is no proxy of ours may write what he likes.
        check("203.0.113.9", &["192.0.2.1"], Some("203.0.113.9"));
        check("127.0.0.1", &["192.0.2.1"], Some("192.0.2.1"));
        check("::ffff:127.0.0.1", &["192.0.2.1"], Some("192.0.2.1"));
        // What the caller wrote stands to the left of what the proxy saw.
        check(
            "127.0.0.1",
            &["192.0.2.1, 203.0.113.9"],
            Some("203.0.113.9"),
        );
        check(
            "127.0.0.1",
            &["192.0.2.1", "203.0.113.9"],
            Some("203.0.113.9"),
        );
        check("127.0.0.1", &["192.0.2.1, 10.1.2.3"], Some("192.0.2.1"));
        check("127.0.0.1", &["192.0.2.1:4711"], Some("192.0.2.1"));
        check("127.0.0.1", &["[2001:db8::1]:4711"], Some("2001:db8::1"));
        check("127.0.0.1", &["unknown"], None);
        check("127.0.0.1", &[""], None);
        check("127.0.0.1", &["unknown, 192.0.2.1"], Some("192.0.2.1"));
        // A request of the proxy itself.
        check("127.0.0.1", &[], Some("127.0.0.1"));
    }
}
