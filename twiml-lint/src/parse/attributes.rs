//! What stands in a start tag after its name. quick-xml only finds where the tag ends.

use std::borrow::Cow;

use super::{
    MAX_ATTRIBUTES, ParseErrorKind,
    characters::{Misfit, Place, decode, is_blank, leading_name},
};
use crate::document::{Attribute, index};

/// Reads the attributes of a tag into `into`.
///
/// `tag` is what stands between the name and the end of the tag, and `start` its place in the source.
pub(super) fn read<'a>(
    tag: &'a str,
    start: usize,
    into: &mut Vec<Attribute<'a>>,
) -> Result<(), Misfit> {
    let first = into.len();
    let mut at = 0;
    loop {
        let blanks = blanks(&tag[at..]);
        at += blanks;
        if at == tag.len() {
            return Ok(());
        }
        if blanks == 0 {
            return Err((at, ParseErrorKind::MissingBlank));
        }
        let (attribute, length) =
            one(&tag[at..], start + at).map_err(|(by, kind)| (at + by, kind))?;
        let mine = &into[first..];
        if mine.iter().any(|other| other.name == attribute.name) {
            return Err((
                at,
                ParseErrorKind::DuplicateAttribute(attribute.name.to_owned()),
            ));
        }
        if mine.len() == MAX_ATTRIBUTES {
            return Err((at, ParseErrorKind::TooManyAttributes));
        }
        into.push(attribute);
        at += length;
    }
}

/// The attribute at the start of `text`, and its length.
fn one(text: &str, start: usize) -> Result<(Attribute<'_>, usize), Misfit> {
    let ends_name = |byte: u8| is_blank(byte) || matches!(byte, b'=' | b'"' | b'\'');
    let name = leading_name(text, ends_name)
        .map_err(|found| (0, ParseErrorKind::BadName(found.to_owned())))?;
    let name_length = name.len();
    let equals = name_length + blanks(&text[name_length..]);
    if text.as_bytes().get(equals) != Some(&b'=') {
        return Err((0, ParseErrorKind::MissingValue(name.to_owned())));
    }
    let quote = equals + 1 + blanks(&text[equals + 1..]);
    let Some(&mark @ (b'"' | b'\'')) = text.as_bytes().get(quote) else {
        return Err((quote, ParseErrorKind::UnquotedValue(name.to_owned())));
    };
    let open = quote + 1;
    let (length, is_plain) = value_length(&text.as_bytes()[open..], mark)
        .map_err(|by| (open + by, ParseErrorKind::LessThanInValue))?;
    let raw = &text[open..open + length];
    let value = if is_plain {
        Cow::Borrowed(raw)
    } else {
        decode(raw, Place::Value).map_err(|(by, kind)| (open + by, kind))?
    };
    let attribute = Attribute {
        name,
        name_start: index(start),
        raw,
        raw_start: index(start + open),
        value,
    };
    Ok((attribute, (open + length + 1).min(text.len())))
}

/// How long the value is that starts `text` and ends at the `mark`, and whether it means what it says; or where `<` stands
/// in it.
///
/// quick-xml ends a tag outside quotes only, so the mark is there.
fn value_length(text: &[u8], mark: u8) -> Result<(usize, bool), usize> {
    let mut is_plain = true;
    for (at, &byte) in text.iter().enumerate() {
        if byte == mark {
            return Ok((at, is_plain));
        }
        if byte == b'<' {
            return Err(at);
        }
        is_plain &= !matches!(byte, b'&' | b'\r' | b'\n' | b'\t');
    }
    Ok((text.len(), is_plain))
}

/// How many blanks `text` starts with.
fn blanks(text: &str) -> usize {
    text.bytes().take_while(|&byte| is_blank(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_in_order() {
        let mut read_back = Vec::new();
        read(" a=\"1\" b = '\"'\n\tc=''  ", 10, &mut read_back).expect("well-formed");
        let seen: Vec<_> = read_back
            .iter()
            .map(|a| (a.name, &*a.value, a.name_start, a.raw_start))
            .collect();
        assert_eq!(
            seen,
            [("a", "1", 11, 14), ("b", "\"", 17, 22), ("c", "", 26, 29)]
        );
    }

    #[test]
    fn what_html_forgives_is_refused() {
        let check = |tag: &str, at: usize, kind: ParseErrorKind| {
            assert_eq!(read(tag, 0, &mut Vec::new()), Err((at, kind)), "{tag:?}");
        };
        check(" a", 1, ParseErrorKind::MissingValue("a".into()));
        check(" a b='1'", 1, ParseErrorKind::MissingValue("a".into()));
        check(" a=1", 3, ParseErrorKind::UnquotedValue("a".into()));
        check(" a=", 3, ParseErrorKind::UnquotedValue("a".into()));
        check(" a='1'b='2'", 6, ParseErrorKind::MissingBlank);
        check(
            " a='1' a=\"2\"",
            7,
            ParseErrorKind::DuplicateAttribute("a".into()),
        );
        check(" a='<'", 4, ParseErrorKind::LessThanInValue);
        check(" a='x&y=1'", 5, ParseErrorKind::BareAmpersand);
        check(" ='1'", 1, ParseErrorKind::BadName(String::new()));
        check(" '1'", 1, ParseErrorKind::BadName(String::new()));
        check(" 1='1'", 1, ParseErrorKind::BadName("1".into()));
        check("/ ", 0, ParseErrorKind::MissingBlank);
    }

    #[test]
    fn too_many_attributes_are_refused() {
        let tag = |count: usize| (0..count).map(|n| format!(" a{n}=''")).collect::<String>();
        let read_count = |count| read(&tag(count), 0, &mut Vec::new());
        assert_eq!(read_count(MAX_ATTRIBUTES), Ok(()));
        assert!(matches!(
            read_count(MAX_ATTRIBUTES + 1),
            Err((_, ParseErrorKind::TooManyAttributes))
        ));
    }
}
