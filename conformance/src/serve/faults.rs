//! What goes wrong, and when: by plan (a list, each entry at the first occasion that fits), then by chance from a seed.
//!
//! Chance depends on the seed and the occasion alone (which person, which of their calls, which request about it), not on
//! what happened in between: the same calls meet the same faults, as far as real sockets keep their order.

mod kind;
mod plan;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use kind::{Kind, Place};
pub use plan::{Plan, PlanError, Planned, Rate};

/// Something that could go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// Where.
    pub place: Place,
    /// What is done there: of a request its [`super::rest::Action`], of a callback its status; otherwise empty.
    pub what: &'a str,
    /// The number that is called or written to, if it is about one.
    pub to: Option<&'a str>,
    /// What dice are thrown for: equal keys at equal places are counted.
    pub key: &'a str,
}

/// Something that does go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// For how long, where that means something.
    pub lasts: Duration,
}

/// The faults of a running stand-in.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    rates: Vec<Rate>,
    fate: Mutex<Fate>,
}

#[derive(Debug, Default)]
struct Fate {
    planned: Vec<Planned>,
    seen: HashMap<(Place, String), u32>,
}

impl Faults {
    /// A plan goes first; where it has nothing, the dice fall.
    pub fn new(plan: Plan, seed: u64, rates: Vec<Rate>) -> Self {
        let fate = Fate {
            planned: plan.faults,
            seen: HashMap::new(),
        };
        Self {
            seed,
            rates,
            fate: Mutex::new(fate),
        }
    }

    /// Adds to the plan.
    pub fn plan(&self, fault: Planned) {
        self.fate().planned.push(fault);
    }

    /// Forgets the plan and what was counted; chance stays.
    pub fn reset(&self) {
        *self.fate() = Fate::default();
    }

    /// What is planned and has not happened.
    pub fn left(&self) -> Vec<Planned> {
        self.fate().planned.clone()
    }

    /// What goes wrong here and now.
    pub fn at(&self, occasion: Occasion<'_>) -> Option<Fault> {
        let nth = {
            let mut fate = self.fate();
            if let Some(fault) = fate.by_plan(occasion) {
                return Some(fault);
            }
            if self.rates.is_empty() {
                return None;
            }
            fate.count(occasion)
        };
        self.by_chance(occasion, nth)
    }

    fn by_chance(&self, occasion: Occasion<'_>, nth: u32) -> Option<Fault> {
        let place = format!("{:?}", occasion.place);
        let mut dice = dice(self.seed, &[&place, occasion.what, occasion.key], nth);
        let possible = self.rates.iter().filter(|rate| rate.kind.fits(occasion));
        let kind = possible
            .filter(|rate| dice.f64() < rate.chance)
            .map(|rate| rate.kind)
            .next()?;
        Some(Fault {
            kind,
            lasts: kind.usually_lasts(),
        })
    }

    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fate {
    /// The first entry that fits and has been skipped often enough.
    fn by_plan(&mut self, occasion: Occasion<'_>) -> Option<Fault> {
        let mut happens = None;
        for planned in self.planned.iter_mut().filter(|it| it.fits(occasion)) {
            if planned.skip > 0 {
                planned.skip -= 1;
            } else {
                planned.times = planned.times.saturating_sub(1);
                happens = Some(planned.fault());
                break;
            }
        }
        self.planned.retain(|planned| planned.times > 0);
        happens
    }

    fn count(&mut self, occasion: Occasion<'_>) -> u32 {
        let key = (
            occasion.place,
            format!("{} {}", occasion.what, occasion.key),
        );
        let seen = self.seen.entry(key).or_default();
        *seen += 1;
        *seen - 1
    }
}

/// Dice that fall the same way for the same seed and occasion, whatever was thrown before.
pub(super) fn dice(seed: u64, occasion: &[&str], nth: u32) -> fastrand::Rng {
    // FNV-1a: short, and the same in every release, unlike the standard library's hasher.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    mix(&seed.to_le_bytes());
    for word in occasion {
        mix(word.as_bytes());
        mix(&[0xFF]);
    }
    mix(&nth.to_le_bytes());
    fastrand::Rng::with_seed(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Occasion<'_> = Occasion {
        place: Place::Request,
        what: "create-call",
        to: Some("+819000000001"),
        key: "+819000000001",
    };

    fn planned(toml: &str) -> Faults {
        Faults::new(Plan::parse(toml).expect("a plan"), 0, Vec::new())
    }

    fn kinds(faults: &Faults, occasion: Occasion<'_>, times: usize) -> Vec<Option<Kind>> {
        (0..times)
            .map(|_| faults.at(occasion).map(|fault| fault.kind))
            .collect()
    }

    #[test]
    fn a_plan_happens_in_order_and_each_entry_as_often_as_it_says() {
        let faults = planned(
            "[[fault]]\nkind = 'reset-after'\n[[fault]]\nkind = 'throttle'\nskip = 1\ntimes = 2",
        );
        let seen = kinds(&faults, CREATE, 5);
        let throttle = Some(Kind::Throttle);
        // The first request is not counted by the second entry, as it was spoiled by the first.
        assert_eq!(
            seen,
            [Some(Kind::ResetAfter), None, throttle, throttle, None]
        );
        assert!(faults.left().is_empty());
    }

    #[test]
    fn an_entry_waits_for_its_place_its_person_and_its_request() {
        let faults = planned(
            "[[fault]]\nkind = 'error-after'\nto = '+819000000002'\n[[fault]]\nkind = 'error-before'\non = 'list-calls'\n\
             [[fault]]\nkind = 'lose-callback'\non = 'completed'",
        );
        assert_eq!(kinds(&faults, CREATE, 1), [None]);
        let other = Occasion {
            to: Some("+819000000002"),
            ..CREATE
        };
        assert_eq!(kinds(&faults, other, 2), [Some(Kind::ErrorAfter), None]);
        let list = Occasion {
            what: "list-calls",
            to: None,
            ..CREATE
        };
        assert_eq!(kinds(&faults, list, 1), [Some(Kind::ErrorBefore)]);
        let callback = |what| Occasion {
            place: Place::Callback,
            what,
            ..CREATE
        };
        assert_eq!(kinds(&faults, callback("ringing"), 1), [None]);
        assert_eq!(
            kinds(&faults, callback("completed"), 1),
            [Some(Kind::LoseCallback)]
        );
    }

    #[test]
    fn without_a_word_a_plan_spoils_requests_that_create_something() {
        let faults = planned("[[fault]]\nkind = 'close-before'");
        let list = Occasion {
            what: "list-calls",
            ..CREATE
        };
        assert_eq!(kinds(&faults, list, 1), [None]);
        assert_eq!(kinds(&faults, CREATE, 1), [Some(Kind::CloseBefore)]);
    }

    #[test]
    fn chance_depends_on_the_seed_and_the_occasion_only() {
        let rates = || {
            let rate = |kind| Rate { kind, chance: 0.2 };
            vec![rate(Kind::LoseCallback), rate(Kind::RepeatCallback)]
        };
        let callback = Occasion {
            place: Place::Callback,
            what: "completed",
            ..CREATE
        };
        let all = |seed| {
            let faults = Faults::new(Plan::default(), seed, rates());
            kinds(&faults, CREATE, 3);
            kinds(&faults, callback, 500)
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        let hits = all(7).iter().flatten().count();
        assert!(
            (120..240).contains(&hits),
            "{hits} of 500, about 180 expected"
        );
    }
}
