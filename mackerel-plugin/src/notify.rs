//! `notify`: the action of a check.
//!
//! The agent runs the action after every run of the check, whatever it found, next to actions that still run, and says
//! the status before as an empty text after each of its own starts. So what was handed over is remembered here, per
//! host and check, and only a change is an event. A change is settled only once its event is handed over: a failure is
//! made good by the next run. Where nothing can be remembered, the event is handed over all the same.

pub mod state;
pub mod transition;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rinban::{
    alert::{Event, EventKind},
    handoff::Settings,
};

use crate::{
    flags::{Flag, FlagError, Flags},
    output::{complain, say},
    run::USAGE,
};
use rinban::plugin::{self, CoreError};
use state::{Memory, Slot, State, Trust};
use transition::{Action, CheckStatus, Run, Transition};

/// The event's source, for everything that comes from Mackerel's agent.
pub const SOURCE: &str = "mackerel";

/// The group when the action names none. A core without a group of this name calls its default group.
pub const NO_GROUP: &str = "default";

/// Where the agent keeps the id of its host.
const HOST_ID_FILE: &str = "/var/lib/mackerel-agent/id";

/// The share of the hand-off's time for which another run of this action is waited for; it may be starting a core.
const LOCK_SHARE: f64 = 0.8;

const KNOWN: [Flag; 6] = [
    Flag::long("check"),
    Flag::long("group"),
    Flag::long("host-id"),
    Flag::long("min-attempts"),
    Flag::long("message-id"),
    Flag::long("config"),
];

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The name of the check, which the agent does not tell.
    pub check: String,
    /// Whom to call.
    pub group: String,
    /// Instead of what the agent noted.
    pub host_id: Option<String>,
    /// How many times in a row the check must fail.
    pub min_attempts: u64,
    /// Names the message template.
    pub message_id: Option<String>,
    /// The configuration file.
    pub config: Option<PathBuf>,
    help: bool,
}

impl Options {
    /// Reads the arguments after `notify`.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, FlagError> {
        let flags = Flags::parse(&KNOWN, args)?;
        let text = |name| flags.get(name).filter(|text| !text.is_empty());
        let check = match text("check") {
            None if !flags.help => return Err(FlagError::NoValue("check")),
            check => check.unwrap_or_default().to_owned(),
        };
        Ok(Self {
            check,
            group: text("group").unwrap_or(NO_GROUP).to_owned(),
            host_id: text("host-id").map(str::to_owned),
            min_attempts: flags.number("min-attempts", 1)?.max(1),
            message_id: text("message-id").map(str::to_owned),
            config: text("config").map(PathBuf::from),
            help: flags.help,
        })
    }
}

/// Runs the action: exit status 0 handed over or nothing new, 1 not handed over, 2 wrong options.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) if options.help => {
            say(USAGE);
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    match notify(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn notify(options: &Options) -> Result<(), CoreError> {
    let begun = Instant::now();
    let status = variable("MACKEREL_STATUS");
    if status.is_empty() {
        return Err("MACKEREL_STATUS is not set; run notify as the `action` of a check".into());
    }
    let now = Timestamp::now();
    let change = Change {
        options,
        host_id: host_id(options),
        settings: plugin::settings(options.config.as_deref())?,
        run: Run {
            status: CheckStatus::parse(&status),
            previous: CheckStatus::parse_previous(&variable("MACKEREL_PREVIOUS_STATUS")),
            min_attempts: options.min_attempts,
        },
        begun,
        now,
    };
    let remembered = Slot::open(
        &change.settings.state_dir,
        &change.host_id,
        &options.check,
        begun + change.settings.deadline.mul_f64(LOCK_SHARE),
    )
    .and_then(|mut slot| {
        if slot.is_overtaken(now) {
            return Ok(None);
        }
        let memory = slot.load(now)?;
        let transition = transition::step(&memory, &change.run);
        // A state that was damaged is replaced in any case.
        if transition.next != memory.state || memory.trust == Trust::Damaged {
            slot.save(&transition.next)?;
        }
        Ok(Some((slot, transition)))
    });
    match remembered {
        Ok(None) => Ok(()),
        Ok(Some((mut slot, transition))) => {
            change.carry_out(&transition)?;
            if matches!(transition.action, Action::Report(_)) {
                slot.settle(&transition.next);
            }
            Ok(())
        }
        Err(error) => {
            // Whoever is on call hears of it all the same, if more often than necessary.
            change.carry_out(&transition::step(&Memory::lost(now), &change.run))?;
            complain(&error);
            Ok(())
        }
    }
}

/// One run of the action.
struct Change<'a> {
    options: &'a Options,
    host_id: String,
    settings: Settings,
    run: Run,
    begun: Instant,
    now: Timestamp,
}

impl Change<'_> {
    fn carry_out(&self, transition: &Transition) -> Result<(), CoreError> {
        let event = |kind| {
            let message = variable("MACKEREL_CHECK_MESSAGE");
            let Self {
                options,
                host_id,
                run,
                now,
                ..
            } = self;
            event(
                options,
                host_id,
                run,
                kind,
                &transition.next,
                &message,
                *now,
            )
        };
        match transition.action {
            Action::Nothing => Ok(()),
            Action::KeepAlive => self.keep_alive(|| event(EventKind::Problem)),
            Action::Report(kind) => self.hand_over(&event(kind)),
        }
    }

    /// Makes sure that a core works on what is open. The event is the one that it has already: the core takes it once.
    /// Other hosts' cores look after themselves.
    fn keep_alive(&self, event: impl FnOnce() -> Event) -> Result<(), CoreError> {
        if self.settings.cores.is_empty() && !plugin::core_runs(&self.settings)? {
            self.hand_over(&event())?;
        }
        Ok(())
    }

    /// Hands over in what is left of the time, and in a second if little is left: the event itself takes milliseconds.
    fn hand_over(&self, event: &Event) -> Result<(), CoreError> {
        let left = self.settings.deadline.saturating_sub(self.begun.elapsed());
        let settings = Settings {
            deadline: left.max(Duration::from_secs(1)),
            ..self.settings.clone()
        };
        plugin::hand_over(&settings, event)
    }
}

/// The event. Its id names the occurrence and the change within it, so that a retry is the same event and the next
/// occurrence is another.
fn event(
    options: &Options,
    host_id: &str,
    run: &Run,
    kind: EventKind,
    state: &State,
    message: &str,
    now: Timestamp,
) -> Event {
    let Options { check, .. } = options;
    let change = state.last_change().unwrap_or_default();
    let key = shorten(&format!("{host_id}:{check}")).to_owned();
    let title = match first_line(message) {
        Some(line) => format!("{check}: {line}"),
        None => format!("{check} {}", run.status),
    };
    let variables = [
        ("check", check.as_str()),
        ("host_id", host_id),
        ("status", run.status.as_str()),
        (
            "previous_status",
            run.previous.as_ref().map_or("", CheckStatus::as_str),
        ),
    ];
    Event {
        id: format!("{SOURCE}:{key}:{change}").as_str().into(),
        source: SOURCE.into(),
        dedup_key: key.as_str().into(),
        group: shorten(&options.group).into(),
        kind,
        acknowledged_by: None,
        reason: None,
        severity: run.status.severity(),
        title,
        host: Some(host_name().unwrap_or_else(|| host_id.to_owned())),
        message: message.to_owned(),
        url: None,
        message_id: options.message_id.clone(),
        variables: variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        received_at: now,
    }
    .fit()
}

/// What a message begins with, in one line.
fn first_line(message: &str) -> Option<String> {
    let mut lines = message.split(['\n', '\r']).map(|line| {
        let line = line.replace(char::is_control, " ");
        line.trim().to_owned()
    });
    lines.find(|line| !line.is_empty())
}

/// A variable of the agent as UTF-8, whatever the locale; the agent sets `LC_ALL=C`.
fn variable(name: &str) -> String {
    env::var_os(name)
        .map(|value| value.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The id that Mackerel knows the host by; the host's name where the agent's file is not to be read.
fn host_id(options: &Options) -> String {
    options
        .host_id
        .clone()
        .or_else(|| first_word(Path::new(HOST_ID_FILE)))
        .or_else(host_name)
        .unwrap_or_else(|| "unknown-host".to_owned())
}

fn host_name() -> Option<String> {
    first_word(Path::new("/proc/sys/kernel/hostname"))
        .or_else(|| first_word(Path::new("/etc/hostname")))
}

fn first_word(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// Cuts what becomes part of an id; ids may have 512 bytes, and more comes on top.
fn shorten(text: &str) -> &str {
    let mut end = text.len().min(400);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Result<Options, FlagError> {
        Options::parse(args.iter().map(Into::into))
    }

    #[test]
    fn a_check_without_a_name_is_refused() {
        assert_eq!(options(&["--group", "x"]), Err(FlagError::NoValue("check")));
        let found = options(&["--check=disk", "--min-attempts", "0"]).expect("options");
        assert_eq!((found.group.as_str(), found.min_attempts), ("default", 1));
    }

    #[test]
    fn an_event_names_check_host_and_occurrence() {
        let options = options(&["--check", "disk", "--group", "infra"]).expect("options");
        let run = Run {
            status: CheckStatus::parse("CRITICAL"),
            previous: None,
            min_attempts: 1,
        };
        let state = State {
            occurrence: 3,
            change: 1,
            reported: Some(CheckStatus::parse("CRITICAL")),
            ..State::new(Timestamp::UNIX_EPOCH)
        };
        let event = |kind, state: &State, message: &str| {
            event(
                &options,
                "3Yfhost",
                &run,
                kind,
                state,
                message,
                Timestamp::UNIX_EPOCH,
            )
        };
        let problem = event(
            EventKind::Problem,
            &state,
            "\r\n\u{7}DISK CRITICAL:\tあと 1 %\rmore\n",
        );
        assert_eq!(problem.id.as_str(), "mackerel:3Yfhost:disk:0-3:problem:1");
        assert_eq!(problem.dedup_key.as_str(), "3Yfhost:disk");
        assert_eq!(problem.title, "disk: DISK CRITICAL: あと 1 %");
        assert_eq!(problem.check(), Ok(()));
        let mended = State {
            reported: None,
            ..state.clone()
        };
        let recovery = event(EventKind::Recovery, &mended, " \n");
        assert_eq!(recovery.id.as_str(), "mackerel:3Yfhost:disk:0-3:recovery");
        assert_eq!(recovery.title, "disk CRITICAL");
    }
}
