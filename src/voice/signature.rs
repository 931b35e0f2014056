//! `X-Twilio-Signature`: every webhook is verified over the raw request target; an invalid one changes nothing (P6).
//!
//! The signature is an HMAC over the URL and the parameters (Twilio: Security), base64. The URL is the configured public
//! base with the request target exactly as received ([`super::PublicUrl::of_target`]): what a framework has parsed and
//! put together again is another text. `fixtures/signatures/` holds the cases where receivers go wrong.
//!
//! Which HMAC is named by the header `X-Twilio-Webhooks-Signature-Settings` (twilio-python 9.13): SHA-1 with the auth token unless it
//! says `algorithm=HMAC_SHA256`, which is keyed with a shared secret. A request that names SHA-256 is never judged by SHA-1.

mod candidates;
mod form;
#[cfg(test)]
mod vectors;

pub use form::Form;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use candidates::Candidates;

/// What a provider signs its webhooks with.
#[derive(Clone, Default)]
pub struct SigningKeys {
    tokens: Vec<Hmac<Sha1>>,
    shared: Vec<Hmac<Sha256>>,
}

/// A webhook as it arrived.
#[derive(Clone, Copy)]
pub struct SignedRequest<'r> {
    /// The public base and the raw request target; see [`super::PublicUrl::of_target`].
    pub url: &'r str,
    /// `POST` or `GET`.
    pub method: &'r str,
    /// The raw body.
    pub body: &'r [u8],
    /// The header `Content-Type`.
    pub content_type: Option<&'r str>,
    /// The header `X-Twilio-Signature`.
    pub signature: Option<&'r str>,
    /// The header `X-Twilio-Webhooks-Signature-Settings`.
    pub settings: Option<&'r str>,
}

/// Why a webhook is refused. For the log; the sender gets 403 and no reason.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// There is nothing to verify with: closed, never open.
    #[error("no key for {0} is configured, so every webhook is refused; configure the auth token")]
    NoKey(&'static str),
    /// No `X-Twilio-Signature`, or an empty one.
    #[error("the webhook carries no X-Twilio-Signature")]
    Missing,
    /// Not base64 in its one canonical spelling.
    #[error("the X-Twilio-Signature is not canonical base64")]
    NotBase64,
    /// The settings name an algorithm that is not known here.
    #[error("the webhook is signed with the unknown algorithm `{0}`")]
    UnknownAlgorithm(String),
    /// The URL is not absolute.
    #[error("the webhook's URL is not absolute; check `server.public_url`")]
    NotAbsolute,
    /// The signature of a GET covers no body, so there must be none.
    #[error("the webhook is a GET with a body, which no signature covers")]
    BodyWithGet,
    /// A body that is not a form is covered by `bodySHA256` in the URL only.
    #[error("the webhook's body is not a form, and the URL carries no bodySHA256 for it")]
    BodyHashMissing,
    /// The body is not the one that was signed.
    #[error("the webhook's body does not have the bodySHA256 that the URL names")]
    BodyHashMismatch,
    /// The body has 4 GiB or more.
    #[error("the webhook's body is too long")]
    TooLong,
    /// None of the keys made this signature for this request.
    #[error(
        "the webhook's signature does not match; check the auth token, and that `server.public_url` is the address that the carrier was given"
    )]
    Mismatch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
}

impl SigningKeys {
    /// Keys from auth tokens (the primary one and, while tokens are being rotated, the next) and from shared secrets for
    /// HMAC_SHA256. Empty ones are passed over: anybody could sign with them.
    pub fn new<'s>(
        tokens: impl IntoIterator<Item = &'s SecretString>,
        shared: impl IntoIterator<Item = &'s SecretString>,
    ) -> Self {
        Self {
            tokens: keyed(tokens),
            shared: keyed(shared),
        }
    }

    /// Checks the signature and gives out the parameters: those of the form, of the query if it is a GET, or none.
    pub fn verify(&self, request: &SignedRequest<'_>) -> Result<Form, SignatureError> {
        let signature = request
            .signature
            .filter(|signature| !signature.is_empty())
            .ok_or(SignatureError::Missing)?;
        let algorithm = Algorithm::of_settings(request.settings.unwrap_or_default())?;
        let url = Candidates::of(request.url).ok_or(SignatureError::NotAbsolute)?;
        let (form, signed) = read_parameters(request, &url)?;
        match algorithm {
            Algorithm::Sha1 => check(&self.tokens, "HMAC_SHA1", signature, &url, &signed),
            Algorithm::Sha256 => check(&self.shared, "HMAC_SHA256", signature, &url, &signed),
        }?;
        Ok(form)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("tokens", &self.tokens.len())
            .field("shared", &self.shared.len())
            .finish()
    }
}

impl fmt::Debug for SignedRequest<'_> {
    /// URL and body hold tokens and phone numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Algorithm {
    /// Reads `key=<id>,algorithm=<name>`. Without an algorithm it is SHA-1; two that differ are refused.
    fn of_settings(settings: &str) -> Result<Self, SignatureError> {
        let mut named = None;
        for name in settings
            .split(',')
            .filter_map(|piece| piece.trim().strip_prefix("algorithm="))
        {
            let algorithm = match name.trim() {
                "HMAC_SHA1" => Self::Sha1,
                "HMAC_SHA256" => Self::Sha256,
                other => return Err(SignatureError::UnknownAlgorithm(other.to_owned())),
            };
            if named.is_some_and(|named| named != algorithm) {
                return Err(SignatureError::UnknownAlgorithm(settings.to_owned()));
            }
            named = Some(algorithm);
        }
        Ok(named.unwrap_or(Self::Sha1))
    }
}

fn keyed<'s, M: Mac + hmac::KeyInit>(
    secrets: impl IntoIterator<Item = &'s SecretString>,
) -> Vec<M> {
    secrets
        .into_iter()
        .map(|secret| secret.expose_secret())
        .filter(|secret| !secret.is_empty())
        .map(|secret| {
            <M as hmac::KeyInit>::new_from_slice(secret.as_bytes())
                .expect("HMAC takes keys of any length")
        })
        .collect()
}

/// The parameters to act on, and the text that the signature covers after the URL.
fn read_parameters(
    request: &SignedRequest<'_>,
    url: &Candidates<'_>,
) -> Result<(Form, Vec<u8>), SignatureError> {
    if request.method.eq_ignore_ascii_case("GET") {
        if !request.body.is_empty() {
            return Err(SignatureError::BodyWithGet);
        }
        let form = Form::parse(url.query().as_bytes()).ok_or(SignatureError::TooLong)?;
        return Ok((form, Vec::new()));
    }
    if is_form(request) {
        let form = Form::parse(request.body).ok_or(SignatureError::TooLong)?;
        let signed = form.signed_text();
        return Ok((form, signed));
    }
    check_body_hash(request.body, url)?;
    Ok((Form::default(), Vec::new()))
}

/// Whether the body is covered as parameters. No body and no type is a form without parameters.
fn is_form(request: &SignedRequest<'_>) -> bool {
    match request.content_type {
        Some(content_type) => content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded"),
        None => request.body.is_empty(),
    }
}

/// Twilio writes the hash as hex in small letters.
fn check_body_hash(body: &[u8], url: &Candidates<'_>) -> Result<(), SignatureError> {
    let wanted = url.body_sha256().ok_or(SignatureError::BodyHashMissing)?;
    let hash: String = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if bool::from(hash.as_bytes().ct_eq(wanted.as_bytes())) {
        Ok(())
    } else {
        Err(SignatureError::BodyHashMismatch)
    }
}

/// Whether any of the keys signed any of the URLs with `signed` behind it. Each comparison takes constant time.
fn check<M: Mac + Clone>(
    keys: &[M],
    algorithm: &'static str,
    signature: &str,
    url: &Candidates<'_>,
    signed: &[u8],
) -> Result<(), SignatureError> {
    if keys.is_empty() {
        return Err(SignatureError::NoKey(algorithm));
    }
    let mut tag = [0; 48];
    let len = STANDARD
        .decode_slice(signature, &mut tag)
        .map_err(|_| SignatureError::NotBase64)?;
    let tag = &tag[..len];
    let genuine = keys.iter().any(|key| {
        url.any(|pieces| {
            let mut mac = key.clone();
            for piece in pieces {
                mac.update(piece.as_bytes());
            }
            mac.update(signed);
            mac.verify_slice(tag).is_ok()
        })
    });
    if genuine {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://example.com/myapp.php?foo=1&bar=2";
    const BODY: &[u8] = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212";
    /// Published in Twilio's Security page for the token `12345`.
    const SIGNATURE: &str = "L/OH5YylLD5NRKLltdqwSvS0BnU=";

    fn request() -> SignedRequest<'static> {
        SignedRequest {
            url: URL,
            method: "POST",
            body: BODY,
            content_type: Some("application/x-www-form-urlencoded; charset=UTF-8"),
            signature: Some(SIGNATURE),
            settings: None,
        }
    }

    fn keys(tokens: &[&str], shared: &[&str]) -> SigningKeys {
        let secrets = |texts: &[&str]| -> Vec<SecretString> {
            texts.iter().map(|&text| text.into()).collect()
        };
        SigningKeys::new(&secrets(tokens), &secrets(shared))
    }

    /// What openssl and twilio-python would put in the header.
    fn sign<M: Mac + hmac::KeyInit>(key: &str, text: &str) -> String {
        let mut mac = <M as hmac::KeyInit>::new_from_slice(key.as_bytes()).expect("any length");
        mac.update(text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    #[test]
    fn the_published_example_is_genuine_and_its_parameters_are_given_out() {
        let form = keys(&["12345"], &[]).verify(&request()).expect("genuine");
        assert_eq!(form.get("Digits"), Some("1234"));
        assert_eq!(form.get("To"), Some("+18005551212"));
    }

    #[test]
    fn either_token_is_good_while_tokens_are_rotated() {
        for tokens in [&["12345", "next"][..], &["old", "12345"]] {
            assert!(keys(tokens, &[]).verify(&request()).is_ok(), "{tokens:?}");
        }
        assert_eq!(
            keys(&["old", "next"], &[]).verify(&request()),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn without_a_token_every_webhook_is_refused() {
        let by_empty_token = sign::<Hmac<Sha1>>("", URL);
        for tokens in [&[][..], &[""]] {
            let request = SignedRequest {
                body: b"",
                signature: Some(&by_empty_token),
                ..request()
            };
            assert_eq!(
                keys(tokens, &[]).verify(&request),
                Err(SignatureError::NoKey("HMAC_SHA1"))
            );
        }
    }

    #[test]
    fn only_the_one_spelling_of_a_signature_is_taken() {
        for (signature, want) in [
            (None, SignatureError::Missing),
            (Some(""), SignatureError::Missing),
            (
                Some("L/OH5YylLD5NRKLltdqwSvS0BnU"),
                SignatureError::NotBase64,
            ),
            (
                Some("L/OH5YylLD5NRKLltdqwSvS0BnV="),
                SignatureError::NotBase64,
            ),
            (
                Some("L_OH5YylLD5NRKLltdqwSvS0BnU="),
                SignatureError::NotBase64,
            ),
            (
                Some(" L/OH5YylLD5NRKLltdqwSvS0BnU="),
                SignatureError::NotBase64,
            ),
            (
                Some("L/OH5YylLD5NRKLltdqwSvS0BnU=\n"),
                SignatureError::NotBase64,
            ),
            (
                Some("L/OH5YylLD5NRKLltdqwSvS0BnY="),
                SignatureError::Mismatch,
            ),
            (
                Some("M/OH5YylLD5NRKLltdqwSvS0BnU="),
                SignatureError::Mismatch,
            ),
            (Some("L/OH"), SignatureError::Mismatch),
            (Some("===="), SignatureError::NotBase64),
        ] {
            let request = SignedRequest {
                signature,
                ..request()
            };
            assert_eq!(
                keys(&["12345"], &[]).verify(&request),
                Err(want),
                "{signature:?}"
            );
        }
        let long = STANDARD.encode([0; 4_096]);
        let request = SignedRequest {
            signature: Some(&long),
            ..request()
        };
        assert_eq!(
            keys(&["12345"], &[]).verify(&request),
            Err(SignatureError::NotBase64)
        );
    }

    #[test]
    fn a_request_that_names_sha256_is_never_judged_by_sha1() {
        let body_text = "https://example.com/a";
        let sha1 = sign::<Hmac<Sha1>>("12345", body_text);
        let sha256 = sign::<Hmac<Sha256>>("secret", body_text);
        let by_token = sign::<Hmac<Sha256>>("12345", body_text);
        let both = keys(&["12345"], &["other", "secret"]);
        let token_only = keys(&["12345"], &[]);
        let settings = Some("key=1,algorithm=HMAC_SHA256");
        for (keys, signature, settings, want) in [
            (&both, &sha256, settings, Ok(())),
            (
                &both,
                &sha256,
                Some(" algorithm=HMAC_SHA256 , key=1"),
                Ok(()),
            ),
            (&both, &sha1, None, Ok(())),
            (&both, &sha1, Some(""), Ok(())),
            (&both, &sha1, Some("key=1"), Ok(())),
            (&both, &sha1, Some("key=1,algorithm=HMAC_SHA1"), Ok(())),
            (&both, &sha1, settings, Err(SignatureError::Mismatch)),
            (&both, &by_token, settings, Err(SignatureError::Mismatch)),
            (&both, &sha256, None, Err(SignatureError::Mismatch)),
            (
                &token_only,
                &sha256,
                settings,
                Err(SignatureError::NoKey("HMAC_SHA256")),
            ),
            (
                &token_only,
                &sha1,
                settings,
                Err(SignatureError::NoKey("HMAC_SHA256")),
            ),
            (
                &both,
                &sha256,
                Some("algorithm=HMAC_SHA512"),
                Err(SignatureError::UnknownAlgorithm("HMAC_SHA512".into())),
            ),
            (
                &both,
                &sha1,
                Some("algorithm="),
                Err(SignatureError::UnknownAlgorithm(String::new())),
            ),
            (
                &both,
                &sha1,
                Some("algorithm=HMAC_SHA256,algorithm=HMAC_SHA1"),
                Err(SignatureError::UnknownAlgorithm(
                    "algorithm=HMAC_SHA256,algorithm=HMAC_SHA1".into(),
                )),
            ),
        ] {
            let request = SignedRequest {
                url: body_text,
                body: b"",
                signature: Some(signature),
                settings,
                ..request()
            };
            assert_eq!(keys.verify(&request).map(drop), want, "{settings:?}");
        }
    }

    #[test]
    fn no_body_goes_unsigned() {
        let plain = "https://example.com/a";
        let hashed = format!(
            "{plain}?bodySHA256={}",
            "2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df"
        );
        let keys = keys(&["12345"], &[]);
        for (url, method, content_type, body, want) in [
            (plain, "POST", None, "", Ok(())),
            (
                plain,
                "POST",
                None,
                "ok",
                Err(SignatureError::BodyHashMissing),
            ),
            (
                plain,
                "POST",
                Some("text/plain"),
                "ok",
                Err(SignatureError::BodyHashMissing),
            ),
            (
                plain,
                "POST",
                Some("application/json"),
                "",
                Err(SignatureError::BodyHashMissing),
            ),
            (
                hashed.as_str(),
                "POST",
                Some("application/json"),
                "ok",
                Ok(()),
            ),
            (
                hashed.as_str(),
                "POST",
                Some("application/json"),
                "ko",
                Err(SignatureError::BodyHashMismatch),
            ),
            (
                hashed.as_str(),
                "POST",
                Some("application/x-www-form-urlencoded"),
                "ok",
                Err(SignatureError::Mismatch),
            ),
            (plain, "GET", None, "", Ok(())),
            (plain, "GET", None, "ok", Err(SignatureError::BodyWithGet)),
            ("/a", "POST", None, "", Err(SignatureError::NotAbsolute)),
        ] {
            let request = SignedRequest {
                url,
                method,
                content_type,
                body: body.as_bytes(),
                signature: Some(&sign::<Hmac<Sha1>>("12345", url)),
                settings: None,
            };
            assert_eq!(
                keys.verify(&request).map(drop),
                want,
                "{url} {method} {content_type:?} {body}"
            );
        }
    }

    #[test]
    fn the_parameters_of_a_get_are_those_of_its_query() {
        let url = "https://example.com/a?Digits=1&From=%2B81";
        let request = SignedRequest {
            url,
            method: "GET",
            body: b"",
            content_type: None,
            signature: Some(&sign::<Hmac<Sha1>>("12345", url)),
            settings: None,
        };
        let form = keys(&["12345"], &[]).verify(&request).expect("genuine");
        assert_eq!(form.get("From"), Some("+81"));
    }

    #[test]
    fn keys_and_requests_print_no_secrets() {
        let text = format!("{:?} {:?}", keys(&["12345"], &["secret"]), request());
        assert!(
            !text.contains("12345") && !text.contains("secret") && !text.contains("1415"),
            "{text}"
        );
    }
}
