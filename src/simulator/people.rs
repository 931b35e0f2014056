//! Who does what when the phone rings, and with text messages.
//!
//! Both have a text form, for configuration files. A call comes to a [`Behaviour`]:
//!
//! ```text
//! busy | no answer | failed | listen | by hand
//! voicemail [SECONDS s]
//! [after SECONDS s] STEP [then STEP]...      STEP = [early] key KEYS | [early] hang up
//! ```
//!
//! `key` may be written `keys`, and be left out after `then`. Each step answers one question: its keys are pressed when
//! the question (a `Gather`) has been heard to its end, or at once if `early`. `early key 1` presses 1 into the first
//! words; `keys 3 then 1` has the message repeated and then takes it; `after 20s key 1` lets it ring for 20 s first.
//!
//! A message comes to a [`Reaction`], which begins with `sms`:
//!
//! ```text
//! sms ignored | sms phone off | sms landline | sms blocked
//! sms [after SECONDS s] reply TEXT
//! ```
//!
//! A number's list holds both. Calls go through its entries for calls and messages through those for messages, each from
//! the first to the last, which holds for ever: in `["busy", "sms reply 1", "key 1"]` the first call is busy, the second is
//! taken, and every message is answered.

mod reaction;

pub use reaction::{DEFAULT_READING, Reaction};

use std::{collections::BTreeMap, fmt, time::Duration};

/// How long a phone rings before a person or a machine takes it, if nothing else is said. Simulated time.
pub const DEFAULT_RING: Duration = Duration::from_secs(3);

/// What one call to a number comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// The line is busy.
    Busy,
    /// It rings until the caller gives up.
    NoAnswer,
    /// It cannot be connected: the number does not exist.
    Failed,
    /// A machine answers, presses nothing, and hangs up when there is nothing more to hear, or after a time.
    Voicemail {
        /// How long it records at most; simulated time.
        limit: Option<Duration>,
    },
    /// A person answers.
    Answer {
        /// How long it rings first; simulated time.
        after: Duration,
        /// What the person does, question by question; then they only listen.
        steps: Vec<Step>,
    },
    /// It rings until [`super::Network::press`], [`super::Network::pick_up`] or [`super::Network::hang_up`].
    ByHand,
}

/// How a person answers a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What they do.
    pub wish: Wish,
    /// At once, not only after hearing everything.
    pub early: bool,
}

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Presses these keys, one after another.
    Press(String),
    /// Ends the call.
    HangUp,
}

/// Why a text is not a behaviour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BehaviourError {
    /// Not in the grammar.
    #[error(
        "{0:?} is not something a simulated person does; write busy, no answer, failed, voicemail, listen, by hand, hang up, key 1, early key 1, or steps such as `keys 3 then 1`, for a message sms reply 1"
    )]
    Unknown(String),
    /// Begins with `sms`, but what follows is not in the grammar.
    #[error(
        "{0:?} is not something a simulated person does with a message; write sms ignored, sms reply 1, sms after 20s reply 1, sms phone off, sms landline or sms blocked"
    )]
    UnknownSms(String),
    /// Not on a telephone.
    #[error("{0:?} are no telephone keys; use 0 to 9, * and #")]
    Keys(String),
    /// Not a number of seconds.
    #[error("{0:?} is not a number of seconds up to 3600; write for example 20s")]
    Seconds(String),
}

/// Why a table of people cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// An entry is wrong.
    #[error("{number}, entry {entry}: {error}")]
    Entry {
        /// Whose.
        number: String,
        /// Which, from 1.
        entry: usize,
        /// Why.
        error: BehaviourError,
    },
    /// There is nothing to repeat for ever.
    #[error("{number} does nothing; give at least one entry, or remove the number")]
    Empty {
        /// Whose.
        number: String,
    },
}

/// One thing that somebody does, as it stands in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// With a call.
    Call(Behaviour),
    /// With a message.
    Message(Reaction),
}

impl Entry {
    /// Reads the text form: what begins with `sms` is for a message.
    ///
    /// # Errors
    /// What is wrong, and what can be written.
    pub fn parse(text: &str) -> Result<Self, BehaviourError> {
        match text.trim_start().strip_prefix("sms") {
            Some(reaction) if !reaction.starts_with(|c: char| !c.is_whitespace()) => {
                Reaction::parse(reaction).map(Self::Message)
            }
            _ => Behaviour::parse(text).map(Self::Call),
        }
    }
}

/// Everybody who can be called.
#[derive(Clone, Debug)]
pub struct People {
    by_number: BTreeMap<String, Vec<Behaviour>>,
    readers: BTreeMap<String, Vec<Reaction>>,
    others: Others,
}

#[derive(Clone, Debug)]
enum Others {
    Same(Behaviour),
    Random(u64),
}

impl Behaviour {
    /// Reads the text form.
    ///
    /// # Errors
    /// What is wrong, and what can be written.
    pub fn parse(text: &str) -> Result<Self, BehaviourError> {
        let words = text.split_whitespace().collect::<Vec<_>>();
        Ok(match words.as_slice() {
            ["busy"] => Self::Busy,
            ["no", "answer"] => Self::NoAnswer,
            ["failed"] => Self::Failed,
            ["by", "hand"] => Self::ByHand,
            ["voicemail"] => Self::Voicemail { limit: None },
            ["voicemail", limit @ ..] => Self::Voicemail {
                limit: Some(seconds(limit)?),
            },
            ["after", wait, "s", steps @ ..] => answer(seconds(&[wait, "s"])?, steps, text)?,
            ["after", wait, steps @ ..] => answer(seconds(&[wait])?, steps, text)?,
            steps => answer(DEFAULT_RING, steps, text)?,
        })
    }
}

fn answer(after: Duration, words: &[&str], text: &str) -> Result<Behaviour, BehaviourError> {
    let unknown = || BehaviourError::Unknown(text.trim().to_owned());
    if words == ["listen"] {
        return Ok(Behaviour::Answer {
            after,
            steps: Vec::new(),
        });
    }
    let mut steps: Vec<Step> = Vec::new();
    for words in words.split(|word| *word == "then") {
        let (early, words) = match words {
            ["early", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let after_keys = matches!(
            steps.last(),
            Some(Step {
                wish: Wish::Press(_),
                ..
            })
        );
        let wish = match words {
            ["hang", "up"] => Wish::HangUp,
            ["key" | "keys", pressed] => Wish::Press(keys(pressed)?),
            [pressed] if after_keys => Wish::Press(keys(pressed)?),
            _ => return Err(unknown()),
        };
        steps.push(Step { wish, early });
    }
    Ok(Behaviour::Answer { after, steps })
}

fn keys(text: &str) -> Result<String, BehaviourError> {
    let on_a_phone = text.chars().all(is_key);
    on_a_phone
        .then(|| text.to_owned())
        .ok_or_else(|| BehaviourError::Keys(text.to_owned()))
}

/// Whether a telephone has this key.
pub(super) fn is_key(key: char) -> bool {
    key.is_ascii_digit() || matches!(key, '*' | '#')
}

fn seconds(words: &[&str]) -> Result<Duration, BehaviourError> {
    let text = words.join(" ");
    let number = text
        .strip_suffix('s')
        .unwrap_or(&text)
        .trim_end()
        .parse::<u64>();
    match number {
        Ok(number) if number <= 3600 => Ok(Duration::from_secs(number)),
        _ => Err(BehaviourError::Seconds(text)),
    }
}

impl fmt::Display for Behaviour {
    /// Writes the text form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("busy"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::Failed => f.write_str("failed"),
            Self::ByHand => f.write_str("by hand"),
            Self::Voicemail { limit: None } => f.write_str("voicemail"),
            Self::Voicemail { limit: Some(limit) } => write!(f, "voicemail {}s", limit.as_secs()),
            Self::Answer { after, steps } => {
                if *after != DEFAULT_RING {
                    write!(f, "after {}s ", after.as_secs())?;
                }
                if steps.is_empty() {
                    return f.write_str("listen");
                }
                for (at, Step { wish, early }) in steps.iter().enumerate() {
                    f.write_str(if at > 0 { " then " } else { "" })?;
                    f.write_str(if *early { "early " } else { "" })?;
                    match wish {
                        Wish::Press(keys) => write!(f, "key {keys}")?,
                        Wish::HangUp => f.write_str("hang up")?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl Default for People {
    /// Everybody answers and presses 1, and ignores messages.
    fn default() -> Self {
        Self::all(press("1"))
    }
}

impl People {
    /// Everybody does the same with a call, and ignores messages.
    pub fn all(behaviour: Behaviour) -> Self {
        Self {
            by_number: BTreeMap::new(),
            readers: BTreeMap::new(),
            others: Others::Same(behaviour),
        }
    }

    /// Everybody does something, decided by the seed, the number and how many times it has been called: the same calls meet
    /// the same people whatever happens between them. About two thirds are answered, half of those by somebody who takes the alert.
    /// Of messages about half are answered.
    pub fn random(seed: u64) -> Self {
        Self {
            by_number: BTreeMap::new(),
            readers: BTreeMap::new(),
            others: Others::Random(seed),
        }
    }

    /// Reads a table: by number the text forms, the last of calls and the last of messages for ever. A number without an
    /// entry for calls answers and presses 1; one without an entry for messages ignores them.
    ///
    /// # Errors
    /// The first entry that is wrong.
    pub fn parse(table: &BTreeMap<String, Vec<String>>) -> Result<Self, PeopleError> {
        let mut people = Self::default();
        for (number, texts) in table {
            let entries = texts
                .iter()
                .zip(1..)
                .map(|(text, entry)| {
                    Entry::parse(text).map_err(|error| PeopleError::Entry {
                        number: number.clone(),
                        entry,
                        error,
                    })
                })
                .collect::<Result<Vec<_>, _>>()?;
            if entries.is_empty() {
                return Err(PeopleError::Empty {
                    number: number.clone(),
                });
            }
            people = people.with_entries(number, entries);
        }
        Ok(people)
    }

    fn with_entries(self, number: &str, entries: Vec<Entry>) -> Self {
        let (mut behaviours, mut reactions) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Call(behaviour) => behaviours.push(behaviour),
                Entry::Message(reaction) => reactions.push(reaction),
            }
        }
        self.with(number, behaviours)
            .with_reactions(number, reactions)
    }

    /// Says what a number does, call by call, the last for ever. An empty list changes nothing.
    #[must_use]
    pub fn with(mut self, number: &str, behaviours: Vec<Behaviour>) -> Self {
        if !behaviours.is_empty() {
            self.by_number.insert(number.to_owned(), behaviours);
        }
        self
    }

    /// Says what a number does with messages, one by one, the last for ever. An empty list changes nothing.
    #[must_use]
    pub fn with_reactions(mut self, number: &str, reactions: Vec<Reaction>) -> Self {
        if !reactions.is_empty() {
            self.readers.insert(number.to_owned(), reactions);
        }
        self
    }

    /// What the message to this number comes to that is its `nth`, from 0.
    pub fn reaction(&self, number: &str, nth: u32) -> Reaction {
        let listed = self
            .readers
            .get(number)
            .and_then(|list| list.get(nth as usize).or(list.last()));
        match (listed, &self.others) {
            (Some(reaction), _) => reaction.clone(),
            (None, Others::Same(_)) => Reaction::default(),
            (None, Others::Random(seed)) => Reaction::random(*seed, number, nth),
        }
    }

    /// What the call to this number comes to that is its `nth`, from 0.
    pub fn behaviour(&self, number: &str, nth: u32) -> Behaviour {
        let listed = self
            .by_number
            .get(number)
            .and_then(|list| list.get(nth as usize).or(list.last()));
        match (listed, &self.others) {
            (Some(behaviour), _) => behaviour.clone(),
            (None, Others::Same(behaviour)) => behaviour.clone(),
            (None, Others::Random(seed)) => random(&mut dice(*seed, &[number, "person"], nth)),
        }
    }
}

/// Dice that fall the same way for the same seed and occasion, whatever was thrown before.
pub(super) fn dice(seed: u64, occasion: &[&str], nth: u32) -> fastrand::Rng {
    // FNV-1a: short, and stable over releases, unlike the standard library's hasher.
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

fn press(keys: &str) -> Behaviour {
    Behaviour::Answer {
        after: DEFAULT_RING,
        steps: vec![Step {
            wish: Wish::Press(keys.to_owned()),
            early: false,
        }],
    }
}

fn random(dice: &mut fastrand::Rng) -> Behaviour {
    let step = |wish: Wish, early: bool| Step { wish, early };
    let keys = |keys: &str| Wish::Press(keys.to_owned());
    let steps = match dice.u32(0..100) {
        0..12 => return Behaviour::Busy,
        12..26 => return Behaviour::NoAnswer,
        26..32 => return Behaviour::Failed,
        32..46 => return Behaviour::Voicemail { limit: None },
        46..68 => vec![step(keys("1"), false)],
        68..78 => vec![step(keys("1"), true)],
        78..84 => vec![step(keys("2"), false)],
        84..88 => vec![step(keys("3"), false), step(keys("1"), false)],
        88..91 => vec![step(keys("7"), false)],
        91..95 => vec![step(Wish::HangUp, false)],
        95..98 => vec![step(Wish::HangUp, true)],
        _ => Vec::new(),
    };
    let after = Duration::from_secs(dice.u64(1..20));
    Behaviour::Answer { after, steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviours_are_read_and_written() {
        let check = |text: &str, written: &str| {
            let behaviour =
                Behaviour::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(behaviour.to_string(), written, "{text:?}");
            assert_eq!(Behaviour::parse(written), Ok(behaviour), "{written:?}");
        };
        for same in [
            "busy",
            "no answer",
            "failed",
            "voicemail",
            "voicemail 20s",
            "listen",
            "by hand",
            "hang up",
            "key 1",
            "key 2",
            "early key 1",
            "early hang up",
            "after 20s key 1",
            "after 0s listen",
            "key 3 then hang up",
            "early key 12# then key *",
        ] {
            check(same, same);
        }
        check("keys 3 then 1", "key 3 then key 1");
        check("keys 3 then early 1", "key 3 then early key 1");
        check("  no   answer ", "no answer");
        check("after 5 s key 1", "after 5s key 1");
        check("after 5 key 1", "after 5s key 1");
        check("voicemail 20 s", "voicemail 20s");
    }

    #[test]
    fn a_wrong_behaviour_is_refused_with_what_can_be_written() {
        let check = |text: &str, says: &str| {
            let error = Behaviour::parse(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        };
        check("", "write busy");
        check("bussy", "write busy");
        check("1", "write busy");
        check("key", "write busy");
        check("key 1 then", "write busy");
        check("hang up then 1", "write busy");
        check("after 5s busy", "write busy");
        check("key one", "use 0 to 9, * and #");
        check("voicemail soon", "for example 20s");
        check("after 3601s key 1", "up to 3600");
    }

    #[test]
    fn a_table_is_used_call_by_call_and_its_last_entry_for_ever() {
        let table = |texts: &[&str]| {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            BTreeMap::from([("+819000000001".to_owned(), texts)])
        };
        let people = People::parse(&table(&["busy", "no answer"])).expect("well-formed");
        let did = |number: &str| {
            (0..4)
                .map(|nth| people.behaviour(number, nth).to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            did("+819000000001"),
            ["busy", "no answer", "no answer", "no answer"]
        );
        assert_eq!(did("+819000000002"), ["key 1"; 4]);
        let error = People::parse(&table(&["busy", "sleepy"]))
            .expect_err("unknown")
            .to_string();
        assert!(
            error.starts_with("+819000000001, entry 2: \"sleepy\""),
            "{error}"
        );
        assert!(People::parse(&table(&[])).is_err());
    }

    #[test]
    fn calls_and_messages_go_through_their_own_entries_of_one_list() {
        let list = ["busy", "sms reply 1", "key 1", "sms phone off"].map(str::to_owned);
        let table = |list: &[String]| BTreeMap::from([("+819000000001".to_owned(), list.to_vec())]);
        let did = |list: &[String]| {
            let people = People::parse(&table(list)).expect("well-formed");
            (0..3)
                .map(|nth| {
                    let behaviour = people.behaviour("+819000000001", nth);
                    let reaction = people.reaction("+819000000001", nth);
                    format!("{behaviour}, {reaction}")
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            did(&list),
            [
                "busy, sms reply 1",
                "key 1, sms phone off",
                "key 1, sms phone off"
            ]
        );
        assert_eq!(did(&list[..1]), ["busy, sms ignored"; 3]);
        assert_eq!(did(&list[3..]), ["key 1, sms phone off"; 3]);
    }

    #[test]
    fn random_people_are_the_same_for_the_same_seed() {
        let all = |seed: u64| {
            let people = People::random(seed);
            (0..300)
                .map(|nth| people.behaviour("+819000000001", nth))
                .collect::<Vec<_>>()
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        for behaviour in all(7) {
            assert_eq!(Behaviour::parse(&behaviour.to_string()), Ok(behaviour));
        }
        let takes_it = all(7)
            .iter()
            .filter(|b| b.to_string().contains("key 1"))
            .count();
        assert!((60..160).contains(&takes_it), "{takes_it} of 300");
    }
}
