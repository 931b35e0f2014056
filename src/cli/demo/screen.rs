//! The terminal: lines that stay, and below them a few that are drawn again and again.
//!
//! Where nothing can be drawn again (a pipe, a file), only the lines that stay are written.

use std::io::{self, Write};

use crossterm::{
    cursor, queue,
    terminal::{self, Clear, ClearType},
};

use super::row::{Row, Tone};

/// Wider lines are hard to read, and the drawing is made for this width.
const WIDEST: usize = 80;

/// What is written to.
pub(super) struct Screen<'o> {
    out: &'o mut dyn Write,
    /// Whether escape sequences for colours are written.
    colours: bool,
    /// Whether lines are drawn again in place.
    moves: bool,
    /// Whether the terminal is in raw mode, in which a line feed does not return to the first column.
    raw: bool,
    /// How many lines are drawn below the ones that stay.
    drawn: usize,
    /// How many of the lines that change have been let go, since the terminal is not high enough for all of them.
    let_go: usize,
}

impl std::fmt::Debug for Screen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl<'o> Screen<'o> {
    /// Writes plain lines, in colours or not.
    pub(super) fn new(out: &'o mut dyn Write, colours: bool) -> Self {
        Self {
            out,
            colours,
            moves: false,
            raw: false,
            drawn: 0,
            let_go: 0,
        }
    }

    /// Draws in place from here on, with the cursor hidden.
    pub(super) fn animate(&mut self, raw: bool) -> io::Result<()> {
        self.moves = true;
        self.raw = raw;
        queue!(&mut self.out, cursor::Hide)?;
        self.out.flush()
    }

    /// Whether lines are drawn again in place.
    pub(super) fn is_animated(&self) -> bool {
        self.moves
    }

    /// Writes lines that stay, in place of what changes.
    pub(super) fn print(&mut self, rows: &[Row]) -> io::Result<()> {
        self.rewind()?;
        for row in rows.iter().skip(self.let_go) {
            self.line(row)?;
        }
        self.let_go = 0;
        self.finish()
    }

    /// Draws lines that may change: `card` becomes lines that stay with the next [`Self::print`], `status` never does.
    pub(super) fn draw(&mut self, card: &[Row], status: &[Row]) -> io::Result<()> {
        if !self.moves {
            return Ok(());
        }
        self.rewind()?;
        let (_, height) = self.size();
        // One line is left for the cursor.
        let room = height.saturating_sub(status.len() + 1).max(1);
        let first = self.let_go.max(card.len().saturating_sub(room));
        for row in card.iter().take(first).skip(self.let_go) {
            self.line(row)?;
        }
        self.let_go = first;
        for row in card.iter().skip(first).chain(status) {
            self.line(row)?;
            self.drawn += 1;
        }
        self.finish()
    }

    /// Back to the first of the lines that change.
    fn rewind(&mut self) -> io::Result<()> {
        if self.moves {
            queue!(&mut self.out, terminal::BeginSynchronizedUpdate)?;
        }
        if self.drawn > 0 {
            let up = u16::try_from(self.drawn).unwrap_or(u16::MAX);
            queue!(&mut self.out, cursor::MoveToPreviousLine(up))?;
            self.drawn = 0;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.moves {
            queue!(
                &mut self.out,
                Clear(ClearType::FromCursorDown),
                terminal::EndSynchronizedUpdate
            )?;
        }
        self.out.flush()
    }

    fn line(&mut self, row: &Row) -> io::Result<()> {
        let row = if self.moves {
            // Some terminals break a line that reaches the last column.
            row.clone().cut(self.width() - 1)
        } else {
            row.clone()
        };
        let mut text = String::new();
        for (tone, piece) in &row.0 {
            if self.colours && *tone != Tone::Plain && !piece.is_empty() {
                text.push_str(&format!("\x1b[{}m{piece}\x1b[0m", tone.sgr()));
            } else {
                text.push_str(piece);
            }
        }
        let text = if self.colours { &text } else { text.trim_end() };
        self.out.write_all(text.as_bytes())?;
        if self.moves {
            queue!(&mut self.out, Clear(ClearType::UntilNewLine))?;
        }
        self.out.write_all(if self.raw { b"\r\n" } else { b"\n" })
    }

    /// Columns of a line: those of the terminal, if it is not wider than what the drawing is made for.
    pub(super) fn width(&self) -> usize {
        self.size().0.clamp(2, WIDEST)
    }

    /// Columns and lines; a terminal that does not know, such as one behind a serial line, says 0.
    fn size(&self) -> (usize, usize) {
        let told = self.moves.then(terminal::size).and_then(Result::ok);
        let known = told.filter(|(columns, lines)| *columns > 0 && *lines > 0);
        known.map_or((WIDEST, 24), |(columns, lines)| {
            (columns.into(), lines.into())
        })
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        if self.moves {
            // The last lines that change are no use any more. There is nobody to tell that this failed.
            let _ = self
                .rewind()
                .and_then(|()| self.finish())
                .and_then(|()| queue!(&mut self.out, cursor::Show))
                .and_then(|()| self.out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_only_lines_that_stay_are_written_and_no_escape_sequence() {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, false);
        let row = |text: &str| Row::new().with(Tone::Bad, text).to(20);
        screen
            .draw(&[row("rings")], &[row("5 s left")])
            .expect("drawn");
        screen.print(&[row("busy")]).expect("printed");
        drop(screen);
        assert_eq!(String::from_utf8(out).expect("UTF-8"), "busy\n");
    }

    #[test]
    fn colours_are_escape_sequences_that_end_with_their_piece() {
        let mut out = Vec::new();
        let row = Row::new().with(Tone::Bad, "no").with(Tone::Plain, " yes");
        Screen::new(&mut out, true).print(&[row]).expect("printed");
        assert_eq!(out, b"\x1b[1;31mno\x1b[0m yes\n");
    }
}
