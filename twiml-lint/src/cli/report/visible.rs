//! Characters that would do something to a terminal, made visible.

use std::borrow::Cow;

/// A text that can be shown on one line without harm.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    if text.chars().all(|c| shown(c) == c && c != '\t') {
        return Cow::Borrowed(text);
    }
    let visible = |c| if c == '\t' { ' ' } else { shown(c) };
    Cow::Owned(text.chars().map(visible).collect())
}

/// What stands for a character; a tab stays one.
pub(super) fn shown(c: char) -> char {
    match c {
        ' '..='~' | '\t' => c,
        // The pictures of control characters follow the order of what they picture.
        '\0'..='\x1F' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}'),
        '\x7F' => '\u{2421}',
        // C1 controls, line separators, and what turns the direction of writing or hides.
        '\u{80}'..='\u{9F}'
        | '\u{200B}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' => '\u{FFFD}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_stays() {
        assert_eq!(visible("メニュー.xml"), "メニュー.xml");
        assert_eq!(
            visible("a\x1b[31m\u{9b}b\r\n\u{202E}\tc\x7F"),
            "a␛[31m\u{FFFD}b␍␊\u{FFFD} c␡"
        );
    }
}
