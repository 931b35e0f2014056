//! JUnit XML: a suite per file, a failure per finding, and one passed case for a file without any.

use std::io::{self, Write};

use super::{File, Run, Seen, plural, xml::escaped};

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let cases: usize = run
        .files
        .iter()
        .map(|file| run.seen(file).count().max(1))
        .sum();
    let failures: usize = run.files.iter().map(|file| run.seen(file).count()).sum();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="twiml-lint" tests="{cases}" failures="{failures}" errors="{}">"#,
        run.troubles.len()
    )?;
    for file in run.files {
        suite(run, file, out)?;
    }
    for trouble in run.troubles {
        unreadable(trouble, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn suite(run: &Run<'_>, file: &File<'_>, out: &mut dyn Write) -> io::Result<()> {
    let name = escaped(file.name());
    let failures = run.seen(file).count();
    let cases = failures.max(1);
    writeln!(
        out,
        r#"  <testsuite name="{name}" tests="{cases}" failures="{failures}" errors="0">"#
    )?;
    if failures == 0 {
        writeln!(
            out,
            r#"    <testcase name="{name}" classname="twiml-lint"/>"#
        )?;
    }
    for seen in run.seen(file) {
        failure(&seen, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn failure(seen: &Seen<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (finding, rule) = (seen.finding, seen.finding.rule);
    let file = escaped(seen.file.name());
    let (code, name, level, place) = (rule.code, rule.name, finding.level, seen.start);
    let message = escaped(&finding.message);
    writeln!(
        out,
        r#"    <testcase name="{code} {name} {file}:{place}" classname="twiml-lint">"#
    )?;
    write!(
        out,
        r#"      <failure type="{level}" message="{message}">{file}:{place}: {message}"#
    )?;
    if let Some(help) = &finding.help {
        write!(out, "\nhelp: {}", escaped(help))?;
    }
    writeln!(out, "</failure>\n    </testcase>")
}

fn unreadable(trouble: &str, out: &mut dyn Write) -> io::Result<()> {
    let message = escaped(trouble);
    let count = plural(1, "file");
    writeln!(
        out,
        r#"  <testsuite name="{message}" tests="1" failures="0" errors="1">
    <testcase name="{count} unread" classname="twiml-lint"><error message="{message}"/></testcase>
  </testsuite>"#
    )
}
