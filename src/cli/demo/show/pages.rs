//! What stands before and after the night.

use std::io;

use super::Show;
use crate::cli::demo::{
    judge::Account,
    row::{Row, Tone},
};

impl Show<'_> {
    /// What this is, and who is on call.
    pub(in crate::cli::demo) fn introduce(&mut self) -> io::Result<()> {
        let words = self.words;
        let mut rows = vec![
            Row::new(),
            Row::new()
                .to(2)
                .with(Tone::Strong, words.title())
                .with(Tone::Faint, format!("  {}", words.subtitle())),
            Row::new(),
        ];
        rows.extend(self.paragraph(words.introduction()));
        rows.push(Row::new());
        let mut on_call = Row::new().to(2).with(Tone::Plain, words.on_call());
        for (at, person) in self.cast.people.iter().enumerate() {
            on_call = on_call
                .with(Tone::Faint, format!("  {} ", at + 1))
                .with(Tone::Strong, person.name.as_str());
        }
        if self.runs_by_itself {
            let time_runs = format!("   {}", words.time_runs(self.pace.speed));
            rows.push(on_call.with(Tone::Faint, time_runs));
        } else {
            rows.push(on_call);
            rows.extend(self.paragraph(words.you_are_all()));
        }
        rows.push(Row::new());
        self.screen.print(&rows)
    }

    /// What the night came to, and what to do next.
    pub(in crate::cli::demo) fn summarize(&mut self, account: &Account) -> io::Result<()> {
        let words = self.words;
        let taken = account
            .taken
            .first()
            .map(|(by, at)| (by.as_str(), self.night.seconds(self.night.began, *at)));
        let lines = [
            words.summary_calls(account.calls.len(), taken),
            words.summary_silence(taken.is_some()).to_owned(),
            words.summary_journal(account.entries),
        ];
        let mut rows: Vec<_> = lines
            .into_iter()
            .map(|line| {
                Row::new()
                    .to(2)
                    .with(Tone::Good, "✓ ")
                    .with(Tone::Plain, line)
            })
            .collect();
        rows.push(Row::new());
        for (at, (command, what)) in words.next_steps().into_iter().enumerate() {
            let heading = if at == 0 { words.next_heading() } else { "" };
            rows.push(
                Row::new()
                    .to(2)
                    .with(Tone::Plain, heading)
                    .to(9)
                    .with(Tone::Strong, command)
                    .to(23)
                    .with(Tone::Plain, what),
            );
        }
        rows.push(Row::new());
        self.screen.print(&rows)
    }
}
