//! The tokens that an application signs its requests with: JWT with RS256 (RFC 7519, RFC 7515).
//!
//! The signature comes from rustls, which signs with RSA keys for its handshakes: PKCS#1 v1.5 over SHA-256 is what RS256 is
//! (RFC 7518, section 3.3).

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls::{
    SignatureScheme,
    crypto::ring::sign::any_supported_type,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
    sign::{Signer, SigningKey},
};
use serde_json::{Value, json};

use crate::{
    escalation::{Fault, FaultClass},
    provider::transport,
};

/// How long a token is good. A request takes seconds; the rest is for clocks that differ.
const LIFE_SECS: i64 = 300;

/// The private key of an application.
#[derive(Clone)]
pub struct PrivateKey(Arc<dyn SigningKey>);

/// Why a text is no private key of an application. Reads after the key's name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// No PEM.
    #[error("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")]
    NotPem,
    /// PEM of something else.
    #[error("holds a key that is not RSA with 2048 bits or more")]
    NotRsa,
}

impl PrivateKey {
    /// Reads PEM, PKCS#8 or PKCS#1. In environment variables line ends often stand as `\n`, which is understood.
    pub fn parse(pem: &str) -> Result<Self, PrivateKeyError> {
        let pem = pem.replace("\\n", "\n");
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes());
        let der = der.map_err(|_| PrivateKeyError::NotPem)?;
        let key = any_supported_type(&der).map_err(|_| PrivateKeyError::NotRsa)?;
        let key = Self(key);
        key.signer().ok_or(PrivateKeyError::NotRsa)?;
        Ok(key)
    }

    fn signer(&self) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
    }

    /// A token for one request. `id` is used once.
    pub(super) fn token(
        &self,
        application: &str,
        now: Timestamp,
        id: &str,
    ) -> Result<String, Fault> {
        let issued = now.as_second();
        let text = format!(
            "{}.{}",
            part(&json!({ "alg": "RS256", "typ": "JWT" })),
            part(&json!({
                "application_id": application,
                "exp": issued + LIFE_SECS,
                "iat": issued,
                "jti": id,
            }))
        );
        let signature = self.signer().map(|signer| signer.sign(text.as_bytes()));
        let Some(Ok(signature)) = signature else {
            let text = "the private key does not sign";
            return Err(transport::fault(FaultClass::Ours, text));
        };
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PKCS8: &str = include_str!("../../../fixtures/vonage/private.pem");
    const PKCS1: &str = include_str!("../../../fixtures/vonage/private-pkcs1.pem");
    const ELLIPTIC: &str = include_str!("../../../fixtures/vonage/elliptic.pem");
    const TOKEN: &str = include_str!("../../../fixtures/vonage/token.jwt");

    #[test]
    fn a_token_is_the_one_that_openssl_signs() {
        for pem in [PKCS8, PKCS1, &PKCS8.trim().replace('\n', "\\n")] {
            let key = PrivateKey::parse(pem).expect("a key");
            let now = "2025-11-25T10:00:00.9Z".parse().expect("a timestamp");
            let id = "0123456789abcdef0123456789abcdef";
            let token = key.token("aaaaaaaa-bbbb-cccc-dddd-0123456789ab", now, id);
            assert_eq!(token.as_deref(), Ok(TOKEN.trim()));
        }
    }

    #[test]
    fn only_an_rsa_key_in_pem_is_one() {
        for (text, expected) in [
            ("", PrivateKeyError::NotPem),
            ("hunter2", PrivateKeyError::NotPem),
            (&PKCS8[..200], PrivateKeyError::NotPem),
            (ELLIPTIC, PrivateKeyError::NotRsa),
            (&PKCS8.replace("MII", "MIJ"), PrivateKeyError::NotRsa),
        ] {
            assert_eq!(PrivateKey::parse(text).err(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = PrivateKey::parse(PKCS8).expect("a key");
        assert_eq!(format!("{key:?}"), "PrivateKey(…)");
    }
}
