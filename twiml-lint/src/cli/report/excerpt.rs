//! The line of the source where something stands, cut to fit, and marks below it.

use unicode_width::UnicodeWidthChar;

use twiml_lint::Span;

use super::visible::shown;

/// How wide a line is shown, in cells of a terminal.
const WIDTH: usize = 100;

/// How wide a tab is taken to be when a line is cut.
const TAB: usize = 4;

/// Where something is cut.
const CUT: char = '…';

/// A line and what to put below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The line.
    pub(super) line: String,
    /// What moves the marks below their place: blanks, and the tabs of the line.
    pub(super) padding: String,
    /// How many marks there are, at least one.
    pub(super) marks: usize,
}

/// The part of a text around a span; of a span over several lines, its first.
pub(super) fn excerpt(text: &str, span: Span) -> Excerpt {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text
        .ceil_char_boundary((span.end as usize).min(text.len()))
        .max(start);
    let mut before = fitting(text[..start].chars().rev());
    before.reverse();
    let mut marked = fitting(text[start..end].chars());
    let length: usize = marked.iter().map(|c| c.len_utf8()).sum();
    let mut after = fitting(text[start + length..].chars());
    let last = if after.is_empty() {
        &mut marked
    } else {
        &mut after
    };
    if last.last() == Some(&'\r') {
        last.pop();
    }
    cut(&mut before, &mut marked, &mut after);
    let blank = |&c: &char| {
        if c == '\t' {
            "\t".to_owned()
        } else {
            " ".repeat(cells(c))
        }
    };
    let parts = [&before, &marked, &after];
    Excerpt {
        line: parts.into_iter().flatten().map(|&c| shown(c)).collect(),
        padding: before.iter().map(blank).collect(),
        marks: marked
            .iter()
            .map(|&c| if c == '\t' { TAB } else { cells(c) })
            .sum::<usize>()
            .max(1),
    }
}

/// The characters up to the end of the line, but hardly more than can be shown, however long the line is.
fn fitting(chars: impl Iterator<Item = char>) -> Vec<char> {
    let mut taken = 0;
    chars
        .take_while(|c| *c != '\n')
        .filter(|c| *c != '\u{FEFF}')
        .take_while(|c| {
            let has_room = taken <= WIDTH;
            taken += cells(*c).max(usize::from(*c == '\t') * TAB);
            has_room
        })
        .take(4 * WIDTH)
        .collect()
}

/// Cuts the parts of a line so that together they fit, with most room for what is marked.
fn cut(before: &mut Vec<char>, marked: &mut Vec<char>, after: &mut Vec<char>) {
    if width(before) + width(marked) + width(after) <= WIDTH {
        return;
    }
    if width(marked) > WIDTH * 2 / 3 {
        keep_head(marked, WIDTH * 2 / 3);
        after.clear();
    }
    let room = WIDTH.saturating_sub(width(marked));
    let for_after = width(after).min(room / 2);
    let for_before = width(before).min(room - for_after);
    if width(before) > for_before {
        before.reverse();
        keep_head(before, for_before);
        before.reverse();
    }
    if width(after) > room - for_before {
        keep_head(after, room - for_before);
    }
}

/// Keeps so much of the beginning that it takes `room` cells with the sign that the rest is cut.
fn keep_head(part: &mut Vec<char>, room: usize) {
    let mut taken = width(part);
    while taken + 1 > room
        && let Some(last) = part.pop()
    {
        taken -= width(&[last]);
    }
    part.push(CUT);
}

fn width(part: &[char]) -> usize {
    part.iter()
        .map(|&c| if c == '\t' { TAB } else { cells(c) })
        .sum()
}

/// How many cells of a terminal a character takes as it is shown; a tab none, as its place decides.
fn cells(c: char) -> usize {
    if matches!(c, ' '..='~') {
        return 1;
    }
    shown(c).width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line and its marks, for the span of the first `<<...>>` in a text, whose brackets are taken out.
    fn check(text: &str, line: &str, marks: &str) {
        let start = text.find("<<").expect("a span");
        let end = text.find(">>").expect("a span") - 2;
        let text = text.replacen("<<", "", 1).replacen(">>", "", 1);
        let index = |at| u32::try_from(at).expect("short");
        let span = Span {
            start: index(start),
            end: index(end),
        };
        let found = excerpt(&text, span);
        assert_eq!(found.line, line);
        assert_eq!(found.padding + &"^".repeat(found.marks), marks);
    }

    #[test]
    fn marks_stand_below_their_place() {
        check("a\n<P><</x>></P>\nb", "<P>/x</P>", "   ^^");
        check("<<>>", "", "^");
        check("\u{FEFF}<P><</x>></P>", "<P>/x</P>", "   ^^");
        check("<P><</x>>\r\n", "<P>/x", "   ^^");
        check("<P><</x\r\ny>>", "<P>/x", "   ^^");
        check("\t<P>\t<</x>></P>", "\t<P>\t/x</P>", "\t   \t^^");
        check(
            "<Say>もしもし<<&こ>></Say>",
            "<Say>もしもし&こ</Say>",
            "             ^^^",
        );
        check("か\u{3099}<<ｶ>>", "か\u{3099}ｶ", "  ^");
        check("\x1b[31m<<x\x07>>", "␛[31mx␇", "     ^^");
    }

    #[test]
    fn a_long_line_is_cut_around_its_marks() {
        let long = format!("{}<</x>>{}", "ab".repeat(5000), "cd".repeat(5000));
        let line = format!("…{}/x{}…", "ab".repeat(24), "cd".repeat(24));
        check(&long, &line, &format!("{}^^", " ".repeat(49)));
        let long = format!("<P><<{}>>{}", "あ".repeat(5000), "c".repeat(5000));
        let line = format!("<P>{}…", "あ".repeat(32));
        check(&long, &line, &format!("   {}", "^".repeat(65)));
        let long = format!("<P><</x>>{}", "c".repeat(5000));
        let line = format!("<P>/x{}…", "c".repeat(94));
        check(&long, &line, "   ^^");
    }
}
