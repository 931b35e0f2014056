//! One JSON object per finding and line. Stable: within one `schema` fields are added, never taken out or changed.

use std::io::{self, Write};

use serde::Serialize;
use twiml_lint::{Edit, RULES, Related, Rule};

use super::{File, Run, Seen, bytes, page};

/// The version of the format.
const SCHEMA: u32 = 1;

/// Where something stands. Lines and columns count from 1, columns by characters; the end is behind the last one. Offsets count
/// bytes of the file, and are missing if it is not UTF-8.
#[derive(Serialize)]
struct Place<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    byte_start: Option<u32>,
    byte_end: Option<u32>,
}

#[derive(Serialize)]
struct Object<'r> {
    schema: u32,
    #[serde(flatten)]
    place: Place<'r>,
    code: &'r str,
    name: &'r str,
    severity: &'r str,
    message: &'r str,
    help: Option<&'r str>,
    twilio_error: &'r [u32],
    url: String,
    related: Vec<Other<'r>>,
    fix: Option<Mending<'r>>,
}

#[derive(Serialize)]
struct Other<'r> {
    #[serde(flatten)]
    place: Place<'r>,
    message: &'r str,
}

#[derive(Serialize)]
struct Mending<'r> {
    edits: Vec<Replacement<'r>>,
}

#[derive(Serialize)]
struct Replacement<'r> {
    #[serde(flatten)]
    place: Place<'r>,
    text: &'r str,
}

#[derive(Serialize)]
struct RuleObject<'r> {
    schema: u32,
    code: &'r str,
    name: &'r str,
    severity: &'r str,
    strict_severity: &'r str,
    summary: &'r str,
    twilio_error: &'r [u32],
    url: String,
}

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    for seen in run.all() {
        line(&object(run, &seen), out)?;
    }
    Ok(())
}

pub(super) fn rules(out: &mut dyn Write) -> io::Result<()> {
    let object = |rule: &&'static Rule| RuleObject {
        schema: SCHEMA,
        code: rule.code,
        name: rule.name,
        severity: rule.level.name(),
        strict_severity: rule.strict.name(),
        summary: rule.summary,
        twilio_error: rule.twilio,
        url: page(rule.code),
    };
    RULES.iter().try_for_each(|rule| line(&object(rule), out))
}

fn line(object: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    writeln!(out)
}

fn object<'r>(run: &Run<'r>, seen: &Seen<'r>) -> Object<'r> {
    let (file, finding) = (seen.file, seen.finding);
    let other = |related: &'r Related| Other {
        place: place(run.file_of(related, file), related.span),
        message: &related.message,
    };
    let replacement = |edit: &'r Edit| Replacement {
        place: place(file, edit.span),
        text: &edit.text,
    };
    Object {
        schema: SCHEMA,
        place: place(file, finding.span),
        code: finding.rule.code,
        name: finding.rule.name,
        severity: finding.level.name(),
        message: &finding.message,
        help: finding.help.as_deref(),
        twilio_error: finding.rule.twilio,
        url: page(finding.rule.code),
        related: finding.related.iter().map(other).collect(),
        fix: finding.fix.as_ref().map(|fix| Mending {
            edits: fix.edits.iter().map(replacement).collect(),
        }),
    }
}

fn place<'r>(file: &'r File<'r>, span: twiml_lint::Span) -> Place<'r> {
    let (start, end) = (file.position(span.start), file.position(span.end));
    let bytes = bytes(file, span);
    Place {
        file: file.name(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        byte_start: bytes.map(|(start, _)| start),
        byte_end: bytes.map(|(_, end)| end),
    }
}
