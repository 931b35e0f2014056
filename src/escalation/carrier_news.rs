//! News of the providers, which belongs to no run: what became of one by itself, and what an operator said.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why nothing goes through a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sickness {
    /// Faults in a row.
    Faults,
    /// Half of the last requests failed.
    Rate,
    /// Slow requests in a row.
    Slow,
    /// The account does not work.
    Account,
    /// It was found still sick.
    StillSick,
}

impl fmt::Display for Sickness {
    /// To read after "opened: ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Faults => "two requests in a row failed",
            Self::Rate => "half of the last requests failed",
            Self::Slow => "three requests in a row took more than 5 s",
            Self::Account => "the account does not work (credentials, suspended); mend it",
            Self::StillSick => "it still fails",
        })
    }
}

/// What became of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "became")]
pub enum Became {
    /// Its breaker has opened.
    Sick {
        /// Why.
        sickness: Sickness,
        /// When it is probed.
        until: Timestamp,
    },
    /// Its breaker has closed.
    Well,
    /// Too little of what it accepted arrived.
    HeldBack {
        /// So many arrived of so many; unknown if two in a row did not.
        arrived: Option<(usize, usize)>,
    },
    /// It carries its part again.
    Back,
    /// Its prepaid account runs out.
    LowBalance {
        /// What is left, with its currency where that is known.
        left: String,
    },
    /// Its prepaid account holds enough again.
    ToppedUp {
        /// What is left.
        left: String,
    },
    /// An operator lets nothing through it.
    ForcedOpen {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// An operator lets everything through it.
    ForcedClosed {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// An operator has left it to itself again.
    Auto {
        /// Who.
        by: String,
        /// Why, perhaps empty.
        why: String,
    },
    /// An operator has set its weight.
    Weighed {
        /// How much it carries, of the sum of all weights.
        weight: u32,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

impl Became {
    /// Whether it is for the worse.
    pub fn is_bad(&self) -> bool {
        matches!(
            self,
            Self::Sick { .. }
                | Self::HeldBack { .. }
                | Self::LowBalance { .. }
                | Self::ForcedOpen { .. }
        )
    }
}

impl fmt::Display for Became {
    /// One sentence or two, to read after the provider's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sick { sickness, until } => {
                write!(
                    f,
                    "Nothing goes through it: {sickness}. It is probed at {until:.0}."
                )
            }
            Self::Well => f.write_str("It is well again."),
            Self::HeldBack {
                arrived: Some((arrived, of)),
            } => write!(
                f,
                "Held back: {arrived} of the last {of} arrived. Another one carries its part."
            ),
            Self::HeldBack { arrived: None } => {
                f.write_str("Held back: two in a row did not arrive. Another one carries its part.")
            }
            Self::Back => f.write_str("It carries its part again."),
            Self::LowBalance { left } => {
                write!(
                    f,
                    "Only {left} is left. Top its account up before it carries nothing."
                )
            }
            Self::ToppedUp { left } => write!(f, "Its account is topped up: {left} is left."),
            Self::ForcedOpen { by, why } => write!(f, "Switched off by {by}: {why}"),
            Self::ForcedClosed { by, why } => write!(f, "Always used, by {by}: {why}"),
            Self::Auto { by, why } if why.is_empty() => {
                write!(f, "Left to itself again by {by}.")
            }
            Self::Auto { by, why } => write!(f, "Left to itself again by {by}: {why}"),
            Self::Weighed { weight, by, why } => {
                write!(f, "Weight {weight}, set by {by}: {why}")
            }
        }
    }
}
