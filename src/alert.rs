//! What monitors say, and what it adds up to.
//!
//! An [`Event`] is one message from a monitor. Events with the same source and dedup key add up to an
//! [`Alert`]: triggered, acknowledged, closed. The [`book`] folds the one into the other. Nothing here
//! knows what time it is or where anything is stored.

pub mod book;
mod event;
mod headline;
#[cfg(test)]
pub(crate) mod samples;

pub use book::{Alert, AlertBook, AlertChange, AlertState, HELD};
pub use event::{Event, EventError, EventKind, Limits};
pub use headline::Headline;

/// The source of test alerts: rinban itself.
pub const SELF_TEST: &str = "rinban";

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes a newtype over a text that is cheap to clone: a short one lies within, a long one is shared. It compares and prints as
/// its text.
macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(smol_str::SmolStr);

        impl $name {
            /// Takes the text as it stands.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use text_newtype;

text_newtype! {
    /// Names one message of a monitor; a retry of the same message has the same id (P1).
    EventId
}
text_newtype! {
    /// What events of one alert have in common, unique together with the source.
    DedupKey
}
text_newtype! {
    /// Where events come from: the kind of monitor, such as `zabbix` or `mackerel`, or a name that the configuration gives.
    SourceName
}
text_newtype! {
    /// A team, as the monitor names it.
    GroupName
}

/// Names an alert: the monitor, whom it told, and its dedup key. A monitor that tells two groups of one problem makes two
/// alerts, so that both are called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// Where it comes from.
    pub source: SourceName,
    /// Whom the monitor told.
    pub group: GroupName,
    /// What the monitor calls the problem.
    pub dedup: DedupKey,
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.dedup)
    }
}

/// How bad it is, worst last.
///
/// Zabbix: not classified and information are `Info`, warning `Warning`, average `Error`, high and disaster
/// `Critical`. Mackerel: WARNING `Warning`, UNKNOWN `Error`, CRITICAL `Critical`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, not worth waking anybody.
    Info,
    /// Something will break if nobody looks.
    Warning,
    /// Something is broken.
    #[default]
    Error,
    /// Users are affected.
    Critical,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// The name in configuration, journal and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// Reads the name that [`Self::as_str`] gives, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
