//! The commands: one file per subcommand, each with its arguments and `run`.
//!
//! Exit statuses:
//!
//! | status | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | the world failed: a file, a socket, a process |
//! | 2 | wrong usage |
//! | 78 | the configuration is invalid or not to be found (`EX_CONFIG` of sysexits.h) |

mod check;
mod demo;
mod doctor;
mod init;
mod journal;
mod oncall;
mod plan;
mod provider;
mod replay;
mod serve;
mod table;
mod test_call;

use std::{
    ffi::OsString,
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    alert::GroupName,
    config::{self, Config, ConfigErrors, Group, NotFound},
};

#[derive(Debug, Parser)]
#[command(
    name = "rinban",
    version,
    about,
    after_help = "Exit status: 0 done, 1 the world failed, 2 wrong usage, 78 the configuration is invalid."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show one night on call: no account, no configuration, no real phone
    Demo(demo::Args),
    /// Write a configuration that works with the simulated network as it stands
    Init(init::Args),
    /// Check the configuration, and say who is on call now
    Check(check::Args),
    /// Show who is called in which order
    Oncall(oncall::Args),
    /// Show the shifts to come
    Plan(plan::Args),
    /// Run the core: take events, call people, answer webhooks
    Serve(serve::Args),
    /// Show what an escalation saw and decided, or list the last ones
    Journal(journal::Args),
    /// Page people through the whole chain to see that it works; the alert is closed in the end
    TestCall(test_call::Args),
    /// Check everything that an alert needs on its way to a phone, and say what to do; calls nobody
    Doctor(doctor::Args),
    /// Show how the carriers stand, and switch, weigh or probe them by hand
    Provider(provider::Args),
    /// Fold a journal again and compare with the stored state
    Replay(replay::Args),
}

impl Command {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Demo(args) => demo::run(&args, out),
            Self::Init(args) => init::run(args, out),
            Self::Check(args) => check::run(args, out),
            Self::Oncall(args) => oncall::run(args, out),
            Self::Plan(args) => plan::run(args, out),
            Self::Serve(args) => serve::run(&args, out),
            Self::Journal(args) => journal::run(&args, out),
            Self::Replay(args) => replay::run(&args, out),
            Self::Provider(args) => provider::run(&args, out),
            Self::Doctor(args) => doctor::run(&args, out),
            Self::TestCall(args) => test_call::run(&args, out),
        }
    }
}

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// There is no configuration.
    #[error(transparent)]
    NoConfig(#[from] NotFound),
    /// The command line asks for what is not there.
    #[error("{0}")]
    Usage(String),
    /// The command's own output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// Anything else outside this process.
    #[error("{0}")]
    World(String),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            // Whoever reads has read enough, as in `rinban plan | head`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) | Self::World(_) => 1,
            Self::Usage(_) => 2,
            Self::Config(_) | Self::NoConfig(_) => 78,
        }
    }
}

/// Runs the command that the arguments name, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with status 0.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    match cli.command.run(&mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let status = failure.status();
            if status != 0 {
                eprintln!("{failure}");
            }
            ExitCode::from(status)
        }
    }
}

/// Which configuration.
#[derive(Debug, Args)]
struct ConfigArg {
    /// The configuration file [default: $RINBAN_CONFIG, rinban.toml beside this program, /etc/rinban/rinban.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArg {
    fn load(&self) -> Result<Config, Failure> {
        let path = config::locate(self.config.as_deref())?;
        Ok(Config::load(&path)?)
    }
}

/// Which groups.
#[derive(Debug, Args)]
struct GroupArg {
    /// Only this group [default: all groups]
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
}

impl GroupArg {
    fn of<'c>(&self, config: &'c Config) -> Result<Vec<(&'c GroupName, &'c Group)>, Failure> {
        let Some(name) = self.group.as_deref() else {
            return Ok(config.groups.iter().collect());
        };
        let found = config.groups.get_key_value(name).map(|group| vec![group]);
        found.ok_or_else(|| {
            let known = config.groups.keys().map(GroupName::as_str);
            Failure::Usage(format!(
                "there is no group {name:?}; {}",
                config::one_of(name, known)
            ))
        })
    }
}

/// Where the core of this host is reached from this host.
fn own_address(config: &Config) -> SocketAddr {
    let mut address = config.server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.is_ipv4() {
            true => Ipv4Addr::LOCALHOST.into(),
            false => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// An instant that the command line gives, in the group's zone unless it says otherwise.
fn moment(option: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    config::moment::parse(text, zone).map_err(|error| Failure::Usage(format!("{option}: {error}")))
}

/// An instant for people to read, without its zone.
fn civil(instant: Timestamp, zone: &TimeZone) -> String {
    let zoned = instant.to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%d %a %H:%M").to_string()
}

fn warn(warnings: impl IntoIterator<Item = String>) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
