//! Signs webhooks as the carrier does (reference: Twilio, Security, "Explore the algorithm yourself").

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use url::Url;

/// What a webhook is about: the carrier signs their addresses differently ("A few notes" on the same page).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    /// A call: over https the port is not signed.
    Voice,
    /// A message: the port is signed as it stands in the address.
    Sms,
}

/// The value of `X-Twilio-Signature`: HMAC-SHA1 in Base64 over the address and, for a POSTed form, every name followed by
/// its value, names in the order of their bytes. Of a GET the address already holds the parameters: `form` is empty.
pub(super) fn sign(
    auth_token: &str,
    channel: Channel,
    url: &Url,
    form: &[(String, String)],
) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form {
        sorted.entry(name).or_default().insert(value);
    }
    let mut mac = <Hmac<Sha1>>::new_from_slice(auth_token.as_bytes())
        .expect("HMAC takes a key of any length (RFC 2104)");
    mac.update(signed_address(channel, url).as_str().as_bytes());
    for (name, values) in sorted {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// What is signed of an address: no user, no fragment, and of calls over https no port.
fn signed_address(channel: Channel, url: &Url) -> Url {
    let mut signed = url.clone();
    signed.set_fragment(None);
    // These fail for addresses without a host only, and there is nothing to remove from those.
    let _ = signed.set_username("");
    let _ = signed.set_password(None);
    if channel == Channel::Voice && signed.scheme() == "https" {
        let _ = signed.set_port(None);
    }
    signed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("absolute")
    }

    #[test]
    fn the_published_example_is_signed_as_published() {
        let form = [
            ("To", "+18005551212"),
            ("CallSid", "CA1234567890ABCDE"),
            ("Digits", "1234"),
            ("From", "+14158675310"),
            ("Caller", "+14158675310"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let signature = sign(
            "12345",
            Channel::Voice,
            &url("https://example.com/myapp.php?foo=1&bar=2"),
            &form,
        );
        assert_eq!(signature, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
    }

    #[test]
    fn user_and_fragment_are_not_signed_and_the_port_of_https_is_for_messages_only() {
        let check = |given: &str, signed: &str| {
            let address = signed_address(Channel::Voice, &url(given));
            assert_eq!(address.as_str(), signed, "{given}");
        };
        let message = signed_address(Channel::Sms, &url("https://u@h:8443/a/#rc=3"));
        assert_eq!(message.as_str(), "https://h:8443/a/");
        check("http://u:p@h:81/a?b=c#rc=3", "http://h:81/a?b=c");
        check("https://u@h:8443/a/#rc=3", "https://h/a/");
        check("https://h/a?", "https://h/a?");
    }

    #[test]
    fn equal_values_of_a_name_are_signed_once_and_in_order() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let address = url("http://h/");
        let repeated = [pair("a", "2"), pair("a", "1"), pair("a", "2")];
        assert_eq!(
            sign("t", Channel::Sms, &address, &repeated),
            sign(
                "t",
                Channel::Sms,
                &address,
                &[pair("a", "1"), pair("a", "2")]
            )
        );
    }
}
