//! When a certificate expires. Whether it is good is judged by whoever verifies the chain; this reads one date of it.
//!
//! A certificate is nested values of DER (RFC 5280, section 4.1): `Certificate { TBSCertificate { [0] version, serial,
//! signature, issuer, Validity { notBefore, notAfter }, ... } }`. Nothing else of it is understood here.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The last instant at which the certificate holds.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut body, _) = expect(certificate, SEQUENCE)?;
    if let Some((_, rest)) = expect(body, VERSION) {
        body = rest;
    }
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, body) = expect(body, tag)?;
    }
    let (validity, _) = expect(body, SEQUENCE)?;
    let (_, _, rest) = value(validity)?;
    let (tag, text, _) = value(rest)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// The content of the value that stands first, if it has this tag, and what follows it.
fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = value(der)?;
    (found == tag).then_some((content, rest))
}

/// Tag, content and what follows.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let digits = usize::from(first & 0x7F);
        // Four bytes of length are more than any certificate has.
        let (bytes, rest) = rest
            .split_at_checked(digits)
            .filter(|_| (1..=4).contains(&digits))?;
        (
            bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte)),
            rest,
        )
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on (RFC 5280, section 4.1.2.5).
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    if rest.len() != 10 || !(1..=12).contains(&part(0)?) || !(1..=31).contains(&part(2)?) {
        return None;
    }
    let day = Date::new(year, part(0)?, part(2)?).ok()?;
    let time = Time::new(part(4)?, part(6)?, part(8)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    /// Made by `openssl ca -selfsign -enddate DATE`, for 2031 and 2051: the two forms of a date.
    const UNTIL_2031: &str = "MIIBITCByAIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJvbmNhbGwuZXhhbXBsZS5jb20wHhcNMjYwMTAxMDAwMDAwWhcNMzEw\
        MzA0MDUwNjA3WjAdMRswGQYDVQQDDBJvbmNhbGwuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASBMZwki/57\
        NUV1sXx0riboDinwj6cSekP6uGoufemWJLqaNdZqeOD4bm2iF4W5F3SyNL9+lNi2VxFP6ommLcTYMAoGCCqGSM49BAMCA0gAMEUC\
        IF/9VGJsMJE42++ep+aPmA29TDRMDXVUT9mkFevTwrmhAiEA8VKmfoPpWcqsCigAK6K1hRg8F8Voc9sKhofuBO06CQE=";
    const UNTIL_2051: &str = "MIIBIzCBygIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJvbmNhbGwuZXhhbXBsZS5jb20wIBcNMjYwMTAxMDAwMDAwWhgPMjA1\
        MTAzMDQwNTA2MDdaMB0xGzAZBgNVBAMMEm9uY2FsbC5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIExnCSL\
        /ns1RXWxfHSuJugOKfCPpxJ6Q/q4ai596ZYkupo11mp44PhubaIXhbkXdLI0v36U2LZXEU/qiaYtxNgwCgYIKoZIzj0EAwIDSAAw\
        RQIhAOcabh2JJRC7CuH1V2mJPPKJckWGeOzF8QMnbOSDm+rDAiB762Es9yPOvraAcyWp2h9UhkZWCYAXpvhAbc8G5TIypQ==";

    #[test]
    fn the_date_is_that_of_the_certificate() {
        for (text, expected) in [
            (UNTIL_2031, "2031-03-04T05:06:07Z"),
            (UNTIL_2051, "2051-03-04T05:06:07Z"),
        ] {
            let der = STANDARD.decode(text).expect("base64");
            let found = not_after(&der).expect("a date");
            assert_eq!(found.to_string(), expected);
        }
    }

    #[test]
    fn whatever_is_cut_or_bent_is_no_certificate_and_no_panic() {
        let der = STANDARD.decode(UNTIL_2031).expect("base64");
        for end in 0..der.len() {
            let _ = not_after(&der[..end]);
        }
        for at in 0..der.len() {
            for byte in [0, 0x7F, 0x80, 0x84, 0xFF] {
                let mut bent = der.clone();
                bent[at] = byte;
                let _ = not_after(&bent);
            }
        }
        assert_eq!(not_after(b""), None);
        assert_eq!(time(UTC_TIME, "310304050607"), None);
        assert_eq!(time(UTC_TIME, "311304050607Z"), None);
        assert_eq!(
            time(GENERALIZED_TIME, "20510304050607Z")
                .map(|at| at.to_string())
                .as_deref(),
            Some("2051-03-04T05:06:07Z")
        );
    }
}
