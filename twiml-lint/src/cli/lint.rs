//! One run: look, mend if that is wanted, report.

use std::{
    fs,
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
};

use super::{
    Exit, Failure,
    baseline::{self, Baseline},
    check::{Outcome, Work},
    complain, config, diff, find,
    find::{Origin, Target},
    fix::{self, Mended},
    flags::{Flags, Format},
    report::{self, Run, Styles, Tally, plural},
};

/// Looks at the files and reports.
pub(super) fn lint(flags: &Flags) -> Result<Exit, Failure> {
    let configs = config::Configs::new(flags.config.as_deref(), flags.no_config)?;
    let baseline = flags.baseline.as_deref().map(Baseline::read).transpose()?;
    let found = find::targets(flags, &configs)?;
    for trouble in &found.troubles {
        complain(trouble);
    }
    if found.targets.is_empty() && found.troubles.is_empty() && !flags.allow_empty {
        return Err(Failure::Nothing("no file matches".to_owned()));
    }
    let mut work = Work::new(&found.targets, &flags.rules.layer())?;
    work.keeps_texts = flags.fix || flags.diff;
    let baseline = baseline.as_ref();
    let mended = if flags.fix || flags.diff {
        fix::mend(&mut work, |work| look(work, baseline))
    } else {
        Mended::default()
    };
    let outcome = look(&work, baseline);
    for trouble in outcome.troubles.iter().chain(&mended.refusals) {
        complain(trouble);
    }
    if outcome.files.is_empty() && outcome.not_twiml > 0 && !flags.allow_empty {
        let what = format!("of {}, none is TwiML", plural(outcome.not_twiml, "file"));
        return Err(Failure::Nothing(what));
    }
    let has_trouble = !(found.troubles.is_empty() && outcome.troubles.is_empty());
    let exit = conclude(flags, &found.targets, &work, &outcome, &mended)?;
    Ok(if has_trouble { Exit::Failed } else { exit })
}

/// Looks at all files, past what is recorded.
fn look<'t>(work: &Work<'t>, baseline: Option<&Baseline>) -> Outcome<'t> {
    let mut outcome = work.look();
    if let Some(baseline) = baseline {
        outcome.gone = baseline.apply(&mut outcome.files);
    }
    outcome
}

/// Writes what the options want to have written.
fn conclude(
    flags: &Flags,
    targets: &[Target],
    work: &Work<'_>,
    outcome: &Outcome<'_>,
    mended: &Mended,
) -> Result<Exit, Failure> {
    if let Some(path) = &flags.write_baseline {
        let recorded = baseline::write(path, &outcome.files)?;
        if !flags.quiet {
            complain(&format!("{} recorded", plural(recorded, "finding")));
        }
        return Ok(Exit::Clean);
    }
    if flags.diff {
        return show_diff(flags, targets, outcome, mended);
    }
    let mends_stdin = flags.fix && targets.iter().any(|target| target.origin == Origin::Stdin);
    if flags.fix {
        write_fixes(targets, work, mended)?;
    }
    report(flags, outcome, mended, mends_stdin)?;
    let levels = outcome.files.iter().flat_map(|file| file.findings());
    let fails = levels
        .into_iter()
        .any(|finding| flags.fail_on.counts(finding.level));
    Ok(if fails { Exit::Findings } else { Exit::Clean })
}

fn report(
    flags: &Flags,
    outcome: &Outcome<'_>,
    mended: &Mended,
    mends_stdin: bool,
) -> Result<(), Failure> {
    let tally = Tally {
        fixed: mended.fixed,
        not_twiml: outcome.not_twiml,
        gone: outcome.gone,
        ..Tally::of(&outcome.files)
    };
    let write = |styles: Styles, out: &mut dyn Write| {
        let run = Run {
            files: &outcome.files,
            troubles: &outcome.troubles,
            tally,
            max_findings: flags.max_findings,
            quiet: flags.quiet,
            styles,
        };
        report::write(flags.format, &run, out)?;
        if flags.format != Format::Text {
            run.hidden().for_each(|line| complain(&line));
        }
        Ok(())
    };
    to_sink(flags, mends_stdin, |styles, _, out| write(styles, out))?;
    if flags.output.is_some() && !flags.quiet {
        complain(&tally.summary());
    }
    Ok(())
}

/// Puts mended files in place; mended standard input goes to standard output, changed or not.
fn write_fixes(targets: &[Target], work: &Work<'_>, mended: &Mended) -> Result<(), Failure> {
    for (&index, change) in &mended.changes {
        let target = &targets[index];
        if target.origin != Origin::Stdin {
            fix::replace(&target.path, &change.bytes)
                .map_err(|error| Failure::Output(target.shown.clone(), error))?;
        }
    }
    let Some(text) = work.stdin() else {
        return Ok(());
    };
    let mut out = io::stdout().lock();
    let written = out.write_all(text).and_then(|()| out.flush());
    quiet_if_closed(written).map_err(|error| Failure::Output("standard output".to_owned(), error))
}

fn show_diff(
    flags: &Flags,
    targets: &[Target],
    outcome: &Outcome<'_>,
    mended: &Mended,
) -> Result<Exit, Failure> {
    to_sink(flags, false, |styles, is_terminal, out| {
        for (&index, change) in &mended.changes {
            diff::write(&targets[index].shown, change, styles, is_terminal, out)?;
        }
        Ok(())
    })?;
    if !flags.quiet {
        let left: usize = outcome.files.iter().map(|file| file.findings().len()).sum();
        complain(&format!(
            "{} would be fixed in {}, {} would be left",
            plural(mended.fixed, "finding"),
            plural(mended.changes.len(), "file"),
            plural(left, "finding")
        ));
    }
    let is_same = mended.changes.is_empty();
    Ok(if is_same { Exit::Clean } else { Exit::Findings })
}

/// Writes to where the report goes: a file, standard output, or standard error while standard output carries a document.
fn to_sink(
    flags: &Flags,
    to_stderr: bool,
    write: impl FnOnce(Styles, bool, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let written = |is_terminal: bool, sink: &mut dyn Write| {
        let mut sink = BufWriter::new(sink);
        let styles = Styles::new(flags.color, is_terminal);
        write(styles, is_terminal, &mut sink).and_then(|()| sink.flush())
    };
    let (name, result) = match &flags.output {
        Some(path) => (
            path.display().to_string(),
            to_file(path, |file| written(false, file)),
        ),
        None if to_stderr => {
            let mut stderr = io::stderr().lock();
            (
                "standard error".to_owned(),
                written(stderr.is_terminal(), &mut stderr),
            )
        }
        None => {
            let mut stdout = io::stdout().lock();
            (
                "standard output".to_owned(),
                written(stdout.is_terminal(), &mut stdout),
            )
        }
    };
    quiet_if_closed(result).map_err(|error| Failure::Output(name, error))
}

fn to_file(path: &Path, write: impl FnOnce(&mut fs::File) -> io::Result<()>) -> io::Result<()> {
    write(&mut fs::File::create(path)?)
}

/// Who stops reading a report has seen enough.
pub(super) fn quiet_if_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
