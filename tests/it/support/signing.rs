//! Twilio's signature and Vonage's signed token, written from their documentation (Security, "Validating requests"; signed webhooks)
//! and from nothing of ours.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::http::Request;

/// The base64 of the HMAC-SHA1 of the URL and the sorted parameters, names and values without anything in between.
pub(crate) fn sign(token: &str, url: &str, parameters: &[(&str, &str)]) -> String {
    let mut sorted = parameters.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes any key");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A form as carriers write it.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

/// What stands in the request line for a URL.
pub(crate) fn target_of(url: &str) -> &str {
    let after_scheme = url.find("://").expect("an absolute URL") + 3;
    let path = url[after_scheme..].find('/').expect("a URL with a path");
    &url[after_scheme + path..]
}

/// A webhook as the carrier sends it: URL and parameters signed with the token.
pub(crate) fn webhook(token: &str, url: &str, parameters: &[(&str, &str)]) -> Request {
    Request::new("POST", target_of(url))
        .header(
            "Content-Type",
            "application/x-www-form-urlencoded; charset=UTF-8",
        )
        .header("X-Twilio-Signature", &sign(token, url, parameters))
        .body(form(parameters))
}

/// A webhook of a call as Vonage sends it: JSON beside a token that was issued just now.
pub(crate) fn vonage_webhook(secret: &str, url: &str, body: &Value) -> Request {
    let body = body.to_string();
    let token = vonage_token(secret, Timestamp::now().as_second(), body.as_bytes());
    Request::new("POST", target_of(url))
        .header("Content-Type", "application/json")
        .header("Authorization", &format!("Bearer {token}"))
        .body(body)
}

/// The token for a body.
pub(crate) fn vonage_token(secret: &str, issued: i64, body: &[u8]) -> String {
    let hash: String = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let claims =
        json!({"iat": issued, "iss": "Vonage", "api_key": "abcd1234", "payload_hash": hash});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(&json!({"alg": "HS256", "typ": "JWT"})),
        part(&claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}
