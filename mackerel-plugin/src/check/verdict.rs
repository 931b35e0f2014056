//! From what was seen of the core to a status and a line. Pure.

mod said;

use std::time::Duration;

use jiff::Timestamp;

use crate::health::Health;

/// The statuses of a check, by exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// All is well.
    Ok = 0,
    /// Look at it tomorrow.
    Warning = 1,
    /// An alert may reach nobody.
    Critical = 2,
    /// Nobody can tell.
    Unknown = 3,
}

impl CheckStatus {
    /// Reads a name in any case.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Warning, Self::Critical, Self::Unknown]
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(name.trim()))
    }

    /// The name in the output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Of two findings, the one that matters more: what is certainly broken before what nobody can tell.
    fn rank(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Unknown => 2,
            Self::Critical => 3,
        }
    }
}

/// What was seen. A text is why something could not be seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The core of this host.
    pub core: Core,
    /// The age of the oldest event that waits.
    pub oldest_event: Result<Option<Duration>, String>,
    /// The configuration.
    pub config: Configuration,
    /// Whether each of the remote cores answers: address and error.
    pub remote: Vec<(String, Result<(), String>)>,
    /// Where carriers reach us, and with which HTTP status it answers; `None` if it was not asked.
    pub public: Option<(String, Result<u16, String>)>,
    /// When.
    pub now: Timestamp,
}

/// What was seen of the core of this host.
#[derive(Clone, Debug)]
pub enum Core {
    /// Events go to other hosts.
    Elsewhere,
    /// What it says of itself.
    Runs(Box<Health>),
    /// It holds its lock and does not answer.
    Silent(String),
    /// None runs, and the next event will start one.
    StartsWithNextEvent {
        /// How many alerts and events the last one has left behind.
        left_open: usize,
    },
    /// None runs, and no event will start one.
    Missing,
    /// Nobody can tell.
    Unclear(String),
}

/// What was seen of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Configuration {
    /// It is valid, and the groups for which nobody is on call now, or some time during the next day.
    Valid {
        /// Now.
        uncovered: Vec<String>,
        /// Soon.
        soon_uncovered: Vec<String>,
        /// All its carriers are simulated.
        is_practice: bool,
    },
    /// It has mistakes: the first of them.
    Wrong(String),
}

/// From where on something is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The age of a waiting event that is a WARNING.
    pub warning: Duration,
    /// The age of a waiting event that is CRITICAL.
    pub critical: Duration,
    /// How many notices may wait to be sent.
    pub outbox: u64,
    /// What it is if our address does not answer.
    pub public: CheckStatus,
    /// How old the last self-test may be; without it there need not be any.
    pub self_test_max_age: Option<Duration>,
}

/// The status and the text after it. The text of an OK has no number in it: the agent posts each one that changes.
pub fn judge(seen: &Seen, limits: Limits) -> (CheckStatus, String) {
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(core(seen));
    findings.extend(spool(seen, limits));
    if let Core::Runs(health) = &seen.core {
        findings.extend(said::findings(health, limits, seen.now));
    }
    findings.extend(remote(seen));
    findings.extend(public(seen, limits));
    findings.extend(configuration(seen));
    findings.sort_by_key(|(status, _)| std::cmp::Reverse(status.rank()));
    let worst = findings.first().map(|(status, _)| *status);
    let texts: Vec<_> = findings.into_iter().map(|(_, text)| text).collect();
    match (worst, &seen.core) {
        (Some(worst), _) => (worst, texts.join("; ")),
        (None, Core::StartsWithNextEvent { .. }) => (
            CheckStatus::Ok,
            "no core runs and none is needed; the next event starts one".to_owned(),
        ),
        (None, _) => (
            CheckStatus::Ok,
            "alerts reach the people on call".to_owned(),
        ),
    }
}

type Finding = (CheckStatus, String);

fn core(seen: &Seen) -> Option<Finding> {
    let (status, text) = match &seen.core {
        Core::Elsewhere => return None,
        Core::Runs(health) if health.status == "ok" => return None,
        Core::Runs(health) => (
            CheckStatus::Critical,
            format!("the core says {:?} of itself", health.status),
        ),
        Core::Silent(why) => (CheckStatus::Critical, why.clone()),
        Core::StartsWithNextEvent { left_open: 0 } => match &seen.config {
            Configuration::Wrong(_) => (
                CheckStatus::Critical,
                "no core runs, and none can be started".to_owned(),
            ),
            Configuration::Valid { .. } => return None,
        },
        Core::StartsWithNextEvent { left_open } => (
            CheckStatus::Critical,
            format!(
                "no core runs, and nobody is called for {left_open} open alerts; start `rinban serve`"
            ),
        ),
        Core::Missing => (
            CheckStatus::Critical,
            "no core runs on this host; start the rinban service".to_owned(),
        ),
        Core::Unclear(why) => (CheckStatus::Unknown, why.clone()),
    };
    Some((status, text))
}

fn spool(seen: &Seen, limits: Limits) -> Option<Finding> {
    let age = match &seen.oldest_event {
        Ok(age) => (*age)?,
        Err(why) => return Some((CheckStatus::Unknown, why.clone())),
    };
    let status = if age >= limits.critical {
        CheckStatus::Critical
    } else if age >= limits.warning {
        CheckStatus::Warning
    } else {
        return None;
    };
    Some((
        status,
        format!("an event has waited in the spool for {} s", age.as_secs()),
    ))
}

/// The first of them; none if there are none.
fn list(names: impl Iterator<Item = String>) -> Option<String> {
    const SHOWN: usize = 5;
    let names: Vec<_> = names.collect();
    let mut text = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    (!names.is_empty()).then_some(text)
}

/// Any answer will do, since a proxy may let only the carriers' paths through; but not one of a proxy that itself gets none.
fn public(seen: &Seen, limits: Limits) -> Option<Finding> {
    let (url, answer) = seen.public.as_ref()?;
    let why = match answer {
        Ok(status) if *status < 500 => return None,
        Ok(status) => format!("answers {status}; does its proxy reach the core?"),
        Err(why) => format!("does not answer ({why})"),
    };
    Some((
        limits.public,
        format!("{url}, where carriers look for us, {why}"),
    ))
}

/// One core that answers is enough to take an event.
fn remote(seen: &Seen) -> Option<Finding> {
    let failed: Vec<_> = seen
        .remote
        .iter()
        .filter_map(|(url, answer)| {
            Some(format!(
                "{url} does not answer ({})",
                answer.as_ref().err()?
            ))
        })
        .collect();
    if failed.is_empty() {
        return None;
    }
    let status = if failed.len() == seen.remote.len() {
        CheckStatus::Critical
    } else {
        CheckStatus::Warning
    };
    Some((status, failed.join(", ")))
}

fn configuration(seen: &Seen) -> Option<Finding> {
    let (uncovered, soon_uncovered, is_practice) = match &seen.config {
        Configuration::Wrong(first) => {
            let text = format!("the configuration has mistakes: {first}");
            return Some((CheckStatus::Warning, text));
        }
        Configuration::Valid {
            uncovered,
            soon_uncovered,
            is_practice,
        } => (uncovered, soon_uncovered, *is_practice),
    };
    if let Some(groups) = list(uncovered.iter().cloned()) {
        let text = format!("nobody is on call now for {groups}");
        return Some((CheckStatus::Critical, text));
    }
    if let Some(groups) = list(soon_uncovered.iter().cloned()) {
        let text = format!("within a day nobody is on call for {groups}");
        return Some((CheckStatus::Warning, text));
    }
    // Where events go to other hosts, the carriers are theirs.
    (is_practice && !matches!(seen.core, Core::Elsewhere)).then(|| {
        let text = "all carriers are simulated: no real phone will ring".to_owned();
        (CheckStatus::Warning, text)
    })
}

#[cfg(test)]
mod tests;
