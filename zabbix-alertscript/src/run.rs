//! The rim: reads the command line, hands over, and makes the exit status.
//!
//! Zabbix closes its end of the pipe before it sends SIGTERM, so nothing here relies on being able to write: output
//! that cannot be written is dropped. SIGTERM keeps its default action, which says nothing.

use std::{
    error::Error,
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;
use rinban::{alert::Event, handoff::Settings};

use crate::{
    arguments::{Arguments, Mode},
    check, database, install,
    verdict::{self, Verdict},
};
use rinban::plugin;

/// How a run ends; the whole table of exit statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The event is durable and a core is sure to read it; or nothing is to be handed over and the way is free.
    Accepted = 0,
    /// Not handed over: Zabbix tries again, and shows the line on standard error.
    NotHandedOver = 1,
    /// The command line is wrong.
    Usage = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

const USAGE: &str = include_str!("usage.txt");

/// Zabbix stores the first 2,048 characters of the output with the alert; a line with many causes stays below.
const ERROR_BYTES: usize = 1_800;

/// Runs the command with its arguments, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if runs_the_core(&args) {
        return plugin::run_core(args);
    }
    if is_subcommand(&args, "install") {
        return install::install(args.into_iter().skip(2)).into();
    }
    let arguments = match Arguments::parse(args.into_iter().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => return fail(Status::Usage, &error),
    };
    match arguments.mode {
        Mode::Help => say(USAGE),
        Mode::Version => say(concat!(
            "zabbix-alertscript ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        )),
        Mode::Check => check::check(arguments.config.as_deref()).into(),
        Mode::DryRun => dry_run(&arguments),
        Mode::HandOver if arguments.says_nothing() && io::stdin().is_terminal() => {
            complain(USAGE.trim_end());
            Status::Usage.into()
        }
        Mode::HandOver => hand_over(&arguments),
    }
}

/// Whether this program is to be the core: called `rinban`, or with `serve`.
fn runs_the_core(args: &[OsString]) -> bool {
    let name = args.first().map(Path::new).and_then(Path::file_name);
    name.is_some_and(|name| name == "rinban") || is_subcommand(args, "serve")
}

/// A group that is named like a subcommand is told from it by its subject, which does not start with a dash.
fn is_subcommand(args: &[OsString], name: &str) -> bool {
    let option = |arg: &OsString| arg.as_encoded_bytes().starts_with(b"-");
    args.get(1).is_some_and(|arg| arg == name) && args.get(2).is_none_or(option)
}

fn dry_run(arguments: &Arguments) -> ExitCode {
    match verdict::decide(arguments, None, Timestamp::now()) {
        Verdict::HandOver(event) | Verdict::DatabaseDown(event) => {
            match serde_json::to_string_pretty(&event) {
                Ok(json) => say(&(json + "\n")),
                Err(error) => fail(Status::NotHandedOver, &error),
            }
        }
        Verdict::NoCall(why) => say(&format!("{}\n", why.as_str())),
    }
}

fn hand_over(arguments: &Arguments) -> ExitCode {
    let settings = match plugin::settings(arguments.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => return fail(Status::NotHandedOver, &*error),
    };
    let now = Timestamp::now();
    let outage = database::since(&settings.state_dir);
    match verdict::decide(arguments, outage, now) {
        Verdict::HandOver(event) => deliver(&settings, &event, || {
            if let Some(since) = outage {
                database_is_back(&settings, &event, since, now);
            }
        }),
        Verdict::DatabaseDown(event) => deliver(&settings, &event, || {
            if outage.is_none() {
                database::mark_down(&settings.state_dir, now);
            }
        }),
        Verdict::NoCall(why) => {
            complain(why.as_str());
            check::way_is_free(&settings).into()
        }
    }
}

/// Hands over, then does what only makes sense once the event is safe.
fn deliver(settings: &Settings, event: &Event, then: impl FnOnce()) -> ExitCode {
    match plugin::hand_over(settings, event) {
        Ok(_) => {
            then();
            Status::Accepted.into()
        }
        Err(error) => fail(Status::NotHandedOver, &*error),
    }
}

/// The alert of the outage is closed when it can be; the marker stays until then, so the next message tries again.
fn database_is_back(settings: &Settings, event: &Event, since: Timestamp, now: Timestamp) {
    let up = database::up(event.group.to_string(), since, now);
    if plugin::hand_over(settings, &up).is_ok() {
        database::mark_up(&settings.state_dir);
    }
}

pub(crate) fn say(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Status::Accepted.into()
}

/// One line on standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The error and its causes in one bounded line.
fn fail(status: Status, error: &dyn Error) -> ExitCode {
    complain(&one_line(error));
    status.into()
}

/// The error and its causes in one bounded line.
pub(crate) fn one_line(error: &dyn Error) -> String {
    let mut line = format!("zabbix-alertscript: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some messages say their cause in the middle, with the remedy after it.
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    let mut end = line.len().min(ERROR_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use rinban::handoff::SpoolError;

    use super::*;

    #[test]
    fn only_serve_and_the_name_rinban_run_the_core() {
        let check =
            |args: &[&str]| runs_the_core(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(check(&["/opt/zabbix-alertscript", "serve"]));
        assert!(check(&[
            "zabbix-alertscript",
            "serve",
            "--config",
            "/etc/r.toml"
        ]));
        assert!(check(&["/usr/bin/rinban", "oncall"]));
        assert!(!check(&[
            "zabbix-alertscript",
            "serve",
            "problem 1",
            "rinban=1"
        ]));
        assert!(!check(&["zabbix-alertscript", "primary", "s", "m"]));
        assert!(!check(&["zabbix-alertscript"]));
    }

    #[test]
    fn an_error_is_one_bounded_line() {
        let error = io::Error::other("a\nb".repeat(2_000));
        let line = one_line(&error);
        assert!(line.len() < 2_048 && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_cause_that_the_message_names_is_not_said_again() {
        let error = SpoolError::Unusable {
            path: "/spool".into(),
            source: io::Error::other("denied"),
        };
        let line = one_line(&error);
        assert_eq!(line.matches("denied").count(), 1, "{line}");
    }
}
