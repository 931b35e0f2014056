//! The command `zabbix-alertscript`.

use std::process::ExitCode;

fn main() -> ExitCode {
    zabbix_alertscript::run::run(std::env::args_os())
}
