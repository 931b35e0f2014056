//! What the phone says: message templates, TwiML, webhook signatures, and the absolute URLs that we hand out.

use std::{collections::BTreeMap, fmt};

use url::Url;

use crate::roster::Language;

/// Message templates by name (a `message_id`, a severity or `default`) and language.
pub type TemplateTexts = BTreeMap<String, BTreeMap<Language, String>>;

/// The address under which carriers reach us: absolute, https unless it is loopback, perhaps with a path prefix, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why a text is not a public URL; says how to mend it. Reads after "`server.public_url` ".
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PublicUrlError {
    /// Not an absolute URL.
    #[error(
        "is not an absolute URL ({0}); write scheme and host, such as https://oncall.example.com"
    )]
    NotAbsolute(String),
    /// Plain http to a host that is not loopback.
    #[error(
        "uses http for `{0}`; use https: what people press would cross the network in the clear"
    )]
    NotEncrypted(String),
    /// An underscore in the host.
    #[error(
        "has an underscore in the host `{0}`; use a host name without one: Twilio refuses such callbacks"
    )]
    Underscore(String),
}

impl PublicUrl {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let url =
            Url::parse(text).map_err(|error| PublicUrlError::NotAbsolute(error.to_string()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_loopback =
            ["localhost", "[::1]"].contains(&host.as_str()) || host.starts_with("127.");
        if url.scheme() != "https" && !is_loopback {
            return Err(PublicUrlError::NotEncrypted(host));
        }
        if host.contains('_') {
            return Err(PublicUrlError::Underscore(host));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
