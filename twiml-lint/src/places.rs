//! What is kept of a text once it has been looked at: where its findings stand, as people count, and the lines around them.

use crate::document::{Position, Span, Walk, index};

/// So much of a line is kept before a place,
const BEFORE: usize = 2 << 10;
/// and so much behind it, in bytes. Nobody is shown more.
const BEHIND: usize = 4 << 10;

/// Some places of a text.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// By offset.
    positions: Vec<(u32, Position)>,
    /// In order, none touching another.
    pieces: Vec<Piece>,
}

/// A part of a text: whole lines, unless they are too long.
#[derive(Clone, Debug)]
struct Piece {
    start: u32,
    text: Box<str>,
}

impl Places {
    /// The places at both ends of these spans, and the lines on which they start; `None` of no spans.
    pub(crate) fn of(text: &str, spans: &[Span]) -> Option<Box<Self>> {
        if spans.is_empty() {
            return None;
        }
        let mut offsets: Vec<u32> = spans
            .iter()
            .flat_map(|span| [span.start, span.end])
            .collect();
        offsets.sort_unstable();
        offsets.dedup();
        let mut walk = Walk::new(text);
        let positions = offsets.into_iter();
        Some(Box::new(Self {
            positions: positions
                .map(|offset| (offset, without_mark(text, walk.to(offset))))
                .collect(),
            pieces: pieces(text, spans),
        }))
    }

    /// Line and column of a place that is kept.
    pub(crate) fn position(&self, offset: u32) -> Option<Position> {
        let at = self
            .positions
            .binary_search_by_key(&offset, |(offset, _)| *offset);
        Some(self.positions[at.ok()?].1)
    }

    /// The text around the start of a span that is kept, and where it begins.
    pub(crate) fn around(&self, offset: u32) -> Option<(&str, u32)> {
        let behind = self.pieces.partition_point(|piece| piece.start <= offset);
        let piece = &self.pieces[behind.checked_sub(1)?];
        Some((&piece.text, piece.start))
    }
}

/// A byte order mark is no column: no editor counts it.
pub(crate) fn without_mark(text: &str, mut position: Position) -> Position {
    let is_behind_mark = position.line == 1 && position.column > 1;
    if is_behind_mark && text.starts_with('\u{FEFF}') {
        position.column -= 1;
    }
    position
}

/// The lines on which spans start.
fn pieces(text: &str, spans: &[Span]) -> Vec<Piece> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut starts: Vec<usize> = spans.iter().map(|span| span.start as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (start, end) in starts.into_iter().map(|start| line(text, start)) {
        match ranges.last_mut() {
            // A line break between two lines belongs to both.
            Some(last) if start <= last.1 + 1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    let pieces = ranges.into_iter().map(|(start, end)| Piece {
        start: index(start),
        text: text[start..end].into(),
    });
    pieces.collect()
}

/// Where the line begins and ends on which something stands, as far as it is kept.
fn line(text: &str, at: usize) -> (usize, usize) {
    let at = text.floor_char_boundary(at);
    let near = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let far = text.ceil_char_boundary((at + BEHIND).min(text.len()));
    let start = memchr::memrchr(b'\n', &text.as_bytes()[near..at]);
    let end = memchr::memchr(b'\n', &text.as_bytes()[at..far]);
    (
        start.map_or(near, |newline| near + newline + 1),
        end.map_or(far, |newline| at + newline),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, starts: &[usize]) -> Box<Places> {
        let span = |&start: &usize| Span {
            start: index(start),
            end: index(start + 1),
        };
        let spans: Vec<Span> = starts.iter().map(span).collect();
        Places::of(text, &spans).expect("spans")
    }

    #[test]
    fn the_lines_of_places_are_kept_and_no_others() {
        let text = "one\ntwo\nthree\nfour\nfive";
        let places = of(text, &[5, 9, 20]);
        assert_eq!(places.around(5), Some(("two\nthree", 4)));
        assert_eq!(places.around(9), Some(("two\nthree", 4)));
        assert_eq!(places.around(20), Some(("five", 19)));
        assert_eq!(
            places.position(9).map(|place| (place.line, place.column)),
            Some((3, 2))
        );
        assert_eq!(places.position(0), None);
        assert_eq!(of("", &[0]).around(0), None);
        assert!(Places::of(text, &[]).is_none());
    }

    #[test]
    fn of_an_endless_line_a_part_is_kept() {
        let text = "番".repeat(100_000);
        let places = of(&text, &[30_000, 150_000]);
        let (piece, start) = places.around(150_000).expect("kept");
        assert!(piece.len() < 7_000 && start > 147_000 && start < 149_000);
        assert!(text[start as usize..].starts_with(piece));
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let places = of("\u{FEFF}<R/>", &[0, 3, 4]);
        let column = |offset| places.position(offset).map(|place| place.column);
        assert_eq!(
            (column(0), column(3), column(4)),
            (Some(1), Some(1), Some(2))
        );
    }
}
