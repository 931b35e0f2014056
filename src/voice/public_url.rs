//! The address under which carriers reach us.

use std::{fmt, net::Ipv4Addr};

use url::{Host, Url};

/// The address under which carriers reach us: absolute, https unless it is loopback, perhaps with a port and a path
/// prefix, without a slash at the end.
///
/// It is kept normalised (host in small letters, default port left out), so that what we hand out and what we verify
/// are the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    /// Where the path prefix begins in `text`; its end if there is none.
    prefix_at: usize,
}

/// Why a text is not a public URL; says how to mend it. Reads after "`server.public_url` ".
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PublicUrlError {
    /// Not an absolute URL.
    #[error(
        "is not an absolute URL ({0}); write scheme and host, such as https://oncall.example.com"
    )]
    NotAbsolute(String),
    /// Neither http nor https.
    #[error("has the scheme `{0}`, which no carrier fetches; use https://")]
    Scheme(String),
    /// Plain http to a host that is not loopback.
    #[error(
        "uses http for `{0}`; use https: attempt tokens and what people press would cross the network in the clear"
    )]
    NotEncrypted(String),
    /// A user name or password.
    #[error(
        "holds a user name or password; leave it out: webhooks are authenticated by their signature"
    )]
    Userinfo,
    /// A query.
    #[error("has a query (`?...`); leave it out: rinban appends its own paths")]
    Query,
    /// A fragment.
    #[error(
        "has a fragment (`#...`); leave it out and set the provider's connection overrides instead"
    )]
    Fragment,
    /// An underscore in the host.
    #[error(
        "has an underscore in the host `{0}`; use a host name without one: Twilio refuses such callbacks"
    )]
    Underscore(String),
    /// A path that a parser or a proxy would rewrite.
    #[error(
        "has the path `{0}`, which is rewritten on its way; write single slashes and segments of letters, digits and hyphens only, such as /rinban"
    )]
    Path(String),
    /// Longer than [`PublicUrl::MAX_BYTES`].
    #[error("has {0} bytes; at most {max} are allowed", max = PublicUrl::MAX_BYTES)]
    TooLong(usize),
}

impl PublicUrl {
    /// Bytes of a public URL. It stands several times in each TwiML document, which may have 64 kB.
    pub const MAX_BYTES: usize = 1_000;

    /// Reads and normalises a URL.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return Err(PublicUrlError::TooLong(text.len()));
        }
        if !text.contains("://") {
            return Err(PublicUrlError::NotAbsolute("no scheme".to_owned()));
        }
        let url =
            Url::parse(text).map_err(|error| PublicUrlError::NotAbsolute(error.to_string()))?;
        check_scheme(&url)?;
        check_parts(&url)?;
        check_path(text, &url)?;
        let mut text = String::from(url.as_str());
        let prefix_at = text.len() - url.path().len();
        text.truncate(text.trim_end_matches('/').len());
        Ok(Self { text, prefix_at })
    }

    /// The URL, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path prefix, such as `/rinban`, or nothing.
    pub fn prefix(&self) -> &str {
        &self.text[self.prefix_at..]
    }

    /// The URL that the carrier asked for and signed, given the request target as it stood in the request line.
    ///
    /// A proxy in front of us may or may not take the path prefix away; both are understood, since a wrong guess could
    /// only make the signature fail.
    pub fn of_target(&self, target: &str) -> String {
        let base = match self.without_prefix(target) {
            Some(_) => &self.text[..self.prefix_at],
            None => &self.text,
        };
        format!("{base}{target}")
    }

    /// The path below the prefix, whether or not a proxy has taken the prefix away.
    pub fn path_below<'p>(&self, path: &'p str) -> &'p str {
        self.without_prefix(path).unwrap_or(path)
    }

    /// What follows the prefix, if there is one and `target` begins with it.
    fn without_prefix<'p>(&self, target: &'p str) -> Option<&'p str> {
        let prefix = self.prefix();
        let rest = target.strip_prefix(prefix)?;
        (!prefix.is_empty() && rest.starts_with('/')).then_some(rest)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn check_scheme(url: &Url) -> Result<(), PublicUrlError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(PublicUrlError::NotEncrypted(
            url.host_str().unwrap_or_default().to_owned(),
        )),
        other => Err(PublicUrlError::Scheme(other.to_owned())),
    }
}

/// 127.0.0.0/8, ::1 (also as an IPv4 address in IPv6) and localhost (RFC 6761, section 6.3).
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|v4: Ipv4Addr| v4.is_loopback())
        }
        None => false,
    }
}

fn check_parts(url: &Url) -> Result<(), PublicUrlError> {
    let host = url.host_str().unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() {
        return Err(PublicUrlError::Userinfo);
    }
    if url.query().is_some() {
        return Err(PublicUrlError::Query);
    }
    if url.fragment().is_some() {
        return Err(PublicUrlError::Fragment);
    }
    // Twilio, Call resource, StatusCallback: "the hostname must be valid; underscores are not allowed".
    if host.contains('_') {
        return Err(PublicUrlError::Underscore(host.to_owned()));
    }
    Ok(())
}

/// Refuses paths that the parser has resolved or that a proxy would squeeze.
fn check_path(text: &str, url: &Url) -> Result<(), PublicUrlError> {
    let written = text
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]))
        .unwrap_or("/");
    let resolved = url.path();
    let doubled = written.contains("//") || resolved.contains("//");
    if doubled || written != resolved {
        return Err(PublicUrlError::Path(written.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, &str>) {
        let got = PublicUrl::parse(text);
        match (&got, want) {
            (Ok(url), Ok(want)) => assert_eq!(url.as_str(), want, "{text}"),
            (Err(error), Err(want)) => {
                assert!(error.to_string().contains(want), "{text}: {error}");
            }
            _ => panic!("{text}: {got:?}, wanted {want:?}"),
        }
    }

    #[test]
    fn a_public_url_is_absolute_and_normalised() {
        for (text, want) in [
            (
                "https://oncall.example.com",
                Ok("https://oncall.example.com"),
            ),
            (
                "https://oncall.example.com/",
                Ok("https://oncall.example.com"),
            ),
            ("  https://a.example\n", Ok("https://a.example")),
            (
                "HTTPS://Oncall.Example.COM:443/",
                Ok("https://oncall.example.com"),
            ),
            ("https://a.example:8443", Ok("https://a.example:8443")),
            (
                "https://a.example/x/rinban/",
                Ok("https://a.example/x/rinban"),
            ),
            (
                "https://[2001:db8::1]:8443/",
                Ok("https://[2001:db8::1]:8443"),
            ),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://127.9.9.9", Ok("http://127.9.9.9")),
            ("http://[::1]:8080", Ok("http://[::1]:8080")),
            ("http://localhost:8080/", Ok("http://localhost:8080")),
            ("http://10.0.0.1", Err("use https")),
            ("http://oncall.example.com", Err("use https")),
            ("http://localhost.example.com", Err("use https")),
            ("oncall.example.com", Err("absolute")),
            ("/v1", Err("absolute")),
            ("", Err("absolute")),
            ("https://", Err("absolute")),
            ("https:a.example", Err("absolute")),
            ("https://a.example\\x", Err("rewritten")),
            ("https://a.example/\u{e9}", Err("rewritten")),
            ("ftp://a.example", Err("`ftp`")),
            ("https://user:pw@a.example", Err("user name")),
            ("https://a.example/?x=1", Err("query")),
            ("https://a.example/#rc=2", Err("fragment")),
            ("https://on_call.example.com", Err("underscore")),
            ("https://a.example//x", Err("rewritten")),
            ("https://a.example/x//", Err("rewritten")),
            ("https://a.example/x/../y", Err("rewritten")),
        ] {
            check(text, want);
        }
        check(
            &format!("https://a.example/{}", "x".repeat(1_000)),
            Err("at most 1000"),
        );
    }

    #[test]
    fn the_signed_url_is_the_base_and_the_raw_target() {
        for (base, target, want) in [
            (
                "https://a.example",
                "/v1/x?y=%2f",
                "https://a.example/v1/x?y=%2f",
            ),
            ("https://a.example", "/", "https://a.example/"),
            ("https://a.example/p", "/v1/x", "https://a.example/p/v1/x"),
            ("https://a.example/p", "/p/v1/x", "https://a.example/p/v1/x"),
            ("https://a.example/p", "/px", "https://a.example/p/px"),
            (
                "https://a.example/p",
                "//v1/x/",
                "https://a.example/p//v1/x/",
            ),
        ] {
            let base = PublicUrl::parse(base).expect("a public URL");
            assert_eq!(base.of_target(target), want);
        }
        let base = PublicUrl::parse("https://a.example/p").expect("a public URL");
        assert_eq!(base.path_below("/p/v1/x"), "/v1/x");
        assert_eq!(base.path_below("/v1/x"), "/v1/x");
        let base = PublicUrl::parse("https://a.example").expect("a public URL");
        assert_eq!(base.path_below("//v1"), "//v1");
    }
}
