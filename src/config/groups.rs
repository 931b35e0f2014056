//! `[groups.NAME]`: who is on call when, and by which policy.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{
    civil::{Date, Time, Weekday},
    tz::{Offset, TimeZone},
};

use super::{
    Group,
    error::{Wrong, did_you_mean, one_of},
    members::{Members, check_name},
    moment,
    reader::{Located, Section},
    whom::RESERVED,
};
use crate::{
    alert::GroupName,
    escalation::Policy,
    roster::{Holidays, MemberName, MonthDay, Override, Roster, Rotation},
};

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// What groups refer to.
pub(super) struct Known<'k> {
    pub(super) members: &'k Members<'k>,
    pub(super) policies: &'k BTreeMap<String, Arc<Policy>>,
    /// The zone of groups that name none.
    pub(super) zone: TimeZone,
}

/// The names of all groups in the file, and those of them that are without a mistake.
pub(super) struct Groups<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) sound: BTreeMap<GroupName, Group>,
}

pub(super) fn groups<'a>(root: &Section<'a>, known: &Known<'_>) -> Groups<'a> {
    let sections = root.named("groups");
    if sections.is_empty() {
        root.wrong(
            0,
            "there is no group",
            "add [groups.NAME] with members = [\"...\"]",
        );
    }
    let names = sections.iter().map(|(name, _)| *name).collect();
    let sound = sections
        .iter()
        .filter_map(|(name, section)| {
            let is_name = check_name(name, section).and_then(|()| check_reserved(name, section));
            let group = group(section, known);
            is_name
                .and(group)
                .map(|group| (GroupName::new(name), group))
        })
        .collect();
    Groups { names, sound }
}

/// The group that takes the events of groups that nobody has configured: the one that is named, else the only one, else
/// `default`.
pub(super) fn default_group(root: &Section<'_>, groups: &Groups<'_>) -> Option<GroupName> {
    let named = root.text("default_group");
    if let Some(name) = named {
        check_group(root, "default_group", name, groups);
        return Some(GroupName::new(name.value));
    }
    let default = groups.names.iter().find(|name| **name == "default");
    let found = match groups.names.as_slice() {
        [] => return None,
        [only] => Some(*only),
        _ => default.copied(),
    };
    let remedy =
        "add default_group = \"NAME\": it takes the events of groups that the file does not name";
    root.required("default_group", found.map(GroupName::new), remedy)
}

/// Records that a group is named which is not in the file.
pub(super) fn check_group(
    section: &Section<'_>,
    key: &str,
    name: Located<&str>,
    groups: &Groups<'_>,
) {
    if !groups.names.contains(&name.value) {
        let wrong = Wrong::new(
            format!("names the group {:?}, which is not defined", name.value),
            one_of(name.value, groups.names.iter().copied()),
        );
        section.wrong_value(key, name.at, &wrong);
    }
}

/// Names with these beginnings mean a person or a test, whatever the file says.
fn check_reserved(name: &str, section: &Section<'_>) -> Option<()> {
    let Some(prefix) = RESERVED.iter().find(|prefix| name.starts_with(**prefix)) else {
        return Some(());
    };
    section.wrong(
        section.at,
        format!(
            "`{}` begins with `{prefix}`, which rinban keeps for itself",
            section.name
        ),
        "give the group another name",
    );
    None
}

fn group(section: &Section<'_>, known: &Known<'_>) -> Option<Group> {
    let zone = time_zone(section).unwrap_or_else(|| known.zone.clone());
    let members = crew(section, known);
    let members = section.required(
        "members",
        members,
        "add members = [\"...\"], in order of calling",
    );
    let rotation = section.section("rotation");
    let rotation = rotation.and_then(|section| self::rotation(&section));
    let handed_over_at = rotation.as_ref().map(Rotation::at);
    let holidays = section.section("holidays");
    let holidays = holidays.map(|section| self::holidays(&section, known, handed_over_at));
    let overrides: Vec<_> = section
        .sections("overrides")
        .iter()
        .filter_map(|section| self::override_of(section, known, &zone))
        .collect();
    let policy = policy(section, known);

    let members = members?;
    if members.is_empty() {
        let what = format!("`{}` is empty", section.path("members"));
        section.wrong(section.at, what, "name at least one member");
        return None;
    }
    let mut roster = Roster::new(members).in_zone(zone);
    if let Some(rotation) = rotation {
        roster = roster.with_rotation(rotation);
    }
    if let Some(holidays) = holidays {
        roster = roster.with_holidays(holidays?);
    }
    let roster = overrides.into_iter().fold(roster, Roster::with_override);
    Some(Group {
        roster,
        policy: policy?,
    })
}

/// The `members` of a section, all of whom must be defined.
fn crew(section: &Section<'_>, known: &Known<'_>) -> Option<Vec<MemberName>> {
    let names = section.texts("members")?;
    for name in &names {
        check_defined(section, *name, known);
    }
    let names = names.iter().map(|name| MemberName::new(name.value));
    Some(names.collect())
}

fn check_defined(section: &Section<'_>, name: Located<&str>, known: &Known<'_>) {
    let defined = &known.members.names;
    if !defined.contains(&name.value) {
        let wrong = Wrong::new(
            format!("names {:?}, who is not defined", name.value),
            did_you_mean(name.value, defined.iter().copied())
                .unwrap_or_else(|| format!("add [members.{}]", name.value)),
        );
        section.wrong_value("members", name.at, &wrong);
    }
}

/// The policy that the group names; without a name `[policies.default]`, or the built-in one.
fn policy(section: &Section<'_>, known: &Known<'_>) -> Option<Arc<Policy>> {
    let Some(name) = section.text("policy") else {
        return known.policies.get("default").cloned();
    };
    let policy = known.policies.get(name.value).cloned();
    if policy.is_none() {
        let names = known.policies.keys().map(String::as_str);
        let wrong = Wrong::new(
            format!("names the policy {:?}, which is not defined", name.value),
            did_you_mean(name.value, names)
                .unwrap_or_else(|| format!("add [policies.{}]", name.value)),
        );
        section.wrong_value("policy", name.at, &wrong);
    }
    policy
}

fn rotation(section: &Section<'_>) -> Option<Rotation> {
    #[derive(Clone, Copy)]
    enum Every {
        Day,
        Week,
    }
    let at = section.when("at", time_of_day);
    let start = section.when("start", date);
    let every = section.choice("every", &[("day", Every::Day), ("week", Every::Week)]);
    let days = section.choices("days", &WEEKDAYS);
    if section.has("every") == section.has("days") {
        section.wrong(
            section.at,
            format!(
                "`{}` does not say how often the turn passes on",
                section.name
            ),
            "write either every = \"day\", every = \"week\" or days = [\"mon\", \"thu\"]",
        );
        return None;
    }
    if days.as_ref().is_some_and(Vec::is_empty) {
        section.wrong(
            section.at,
            format!("`{}` is empty", section.path("days")),
            "name the weekdays on which the turn passes on",
        );
    }
    let at = at.map_or(Time::midnight(), |at| at.value);
    let remedy = "add start = \"2026-01-05\": the first turn of the first member";
    let start = section.required("start", start, remedy)?.value;
    match every {
        Some(Every::Day) => Some(Rotation::daily(at, start)),
        Some(Every::Week) => Some(Rotation::weekly(at, start)),
        None => Rotation::on_weekdays(&days?, at, start),
    }
}

fn override_of(section: &Section<'_>, known: &Known<'_>, zone: &TimeZone) -> Option<Override> {
    let moment = |text: &str| {
        moment::parse(text, zone).map_err(|_| {
            Wrong::new(
                format!("is {text:?}, which is not a date and time"),
                "write it like \"2026-12-29 09:00\" (in the group's time zone) or \"2026-12-29T09:00:00+09:00\"",
            )
        })
    };
    let from = section.when("from", moment);
    let from = section.required("from", from, "add from = \"2026-12-29 09:00\"");
    let until = section.when("until", moment);
    let until = section.required("until", until, "add until = \"2026-12-30 09:00\"");
    let members = crew(section, known);
    let members = section.required(
        "members",
        members,
        "add members = [\"...\"]; an empty list means that nobody is on call",
    );
    let (from, until) = (from?, until?);
    if until.value <= from.value {
        let wrong = Wrong::new("is not after `from`", "write the end of the span there");
        section.wrong_value("until", until.at, &wrong);
        return None;
    }
    Some(Override {
        from: from.value,
        until: until.value,
        members: members?,
    })
}

fn holidays(
    section: &Section<'_>,
    known: &Known<'_>,
    handed_over_at: Option<Time>,
) -> Option<Holidays> {
    let members = crew(section, known);
    let members = section.required(
        "members",
        members,
        "add members = [\"...\"]: who is called on such days",
    );
    let japan = section.flag("japan").unwrap_or(true);
    let weekdays = section.choices("weekdays", &WEEKDAYS).unwrap_or_default();
    let year_end = year_end(section);
    let days = section.texts("days").unwrap_or_default();
    let days = days
        .iter()
        .filter_map(|day| section.taken("days", day.at, date(day.value)))
        .collect();
    let at = section.when("at", time_of_day).map(|at| at.value);
    Some(Holidays {
        members: members?,
        japan,
        weekdays,
        year_end,
        days,
        at: at.or(handed_over_at).unwrap_or(Time::midnight()),
    })
}

fn year_end(section: &Section<'_>) -> Option<(MonthDay, MonthDay)> {
    let month_day = |text: &str| {
        MonthDay::parse(text).ok_or_else(|| {
            Wrong::new(
                format!("is {text:?}, which is not a month and a day"),
                "write it like \"12-29\"",
            )
        })
    };
    let from = section.parsed("year_end_from", month_day);
    let until = section.parsed("year_end_until", month_day);
    let both = section.has("year_end_from") == section.has("year_end_until");
    if !both {
        section.wrong(
            section.at,
            format!("`{}` has one end of the turn of the year", section.name),
            "write both year_end_from = \"12-29\" and year_end_until = \"01-03\"",
        );
    }
    from.zip(until)
}

fn date(text: &str) -> Result<Date, Wrong> {
    // A date also parses out of a longer text, whose time would be lost.
    let is_short = text.len() <= "2026-01-05".len();
    let date = text.parse().ok().filter(|_| is_short);
    date.ok_or_else(|| {
        Wrong::new(
            format!("is {text:?}, which is not a date"),
            "write it like \"2026-01-05\"",
        )
    })
}

fn time_of_day(text: &str) -> Result<Time, Wrong> {
    let is_time = text.len() >= "09:00".len() && text.as_bytes()[2] == b':';
    let time = text.parse().ok().filter(|_| is_time);
    time.ok_or_else(|| {
        Wrong::new(
            format!("is {text:?}, which is not a time of day"),
            "write it like \"09:00\"",
        )
    })
}

/// The `time_zone` of a section.
pub(super) fn time_zone(section: &Section<'_>) -> Option<TimeZone> {
    section.parsed("time_zone", |name| {
        TimeZone::get(name).map_err(|_| {
            let known: Vec<_> = jiff::tz::db()
                .available()
                .map(|name| name.to_string())
                .collect();
            let close = did_you_mean(name, known.iter().map(String::as_str));
            Wrong::new(
                format!("is {name:?}, which is no known time zone"),
                close.unwrap_or_else(|| {
                    "use a name of the IANA database, such as \"Asia/Tokyo\"".to_owned()
                }),
            )
        })
    })
}

/// Japan, even where no time zone data is installed: it has had no daylight saving time since 1951.
pub(super) fn default_zone() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap_or_else(|_| TimeZone::fixed(Offset::constant(9)))
}
