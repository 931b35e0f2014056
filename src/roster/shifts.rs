//! The shifts of a span of time, one after another.

use std::fmt;

use jiff::{Timestamp, civil::Date};

use super::{MemberName, Roster};

/// A span over which the order and its reason do not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// From this instant on.
    pub start: Timestamp,
    /// Until just before this one.
    pub end: Timestamp,
    /// Who is called, in which order; nobody in a gap.
    pub order: Vec<MemberName>,
    /// Why in this order.
    pub reason: Reason,
}

/// Why the members are called in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// As they stand in the list: the roster has no rotation.
    List,
    /// By rotation.
    Rotation {
        /// Counts hand-overs since the start date of the rotation; negative before it.
        turn: i64,
    },
    /// An override replaces the order.
    Override {
        /// Its place in the roster's overrides, from 0.
        index: usize,
    },
    /// The day is a holiday.
    Holiday {
        /// Which day.
        date: Date,
        /// What makes it a holiday.
        name: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List => f.write_str("fixed order"),
            Self::Rotation { turn } => write!(f, "turn {turn}"),
            Self::Override { index } => write!(f, "override {}", index + 1),
            Self::Holiday { name, .. } => write!(f, "holiday: {name}"),
        }
    }
}

/// The shifts within a span, in order, without hole or overlap. See [`Roster::shifts`].
#[derive(Clone, Debug)]
pub struct Shifts<'a> {
    pub(super) roster: &'a Roster,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Iterator for Shifts<'_> {
    type Item = Shift;

    fn next(&mut self) -> Option<Shift> {
        let start = self.from;
        if start >= self.until {
            return None;
        }
        let reason = self.roster.reason_at(start);
        let mut end = self.change_after(start);
        // A possible change (a hand-over during an override) is none if the reason stays the same.
        while end < self.until && self.roster.reason_at(end) == reason {
            end = self.change_after(end);
        }
        self.from = end;
        Some(Shift {
            start,
            end,
            order: self.roster.order_for(&reason),
            reason,
        })
    }
}

impl Shifts<'_> {
    fn change_after(&self, instant: Timestamp) -> Timestamp {
        match self.roster.next_possible_change(instant) {
            Some(change) => change.min(self.until),
            None => self.until,
        }
    }
}
