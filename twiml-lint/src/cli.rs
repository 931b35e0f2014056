//! The command: from arguments to files, from files to findings, from findings to a report and an exit status.
//!
//! Exit statuses:
//!
//! | status | meaning |
//! |---|---|
//! | 0 | clean: no finding of the level of `--fail-on` or above; under `--diff`, nothing to change |
//! | 1 | findings; under `--diff`, a difference |
//! | 2 | wrong usage or configuration, a file that cannot be read or written, or nothing to check |

mod bytes;
mod check;
mod config;
mod find;
mod flags;
mod layer;
mod places;
mod report;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use flags::Flags;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Clean,
    Findings,
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
        })
    }
}

/// Why the command cannot do its work at all.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error(transparent)]
    Setting(#[from] twiml_lint::SettingError),
    #[error("--exclude: {0}")]
    Exclude(String),
    #[error("the current directory is gone: {0}; change to one that exists")]
    NoFolder(io::Error),
    #[error("there is nothing to check: {0}; name the files, or say --allow-empty")]
    Nothing(String),
    #[error("cannot write {0}: {1}")]
    Output(String, io::Error),
}

/// Runs the command.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let flags = match Flags::try_parse_from(arguments) {
        Ok(flags) => flags,
        Err(error) => {
            // Help that nobody reads is no failure.
            _ = error.print();
            let exit = if error.use_stderr() { Exit::Failed } else { Exit::Clean };
            return exit.into();
        }
    };
    let exit = lint(&flags).unwrap_or_else(|failure| {
        complain(&failure.to_string());
        Exit::Failed
    });
    exit.into()
}

/// Says on standard error what hinders.
fn complain(what: &str) {
    // There is nowhere left to say that standard error is closed.
    _ = writeln!(io::stderr(), "twiml-lint: {}", report::visible(what));
}

/// Looks at the files and reports.
fn lint(flags: &Flags) -> Result<Exit, Failure> {
    let configs = config::Configs::new(flags.config.as_deref(), flags.no_config)?;
    let found = find::targets(flags, &configs)?;
    let work = check::Work::new(&found.targets, &flags.rules.layer())?;
    let outcome = work.look();
    let run = report::Run { files: &outcome.files, troubles: &outcome.troubles, tally: report::Tally::of(&outcome.files), max_findings: flags.max_findings, quiet: flags.quiet, styles: report::Styles::default() };
    report::write(flags.format, &run, &mut io::stdout().lock()).map_err(|e| Failure::Output("stdout".into(), e))?;
    Ok(if outcome.files.iter().any(|f| !f.findings().is_empty()) { Exit::Findings } else { Exit::Clean })
}
