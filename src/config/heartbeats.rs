//! `[[heartbeats]]`: monitors that are expected to be heard, and whom their silence concerns.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::{
    error::Wrong,
    groups::{Groups, check_group},
    reader::Section,
    server::unique_name,
};
use crate::{
    alert::{GroupName, Severity},
    heartbeat::{HeartbeatName, Rule},
};

/// A heartbeat with what may authorise it.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// Who is to be heard how often.
    pub rule: Rule,
    /// What stands at the end of its address; without it, only an API key authorises a beat.
    pub secret: Option<SecretString>,
}

/// How often a monitor beats unless the file says otherwise.
const EVERY: SignedDuration = SignedDuration::from_secs(60);

/// How much later a beat may be: five minutes of silence in all.
const GRACE: SignedDuration = SignedDuration::from_secs(240);

/// Bounds of `every_secs`; a silence of a week finds a job that runs once a week.
const EVERY_SECS: std::ops::RangeInclusive<f64> = 1.0..=604_800.0;
const GRACE_SECS: std::ops::RangeInclusive<f64> = 1.0..=604_800.0;

/// Bytes of a name: the id of an event holds it beside an instant.
const NAME_BYTES: usize = 200;

const SEVERITIES: [(&str, Severity); 4] = [
    ("info", Severity::Info),
    ("warning", Severity::Warning),
    ("error", Severity::Error),
    ("critical", Severity::Critical),
];

/// `has_api_keys`: whether somebody may send any of them by a key.
pub(super) fn heartbeats(
    root: &Section<'_>,
    groups: &Groups<'_>,
    default_group: Option<&GroupName>,
    has_api_keys: bool,
) -> Vec<Heartbeat> {
    let mut seen = BTreeSet::new();
    root.sections("heartbeats")
        .iter()
        .filter_map(|section| heartbeat(section, &mut seen, groups, default_group, has_api_keys))
        .collect()
}

fn heartbeat(
    section: &Section<'_>,
    seen: &mut BTreeSet<String>,
    groups: &Groups<'_>,
    default_group: Option<&GroupName>,
    has_api_keys: bool,
) -> Option<Heartbeat> {
    let name = unique_name(section, seen).and_then(|name| check_name(section, name));
    let group = section.text("group");
    if let Some(group) = group {
        check_group(section, "group", group, groups);
    }
    let every = section.seconds("every_secs", EVERY_SECS);
    let grace = section.seconds("grace_secs", GRACE_SECS);
    let severity = section.choice("severity", &SEVERITIES);
    let secret = section.secret("secret");
    let may_have_secret = ["secret", "secret_env", "secret_file"]
        .iter()
        .any(|key| section.has(key));
    if !may_have_secret && !has_api_keys {
        section.wrong(
            section.at,
            "nobody is allowed to send this heartbeat",
            "add [[server.api_keys]], or secret_env = \"NAME_OF_A_VARIABLE\" to put at the end of its address",
        );
    }
    let group = group.map(|group| GroupName::new(group.value));
    Some(Heartbeat {
        rule: Rule {
            name: HeartbeatName::new(name?),
            group: group.or_else(|| default_group.cloned())?,
            every: every.unwrap_or(EVERY),
            grace: grace.unwrap_or(GRACE),
            severity: severity.unwrap_or(Severity::Critical),
        },
        secret,
    })
}

fn check_name<'a>(section: &Section<'_>, name: &'a str) -> Option<&'a str> {
    let fits = name.len() <= NAME_BYTES && !name.chars().any(|c| c.is_control() || c == '/');
    if !fits {
        let wrong = Wrong::new(
            format!("has more than {NAME_BYTES} bytes, or a slash or a control character in it"),
            "use a short name: it stands in an address",
        );
        section.wrong_value("name", section.at, &wrong);
    }
    fits.then_some(name)
}
