//! Lists: filters, and pages that stay put while new entries come.
//!
//! The names of the filters on dates end in `<` and `>` (`StartTime<=2026-01-05` in the documentation is a parameter
//! `StartTime<`). A date is its first instant in UTC; without a sign it means the whole day.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::Asked;
use crate::serve::{form::Form, refusal::Refusal};

const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

/// Parameters that choose a page, not what is on it.
const PAGING: [&str; 3] = ["Page", "PageSize", "PageToken"];

/// A list that is asked for.
pub(super) struct Listing<'a> {
    asked: &'a Asked,
    size: usize,
    page: usize,
    /// The entry that the page before ended with.
    after: Option<&'a str>,
}

impl<'a> Listing<'a> {
    pub(super) fn read(asked: &'a Asked) -> Result<Self, Refusal> {
        let size = whole(&asked.query, "PageSize")?.unwrap_or(USUAL_PAGE);
        Ok(Self {
            asked,
            size: size.clamp(1, LARGEST_PAGE),
            page: whole(&asked.query, "Page")?.unwrap_or(0),
            after: token(&asked.query)?,
        })
    }

    /// The page: `key` names the list, `entries` are newest first, each with its SID.
    pub(super) fn page(&self, key: &str, entries: &[(String, Value)]) -> Value {
        let start = match self.after {
            Some(after) => {
                let found = entries.iter().position(|(sid, _)| sid == after);
                found.map_or(entries.len(), |at| at + 1)
            }
            None => self.page.saturating_mul(self.size).min(entries.len()),
        };
        let end = entries.len().min(start.saturating_add(self.size));
        let shown = &entries[start..end];
        let last = shown.last().filter(|_| end < entries.len());
        let next = last.map(|(sid, _)| self.uri(self.page + 1, Some(sid)));
        let before = self.page.checked_sub(1);
        let number = self.page.saturating_mul(self.size);
        let mut page = json!({
            "page": self.page,
            "page_size": self.size,
            "start": number,
            "end": number + shown.len().saturating_sub(1),
            "uri": self.uri(self.page, self.after),
            "first_page_uri": self.uri(0, None),
            "next_page_uri": next,
            "previous_page_uri": before.map(|page| self.uri(page, None)),
        });
        page[key] = shown.iter().map(|(_, entry)| entry.clone()).collect();
        page
    }

    fn uri(&self, page: usize, after: Option<&str>) -> String {
        let mut query = self.asked.query.without(&PAGING);
        query.push("PageSize", self.size.to_string());
        query.push("Page", page.to_string());
        if let Some(sid) = after {
            query.push("PageToken", format!("PA{sid}"));
        }
        format!("{}?{}", self.asked.path, query.encoded())
    }
}

fn whole(query: &Form, name: &str) -> Result<Option<usize>, Refusal> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    let message = || format!("{name} must be a whole number, not {text}");
    let number = text.parse().map_err(|_| Refusal::bad(20001, message()))?;
    Ok(Some(number))
}

fn token(query: &Form) -> Result<Option<&str>, Refusal> {
    let Some(text) = query.get("PageToken") else {
        return Ok(None);
    };
    let token = text.strip_prefix("PA");
    let bad = || Refusal::bad(20001, "PageToken is none that a page here has given out");
    token.ok_or_else(bad).map(Some)
}

/// A filter on a date, such as `StartTime`.
pub(super) struct Dates {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Dates {
    pub(super) fn read(query: &Form, name: &str) -> Result<Self, Refusal> {
        let (at_least, at_most) = (format!("{name}>"), format!("{name}<"));
        let instant = |name: &str| query.get(name).map(|text| instant(name, text)).transpose();
        let (mut from, mut until) = (instant(&at_least)?, instant(&at_most)?);
        if let Some(text) = query.get(name) {
            let day = instant(name)?;
            let is_whole = !text.contains('T');
            let length = if is_whole { 24.hours() } else { 1.seconds() };
            from = from.max(day);
            let end = day.and_then(|day| day.checked_add(length).ok());
            until = until.or(end).min(end);
        }
        Ok(Self { from, until })
    }

    /// Whether an instant is within. What has none is in no filtered list.
    pub(super) fn fit(&self, at: Option<Timestamp>) -> bool {
        let Some(at) = at else {
            return self.from.is_none() && self.until.is_none();
        };
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }
}

/// A date, or an instant as clients for typed languages send it.
fn instant(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    let date = || {
        let date: Date = text.parse().ok()?;
        let start = date.to_zoned(TimeZone::UTC).ok()?;
        Some(start.timestamp())
    };
    let found = text.parse().ok().or_else(date);
    let message = || format!("{name} must be a date such as 2026-01-05, not {text}");
    found.ok_or_else(|| Refusal::bad(20001, message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Asked {
        Asked {
            method: "GET".to_owned(),
            path: "/p".to_owned(),
            query: Form::parse(query.as_bytes()),
            form: Form::default(),
            credentials: None,
        }
    }

    fn entries(sids: std::ops::Range<u32>) -> Vec<(String, Value)> {
        sids.rev()
            .map(|sid| (format!("CA{sid}"), json!(sid)))
            .collect()
    }

    #[test]
    fn pages_follow_one_another_while_new_entries_come() {
        let (mut query, mut seen) = ("PageSize=2&To=x".to_owned(), Vec::new());
        let mut newest = 5;
        loop {
            let asked = asked(&query);
            let page = Listing::read(&asked)
                .expect("a list")
                .page("calls", &entries(0..newest));
            seen.extend(page["calls"].as_array().expect("a list").clone());
            let Some(next) = page["next_page_uri"].as_str() else {
                break;
            };
            assert!(next.starts_with("/p?To=x&PageSize=2&Page="), "{next}");
            query = next["/p?".len()..].to_owned();
            newest += 3;
        }
        assert_eq!(seen, [4, 3, 2, 1, 0].map(|sid| json!(sid)));
    }

    #[test]
    fn a_wrong_page_is_refused() {
        for query in ["PageSize=many", "Page=-1", "PageToken=1"] {
            assert!(Listing::read(&asked(query)).is_err(), "{query}");
        }
        let asked = asked("PageSize=9999");
        let listing = Listing::read(&asked).expect("a list");
        assert_eq!(listing.size, LARGEST_PAGE);
    }

    #[test]
    fn dates_are_days_in_utc_or_bounds() {
        let at = |text: &str| Some(text.parse().expect("an instant"));
        for (query, instant, fits) in [
            ("S=2026-01-05", "2026-01-05T00:00:00Z", true),
            ("S=2026-01-05", "2026-01-05T23:59:59Z", true),
            ("S=2026-01-05", "2026-01-06T00:00:01Z", false),
            ("S=2026-01-05", "2026-01-04T23:59:59Z", false),
            ("S%3E=2026-01-05", "2026-01-07T00:00:00Z", true),
            ("S%3E=2026-01-05", "2026-01-04T00:00:00Z", false),
            ("S%3C=2026-01-05", "2026-01-04T00:00:00Z", true),
            ("S%3C=2026-01-05", "2026-01-05T00:00:01Z", false),
            ("S%3E=2026-01-05T10:00:00Z", "2026-01-05T09:59:59Z", false),
            (
                "S%3E=2026-01-05&S%3C=2026-01-06",
                "2026-01-05T12:00:00Z",
                true,
            ),
            ("", "2026-01-05T12:00:00Z", true),
        ] {
            let dates = Dates::read(&Form::parse(query.as_bytes()), "S").expect("dates");
            assert_eq!(dates.fit(at(instant)), fits, "{query} {instant}");
            assert_eq!(dates.fit(None), query.is_empty());
        }
        assert!(Dates::read(&Form::parse(b"S=today"), "S").is_err());
    }
}
