//! From what was seen of the core to a status and a line. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::health::{Health, Provider};

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
        findings.extend(outbox(health, limits));
        findings.extend(self_test(health, limits, seen.now));
        findings.extend(providers(health));
        findings.extend(channels(health));
        findings.extend(heartbeats(health));
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

fn outbox(health: &Health, limits: Limits) -> Option<Finding> {
    let waiting = health.outbox_pending;
    (waiting > limits.outbox).then(|| {
        let text = format!("{waiting} notices wait to be sent; is a receiver of [[notices]] down?");
        (CheckStatus::Warning, text)
    })
}

fn self_test(health: &Health, limits: Limits, now: Timestamp) -> Option<Finding> {
    let Some(test) = &health.self_test else {
        limits.self_test_max_age?;
        return Some((
            CheckStatus::Warning,
            "there was no self-test yet".to_owned(),
        ));
    };
    if !test.ok {
        let text = format!("the self-test has failed: {}", test.text);
        return Some((CheckStatus::Critical, text));
    }
    let age = now.duration_since(test.at).unsigned_abs();
    (age > limits.self_test_max_age?).then(|| {
        let hours = age.as_secs() / 3_600;
        let text = format!("the last self-test was {hours} hours ago");
        (CheckStatus::Warning, text)
    })
}

/// A carrier that fails is replaced by the next; if all fail, nobody is called.
fn providers(health: &Health) -> Option<Finding> {
    let is_down = |provider: &&Provider| provider.state == "open";
    let down: Vec<_> = health.providers.iter().filter(is_down).collect();
    let names = list(down.iter().map(|provider| {
        format!("{} {}", provider.name, provider.channel)
            .trim()
            .to_owned()
    }))?;
    if down.len() == health.providers.len() {
        return Some((CheckStatus::Critical, format!("all carriers fail: {names}")));
    }
    Some((CheckStatus::Warning, format!("carriers fail: {names}")))
}

fn channels(health: &Health) -> Option<Finding> {
    let names = list(health.suspended_channels.iter().cloned())?;
    let text = format!("Mackerel has suspended the channel {names}; resume it there");
    Some((CheckStatus::Critical, text))
}

/// The core itself calls somebody for a monitor that is silent.
fn heartbeats(health: &Health) -> Option<Finding> {
    let silent = health.heartbeats.iter().filter(|heartbeat| !heartbeat.ok);
    let names = list(silent.map(|heartbeat| heartbeat.name.clone()))?;
    Some((CheckStatus::Warning, format!("nothing is heard of {names}")))
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
mod tests {
    use CheckStatus::{Critical, Ok as Well, Unknown, Warning};

    use super::*;
    use crate::health::{Heartbeat, SelfTest};

    fn healthy() -> Health {
        Health {
            status: "ok".to_owned(),
            ..Health::default()
        }
    }

    fn runs(health: Health) -> Seen {
        Seen {
            core: Core::Runs(Box::new(health)),
            ..well()
        }
    }

    fn of(core: Core) -> Seen {
        Seen { core, ..well() }
    }

    fn well() -> Seen {
        Seen {
            core: Core::Runs(Box::new(healthy())),
            oldest_event: Ok(None),
            config: config(&[], &[]),
            remote: vec![],
            public: Some(("https://oncall.example.com".to_owned(), Ok(200))),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn config(uncovered: &[&str], soon: &[&str]) -> Configuration {
        Configuration::Valid {
            uncovered: uncovered.iter().map(|&name| name.to_owned()).collect(),
            soon_uncovered: soon.iter().map(|&name| name.to_owned()).collect(),
            is_practice: false,
        }
    }

    const LIMITS: Limits = Limits {
        warning: Duration::from_secs(15),
        critical: Duration::from_secs(60),
        outbox: 20,
        public: Warning,
        self_test_max_age: None,
    };

    fn check(seen: Seen, status: CheckStatus, text: &str) {
        check_with(seen, LIMITS, status, text);
    }

    fn check_with(seen: Seen, limits: Limits, status: CheckStatus, text: &str) {
        let judged = judge(&seen, limits);
        assert_eq!(judged.0, status, "{seen:?} {}", judged.1);
        assert!(judged.1.contains(text), "{}", judged.1);
    }

    #[test]
    fn the_text_of_an_ok_holds_no_number() {
        check(well(), Well, "alerts reach the people on call");
        let busy = Seen {
            oldest_event: Ok(Some(Duration::from_secs(14))),
            ..runs(Health {
                outbox_pending: 20,
                open_alerts: 3,
                ..healthy()
            })
        };
        check(busy, Well, "alerts reach the people on call");
    }

    #[test]
    fn a_core_that_the_next_event_starts_is_missed_only_if_there_is_work_for_it() {
        let left = |left_open| of(Core::StartsWithNextEvent { left_open });
        check(left(0), Well, "no core runs and none is needed");
        check(left(2), Critical, "nobody is called for 2 open alerts");
        let wrong = Configuration::Wrong("line 3".into());
        let broken = Seen {
            config: wrong,
            ..left(0)
        };
        check(
            broken,
            Critical,
            "none can be started; the configuration has mistakes: line 3",
        );
        check(of(Core::Missing), Critical, "no core runs on this host");
    }

    #[test]
    fn each_trouble_has_its_status() {
        let text = |text: &str| text.to_owned();
        check(
            of(Core::Unclear(text("lock unreadable"))),
            Unknown,
            "lock unreadable",
        );
        check(of(Core::Silent(text("refused"))), Critical, "refused");
        let degraded = Health {
            status: text("degraded"),
            ..healthy()
        };
        check(runs(degraded), Critical, "degraded");
        for (secs, status) in [(15, Warning), (60, Critical)] {
            let waiting = Seen {
                oldest_event: Ok(Some(Duration::from_secs(secs))),
                ..well()
            };
            check(waiting, status, &format!("{secs} s"));
        }
        let unreadable = Seen {
            oldest_event: Err(text("denied")),
            ..well()
        };
        check(unreadable, Unknown, "denied");
        let wrong = Seen {
            config: Configuration::Wrong(text("line 3")),
            ..well()
        };
        check(wrong, Warning, "line 3");
        let full = Health {
            outbox_pending: 21,
            ..healthy()
        };
        check(runs(full), Warning, "21 notices wait");
    }

    #[test]
    fn what_the_core_says_of_others_is_told() {
        let provider = |name: &str, state: &str| Provider {
            name: name.to_owned(),
            channel: "voice".to_owned(),
            state: state.to_owned(),
        };
        let with = |providers| {
            runs(Health {
                providers,
                ..healthy()
            })
        };
        check(
            with(vec![provider("a", "closed"), provider("b", "half-open")]),
            Well,
            "",
        );
        let one = vec![provider("a", "open"), provider("b", "closed")];
        check(with(one), Warning, "carriers fail: a voice");
        check(
            with(vec![provider("a", "open")]),
            Critical,
            "all carriers fail: a voice",
        );
        let suspended = Health {
            suspended_channels: vec!["rinban".to_owned()],
            ..healthy()
        };
        check(runs(suspended), Critical, "suspended the channel rinban");
        let heartbeats = [("a", true), ("b", false)].map(|(name, ok)| Heartbeat {
            name: name.to_owned(),
            ok,
        });
        let silent = Health {
            heartbeats: heartbeats.to_vec(),
            ..healthy()
        };
        check(runs(silent), Warning, "nothing is heard of b");
    }

    #[test]
    fn a_self_test_counts_when_it_has_failed_or_is_older_than_it_may_be() {
        let test = |at, ok| SelfTest {
            at: Timestamp::from_second(at).expect("a timestamp"),
            ok,
            text: "nobody answered".to_owned(),
        };
        let seen = |self_test, now| Seen {
            now: Timestamp::from_second(now).expect("a timestamp"),
            ..runs(Health {
                self_test,
                ..healthy()
            })
        };
        let daily = Limits {
            self_test_max_age: Some(Duration::from_secs(86_400)),
            ..LIMITS
        };
        check(seen(None, 0), Well, "");
        check_with(seen(None, 0), daily, Warning, "there was no self-test yet");
        check(
            seen(Some(test(0, false)), 1),
            Critical,
            "the self-test has failed: nobody answered",
        );
        check_with(seen(Some(test(0, true)), 86_400), daily, Well, "");
        check_with(
            seen(Some(test(0, true)), 90_000),
            daily,
            Warning,
            "25 hours ago",
        );
        check(seen(Some(test(0, true)), 90_000), Well, "");
    }

    #[test]
    fn an_address_that_carriers_do_not_reach_is_told() {
        let public = |answer| Seen {
            public: Some(("https://x".to_owned(), answer)),
            ..well()
        };
        check(public(Ok(404)), Well, "");
        check(
            public(Ok(502)),
            Warning,
            "https://x, where carriers look for us, answers 502",
        );
        check(
            public(Err("refused".to_owned())),
            Warning,
            "does not answer (refused)",
        );
        let strict = Limits {
            public: Critical,
            ..LIMITS
        };
        check_with(public(Ok(502)), strict, Critical, "502");
    }

    #[test]
    fn a_roster_with_a_gap_is_told_before_and_when_it_comes() {
        let with = |config| Seen { config, ..well() };
        let soon = "within a day nobody is on call for infra";
        check(with(config(&[], &["infra"])), Warning, soon);
        let now = "nobody is on call now for infra";
        check(with(config(&["infra"], &["infra"])), Critical, now);
        let many = ["a", "b", "c", "d", "e", "f", "g"];
        check(
            with(config(&many, &[])),
            Critical,
            "a, b, c, d, e and 2 more",
        );
    }

    #[test]
    fn that_no_real_phone_will_ring_is_told() {
        let practice = Configuration::Valid {
            uncovered: vec![],
            soon_uncovered: vec![],
            is_practice: true,
        };
        let seen = Seen {
            config: practice,
            ..well()
        };
        check(seen.clone(), Warning, "no real phone will ring");
        let elsewhere = Seen {
            core: Core::Elsewhere,
            ..seen
        };
        check(elsewhere, Well, "");
    }

    #[test]
    fn one_remote_core_is_enough_and_none_is_critical() {
        let down = || ("http://b".to_owned(), Err("refused".to_owned()));
        let remote = |remote| Seen {
            core: Core::Elsewhere,
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
            core: Core::Missing,
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
