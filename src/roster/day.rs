//! Days of duty: from a time of day to the same time on the next date, in a time zone.
//!
//! Everything that turns over by date (hand-overs, holidays) is a function of the day of duty that an instant falls
//! into, and of nothing else: no state to be lost, and a clock that jumps changes no answer.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

/// Cuts time into days of duty.
#[derive(Clone, Copy, Debug)]
pub(super) struct DutyDays<'a> {
    /// The zone whose dates count.
    pub(super) zone: &'a TimeZone,
    /// When a day begins.
    pub(super) at: Time,
}

impl DutyDays<'_> {
    /// The instant at which the day of this date begins. A time that the zone skips on that date (DST gap) counts as
    /// the same span after the gap's beginning, a time that comes twice (fold) as its first coming, so that each date
    /// begins exactly once, and later dates never earlier.
    pub(super) fn start_of(self, date: Date) -> Timestamp {
        let outside = if date.year() < 1970 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        self.zone
            .to_ambiguous_timestamp(date.to_datetime(self.at))
            .compatible()
            .unwrap_or(outside)
    }

    /// The date whose day of duty holds the instant: the last one that has begun.
    pub(super) fn day_at(self, instant: Timestamp) -> Date {
        let civil = self.zone.to_datetime(instant).date();
        // A fold across midnight takes the civil date back after the next day of duty has begun.
        let mut date = next(civil);
        while self.start_of(date) > instant && date > Date::MIN {
            date = date.yesterday().unwrap_or(Date::MIN);
        }
        date
    }
}

/// The next date; the last date of the calendar is its own next.
pub(super) fn next(date: Date) -> Date {
    date.tomorrow().unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, at: &str, date: &str, start: &str) {
        let zone = TimeZone::get(zone).expect("known zone");
        let days = DutyDays {
            zone: &zone,
            at: at.parse().expect("time"),
        };
        let date: Date = date.parse().expect("date");
        let start: Timestamp = start.parse().expect("timestamp");
        assert_eq!(days.start_of(date), start, "{date} at {at}");
        assert_eq!(days.day_at(start), date, "at {start}");
        let before = start - jiff::SignedDuration::from_nanos(1);
        assert_eq!(days.day_at(before), date.yesterday().expect("in range"));
    }

    #[test]
    fn each_date_begins_exactly_once_even_in_gaps_and_folds() {
        check("Asia/Tokyo", "09:00", "2026-11-22", "2026-11-22T00:00:00Z");
        // Gap 02:00 to 03:00, fold 01:00 to 02:00.
        let ny = "America/New_York";
        check(ny, "02:30", "2026-03-08", "2026-03-08T07:30:00Z");
        check(ny, "01:30", "2026-11-01", "2026-11-01T05:30:00Z");
        // Half an hour of DST: gap 02:00 to 02:30, fold 01:30 to 02:00.
        let lhi = "Australia/Lord_Howe";
        check(lhi, "02:15", "2026-10-04", "2026-10-03T15:45:00Z");
        check(lhi, "01:45", "2026-04-05", "2026-04-04T14:45:00Z");
        // The fold takes the clock from 00:01 back to 23:01 of the day before.
        let toronto = "America/Toronto";
        check(toronto, "00:00", "1988-10-30", "1988-10-30T04:00:00Z");
        check(
            "America/St_Johns",
            "00:00",
            "2006-10-29",
            "2006-10-29T02:30:00Z",
        );
    }

    #[test]
    fn a_day_that_has_begun_stays_begun_when_the_clock_goes_back_over_midnight() {
        let zone = TimeZone::get("America/St_Johns").expect("known zone");
        let days = DutyDays {
            zone: &zone,
            at: Time::midnight(),
        };
        // 00:00 came first at 02:30 UTC; a minute later the clock went back to 23:01 of the 28th.
        let again_the_28th = "2006-10-29T02:45:00Z".parse().expect("timestamp");
        assert_eq!(zone.to_datetime(again_the_28th).date().day(), 28);
        assert_eq!(days.day_at(again_the_28th), Date::constant(2006, 10, 29));
    }

    #[test]
    fn the_ends_of_time_have_a_day_too() {
        let days = DutyDays {
            zone: &TimeZone::UTC,
            at: Time::MAX,
        };
        for instant in [Timestamp::MIN, Timestamp::MAX] {
            let civil = days.zone.to_datetime(instant).date();
            let off = days.day_at(instant).duration_since(civil);
            assert!(off.abs() <= jiff::SignedDuration::from_hours(24), "{off}");
        }
    }
}
