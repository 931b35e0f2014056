//! Whose turn it is by date.

use jiff::civil::{Date, Time, Weekday};

use super::{MemberName, day};

/// How the members take turns. The turn is counted from the start date by the calendar alone; nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whether the turn passes on, Monday first.
    weekdays: [bool; 7],
    at: Time,
    /// The date on which the first member's turn begins.
    start: Date,
}

impl Rotation {
    /// The turn passes on every day at this time. The first member begins on the start date.
    pub fn daily(at: Time, start: Date) -> Self {
        Self {
            weekdays: [true; 7],
            at,
            start,
        }
    }

    /// The turn passes on once a week at this time, on the weekday of the start date.
    pub fn weekly(at: Time, start: Date) -> Self {
        let mut weekdays = [false; 7];
        weekdays[index(start.weekday())] = true;
        Self {
            weekdays,
            at,
            start,
        }
    }

    /// The turn passes on at this time on these weekdays. The first member begins on the first of them that is the
    /// start date or later. None if there is no weekday.
    pub fn on_weekdays(days: &[Weekday], at: Time, start: Date) -> Option<Self> {
        let mut weekdays = [false; 7];
        for day in days {
            weekdays[index(*day)] = true;
        }
        let first = first_of(weekdays, start)?;
        Some(Self {
            weekdays,
            at,
            start: first,
        })
    }

    /// When in the day the turn passes on.
    pub fn at(&self) -> Time {
        self.at
    }

    /// How many hand-overs there are after the start date up to and with this day of duty; negative before it.
    pub(super) fn turn(&self, day: Date) -> i64 {
        self.hand_overs_until(day) - self.hand_overs_until(self.start)
    }

    /// The first hand-over day after this one.
    pub(super) fn next_hand_over(&self, day: Date) -> Date {
        first_of(self.weekdays, day::next(day)).unwrap_or(Date::MAX)
    }

    /// The members, beginning with the one whose turn it is.
    pub(super) fn order(members: &[MemberName], turn: i64) -> Vec<MemberName> {
        let mut order = members.to_vec();
        if !order.is_empty() {
            let first = turn.rem_euclid(order.len() as i64);
            order.rotate_left(first as usize);
        }
        order
    }

    /// Counts hand-over days up to and with this one, from a Monday far back; only differences mean anything.
    fn hand_overs_until(&self, day: Date) -> i64 {
        const A_MONDAY: Date = Date::constant(1970, 1, 5);
        let days = day.duration_since(A_MONDAY).as_hours() / 24;
        let per_week = self.count(7);
        let into_week = days.rem_euclid(7) as usize + 1;
        days.div_euclid(7) * per_week + self.count(into_week)
    }

    /// How many of the first days of a week are hand-over days.
    fn count(&self, days: usize) -> i64 {
        let hand_overs = self.weekdays[..days].iter().filter(|is| **is);
        hand_overs.count() as i64
    }
}

/// The first date that is one of the weekdays, the given one included.
fn first_of(weekdays: [bool; 7], from: Date) -> Option<Date> {
    let mut date = from;
    for _ in 0..7 {
        if weekdays[index(date.weekday())] {
            return Some(date);
        }
        date = day::next(date);
    }
    None
}

pub(super) fn index(weekday: Weekday) -> usize {
    weekday.to_monday_zero_offset() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const NINE: Time = Time::constant(9, 0, 0, 0);

    fn date(text: &str) -> Date {
        text.parse().expect("date")
    }

    fn check(rotation: &Rotation, turns: &[(&str, i64)]) {
        for (day, turn) in turns {
            assert_eq!(rotation.turn(date(day)), *turn, "{rotation:?} on {day}");
        }
    }

    #[test]
    fn the_turn_is_counted_by_the_calendar() {
        let start = date("2026-01-05");
        check(
            &Rotation::daily(NINE, start),
            &[
                ("2026-01-05", 0),
                ("2026-01-06", 1),
                ("2026-01-04", -1),
                ("2027-01-05", 365),
            ],
        );
        check(
            &Rotation::weekly(NINE, start),
            &[
                ("2026-01-11", 0),
                ("2026-01-12", 1),
                ("2026-01-04", -1),
                ("2025-12-29", -1),
                ("2025-12-28", -2),
            ],
        );
    }

    #[test]
    fn a_start_between_the_weekdays_begins_on_the_next_of_them() {
        let days = [Weekday::Monday, Weekday::Thursday];
        let rotation =
            Rotation::on_weekdays(&days, NINE, date("2026-01-06")).expect("has weekdays");
        check(
            &rotation,
            &[
                ("2026-01-05", -1),
                ("2026-01-07", -1),
                ("2026-01-08", 0),
                ("2026-01-11", 0),
                ("2026-01-12", 1),
                ("2026-01-15", 2),
            ],
        );
        assert_eq!(
            rotation.next_hand_over(date("2026-01-08")),
            date("2026-01-12")
        );
        assert_eq!(Rotation::on_weekdays(&[], NINE, date("2026-01-06")), None);
    }
}
