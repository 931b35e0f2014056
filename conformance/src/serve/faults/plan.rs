//! Plans of faults: read from a file, from flags, or handed in while the stand-in runs.

use std::{fmt, str::FromStr, time::Duration};

use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

use super::{Fault, Kind, Occasion, Place};
use crate::serve::rest::Action;

/// Faults in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `[[fault]]`
    #[serde(default, rename = "fault")]
    pub faults: Vec<Planned>,
}

/// A fault that is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// What goes wrong.
    pub kind: Kind,
    /// Only there: of requests an action such as `list-calls`, or `any` (unsaid: those that create something); of
    /// callbacks a status such as `completed` (unsaid: any).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Only where it is about this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// So many occasions that fit are let pass first.
    #[serde(default)]
    pub skip: u32,
    /// How often it happens.
    #[serde(default = "once")]
    pub times: u32,
    /// How long a hang, a delay or an outage takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
}

fn once() -> u32 {
    1
}

/// How probable a kind of fault is at each occasion for it. Written `KIND=P`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// What.
    pub kind: Kind,
    /// From 0 to 1.
    pub chance: f64,
}

/// Why a plan cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not the form of a plan.
    #[error("{0}")]
    Form(String),
    /// The kind knows no such place.
    #[error("{kind} cannot happen on {on:?}; {}", where_it_can(*.kind))]
    On {
        /// What is to happen.
        kind: Kind,
        /// Where, as it is written.
        on: String,
    },
    /// It would never happen.
    #[error("{0} with times = 0 never happens; leave `times` out for once")]
    Never(Kind),
}

fn where_it_can(kind: Kind) -> String {
    match kind.place() {
        Place::Request => format!("write any or one of {}", Action::names()),
        Place::Callback => "write a status, such as completed".to_owned(),
        _ => "leave `on` out".to_owned(),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Plan {
    /// Reads TOML.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let plan: Self =
            toml::from_str(text).map_err(|error| PlanError::Form(error.to_string()))?;
        plan.faults.iter().try_for_each(Planned::check)?;
        Ok(plan)
    }
}

impl Planned {
    /// Once, at the next occasion.
    pub fn next(kind: Kind) -> Self {
        Self {
            kind,
            on: None,
            to: None,
            skip: 0,
            times: once(),
            millis: None,
        }
    }

    /// Only there.
    #[must_use]
    pub fn on(self, on: &str) -> Self {
        let on = Some(on.to_owned());
        Self { on, ..self }
    }

    /// So often.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// So long.
    #[must_use]
    pub fn lasting(self, millis: u64) -> Self {
        let millis = Some(millis);
        Self { millis, ..self }
    }

    /// Whether it can ever happen.
    pub fn check(&self) -> Result<(), PlanError> {
        let can_be = match (self.kind.place(), self.on.as_deref()) {
            (_, None) | (Place::Callback, _) => true,
            (Place::Request, Some(on)) => on == "any" || Action::named(on).is_some(),
            (_, Some(_)) => false,
        };
        match (&self.on, self.times) {
            (_, 0) => Err(PlanError::Never(self.kind)),
            (Some(on), _) if !can_be => Err(PlanError::On {
                kind: self.kind,
                on: on.clone(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn fits(&self, occasion: Occasion<'_>) -> bool {
        let here = match (self.on.as_deref(), occasion.place) {
            (None, Place::Request) => occasion.what.starts_with("create-"),
            (None | Some("any"), _) => true,
            (Some(on), _) => on == occasion.what,
        };
        let to = self.to.as_deref();
        here && self.kind.fits(occasion) && to.is_none_or(|to| occasion.to == Some(to))
    }

    pub(super) fn fault(&self) -> Fault {
        let lasts = self.millis.map(Duration::from_millis);
        Fault {
            kind: self.kind,
            lasts: lasts.unwrap_or_else(|| self.kind.usually_lasts()),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, chance) = text
            .split_once('=')
            .ok_or("write KIND=P, such as lose-callback=0.01")?;
        let kind = Kind::from_str(kind, false).map_err(|_| unknown(kind))?;
        let chance = chance.parse().ok();
        let chance = chance.filter(|chance| (0.0..=1.0).contains(chance));
        let chance = chance.ok_or("P is a probability: a number from 0 to 1, such as 0.01")?;
        Ok(Self { kind, chance })
    }
}

fn unknown(kind: &str) -> String {
    let names: Vec<String> = Kind::value_variants()
        .iter()
        .map(|kind| kind.name())
        .collect();
    format!(
        "{kind:?} is no kind of fault; write one of {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_plan_is_refused_with_what_can_be_written() {
        for (toml, says) in [
            ("[[fault]]\nkind = 'reset'", "unknown variant `reset`"),
            ("[[faults]]\nkind = 'outage'", "unknown field `faults`"),
            ("[[fault]]\nkind = 'outage'\nfor = 3", "unknown field `for`"),
            ("[[fault]]\non = 'any'", "missing field `kind`"),
            (
                "[[fault]]\nkind = 'outage'\non = 'create'",
                "write any or one of create-call",
            ),
            (
                "[[fault]]\nkind = 'wrong-host'\non = 'any'",
                "leave `on` out",
            ),
            ("[[fault]]\nkind = 'outage'\ntimes = 0", "never happens"),
        ] {
            let error = Plan::parse(toml).expect_err(toml).to_string();
            assert!(error.contains(says), "{toml}: {error}");
        }
    }

    #[test]
    fn a_rate_is_a_kind_and_a_probability() {
        let rate: Rate = "lose-callback=0.25".parse().expect("a rate");
        let (kind, chance) = (Kind::LoseCallback, 0.25);
        assert_eq!(rate, Rate { kind, chance });
        for (text, says) in [
            ("lose-callback", "write KIND=P"),
            ("lose=0.1", "write one of error-before, "),
            ("outage=2", "from 0 to 1"),
            ("outage=-0.1", "from 0 to 1"),
            ("outage=NaN", "from 0 to 1"),
            ("outage=often", "from 0 to 1"),
        ] {
            let error = text.parse::<Rate>().expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
