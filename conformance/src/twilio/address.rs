//! An address as it was written: cut into its parts, and never normalised. Double slashes, dot segments, the case of escapes and an
//! empty query mark are part of what a signature covers, so they have to survive.

use std::{borrow::Cow, fmt};

/// How the address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// An absolute http or https address. Printed without its user and password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    scheme: Scheme,
    userinfo: Option<String>,
    /// As written; an IPv6 address in its brackets.
    host: String,
    port: Option<u16>,
    /// Path and query as written; empty if there is neither.
    target: String,
    fragment: Option<String>,
}

/// Why a text is no address that can be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No scheme, or another one.
    #[error("{0:?} does not begin with http:// or https://")]
    NotAbsolute(String),
    /// Nothing between scheme and path.
    #[error("{0:?} names no host")]
    NoHost(String),
    /// Not a number from 1 to 65535.
    #[error("{0:?} has no valid port")]
    BadPort(String),
    /// A blank or control character, which would end the request line.
    #[error("{0:?} has a blank or a control character in it; write blanks as %20")]
    Blank(String),
}

impl Scheme {
    /// As it stands before `://`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port without a number in the address.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Address {
    /// Cuts an absolute address into its parts.
    ///
    /// # Errors
    /// Anything that no request could be sent to.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = split_scheme(text)?;
        if text.chars().any(|c| c.is_ascii_control() || c == ' ') {
            return Err(AddressError::Blank(text.to_owned()));
        }
        let (rest, fragment) = split_off(rest, '#');
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (userinfo, host_and_port) = match authority.rsplit_once('@') {
            Some((userinfo, rest)) => (Some(userinfo.to_owned()), rest),
            None => (None, authority),
        };
        let (host, port) = split_port(host_and_port);
        if host.is_empty() || host == "[]" {
            return Err(AddressError::NoHost(text.to_owned()));
        }
        let port = match port {
            None | Some("") => None,
            Some(digits) => match digits.parse() {
                Ok(port @ 1..) => Some(port),
                _ => return Err(AddressError::BadPort(text.to_owned())),
            },
        };
        Ok(Self {
            scheme,
            userinfo,
            host: host.to_owned(),
            port,
            target: target.to_owned(),
            fragment: fragment.map(str::to_owned),
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host as written; an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host for a socket or a certificate: without brackets.
    pub fn host_name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port that is written down.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port that is called.
    pub fn port_called(&self) -> u16 {
        self.port.unwrap_or_else(|| self.scheme.default_port())
    }

    /// User and password as written.
    pub fn userinfo(&self) -> Option<&str> {
        self.userinfo.as_deref()
    }

    /// What follows `#`: the connection overrides. It is never sent and never signed.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// Path and query as written; empty if there is neither.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What stands in the request line: path and query as written, behind a slash if there is no path.
    pub fn request_target(&self) -> Cow<'_, str> {
        match self.target.starts_with('/') {
            true => Cow::Borrowed(&self.target),
            false => Cow::Owned(format!("/{}", self.target)),
        }
    }

    /// Path without query, as written.
    pub fn path(&self) -> &str {
        split_off(&self.target, '?').0
    }

    /// The query as written, without its mark; `Some("")` for a mark with nothing behind it.
    pub fn query(&self) -> Option<&str> {
        split_off(&self.target, '?').1
    }

    /// Host and port as they stand in a `Host` header.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.name(), self.authority())
    }

    /// Whether another address has the same scheme and host, and the same port, be it written down or the usual one.
    pub fn is_at(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.host.eq_ignore_ascii_case(&other.host)
            && self.port_called() == other.port_called()
    }

    /// The same place with another path and query.
    #[must_use]
    pub fn with_target(&self, target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            ..self.clone()
        }
    }

    /// The same with another fragment, or none.
    #[must_use]
    pub fn with_fragment(&self, fragment: Option<&str>) -> Self {
        Self {
            fragment: fragment.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same with another user and password, or none.
    #[must_use]
    pub fn with_userinfo(&self, userinfo: Option<&str>) -> Self {
        Self {
            userinfo: userinfo.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same with another port, or none.
    #[must_use]
    pub fn with_port(&self, port: Option<u16>) -> Self {
        Self {
            port,
            ..self.clone()
        }
    }

    /// The same path and query at the host of another address.
    #[must_use]
    pub fn at(&self, other: &Self) -> Self {
        Self {
            scheme: other.scheme,
            host: other.host.clone(),
            port: other.port,
            userinfo: other.userinfo.clone(),
            ..self.clone()
        }
    }

    /// Resolves an address in a document that came from here (RFC 3986, 5.2). An absolute one stays as it is written.
    ///
    /// # Errors
    /// What is absolute and no address, or of another scheme.
    pub fn join(&self, text: &str) -> Result<Self, AddressError> {
        if has_scheme(text) {
            return Self::parse(text);
        }
        if let Some(rest) = text.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme.name()));
        }
        if text.chars().any(|c| c.is_ascii_control() || c == ' ') {
            return Err(AddressError::Blank(text.to_owned()));
        }
        let (reference, fragment) = split_off(text, '#');
        let target = match reference.chars().next() {
            None => self.target.clone(),
            Some('/') => reference.to_owned(),
            Some('?') => format!("{}{reference}", self.path()),
            Some(_) => merge(self.path(), reference),
        };
        Ok(Self {
            target,
            fragment: fragment.map(str::to_owned),
            ..self.clone()
        })
    }
}

/// Whether a text names a scheme, and so is absolute.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// A relative path behind the folder of another, with dot segments carried out.
fn merge(base: &str, reference: &str) -> String {
    let folder = base.rfind('/').map_or("/", |slash| &base[..=slash]);
    let (path, query) = split_off(reference, '?');
    let mut segments: Vec<&str> = folder.split('/').collect();
    segments.pop();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            ".." if segments.len() > 1 => drop(segments.pop()),
            "." | ".." => {}
            part => segments.push(part),
        }
        if is_last && matches!(part, "." | "..") {
            segments.push("");
        }
    }
    match query {
        Some(query) => format!("{}?{query}", segments.join("/")),
        None => segments.join("/"),
    }
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), AddressError> {
    let not_absolute = || AddressError::NotAbsolute(text.to_owned());
    let (scheme, rest) = text.split_once("://").ok_or_else(not_absolute)?;
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok((Scheme::Http, rest)),
        "https" => Ok((Scheme::Https, rest)),
        _ => Err(not_absolute()),
    }
}

fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// A colon inside the brackets of an IPv6 address is no port.
fn split_port(text: &str) -> (&str, Option<&str>) {
    let behind = text.rfind(']').map_or(0, |bracket| bracket + 1);
    match text[behind..].find(':') {
        Some(colon) => (&text[..behind + colon], Some(&text[behind + colon + 1..])),
        None => (text, None),
    }
}

impl fmt::Display for Address {
    /// The whole address but user and password, which are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.target)?;
        match &self.fragment {
            Some(fragment) => write!(f, "#{fragment}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn whatever_stands_in_an_address_stays_as_it_is_written() {
        for text in [
            "http://h",
            "http://h/",
            "https://H.example/a//b/../c/?x=1&&y=%7e%7E'|#rc=2",
            "https://h?x=1",
            "https://h:8443/voice?",
            "http://[::1]:80/é",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn an_address_is_cut_where_its_parts_begin() {
        let address = parse("https://me:p@ss@[::1]:8443/a?b@c#d@e");
        assert_eq!(address.userinfo(), Some("me:p@ss"));
        assert_eq!(address.host_name(), "::1");
        assert_eq!(address.port(), Some(8443));
        assert_eq!(address.target(), "/a?b@c");
        assert_eq!(address.query(), Some("b@c"));
        assert_eq!(address.fragment(), Some("d@e"));
        assert_eq!(address.to_string(), "https://[::1]:8443/a?b@c#d@e");
        assert_eq!(parse("http://h?x").request_target(), "/?x");
        assert_eq!(parse("http://h").request_target(), "/");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for text in [
            "",
            "/voice",
            "ftp://h/",
            "http://",
            "http:///x",
            "http://h:0/",
            "http://h:x/",
            "http://h/a b",
            "http://h/\r\nX: y",
        ] {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn addresses_are_resolved_against_the_document() {
        let base = parse("https://h:1/a/b?c=d#rc=2");
        for (text, resolved) in [
            ("http://X/%7e//y", "http://X/%7e//y"),
            ("//x/y", "https://x/y"),
            ("/y//z", "https://h:1/y//z"),
            ("y?e=/f", "https://h:1/a/y?e=/f"),
            ("?e=f", "https://h:1/a/b?e=f"),
            ("", "https://h:1/a/b?c=d"),
            ("../y", "https://h:1/y"),
            ("../../y", "https://h:1/y"),
            ("./", "https://h:1/a/"),
            ("y#rc=3", "https://h:1/a/y#rc=3"),
        ] {
            let joined = base.join(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(joined.to_string(), resolved, "{text:?}");
        }
        assert!(base.join("mailto:x").is_err());
        assert_eq!(
            parse("http://h").join("y").map(|url| url.to_string()),
            Ok("http://h/y".to_owned())
        );
    }
}
