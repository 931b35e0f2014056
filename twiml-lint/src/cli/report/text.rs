//! For people: what, where, the line in question, and what to do.

use std::io::{self, Write};

use anstyle::Style;
use twiml_lint::{Position, Span};

use super::{File, Run, Seen, excerpt::excerpt, parts, visible};

pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    parts::write(run.files, out, |file, out| {
        for seen in run.seen(file) {
            headline(run, &seen, out)?;
            if !run.quiet {
                details(run, &seen, out)?;
                writeln!(out)?;
            }
        }
        Ok(())
    })?;
    for line in run.hidden() {
        writeln!(out, "{line}")?;
    }
    if !run.quiet {
        writeln!(out, "{}", run.tally.summary())?;
    }
    Ok(())
}

/// `path:line:column: level[CODE] message`, which editors and CI find by a pattern.
pub(super) fn headline(run: &Run<'_>, seen: &Seen<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (finding, path) = (seen.finding, run.styles.path);
    let style = run.styles.of(finding.level);
    writeln!(
        out,
        "{path}{}:{}:{path:#} {style}{}[{}]{style:#} {}",
        visible(seen.file.name()),
        seen.start,
        finding.level,
        finding.rule.code,
        visible(&finding.message)
    )
}

fn details(run: &Run<'_>, seen: &Seen<'_>, out: &mut dyn Write) -> io::Result<()> {
    let finding = seen.finding;
    let digits = seen.start.line.to_string().len();
    let style = run.styles.of(finding.level);
    quote(
        run,
        seen.file,
        (finding.span, seen.start),
        digits,
        ('^', style),
        out,
    )?;
    let gutter = run.styles.gutter;
    for related in &finding.related {
        let file = run.file_of(related, seen.file);
        let place = file.position(related.span.start);
        let (name, info) = (visible(file.name()), run.styles.info);
        let message = visible(&related.message);
        writeln!(out, "{name}:{place}: {info}note{info:#}: {message}")?;
        let digits = place.line.to_string().len();
        quote(run, file, (related.span, place), digits, ('-', info), out)?;
    }
    let mut note = |name: &str, text: &str| {
        let margin = " ".repeat(digits);
        writeln!(
            out,
            "{margin} {gutter}={gutter:#} {name}: {}",
            visible(text)
        )
    };
    if let Some(help) = &finding.help {
        note("help", help)?;
    }
    if let Some(codes) = codes(finding.rule.twilio) {
        note("note", &format!("Twilio reports it as {codes}"))?;
    }
    Ok(())
}

/// The line of a place behind its number, and marks below.
fn quote(
    run: &Run<'_>,
    file: &File<'_>,
    (span, place): (Span, Position),
    digits: usize,
    (mark, style): (char, Style),
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some((text, offset)) = file.report.around(span.start) else {
        return Ok(());
    };
    let inside = Span {
        start: span.start - offset,
        end: span.end - offset,
    };
    let excerpt = excerpt(text, inside);
    let (gutter, margin) = (run.styles.gutter, " ".repeat(digits));
    let marks = mark.to_string().repeat(excerpt.marks);
    let Position { line: number, .. } = place;
    let (line, padding) = (&excerpt.line, &excerpt.padding);
    writeln!(out, "{margin} {gutter}|{gutter:#}")?;
    writeln!(out, "{gutter}{number} |{gutter:#} {line}")?;
    writeln!(
        out,
        "{margin} {gutter}|{gutter:#} {padding}{style}{marks}{style:#}"
    )
}

/// `error 11100 or 11200`.
fn codes(codes: &[u32]) -> Option<String> {
    let codes: Vec<String> = codes.iter().map(u32::to_string).collect();
    (!codes.is_empty()).then(|| format!("error {}", codes.join(" or ")))
}
