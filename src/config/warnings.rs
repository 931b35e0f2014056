//! What is allowed in a configuration and still probably not meant.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Config, Group, ProviderKind, members::LANGUAGES};
use crate::{
    alert::GroupName,
    roster::{Shift, holidays::JAPAN_COVERED},
    voice,
};

/// How far ahead gaps are looked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 90);

/// All warnings, one line each. Looks 90 days ahead from `now`.
pub fn warnings(config: &Config, now: Timestamp) -> Vec<String> {
    let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let mut warnings = Vec::new();
    warnings.extend(only_simulated(config));
    warnings.extend(in_no_group(config));
    warnings.extend(templates(config));
    warnings.extend(unheeded(config));
    for (name, group) in &config.groups {
        let gaps = group.roster.gaps(now, until);
        warnings.extend(gaps.map(|shift| gap(name, group, &shift)));
        warnings.extend(overlaps(name, group, now));
        warnings.extend(beyond_holidays(name, group, until));
    }
    warnings
}

/// Says that nobody is on call during a shift.
pub fn gap(name: &GroupName, group: &Group, shift: &Shift) -> String {
    let zone = group.roster.zone();
    let civil = |instant: Timestamp| {
        let zoned = instant.to_zoned(zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M").to_string()
    };
    format!(
        "group {name}: nobody is on call from {} until {} ({}); its alerts wait until then",
        civil(shift.start),
        civil(shift.end),
        shift.reason
    )
}

/// Says that the public holidays are not known as far ahead as this.
pub fn beyond_holidays(name: &GroupName, group: &Group, until: Timestamp) -> Option<String> {
    let japan = group.roster.holidays().is_some_and(|days| days.japan);
    let last = *JAPAN_COVERED.end();
    let is_beyond = group.roster.zone().to_datetime(until).date() > last;
    (japan && is_beyond).then(|| {
        format!("group {name}: the public holidays of Japan are known until {last}; days after it count as working days")
    })
}

/// What the linter for TwiML finds in the operator's messages.
fn templates(config: &Config) -> Vec<String> {
    let texts = config.templates.iter().flat_map(|(name, texts)| {
        texts
            .iter()
            .map(move |(language, text)| (name, *language, text))
    });
    texts
        .flat_map(|(name, language, text)| {
            let key = LANGUAGES.iter().find(|(_, known)| *known == language);
            let key = key.map_or("", |(key, _)| key);
            let findings = voice::lint_template(text, language).into_iter();
            findings.map(move |finding| format!("template {name}, {key}: {finding}"))
        })
        .collect()
}

fn only_simulated(config: &Config) -> Option<String> {
    let mut kinds = config.providers.iter().map(|provider| &provider.kind);
    kinds
        .all(|kind| matches!(kind, ProviderKind::Simulated))
        .then(|| "all providers are simulated: no real phone will ring".to_owned())
}

/// Heartbeats whose silence calls nobody.
fn unheeded(config: &Config) -> Vec<String> {
    let rules = config.heartbeats.iter().map(|heartbeat| &heartbeat.rule);
    let mild = rules.filter(|rule| rule.severity < config.whom(&rule.group).policy.call_from);
    mild.map(|rule| {
        let severity = rule.severity;
        format!(
            "heartbeat {}: its silence is {severity}, which calls nobody in group {}; raise `severity`",
            rule.name, rule.group
        )
    })
    .collect()
}

fn in_no_group(config: &Config) -> Vec<String> {
    let rosters = config.groups.values().map(|group| &group.roster);
    let on_call: BTreeSet<_> = rosters.flat_map(|roster| roster.everybody()).collect();
    let others = config.members.keys().filter(|name| !on_call.contains(name));
    others
        .map(|name| format!("member {name} is in no group and is never called"))
        .collect()
}

/// Overrides that are not over yet and share time: only the last of them counts there.
fn overlaps(name: &GroupName, group: &Group, now: Timestamp) -> Vec<String> {
    let overrides = group.roster.overrides();
    let mut overlaps = Vec::new();
    for (index, span) in overrides.iter().enumerate() {
        for (earlier, other) in overrides[..index].iter().enumerate() {
            let from = span.from.max(other.from);
            let until = span.until.min(other.until);
            if from < until && now < until {
                overlaps.push(format!(
                    "group {name}: override {} covers a part of override {}; where both hold, the later one in the \
                     file counts",
                    index + 1,
                    earlier + 1
                ));
            }
        }
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check(groups: &str, expected: &[&str]) {
        let text = format!(
            "[[providers]]\nname = 'sim'\nkind = 'simulated'\n[members.aya]\nnumber = '+819012345678'\n{groups}"
        );
        let config = Config::parse(&text, Path::new("rinban.toml")).expect("no error");
        let now = "2026-11-22T00:00:00Z".parse().expect("timestamp");
        assert_eq!(warnings(&config, now), expected, "{groups}");
    }

    #[test]
    fn what_is_probably_not_meant_is_told() {
        let simulated = "all providers are simulated: no real phone will ring";
        let web = "[groups.web]\nmembers = ['aya']";
        check(web, &[simulated]);
        check(
            &format!("[members.ben]\nnumber = '+819012345679'\n{web}"),
            &[simulated, "member ben is in no group and is never called"],
        );
        check(
            &format!(
                "{web}\n[templates.error]\nen = '{{{{ title }}}}. Call 0312345678.'\nja = '{{{{ title }}}}'"
            ),
            &[
                simulated,
                "template error, en: TW413 0312345678 is read as one number, which nobody can write down; put blanks between \
                 the digits: 0 3 1 2 3 4 5 6 7 8",
            ],
        );
        check(
            &format!(
                "[server]\n[[server.api_keys]]\nname = 'k'\nkey_env = 'PATH'\n{web}\n[[heartbeats]]\nname = 'Zabbix'\n\
                 severity = 'info'"
            ),
            &[
                simulated,
                "heartbeat Zabbix: its silence is info, which calls nobody in group web; raise `severity`",
            ],
        );
        let gap =
            "[[groups.web.overrides]]\nfrom = '2026-12-01'\nuntil = '2026-12-02'\nmembers = []";
        let past = gap.replace("2026", "2025");
        check(&format!("{web}\n{past}"), &[simulated]);
        let told = "group web: nobody is on call from 2026-12-01 00:00 until 2026-12-02 00:00 (override 1); its alerts \
                    wait until then";
        check(&format!("{web}\n{gap}"), &[simulated, told]);
        let over = gap.replace("[]", "['aya']");
        check(
            &format!("{web}\n{gap}\n{over}"),
            &[
                simulated,
                "group web: override 2 covers a part of override 1; where both hold, the later one in the file counts",
            ],
        );
    }

    #[test]
    fn a_plan_beyond_the_known_holidays_is_told() {
        let text = "[[providers]]\nname = 'sim'\nkind = 'simulated'\n[members.aya]\nnumber = '+819012345678'\n\
                    [groups.web]\nmembers = ['aya']\nholidays = { members = ['aya'] }";
        let config = Config::parse(text, Path::new("rinban.toml")).expect("no error");
        let (name, group) = config.groups.first_key_value().expect("one group");
        let told = |until: &str| beyond_holidays(name, group, until.parse().expect("timestamp"));
        assert_eq!(told("2050-12-31T14:59:59Z"), None);
        let warning = told("2050-12-31T15:00:00Z").expect("the next year in Japan");
        assert!(warning.contains("known until 2050-12-31"), "{warning}");
    }
}
