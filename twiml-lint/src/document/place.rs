//! Places in a text: in bytes, and as people count.

use std::{fmt, ops::Range};

/// A range of the source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A place in the source, as people and editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters (Unicode scalar values).
    pub column: u32,
}

/// Where the lines of a text start, for whoever asks for many positions in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// Of all lines but the first.
    starts: Vec<u32>,
}

impl Span {
    /// To index the source with.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Position {
    /// Line and column of a byte. Takes time linear in the offset.
    pub(crate) fn of(source: &str, offset: usize) -> Self {
        let before = &source[..source.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let lines = before.bytes().filter(|&byte| byte == b'\n').count();
        Self {
            line: index(lines) + 1,
            column: index(before[line_start..].chars().count()) + 1,
        }
    }
}

impl LineIndex {
    /// Looks through a text once.
    pub fn new(text: &str) -> Self {
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes());
        Self {
            starts: newlines.map(|newline| index(newline + 1)).collect(),
        }
    }

    /// Line and column of a byte of the text that the index was made from. Takes time logarithmic in the number of lines,
    /// and linear in the length of this one.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = text.floor_char_boundary(offset as usize);
        let lines = self
            .starts
            .partition_point(|&start| start as usize <= offset);
        let start = lines
            .checked_sub(1)
            .map_or(0, |line| self.starts[line] as usize);
        Position {
            line: index(lines) + 1,
            column: index(text[start..offset].chars().count()) + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Sources are shorter than 4 GiB (the parser refuses others), so every length and offset fits.
pub(crate) fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_counts_as_the_text_itself_does() {
        for text in ["", "a", "\n", "輪番\n\nab📞c\r\nd", "\n\n"] {
            let lines = LineIndex::new(text);
            for offset in 0..=text.len() + 1 {
                assert_eq!(
                    lines.position(text, index(offset)),
                    Position::of(text, offset),
                    "{text:?} at {offset}"
                );
            }
        }
    }
}
