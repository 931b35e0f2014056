//! The report as one page, and as JUnit XML: the model, turned round so that targets stand beside each other, put into a template.

use std::path::Path;

use minijinja::{Environment, Value, context, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use super::{CaseResult, Outcome, Report, Target, WriteError, files::write};
use crate::run::cases::FAMILIES;

/// A family on the page.
#[derive(Debug, Serialize)]
struct Family<'r> {
    name: &'static str,
    about: &'static str,
    rows: Vec<Row<'r>>,
}

/// A case, and how it went at each target.
#[derive(Debug, Serialize)]
struct Row<'r> {
    case: &'r CaseResult,
    cells: Vec<Cell<'r>>,
    has_failed: bool,
}

/// How a case went at one target; nothing where it was not played.
#[derive(Debug, Serialize)]
struct Cell<'r> {
    target: &'r str,
    result: Option<&'r CaseResult>,
}

/// A target at the head of the page.
#[derive(Debug, Serialize)]
struct Head<'r> {
    name: &'r str,
    url: &'r str,
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// A target as a suite.
#[derive(Debug, Serialize)]
struct Suite<'r> {
    name: &'r str,
    tests: usize,
    failures: usize,
    skipped: usize,
    seconds: f64,
    cases: Vec<TestCase<'r>>,
}

/// A case as JUnit knows it.
#[derive(Debug, Serialize)]
struct TestCase<'r> {
    name: &'r str,
    family: &'r str,
    seconds: f64,
    skipped: Option<String>,
    failed: Option<String>,
    text: String,
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.add_template("page.html", include_str!("page/page.html"))?;
    environment.add_template("junit.xml", include_str!("page/junit.xml"))?;
    Ok(environment)
}

/// Writes the page.
///
/// # Errors
/// The file cannot be written.
pub fn html(path: &Path, report: &Report) -> Result<(), WriteError> {
    let heads: Vec<_> = report.targets.iter().map(head).collect();
    let page = environment()?.get_template("page.html")?.render(context! {
        version => report.version.as_str(),
        seed => report.seed,
        targets => Value::from(Serde(&heads)),
        families => Value::from(Serde(families(report))),
    })?;
    write(path, &page)
}

fn head(target: &Target) -> Head<'_> {
    let counts = target.counts();
    Head {
        name: &target.name,
        url: &target.url,
        passed: counts.passed,
        failed: counts.must_failed + counts.should_failed,
        skipped: counts.skipped,
    }
}

fn families(report: &Report) -> Vec<Family<'_>> {
    let mut ids: Vec<&CaseResult> = Vec::new();
    for case in report.targets.iter().flat_map(|target| &target.cases) {
        if !ids.iter().any(|known| known.id == case.id) {
            ids.push(case);
        }
    }
    FAMILIES
        .into_iter()
        .map(|(name, about)| Family {
            name,
            about,
            rows: ids
                .iter()
                .filter(|case| case.id.split('/').next() == Some(name))
                .map(|case| row(report, case))
                .collect(),
        })
        .filter(|family| !family.rows.is_empty())
        .collect()
}

fn row<'r>(report: &'r Report, case: &'r CaseResult) -> Row<'r> {
    let cell = |target: &'r Target| Cell {
        target: &target.name,
        result: target.cases.iter().find(|other| other.id == case.id),
    };
    let cells: Vec<_> = report.targets.iter().map(cell).collect();
    let mut results = cells.iter().filter_map(|cell| cell.result);
    Row {
        case,
        has_failed: results.any(|result| result.outcome == Outcome::Failed),
        cells,
    }
}

/// Writes JUnit XML. A SHOULD that does not hold is told as skipped unless it counts, since readers of this form know no third way.
///
/// # Errors
/// The file cannot be written.
pub fn junit(path: &Path, report: &Report) -> Result<(), WriteError> {
    let suites: Vec<_> = report
        .targets
        .iter()
        .map(|target| suite(target, report.strict))
        .collect();
    let xml = environment()?
        .get_template("junit.xml")?
        .render(context! { suites => Value::from(Serde(&suites)) })?;
    write(path, &visible(&xml))
}

fn suite(target: &Target, strict: bool) -> Suite<'_> {
    let cases: Vec<_> = target
        .cases
        .iter()
        .map(|case| test_case(case, strict))
        .collect();
    Suite {
        name: &target.name,
        tests: cases.len(),
        failures: cases.iter().filter(|case| case.failed.is_some()).count(),
        skipped: cases.iter().filter(|case| case.skipped.is_some()).count(),
        seconds: target.duration_ms as f64 / 1e3,
        cases,
    }
}

fn test_case(case: &CaseResult, strict: bool) -> TestCase<'_> {
    let told = case
        .failure
        .as_ref()
        .map(|failure| format!("expected {}; actual {}", failure.expected, failure.actual));
    let counts = case.counts_as_failed(strict);
    TestCase {
        name: &case.id,
        family: case.id.split('/').next().unwrap_or_default(),
        seconds: case.duration_ms as f64 / 1e3,
        skipped: match counts {
            true => None,
            false => case.reason.clone().or_else(|| {
                told.as_ref()
                    .map(|told| format!("SHOULD, does not hold: {told}"))
            }),
        },
        failed: told.filter(|_| counts),
        text: text(case),
    }
}

fn text(case: &CaseResult) -> String {
    let Some(failure) = &case.failure else {
        return String::new();
    };
    let mut lines = vec![format!("required: {}", case.requirement)];
    for (name, value) in [
        ("what", &failure.detail),
        ("signed", &failure.signed_string),
        ("request", &failure.curl),
    ] {
        lines.extend(value.as_ref().map(|value| format!("{name}: {value}")));
    }
    lines.join("\n")
}

/// What XML cannot hold at all becomes visible.
fn visible(xml: &str) -> String {
    let is_forbidden = |c: char| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    xml.replace(is_forbidden, "\u{FFFD}")
}
