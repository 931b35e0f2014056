//! The secret of a request, in whichever form its sender can send it, and whether it is the right one.

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What a secret is compared by: its hash, so that the time of a comparison tells neither its text nor its length.
#[derive(Clone)]
pub(super) struct Digested([u8; 32]);

impl Digested {
    pub(super) fn of(secret: &SecretString) -> Self {
        Self(Sha256::digest(secret.expose_secret().as_bytes()).into())
    }
}

/// All secrets that a request shows.
pub(super) struct Shown(Vec<[u8; 32]>);

impl Shown {
    /// `Authorization: Bearer SECRET`, the password of `Authorization: Basic`, and the last segment of the path, if it has one.
    pub(super) fn by(headers: &HeaderMap, in_path: Option<&str>) -> Self {
        let authorization = headers.get(header::AUTHORIZATION);
        let in_header = authorization.and_then(|value| in_header(value.as_bytes()));
        let in_path = in_path.map(|secret| secret.as_bytes().to_vec());
        let digests = in_header
            .into_iter()
            .chain(in_path)
            .map(|secret| Sha256::digest(secret).into());
        Self(digests.collect())
    }

    /// Whether one of them is this one, in a time that does not depend on which.
    pub(super) fn include(&self, secret: &Digested) -> bool {
        let none = Choice::from(0);
        let found = self
            .0
            .iter()
            .fold(none, |found, shown| found | shown.ct_eq(&secret.0));
        found.into()
    }
}

/// The secret of the header. Schemes are written in any case (RFC 9110, section 11.1).
fn in_header(value: &[u8]) -> Option<Vec<u8>> {
    let at = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = (&value[..at], value[at..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_secret_is_found_in_each_of_its_forms_and_nowhere_else() {
        let secret = Digested::of(&SecretString::from("se:cret"));
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (header, in_path, expected) in [
            ("Bearer se:cret".to_owned(), None, true),
            ("bearer  se:cret ".to_owned(), None, true),
            (basic("anybody:se:cret"), None, true),
            (basic(":se:cret"), None, true),
            (String::new(), Some("se:cret"), true),
            ("Bearer wrong".to_owned(), Some("se:cret"), true),
            (String::new(), None, false),
            ("Bearer".to_owned(), None, false),
            ("Bearer ".to_owned(), None, false),
            ("Bearer se:cre".to_owned(), None, false),
            ("Bearer se:crett".to_owned(), None, false),
            ("se:cret".to_owned(), None, false),
            (basic("se:cret"), None, false),
            ("Basic se:cret".to_owned(), None, false),
            ("Digest se:cret".to_owned(), None, false),
            (String::new(), Some(""), false),
            (String::new(), Some("se:crets"), false),
        ] {
            let mut headers = HeaderMap::new();
            if !header.is_empty() {
                let value = HeaderValue::from_str(&header).expect("a header");
                headers.insert(header::AUTHORIZATION, value);
            }
            let shown = Shown::by(&headers, in_path);
            assert_eq!(shown.include(&secret), expected, "{header:?} {in_path:?}");
        }
    }
}
