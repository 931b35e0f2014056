//! Our side: the installed alertscript with its configuration, the core beside it, and what the core's journals say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rinban::{
    alert::Headline,
    escalation::{AttemptId, CallStatus, Effect, Entry, Input, Left, News, Outcome},
    store::Reader,
};

use crate::place::{Daemon, Place, free_port, wait_for};

/// Who stands in which group, by what each phone does; a member is called after the group, as in `web-1`. A simulated second
/// takes 0.1 s. Groups share nobody, so that a call of one never waits for another.
const GROUPS: [(&str, &[&str]); 19] = [
    ("web", &["busy", "key 1"]),
    ("ops", &["no answer", "no answer"]),
    ("back", &["key 1"]),
    ("close", &["key 9"]),
    ("late", &["key 1"]),
    ("beat", &["key 1"]),
    ("quiet", &["no answer"]),
    ("mass", &["after 30s key 1", "key 1"]),
    ("text", &["key 1"]),
    ("old-event", &["key 1"]),
    ("old-trigger", &["key 1"]),
    ("old-subject", &["key 1"]),
    ("hangs-before", &["key 1"]),
    ("hangs-after", &["key 1"]),
    ("canceled", &["no answer"]),
    ("down", &["key 1"]),
    ("full", &["key 1"]),
    ("restart", &["key 1"]),
    ("alone", &["key 1"]),
];

pub(crate) const SCRIPT: &str = "alertscripts/zabbix-alertscript";

pub(crate) struct Core {
    program: PathBuf,
    state: PathBuf,
    daemon: Option<Daemon>,
}

impl Core {
    /// Installs the script where the server looks for it, its configuration beside it.
    pub(crate) fn install(place: &Place, programs: &Path) -> Self {
        place.make_dir("alertscripts");
        place.copy(&programs.join("zabbix-alertscript"), SCRIPT);
        let program = place.copy(&programs.join("rinban"), "rinban");
        let state = place.make_dir("state");
        place.make_dir("disk");
        let core = Self {
            program,
            state,
            daemon: None,
        };
        core.configure(place, false);
        core
    }

    /// Writes the configuration. The spool lies on a disk of its own, which a test can fill.
    pub(crate) fn configure(&self, place: &Place, start_core: bool) {
        let text = format!(
            "state_dir = {:?}\ndefault_group = \"web\"\n[handoff]\nspool = {:?}\nstart_core = {start_core}\n[server]\nlisten = \"127.0.0.1:{}\"\n{}",
            self.state,
            place.path("disk/spool"),
            free_port(),
            people(),
        );
        place.write("alertscripts/rinban.toml", &text);
    }

    /// Adds Zabbix's API to the configuration, with the token in a file.
    pub(crate) fn watch(&self, place: &Place, url: &str, token: &str) {
        let file = place.write("token", token);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
        let config = place.path("alertscripts/rinban.toml");
        let config = fs::read_to_string(config).expect("it is there");
        let monitor = format!(
            "[[monitors]]\nkind = \"zabbix\"\nurl = {url:?}\ntoken_file = {file:?}\nclose = true\nlanguage = \"en\"\n"
        );
        place.write("alertscripts/rinban.toml", &format!("{config}\n{monitor}"));
    }

    /// Adds a heartbeat of Zabbix to the configuration, authorised by this key; the port that it is taken at.
    pub(crate) fn expect_heartbeats(&self, place: &Place, key: &str) -> u16 {
        let file = place.write("heartbeat-key", key);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
        let config = place.path("alertscripts/rinban.toml");
        let config = fs::read_to_string(config).expect("it is there");
        let heartbeat = format!(
            "[[server.api_keys]]\nname = \"zabbix\"\nkey_file = {file:?}\n\
             [[heartbeats]]\nname = \"zabbix\"\ngroup = \"beat\"\nevery_secs = 2\ngrace_secs = 8\n"
        );
        place.write(
            "alertscripts/rinban.toml",
            &format!("{config}\n{heartbeat}"),
        );
        let (_, listen) = config
            .split_once("listen = \"127.0.0.1:")
            .expect("it listens");
        let port = listen.split('"').next().expect("a quoted address");
        port.parse().expect("a port")
    }

    pub(crate) fn start(&mut self, place: &Place) {
        assert!(self.daemon.is_none(), "one core at a time");
        let mut daemon = place.daemon("core", Signal::SIGTERM, &self.program, |command| {
            command
                .arg("serve")
                .arg("--config")
                .arg(place.path("alertscripts/rinban.toml"));
        });
        wait_for("the core", || {
            assert!(daemon.has_ended().is_none(), "the core ended; see core.log");
            rinban::handoff::core_lock::is_core_ready(&self.state)
                .ok()?
                .then_some(())
        });
        self.daemon = Some(daemon);
    }

    pub(crate) fn stop(&mut self) {
        self.daemon.take().expect("it runs").stop();
    }

    pub(crate) fn crash(&mut self) {
        self.daemon.take().expect("it runs").crash();
    }

    /// The process that holds the core lock; nobody starts one while this looks.
    pub(crate) fn process(&self) -> Option<Pid> {
        rinban::handoff::core_lock::is_core_ready(&self.state)
            .ok()
            .filter(|runs| *runs)?;
        let lock = std::fs::read_to_string(self.state.join("core.lock")).ok()?;
        lock.trim().parse().ok().map(Pid::from_raw)
    }

    /// Ends a core that a script has started.
    pub(crate) fn end_what_a_script_started(&self) {
        let Some(process) = self.process() else {
            return;
        };
        let _ = kill(process, Signal::SIGTERM);
        wait_for("the end of the core", || {
            self.process().is_none().then_some(())
        });
    }

    /// All that was seen and decided for a group, oldest run first.
    pub(crate) fn book(&self, group: &str) -> Book {
        let read = || {
            let mut reader = Reader::open(&self.state).ok()?;
            let mut runs = reader.escalations(10_000).ok()?;
            runs.reverse();
            let mut entries = Vec::new();
            for run in runs
                .iter()
                .filter(|run| group == "*" || run.group.as_str() == group)
            {
                entries.extend(reader.journal(run.id).ok()?);
            }
            Some(Book(entries))
        };
        read().unwrap_or_default()
    }
}

/// The configuration's part about people and the simulated network. A crash of the core takes that network and its calls with
/// it, so the group that it is tried on waits but a few seconds for word of a call.
fn people() -> String {
    let (mut people, mut members, mut groups) = (String::new(), String::new(), String::new());
    let mut number = 819_000_000_000_u64;
    for (group, phones) in GROUPS {
        let names = (1..=phones.len()).map(|n| format!("{group}-{n}"));
        for (name, phone) in names.clone().zip(phones) {
            number += 1;
            people += &format!("\"+{number}\" = [{phone:?}]\n");
            members += &format!("[members.{name}]\nnumber = \"+{number}\"\n");
        }
        let names: Vec<_> = names.collect();
        let policy = match group {
            "down" => "short",
            "close" => "closing",
            _ => "default",
        };
        groups += &format!("[groups.{group}]\npolicy = {policy:?}\nmembers = {names:?}\n");
    }
    format!(
        "[[providers]]\nname = \"simulated\"\nkind = \"simulated\"\n[simulator]\nspeed = 10\n[simulator.people]\n{people}\
         [policies.default]\nring_timeout_secs = 40\nround_pause_secs = 1\nmax_calls_per_hour = 1000\n\
         [policies.closing]\nallow_close = true\nround_pause_secs = 1\nmax_calls_per_hour = 1000\n\
         [policies.short]\nring_timeout_secs = 5\ncall_limit_secs = 120\ncallback_grace_secs = 1\nmax_calls_per_hour = 1000\nround_pause_secs = 1\n{members}{groups}"
    )
}

impl Drop for Core {
    /// A core that a script has started is nobody's child.
    fn drop(&mut self) {
        if self.daemon.is_none() {
            self.end_what_a_script_started();
        }
    }
}

/// Journals, one after another.
#[derive(Debug, Default)]
pub(crate) struct Book(Vec<Entry>);

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the journal:")?;
        self.0.iter().try_for_each(|entry| write!(f, "\n{entry}"))
    }
}

impl Book {
    fn effects(&self) -> impl Iterator<Item = (Timestamp, &Effect)> {
        self.0
            .iter()
            .flat_map(|entry| entry.effects.iter().map(|effect| (entry.at, effect)))
    }

    fn news(&self) -> impl Iterator<Item = (Timestamp, &News)> {
        self.effects().filter_map(|(at, effect)| match effect {
            Effect::Tell { news } => Some((at, news)),
            _ => None,
        })
    }

    /// The alerts of this trigger name, with when they came.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = (Timestamp, &Headline)> {
        self.0.iter().filter_map(|entry| match &entry.input {
            Input::Opened { headline, .. } | Input::AlertJoined { headline, .. } => {
                Some((entry.at, &**headline))
            }
            _ => None,
        })
    }

    pub(crate) fn titles(&self) -> Vec<&str> {
        self.alerts()
            .map(|(_, headline)| headline.title.as_str())
            .collect()
    }

    /// Whose phone was to ring, in order.
    pub(crate) fn called(&self) -> Vec<&str> {
        self.effects()
            .filter_map(|(_, effect)| match effect {
                Effect::Place { member, .. } => Some(member.as_str()),
                _ => None,
            })
            .collect()
    }

    /// When a phone first rang since an instant.
    pub(crate) fn rang_since(&self, since: Timestamp) -> Option<Timestamp> {
        self.0.iter().find_map(|entry| match entry.input {
            Input::Status {
                status: CallStatus::Ringing,
                ..
            } if entry.at >= since => Some(entry.at),
            _ => None,
        })
    }

    /// Who took something, when.
    pub(crate) fn takers(&self) -> Vec<(Timestamp, &str)> {
        self.news()
            .filter_map(|(at, news)| match news {
                News::Acknowledged { by } => Some((at, by.as_str())),
                _ => None,
            })
            .collect()
    }

    /// The alerts that are over, with the reason if it was not a recovery.
    pub(crate) fn recovered(&self) -> BTreeMap<&str, Option<&str>> {
        self.0
            .iter()
            .filter_map(|entry| match &entry.input {
                Input::AlertLeft {
                    alert,
                    why: Left::Recovered(reason),
                    ..
                } => Some((alert.dedup.as_str(), reason.as_deref())),
                _ => None,
            })
            .collect()
    }

    /// When this alert was closed by a recovery.
    pub(crate) fn recovered_at(&self, key: &str) -> Option<Timestamp> {
        self.0.iter().find_map(|entry| match &entry.input {
            Input::AlertLeft {
                alert,
                why: Left::Recovered(_),
                ..
            } if alert.dedup.as_str() == key => Some(entry.at),
            _ => None,
        })
    }

    /// When the last recovery came.
    pub(crate) fn last_recovery(&self) -> Option<Timestamp> {
        self.recovered()
            .keys()
            .filter_map(|key| self.recovered_at(key))
            .max()
    }

    /// How many calls were to be placed since an instant.
    pub(crate) fn calls_since(&self, since: Timestamp) -> usize {
        self.effects()
            .filter(|(at, effect)| *at >= since && matches!(effect, Effect::Place { .. }))
            .count()
    }

    /// Whether every call that was placed has ended.
    pub(crate) fn nobody_is_on_the_line(&self) -> bool {
        let ended: BTreeSet<_> = self
            .0
            .iter()
            .filter_map(|entry| ended(&entry.input))
            .collect();
        self.effects().all(|(_, effect)| match effect {
            Effect::Place { attempt, .. } => ended.contains(attempt),
            _ => true,
        })
    }

    /// Panics unless each person had at most one call at a time (P9).
    pub(crate) fn check_one_call_per_person(&self) {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by_key(|entry| entry.at);
        let mut whose: BTreeMap<AttemptId, &str> = BTreeMap::new();
        let mut on_the_line: BTreeMap<&str, BTreeSet<AttemptId>> = BTreeMap::new();
        for entry in entries {
            if let Some(attempt) = ended(&entry.input)
                && let Some(calls) = whose
                    .get(&attempt)
                    .and_then(|member| on_the_line.get_mut(member))
            {
                calls.remove(&attempt);
            }
            for effect in entry.effects.iter() {
                if let Effect::Tell {
                    news:
                        News::NotReached {
                            member,
                            outcome: Outcome::Lost,
                        },
                } = effect
                {
                    on_the_line.remove(member.as_str());
                }
                if let Effect::Place {
                    attempt, member, ..
                } = effect
                {
                    whose.insert(*attempt, member.as_str());
                    let calls = on_the_line.entry(member.as_str()).or_default();
                    calls.insert(*attempt);
                    assert!(calls.len() == 1, "{member} has {calls:?} at {}", entry.at);
                }
            }
        }
    }
}

/// The call that this input ends.
fn ended(input: &Input) -> Option<AttemptId> {
    match input {
        Input::Status {
            attempt, status, ..
        } if status.is_terminal() => Some(*attempt),
        Input::PlaceFailed { attempt, .. } => Some(*attempt),
        _ => None,
    }
}
