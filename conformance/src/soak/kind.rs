//! What can go wrong, and how often it does.

use std::fmt;

use super::tape::{Chance, mixed};

/// Makes the enum of the kinds with their names on the command line.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal,)*) => {
        /// Something that goes otherwise than planned.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name on the command line.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The carrier says that it does not take the call.
    Refused "refused",
    /// The carrier says that we are too quick.
    Throttled "throttled",
    /// The carrier does not know our account any more.
    Account "account",
    /// The carrier says that there is no such number.
    BadNumber "bad-number",
    /// The carrier says that our request is wrong.
    OurRequest "our-request",
    /// The request is lost, and nobody knows whether it arrived.
    LostBefore "lost-before",
    /// The call is placed, and the reply is lost.
    LostAfter "lost-after",
    /// The reply takes many seconds.
    SlowReply "slow-reply",
    /// The carrier carries one request out twice.
    Twin "twin",
    /// The carrier's list lags behind by more than a call is looked for.
    ListLags "list-lags",
    /// Asking the carrier for a call fails.
    LookUpFails "look-up-fails",
    /// Ending a call fails.
    EndFails "end-fails",
    /// A probe fails although the carrier is well.
    ProbeFails "probe-fails",
    /// A status callback is lost.
    CallbackLost "callback-lost",
    /// A status callback comes twice.
    CallbackTwice "callback-twice",
    /// A status callback comes late, after those that follow it.
    CallbackLate "callback-late",
    /// A request for words is lost.
    WordsLost "words-lost",
    /// A request for words comes twice.
    WordsTwice "words-twice",
    /// Our words are lost on their way, and the carrier takes the other path.
    AnswerLost "answer-lost",
    /// Answered, and our words are never asked for.
    NeverFetched "never-fetched",
    /// The call is accepted and never rings.
    Stuck "stuck",
    /// A carrier is out of reach for a while.
    CarrierDown "carrier-down",
    /// A carrier takes nothing for a while and says so.
    CarrierBusy "carrier-busy",
    /// A carrier accepts everything for a while and delivers nothing.
    CarrierMute "carrier-mute",
    /// A commit fails.
    StoreFails "store-fails",
    /// A commit takes long, and much gathers meanwhile.
    StoreSlow "store-slow",
    /// The core dies before the commit.
    CrashBefore "crash-before",
    /// The core dies in the commit, which then stands or does not.
    CrashWithin "crash-within",
    /// The core dies after the commit and before it acts.
    CrashAfter "crash-after",
    /// The core dies when some of the errands have been run.
    CrashAmid "crash-amid",
    /// The core dies between taking an event over and folding it in.
    CrashAccepted "crash-accepted",
    /// The monitor sends an event again.
    EventTwice "event-twice",
    /// The monitor says that it is still so.
    KeepAlive "keep-alive",
    /// The monitor says that it is over while it is still being told of.
    RecoversEarly "recovers-early",
    /// It is over, and at once it is there again.
    Flaps "flaps",
    /// Somebody takes it in the monitor.
    TakenInMonitor "taken-in-monitor",
}

/// How many there are.
const KINDS: usize = Kind::ALL.len();

impl Kind {
    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }

    /// What the names may be, for whoever has mistyped one.
    pub fn names() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        names.join(", ")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How often each kind happens where it may.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    base: [Chance; KINDS],
    /// Those that were given by hand are never raised.
    given: [bool; KINDS],
}

/// How often a rare fault happens: once in so many occasions.
const RARE: f64 = 1.0 / 30_000.0;

/// Why rates are refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WrongRate {
    /// No equals sign.
    #[error("{0:?} is no rate; write KIND=P, such as refused=0.01")]
    Form(String),
    /// Not a kind.
    #[error("there is no kind {0:?}; there are {names}", names = Kind::names())]
    Kind(String),
    /// Not a chance.
    #[error("{1:?} is no chance for {0}; write a number from 0 to 1, such as 0.01")]
    Chance(Kind, String),
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            base: [Chance::new(RARE); KINDS],
            given: [false; KINDS],
        }
    }
}

impl Rates {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self {
            base: [Chance::NEVER; KINDS],
            given: [true; KINDS],
        }
    }

    /// Sets one, as on the command line: `KIND=P`, or `all=P`.
    pub fn set(&mut self, text: &str) -> Result<(), WrongRate> {
        let (name, chance) = text
            .split_once('=')
            .ok_or_else(|| WrongRate::Form(text.to_owned()))?;
        let (name, chance) = (name.trim(), chance.trim());
        let kinds = match name {
            "all" => Kind::ALL.to_vec(),
            _ => vec![Kind::parse(name).ok_or_else(|| WrongRate::Kind(name.to_owned()))?],
        };
        let of_one = chance
            .parse()
            .ok()
            .filter(|of_one| (0.0..=1.0).contains(of_one))
            .ok_or_else(|| WrongRate::Chance(kinds[0], chance.to_owned()))?;
        for kind in kinds {
            self.put(kind, of_one);
        }
        Ok(())
    }

    /// Sets one.
    pub fn put(&mut self, kind: Kind, of_one: f64) {
        self.base[kind as usize] = Chance::new(of_one);
        self.given[kind as usize] = true;
    }

    /// Those that were given by hand, from 0 to 1.
    pub fn given(&self) -> impl Iterator<Item = (Kind, f64)> {
        let given = |kind: &Kind| self.given[*kind as usize];
        let kinds = Kind::ALL.iter().copied().filter(given);
        kinds.map(|kind| (kind, self.of(kind).of_one()))
    }

    /// How often this happens.
    pub fn of(&self, kind: Kind) -> Chance {
        self.base[kind as usize]
    }

    /// The rates of one world, raised so that every kind meets every state (importance sampling): a quarter of the worlds
    /// keeps the rates as they are, in a quarter everything happens now and then, and in the others a few kinds happen often.
    #[must_use]
    pub fn of_world(&self, seed: u64, world: u64) -> Self {
        let mut raised = self.clone();
        for (index, kind) in Kind::ALL.iter().enumerate() {
            let luck = mixed(mixed(seed, world), index as u64);
            let of_one = match (world % 4, luck % 6) {
                (0, _) => continue,
                (1, _) => 0.01,
                (_, 0) => 0.02 + 0.1 * ((luck >> 32) as f64 / f64::from(u32::MAX)),
                _ => 0.0005,
            };
            if !self.given[index] {
                raised.base[index] = Chance::new(of_one / kind.weight());
            }
        }
        raised
    }
}

impl Kind {
    /// By how much less it is raised than others: what stops everything else for a while must leave time for it.
    fn weight(self) -> f64 {
        match self {
            Self::CrashBefore
            | Self::CrashWithin
            | Self::CrashAfter
            | Self::CrashAmid
            | Self::CrashAccepted
            | Self::StoreFails => 10.0,
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_mistakes_say_what_to_write() {
        let mut rates = Rates::default();
        for (text, wanted) in [
            ("refused=0.25", None),
            ("all = 0", None),
            ("refused", Some("write KIND=P")),
            ("refusal=0.1", Some("there are refused, throttled")),
            ("stuck=2", Some("a number from 0 to 1")),
            ("stuck=often", Some("a number from 0 to 1")),
        ] {
            let error = rates.set(text).err().map(|error| error.to_string());
            let said = error.as_deref().unwrap_or_default();
            assert_eq!(error.is_some(), wanted.is_some(), "{text}: {said}");
            assert!(said.contains(wanted.unwrap_or_default()), "{text}: {said}");
        }
        assert_eq!(rates.of(Kind::Refused), Chance::NEVER);
    }

    #[test]
    fn a_rate_that_was_given_is_never_raised() {
        let mut rates = Rates::default();
        rates.put(Kind::Stuck, 0.5);
        for world in 0..100 {
            assert_eq!(rates.of_world(1, world).of(Kind::Stuck), Chance::new(0.5));
        }
        let raised =
            (0..100).filter(|world| rates.of_world(1, *world).of(Kind::Twin) > Chance::new(0.005));
        assert!(raised.count() > 30);
    }
}
