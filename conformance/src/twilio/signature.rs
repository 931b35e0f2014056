//! `X-Twilio-Signature`, from Twilio's documentation (Security, "Validating requests"; Connection overrides).
//!
//! * The address is signed as it is configured, without user and password, and without its fragment. The port is dropped from voice
//!   requests over https, and kept otherwise; receivers have to take both.
//! * Of a form, the names are sorted by their bytes; after each name follows its value, as decoded, with nothing in between. The values of
//!   a name that is repeated count once each, in the order of their bytes. An empty value leaves the name alone.
//! * A GET and a JSON body add nothing: the former's parameters stand in the query, of the latter's hash `bodySHA256` does.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::address::{Address, Scheme};

/// The header of the signature.
pub const HEADER: &str = "X-Twilio-Signature";
/// The header that names key and algorithm, if it is not HMAC-SHA1 with the auth token.
pub const SETTINGS_HEADER: &str = "X-Twilio-Webhooks-Signature-Settings";

/// Which key and which hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// With the account's auth token; needs no settings header.
    #[default]
    HmacSha1,
    /// With a shared key, and named in the settings header.
    HmacSha256,
}

impl Algorithm {
    /// The value of the settings header, if there has to be one.
    pub fn settings(self, key_id: &str) -> Option<String> {
        match self {
            Self::HmacSha1 => None,
            Self::HmacSha256 => Some(format!("key={key_id},algorithm=HMAC_SHA256")),
        }
    }
}

/// Whether the port is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Port {
    /// As voice requests have it: kept over http, dropped over https.
    #[default]
    OfVoice,
    /// As it is written down.
    AsWritten,
    /// Dropped.
    Dropped,
}

/// The address as it is signed.
pub fn signed_address(address: &Address, port: Port) -> String {
    let keeps_port = match port {
        Port::AsWritten => true,
        Port::Dropped => false,
        Port::OfVoice => address.scheme() == Scheme::Http,
    };
    let address = address.with_userinfo(None).with_fragment(None);
    match keeps_port {
        true => address.to_string(),
        false => address.with_port(None).to_string(),
    }
}

/// The text that is signed: the address, and the sorted parameters of a form.
pub fn signed_string<'a>(
    address: &Address,
    port: Port,
    form: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut text = signed_address(address, port);
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form {
        sorted.entry(name).or_default().insert(value);
    }
    for (name, values) in sorted {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    text
}

/// The signature of a text: base64 with its padding.
pub fn sign(algorithm: Algorithm, key: &str, text: &str) -> String {
    const ANY_KEY: &str = "HMAC takes a key of any length";
    match algorithm {
        Algorithm::HmacSha1 => {
            let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect(ANY_KEY);
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        }
        Algorithm::HmacSha256 => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect(ANY_KEY);
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        }
    }
}

/// What `bodySHA256` says of a JSON body: its hash in small hexadecimal letters.
pub fn body_sha256(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect(text)
    }

    #[test]
    fn the_example_of_the_documentation_is_signed_as_it_says() {
        let form = [
            ("Digits", "1234"),
            ("To", "+18005551212"),
            ("From", "+14158675310"),
            ("Caller", "+14158675310"),
            ("CallSid", "CA1234567890ABCDE"),
        ];
        let url = address("https://example.com/myapp.php?foo=1&bar=2");
        let text = signed_string(&url, Port::OfVoice, form);
        assert_eq!(
            sign(Algorithm::HmacSha1, "12345", &text),
            "L/OH5YylLD5NRKLltdqwSvS0BnU="
        );
    }

    /// The vectors of the whole project: what independent libraries sign.
    #[test]
    fn the_text_under_a_signature_is_that_of_the_published_libraries() {
        let vectors = include_str!("../../../fixtures/signatures/vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).expect("JSON");
        let mut checked = 0;
        for vector in vectors["vectors"].as_array().expect("a list") {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            // Signed wrongly on purpose, or with blanks that no request line can hold.
            let Ok(url) = Address::parse(text("signed_url")) else {
                continue;
            };
            if url.userinfo().is_some()
                || url.fragment().is_some()
                || text("signed_url").contains(":/voice")
            {
                continue;
            }
            let pairs = vector["params"].as_array().cloned().unwrap_or_default();
            let pair = |pair: &serde_json::Value| {
                Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()))
            };
            let form: Vec<_> = if text("method") == "GET" {
                Vec::new()
            } else {
                pairs.iter().filter_map(pair).collect()
            };
            let form = form
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let ours = signed_string(&url, Port::AsWritten, form);
            assert_eq!(ours, text("signing_string"), "{}", text("id"));
            let algorithm = match text("algorithm") {
                "HMAC_SHA256" => Algorithm::HmacSha256,
                _ => Algorithm::HmacSha1,
            };
            assert_eq!(
                sign(algorithm, text("token"), &ours),
                text("signature"),
                "{}",
                text("id")
            );
            checked += 1;
        }
        assert!(checked > 80, "only {checked} vectors were looked at");
    }

    #[test]
    fn what_is_not_signed_is_cut_off() {
        let check = |url: &str, port: Port, signed: &str| {
            assert_eq!(signed_address(&address(url), port), signed);
        };
        check(
            "https://u:p@h:8443/a?b#rc=2",
            Port::OfVoice,
            "https://h/a?b",
        );
        check(
            "https://u:p@h:8443/a?b#rc=2",
            Port::AsWritten,
            "https://h:8443/a?b",
        );
        check("http://u:p@h:81/a?b", Port::OfVoice, "http://h:81/a?b");
        check("http://[::1]:81/", Port::Dropped, "http://[::1]/");
        check("https://h", Port::OfVoice, "https://h");
    }

    #[test]
    fn names_are_sorted_and_repeated_values_count_once() {
        let form = [
            ("b", "2"),
            ("a", ""),
            ("B", "1"),
            ("b", "10"),
            ("b", "2"),
            ("Reason", "x"),
            ("ReasonEnded", "y"),
        ];
        let text = signed_string(&address("http://h/"), Port::OfVoice, form);
        assert_eq!(text, "http://h/B1ReasonxReasonEndedyab10b2");
    }

    #[test]
    fn the_hash_of_a_body_is_in_small_letters() {
        assert_eq!(
            body_sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
