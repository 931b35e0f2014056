//! What the reports in XML share.

use std::borrow::Cow;

use quick_xml::escape::escape;

/// Escaped for texts and for values in double quotes; what XML cannot hold at all becomes visible.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_forbidden = |c: char| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    if !text.contains(is_forbidden) && !text.contains(['\n', '\r', '\t']) {
        return escape(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // As they are, a parser would make blanks of them in values.
            '\n' => shown.push_str("&#10;"),
            '\r' => shown.push_str("&#13;"),
            '\t' => shown.push_str("&#9;"),
            c if is_forbidden(c) => shown.push('\u{FFFD}'),
            c => shown.push_str(&escape(&*c.encode_utf8(&mut [0; 4]))),
        }
    }
    Cow::Owned(shown)
}
