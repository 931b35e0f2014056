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

/// What it takes to tell many positions in one text quickly, however long its lines are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// Where all lines start but the first.
    starts: Vec<u32>,
    /// How many characters start before each block of [`BLOCK`] bytes.
    characters: Vec<u32>,
}

/// So many bytes are looked through for a position, and twice as many at most.
const BLOCK: usize = 512;

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
        // A block more, for the offset after the last byte.
        let blocks = text.as_bytes().chunks(BLOCK).chain([&[][..]]);
        Self {
            starts: newlines.map(|newline| index(newline + 1)).collect(),
            characters: blocks
                .scan(0, |before, block| {
                    let here = *before;
                    *before += starting(block);
                    Some(here)
                })
                .collect(),
        }
    }

    /// Line and column of a byte of the text that the index was made from.
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
            column: self.characters_between(text, start, offset) + 1,
        }
    }

    fn characters_between(&self, text: &str, start: usize, end: usize) -> u32 {
        if end - start < BLOCK {
            return starting(&text.as_bytes()[start..end]);
        }
        self.characters_before(text, end) - self.characters_before(text, start)
    }

    fn characters_before(&self, text: &str, offset: usize) -> u32 {
        let block = offset / BLOCK;
        self.characters[block] + starting(&text.as_bytes()[block * BLOCK..offset])
    }
}

/// Tells the positions of rising offsets. It looks through the text once, and no further than the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Walk<'t> {
    text: &'t str,
    offset: usize,
    position: Position,
}

impl<'t> Walk<'t> {
    /// Begins at the first byte.
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            offset: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    /// Line and column of a byte that is not before the last one asked for.
    pub(crate) fn to(&mut self, offset: u32) -> Position {
        let offset = self.text.floor_char_boundary(offset as usize);
        let passed = &self.text.as_bytes()[self.offset..offset];
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                let lines = memchr::memchr_iter(b'\n', &passed[..=last]).count();
                self.position.line += index(lines);
                self.position.column = starting(&passed[last + 1..]) + 1;
            }
            None => self.position.column += starting(passed),
        }
        self.offset = offset;
        self.position
    }
}

/// How many characters start in these bytes of UTF-8.
fn starting(bytes: &[u8]) -> u32 {
    let continues = |byte: &&u8| (**byte & 0xC0) == 0x80;
    index(bytes.len() - bytes.iter().filter(continues).count())
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Sources are shorter than 4 GiB (the parser refuses others), so every length and offset fits.
pub(crate) fn index(length: usize) -> u32 {
    length.min(u32::MAX as usize) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_and_the_walk_count_as_the_text_itself_does() {
        let long = "輪番".repeat(BLOCK);
        let whole = "a".repeat(2 * BLOCK);
        for text in ["", "a", "\n", "輪番\n\nab📞c\r\nd", "\n\n", &long, &whole] {
            let lines = LineIndex::new(text);
            let mut walk = Walk::new(text);
            let mut strides = Walk::new(text);
            for offset in 0..=text.len() + 1 {
                let place = Position::of(text, offset);
                let offset = index(offset);
                assert_eq!(lines.position(text, offset), place, "{text:?} at {offset}");
                assert_eq!(walk.to(offset), place, "{text:?} at {offset}");
                if offset % 7 == 3 {
                    assert_eq!(strides.to(offset), place, "{text:?} at {offset}");
                }
            }
        }
    }
}
