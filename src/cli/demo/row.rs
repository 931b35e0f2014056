//! Lines for the terminal: pieces of text with a tone, measured in columns, of which Japanese takes two per character.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a piece of text looks; on a terminal without colours all look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it comes.
    Plain,
    /// What can be passed over.
    Faint,
    /// Names and headings.
    Strong,
    /// The alert, and what did not work.
    Bad,
    /// What worked.
    Good,
    /// A phone that rings.
    Ring,
    /// What a phone says.
    Speech,
    /// What a chat channel is told.
    Channel,
}

impl Tone {
    /// The parameters of the terminal's SGR sequence (ECMA-48, 8.3.117).
    pub(super) fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Faint => "2",
            Self::Strong => "1",
            Self::Bad => "1;31",
            Self::Good => "1;32",
            Self::Ring => "1;33",
            Self::Speech => "36",
            Self::Channel => "35",
        }
    }
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row(pub(super) Vec<(Tone, String)>);

impl Row {
    /// An empty line.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a piece.
    #[must_use]
    pub(super) fn with(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    /// Fills up with blanks to a column.
    #[must_use]
    pub(super) fn to(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        self.with(Tone::Plain, " ".repeat(missing))
    }

    /// Adds another line's pieces.
    #[must_use]
    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Columns that it takes.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Without what lies beyond a column, so that no terminal breaks it into two.
    #[must_use]
    pub(super) fn cut(self, columns: usize) -> Self {
        let mut left = columns;
        let mut pieces = Vec::new();
        for (tone, text) in self.0 {
            let kept: String = text
                .chars()
                .take_while(|c| {
                    let width = c.width().unwrap_or(0);
                    let fits = width <= left;
                    left = if fits { left - width } else { 0 };
                    fits
                })
                .collect();
            pieces.push((tone, kept));
        }
        Self(pieces)
    }

    /// The text alone.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// Breaks a text into lines of so many columns: between words, and between Japanese characters, but never before a
/// closing mark (JIS X 4051, line start prohibition).
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut gap = false;
    for unit in units(text, columns) {
        if unit == " " {
            gap = true;
            continue;
        }
        let line = lines.last_mut().expect("there is always one");
        let blank = usize::from(gap && !line.is_empty());
        if line.width() + blank + unit.width() <= columns || line.is_empty() {
            line.extend(std::iter::repeat_n(' ', blank));
            line.push_str(&unit);
        } else {
            lines.push(unit);
        }
        gap = false;
    }
    lines
}

/// What stays together: a word, a wide character with the marks around it, or a blank.
fn units(text: &str, columns: usize) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut glued = false;
    for c in text.chars() {
        if c.is_whitespace() {
            units.push(" ".to_owned());
            glued = false;
            continue;
        }
        let is_wide = c.width().unwrap_or(0) > 1;
        let joins = glued || closes(c) || !is_wide;
        match units.last_mut() {
            Some(unit)
                if unit != " "
                    && joins
                    && (glued || closes(c) || !ends_wide(unit))
                    && unit.width() + c.width().unwrap_or(0) <= columns =>
            {
                unit.push(c);
            }
            _ => units.push(c.to_string()),
        }
        glued = opens(c);
    }
    units
}

fn ends_wide(unit: &str) -> bool {
    unit.chars()
        .next_back()
        .is_some_and(|c| c.width().unwrap_or(0) > 1)
}

fn closes(c: char) -> bool {
    "、。，．）」』】！？ー”…".contains(c)
}

fn opens(c: char) -> bool {
    "（「『【“".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, expected: &[&str]) {
        assert_eq!(wrap(text, columns), expected, "{text}");
    }

    #[test]
    fn lines_break_between_words_and_between_japanese_characters() {
        check("Disk 96% full", 80, &["Disk 96% full"]);
        check("Disk 96% full", 8, &["Disk 96%", "full"]);
        check("abcdefgh", 3, &["abc", "def", "gh"]);
        check("緊急のお電話", 6, &["緊急の", "お電話"]);
        check("緊急です。次", 6, &["緊急で", "す。次"]);
        check("緊急です。次", 4, &["緊急", "で", "す。", "次"]);
        check("「はい」と", 6, &["「は", "い」と"]);
        check("ホスト db1 です", 10, &["ホスト db1", "です"]);
        check("", 10, &[""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-c 、。「」あ漢ー“”…]{0,60}", columns in 4_usize..30) {
            let lines = wrap(&text, columns);
            for line in &lines {
                prop_assert!(line.width() <= columns, "{line:?}");
            }
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }

    #[test]
    fn a_row_is_cut_at_a_column_and_no_wide_character_in_half() {
        let row = Row::new()
            .with(Tone::Strong, "電話")
            .with(Tone::Plain, "ab");
        for (columns, expected) in [(9, "電話ab"), (5, "電話a"), (3, "電"), (0, "")] {
            assert_eq!(row.clone().cut(columns).text(), expected);
        }
        assert_eq!(row.to(8).width(), 8);
    }
}
