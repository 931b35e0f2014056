//! `notify`: the action of a check.
//!
//! The agent runs the action after every run of the check, whatever it found, next to actions that still run, and says
//! the status before as an empty text after each of its own starts. So what was handed over is remembered here, per
//! host and check, and only a change is an event. The state moves on only once the event is handed over: a failure is
//! made good by the next run.

pub mod state;
pub mod transition;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::Timestamp;
use rinban::{
    alert::{Event, EventKind},
    handoff::Settings,
};

use crate::{
    flags::{Flag, FlagError, Flags},
    output::complain,
};
use rinban::plugin::{self, CoreError};
use state::{Slot, State, Trust};
use transition::{Action, CheckStatus, Run};

/// The event's source, for everything that comes from Mackerel's agent.
pub const SOURCE: &str = "mackerel";

/// The group when the action names none. A core without a group of this name calls its default group.
pub const NO_GROUP: &str = "default";

/// Where the agent keeps the id of its host.
const HOST_ID_FILE: &str = "/var/lib/mackerel-agent/id";

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
}

impl Options {
    /// Reads the arguments after `notify`.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, FlagError> {
        let flags = Flags::parse(&KNOWN, args)?;
        let text = |name| flags.get(name).filter(|text| !text.is_empty());
        Ok(Self {
            check: text("check").ok_or(FlagError::NoValue("check"))?.to_owned(),
            group: text("group").unwrap_or(NO_GROUP).to_owned(),
            host_id: text("host-id").map(str::to_owned),
            min_attempts: flags.number("min-attempts", 1)?.max(1),
            message_id: text("message-id").map(str::to_owned),
            config: text("config").map(PathBuf::from),
        })
    }
}

/// Runs the action: exit status 0 handed over or nothing new, 1 not handed over, 2 wrong options.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(args) {
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
    let status = variable("MACKEREL_STATUS");
    if status.is_empty() {
        return Err("MACKEREL_STATUS is not set; run notify as the `action` of a check".into());
    }
    let run = Run {
        status: CheckStatus::parse(&status),
        previous: CheckStatus::parse_previous(&variable("MACKEREL_PREVIOUS_STATUS")),
        min_attempts: options.min_attempts,
    };
    let settings = plugin::settings(options.config.as_deref())?;
    let now = Timestamp::now();
    let host_id = host_id(options);
    let slot = Slot::open(&settings.state_dir, &host_id, &options.check)?;
    let (state, trust) = slot.load(now)?;
    let transition = transition::step(&state, trust, &run);
    let event = |kind, state: &State| {
        let message = variable("MACKEREL_CHECK_MESSAGE");
        event(options, &host_id, &run, kind, state, &message, now)
    };
    match transition.action {
        Action::Nothing => {}
        Action::KeepAlive => keep_alive(&settings, &event(EventKind::Problem, &state))?,
        Action::Report(kind) => {
            plugin::hand_over(&settings, &event(kind, &transition.next))?;
        }
    }
    if transition.next != state || trust == Trust::Damaged {
        slot.save(&transition.next)?;
    }
    Ok(())
}

/// Makes sure that a core works on what is open. The event is the one that it has already: the core takes it once.
/// Other hosts' cores look after themselves.
fn keep_alive(settings: &Settings, event: &Event) -> Result<(), CoreError> {
    if settings.cores.is_empty() && !plugin::core_runs(settings)? {
        plugin::hand_over(settings, event)?;
    }
    Ok(())
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
    let what = match kind {
        EventKind::Recovery => "recovery".to_owned(),
        _ => format!("problem:{}", state.change),
    };
    let key = shorten(&format!("{host_id}:{check}")).to_owned();
    let first_line = message.lines().find(|line| !line.trim().is_empty());
    let title = match first_line {
        Some(line) => format!("{check}: {}", line.trim()),
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
        id: format!(
            "{SOURCE}:{key}:{}-{}:{what}",
            state.series, state.occurrence
        )
        .as_str()
        .into(),
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
            ..State::new("s".into())
        };
        let event = |kind, message: &str| {
            event(
                &options,
                "3Yfhost",
                &run,
                kind,
                &state,
                message,
                Timestamp::UNIX_EPOCH,
            )
        };
        let problem = event(EventKind::Problem, "\nDISK CRITICAL: あと 1 %\nmore\n");
        assert_eq!(problem.id.as_str(), "mackerel:3Yfhost:disk:s-3:problem:1");
        assert_eq!(problem.dedup_key.as_str(), "3Yfhost:disk");
        assert_eq!(problem.title, "disk: DISK CRITICAL: あと 1 %");
        assert_eq!(problem.check(), Ok(()));
        let recovery = event(EventKind::Recovery, "");
        assert_eq!(recovery.id.as_str(), "mackerel:3Yfhost:disk:s-3:recovery");
        assert_eq!(recovery.title, "disk CRITICAL");
    }
}
