//! Characters, names and references of XML 1.0 (fifth edition).

use std::ops::Range;

use memchr::{memchr, memmem};
use wide::u8x16;

use super::ParseErrorKind;
use crate::{
    bytes::{any_of, first_of, is, within},
    grammar::names::{self, NameId},
};

/// Where references and line ends are being resolved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    Value,
    /// Holds no references.
    CData,
}

/// An error and how far into the piece it stands, in bytes.
pub(super) type Misfit = (usize, ParseErrorKind);

/// What a look over the whole source tells, so that its pieces need not be searched for what it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    /// The first character that XML forbids (production 2, Char). Strings hold no surrogates.
    pub(super) forbidden: Option<(usize, char)>,
    /// Whether line ends have to be normalized.
    pub(super) has_return: bool,
    /// Whether `]]` stands somewhere, in a CDATA section or not.
    pub(super) may_have_cdata_end: bool,
    /// Whether something stands somewhere that may begin a template's tag or an instruction, the XML declaration aside.
    pub(crate) may_have_tags: bool,
}

/// Looks the source over.
pub(crate) fn survey(source: &str) -> Survey {
    let bytes = source.as_bytes();
    let mark = if bytes.starts_with("\u{FEFF}".as_bytes()) {
        3
    } else {
        0
    };
    let declaration = if bytes[mark..].starts_with(b"<?xml") {
        5
    } else {
        0
    };
    let bytes = &bytes[mark + declaration..];
    let found = Found::by_blocks(bytes);
    let has_controls = found.controls.any();
    let has_forbidden =
        has_controls && bytes.iter().any(is_forbidden_control) || found.specials.any();
    let is_forbidden = |&(_, c): &(usize, char)| !is_char(c);
    Survey {
        forbidden: has_forbidden
            .then(|| source.char_indices().find(is_forbidden))
            .flatten(),
        has_return: has_controls && memchr(b'\r', bytes).is_some(),
        may_have_cdata_end: found.brackets.any() && memmem::find(bytes, b"]]").is_some(),
        // As a reference is none, `#` behind `&` begins no tag.
        may_have_tags: found.tags.any() || bytes.first() == Some(&b'#'),
    }
}

fn is_forbidden_control(byte: &u8) -> bool {
    *byte < b' ' && !matches!(*byte, b'\t' | b'\n' | b'\r')
}

/// What calls for a closer look: lanes in which there was any.
#[derive(Default)]
struct Found {
    /// Others than line feeds.
    controls: u8x16,
    /// The last characters of three bytes: U+FFFE and U+FFFF, and a few that XML allows.
    specials: u8x16,
    brackets: u8x16,
    tags: u8x16,
}

impl Found {
    fn by_blocks(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes;
        while let Some((pairs, _)) = rest.split_first_chunk::<17>() {
            found.look(pairs);
            rest = &rest[16..];
        }
        let mut last = [b' '; 17];
        last[..rest.len()].copy_from_slice(rest);
        found.look(&last);
        found
    }

    /// Looks at sixteen bytes, each with the one behind it.
    fn look(&mut self, pairs: &[u8; 17]) {
        let [bytes, nexts] = [pairs.first_chunk(), pairs.last_chunk()];
        let [byte, next] = [bytes, nexts].map(|block| u8x16::new(*block.expect("of 17 bytes")));
        self.controls |= within(byte, 0, b' ' - 1) & !is(byte, b'\n');
        self.specials |= is(byte, 0xEF) & is(next, 0xBF);
        self.brackets |= is(byte, b']');
        self.tags |= any_of(byte, *b"{$");
        self.tags |= is(byte, b'<') & any_of(next, *b"%?");
        self.tags |= is(next, b'#') & !is(byte, b'&');
    }
}

/// White space of XML, the same as [`u8::is_ascii_whitespace`] without form feed.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

/// Where the next byte stands that is no white space. Other control characters have been refused by now.
#[inline]
pub(super) fn behind_blanks(bytes: &[u8], from: usize) -> usize {
    first_of(bytes, from, |block| !within(block, 0, b' ')).unwrap_or(bytes.len())
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name_end(name, 0) == name.len()
}

/// Bytes that may stand in a name and are ASCII; what is not is judged by its character.
#[inline]
fn name_bytes(block: u8x16) -> u8x16 {
    // The bit that tells small letters from capital ones.
    let small = block | u8x16::splat(0x20);
    within(small, b'a', b'z')
        | within(block, b'0', b':')
        | within(block, b'-', b'.')
        | is(block, b'_')
}

/// Where the name ends that starts at `from`, `from` itself if none does; and which of the names that are `known` it is.
#[inline]
pub(super) fn name_at(
    source: &str,
    from: usize,
    known: impl Fn(&[u8], Range<usize>) -> NameId,
) -> (usize, NameId) {
    let bytes = source.as_bytes();
    // What is known up to what mostly ends a name need not be looked at more closely.
    let ends = |block| within(block, 0, b' ') | any_of(block, *b"=/>");
    let end = first_of(bytes, from, ends).unwrap_or(bytes.len());
    match known(bytes, from..end) {
        names::UNKNOWN => {
            let end = name_end(source, from);
            (end, known(bytes, from..end))
        }
        known => (end, known),
    }
}

/// Where the name ends that starts at `from`; `from` itself if none does.
fn name_end(source: &str, from: usize) -> usize {
    let bytes = source.as_bytes();
    match bytes.get(from) {
        Some(&first) if is_ascii_name_start(first) || !first.is_ascii() => {}
        _ => return from,
    }
    let end = first_of(bytes, from, |block| !name_bytes(block)).unwrap_or(bytes.len());
    match bytes.get(end) {
        Some(byte) if !byte.is_ascii() => from + name_length(&source[from..]),
        _ => end,
    }
}

fn name_length(text: &str) -> usize {
    let mut characters = text.char_indices();
    if !characters.next().is_some_and(|(_, c)| is_name_start(c)) {
        return 0;
    }
    characters
        .find(|&(_, c)| !is_name_char(c))
        .map_or(text.len(), |(at, _)| at)
}

/// Resolves references, and turns line ends to `\n` (2.11); in a value white space to blanks (3.3.3).
pub(super) fn decode(raw: &str, place: Place, into: &mut String) -> Result<(), Misfit> {
    let is_special = |block| match place {
        Place::Text => any_of(block, *b"&\r"),
        Place::Value => is(block, b'&') | within(block, 0, b' ' - 1),
        Place::CData => is(block, b'\r'),
    };
    let mut done = 0;
    while let Some(at) = first_of(raw.as_bytes(), done, is_special) {
        into.push_str(&raw[done..at]);
        let (character, length) = match &raw.as_bytes()[at..] {
            [b'&', b'a', b'm', b'p', b';', ..] => ('&', 5),
            [b'&', ..] => reference(&raw[at..]).map_err(|kind| (at, kind))?,
            [b'\r', b'\n', ..] => ('\n', 2),
            _ => ('\n', 1),
        };
        let is_blank = place == Place::Value && raw.as_bytes()[at] != b'&';
        into.push(if is_blank { ' ' } else { character });
        done = at + length;
    }
    into.push_str(&raw[done..]);
    Ok(())
}

/// The character of the reference at the start of `text`, and the reference's length.
fn reference(text: &str) -> Result<(char, usize), ParseErrorKind> {
    // No reference that exists is longer; a bare ampersand must not cost a search of all that follows.
    const LONGEST: usize = 64;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';');
    let Some(name) = end.map(|end| &text[1..end]) else {
        return Err(ParseErrorKind::BareAmpersand);
    };
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ if name.starts_with('#') => numeric(&name[1..])
            .ok_or_else(|| ParseErrorKind::BadCharacterReference(name.to_owned()))?,
        _ if is_name(name) => return Err(ParseErrorKind::UnknownEntity(name.to_owned())),
        _ => return Err(ParseErrorKind::BareAmpersand),
    };
    Ok((character, name.len() + 2))
}

fn numeric(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, radix).ok().filter(|_| plain)?;
    char::from_u32(code).filter(|&c| is_char(c))
}

fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

const fn is_ascii_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':')
}

fn is_name_start(c: char) -> bool {
    c.is_ascii() && is_ascii_name_start(c as u8)
        || matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
            | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || c.is_ascii_digit()
        || matches!(c, '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_line_ends_are_resolved_by_place() {
        let check = |raw: &str, text: &str, value: &str| {
            for (place, expected) in [(Place::Text, text), (Place::Value, value)] {
                let mut decoded = "before ".to_owned();
                assert_eq!(decode(raw, place, &mut decoded), Ok(()), "{raw:?}");
                assert_eq!(decoded, format!("before {expected}"), "{raw:?}");
            }
        };
        check("", "", "");
        check("plain 輪番", "plain 輪番", "plain 輪番");
        check("&lt;&gt;&amp;&quot;&apos;", "<>&\"'", "<>&\"'");
        check("&amp;lt;", "&lt;", "&lt;");
        check("&#x8F2A;&#30058;", "輪番", "輪番");
        check("a\r\nb\rc\nd\te", "a\nb\nc\nd\te", "a b c d e");
        check("a&#13;&#10;&#9;b", "a\r\n\tb", "a\r\n\tb");
    }

    #[test]
    fn a_wrong_reference_is_refused_where_it_stands() {
        let check = |raw: &str, at: usize, kind: ParseErrorKind| {
            let refused = decode(raw, Place::Text, &mut String::new());
            assert_eq!(refused, Err((at, kind)), "{raw:?}");
        };
        check("a & b; c", 2, ParseErrorKind::BareAmpersand);
        check("a&b=1", 1, ParseErrorKind::BareAmpersand);
        check("&;", 0, ParseErrorKind::BareAmpersand);
        check("&nbsp;", 0, ParseErrorKind::UnknownEntity("nbsp".into()));
        check("&AMP;", 0, ParseErrorKind::UnknownEntity("AMP".into()));
        for name in [
            "#0",
            "#",
            "#x",
            "#xFFFE",
            "#xD800",
            "#x110000",
            "#+65",
            "#x+41",
            "#X41",
            "#1a",
            "#99999999999",
        ] {
            check(
                &format!("é&{name};"),
                2,
                ParseErrorKind::BadCharacterReference(name.into()),
            );
        }
    }

    #[test]
    fn names_are_those_of_xml() {
        for name in ["Say", "say-as", "a:b", "_x", "x1.2", "電話", "é"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "1Say", "-a", ".a", "a b", "a/b", "%=", "×", "電 話", "é!",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn forbidden_characters_are_found_wherever_they_stand() {
        for c in ['\0', '\u{8}', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            assert_eq!(survey(&format!("輪番{c}x")).forbidden, Some((6, c)));
        }
        assert_eq!(
            survey("\t\r\n 輪番\u{7F}\u{FFFD}\u{1F4DE}！ｱ￥").forbidden,
            None
        );
    }

    #[test]
    fn texts_without_any_mark_of_a_template_are_known_at_once() {
        let check =
            |text: &str, expected| assert_eq!(survey(text).may_have_tags, expected, "{text:?}");
        check("", false);
        check("<?xml version='1.0'?><R>100% &#12354;? #</R>", true);
        check(
            "\u{FEFF}<?xml version='1.0'?><R>100% &#12354;? &#x3000;</R>",
            false,
        );
        check("#if", true);
        check("<R>&amp;#</R>", true);
        check("<R>{</R>", true);
        check("<R>$</R>", true);
        check("<R><%= a %></R>", true);
        check("<R><?php a ?></R>", true);
        check("<?xml version='1.0'?> <?a?>", true);
    }
}
