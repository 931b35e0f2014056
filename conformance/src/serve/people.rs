//! Who does what when the phone rings, and when a message comes. Text forms, as a file of people has them:
//!
//! ```text
//! calls:     busy | reject | no answer | failed | listen | by hand
//!            voicemail [SECONDS s]
//!            [after SECONDS s] STEP [then STEP]...      STEP = [early] key KEYS | [early] hang up
//! messages:  delivered | sent | undelivered [CODE] | failed [CODE] | reply TEXT
//! ```
//!
//! Each step answers one question: its keys are pressed when the question (a `Gather`) has been heard, or into its first words
//! if `early`. `keys` is the same as `key`, and either may be left out after `then`. Lists are used call by call, the last
//! entry for ever.

mod message;
mod voice;

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::faults::dice;
pub use message::Fate;
pub(super) use voice::keys;
pub use voice::{Behaviour, Step, Wish};

/// How long a phone rings before a person takes it, if nothing else is said. Phone time.
const USUAL_RING: Duration = Duration::from_secs(3);

/// Why a text is nothing that people do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BehaviourError {
    /// Not in the grammar.
    #[error(
        "{0:?} is nothing that people do; write busy, reject, no answer, failed, voicemail, listen, by hand, hang up, key 1, early key 1, or steps such as `key 3 then 1`"
    )]
    Unknown(String),
    /// Not in the grammar of messages.
    #[error(
        "{0:?} is nothing that becomes of a message; write delivered, sent, undelivered 30003, failed 30008 or `reply TEXT`"
    )]
    UnknownFate(String),
    /// Not on a telephone.
    #[error("{0:?} are no telephone keys; use 0 to 9, * and #")]
    Keys(String),
    /// Not a number of seconds.
    #[error("{0:?} is not a number of seconds up to 3600; write for example 20s")]
    Seconds(String),
    /// Nothing to repeat for ever.
    #[error("there is no entry; give at least one, or remove the number")]
    Nothing,
}

/// Why a file of people cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// Not the form of such a file.
    #[error("{0}")]
    Form(String),
    /// An entry is wrong.
    #[error("[{table}] {number}: {error}")]
    Entry {
        /// `calls` or `messages`.
        table: &'static str,
        /// Whose.
        number: String,
        /// Why.
        error: BehaviourError,
    },
}

/// Everybody who can be reached.
#[derive(Clone, Debug)]
pub struct People {
    calls: BTreeMap<String, Vec<Behaviour>>,
    messages: BTreeMap<String, Vec<Fate>>,
    others: Others,
}

/// What everybody else does.
#[derive(Clone, Debug)]
enum Others {
    Same(Vec<Behaviour>),
    Random(u64),
}

/// The file: numbers (or `others`) and their entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    calls: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    messages: BTreeMap<String, Vec<String>>,
}

/// Whoever is not named.
const OTHERS: &str = "others";

impl Default for People {
    /// Everybody answers and presses 1, and gets their messages.
    fn default() -> Self {
        Self {
            calls: BTreeMap::new(),
            messages: BTreeMap::new(),
            others: Others::Same(vec![Behaviour::takes_it()]),
        }
    }
}

impl People {
    /// Everybody does something, decided by the seed, the number and how many times it has been called.
    pub fn random(seed: u64) -> Self {
        Self {
            others: Others::Random(seed),
            ..Self::default()
        }
    }

    /// Reads TOML: `[calls]` and `[messages]`. Whoever is not named does what `others` says, or what `seed` decides, or answers and
    /// presses 1.
    pub fn parse(text: &str, seed: Option<u64>) -> Result<Self, PeopleError> {
        let file: File =
            toml::from_str(text).map_err(|error| PeopleError::Form(error.to_string()))?;
        let mut calls = entries("calls", &file.calls, Behaviour::parse)?;
        let messages = entries("messages", &file.messages, Fate::parse)?;
        let others = match (calls.remove(OTHERS), seed) {
            (Some(others), _) => Others::Same(others),
            (None, Some(seed)) => Others::Random(seed),
            (None, None) => Others::Same(vec![Behaviour::takes_it()]),
        };
        Ok(Self {
            calls,
            messages,
            others,
        })
    }

    /// Says what a number does, call by call, the last for ever.
    pub fn with(mut self, number: &str, texts: &[&str]) -> Result<Self, BehaviourError> {
        let list = list(texts.iter().copied(), Behaviour::parse)?;
        self.calls.insert(number.to_owned(), list);
        Ok(self)
    }

    /// What the call to this number comes to that is its `nth`, from 0.
    pub fn call(&self, number: &str, nth: u32) -> Behaviour {
        let listed = self.calls.get(number).or(match &self.others {
            Others::Same(list) => Some(list),
            Others::Random(_) => None,
        });
        match (listed.and_then(|list| nth_or_last(list, nth)), &self.others) {
            (Some(behaviour), _) => behaviour.clone(),
            (None, Others::Random(seed)) => {
                Behaviour::random(&mut dice(*seed, &[number, "person"], nth))
            }
            (None, Others::Same(_)) => Behaviour::takes_it(),
        }
    }

    /// What becomes of the message to this number that is its `nth`, from 0.
    pub fn message(&self, number: &str, nth: u32) -> Fate {
        let listed = self.messages.get(number).or(self.messages.get(OTHERS));
        let fate = listed.and_then(|list| nth_or_last(list, nth));
        fate.cloned().unwrap_or(Fate::Delivered)
    }
}

fn nth_or_last<T>(list: &[T], nth: u32) -> Option<&T> {
    list.get(nth as usize).or(list.last())
}

fn entries<T>(
    table: &'static str,
    texts: &BTreeMap<String, Vec<String>>,
    parse: impl Fn(&str) -> Result<T, BehaviourError>,
) -> Result<BTreeMap<String, Vec<T>>, PeopleError> {
    let entry = |(number, texts): (&String, &Vec<String>)| {
        let list = list(texts.iter().map(String::as_str), &parse);
        let list = list.map_err(|error| PeopleError::Entry {
            table,
            number: number.clone(),
            error,
        })?;
        Ok((number.clone(), list))
    };
    texts.iter().map(entry).collect()
}

fn list<'t, T>(
    texts: impl Iterator<Item = &'t str>,
    parse: impl Fn(&str) -> Result<T, BehaviourError>,
) -> Result<Vec<T>, BehaviourError> {
    let list: Vec<T> = texts.map(parse).collect::<Result<_, _>>()?;
    match list.is_empty() {
        true => Err(BehaviourError::Nothing),
        false => Ok(list),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_used_call_by_call_and_its_last_entry_for_ever() {
        let file = "[calls]\n'+81901' = ['busy', 'no answer']\nothers = ['voicemail']\n[messages]\n'+81901' = ['reply 1']";
        let people = People::parse(file, Some(1)).expect("people");
        let did = |number| [0, 1, 2].map(|nth| people.call(number, nth));
        let no_answer = Behaviour::NoAnswer;
        assert_eq!(
            did("+81901"),
            [Behaviour::Busy, no_answer.clone(), no_answer]
        );
        assert_eq!(did("+81902")[0], Behaviour::Voicemail { limit: None });
        assert_eq!(people.message("+81901", 7), Fate::Reply("1".to_owned()));
        assert_eq!(people.message("+81902", 0), Fate::Delivered);
    }

    #[test]
    fn a_wrong_file_is_refused_with_what_can_be_written() {
        for (file, says) in [
            ("[people]", "unknown field `people`"),
            ("[calls]\na = 'busy'", "invalid type"),
            ("[calls]\na = []", "[calls] a: there is no entry"),
            ("[calls]\na = ['busy', 'bussy']", "write busy, reject"),
            ("[messages]\na = ['lost']", "write delivered, sent"),
        ] {
            let error = People::parse(file, None).expect_err(file).to_string();
            assert!(error.contains(says), "{file}: {error}");
        }
    }

    #[test]
    fn random_people_are_the_same_for_the_same_seed() {
        let all = |seed| {
            let people = People::random(seed);
            [0, 1].map(|number| {
                (0..200)
                    .map(|nth| people.call(&number.to_string(), nth))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        let takes = all(7)[0]
            .iter()
            .filter(|it| **it != Behaviour::Busy)
            .count();
        assert!((140..200).contains(&takes), "{takes} of 200 are not busy");
    }
}
