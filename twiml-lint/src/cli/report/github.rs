//! Annotations of GitHub Actions: commands on standard output, as its documentation of workflow commands has them.

use std::io::{self, Write};

use twiml_lint::Level;

use super::Run;

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    for seen in run.all() {
        let finding = seen.finding;
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info | Level::Off => "notice",
        };
        let file = property(seen.file.name());
        write!(out, "::{command} file={file},line={},", seen.start.line)?;
        // A range of columns means something within one line only.
        if seen.start.line == seen.end.line {
            let (from, to) = (seen.start.column, seen.end.column);
            write!(out, "col={from},endColumn={to},")?;
        } else {
            write!(out, "endLine={},", seen.end.line)?;
        }
        let rule = finding.rule;
        let title = property(&format!("{} {}", rule.code, rule.name));
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}"));
        let message = data(&format!("{}{}", finding.message, help.unwrap_or_default()));
        writeln!(out, "title={title}::{message}")?;
    }
    Ok(())
}

/// Escaped as the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escaped as a value before the text.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
