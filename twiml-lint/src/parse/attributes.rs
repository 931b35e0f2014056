//! What stands in a start tag after its name.

use std::{collections::HashSet, ops::Range};

use memchr::memchr3_iter;
use wide::u8x16;

use super::{
    MAX_ATTRIBUTES, ParseErrorKind, UNCLOSED_TAG,
    characters::{Misfit, Place, decode, is_blank, is_name, name_at},
};
use crate::{
    bytes::{any_of, first_of, within},
    document::{AttributeRecord, Layout, Reading, Span, index},
    grammar::names,
};

/// The end of a start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagEnd {
    /// The byte after the `>`.
    pub(super) end: usize,
    /// Whether it is `/>`.
    pub(super) is_empty: bool,
}

/// Up to how many names are compared with each other; of more, a set is made.
const FEW: usize = 16;

/// Reads the attributes of a tag whose name ends at `from`, and finds the end of the tag.
///
/// If the tag has none, some error comes out; that the tag is not closed is for the caller to say.
pub(super) fn read(source: &str, from: usize, layout: &mut Layout) -> Result<TagEnd, Misfit> {
    let bytes = source.as_bytes();
    let first = layout.attributes.len();
    let mut seen = Seen::default();
    let mut end = from;
    loop {
        let start = skip_blanks(bytes, end);
        match bytes.get(start) {
            Some(b'>') => {
                return Ok(TagEnd {
                    end: start + 1,
                    is_empty: false,
                });
            }
            Some(b'/') if bytes.get(start + 1) == Some(&b'>') => {
                return Ok(TagEnd {
                    end: start + 2,
                    is_empty: true,
                });
            }
            _ if start == end => return Err((start, ParseErrorKind::MissingBlank)),
            _ => {}
        }
        let (name_end, known) = name_at(source, start, names::attribute_at);
        let (mark, open) = match bytes[name_end..] {
            [b'=', mark @ (b'"' | b'\''), ..] if name_end > start => (mark, name_end + 2),
            _ => value_start(source, start, name_end)?,
        };
        let (close, first_mark) = value_end(bytes, open, mark)?;
        let reading = match first_mark {
            None => Reading::AS_WRITTEN,
            Some(mark) => decoded(layout, source, open..close, mark)?,
        };
        let attribute = AttributeRecord {
            name: Span {
                start: index(start),
                end: index(name_end),
            },
            raw: Span {
                start: index(open),
                end: index(close),
            },
            reading,
            known,
        };
        let before = &layout.attributes[first..];
        if seen.has(source, before, attribute) {
            let name = source[start..name_end].to_owned();
            return Err((start, ParseErrorKind::DuplicateAttribute(name)));
        }
        if before.len() == MAX_ATTRIBUTES {
            return Err((start, ParseErrorKind::TooManyAttributes));
        }
        layout.attributes.push(attribute);
        end = close + 1;
    }
}

/// Where the value of a name starts, and the mark before it, blanks between them or not.
#[cold]
fn value_start(source: &str, start: usize, name_end: usize) -> Result<(u8, usize), Misfit> {
    let bytes = source.as_bytes();
    let equals = skip_blanks(bytes, name_end);
    if name_end == start || bytes.get(equals) != Some(&b'=') {
        return Err((start, without_value(source, start)));
    }
    let quote = skip_blanks(bytes, equals + 1);
    match bytes.get(quote) {
        Some(&mark @ (b'"' | b'\'')) => Ok((mark, quote + 1)),
        _ => {
            let name = source[start..name_end].to_owned();
            Err((quote, ParseErrorKind::UnquotedValue(name)))
        }
    }
}

/// Decodes a value that is written as it is up to its first mark.
fn decoded(
    layout: &mut Layout,
    source: &str,
    range: Range<usize>,
    first_mark: usize,
) -> Result<Reading, Misfit> {
    let written = &source[range.start..first_mark];
    let rest = &source[first_mark..range.end];
    let reading = layout.decoded.add(|into| {
        into.push_str(written);
        decode(rest, Place::Value, into)
    });
    reading.map_err(|(by, kind)| (first_mark + by, kind))
}

/// The names of the attributes that an element has so far.
#[derive(Default)]
struct Seen<'a> {
    /// Those that TwiML knows, as bits.
    known: [u64; 4],
    /// All others, once they are many.
    others: Option<HashSet<&'a str>>,
}

impl<'a> Seen<'a> {
    /// Whether one of the attributes before it has the same name; takes it in.
    fn has(
        &mut self,
        source: &'a str,
        before: &[AttributeRecord],
        attribute: AttributeRecord,
    ) -> bool {
        if attribute.known != names::UNKNOWN {
            let bits = &mut self.known[usize::from(attribute.known / 64)];
            let bit = 1 << (attribute.known % 64);
            let is_seen = *bits & bit != 0;
            *bits |= bit;
            return is_seen;
        }
        let name_of = |attribute: &AttributeRecord| &source[attribute.name.range()];
        let name = name_of(&attribute);
        if before.len() < FEW {
            return before.iter().any(|other| name_of(other) == name);
        }
        let others = self
            .others
            .get_or_insert_with(|| before.iter().map(name_of).collect());
        !others.insert(name)
    }
}

/// What is wrong where there should be a name and `=`.
#[cold]
fn without_value(source: &str, start: usize) -> ParseErrorKind {
    let ends_name = |byte: u8| is_blank(byte) || matches!(byte, b'=' | b'"' | b'\'');
    let name = written_name(source, start, ends_name).to_owned();
    if is_name(&name) {
        ParseErrorKind::MissingValue(name)
    } else {
        ParseErrorKind::BadName(name)
    }
}

/// Bytes that mean something in a value. Other control characters than blanks have been refused by now.
#[inline]
fn marks(block: u8x16) -> u8x16 {
    within(block, 0, b' ' - 1) | any_of(block, *b"\"'<&")
}

/// Where the value ends that starts at `from`, and where the first byte stands that is not to be read as it is written.
fn value_end(bytes: &[u8], from: usize, mark: u8) -> Result<(usize, Option<usize>), Misfit> {
    let mut first_mark = None;
    let mut at = from;
    while let Some(found) = first_of(bytes, at, marks) {
        match bytes[found] {
            byte if byte == mark => return Ok((found, first_mark)),
            b'<' => return Err((found, ParseErrorKind::LessThanInValue)),
            b'"' | b'\'' => {}
            _ => first_mark = first_mark.or(Some(found)),
        }
        at = found + 1;
    }
    Err((from, ParseErrorKind::Markup(UNCLOSED_TAG.to_owned())))
}

/// Where the tag ends, the `>` left out: at the first one outside quotes, however wrong the rest of the tag may be. `from` is
/// a place in the tag outside quotes.
pub(super) fn tag_end(source: &str, from: usize) -> Result<usize, &'static str> {
    let bytes = source.as_bytes();
    let mut quote = None;
    for by in memchr3_iter(b'>', b'"', b'\'', &bytes[from..]) {
        let at = from + by;
        match (quote, bytes[at]) {
            (None, b'>') => return Ok(at),
            (None, mark) => quote = Some(mark),
            (Some(open), mark) if open == mark => quote = None,
            _ => {}
        }
    }
    Err(match quote {
        None => UNCLOSED_TAG,
        Some(b'"') => "attribute value not closed: `\"` not found before end of input",
        Some(_) => "attribute value not closed: `'` not found before end of input",
    })
}

/// What stands in a tag in place of a name, up to the first byte that `ends` it, for messages.
pub(super) fn written_name(source: &str, start: usize, ends: impl Fn(u8) -> bool) -> &str {
    let rest = &source[start..tag_end(source, start).unwrap_or(source.len())];
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    &rest[..rest.bytes().position(ends).unwrap_or(rest.len())]
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while bytes.get(at).is_some_and(|&byte| is_blank(byte)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(tag: &str) -> (Layout, Result<TagEnd, Misfit>) {
        let mut layout = Layout::default();
        let end = read(tag, 0, &mut layout);
        (layout, end)
    }

    #[test]
    fn attributes_are_read_in_order() {
        let tag = " a=\"1\" b = '\"'\n\tc='&lt;'  /> d='x'";
        let (layout, end) = read_all(tag);
        let seen: Vec<_> = layout
            .attributes
            .iter()
            .map(|a| {
                let value = layout.decoded.read(a.reading, &tag[a.raw.range()]);
                (&tag[a.name.range()], value, a.name.start, a.raw.start)
            })
            .collect();
        assert_eq!(
            seen,
            [("a", "1", 1, 4), ("b", "\"", 7, 12), ("c", "<", 16, 19)]
        );
        let is_empty = true;
        assert_eq!(end, Ok(TagEnd { end: 28, is_empty }));
    }

    #[test]
    fn what_html_forgives_is_refused() {
        let check = |tag: &str, at: usize, kind: ParseErrorKind| {
            assert_eq!(read_all(tag).1, Err((at, kind)), "{tag:?}");
        };
        check(" a>", 1, ParseErrorKind::MissingValue("a".into()));
        check(" a/>", 1, ParseErrorKind::MissingValue("a".into()));
        check(" a b='1'>", 1, ParseErrorKind::MissingValue("a".into()));
        check(" a'1'>", 1, ParseErrorKind::MissingValue("a".into()));
        check(" a=1>", 3, ParseErrorKind::UnquotedValue("a".into()));
        check(" a=>", 3, ParseErrorKind::UnquotedValue("a".into()));
        check(" a='1'b='2'>", 6, ParseErrorKind::MissingBlank);
        check(
            " a='1' a=\"2\">",
            7,
            ParseErrorKind::DuplicateAttribute("a".into()),
        );
        check(" a='<'>", 4, ParseErrorKind::LessThanInValue);
        check(" a='x&y=1'>", 5, ParseErrorKind::BareAmpersand);
        check(" ='1'>", 1, ParseErrorKind::BadName(String::new()));
        check(" '1'>", 1, ParseErrorKind::BadName(String::new()));
        check(" 1='1'>", 1, ParseErrorKind::BadName("1".into()));
        check(" a/b='1'>", 1, ParseErrorKind::BadName("a/b".into()));
        check(" a<b>", 1, ParseErrorKind::BadName("a<b".into()));
        check("/ >", 0, ParseErrorKind::MissingBlank);
    }

    #[test]
    fn many_attributes_are_read_and_too_many_refused() {
        let tag = |count: usize| (0..count).map(|n| format!(" a{n}=''")).collect::<String>();
        let end = |tag: String| read_all(&(tag + ">")).1.map(|end| end.is_empty);
        assert_eq!(end(tag(MAX_ATTRIBUTES)), Ok(false));
        let (_, too_many) = end(tag(MAX_ATTRIBUTES + 1)).expect_err("one too many");
        assert_eq!(too_many, ParseErrorKind::TooManyAttributes);
        for again in ["a0", "a15", "a16", "a39"] {
            let (at, twice) = end(tag(40) + &format!(" {again}=''")).expect_err("twice");
            assert_eq!(twice, ParseErrorKind::DuplicateAttribute(again.into()));
            assert_eq!(at, tag(40).len() + 1);
        }
    }

    #[test]
    fn a_tag_ends_outside_quotes() {
        let check = |tag: &str, end: Result<usize, &str>| {
            assert_eq!(tag_end(tag, 0).map_err(|e| &e[..3]), end, "{tag:?}");
        };
        check(" a='>' b=\"'>\">>", Ok(13));
        check(" a='1'", Err("tag"));
        check(" a='>", Err("att"));
    }
}
