//! How findings are written: one file per format.

mod checkstyle;
mod concise;
mod excerpt;
mod github;
mod json;
mod junit;
mod parts;
mod sarif;
mod style;
mod summary;
mod text;
mod visible;
mod xml;

use std::io::{self, Write};

use twiml_lint::{Finding, Level, Position, Related, Span};

use super::{check::File, flags::Format};

pub(crate) use style::Styles;
pub(crate) use summary::{Tally, plural};
pub(crate) use visible::visible;

/// What a report is about.
#[derive(Debug)]
pub(crate) struct Run<'r> {
    pub(crate) files: &'r [File<'r>],
    /// What could not be read, and why.
    pub(crate) troubles: &'r [String],
    pub(crate) tally: Tally,
    /// How many findings of a file are shown.
    pub(crate) max_findings: usize,
    /// Findings only.
    pub(crate) quiet: bool,
    pub(crate) styles: Styles,
}

/// A finding with its file and place.
#[derive(Clone, Copy, Debug)]
struct Seen<'r> {
    file: &'r File<'r>,
    finding: &'r Finding,
    start: Position,
    /// Behind its last character.
    end: Position,
}

/// Writes the report.
pub(crate) fn write(format: Format, run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(run, out),
        Format::Concise => concise::write(run, out),
        Format::Json => json::write(run, out),
        Format::Sarif => sarif::write(run, out),
        Format::Github => github::write(run, out),
        Format::Junit => junit::write(run, out),
        Format::Checkstyle => checkstyle::write(run, out),
    }
}

/// The list of rules as JSON.
pub(crate) fn rules_as_json(out: &mut dyn Write) -> io::Result<()> {
    json::rules(out)
}

impl<'r> Run<'r> {
    /// The findings of a file that are shown.
    fn seen(&self, file: &'r File<'r>) -> impl Iterator<Item = Seen<'r>> {
        file.findings()
            .iter()
            .take(self.max_findings)
            .map(move |finding| Seen {
                file,
                finding,
                start: file.position(finding.span.start),
                end: file.position(finding.span.end),
            })
    }

    /// All findings that are shown.
    fn all(&self) -> impl Iterator<Item = Seen<'r>> {
        self.files.iter().flat_map(|file| self.seen(file))
    }

    /// Says of which files not all findings are shown.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = String> {
        self.files.iter().filter_map(|file| {
            let hidden = file.findings().len().saturating_sub(self.max_findings);
            let (name, limit) = (visible(file.name()), self.max_findings);
            let are = if hidden == 1 {
                "finding is"
            } else {
                "findings are"
            };
            (hidden > 0)
                .then(|| format!("{name}: {hidden} more {are} not shown (--max-findings {limit})"))
        })
    }

    /// The file of a place that belongs to a finding in `file`.
    fn file_of(&self, related: &Related, file: &'r File<'r>) -> &'r File<'r> {
        let other = related.file.and_then(|index| self.files.get(index));
        other.unwrap_or(file)
    }
}

/// Offsets of a span in the file; none if its encoding makes them others than in the text.
fn bytes(file: &File<'_>, span: Span) -> Option<(u32, u32)> {
    file.report.is_utf8().then_some((span.start, span.end))
}

/// Where the page of a rule lies in the repository.
fn page(code: &str) -> String {
    format!("twiml-lint/docs/{code}.md")
}

/// The levels of findings, gravest first.
const LEVELS: [Level; 3] = [Level::Error, Level::Warning, Level::Info];
