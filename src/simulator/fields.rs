//! The fields of a request to the REST API, checked as the carrier checks them.

use std::time::Duration;

use url::Url;

/// Where a webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    pub(super) method: Method,
}

/// How a webhook is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    Post,
    Get,
}

/// A refusal: the carrier's code and its message.
pub(super) type Refusal = (u32, String);

impl Method {
    /// Reads the name, in capitals or not.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "POST" => Some(Self::Post),
            "GET" => Some(Self::Get),
            _ => None,
        }
    }
}

/// The fields of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [(String, String)]);

impl<'a> Fields<'a> {
    /// The values of a field that may be repeated; empty ones are none.
    pub(super) fn all(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The last value of a field.
    pub(super) fn get(&self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    /// A phone number in E.164.
    pub(super) fn number(
        &self,
        name: &'a str,
        missing: (u32, &str),
        invalid: u32,
    ) -> Result<String, Refusal> {
        let number = self
            .get(name)
            .ok_or_else(|| (missing.0, missing.1.to_owned()))?;
        is_number(number).then(|| number.to_owned()).ok_or_else(|| {
            (
                invalid,
                format!("The '{name}' number {number} is not a valid phone number."),
            )
        })
    }

    /// An address with the method that stands in a field of its own.
    pub(super) fn endpoint(
        &self,
        name: &'a str,
        method_name: &'a str,
        invalid: u32,
    ) -> Result<Option<Endpoint>, Refusal> {
        let method = match self.get(method_name) {
            None => Method::default(),
            Some(method) => Method::parse(method).ok_or_else(|| {
                (
                    21209,
                    format!("{method_name} {method} is not a valid HTTP method"),
                )
            })?,
        };
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let url = absolute(text)
            .ok_or_else(|| (invalid, format!("{name} is not a valid URL: {text}")))?;
        Ok(Some(Endpoint { url, method }))
    }

    /// Where statuses are reported. The carrier takes no underscore in that host.
    pub(super) fn status_callback(&self) -> Result<Option<Endpoint>, Refusal> {
        let endpoint = self.endpoint("StatusCallback", "StatusCallbackMethod", 21609)?;
        let host = endpoint
            .as_ref()
            .and_then(|endpoint| endpoint.url.host_str());
        match host.filter(|host| host.contains('_')) {
            Some(host) => Err((
                21609,
                format!("StatusCallback: the host name {host} holds an underscore"),
            )),
            None => Ok(endpoint),
        }
    }

    pub(super) fn seconds(
        &self,
        name: &'a str,
        default: u64,
        most: u64,
    ) -> Result<Duration, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(Duration::from_secs(default));
        };
        let number = text.parse::<u64>().ok().filter(|number| *number <= most);
        number.map(Duration::from_secs).ok_or_else(|| {
            (
                21208,
                format!("{name} {text} is not a number of seconds up to {most}"),
            )
        })
    }
}

/// Whether a text is a phone number in E.164.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or("");
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

/// An address that the network can reach: absolute, of the web, with a host.
pub(super) fn absolute(text: &str) -> Option<Url> {
    let lower = text.to_ascii_lowercase();
    // The parser mends `http:host` and `http:///host`, which the carrier refuses.
    let rest = lower
        .strip_prefix("http://")
        .or(lower.strip_prefix("https://"))?;
    if rest.starts_with(['/', '\\']) || text.contains(char::is_whitespace) {
        return None;
    }
    Url::parse(text).ok()
}
