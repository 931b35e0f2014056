//! Addresses in TwiML: where they stand, and whether they are absolute.
//!
//! The judgement is our own and not that of an URL library: those accept `https:/host/a`, `https:a` and
//! `localhost:3000/a` as absolute, which the carrier does not fetch, and know nothing of placeholders.

use std::{borrow::Cow, ops::Range};

use crate::{
    bytes::{all, any_of, first_of, is, within},
    document::{Attribute, Content, Element, Span},
    grammar::{AttributeRole, TextRole, ValueRole},
    parse::BLANKS,
    pass::Tag,
    rules::query,
    template::PLACEHOLDER,
};

/// An address in a document.
#[derive(Clone, Debug)]
pub(crate) struct Address<'d, 'a> {
    pub(crate) tag: Tag<'d, 'a>,
    pub(crate) place: Place<'d, 'a>,
    /// The decoded value, blanks around it included; a placeholder is a run of [`PLACEHOLDER`].
    pub(crate) value: Cow<'d, str>,
    /// Where the address stands, without blanks around it; where it should stand, if it is empty.
    pub(crate) span: Span,
    pub(crate) verdict: Verdict,
    /// Whether the address is for a websocket.
    pub(crate) is_websocket: bool,
    /// Whether it is what an address should be, `https`, a host, a path and perhaps a query, with nothing in or around it that
    /// a rule about single addresses looks for.
    pub(crate) is_plain: bool,
    /// Whether something stands behind a `?` in it that a rule may have to say something about.
    pub(crate) has_odd_query: bool,
    parts: Parts,
}

/// Parts of the value that many rules look at.
#[derive(Clone, Debug)]
struct Parts {
    trimmed: Range<usize>,
    /// Empty unless the address is absolute.
    authority: Range<usize>,
}

/// What holds an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'d, 'a> {
    /// The text of the element.
    Text,
    Attribute(Attribute<'d, 'a>, &'static AttributeRole),
}

/// What kind of address it is, as far as one can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Empty,
    /// It begins with a placeholder, or one stands before it is clear what it is.
    Unknown,
    /// A scheme that is fetched, `//` and something after it.
    Absolute(Scheme),
    /// `//host/path`.
    SchemeRelative,
    /// `https:///path`, `https:/path`, `https:path`.
    MissingHost,
    /// `localhost:3000/path`, `www.example.com:80`.
    MissingScheme,
    /// `ftp://...`, `data:...`.
    OtherScheme,
    /// `/path`, `name`, `?query`, `../name`.
    Relative,
}

/// The schemes that the carrier opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
    Ws,
    Wss,
}

impl<'d, 'a> Address<'d, 'a> {
    /// The address without the blanks around it.
    pub(crate) fn trimmed(&self) -> &str {
        &self.value[self.parts.trimmed.clone()]
    }

    /// The address as it stands in the source, shortened, for messages.
    pub(crate) fn shown(&self, source: &str) -> String {
        const LONGEST: usize = 80;
        let raw = &source[self.span.range()];
        match raw.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}...", &raw[..end]),
            None => raw.to_owned(),
        }
    }

    /// What the address is called in messages: `<Play>` or `the action of <Gather>`.
    pub(crate) fn place_name(&self) -> String {
        let element = self.tag.element.name();
        match self.place {
            Place::Text => format!("<{element}>"),
            Place::Attribute(_, known) => format!("the {} of <{element}>", known.name),
        }
    }

    /// Whether it is the text of an element of this name.
    pub(crate) fn is_text_of(&self, element: &str) -> bool {
        matches!(self.place, Place::Text) && self.tag.role.is_some_and(|role| role.name == element)
    }

    /// Host and port of an absolute address, without the user, as written.
    pub(crate) fn authority(&self) -> Option<&str> {
        matches!(self.verdict, Verdict::Absolute(_))
            .then(|| &self.value[self.parts.authority.clone()])
    }

    /// Host and port of an absolute address as they stand in the source, for messages.
    pub(crate) fn host<'s>(&self, source: &'s str) -> Cow<'s, str> {
        let host = self.authority().unwrap_or_default();
        let raw = &source[self.span.range()];
        let start = self.parts.authority.start - self.parts.trimmed.start;
        // References may stand before or in it; what a template puts in is as long as its placeholder.
        match raw.get(start..start + host.len()) {
            Some(written) if written == host || has_placeholder(host) => written.into(),
            _ => host.to_owned().into(),
        }
    }

    /// The addresses of an element, in the order of the source; `known` tells what its attributes are.
    pub(crate) fn each(
        tag: Tag<'d, 'a>,
        known: &[Option<&'static AttributeRole>],
        mut take: impl FnMut(Self),
    ) {
        let Some(role) = tag.role else { return };
        for (attribute, known) in tag.element.attributes().zip(known) {
            let Some(known) = *known else { continue };
            let (may_be_empty, is_websocket) = match known.value {
                ValueRole::Url { may_be_empty } => (may_be_empty, false),
                ValueRole::WebsocketUrl => (false, true),
                _ => continue,
            };
            let value = attribute.value();
            if may_be_empty && value.is_empty() {
                continue;
            }
            let span = trimmed(attribute.value_span(), attribute.raw());
            let place = Place::Attribute(attribute, known);
            take(Self::new(tag, place, value.into(), span, is_websocket));
        }
        if role.text == TextRole::Url {
            let (value, span) = match tag.element.only_text() {
                Some((text, span)) if !text.trim_ascii().is_empty() => {
                    (text.into(), trimmed(span, text))
                }
                _ => (tag.element.text(), text_span(tag.element)),
            };
            take(Self::new(tag, Place::Text, value, span, false));
        }
    }

    fn new(
        tag: Tag<'d, 'a>,
        place: Place<'d, 'a>,
        value: Cow<'d, str>,
        span: Span,
        is_websocket: bool,
    ) -> Self {
        let plain = Parts::of_plain(&value).filter(|_| !is_websocket);
        let is_plain = plain.is_some();
        let (verdict, parts) = match plain {
            Some(parts) => (Verdict::Absolute(Scheme::Https), parts),
            None => {
                let verdict = judge(&value);
                (verdict, Parts::of(&value, verdict))
            }
        };
        Self {
            tag,
            place,
            span,
            verdict,
            is_websocket,
            is_plain,
            has_odd_query: first_of(value.as_bytes(), 0, |block| is(block, b'?'))
                .is_some_and(|at| query::may_be_odd(&value, at + 1)),
            parts,
            value,
        }
    }
}

impl Parts {
    /// The parts of an address that is plain.
    fn of_plain(value: &str) -> Option<Self> {
        let start = "https://".len();
        let rest = value.strip_prefix("https://")?.as_bytes();
        let plain = |block| within(block, b' ' + 1, 0x7E) & !any_of(block, *b"#@\\");
        let host = first_of(rest, 0, |block| any_of(block, *b"/?_")).unwrap_or(rest.len());
        let is_named = !matches!(rest, [] | [b'/' | b'?' | b':', ..]);
        let is_plain = is_named && rest.get(host) != Some(&b'_') && all(rest, plain);
        is_plain.then(|| Self {
            trimmed: 0..value.len(),
            authority: start..start + host,
        })
    }

    fn of(value: &str, verdict: Verdict) -> Self {
        let trimmed = value.trim_matches(BLANKS);
        let range = |part: &str| {
            let start = part.as_ptr() as usize - value.as_ptr() as usize;
            start..start + part.len()
        };
        Self {
            trimmed: range(trimmed),
            authority: match verdict {
                Verdict::Absolute(_) => range(authority(trimmed)),
                _ => 0..0,
            },
        }
    }
}

/// What an address is, blanks around it aside.
pub(crate) fn judge(value: &str) -> Verdict {
    let address = value.trim_matches(BLANKS);
    if address.is_empty() {
        return Verdict::Empty;
    }
    // What a placeholder holds is unknown, and with it all that follows; what is before it is certain.
    let known = &address[..address.find(PLACEHOLDER).unwrap_or(address.len())];
    if known.is_empty() {
        return Verdict::Unknown;
    }
    let has_placeholder = known.len() < address.len();
    if let Some(rest) = known.strip_prefix("//") {
        return if rest.is_empty() && !has_placeholder {
            Verdict::MissingHost
        } else {
            Verdict::SchemeRelative
        };
    }
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let name = known.split(|c| !is_scheme(c)).next().unwrap_or_default();
    let rest = &known[name.len()..];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Verdict::Relative;
    }
    let Some(rest) = rest.strip_prefix(':') else {
        // `https{{rest}}` and `{{a}}` after a name such as `htt`: the placeholder may complete a scheme.
        return if rest.is_empty() && has_placeholder && is_start_of_scheme(name) {
            Verdict::Unknown
        } else {
            Verdict::Relative
        };
    };
    match scheme(name) {
        Some(scheme) => after_scheme(scheme, rest, has_placeholder),
        None => {
            let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let takes_number = ["tel", "sms", "fax"]
                .iter()
                .any(|scheme| name.eq_ignore_ascii_case(scheme));
            if is_port && !takes_number {
                Verdict::MissingScheme
            } else {
                Verdict::OtherScheme
            }
        }
    }
}

fn after_scheme(scheme: Scheme, rest: &str, has_placeholder: bool) -> Verdict {
    let Some(authority) = rest.strip_prefix("//") else {
        // `https:{{rest}}`: what follows may begin with the slashes.
        let may_follow = has_placeholder && "//".starts_with(rest);
        return if may_follow {
            Verdict::Unknown
        } else {
            Verdict::MissingHost
        };
    };
    let is_missing =
        authority.starts_with(['/', '?', '#', ':']) || authority.is_empty() && !has_placeholder;
    if is_missing {
        Verdict::MissingHost
    } else {
        Verdict::Absolute(scheme)
    }
}

fn scheme(name: &str) -> Option<Scheme> {
    let known = [
        ("http", Scheme::Http),
        ("https", Scheme::Https),
        ("ws", Scheme::Ws),
        ("wss", Scheme::Wss),
    ];
    known
        .into_iter()
        .find(|(scheme, _)| name.eq_ignore_ascii_case(scheme))
        .map(|(_, scheme)| scheme)
}

fn is_start_of_scheme(name: &str) -> bool {
    ["https", "wss"].iter().any(|scheme| {
        scheme
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

/// Host and port of an absolute address, without the user.
pub(crate) fn authority(address: &str) -> &str {
    let Some(after_scheme) = address
        .split_once(':')
        .and_then(|(_, rest)| rest.strip_prefix("//"))
    else {
        return "";
    };
    let ends = |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b'\\');
    let end = after_scheme.bytes().position(ends);
    let authority = &after_scheme[..end.unwrap_or(after_scheme.len())];
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// An address up to its query.
pub(crate) fn path(address: &str) -> &str {
    let end = first_of(address.as_bytes(), 0, |block| any_of(block, *b"?#"));
    &address[..end.unwrap_or(address.len())]
}

/// Whether an address holds a placeholder.
pub(crate) fn has_placeholder(address: &str) -> bool {
    first_of(address.as_bytes(), 0, |block| is(block, PLACEHOLDER as u8)).is_some()
}

/// From the first to the last piece of text in an element, blanks at both ends left out.
fn text_span(element: Element<'_, '_>) -> Span {
    let source = element.source();
    let mut span: Option<Span> = None;
    for content in element.children() {
        // The text of a CDATA section stands between `<![CDATA[` and `]]>`.
        let piece = match content {
            Content::Text(_, piece) => piece,
            Content::CData(_, piece) => Span {
                start: piece.start + 9,
                end: piece.end - 3,
            },
            _ => continue,
        };
        let piece = trimmed(piece, &source[piece.range()]);
        if piece.start < piece.end {
            span = Some(Span {
                start: span.map_or(piece.start, |span| span.start),
                end: piece.end,
            });
        }
    }
    span.unwrap_or_else(|| element.name_span())
}

/// A span without the blanks at both ends of its text.
pub(crate) fn trimmed(span: Span, text: &str) -> Span {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let before = text.bytes().position(|byte| is_text(&byte));
    let after = text.bytes().rev().position(|byte| is_text(&byte));
    let (Some(before), Some(after)) = (before, after) else {
        return Span {
            start: span.end,
            ..span
        };
    };
    Span {
        start: span.start + crate::document::index(before),
        end: span.end - crate::document::index(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_as_the_carrier_would() {
        let check = |address: &str, verdict: Verdict| {
            let masked = address.replace("{}", "\u{7F}\u{7F}");
            assert_eq!(judge(&masked), verdict, "{address:?}");
        };
        for absolute in [
            "https://example.com/a",
            " HTTPS://e\n",
            "https://{}/a",
            "https://e{}",
            "https://u:p@e",
            "https://[::1]:80/",
        ] {
            check(absolute, Verdict::Absolute(Scheme::Https));
        }
        check("http://e", Verdict::Absolute(Scheme::Http));
        check("wss://e/x", Verdict::Absolute(Scheme::Wss));
        check("Ws://e/x", Verdict::Absolute(Scheme::Ws));
        for relative in [
            "/a",
            "a",
            "./a",
            "../a",
            "?x",
            "#x",
            "a/b:c",
            "1:2",
            ".a:80",
            "/{}",
            "a{}",
            "voice/{}",
            "あ",
            "\u{A0}https://e",
        ] {
            check(relative, Verdict::Relative);
        }
        for missing in [
            "https:///a",
            "https:/e/a",
            "https:e",
            "https:",
            "https://",
            "https://?x",
            "https://:80/",
            "//",
        ] {
            check(missing, Verdict::MissingHost);
        }
        for unknown in [
            "{}",
            " {}/a",
            "{}://e",
            "http{}",
            "https:{}",
            "https:/{}",
            "h{}",
        ] {
            check(unknown, Verdict::Unknown);
        }
        for host in ["localhost:3000/x", "www.example.com:80", "e:443?x"] {
            check(host, Verdict::MissingScheme);
        }
        for other in [
            "ftp://e/a",
            "data:audio/wav;base64,x",
            "file:///a",
            "javascript:x",
            "sip:a@b",
            "tel:119",
            "mailto:{}",
        ] {
            check(other, Verdict::OtherScheme);
        }
        for network in ["//e/a", "//{}/a"] {
            check(network, Verdict::SchemeRelative);
        }
        check("", Verdict::Empty);
        check(" \n", Verdict::Empty);
    }

    #[test]
    fn the_authority_is_host_and_port() {
        assert_eq!(authority("https://u:p@e.com:80/x?y#z"), "e.com:80");
        assert_eq!(authority("https://e?x@y"), "e");
    }
}
