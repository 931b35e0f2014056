//! Instants as people write them.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// Why a text is no instant; says how to mend it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} is not a date and time; write it like \"2026-12-29 09:00\" or \"2026-12-29T09:00:00+09:00\""
)]
pub struct MomentError(String);

/// Reads RFC 3339 (`2026-12-29T09:00:00+09:00`), or a civil date and time (`2026-12-29 09:00`) or date (its beginning) in
/// the zone. A time that the zone skips counts as the same span after the gap's beginning, one that comes twice as its
/// first coming.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp, MomentError> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let civil = match text.parse::<Date>() {
        // A date also parses out of a longer text, whose time must not be lost.
        Ok(date) if text.len() <= "2026-12-29".len() => {
            date.to_datetime(jiff::civil::Time::midnight())
        }
        _ => text
            .parse::<DateTime>()
            .map_err(|_| MomentError(text.to_owned()))?,
    };
    zone.to_ambiguous_timestamp(civil)
        .compatible()
        .map_err(|_| MomentError(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let zone = TimeZone::get("America/New_York").expect("known zone");
        let found = parse(text, &zone).ok().map(|instant| instant.to_string());
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn an_instant_is_rfc_3339_or_civil_in_the_zone() {
        check("2026-07-01T09:00:00+09:00", Some("2026-07-01T00:00:00Z"));
        check("2026-07-01T09:00:00Z", Some("2026-07-01T09:00:00Z"));
        check("2026-07-01 09:00", Some("2026-07-01T13:00:00Z"));
        check("2026-07-01T09:00:30", Some("2026-07-01T13:00:30Z"));
        check("2026-07-01", Some("2026-07-01T04:00:00Z"));
        check("2026-03-08 02:30", Some("2026-03-08T07:30:00Z"));
        check("2026-11-01 01:30", Some("2026-11-01T05:30:00Z"));
        for bad in ["", "now", "2026-02-30", "09:00", "2026-07-01 25:00"] {
            check(bad, None);
        }
    }
}
