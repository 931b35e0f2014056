//! From offsets to lines and columns, quickly in texts of any shape: also in one line of many megabytes.

use twiml_lint::Position;

/// How far apart the places are that are known, in bytes.
const STEP: usize = 4096;

/// The byte order mark, which no editor counts as a column.
const MARK: char = '\u{FEFF}';

/// Known places of one text.
#[derive(Debug)]
pub(crate) struct Places {
    /// The place of the first character that begins at or after each multiple of [`STEP`], with its offset.
    known: Vec<(usize, Position)>,
}

impl Places {
    /// Looks through a text once.
    pub(crate) fn new(text: &str) -> Self {
        let mut known = Vec::with_capacity(text.len() / STEP + 1);
        let mut at = 0;
        let mut place = Position { line: 1, column: 1 };
        loop {
            known.push((at, place));
            let next = (known.len() * STEP).min(text.len());
            if next == text.len() {
                return Self { known };
            }
            let next = text.ceil_char_boundary(next);
            place = advance(place, at, &text[at..next]);
            at = next;
        }
    }

    /// The place of a byte of the text.
    pub(crate) fn of(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let after = self.known.partition_point(|&(at, _)| at <= offset);
        let (at, place) = self.known[after.saturating_sub(1)];
        advance(place, at, &text[at..offset])
    }
}

/// The place behind a part of the text that begins at `at`.
fn advance(from: Position, at: usize, part: &str) -> Position {
    let newlines = part.bytes().filter(|&byte| byte == b'\n').count();
    let (line_start, column) = match part.rfind('\n') {
        Some(newline) => (newline + 1, 1),
        None => (0, from.column),
    };
    let mut columns = part[line_start..].chars().count();
    if at + line_start == 0 && part.starts_with(MARK) {
        columns -= 1;
    }
    Position {
        line: from.line + u32::try_from(newlines).unwrap_or(u32::MAX),
        column: column + u32::try_from(columns).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Counted from the start, character by character.
    fn slowly(text: &str, offset: usize) -> Position {
        let before = &text[..text.floor_char_boundary(offset)];
        let line = before.split('\n').next_back().unwrap_or_default();
        let marks = usize::from(!before.contains('\n') && line.starts_with(MARK));
        Position {
            line: u32::try_from(before.split('\n').count()).expect("short"),
            column: u32::try_from(line.chars().count() - marks + 1).expect("short"),
        }
    }

    proptest! {
        #[test]
        fn places_are_what_counting_from_the_start_gives(
            piece in "[a\u{FEFF}\n あ\u{1F600}]{1,9}",
            repeated in 1usize..3000,
            offset in 0usize..30_000,
        ) {
            let text = piece.repeat(repeated);
            let places = Places::new(&text);
            prop_assert_eq!(places.of(&text, offset), slowly(&text, offset));
            prop_assert_eq!(places.of(&text, text.len()), slowly(&text, text.len()));
        }
    }
}
