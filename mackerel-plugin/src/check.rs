//! `check-rinban`: is the core there, and would an alert reach somebody?
//!
//! It looks at the core's lock and its answer, at the age of what waits in the spool, at the configuration, at the
//! roster of the next day, and at the address where carriers look for us. It ends by itself before the agent's time-out, and says what it knows when it is told to end:
//! the agent throws the output of a check that it has to kill away.

pub mod status_as;
pub mod verdict;

mod look;

use std::{
    ffi::OsString,
    path::PathBuf,
    process::ExitCode,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use nix::sys::signal::{SigSet, Signal};

use crate::{
    flags::{Flag, FlagError, Flags},
    output::{one_line, say},
};
use status_as::StatusAs;
use verdict::{CheckStatus, Limits};

const KNOWN: [Flag; 8] = [
    Flag::both("warning", 'w'),
    Flag::both("critical", 'c'),
    Flag::both("timeout", 't'),
    Flag::long("status-as"),
    Flag::long("outbox"),
    Flag::long("public"),
    Flag::long("self-test-max-age"),
    Flag::long("config"),
];

/// The agent sends the first 1,024 characters; the status stands before the text.
const TEXT_CHARS: usize = 900;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// From where on something is wrong.
    pub limits: Limits,
    /// Whether to ask whether carriers reach us.
    pub asks_public: bool,
    /// The bound on the whole check.
    pub timeout: Duration,
    /// What a status is reported as.
    pub status_as: StatusAs,
    /// The configuration file.
    pub config: Option<PathBuf>,
    help: bool,
}

impl Options {
    /// Reads the arguments.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, FlagError> {
        let flags = Flags::parse(&KNOWN, args)?;
        let secs = |name, default| flags.number(name, default).map(Duration::from_secs);
        let self_test = flags
            .get("self-test-max-age")
            .map(|_| secs("self-test-max-age", 0));
        let public = public(&flags)?;
        Ok(Self {
            limits: Limits {
                warning: secs("warning", 15)?,
                critical: secs("critical", 60)?,
                outbox: flags.number("outbox", 20)?,
                public: public.unwrap_or(CheckStatus::Warning),
                self_test_max_age: self_test.transpose()?,
            },
            asks_public: public.is_some(),
            timeout: secs("timeout", 10)?.max(Duration::from_secs(1)),
            status_as: flags
                .get("status-as")
                .map_or(Ok(StatusAs::default()), StatusAs::parse)?,
            config: flags.get("config").map(PathBuf::from),
            help: flags.help,
        })
    }
}

/// What it is if carriers do not reach us; `None` if that is not asked.
fn public(flags: &Flags) -> Result<Option<CheckStatus>, FlagError> {
    match flags.get("public") {
        None | Some("warning") => Ok(Some(CheckStatus::Warning)),
        Some("critical") => Ok(Some(CheckStatus::Critical)),
        Some("off") => Ok(None),
        Some(other) => Err(FlagError::Value {
            flag: "public",
            value: other.to_owned(),
            remedy: "write warning, critical or off",
        }),
    }
}

/// Checks, prints one line, and makes the exit status of a check plugin.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) if options.help => {
            say(include_str!("usage.txt"));
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(error) => return report(CheckStatus::Unknown, &one_line(&error)),
    };
    let (status, text) = first_answer(&options);
    report(options.status_as.apply(status), &text)
}

type Answer = (CheckStatus, String);

/// Whatever comes first: the finding, the time-out, or the signal to end.
fn first_answer(options: &Options) -> Answer {
    let (sender, answers) = mpsc::channel();
    // Before any thread is started, so that all of them inherit the mask and only the waiting one gets the signal.
    let mut ending = SigSet::empty();
    ending.add(Signal::SIGTERM);
    ending.add(Signal::SIGINT);
    if ending.thread_block().is_ok() {
        let sender = sender.clone();
        thread::spawn(move || wait_for_the_end(&ending, &sender));
    }
    let (limits, timeout) = (options.limits, options.timeout);
    let (config, public) = (options.config.clone(), options.asks_public);
    thread::spawn(move || {
        let answer = match look::look(config.as_deref(), timeout, public) {
            Ok(seen) => verdict::judge(&seen, limits),
            Err(error) => (CheckStatus::Unknown, one_line(&*error)),
        };
        let _ = sender.send(answer);
    });
    match answers.recv_timeout(timeout) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => {
            let text = format!("no answer within {} s", timeout.as_secs());
            (CheckStatus::Unknown, text)
        }
        Err(RecvTimeoutError::Disconnected) => (
            CheckStatus::Unknown,
            "the check has failed within".to_owned(),
        ),
    }
}

fn wait_for_the_end(ending: &SigSet, sender: &Sender<Answer>) {
    if let Ok(signal) = ending.wait() {
        let text = format!("told to end ({signal}) before there was an answer");
        let _ = sender.send((CheckStatus::Unknown, text));
    }
}

fn report(status: CheckStatus, text: &str) -> ExitCode {
    // A NUL or a very long text would keep the agent from running the check's action.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(TEXT_CHARS)
        .collect();
    say(&format!("Rinban {}: {text}\n", status.as_str()));
    ExitCode::from(status as u8)
}
