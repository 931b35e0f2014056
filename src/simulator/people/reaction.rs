//! What people do with text messages.

use std::{fmt, time::Duration};

use super::{BehaviourError, dice, seconds};

/// How long somebody takes to read a message and answer it, if nothing else is said. Simulated time.
pub const DEFAULT_READING: Duration = Duration::from_secs(5);

/// What one message to a number comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reaction {
    /// It is delivered, and that is all.
    #[default]
    Ignore,
    /// It is delivered and answered with a message to the number that it came from.
    Reply {
        /// How long after it was delivered; simulated time.
        after: Duration,
        /// What the answer says.
        text: String,
    },
    /// The phone is off: undelivered (30003).
    PhoneOff,
    /// The number is that of a phone on a wire: undelivered (30006).
    Landline,
    /// The person has forbidden messages from us: refused at once (21610).
    Blocked,
}

impl Reaction {
    /// Reads the text form, without the word `sms` before it. A reply is everything after the word, blanks inside included.
    pub(super) fn parse(text: &str) -> Result<Self, BehaviourError> {
        let unknown = || BehaviourError::UnknownSms(text.trim().to_owned());
        let (word, rest) = first_word(text);
        match (word, rest) {
            ("ignored", "") => Ok(Self::Ignore),
            ("landline", "") => Ok(Self::Landline),
            ("blocked", "") => Ok(Self::Blocked),
            ("phone", "off") => Ok(Self::PhoneOff),
            ("reply", "") => Err(unknown()),
            ("reply", reply) => Ok(reply_after(DEFAULT_READING, reply)),
            ("after", rest) => {
                let (wait, rest) = first_word(rest);
                let (word, reply) =
                    first_word(rest.strip_prefix("s ").unwrap_or(rest).trim_start());
                if word != "reply" || reply.is_empty() {
                    return Err(unknown());
                }
                Ok(reply_after(seconds(&[wait])?, reply))
            }
            _ => Err(unknown()),
        }
    }

    /// The carrier's code for why a message does not arrive. What is blocked is refused before it is carried.
    pub(in crate::simulator) fn undelivered(&self) -> Option<u32> {
        match self {
            Self::PhoneOff => Some(30003),
            Self::Landline => Some(30006),
            Self::Ignore | Self::Reply { .. } | Self::Blocked => None,
        }
    }

    /// Somebody, decided by the dice: about half of all messages are answered.
    pub(super) fn random(seed: u64, number: &str, nth: u32) -> Self {
        let mut dice = dice(seed, &[number, "reader"], nth);
        let reply = match dice.u32(0..100) {
            0..35 => return Self::Ignore,
            35..43 => return Self::PhoneOff,
            43..46 => return Self::Landline,
            46..48 => return Self::Blocked,
            48..80 => "1",
            80..92 => "2",
            92..96 => " １ ",
            _ => "Who is this?",
        };
        reply_after(Duration::from_secs(dice.u64(1..60)), reply)
    }
}

fn reply_after(after: Duration, text: &str) -> Reaction {
    Reaction::Reply {
        after,
        text: text.to_owned(),
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

impl fmt::Display for Reaction {
    /// Writes the text form, with the word `sms` before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("sms ignored"),
            Self::PhoneOff => f.write_str("sms phone off"),
            Self::Landline => f.write_str("sms landline"),
            Self::Blocked => f.write_str("sms blocked"),
            Self::Reply { after, text } if *after == DEFAULT_READING => {
                write!(f, "sms reply {text}")
            }
            Self::Reply { after, text } => write!(f, "sms after {}s reply {text}", after.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Entry, People},
        *,
    };

    #[test]
    fn reactions_are_read_and_written() {
        let check = |text: &str, written: &str| {
            let Ok(Entry::Message(reaction)) = Entry::parse(text) else {
                panic!("{text:?} is no reaction");
            };
            assert_eq!(reaction.to_string(), written, "{text:?}");
            assert_eq!(Entry::parse(written), Ok(Entry::Message(reaction)));
        };
        for same in [
            "sms ignored",
            "sms phone off",
            "sms landline",
            "sms blocked",
            "sms reply 1",
            "sms reply R42",
            "sms reply I am  on it",
            "sms after 20s reply 2",
            "sms after 0s reply reply",
        ] {
            check(same, same);
        }
        check("  sms   reply   1 ", "sms reply 1");
        check("sms after 20 s reply 1", "sms after 20s reply 1");
        check("sms after 20 reply s 1", "sms after 20s reply s 1");
        check("sms after 5s reply 1", "sms reply 1");
        check("sms  phone   off", "sms phone off");
    }

    #[test]
    fn a_wrong_reaction_is_refused_with_what_can_be_written() {
        let check = |text: &str, says: &str| {
            let error = Entry::parse(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        };
        for text in [
            "sms",
            "sms key 1",
            "sms reply",
            "sms ignored twice",
            "sms after",
            "sms after 5s",
            "sms after 5s ignored",
            "sms after 5s reply",
        ] {
            check(text, "write sms ignored, sms reply 1");
        }
        check("sms after long reply 1", "for example 20s");
        check("sms after 3601s reply 1", "up to 3600");
        check("smsreply 1", "write busy");
    }

    #[test]
    fn random_readers_are_the_same_for_the_same_seed() {
        let all = |seed: u64| {
            let people = People::random(seed);
            (0..300)
                .map(|nth| people.reaction("+819000000001", nth))
                .collect::<Vec<_>>()
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        let answered = all(7)
            .iter()
            .filter(|reaction| matches!(reaction, Reaction::Reply { .. }))
            .count();
        assert!((110..200).contains(&answered), "{answered} of 300");
    }
}
