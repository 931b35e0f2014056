//! The command: from arguments to files, from files to findings, from findings to a report and an exit status.
//!
//! Exit statuses:
//!
//! | status | meaning |
//! |---|---|
//! | 0 | clean: no finding of the level of `--fail-on` or above; under `--diff`, nothing to change |
//! | 1 | findings; under `--diff`, a difference |
//! | 2 | wrong usage or configuration, a file that cannot be read or written, or nothing to check |

mod baseline;
mod bytes;
mod check;
mod config;
mod diff;
mod explain;
mod find;
mod fingerprint;
mod fix;
mod flags;
mod layer;
mod lint;
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
    #[error(transparent)]
    Baseline(#[from] baseline::BaselineError),
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
            let exit = if error.use_stderr() {
                Exit::Failed
            } else {
                Exit::Clean
            };
            return exit.into();
        }
    };
    let exit = dispatch(&flags).unwrap_or_else(|failure| {
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

fn dispatch(flags: &Flags) -> Result<Exit, Failure> {
    if !flags.explain.is_empty() {
        explain::explain(&flags.explain)
    } else if flags.list_rules {
        explain::list(flags.format)
    } else {
        lint::lint(flags)
    }
}
