//! Characters, names and references of XML 1.0 (fifth edition).

use memchr::{memchr, memmem};

use super::ParseErrorKind;
use crate::bytes::first_of;

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

/// Looks the source over. The loop has no branch per byte, so that the compiler can vectorize it.
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
    let mut found = Found::default();
    // As a reference is none, `#` behind `&` begins no tag.
    found.tags |= bytes.first() == Some(&b'#');
    for (&byte, &next) in bytes.iter().zip(bytes.get(1..).unwrap_or_default()) {
        found.look(byte, next);
    }
    if let Some(&last) = bytes.last() {
        found.look(last, b' ');
    }
    let has_forbidden = found.controls && bytes.iter().any(is_forbidden_control)
        || found.full_width && memmem::find(bytes, NONCHARACTERS).is_some();
    let is_forbidden = |&(_, c): &(usize, char)| !is_char(c);
    Survey {
        forbidden: has_forbidden
            .then(|| source.char_indices().find(is_forbidden))
            .flatten(),
        has_return: found.controls && memchr(b'\r', bytes).is_some(),
        may_have_cdata_end: found.brackets && memmem::find(bytes, b"]]").is_some(),
        may_have_tags: found.tags,
    }
}

fn is_forbidden_control(byte: &u8) -> bool {
    *byte < b' ' && !matches!(*byte, b'\t' | b'\n' | b'\r')
}

/// U+FFFE and U+FFFF start with these two; so do a few full-width signs, which the closer look lets pass.
const NONCHARACTERS: &[u8] = &[0xEF, 0xBF];

/// What calls for a closer look.
#[derive(Default)]
struct Found {
    /// Others than line feeds.
    controls: bool,
    /// What full-width signs and some noncharacters begin with.
    full_width: bool,
    brackets: bool,
    tags: bool,
}

impl Found {
    fn look(&mut self, byte: u8, next: u8) {
        self.controls |= (byte < b' ') & (byte != b'\n');
        self.full_width |= byte == NONCHARACTERS[0];
        self.brackets |= byte == b']';
        self.tags |= (byte == b'{') | (byte == b'$');
        self.tags |= (byte == b'<') & ((next == b'%') | (next == b'?'));
        self.tags |= (byte != b'&') & (next == b'#');
    }
}

/// White space of XML, the same as [`u8::is_ascii_whitespace`] without form feed.
pub(super) fn is_blank(byte: u8) -> bool {
    (byte == b' ') | (byte == b'\n') | (byte == b'\t') | (byte == b'\r')
}

/// Bytes that may stand in a name and are ASCII; what is not is judged by its character.
const NAME_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let ascii = byte as u8;
        bytes[byte] =
            is_ascii_name_start(ascii) || ascii.is_ascii_digit() || ascii == b'-' || ascii == b'.';
        byte += 1;
    }
    bytes
};

pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.iter().all(|&byte| NAME_BYTES[usize::from(byte)]) {
        return bytes.first().is_some_and(|&byte| is_ascii_name_start(byte));
    }
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_char)
}

/// Where the name ends that starts at `from`; `from` itself if none does.
#[inline]
pub(super) fn name_end(source: &str, from: usize) -> usize {
    let bytes = source.as_bytes();
    match bytes.get(from) {
        Some(&first) if is_ascii_name_start(first) || !first.is_ascii() => {}
        _ => return from,
    }
    let mut at = from + 1;
    while bytes
        .get(at)
        .is_some_and(|&byte| NAME_BYTES[usize::from(byte)])
    {
        at += 1;
    }
    match bytes.get(at) {
        Some(byte) if !byte.is_ascii() => from + name_length(&source[from..]),
        _ => at,
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
    let is_special = |byte: u8| match place {
        Place::Text => (byte == b'&') | (byte == b'\r'),
        Place::Value => (byte == b'&') | (byte < b' '),
        Place::CData => byte == b'\r',
    };
    let mut done = 0;
    while let Some(at) = first_of(raw.as_bytes(), done, is_special) {
        into.push_str(&raw[done..at]);
        let (character, length) = match &raw.as_bytes()[at..] {
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
        "amp" => '&',
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
