//! From bytes to text, by byte order mark, shape or XML declaration; UTF-8 otherwise.
//!
//! quick-xml can decode too, but by a fixed first buffer, which fails on small Shift_JIS and UTF-16 files.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// A text and how it was written.
#[derive(Debug)]
pub(crate) struct Decoded<'b> {
    /// Borrowed if the bytes are the text.
    pub(crate) text: Cow<'b, str>,
    pub(crate) encoding: &'static Encoding,
    /// Whether a byte order mark stands before it; in UTF-8 it is kept in the text.
    pub(crate) has_mark: bool,
}

/// A text that may be kept.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    /// Bytes that are UTF-8.
    Utf8(Vec<u8>),
    Decoded(String),
    /// It was not kept, or there never was one.
    Gone,
}

impl Text {
    pub(crate) fn get(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8(bytes) => Some(String::from_utf8_lossy(bytes)),
            Self::Decoded(text) => Some(Cow::Borrowed(text)),
            Self::Gone => None,
        }
    }
}

/// Why bytes are no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undecodable {
    #[error("the encoding {0:?} is unknown; save the file as UTF-8")]
    UnknownLabel(String),
    #[error(
        "byte {offset} is not {encoding}; save the file as UTF-8, or declare its encoding in <?xml ...?>"
    )]
    Malformed {
        encoding: &'static str,
        offset: usize,
    },
    #[error("the declaration says {declared}, but the bytes are {found}; declare what they are")]
    Contradiction {
        declared: String,
        found: &'static str,
    },
}

/// How most files begin.
const USUAL_DECLARATION: &[u8] = br#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// How far an XML declaration is looked for, in bytes.
const DECLARATION_WITHIN: usize = 256;

pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Undecodable> {
    let marked = Encoding::for_bom(bytes);
    let shape = marked.map(|(encoding, _)| encoding);
    let shape = shape.or_else(|| by_shape(bytes));
    let declared = match shape {
        Some(_) => None,
        None => declared(bytes)?,
    };
    let encoding = shape.or(declared).unwrap_or(UTF_8);
    if encoding == UTF_8 {
        let malformed = |_| Undecodable::Malformed {
            encoding: "UTF-8",
            offset: str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len),
        };
        let text = simdutf8::basic::from_utf8(bytes).map_err(malformed)?;
        if declared.is_none() {
            contradiction(text, encoding)?;
        }
        return Ok(Decoded {
            text: Cow::Borrowed(text),
            encoding,
            has_mark: marked.is_some(),
        });
    }
    let body = &bytes[marked.map_or(0, |(_, length)| length)..];
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(body) else {
        return Err(Undecodable::Malformed {
            encoding: encoding.name(),
            offset: valid_up_to(encoding, body),
        });
    };
    contradiction(&text, encoding)?;
    Ok(Decoded {
        text: Cow::Owned(text.into_owned()),
        encoding,
        has_mark: marked.is_some(),
    })
}

/// The bytes of a changed text in the encoding it came in, or `None` if that encoding lacks one of its characters.
pub(crate) fn encode(text: &str, encoding: &'static Encoding, has_mark: bool) -> Option<Vec<u8>> {
    if encoding == UTF_8 {
        return Some(text.as_bytes().to_vec());
    }
    if encoding == UTF_16LE || encoding == UTF_16BE {
        let mark = has_mark.then_some(0xFEFF);
        let units = mark.into_iter().chain(text.encode_utf16());
        let bytes = |unit: u16| {
            if encoding == UTF_16LE {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        return Some(units.flat_map(bytes).collect());
    }
    let (bytes, _, has_unmappable) = encoding.encode(text);
    (!has_unmappable).then(|| bytes.into_owned())
}

/// UTF-16 without a mark: `<` and a zero byte, in either order.
fn by_shape(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding that an ASCII-compatible declaration names, if there is one.
fn declared(bytes: &[u8]) -> Result<Option<&'static Encoding>, Undecodable> {
    if bytes.starts_with(USUAL_DECLARATION) {
        return Ok(Some(UTF_8));
    }
    if !bytes.starts_with(b"<?xml") {
        return Ok(None);
    }
    let head = &bytes[..bytes.len().min(DECLARATION_WITHIN)];
    let head = &head[..find(head, b"?>").map_or(head.len(), |end| end + 2)];
    let ascii = head.iter().take_while(|byte| byte.is_ascii()).count();
    let head = str::from_utf8(&head[..ascii]).unwrap_or_default();
    let Some(label) = label(head) else {
        return Ok(None);
    };
    match named(label) {
        // A declaration that can be read byte by byte is not UTF-16.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            Err(Undecodable::Contradiction {
                declared: label.to_owned(),
                found: "not",
            })
        }
        Some(encoding) => Ok(Some(encoding)),
        None => Err(Undecodable::UnknownLabel(label.to_owned())),
    }
}

/// What the text declares must be what it was decoded as.
fn contradiction(text: &str, found: &'static Encoding) -> Result<(), Undecodable> {
    let mut end = text.len().min(DECLARATION_WITHIN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let Some(declared) = label(text[..end].trim_start_matches('\u{FEFF}')) else {
        return Ok(());
    };
    let is_utf_16 = |encoding: &'static Encoding| encoding == UTF_16LE || encoding == UTF_16BE;
    let agrees = named(declared).is_some_and(|named| {
        named == found || declared.eq_ignore_ascii_case("utf-16") && is_utf_16(found)
    });
    let is_ours = agrees || !is_utf_16(found) && found != UTF_8;
    if is_ours {
        Ok(())
    } else {
        Err(Undecodable::Contradiction {
            declared: declared.to_owned(),
            found: found.name(),
        })
    }
}

/// The label in an XML declaration at the start of a text.
fn label(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml")?;
    let declaration = &declaration[..find(declaration.as_bytes(), b"?>")?];
    let name = find(declaration.as_bytes(), b"encoding")?;
    let value = declaration[name + "encoding".len()..]
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// Where the word stands; no searcher is made for a text of a few bytes.
fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    memchr::memchr_iter(word[0], text).find(|&at| text[at..].starts_with(word))
}

fn named(label: &str) -> Option<&'static Encoding> {
    if label.eq_ignore_ascii_case("utf-8") {
        return Some(UTF_8);
    }
    // Names that Java and older tools write, which the web's list of labels lacks.
    match label.to_ascii_lowercase().as_str() {
        "cp932" | "cswindows31j" => Some(SHIFT_JIS),
        "eucjp-ms" | "eucjp" => Some(EUC_JP),
        _ => Encoding::for_label(label.as_bytes()),
    }
}

/// How many bytes are right before the first that is not.
fn valid_up_to(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut space = vec![0; 4096];
    let mut read = 0;
    loop {
        let (result, step, _) =
            decoder.decode_to_utf8_without_replacement(&bytes[read..], &mut space, true);
        read += step;
        match result {
            encoding_rs::DecoderResult::OutputFull => {}
            encoding_rs::DecoderResult::InputEmpty => return read,
            encoding_rs::DecoderResult::Malformed(length, after) => {
                return read.saturating_sub(usize::from(length) + usize::from(after));
            }
        }
    }
}
