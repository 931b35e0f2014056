//! The token that Vonage sends with the webhooks of calls: a JWT in the header `Authorization`, HS256 with the signature secret (RFC
//! 7519, RFC 7515).
//!
//! It covers the body by `payload_hash`, its SHA-256, and not the address; so the attempt token in the address has to be good as
//! well. What is not covered, not signed or not fresh is refused. Sources: Vonage, signed webhooks, and an article of its support,
//! by which the hash is that of the JSON without blanks. From memory: that `exp` may stand in it. Not tried against the
//! live service.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A token that was issued longer ago is not taken. The place in the call that it is for is answered once at any rate.
const OLD: SignedDuration = SignedDuration::from_mins(5);

/// How far the clock of whoever issued it may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// What an account signs its webhooks with.
#[derive(Clone)]
pub struct WebhookSecrets {
    key: Option<Hmac<Sha256>>,
    application: Option<String>,
}

/// Why a webhook is refused. For the log; the sender gets 403 and no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedTokenError {
    /// There is nothing to verify with: closed, never open.
    #[error(
        "no signature secret is configured, so every webhook is refused; configure signature_secret"
    )]
    NoKey,
    /// No bearer in the header `Authorization`.
    #[error("the webhook carries no signed token; turn signed webhooks on for the application")]
    Missing,
    /// No JWT, or none with HS256.
    #[error("the webhook's token is no JWT with HS256")]
    Malformed,
    /// Another key has made the signature.
    #[error("the signature of the webhook's token does not match; check signature_secret")]
    Mismatch,
    /// Issued too long ago, in the future, or expired.
    #[error("the webhook's token is not fresh; check this host's clock")]
    Stale,
    /// Of another application.
    #[error("the webhook is of another application")]
    Foreign,
    /// The token does not cover this body.
    #[error("the webhook's token does not cover its body")]
    BodyMismatch,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: Option<i64>,
    application_id: Option<String>,
    payload_hash: Option<String>,
}

impl WebhookSecrets {
    /// The secret of an account and the application that calls. An empty secret is none: anybody could sign with it.
    pub fn new(secret: Option<&SecretString>, application: Option<&str>) -> Self {
        let secret = secret.map(|secret| secret.expose_secret().as_bytes());
        let key = secret.filter(|secret| !secret.is_empty());
        Self {
            key: key.map(|key| Hmac::new_from_slice(key).expect("HMAC takes keys of any length")),
            application: application.map(str::to_owned),
        }
    }

    /// Checks the token in the header `Authorization` of a request with this body.
    pub fn verify(
        &self,
        authorization: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), SignedTokenError> {
        let key = self.key.as_ref().ok_or(SignedTokenError::NoKey)?;
        let token = authorization.and_then(bearer);
        let token = token.ok_or(SignedTokenError::Missing)?;
        let claims = open(key, token)?;
        if !claims.is_fresh(now) {
            return Err(SignedTokenError::Stale);
        }
        match (&claims.application_id, &self.application) {
            (Some(of), Some(ours)) if of != ours => return Err(SignedTokenError::Foreign),
            _ => {}
        }
        match claims.covers(body) {
            true => Ok(()),
            false => Err(SignedTokenError::BodyMismatch),
        }
    }
}

/// The scheme is written in any case (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn open(key: &Hmac<Sha256>, token: &str) -> Result<Claims, SignedTokenError> {
    let malformed = SignedTokenError::Malformed;
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(malformed)?;
    let header: Header = part(header).ok_or(malformed)?;
    if header.alg != "HS256" {
        return Err(malformed);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed)?;
    let mut mac = key.clone();
    mac.update(signed.as_bytes());
    mac.verify_slice(&signature)
        .map_err(|_| SignedTokenError::Mismatch)?;
    part(claims).ok_or(malformed)
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&json).ok()
}

impl Claims {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let Ok(issued) = Timestamp::from_second(self.iat) else {
            return false;
        };
        let age = now.duration_since(issued);
        let is_over = self.exp.is_some_and(|exp| exp <= now.as_second());
        -AHEAD <= age && age <= OLD && !is_over
    }

    /// Whether the hash is that of the body, as it is or without the blanks between its values.
    fn covers(&self, body: &[u8]) -> bool {
        let named = self.payload_hash.as_deref().unwrap_or_default();
        let is = |text: &[u8]| bool::from(hex(text).as_bytes().ct_eq(named.as_bytes()));
        is(body) || is(&without_blanks(body))
    }
}

fn hex(text: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        write!(hex, "{byte:02x}").expect("writing to a String succeeds");
    }
    hex
}

/// JSON without the blanks outside its texts.
fn without_blanks(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut escaped) = (false, false);
    let mut kept = Vec::with_capacity(json.len());
    for &byte in json {
        if in_text {
            in_text = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_text = byte == b'"';
        }
        kept.push(byte);
    }
    kept
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecrets")
            .field("is_set", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "a signature secret";
    const BODY: &[u8] = br#"{"status":"ringing","uuid":"u1"}"#;
    const NOW: i64 = 1_764_064_800;

    /// Made here from the documents, not with the code under test.
    fn token(secret: &str, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("Bearer {signed}.{signature}")
    }

    fn hash(body: &[u8]) -> String {
        Sha256::digest(body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn claims() -> Value {
        json!({"iat": NOW, "jti": "j", "iss": "Vonage", "api_key": "abcd1234", "application_id": "a1", "payload_hash": hash(BODY)})
    }

    fn verify(authorization: &str, body: &[u8]) -> Result<(), SignedTokenError> {
        let secret = SecretString::from(SECRET);
        let now = Timestamp::from_second(NOW).expect("a timestamp");
        WebhookSecrets::new(Some(&secret), Some("a1")).verify(Some(authorization), body, now)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_fresh_token_that_covers_the_body_is_good() {
        let hs256 = json!({"alg": "HS256", "typ": "JWT"});
        for claims in [
            claims(),
            with("iat", json!(NOW - 300)),
            with("iat", json!(NOW + 60)),
            with("exp", json!(NOW + 1)),
            with("application_id", json!(null)),
        ] {
            assert_eq!(
                verify(&token(SECRET, &hs256, &claims), BODY),
                Ok(()),
                "{claims}"
            );
        }
        let spaced = br#"{ "status": "ringing",
            "uuid": "u1" }"#;
        assert_eq!(verify(&token(SECRET, &hs256, &claims()), spaced), Ok(()));
        let lower = token(SECRET, &hs256, &claims()).replacen("Bearer", "bearer", 1);
        assert_eq!(verify(&lower, BODY), Ok(()));
    }

    #[test]
    fn whatever_is_not_in_order_is_refused() {
        use SignedTokenError as Error;
        let hs256 = json!({"alg": "HS256", "typ": "JWT"});
        let good = token(SECRET, &hs256, &claims());
        let (signed, _) = good.rsplit_once('.').expect("three parts");
        for (authorization, expected) in [
            (token("another", &hs256, &claims()), Error::Mismatch),
            (token("", &hs256, &claims()), Error::Mismatch),
            (
                token(SECRET, &json!({"alg": "none"}), &claims()),
                Error::Malformed,
            ),
            (
                token(SECRET, &json!({"alg": "RS256"}), &claims()),
                Error::Malformed,
            ),
            (token(SECRET, &json!({}), &claims()), Error::Malformed),
            (format!("{signed}."), Error::Mismatch),
            (signed.to_owned(), Error::Malformed),
            (format!("{good}x"), Error::Mismatch),
            (format!("{good}="), Error::Malformed),
            (good.replacen("Bearer", "Basic", 1), Error::Missing),
            ("Bearer".to_owned(), Error::Missing),
            (String::new(), Error::Missing),
            (
                token(SECRET, &hs256, &with("iat", json!(NOW - 301))),
                Error::Stale,
            ),
            (
                token(SECRET, &hs256, &with("iat", json!(NOW + 61))),
                Error::Stale,
            ),
            (
                token(SECRET, &hs256, &with("exp", json!(NOW))),
                Error::Stale,
            ),
            (
                token(SECRET, &hs256, &with("iat", json!(i64::MAX))),
                Error::Stale,
            ),
            (
                token(SECRET, &hs256, &with("iat", json!(null))),
                Error::Malformed,
            ),
            (
                token(SECRET, &hs256, &with("application_id", json!("a2"))),
                Error::Foreign,
            ),
            (
                token(SECRET, &hs256, &with("payload_hash", json!(null))),
                Error::BodyMismatch,
            ),
            (
                token(SECRET, &hs256, &with("payload_hash", json!(""))),
                Error::BodyMismatch,
            ),
        ] {
            assert_eq!(
                verify(&authorization, BODY),
                Err(expected),
                "{authorization}"
            );
        }
        for body in [
            &b""[..],
            br#"{"status":"ringing","uuid":"u2"}"#,
            br#"{"status":"ringing","uuid":"u 1"}"#,
        ] {
            assert_eq!(verify(&good, body), Err(Error::BodyMismatch));
        }
    }

    #[test]
    fn without_a_secret_every_webhook_is_refused() {
        let good = token(SECRET, &json!({"alg": "HS256"}), &claims());
        let of_nothing = token("", &json!({"alg": "HS256"}), &claims());
        let now = Timestamp::from_second(NOW).expect("a timestamp");
        for secret in [None, Some(SecretString::from(""))] {
            let secrets = WebhookSecrets::new(secret.as_ref(), None);
            for authorization in [&good, &of_nothing] {
                let verified = secrets.verify(Some(authorization), BODY, now);
                assert_eq!(verified, Err(SignedTokenError::NoKey));
            }
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        let secret = SecretString::from(SECRET);
        let secrets = WebhookSecrets::new(Some(&secret), Some("a1"));
        assert!(!format!("{secrets:?}").contains(SECRET));
    }
}
