//! The command `mackerel-plugin-rinban`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mackerel_plugin::run::run(std::env::args_os())
}
