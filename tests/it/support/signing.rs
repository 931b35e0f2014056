//! Twilio's signature, written from its documentation (Security, "Validating requests") and from nothing of ours.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

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
