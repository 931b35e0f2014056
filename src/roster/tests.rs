//! The roster as a whole: tables of who is on call when, and the laws that hold for every rotation.

use std::collections::BTreeSet;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use proptest::prelude::*;

use super::*;

fn names(text: &str) -> Vec<MemberName> {
    text.split_whitespace().map(MemberName::from).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("timestamp")
}

fn date(text: &str) -> Date {
    text.parse().expect("date")
}

fn daily() -> Rotation {
    Rotation::daily(Time::constant(9, 0, 0, 0), date("2026-01-05"))
}

fn span(from: &str, until: &str, members: &str) -> Override {
    Override {
        from: at(from),
        until: at(until),
        members: names(members),
    }
}

fn holidays(members: &str) -> Holidays {
    Holidays {
        members: names(members),
        japan: true,
        weekdays: Vec::new(),
        year_end: MonthDay::parse("12-29").zip(MonthDay::parse("01-03")),
        days: Vec::new(),
        at: Time::constant(9, 0, 0, 0),
    }
}

fn check(roster: &Roster, cases: &[(&str, &str, &str)]) {
    for (instant, order, reason) in cases {
        let instant = at(instant);
        assert_eq!(roster.order_at(instant), names(order), "at {instant}");
        assert_eq!(
            roster.reason_at(instant).to_string(),
            *reason,
            "at {instant}"
        );
    }
}

#[test]
fn a_roster_without_rotation_is_its_list() {
    let roster = Roster::new(names("aya ben chie"));
    check(
        &roster,
        &[("2026-01-05T00:00Z", "aya ben chie", "fixed order")],
    );
    let all: Vec<_> = roster.shifts(Timestamp::MIN, Timestamp::MAX).collect();
    assert_eq!(all.len(), 1, "{all:?}");
}

#[test]
fn the_next_member_comes_first_at_each_hand_over() {
    let roster = Roster::new(names("aya ben chie")).with_rotation(daily());
    check(
        &roster,
        &[
            ("2026-01-05T00:00:00Z", "aya ben chie", "turn 0"),
            ("2026-01-05T23:59:59.999999999Z", "aya ben chie", "turn 0"),
            ("2026-01-06T00:00:00Z", "ben chie aya", "turn 1"),
            ("2026-01-07T00:00:00Z", "chie aya ben", "turn 2"),
            ("2026-01-08T00:00:00Z", "aya ben chie", "turn 3"),
            ("2026-01-04T23:59:59Z", "chie aya ben", "turn -1"),
        ],
    );
}

#[test]
fn an_override_goes_before_a_holiday_and_a_holiday_before_the_rotation() {
    let roster = Roster::new(names("aya ben"))
        .with_rotation(daily())
        .with_holidays(holidays("yuki"))
        .with_override(span("2026-01-01T03:00Z", "2026-01-02T00:00Z", "ben"))
        .with_override(span("2026-01-01T06:00Z", "2026-01-01T09:00Z", "aya"));
    check(
        &roster,
        &[
            ("2025-12-31T23:59:59Z", "yuki", "holiday: year end"),
            ("2026-01-01T00:00:00Z", "yuki", "holiday: 元日"),
            ("2026-01-01T03:00:00Z", "ben", "override 1"),
            ("2026-01-01T06:00:00Z", "aya", "override 2"),
            ("2026-01-01T09:00:00Z", "ben", "override 1"),
            ("2026-01-02T00:00:00Z", "yuki", "holiday: year end"),
            ("2026-01-04T00:00:00Z", "ben aya", "turn -1"),
        ],
    );
}

#[test]
fn shifts_are_cut_where_something_changes_and_nowhere_else() {
    let roster = Roster::new(names("aya ben"))
        .with_rotation(daily())
        .with_holidays(holidays("yuki"))
        .with_override(span("2026-01-06T12:00Z", "2026-01-09T12:00Z", ""));
    let shifts: Vec<_> = roster
        .shifts(at("2026-01-04T12:00Z"), at("2026-01-12T12:00Z"))
        .map(|shift| format!("{} {} {:?}", shift.start, shift.reason, shift.order))
        .collect();
    assert_eq!(
        shifts,
        [
            r#"2026-01-04T12:00:00Z turn -1 ["ben", "aya"]"#,
            r#"2026-01-05T00:00:00Z turn 0 ["aya", "ben"]"#,
            r#"2026-01-06T00:00:00Z turn 1 ["ben", "aya"]"#,
            r#"2026-01-06T12:00:00Z override 1 []"#,
            r#"2026-01-09T12:00:00Z turn 4 ["aya", "ben"]"#,
            r#"2026-01-10T00:00:00Z turn 5 ["ben", "aya"]"#,
            r#"2026-01-11T00:00:00Z turn 6 ["aya", "ben"]"#,
            r#"2026-01-12T00:00:00Z holiday: 成人の日 ["yuki"]"#,
        ]
    );
    let gaps: Vec<_> = roster
        .gaps(at("2026-01-01T00:00Z"), at("2027-01-01T00:00Z"))
        .map(|gap| (gap.start, gap.end))
        .collect();
    assert_eq!(gaps, [(at("2026-01-06T12:00Z"), at("2026-01-09T12:00Z"))]);
}

const ZONES: [&str; 6] = [
    "Asia/Tokyo",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
];

prop_compose! {
    /// A rotation that begins in 2026, at any minute of the day.
    fn any_rotation()(
        days in proptest::collection::btree_set(0_i8..7, 1..=7),
        kind in 0..3,
        minute in 0_i8..60,
        hour in 0_i8..24,
        start in 0_i64..365,
    ) -> Rotation {
        let start = date("2026-01-01")
            .checked_add(jiff::Span::new().days(start))
            .expect("in range");
        let at = Time::constant(hour, minute, 0, 0);
        let weekdays: Vec<_> = days
            .into_iter()
            .map(|day| Weekday::from_monday_zero_offset(day).expect("below 7"))
            .collect();
        match kind {
            0 => Rotation::daily(at, start),
            1 => Rotation::weekly(at, start),
            _ => Rotation::on_weekdays(&weekdays, at, start).expect("has weekdays"),
        }
    }
}

prop_compose! {
    fn any_roster()(
        count in 1_usize..8,
        rotation in any_rotation(),
        zone in proptest::sample::select(&ZONES[..]),
    ) -> Roster {
        let members = (0..count).map(|i| MemberName::new(format!("m{i}"))).collect();
        Roster::new(members)
            .in_zone(TimeZone::get(zone).expect("known zone"))
            .with_rotation(rotation)
    }
}

prop_compose! {
    /// Overlapping overrides, some of them empty, and holidays.
    fn any_decorated_roster()(
        roster in any_roster(),
        spans in proptest::collection::vec((0_i64..2000, 1_i64..300, 0_usize..3), 0..4),
        with_holidays in any::<bool>(),
    ) -> Roster {
        let mut roster = roster;
        for (from, hours, members) in spans {
            let from = at("2026-09-01T00:00Z") + SignedDuration::from_hours(from);
            roster = roster.with_override(Override {
                from,
                until: from + SignedDuration::from_hours(hours),
                members: names(["", "m0", "yuki m0"][members]),
            });
        }
        if with_holidays {
            roster = roster.with_holidays(holidays("yuki"));
        }
        roster
    }
}

/// An instant of 2025 to 2028, to the second.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let range = at("2025-01-01T00:00Z").as_second()..at("2028-01-01T00:00Z").as_second();
    range.prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

proptest! {
    #[test]
    fn a_rotation_is_a_permutation_of_the_members(roster in any_roster(), instant in any_instant()) {
        let mut order = roster.order_at(instant);
        order.sort();
        prop_assert_eq!(order, roster.members);
    }

    #[test]
    fn over_one_round_of_shifts_everybody_is_first_exactly_once(
        roster in any_roster(),
        instant in any_instant(),
    ) {
        let first: Vec<_> = roster
            .shifts(instant, Timestamp::MAX)
            .take(roster.members.len())
            .map(|shift| shift.order[0].clone())
            .collect();
        let distinct: BTreeSet<_> = first.iter().cloned().collect();
        prop_assert_eq!(distinct.len(), roster.members.len(), "{:?}", first);
    }

    #[test]
    fn no_hand_over_is_skipped_or_doubled(roster in any_roster(), instant in any_instant()) {
        let until = instant + SignedDuration::from_hours(24 * 400);
        let turns: Vec<_> = roster.shifts(instant, until).map(|shift| shift.reason).collect();
        for (before, after) in turns.iter().zip(turns.iter().skip(1)) {
            match (before, after) {
                (Reason::Rotation { turn: before }, Reason::Rotation { turn: after }) => {
                    prop_assert_eq!(before + 1, *after);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn hand_overs_keep_their_civil_time_but_in_a_gap(roster in any_roster(), instant in any_instant()) {
        let rotation = roster.rotation.clone().expect("has one");
        for shift in roster.shifts(instant, instant + SignedDuration::from_hours(24 * 60)).skip(1) {
            let civil = roster.zone.to_datetime(shift.start);
            let moved = civil.time().duration_since(rotation.at());
            let by_gap = [1800, 3600].map(SignedDuration::from_secs).contains(&moved);
            prop_assert!(moved.is_zero() || by_gap, "{} is not at {}", civil, rotation.at());
        }
    }

    #[test]
    fn shifts_fill_the_span_and_agree_with_every_instant_in_it(
        roster in any_decorated_roster(),
        from in any_instant(),
        hours in 1_i64..3000,
        probes in proptest::collection::vec(0.0_f64..1.0, 20),
    ) {
        let until = from + SignedDuration::from_hours(hours);
        let shifts: Vec<_> = roster.shifts(from, until).collect();
        prop_assert_eq!(shifts.first().map(|shift| shift.start), Some(from));
        prop_assert_eq!(shifts.last().map(|shift| shift.end), Some(until));
        for (before, after) in shifts.iter().zip(shifts.iter().skip(1)) {
            prop_assert_eq!(before.end, after.start);
            prop_assert_ne!(&before.reason, &after.reason);
        }
        let span = until.duration_since(from).as_secs_f64();
        let probed = probes.iter().map(|part| from + SignedDuration::from_secs_f64(part * span));
        let edges = shifts.iter().flat_map(|shift| {
            [shift.start, shift.end - SignedDuration::from_nanos(1)]
        });
        for instant in probed.chain(edges) {
            let shift = shifts
                .iter()
                .find(|shift| shift.start <= instant && instant < shift.end)
                .expect("shifts fill the span");
            prop_assert_eq!(roster.order_at(instant), shift.order.clone());
        }
    }

    #[test]
    fn the_answer_depends_on_nothing_but_the_instant(
        roster in any_decorated_roster(),
        instant in any_instant(),
        others in proptest::collection::vec(any_instant(), 0..5),
    ) {
        let before = roster.order_at(instant);
        for other in others {
            roster.order_at(other);
        }
        prop_assert_eq!(before, roster.clone().order_at(instant));
    }
}
