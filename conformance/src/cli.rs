//! The command line: one subcommand for each of the three games.

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{run, serve, soak, status::Status};

#[derive(Debug, Parser)]
#[command(name = "conformance", version, about, after_help = STATUSES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const STATUSES: &str = "Exit status: 0 passed, 1 something that must hold does not, 2 usage or no case matched, 3 the target \
                        cannot be reached, 4 the suite itself is at fault.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the phone network against a webhook handler
    Run(Box<run::Args>),
    /// Stand in for Twilio's REST API
    Serve(Box<serve::Args>),
    /// Run the core's own logic through millions of calls with faults
    Soak(soak::Args),
}

/// Runs the command, whose name comes first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to read it if this fails.
            let _ = error.print();
            return match error.use_stderr() {
                true => Status::Usage.into(),
                false => Status::Passed.into(),
            };
        }
    };
    match cli.command {
        Command::Run(args) => run::main(*args),
        Command::Serve(args) => serve::main(*args),
        Command::Soak(args) => soak::main(args),
    }
    .into()
}
