//! Members, and the rotation that orders them for a moment in time. Pure: time is an argument.

mod phone;

pub use phone::{PhoneNumber, PhoneNumberError};

use std::fmt;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
pub struct Roster {}
