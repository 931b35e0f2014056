//! A webhook signed as a carrier signs it, written from the carriers' documentation and apart from the code that verifies them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, header::CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::config::ProviderKind;

/// As a carrier writes a form: `+`, `%` and an empty value, in which proxies and frameworks go wrong.
const FORM: [(&str, &str); 4] = [
    ("CallSid", "CA00000000000000000000000000000000"),
    ("Digits", ""),
    ("From", "+81 5012345678"),
    ("To", "a/b&c=d 日本"),
];

/// What a carrier signs with.
pub(super) enum Seal<'c> {
    /// Twilio's way: address and form, in a header of this name.
    Form {
        header: &'c str,
        token: &'c SecretString,
    },
    /// Vonage's way: a token beside the body.
    Token(&'c SecretString),
}

impl<'c> Seal<'c> {
    /// None for a carrier that signs nothing.
    pub(super) fn of(kind: &'c ProviderKind) -> Option<Self> {
        match kind {
            ProviderKind::Twilio(twilio) => Some(Self::Form {
                header: &twilio.signing.header,
                token: twilio.signing.tokens.first()?,
            }),
            ProviderKind::Vonage(vonage) => vonage.signature_secret.as_ref().map(Self::Token),
            ProviderKind::Simulated | ProviderKind::PaaSoo(_) => None,
        }
    }

    /// The header that carries it.
    pub(super) fn header(&self) -> &str {
        match self {
            Self::Form { header, .. } => header,
            Self::Token(_) => "Authorization",
        }
    }

    /// The webhook.
    pub(super) fn request(&self, client: &Client, url: &str, now: Timestamp) -> RequestBuilder {
        match self {
            Self::Form { header, token } => {
                let body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(FORM)
                    .finish();
                client
                    .post(url)
                    .header(
                        CONTENT_TYPE,
                        "application/x-www-form-urlencoded; charset=utf-8",
                    )
                    .header(*header, sign_form(token, url))
                    .body(body)
            }
            Self::Token(secret) => {
                let body = json!({ "uuid": "0", "status": "日本 / \"x\"" }).to_string();
                client
                    .post(url)
                    .header(CONTENT_TYPE, "application/json")
                    .bearer_auth(sign_body(secret, &body, now))
                    .body(body)
            }
        }
    }
}

/// The address, then each parameter's name and value in the order of the names (Twilio: Security).
fn sign_form(token: &SecretString, url: &str) -> String {
    let mut sorted = FORM;
    sorted.sort_unstable();
    let mut mac = <Hmac<Sha1>>::new_from_slice(token.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A JWT that names the hash of the body (Vonage: signed webhooks).
fn sign_body(secret: &SecretString, body: &str, now: Timestamp) -> String {
    let hash = Sha256::digest(body)
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(json!({ "alg": "HS256", "typ": "JWT" })),
        part(json!({ "iat": now.as_second(), "payload_hash": hash }))
    );
    let mut mac = <Hmac<Sha256>>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}
