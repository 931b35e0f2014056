//! Members, and the rotation that orders them for a moment in time. Pure: time is an argument.
//!
//! What decides at an instant, first match: the last override that holds it; a holiday; the rotation; the list as it
//! stands. All of it is computed from the instant alone, so that no restart, clock jump or DST change skips anybody or
//! calls anybody's turn twice. A rotation goes on counting while an override or a holiday stands before it.

mod day;
pub mod holidays;
mod phone;
mod rotation;
mod shifts;

pub use holidays::{Holidays, MonthDay};
pub use phone::{PhoneNumber, PhoneNumberError};
pub use rotation::Rotation;
pub use shifts::{Reason, Shift, Shifts};

use std::{collections::BTreeSet, fmt};

use jiff::{
    Timestamp,
    civil::Time,
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Serialize};

use day::DutyDays;

use crate::alert::text_newtype;

text_newtype! {
    /// Names a person of the roster, the same in every group.
    MemberName
}

/// A person who can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub name: MemberName,
    /// The phone.
    pub number: PhoneNumber,
    /// What the phone speaks.
    pub language: Language,
    /// How this person can be reached, in order of preference.
    pub channels: Vec<Channel>,
}

/// What the phone speaks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// A way to reach a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A phone call.
    Voice,
    /// A text message.
    Sms,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voice => "voice",
            Self::Sms => "sms",
        })
    }
}

/// Who is on call when: ordered members, their rotation, overrides and holidays.
#[derive(Clone, Debug)]
pub struct Roster {
    members: Vec<MemberName>,
    zone: TimeZone,
    rotation: Option<Rotation>,
    overrides: Vec<Override>,
    holidays: Option<Holidays>,
}

/// Replaces the order for a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// From this instant on.
    pub from: Timestamp,
    /// Until just before this one.
    pub until: Timestamp,
    /// Who is called, in this order; nobody if it is empty.
    pub members: Vec<MemberName>,
}

impl Roster {
    /// These members in this order, for ever; dates are those of Japan (UTC+9). A member that stands in the list twice
    /// gets two turns.
    pub fn new(members: Vec<MemberName>) -> Self {
        Self {
            members,
            zone: TimeZone::fixed(Offset::constant(9)),
            rotation: None,
            overrides: Vec::new(),
            holidays: None,
        }
    }

    /// Takes dates and times of day in this zone.
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// Lets the members take turns.
    pub fn with_rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = Some(rotation);
        self
    }

    /// Adds an override; where two overlap, the one added last counts.
    pub fn with_override(mut self, span: Override) -> Self {
        self.overrides.push(span);
        self
    }

    /// Lets others take over on holidays.
    pub fn with_holidays(mut self, holidays: Holidays) -> Self {
        self.holidays = Some(holidays);
        self
    }

    /// The zone whose dates and times of day count.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The overrides, in the order in which they were added.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The days on which others take over.
    pub fn holidays(&self) -> Option<&Holidays> {
        self.holidays.as_ref()
    }

    /// The name of the zone, such as `Asia/Tokyo`, or its offset.
    pub fn zone_name(&self) -> String {
        let fixed = || self.zone.to_offset(Timestamp::UNIX_EPOCH).to_string();
        self.zone.iana_name().map_or_else(fixed, str::to_owned)
    }

    /// Everybody who is called at some time or other, each once, by name.
    pub fn everybody(&self) -> BTreeSet<&MemberName> {
        let overrides = self.overrides.iter().flat_map(|span| &span.members);
        let holidays = self.holidays.iter().flat_map(|days| &days.members);
        self.members
            .iter()
            .chain(overrides)
            .chain(holidays)
            .collect()
    }

    /// Everybody who is called at this instant, in the order of calling; empty in a gap.
    pub fn order_at(&self, instant: Timestamp) -> Vec<MemberName> {
        self.order_for(&self.reason_at(instant))
    }

    /// Why [`Self::order_at`] is as it is.
    pub fn reason_at(&self, instant: Timestamp) -> Reason {
        self.override_at(instant)
            .or_else(|| self.holiday_at(instant))
            .or_else(|| self.turn_at(instant))
            .unwrap_or(Reason::List)
    }

    /// The shifts that fill the span, the first and the last cut off at its ends.
    pub fn shifts(&self, from: Timestamp, until: Timestamp) -> Shifts<'_> {
        Shifts {
            roster: self,
            from,
            until,
        }
    }

    /// The shifts of the span in which nobody is on call.
    pub fn gaps(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Shift> {
        self.shifts(from, until)
            .filter(|shift| shift.order.is_empty())
    }

    fn override_at(&self, instant: Timestamp) -> Option<Reason> {
        let holds = |span: &Override| span.from <= instant && instant < span.until;
        let index = self.overrides.iter().rposition(holds)?;
        Some(Reason::Override { index })
    }

    fn holiday_at(&self, instant: Timestamp) -> Option<Reason> {
        let holidays = self.holidays.as_ref()?;
        let date = self.days(holidays.at).day_at(instant);
        let name = holidays.name(date)?.into_owned();
        Some(Reason::Holiday { date, name })
    }

    fn turn_at(&self, instant: Timestamp) -> Option<Reason> {
        let rotation = self.rotation.as_ref()?;
        let day = self.days(rotation.at()).day_at(instant);
        Some(Reason::Rotation {
            turn: rotation.turn(day),
        })
    }

    fn order_for(&self, reason: &Reason) -> Vec<MemberName> {
        let on_holidays = || self.holidays.as_ref().map(|days| days.members.clone());
        match reason {
            Reason::List => self.members.clone(),
            Reason::Rotation { turn } => Rotation::order(&self.members, *turn),
            Reason::Override { index } => self.overrides[*index].members.clone(),
            Reason::Holiday { .. } => on_holidays().unwrap_or_default(),
        }
    }

    /// The first instant after this one at which the reason may change; none if it never does.
    fn next_possible_change(&self, instant: Timestamp) -> Option<Timestamp> {
        let hand_over = self.rotation.as_ref().map(|rotation| {
            let days = self.days(rotation.at());
            days.start_of(rotation.next_hand_over(days.day_at(instant)))
        });
        let next_day = self.holidays.as_ref().map(|holidays| {
            let days = self.days(holidays.at);
            days.start_of(day::next(days.day_at(instant)))
        });
        let edges = self
            .overrides
            .iter()
            .flat_map(|span| [span.from, span.until]);
        edges
            .chain(hand_over)
            .chain(next_day)
            .filter(|change| *change > instant)
            .min()
    }

    fn days(&self, at: Time) -> DutyDays<'_> {
        DutyDays {
            zone: &self.zone,
            at,
        }
    }
}

#[cfg(test)]
mod tests;
