//! The report for a terminal, and what `--list` and `--explain` print.

use std::io::{self, Write};

use super::{CaseResult, Outcome, Report, Target};
use crate::run::{
    case::{Case, Grade},
    cases::FAMILIES,
};

/// One line for a case that was played.
///
/// # Errors
/// Nobody reads it.
pub fn write_case(case: &CaseResult, out: &mut dyn Write) -> io::Result<()> {
    let id = &case.id;
    match case.outcome {
        Outcome::Passed => writeln!(out, "  ok    {id}"),
        Outcome::Skipped => writeln!(
            out,
            "  skip  {id}: {}",
            case.reason.as_deref().unwrap_or_default()
        ),
        Outcome::Failed => writeln!(out, "  FAIL  {id} ({})", case.grade.name()),
    }
}

/// Everything about the cases that failed.
///
/// # Errors
/// Nobody reads it.
pub fn write_failures(target: &Target, out: &mut dyn Write) -> io::Result<()> {
    for case in &target.cases {
        let Some(failure) = &case.failure else {
            continue;
        };
        writeln!(out, "\n{} ({})", case.id, case.grade.name())?;
        field(out, "required", &case.requirement)?;
        field(out, "why", &case.why)?;
        field(out, "source", &case.source)?;
        for (name, value) in [
            ("what", &failure.detail),
            ("signed", &failure.signed_string),
            ("request", &failure.curl),
            ("expected", &Some(failure.expected.clone())),
            ("actual", &Some(failure.actual.clone())),
        ] {
            if let Some(value) = value {
                field(out, name, value)?;
            }
        }
    }
    Ok(())
}

/// Control characters are shown as escapes: what a handler replies must not steer the terminal.
fn field(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    let mut shown = String::new();
    for c in value.chars() {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    writeln!(out, "  {name:<9} {shown}")
}

/// How many cases went how.
///
/// # Errors
/// Nobody reads it.
pub fn write_summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for target in &report.targets {
        let counts = target.counts();
        writeln!(
            out,
            "{}: {} passed, {} failed ({} MUST, {} SHOULD), {} skipped, in {:.1} s (seed {})",
            target.name,
            counts.passed,
            counts.must_failed + counts.should_failed,
            counts.must_failed,
            counts.should_failed,
            counts.skipped,
            target.duration_ms as f64 / 1e3,
            report.seed,
        )?;
        let failed_plain = target
            .cases
            .iter()
            .any(|case| case.id == "sig/plain" && case.outcome == Outcome::Failed);
        if failed_plain {
            writeln!(
                out,
                "hint: even a plain request is not accepted. Is it the handler's own token, and is its address the one that it verifies \
                 with (--public-url)?"
            )?;
        }
    }
    Ok(())
}

/// The cases, one a line.
///
/// # Errors
/// Nobody reads it.
pub fn list(cases: &[&Case], out: &mut dyn Write) -> io::Result<()> {
    for (family, about) in FAMILIES {
        let mut of_family = cases
            .iter()
            .filter(|case| case.family() == family)
            .peekable();
        if of_family.peek().is_some() {
            writeln!(out, "{family}: {about}")?;
        }
        for case in of_family {
            let grade = match case.grade {
                Grade::Must => "",
                Grade::Should => " (SHOULD)",
            };
            writeln!(out, "  {:<28} {}{grade}", case.id, case.requirement)?;
        }
    }
    Ok(())
}

/// All about cases, as Markdown.
///
/// # Errors
/// Nobody reads it.
pub fn explain(cases: &[&Case], out: &mut dyn Write) -> io::Result<()> {
    for (number, case) in cases.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "## {}", case.id)?;
        writeln!(out, "\n**{}**: {}", case.grade.name(), case.requirement)?;
        writeln!(out, "\n{}", case.why)?;
        writeln!(out, "\nSource: {}.", case.source)?;
    }
    Ok(())
}
