//! From what was seen of the core to a status and a line. Pure.

use std::time::Duration;

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
    /// Whether a core holds the lock of this host; `None` if events go to other hosts.
    pub core_runs: Option<Result<bool, String>>,
    /// The status that the core gives itself; `None` if there is nobody to ask.
    pub health: Option<Result<String, String>>,
    /// The age of the oldest event that waits.
    pub oldest_event: Result<Option<Duration>, String>,
    /// The configuration.
    pub config: Configuration,
    /// Whether each of the remote cores answers: address and error.
    pub remote: Vec<(String, Result<(), String>)>,
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
    },
    /// It has mistakes: the first of them.
    Wrong(String),
}

/// From which age of a waiting event on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// WARNING.
    pub warning: Duration,
    /// CRITICAL.
    pub critical: Duration,
}

/// The status and the text after it. The text of an OK never changes: the agent posts each one that does.
pub fn judge(seen: &Seen, limits: Limits) -> (CheckStatus, String) {
    let findings: Vec<_> = [
        core(seen),
        spool(seen, limits),
        remote(seen),
        configuration(&seen.config),
    ]
    .into_iter()
    .flatten()
    .collect();
    let Some(&(worst, _)) = findings.iter().max_by_key(|(status, _)| status.rank()) else {
        return (
            CheckStatus::Ok,
            "alerts reach the people on call".to_owned(),
        );
    };
    let mut sorted = findings;
    sorted.sort_by_key(|(status, _)| std::cmp::Reverse(status.rank()));
    let texts: Vec<_> = sorted.into_iter().map(|(_, text)| text).collect();
    (worst, texts.join("; "))
}

type Finding = (CheckStatus, String);

fn core(seen: &Seen) -> Option<Finding> {
    match (seen.core_runs.as_ref()?, &seen.health) {
        (Ok(false), _) => Some((
            CheckStatus::Critical,
            "no core runs on this host; start the rinban service".to_owned(),
        )),
        (Err(why), _) => Some((CheckStatus::Unknown, why.clone())),
        (Ok(true), Some(Err(why))) => Some((CheckStatus::Critical, why.clone())),
        (Ok(true), Some(Ok(status))) if status != "ok" => Some((
            CheckStatus::Critical,
            format!("the core says {status:?} of itself"),
        )),
        (Ok(true), _) => None,
    }
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

fn configuration(config: &Configuration) -> Option<Finding> {
    match config {
        Configuration::Wrong(first) => Some((
            CheckStatus::Warning,
            format!("the configuration has mistakes: {first}"),
        )),
        Configuration::Valid { uncovered, .. } if !uncovered.is_empty() => Some((
            CheckStatus::Critical,
            format!("nobody is on call now for {}", uncovered.join(", ")),
        )),
        Configuration::Valid { soon_uncovered, .. } if !soon_uncovered.is_empty() => Some((
            CheckStatus::Warning,
            format!(
                "within a day nobody is on call for {}",
                soon_uncovered.join(", ")
            ),
        )),
        Configuration::Valid { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use CheckStatus::{Critical, Ok as Well, Unknown, Warning};

    use super::*;

    fn well() -> Seen {
        Seen {
            core_runs: Some(Ok(true)),
            health: Some(Ok("ok".to_owned())),
            oldest_event: Ok(None),
            config: Configuration::Valid {
                uncovered: vec![],
                soon_uncovered: vec![],
            },
            remote: vec![],
        }
    }

    fn check(seen: Seen, status: CheckStatus, text: &str) {
        let limits = Limits {
            warning: Duration::from_secs(15),
            critical: Duration::from_secs(60),
        };
        let judged = judge(&seen, limits);
        assert_eq!(judged.0, status, "{seen:?} {}", judged.1);
        assert!(judged.1.contains(text), "{}", judged.1);
    }

    #[test]
    fn the_text_of_an_ok_holds_no_number() {
        check(well(), Well, "alerts reach the people on call");
        let young = Ok(Some(Duration::from_secs(14)));
        check(
            Seen {
                oldest_event: young,
                ..well()
            },
            Well,
            "alerts reach the people on call",
        );
    }

    fn no<T>(why: &str) -> Result<T, String> {
        Err(why.to_owned())
    }

    #[test]
    fn each_trouble_has_its_status() {
        check(
            Seen {
                core_runs: Some(Ok(false)),
                ..well()
            },
            Critical,
            "no core runs",
        );
        check(
            Seen {
                core_runs: Some(no("lock unreadable")),
                ..well()
            },
            Unknown,
            "lock unreadable",
        );
        check(
            Seen {
                health: Some(no("refused")),
                ..well()
            },
            Critical,
            "refused",
        );
        check(
            Seen {
                health: Some(Ok("degraded".into())),
                ..well()
            },
            Critical,
            "degraded",
        );
        for (secs, status) in [(15, Warning), (60, Critical)] {
            let age = Ok(Some(Duration::from_secs(secs)));
            check(
                Seen {
                    oldest_event: age,
                    ..well()
                },
                status,
                &format!("{secs} s"),
            );
        }
        check(
            Seen {
                oldest_event: no("denied"),
                ..well()
            },
            Unknown,
            "denied",
        );
        check(
            Seen {
                config: Configuration::Wrong("line 3".into()),
                ..well()
            },
            Warning,
            "line 3",
        );
    }

    #[test]
    fn a_roster_with_a_gap_is_told_before_and_when_it_comes() {
        let config = |uncovered: &[&str], soon: &[&str]| Configuration::Valid {
            uncovered: uncovered.iter().map(|&name| name.to_owned()).collect(),
            soon_uncovered: soon.iter().map(|&name| name.to_owned()).collect(),
        };
        check(
            Seen {
                config: config(&[], &["infra"]),
                ..well()
            },
            Warning,
            "within a day nobody is on call for infra",
        );
        check(
            Seen {
                config: config(&["infra"], &["infra"]),
                ..well()
            },
            Critical,
            "nobody is on call now for infra",
        );
    }

    #[test]
    fn one_remote_core_is_enough_and_none_is_critical() {
        let down = || ("http://b".to_owned(), Err("refused".to_owned()));
        let remote = |remote| Seen {
            core_runs: None,
            health: None,
            remote,
            ..well()
        };
        check(remote(vec![("http://a".into(), Ok(()))]), Well, "alerts");
        check(
            remote(vec![("http://a".into(), Ok(())), down()]),
            Warning,
            "http://b",
        );
        check(remote(vec![down()]), Critical, "http://b");
    }

    #[test]
    fn the_worst_comes_first() {
        let seen = Seen {
            core_runs: Some(Ok(false)),
            oldest_event: Ok(Some(Duration::from_secs(20))),
            config: Configuration::Wrong("line 3".into()),
            ..well()
        };
        check(
            seen,
            Critical,
            "no core runs on this host; start the rinban service; an event has waited",
        );
    }
}
