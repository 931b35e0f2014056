//! Heartbeats: a monitor that goes quiet is an alert.
//!
//! [`Watch`] decides, and is pure: what has been heard when, and from when on a silence is a problem. The engine has the
//! rim around it, which keeps the time and hands events in by the door that all take.
//!
//! When a silence is a problem: nothing heard for `every + grace`. A core that has just started may have missed what was
//! sent while it was down, so it waits for one more beat, at most `every + min(every, grace)`, but no longer: a core that
//! is restarted again and again finds out all the same. A monitor that never beat is quiet since it was first watched for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    alert::{AlertKey, Event, EventKind, GroupName, Severity, text_newtype},
    voice::QUIET,
};

/// The source of the alerts.
pub const SOURCE: &str = "heartbeat";

text_newtype! {
    /// Names a monitor that is expected to be heard.
    HeartbeatName
}

/// Who is to be heard how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who.
    pub name: HeartbeatName,
    /// Whom its silence concerns.
    pub group: GroupName,
    /// From one beat to the next.
    pub every: SignedDuration,
    /// How much later than that a beat may be.
    pub grace: SignedDuration,
    /// How bad a silence is.
    pub severity: Severity,
}

/// What is kept of a heartbeat over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When it was heard last; never, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Since when nothing is heard: the last beat, or when it was first watched for.
    pub since: Timestamp,
}

/// How a heartbeat stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whose.
    pub name: HeartbeatName,
    /// Whether its silence is no problem.
    pub ok: bool,
    /// When it was heard last; null if never.
    pub last: Option<Timestamp>,
}

/// What is watched, and how it stands.
#[derive(Clone, Debug)]
pub struct Watch {
    started: Timestamp,
    pulses: BTreeMap<HeartbeatName, Pulse>,
}

#[derive(Clone, Debug)]
struct Pulse {
    rule: Rule,
    mark: Mark,
    /// The alert of its silence is open, or was until a person closed it.
    is_quiet: bool,
}

impl Watch {
    /// Begins to watch at `started`, with what an earlier core has kept: marks, and which alerts of ours are open.
    pub fn new(
        rules: impl IntoIterator<Item = Rule>,
        marks: &BTreeMap<HeartbeatName, Mark>,
        open: &BTreeSet<AlertKey>,
        started: Timestamp,
    ) -> Self {
        let pulse = |rule: Rule| {
            let new = Mark {
                last: None,
                since: started,
            };
            let mark = marks.get(&rule.name).copied().unwrap_or(new);
            // What lies ahead was marked before the clock was set back.
            let since = mark.since.min(started);
            let pulse = Pulse {
                mark: Mark { since, ..mark },
                is_quiet: open.contains(&rule.alert()),
                rule,
            };
            (pulse.rule.name.clone(), pulse)
        };
        Self {
            started,
            pulses: rules.into_iter().map(pulse).collect(),
        }
    }

    /// The alerts among `open` that nobody watches for any more: their heartbeat has left the configuration, or belongs
    /// to another group now. Nothing else would ever close them.
    pub fn orphans(&self, open: &BTreeSet<AlertKey>, now: Timestamp) -> Vec<Event> {
        let ours: BTreeSet<_> = self
            .pulses
            .values()
            .map(|pulse| pulse.rule.alert())
            .collect();
        let orphans = open
            .difference(&ours)
            .filter(|key| key.source.as_str() == SOURCE);
        orphans
            .map(|key| {
                let id = format!("{SOURCE}:{}:{now}:orphan", key.dedup);
                Event {
                    reason: Some("it is watched no longer".to_owned()),
                    ..event(key, &id, EventKind::Recovery, now)
                }
            })
            .collect()
    }

    /// It was heard. None if nobody watches for it; else what is to be kept, and the recovery if it had been quiet.
    pub fn beat(&mut self, now: Timestamp, name: &HeartbeatName) -> Option<(Mark, Option<Event>)> {
        let pulse = self.pulses.get_mut(name)?;
        let recovery = std::mem::take(&mut pulse.is_quiet).then(|| pulse.recovery(now));
        pulse.mark = Mark {
            last: Some(now),
            since: now,
        };
        Some((pulse.mark, recovery))
    }

    /// The problems of those that have been quiet for too long since the last time this was asked.
    pub fn due(&mut self, now: Timestamp) -> Vec<Event> {
        let started = self.started;
        let due = self
            .pulses
            .values_mut()
            .filter(|pulse| !pulse.is_quiet && pulse.deadline(started) <= now);
        due.map(|pulse| {
            pulse.is_quiet = true;
            pulse.problem(now)
        })
        .collect()
    }

    /// When [`Self::due`] has something to say, if nothing is heard until then.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let waiting = self.pulses.values().filter(|pulse| !pulse.is_quiet);
        waiting.map(|pulse| pulse.deadline(self.started)).min()
    }

    /// How they all stand, by name.
    pub fn standing(&self) -> Vec<Standing> {
        let standing = self.pulses.values().map(|pulse| Standing {
            name: pulse.rule.name.clone(),
            ok: !pulse.is_quiet,
            last: pulse.mark.last,
        });
        standing.collect()
    }

    /// What is to be kept of each.
    pub fn marks(&self) -> impl Iterator<Item = (&HeartbeatName, Mark)> {
        self.pulses.iter().map(|(name, pulse)| (name, pulse.mark))
    }
}

impl Rule {
    fn alert(&self) -> AlertKey {
        AlertKey {
            source: SOURCE.into(),
            group: self.group.clone(),
            dedup: self.name.as_str().into(),
        }
    }
}

impl Pulse {
    fn deadline(&self, started: Timestamp) -> Timestamp {
        let Rule { every, grace, .. } = self.rule;
        let late = self.mark.since + every + grace;
        late.max(started + every + grace.min(every))
    }

    fn problem(&self, now: Timestamp) -> Event {
        let quiet = now.duration_since(self.mark.since);
        let (unit, number) = match quiet.as_secs() {
            secs @ ..120 => ("seconds", secs),
            secs => ("minutes", secs / 60),
        };
        let name = &self.rule.name;
        let variables = [("heartbeat", name.to_string()), (unit, number.to_string())];
        Event {
            severity: self.rule.severity,
            title: format!("{name} has been quiet for {number} {unit}"),
            message_id: Some(QUIET.to_owned()),
            variables: variables.map(|(key, value)| (key.to_owned(), value)).into(),
            ..event(
                &self.rule.alert(),
                &self.id("quiet"),
                EventKind::Problem,
                now,
            )
        }
    }

    fn recovery(&self, now: Timestamp) -> Event {
        Event {
            title: format!("{} is heard again", self.rule.name),
            ..event(
                &self.rule.alert(),
                &self.id("heard"),
                EventKind::Recovery,
                now,
            )
        }
    }

    /// One for each silence, so that a problem that is handed in twice is one.
    fn id(&self, what: &str) -> String {
        format!("{SOURCE}:{}:{}:{what}", self.rule.name, self.mark.since)
    }
}

fn event(key: &AlertKey, id: &str, kind: EventKind, now: Timestamp) -> Event {
    Event {
        id: id.into(),
        source: key.source.clone(),
        dedup_key: key.dedup.clone(),
        group: key.group.clone(),
        kind,
        acknowledged_by: None,
        reason: None,
        severity: Severity::Critical,
        title: String::new(),
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: BTreeMap::new(),
        received_at: now,
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.ok { "is heard" } else { "is quiet" };
        write!(f, "{} {how}", self.name)
    }
}

#[cfg(test)]
mod tests;
