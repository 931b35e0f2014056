//! Every URL that we hand out: absolute, unique to its place in the call, and carrying the attempt (P7).
//!
//! | place | path below the public URL | handed out as |
//! |---|---|---|
//! | voice | `/v1/calls/{provider}/{token}/voice/{stage}` | the call's `Url`; stage 0 is the first fetch |
//! | keys | `/v1/calls/{provider}/{token}/keys/{stage}` | `action` of the Gather of that stage |
//! | silence | `/v1/calls/{provider}/{token}/silence/{stage}` | text of the Redirect after that Gather |
//! | status | `/v1/calls/{provider}/{token}/status` | the call's `StatusCallback` |
//! | receipt | `/v1/calls/{provider}/{token}/receipt` | a message's `StatusCallback` |
//! | probe | `/v1/calls/{provider}/{token}/probe` | nothing; `rinban doctor` looks there how requests arrive |
//! | fallback | `/v1/calls/{provider}/{token}/fallback` | the call's `FallbackUrl` |
//!
//! A place is spelled in one way only. A path that a proxy has "tidied", with a slash more or less, is no place of ours.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{PublicUrl, TokenKey};
use crate::escalation::{AttemptId, EscalationId, ProviderName};

/// Makes the URLs of calls.
#[derive(Clone, Debug)]
pub struct Links {
    public: PublicUrl,
    key: TokenKey,
}

/// The URLs of one attempt. They hold its token, so they are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct CallLinks {
    /// Up to the token, with a slash at the end.
    base: String,
    /// `#` and the connection overrides, or nothing.
    fragment: String,
}

/// A place in a call, as a request path names it. The token has not been opened yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The carrier that was given the URL.
    pub provider: ProviderName,
    /// Names the attempt; see [`TokenKey::open`].
    pub token: String,
    /// Where in the call.
    pub kind: PlaceKind,
}

/// Where in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaceKind {
    /// The carrier wants to know what to say; 0 is the first fetch.
    Voice(u16),
    /// Keys were pressed at this stage.
    Keys(u16),
    /// No key was pressed at this stage.
    Silence(u16),
    /// How the call goes.
    Status,
    /// How far a message has come.
    Receipt,
    /// Our answer could not be fetched or executed.
    Fallback,
    /// In no call: whether requests get here as carriers send them. Changes nothing.
    Probe,
}

/// The attempt that a probe names; real ones count from 1.
pub const PROBE: AttemptId = AttemptId {
    escalation: EscalationId(0),
    number: 0,
};

impl Links {
    /// Links below `public` with tokens of `key`.
    pub fn new(public: PublicUrl, key: TokenKey) -> Self {
        Self { public, key }
    }

    /// The address that they stand under.
    pub fn public(&self) -> &PublicUrl {
        &self.public
    }

    /// Opens tokens.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Where a carrier that signs brings messages that people write ([`Mailbox`]).
    pub fn inbound(&self, provider: &ProviderName) -> String {
        format!(
            "{}{INBOUND}{}",
            self.public,
            encode_segment(provider.as_str())
        )
    }

    /// The URLs of an attempt, good until `expires`.
    ///
    /// `overrides` are Twilio's connection overrides, such as `ct=2000&rc=3`, or nothing for the carrier's defaults.
    pub fn of_attempt(
        &self,
        provider: &ProviderName,
        attempt: AttemptId,
        expires: Timestamp,
        overrides: &str,
    ) -> CallLinks {
        self.with_token(provider, &self.key.sign(attempt, expires), overrides)
    }

    /// The URLs of the attempt that a request came for, with the same token.
    pub fn of_place(&self, place: &Place, overrides: &str) -> CallLinks {
        self.with_token(&place.provider, &place.token, overrides)
    }

    fn with_token(&self, provider: &ProviderName, token: &str, overrides: &str) -> CallLinks {
        let provider = encode_segment(provider.as_str());
        let overrides = overrides.trim().trim_start_matches('#');
        CallLinks {
            base: format!("{}{ROOT}{provider}/{token}/", self.public),
            fragment: if overrides.is_empty() {
                String::new()
            } else {
                format!("#{overrides}")
            },
        }
    }
}

const ROOT: &str = "/v1/calls/";

/// Where carriers bring what people write to our numbers.
const INBOUND: &str = "/v1/inbound/";

impl CallLinks {
    /// For the call's `Url`: what to say first.
    pub fn voice(&self) -> String {
        self.overridden(PlaceKind::Voice(0))
    }

    /// For the call's `StatusCallback`.
    pub fn status(&self) -> String {
        self.overridden(PlaceKind::Status)
    }

    /// For a message's `StatusCallback`.
    pub fn receipt(&self) -> String {
        self.overridden(PlaceKind::Receipt)
    }

    /// For the call's `FallbackUrl`.
    pub fn fallback(&self) -> String {
        self.overridden(PlaceKind::Fallback)
    }

    /// For a look at how requests get here; not for carriers.
    pub fn probe(&self) -> String {
        self.bare(PlaceKind::Probe)
    }

    /// For `action` of the Gather of this stage.
    pub fn keys(&self, stage: u16) -> String {
        self.overridden(PlaceKind::Keys(stage))
    }

    /// For the text of the Redirect after the Gather of this stage. Without connection overrides: Twilio documents them for
    /// REST properties and TwiML attributes, not for texts (Connection overrides).
    pub fn silence(&self, stage: u16) -> String {
        self.bare(PlaceKind::Silence(stage))
    }

    /// The URL of any place, without connection overrides.
    pub fn bare(&self, kind: PlaceKind) -> String {
        let mut url = self.base.clone();
        kind.write(&mut url);
        url
    }

    fn overridden(&self, kind: PlaceKind) -> String {
        let mut url = self.bare(kind);
        url.push_str(&self.fragment);
        url
    }
}

impl std::fmt::Debug for CallLinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallLinks").finish_non_exhaustive()
    }
}

impl Place {
    /// Reads a request path below the public URL's prefix ([`PublicUrl::path_below`]), without a query. Exact: whatever
    /// [`Links`] would not have written is no place.
    pub fn parse(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix(ROOT)?.split('/');
        let provider = decode_segment(segments.next()?)?;
        let token = segments.next().filter(|token| !token.is_empty())?;
        let kind = PlaceKind::parse(segments.next()?, segments.next())?;
        if segments.next().is_some() {
            return None;
        }
        Some(Self {
            provider: ProviderName::new(provider),
            token: token.to_owned(),
            kind,
        })
    }
}

/// Where a carrier brings messages that people write: `/v1/inbound/{provider}`, and a secret behind it for carriers that do not
/// sign.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The carrier.
    pub provider: ProviderName,
    /// What stands behind it.
    pub secret: Option<String>,
}

impl Mailbox {
    /// Whether a request path is meant to be one.
    pub fn is_meant(path: &str) -> bool {
        path.trim_start_matches('/').starts_with(&INBOUND[1..])
    }

    /// Reads a request path below the public URL's prefix, without a query. Exact, like [`Place::parse`].
    pub fn parse(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix(INBOUND)?.split('/');
        let provider = decode_segment(segments.next()?)?;
        let secret = segments.next().map(str::to_owned);
        let is_whole = segments.next().is_none() && secret.as_deref() != Some("");
        is_whole.then(|| Self {
            provider: ProviderName::new(provider),
            secret,
        })
    }
}

impl std::fmt::Debug for Mailbox {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Place {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("provider", &self.provider)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl PlaceKind {
    fn write(self, url: &mut String) {
        let (name, stage) = match self {
            Self::Voice(stage) => ("voice", Some(stage)),
            Self::Keys(stage) => ("keys", Some(stage)),
            Self::Silence(stage) => ("silence", Some(stage)),
            Self::Status => ("status", None),
            Self::Receipt => ("receipt", None),
            Self::Fallback => ("fallback", None),
            Self::Probe => ("probe", None),
        };
        url.push_str(name);
        if let Some(stage) = stage {
            write!(url, "/{stage}").expect("writing to a String succeeds");
        }
    }

    fn parse(name: &str, stage: Option<&str>) -> Option<Self> {
        match (name, stage) {
            ("voice", Some(stage)) => Some(Self::Voice(parse_stage(stage)?)),
            ("keys", Some(stage)) => Some(Self::Keys(parse_stage(stage)?)),
            ("silence", Some(stage)) => Some(Self::Silence(parse_stage(stage)?)),
            ("status", None) => Some(Self::Status),
            ("receipt", None) => Some(Self::Receipt),
            ("fallback", None) => Some(Self::Fallback),
            ("probe", None) => Some(Self::Probe),
            _ => None,
        }
    }
}

/// A number as `Display` writes it: no sign, no leading zeros.
fn parse_stage(text: &str) -> Option<u16> {
    let stage: u16 = text.parse().ok()?;
    (stage.to_string() == text).then_some(stage)
}

/// Percent-encodes all but RFC 3986's unreserved characters. The names `.` and `..` have no form that survives in a
/// path; configuration refuses them.
fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String succeeds");
        }
    }
    encoded
}

/// The inverse of [`encode_segment`]; nothing for other spellings.
fn decode_segment(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        });
    }
    let decoded = String::from_utf8(decoded).ok()?;
    (!decoded.is_empty() && encode_segment(&decoded) == text).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(public: &str) -> Links {
        Links::new(
            PublicUrl::parse(public).expect("a public URL"),
            TokenKey::new(&[7; 32]),
        )
    }

    fn call(public: &str, provider: &str, overrides: &str) -> CallLinks {
        let attempt = AttemptId {
            escalation: EscalationId(42),
            number: 7,
        };
        let expires = Timestamp::from_second(1_000).expect("in range");
        links(public).of_attempt(&provider.into(), attempt, expires, overrides)
    }

    #[test]
    fn every_url_is_absolute_and_names_its_place() {
        let call = call("https://a.example/p", "twilio", "ct=2000&rc=3");
        let token = links("https://a.example").key().sign(
            AttemptId {
                escalation: EscalationId(42),
                number: 7,
            },
            Timestamp::from_second(1_000).expect("in range"),
        );
        let base = format!("https://a.example/p/v1/calls/twilio/{token}");
        for (url, want) in [
            (call.voice(), format!("{base}/voice/0#ct=2000&rc=3")),
            (call.keys(3), format!("{base}/keys/3#ct=2000&rc=3")),
            (call.silence(3), format!("{base}/silence/3")),
            (call.status(), format!("{base}/status#ct=2000&rc=3")),
            (call.fallback(), format!("{base}/fallback#ct=2000&rc=3")),
            (call.receipt(), format!("{base}/receipt#ct=2000&rc=3")),
        ] {
            assert_eq!(url, want);
        }
    }

    #[test]
    fn a_path_that_was_tidied_on_its_way_is_no_place() {
        assert!(Place::parse("/v1/calls/twilio/t/voice/0").is_some());
        assert!(Place::parse("/v1/calls/two%20names/t/status").is_some());
        for path in [
            "",
            "/",
            "v1/calls/twilio/t/voice/0",
            "/v1/calls/twilio/t/voice",
            "/v1/calls/twilio/t/voice/",
            "/v1/calls/twilio/t/voice/0/",
            "//v1/calls/twilio/t/voice/0",
            "/v1/calls//twilio/t/voice/0",
            "/v1/calls/twilio//t/voice/0",
            "/v1/calls/twilio//voice/0",
            "/v1/calls//t/voice/0",
            "/v1/calls/twilio/t//voice/0",
            "/v1/calls/twilio/t/voice//0",
            "/v1/calls/twilio/t/voice/00",
            "/v1/calls/twilio/t/voice/+1",
            "/v1/calls/twilio/t/voice/-1",
            "/v1/calls/twilio/t/voice/65536",
            "/v1/calls/twilio/t/Voice/0",
            "/v1/calls/twilio/t/status/",
            "/v1/calls/twilio/t/status/0",
            "/v1/calls/twilio/t/other",
            "/v1/calls/%74wilio/t/status",
            "/v1/calls/two%2fnames/t/status",
            "/v1/calls/two names/t/status",
            "/v1/calls/%zz/t/status",
            "/v1/calls/%2/t/status",
            "/v1/calls/%FF/t/status",
        ] {
            assert_eq!(Place::parse(path), None, "{path}");
        }
    }

    #[test]
    fn neither_links_nor_places_print_their_token() {
        let call = call("https://a.example", "twilio", "");
        let url = call.voice();
        let place = Place::parse(url.trim_start_matches("https://a.example")).expect("a place");
        assert!(!format!("{call:?} {place:?}").contains(&place.token));
    }

    #[test]
    fn a_mailbox_is_spelled_in_one_way() {
        for (path, expected) in [
            ("/v1/inbound/twilio", Some(("twilio", None))),
            (
                "/v1/inbound/two%20names/s3cret",
                Some(("two names", Some("s3cret"))),
            ),
            ("/v1/inbound/", None),
            ("/v1/inbound/twilio/", None),
            ("//v1/inbound/twilio", None),
            ("/v1/inbound/twilio/a/b", None),
            ("/v1/inbound/two names", None),
            ("/v1/calls/twilio", None),
        ] {
            let mailbox = Mailbox::parse(path);
            let found = mailbox
                .as_ref()
                .map(|mailbox| (mailbox.provider.as_str(), mailbox.secret.as_deref()));
            assert_eq!(found, expected, "{path}");
            assert!(!format!("{mailbox:?}").contains("s3cret"));
        }
        let url = links("https://a.example/p").inbound(&"two names".into());
        assert_eq!(url, "https://a.example/p/v1/inbound/two%20names");
    }

    proptest! {
        #[test]
        fn a_place_is_read_back_from_its_url(
            provider in "\\PC{1,12}|[a-z]{1,8}", stage: u16, kind in 0_u8..7, prefix in "(/[a-z]{1,5}){0,2}",
        ) {
            prop_assume!(provider != "." && provider != "..");
            let kind = match kind {
                0 => PlaceKind::Voice(stage),
                1 => PlaceKind::Keys(stage),
                2 => PlaceKind::Silence(stage),
                3 => PlaceKind::Status,
                4 => PlaceKind::Probe,
                5 => PlaceKind::Receipt,
                _ => PlaceKind::Fallback,
            };
            let public = format!("https://a.example{prefix}");
            let call = call(&public, &provider, "rc=2");
            let url = call.bare(kind);
            let path = url.strip_prefix("https://a.example").expect("absolute");
            let links = links(&public);
            let place = Place::parse(links.public().path_below(path)).expect("a place");
            prop_assert_eq!(place.provider.as_str(), provider.as_str());
            prop_assert_eq!(place.kind, kind);
            prop_assert_eq!(links.of_place(&place, "rc=2"), call);
            prop_assert!(links.key().open(&place.token, Timestamp::UNIX_EPOCH).is_ok());
            prop_assert!(url::Url::parse(&url).is_ok_and(|parsed| parsed.as_str() == url));
        }
    }
}
