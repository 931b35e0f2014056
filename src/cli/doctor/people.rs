//! Everybody who may be called: numbers that a phone could have, and no time without anybody.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::finding::{Finding, Level};
use crate::{
    config::{self, Config},
    roster::{Member, MemberName},
};

/// How far ahead the roster is looked at.
const DAYS: i64 = 30;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    const NAME: &str = "people";
    let mut findings = Vec::new();
    for member in config.members.values() {
        if let Some(why) = implausible(member.number.e164()) {
            let remedy = format!("check the number of [members.{}]", member.name);
            findings.push(Finding::fail(
                NAME,
                format!("{} ({}) {why}", member.name, member.number),
                remedy,
            ));
        }
        if let Some(provider) = calls_itself(config, member) {
            let text = format!("{} has the number from which {provider} calls", member.name);
            findings.push(Finding::fail(NAME, text, "write the person's own number"));
        }
    }
    findings.extend(shared(config).into_iter().map(|names| {
        let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
        let text = format!("{} have the same number", names.join(" and "));
        Finding::warn(
            NAME,
            text,
            "one phone rings for both, one after the other; leave it if it is meant so",
        )
    }));
    if findings.is_empty() {
        let count = config.members.len();
        let numbers = if count == 1 { "number" } else { "numbers" };
        findings.push(Finding::ok(
            NAME,
            format!("{count} {numbers}, all of a form that exists"),
        ));
    }
    findings
}

/// Why a number cannot be a phone's in its country, as far as its plan of numbers is known here: Japan and North America.
/// Sources: Ministry of Internal Affairs and Communications (numbers of 9 digits after +81, mobile and IP telephony of 10);
/// North American Numbering Plan (10 digits, neither area nor exchange begins with 0 or 1).
fn implausible(e164: &str) -> Option<String> {
    if let Some(national) = e164.strip_prefix("+81") {
        return not_in_japan(national);
    }
    let national = e164.strip_prefix("+1")?;
    let begins_well = |at: usize| {
        national
            .as_bytes()
            .get(at)
            .is_some_and(|digit| *digit >= b'2')
    };
    if national.len() != 10 {
        return Some(format!(
            "has {} digits after +1, where numbers have 10",
            national.len()
        ));
    }
    (!(begins_well(0) && begins_well(3))).then(|| "is no number of North America".to_owned())
}

fn not_in_japan(national: &str) -> Option<String> {
    if national.starts_with('0') {
        return Some("has a 0 after +81, which is left out there".to_owned());
    }
    for (prefix, what) in [
        ("120", "a freephone number"),
        ("800", "a freephone number"),
        ("570", "a Navi Dial number"),
        ("990", "a premium number"),
    ] {
        if national.starts_with(prefix) {
            return Some(format!("is {what}, which carriers abroad cannot call"));
        }
    }
    let is_long = ["50", "60", "70", "80", "90"]
        .iter()
        .any(|prefix| national.starts_with(prefix));
    let expected = if is_long { 10 } else { 9 };
    (national.len() != expected).then(|| {
        format!(
            "has {} digits after +81, where such numbers have {expected}",
            national.len()
        )
    })
}

fn calls_itself<'c>(config: &'c Config, member: &Member) -> Option<&'c str> {
    config
        .providers
        .iter()
        .find(|provider| provider.kind.caller_id() == Some(&member.number))
        .map(|provider| provider.name.as_str())
}

/// Everybody who shares a number with somebody, by number.
fn shared(config: &Config) -> Vec<Vec<&MemberName>> {
    let mut owners: BTreeMap<&str, Vec<&MemberName>> = BTreeMap::new();
    for member in config.members.values() {
        owners
            .entry(member.number.e164())
            .or_default()
            .push(&member.name);
    }
    owners
        .into_values()
        .filter(|names| names.len() > 1)
        .collect()
}

/// Whether somebody is on call in each group, now and for the days to come.
pub(super) fn roster(config: &Config, now: Timestamp) -> Vec<Finding> {
    const NAME: &str = "roster";
    let until = now
        .saturating_add(SignedDuration::from_hours(24 * DAYS))
        .unwrap_or(Timestamp::MAX);
    let mut findings = Vec::new();
    for (name, group) in &config.groups {
        for shift in group.roster.gaps(now, until) {
            let level = if shift.start <= now {
                Level::Fail
            } else {
                Level::Warn
            };
            let gap = config::gap(name, group, &shift);
            let text = gap.split("; ").next().unwrap_or(&gap);
            findings.push(Finding {
                level,
                remedy: Some(format!(
                    "put somebody there: see `rinban plan --group {name}`"
                )),
                ..Finding::ok(NAME, text)
            });
        }
    }
    if findings.is_empty() {
        let text = format!("somebody is on call in every group for the next {DAYS} days");
        findings.push(Finding::ok(NAME, text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_number_that_no_phone_has_is_found_by_its_form() {
        for (number, why) in [
            ("+819012345678", None),
            ("+818012345678", None),
            ("+815012345678", None),
            ("+81312345678", None),
            ("+81612345678", None),
            ("+14155550100", None),
            ("+441632960000", None),
            ("+8109012345678", Some("a 0 after +81")),
            (
                "+81901234567",
                Some("9 digits after +81, where such numbers have 10"),
            ),
            (
                "+813123456789",
                Some("10 digits after +81, where such numbers have 9"),
            ),
            ("+81120123456", Some("a freephone number")),
            ("+81570012345", Some("Navi Dial")),
            ("+1415555010", Some("9 digits after +1")),
            ("+11155550100", Some("North America")),
        ] {
            let found = implausible(number);
            match why {
                None => assert_eq!(found, None, "{number}"),
                Some(why) => assert!(
                    found.as_ref().is_some_and(|found| found.contains(why)),
                    "{number}: {found:?}"
                ),
            }
        }
    }

    fn config(groups: &str) -> Config {
        let text = format!(
            "[server]\npublic_url = 'https://a.example'\n[[providers]]\nname = 'twilio'\nkind = 'twilio'\n\
             account_sid = 'AC00000000000000000000000000000000'\nauth_token_env = 'PATH'\nfrom = '+815012345678'\n\
             [members.aya]\nnumber = '+819012345678'\n[members.ben]\nnumber = '+819012345678'\n\
             [members.me]\nnumber = '+815012345678'\n[groups.web]\nmembers = ['aya', 'ben', 'me']\n{groups}"
        );
        Config::parse(&text, Path::new("rinban.toml")).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn a_shared_number_and_our_own_are_told() {
        let texts: Vec<_> = check(&config(""))
            .into_iter()
            .map(|finding| finding.text)
            .collect();
        assert_eq!(
            texts,
            [
                "me has the number from which twilio calls",
                "aya and ben have the same number"
            ]
        );
    }

    #[test]
    fn a_gap_now_is_worse_than_a_gap_to_come() {
        let gap =
            "[[groups.web.overrides]]\nfrom = '2026-12-01'\nuntil = '2026-12-02'\nmembers = []";
        let config = config(gap);
        let level = |now: &str| {
            let findings = roster(&config, now.parse().expect("a timestamp"));
            assert_eq!(findings.len(), 1, "{findings:?}");
            findings[0].level
        };
        assert_eq!(level("2026-10-31T00:00:00Z"), Level::Ok);
        assert_eq!(level("2026-11-22T00:00:00Z"), Level::Warn);
        assert_eq!(level("2026-12-01T00:00:00Z"), Level::Fail);
        assert_eq!(level("2026-12-02T00:00:00Z"), Level::Ok);
    }
}
