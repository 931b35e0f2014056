//! What becomes of a message.

use super::BehaviourError;

/// What one message to a number comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Delivered,
    /// The network takes it and is never heard of again, as some are.
    Sent,
    /// The network says that it did not arrive, and by which code.
    Undelivered(u32),
    /// It does not even leave.
    Failed(u32),
    /// It arrives, and the person writes back.
    Reply(String),
}

impl Fate {
    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, BehaviourError> {
        let text = text.trim();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let unknown = || BehaviourError::UnknownFate(text.to_owned());
        // 30003: the handset is unreachable. 30008: nobody knows why.
        let code = |usual| match rest {
            "" => Ok(usual),
            code => code.trim().parse().map_err(|_| unknown()),
        };
        match (word, rest) {
            ("delivered", "") => Ok(Self::Delivered),
            ("sent", "") => Ok(Self::Sent),
            ("undelivered", _) => Ok(Self::Undelivered(code(30003)?)),
            ("failed", _) => Ok(Self::Failed(code(30008)?)),
            ("reply", words) if !words.is_empty() => Ok(Self::Reply(words.to_owned())),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_read() {
        for (text, fate) in [
            ("delivered", Fate::Delivered),
            (" sent ", Fate::Sent),
            ("undelivered", Fate::Undelivered(30003)),
            ("undelivered 30005", Fate::Undelivered(30005)),
            ("failed", Fate::Failed(30008)),
            ("reply ack  1", Fate::Reply("ack  1".to_owned())),
        ] {
            assert_eq!(Fate::parse(text), Ok(fate));
        }
        for text in ["", "lost", "reply", "delivered 1", "failed soon"] {
            assert!(Fate::parse(text).is_err(), "{text}");
        }
    }
}
