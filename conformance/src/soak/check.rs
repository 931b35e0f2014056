//! What must hold, by number of promise, and how the breach of one is told.

use std::fmt;

use super::happen::{Micros, SECOND};

/// Makes the enum of the checks with what each says.
macro_rules! checks {
    ($($check:ident $text:literal,)*) => {
        /// Something that must hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check {
            $(#[doc = $text] $check,)*
        }

        impl Check {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$check),*];

            /// What must hold.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$check => $text,)*
                }
            }
        }
    };
}

checks! {
    Accepted "P1: no event that was taken over is lost, whatever dies",
    Ledger "P1: alerts stand as the events and keys say, each counted once",
    Armed "P2: an alert that nobody has taken has a timer, and it is armed",
    Bounded "P2: that timer is no further ahead than the rules allow",
    Rings "P2: somebody is rung within a quarter of an hour, again and again",
    Intent "P3: the intent is on disk before the request goes out",
    OnceEach "P3: no attempt is requested twice",
    Duplicate "P3: at most one duplicate call for each attempt in doubt",
    ByKey "P4: acknowledged by a key that was pressed, or in the monitor, and by nothing else",
    SpokenAfter "P4: `acknowledged` is said only once it is on disk",
    Kept "P4: what was acknowledged is so still after a crash",
    NoCallAfter "P5: no call starts for what is taken or over",
    Cancelled "P5: what rings is cancelled when it is taken or over",
    NextAtOnce "P8: what a carrier does not carry goes to the next at once, for the same person",
    OnePhone "P9: one live call for each person, where the core can know",
    Forwards "P10: no status runs backwards, and nothing that was judged is judged again",
    Replays "P11: the journal leads to the state",
    Rate "no carrier is asked more often than its rate, over crashes too",
    Inherits "whoever takes over inherits breakers, buckets and ratios as they stood",
    NoPanic "nothing panics",
    Converges "once the faults stop everything that is open is taken or closed",
}

/// How many there are.
pub const CHECKS: usize = Check::ALL.len();

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub check: Check,
    /// When, since the world began.
    pub at: Micros,
    /// How.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n  at {}: {}",
            self.check.text(),
            Clock(self.at),
            self.what
        )
    }
}

/// An instant for people: hours, minutes and seconds since the world began.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub Micros);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, micros) = (self.0 / SECOND, self.0 % SECOND);
        let (mins, secs) = (secs / 60, secs % 60);
        write!(
            f,
            "{:02}:{:02}:{secs:02}.{:03}",
            mins / 60,
            mins % 60,
            micros / 1_000
        )
    }
}
