//! Days on which others are on call.

use std::{borrow::Cow, collections::BTreeMap, ops::RangeInclusive, sync::LazyLock};

use jiff::civil::{Date, Time, Weekday};

use super::{MemberName, rotation::index};

/// The dates over which the public holidays of Japan are known; no day beyond them counts as one.
pub const JAPAN_COVERED: RangeInclusive<Date> =
    Date::constant(2020, 1, 1)..=Date::constant(2050, 12, 31);

static JAPAN: LazyLock<BTreeMap<Date, &'static str>> = LazyLock::new(|| {
    include_str!("holidays_japan.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(date, name)| Some((date.parse().ok()?, name)))
        .collect()
});

/// The name of the public holiday of Japan on this date, within [`JAPAN_COVERED`].
pub fn japan(date: Date) -> Option<&'static str> {
    JAPAN.get(&date).copied()
}

/// Days on which another list of members takes over, in the order in which they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holidays {
    /// Who is called on such a day; nobody is called if it is empty.
    pub members: Vec<MemberName>,
    /// Whether the public holidays of Japan are such days.
    pub japan: bool,
    /// Weekdays that are such days.
    pub weekdays: Vec<Weekday>,
    /// The turn of the year, such as 12-29 to 01-03, both included.
    pub year_end: Option<(MonthDay, MonthDay)>,
    /// Further days.
    pub days: Vec<Date>,
    /// When such a day begins; it ends at the same time on the next date.
    pub at: Time,
}

impl Holidays {
    /// What makes this date a holiday; none if it is none.
    pub fn name(&self, date: Date) -> Option<Cow<'static, str>> {
        if let Some(name) = self.japan.then(|| japan(date)).flatten() {
            return Some(Cow::Borrowed(name));
        }
        let today = MonthDay::of(date);
        if self.year_end.is_some_and(|span| today.within(span)) {
            return Some(Cow::Borrowed("year end"));
        }
        if self.days.contains(&date) {
            return Some(Cow::Borrowed("configured day"));
        }
        let weekday = index(date.weekday());
        let is_weekday = self.weekdays.iter().any(|day| index(*day) == weekday);
        is_weekday.then(|| Cow::Owned(format!("{:?}", date.weekday())))
    }
}

/// A day of any year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthDay {
    month: i8,
    day: i8,
}

impl MonthDay {
    /// Reads `12-29`: month and day with two digits each, a day of any leap year.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 5).then_some(())?;
        let date: Date = format!("2024-{text}").parse().ok()?;
        Some(Self::of(date))
    }

    fn of(date: Date) -> Self {
        Self {
            month: date.month(),
            day: date.day(),
        }
    }

    /// Whether it lies in the span, both ends included; a span whose end comes before its beginning goes over the
    /// turn of the year.
    fn within(self, (from, until): (Self, Self)) -> bool {
        if from <= until {
            from <= self && self <= until
        } else {
            from <= self || self <= until
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("date")
    }

    #[test]
    fn the_public_holidays_are_those_that_the_cabinet_office_announced() {
        for (day, name) in [
            ("2020-07-24", "スポーツの日"),
            ("2020-10-12", ""),
            ("2021-08-09", "山の日 振替休日"),
            ("2026-05-05", "こどもの日"),
            ("2026-09-22", "休日"),
            ("2026-11-23", "勤労感謝の日"),
            ("2026-11-24", ""),
        ] {
            assert_eq!(japan(date(day)).unwrap_or_default(), name, "{day}");
        }
    }

    #[test]
    fn every_year_that_is_covered_has_its_holidays() {
        for year in JAPAN_COVERED.start().year()..=JAPAN_COVERED.end().year() {
            let of_year = JAPAN.keys().filter(|date| date.year() == year).count();
            assert!((16..=21).contains(&of_year), "{year}: {of_year}");
        }
        assert!(JAPAN.keys().all(|date| JAPAN_COVERED.contains(date)));
    }

    #[test]
    fn a_day_is_a_holiday_for_a_reason() {
        let holidays = Holidays {
            members: vec!["yuki".into()],
            japan: true,
            weekdays: vec![Weekday::Sunday],
            year_end: MonthDay::parse("12-29").zip(MonthDay::parse("01-03")),
            days: vec![date("2026-08-13")],
            at: Time::midnight(),
        };
        for (day, name) in [
            ("2026-01-01", "元日"),
            ("2026-01-02", "year end"),
            ("2026-12-28", ""),
            ("2026-12-29", "year end"),
            ("2027-01-03", "year end"),
            ("2027-01-04", ""),
            ("2026-08-13", "configured day"),
            ("2026-08-16", "Sunday"),
            ("2026-08-17", ""),
        ] {
            assert_eq!(holidays.name(date(day)).unwrap_or_default(), name, "{day}");
        }
    }

    #[test]
    fn a_day_of_the_year_has_two_digits_for_each() {
        for bad in ["", "1-1", "13-01", "02-30", "12/29", "2026-12-29"] {
            assert_eq!(MonthDay::parse(bad), None, "{bad}");
        }
        assert!(MonthDay::parse("02-29").is_some());
    }
}
