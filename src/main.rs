//! The command `rinban`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rinban::cli::run(std::env::args_os())
}
