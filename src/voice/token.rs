//! Attempt tokens: they travel in every URL that we hand out, name the attempt, expire, and cannot be guessed (P7).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::escalation::AttemptId;

/// Bytes of the tag: 144 bits, which are 24 characters of base64 without padding or spare bits, so that each token has
/// one spelling only.
const TAG_BYTES: usize = 18;

/// Keeps tags of other uses of the same key apart.
const PURPOSE: &[u8] = b"rinban attempt token 1\0";

/// Signs and opens attempt tokens. Made from the store's random key, so that every node and every restart agrees.
#[derive(Clone)]
pub struct TokenKey(Hmac<Sha256>);

/// Why a token is refused.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    /// Not made with our key, or changed since.
    #[error("the attempt token was not made by this installation")]
    Forged,
    /// Made by us, and past its time.
    #[error("the attempt token has expired")]
    Expired,
}

impl TokenKey {
    /// A key from 32 random bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        let mut mac = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(PURPOSE);
        Self(mac)
    }

    /// A token for the attempt, good until just before `expires` (whole seconds are kept, rounded down).
    ///
    /// `42-7.1767225600.` and 24 characters of URL-safe base64.
    pub fn sign(&self, attempt: AttemptId, expires: Timestamp) -> String {
        let mut token = format!("{attempt}.{}", expires.as_second());
        let tag = self.tag(&token);
        token.push('.');
        token.push_str(&tag);
        token
    }

    /// The attempt that a token names, if we made the token and its time has not run out.
    pub fn open(&self, token: &str, now: Timestamp) -> Result<AttemptId, TokenError> {
        let (claim, tag) = token.rsplit_once('.').ok_or(TokenError::Forged)?;
        if !bool::from(self.tag(claim).as_bytes().ct_eq(tag.as_bytes())) {
            return Err(TokenError::Forged);
        }
        let (attempt, expires) = read_claim(claim).ok_or(TokenError::Forged)?;
        if now.as_second() < expires {
            Ok(attempt)
        } else {
            Err(TokenError::Expired)
        }
    }

    /// Shows that whoever says this holds the key: what a core answers to a probe of itself. It is no token, since a claim
    /// begins with a number.
    pub fn answer(&self, text: &str) -> String {
        self.tag(&format!("answer {text}"))
    }

    /// Shows that whoever says this may read the state directory, and so may command the core. It names no attempt, and is
    /// no answer to a probe: a claim begins with a number, an answer with `answer`.
    pub fn operator(&self) -> String {
        self.tag("operator 1")
    }

    fn tag(&self, claim: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(claim.as_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..TAG_BYTES])
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

fn read_claim(claim: &str) -> Option<(AttemptId, i64)> {
    let (attempt, expires) = claim.split_once('.')?;
    Some((AttemptId::parse(attempt)?, expires.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::escalation::EscalationId;

    fn attempt(escalation: u64, number: u32) -> AttemptId {
        AttemptId {
            escalation: EscalationId(escalation),
            number,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let key = TokenKey::new(&[7; 32]);
        let token = key.sign(attempt(42, 7), at(1_000));
        assert!(token.starts_with("42-7.1000."), "{token}");
        assert_eq!(key.open(&token, at(0)), Ok(attempt(42, 7)));
        assert_eq!(key.open(&token, at(999)), Ok(attempt(42, 7)));
        assert_eq!(key.open(&token, at(1_000)), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_of_another_key_is_forged() {
        let token = TokenKey::new(&[7; 32]).sign(attempt(42, 7), at(1_000));
        let other = TokenKey::new(&[8; 32]);
        assert_eq!(other.open(&token, at(0)), Err(TokenError::Forged));
        // An expired forgery says nothing about its claim.
        assert_eq!(other.open(&token, at(2_000)), Err(TokenError::Forged));
    }

    #[test]
    fn what_is_no_token_is_forged() {
        let key = TokenKey::new(&[7; 32]);
        for text in ["", ".", "..", "42-7", "42-7.1000", "42-7.1000.", "\u{ff0e}"] {
            assert_eq!(key.open(text, at(0)), Err(TokenError::Forged), "{text}");
        }
    }

    #[test]
    fn the_operators_token_opens_nothing_else() {
        let key = TokenKey::new(&[7; 32]);
        let operator = key.operator();
        assert_eq!(operator, key.operator(), "whoever has the key agrees");
        assert_ne!(operator, TokenKey::new(&[8; 32]).operator());
        for text in [
            operator.clone(),
            format!("operator 1.{operator}"),
            format!("42-7.1000.{operator}"),
            format!(".{operator}"),
        ] {
            assert_eq!(key.open(&text, at(0)), Err(TokenError::Forged), "{text}");
        }
        for probed in ["", "operator 1", "/", "operator"] {
            assert_ne!(key.answer(probed), operator, "{probed:?}");
        }
        let token = key.sign(attempt(42, 7), at(1_000));
        assert_ne!(token.rsplit('.').next(), Some(operator.as_str()));
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", TokenKey::new(&[7; 32])), "TokenKey(…)");
    }

    proptest! {
        #[test]
        fn every_token_opens_to_its_attempt(
            key: [u8; 32], escalation: u64, number: u32, expires in 1_i64..200_000_000_000,
        ) {
            let key = TokenKey::new(&key);
            let token = key.sign(attempt(escalation, number), at(expires));
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
            prop_assert_eq!(key.open(&token, at(expires - 1)), Ok(attempt(escalation, number)));
            prop_assert_eq!(key.open(&token, at(expires)), Err(TokenError::Expired));
        }

        #[test]
        fn any_changed_byte_is_refused(
            key: [u8; 32], escalation: u64, number: u32, place: prop::sample::Index, byte in 0_u8..128,
        ) {
            let key = TokenKey::new(&key);
            let token = key.sign(attempt(escalation, number), at(1_000));
            let mut changed = token.clone().into_bytes();
            let place = place.index(changed.len());
            prop_assume!(changed[place] != byte);
            changed[place] = byte;
            let changed = String::from_utf8(changed).expect("ASCII");
            prop_assert_eq!(key.open(&changed, at(0)), Err(TokenError::Forged));
        }

        #[test]
        fn a_shortened_or_lengthened_token_is_refused(key: [u8; 32], keep: prop::sample::Index, more in "[A-Za-z0-9._-]{1,4}") {
            let key = TokenKey::new(&key);
            let token = key.sign(attempt(42, 7), at(1_000));
            let short = &token[..keep.index(token.len())];
            prop_assert_eq!(key.open(short, at(0)), Err(TokenError::Forged));
            let long = token + &more;
            prop_assert_eq!(key.open(&long, at(0)), Err(TokenError::Forged));
        }
    }
}
