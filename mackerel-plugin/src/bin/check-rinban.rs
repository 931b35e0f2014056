//! The command `check-rinban`: the check alone, without the core, for an installation from the sources.

use std::process::ExitCode;

fn main() -> ExitCode {
    mackerel_plugin::check::run(std::env::args_os().skip(1))
}
