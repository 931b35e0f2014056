//! What a call comes to.

use std::time::Duration;

use super::{BehaviourError, USUAL_RING};

/// What one call to a number comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// The line is busy.
    Busy,
    /// It rings, and the person declines.
    Reject,
    /// It rings until the caller gives up.
    NoAnswer,
    /// It cannot be connected: the number does not exist.
    Failed,
    /// A machine answers, presses nothing, and hangs up when there is nothing more to hear, or after a time.
    Voicemail {
        /// How long it records at most; phone time.
        limit: Option<Duration>,
    },
    /// A person answers.
    Answer {
        /// How long it rings first; phone time.
        after: Duration,
        /// What the person does, question by question; then they only listen.
        steps: Vec<Step>,
    },
    /// It rings until the control API picks up, presses keys or hangs up.
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

impl Behaviour {
    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, BehaviourError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["busy"] => Self::Busy,
            ["reject"] => Self::Reject,
            ["no", "answer"] => Self::NoAnswer,
            ["failed"] => Self::Failed,
            ["by", "hand"] => Self::ByHand,
            ["voicemail"] => Self::Voicemail { limit: None },
            ["voicemail", limit @ ..] => Self::Voicemail {
                limit: Some(seconds(limit)?),
            },
            ["after", wait, "s", steps @ ..] => answer(seconds(&[wait, "s"])?, steps, text)?,
            ["after", wait, steps @ ..] => answer(seconds(&[wait])?, steps, text)?,
            steps => answer(USUAL_RING, steps, text)?,
        })
    }

    /// Answers and presses 1.
    pub fn takes_it() -> Self {
        Self::Answer {
            after: USUAL_RING,
            steps: vec![Step::press("1")],
        }
    }

    /// About two thirds are answered, most of those by somebody who takes the alert.
    pub(super) fn random(dice: &mut fastrand::Rng) -> Self {
        let early = |step: Step| Step {
            early: true,
            ..step
        };
        let hang_up = Step {
            wish: Wish::HangUp,
            early: false,
        };
        let steps = match dice.u32(0..100) {
            0..10 => return Self::Busy,
            10..13 => return Self::Reject,
            13..26 => return Self::NoAnswer,
            26..32 => return Self::Failed,
            32..46 => return Self::Voicemail { limit: None },
            46..68 => vec![Step::press("1")],
            68..78 => vec![early(Step::press("1"))],
            78..84 => vec![Step::press("2")],
            84..88 => vec![Step::press("3"), Step::press("1")],
            88..91 => vec![Step::press("7")],
            91..95 => vec![hang_up],
            95..98 => vec![early(hang_up)],
            _ => Vec::new(),
        };
        let after = Duration::from_secs(dice.u64(1..20));
        Self::Answer { after, steps }
    }
}

impl Step {
    fn press(keys: &str) -> Self {
        Self {
            wish: Wish::Press(keys.to_owned()),
            early: false,
        }
    }
}

fn answer(after: Duration, words: &[&str], text: &str) -> Result<Behaviour, BehaviourError> {
    let mut steps: Vec<Step> = Vec::new();
    if words != ["listen"] {
        for words in words.split(|word| *word == "then") {
            let step = step(words, steps.last());
            let unknown = || BehaviourError::Unknown(text.trim().to_owned());
            steps.push(step?.ok_or_else(unknown)?);
        }
    }
    Ok(Behaviour::Answer { after, steps })
}

/// After keys, the word `key` may be left out.
fn step(words: &[&str], before: Option<&Step>) -> Result<Option<Step>, BehaviourError> {
    let (early, words) = match words {
        ["early", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let after_keys = before.is_some_and(|step| matches!(step.wish, Wish::Press(_)));
    let wish = match words {
        ["hang", "up"] => Wish::HangUp,
        ["key" | "keys", pressed] => Wish::Press(keys(pressed)?),
        [pressed] if after_keys => Wish::Press(keys(pressed)?),
        _ => return Ok(None),
    };
    Ok(Some(Step { wish, early }))
}

/// Keys as a telephone has them.
pub(in crate::serve) fn keys(text: &str) -> Result<String, BehaviourError> {
    let is_key = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#');
    match !text.is_empty() && text.chars().all(is_key) {
        true => Ok(text.to_owned()),
        false => Err(BehaviourError::Keys(text.to_owned())),
    }
}

fn seconds(words: &[&str]) -> Result<Duration, BehaviourError> {
    let text = words.join(" ");
    let number = text.strip_suffix('s').unwrap_or(&text).trim_end().parse();
    match number {
        Ok(number @ 0..=3600) => Ok(Duration::from_secs(number)),
        _ => Err(BehaviourError::Seconds(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> (u64, Vec<(String, bool)>) {
        let Ok(Behaviour::Answer { after, steps }) = Behaviour::parse(text) else {
            panic!("{text:?} is no answer");
        };
        let step = |step: Step| match step.wish {
            Wish::Press(keys) => (keys, step.early),
            Wish::HangUp => ("hang up".to_owned(), step.early),
        };
        (after.as_secs(), steps.into_iter().map(step).collect())
    }

    #[test]
    fn steps_are_read_question_by_question() {
        for (text, after, expected) in [
            ("listen", 3, &[][..]),
            ("key 1", 3, &[("1", false)]),
            (" early  key 12# ", 3, &[("12#", true)]),
            ("keys 3 then early 1", 3, &[("3", false), ("1", true)]),
            ("after 20 s key 9", 20, &[("9", false)]),
            ("after 0s hang up", 0, &[("hang up", false)]),
            ("key 3 then hang up", 3, &[("3", false), ("hang up", false)]),
        ] {
            let expected = expected
                .iter()
                .map(|(keys, early)| ((*keys).to_owned(), *early));
            assert_eq!(steps(text), (after, expected.collect()), "{text}");
        }
    }

    #[test]
    fn what_nobody_does_is_refused_with_what_can_be_written() {
        for (text, says) in [
            ("", "write busy"),
            ("1", "write busy"),
            ("key", "write busy"),
            ("key 1 then", "write busy"),
            ("hang up then 1", "write busy"),
            ("key one", "use 0 to 9, * and #"),
            ("voicemail soon", "for example 20s"),
            ("after 3601s key 1", "up to 3600"),
        ] {
            let error = Behaviour::parse(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }
}
