//! Addresses that rinban itself calls.

use url::{Host, Url};

use super::error::Wrong;

/// Reads an absolute address without query and fragment: https, or http to loopback. The slash at the end is taken off.
pub(super) fn base(text: &str) -> Result<String, Wrong> {
    let url = absolute(text).map_err(|wrong| Wrong {
        what: format!("is {text:?}, which {}", wrong.what),
        ..wrong
    })?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(Wrong::new(
            "has a user, a query or a fragment",
            "leave it out: rinban appends paths",
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Reads an absolute address: https, or http to loopback. The message does not show it, since it may be a secret.
pub(super) fn absolute(text: &str) -> Result<Url, Wrong> {
    let url = Url::parse(text).map_err(|error| {
        Wrong::new(
            format!("is not an absolute URL ({error})"),
            "write it whole, such as https://example.com",
        )
    })?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(Wrong::new(
            "is neither https nor loopback",
            "use https://: secrets and names would cross the network in the clear",
        )),
    }
}

/// 127.0.0.0/8, ::1 and localhost (RFC 6761, section 6.3).
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_absolute_and_encrypted_unless_it_is_loopback() {
        for (text, expected) in [
            ("https://api.twilio.com", Some("https://api.twilio.com")),
            (
                "https://core1.example.com:8443/x/",
                Some("https://core1.example.com:8443/x"),
            ),
            ("http://127.0.0.1:1", Some("http://127.0.0.1:1")),
            ("http://[::1]:1", Some("http://[::1]:1")),
            ("http://localhost/", Some("http://localhost")),
            ("http://example.com", None),
            ("http://localhost.example.com", None),
            ("core1.example.com", None),
            ("/path", None),
            ("ftp://127.0.0.1", None),
            ("https://u@example.com", None),
            ("https://example.com?x=1", None),
        ] {
            assert_eq!(base(text).ok().as_deref(), expected, "{text}");
        }
    }
}
