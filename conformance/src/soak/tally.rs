//! What a run adds up to: how much of everything there was, how often each promise was looked at, and which fault met which
//! state.

use rinban::escalation::{Escalation, Phase};

use super::{
    check::{CHECKS, Check},
    kind::Kind,
};

/// How an escalation stands when a fault meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// There is none.
    Nothing,
    /// It waits for a line.
    Routing,
    /// A call was asked for and is not known to exist yet.
    Asked,
    /// The call is queued or rings.
    Rings,
    /// Somebody or something is on the line.
    Talks,
    /// Between two rounds.
    Pausing,
    /// Somebody has taken it.
    Taken,
    /// It is over.
    Over,
}

impl State {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Routing,
        Self::Asked,
        Self::Rings,
        Self::Talks,
        Self::Pausing,
        Self::Taken,
        Self::Over,
    ];

    /// At the head of a column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Routing => "waits",
            Self::Asked => "asked",
            Self::Rings => "rings",
            Self::Talks => "talks",
            Self::Pausing => "pauses",
            Self::Taken => "taken",
            Self::Over => "over",
        }
    }

    /// How an escalation stands.
    pub fn of(escalation: Option<&Escalation>) -> Self {
        let Some(escalation) = escalation else {
            return Self::Nothing;
        };
        match &escalation.phase {
            Phase::Mustering { .. } | Phase::Routing { .. } => Self::Routing,
            Phase::Writing { .. } | Phase::Pausing { .. } | Phase::Exhausted => Self::Pausing,
            Phase::Acknowledged { .. } => Self::Taken,
            Phase::Over => Self::Over,
            Phase::Calling => match escalation.attempts.last() {
                Some(last) if last.stage > 0 => Self::Talks,
                Some(last) if last.call.is_some() => Self::Rings,
                _ => Self::Asked,
            },
        }
    }
}

/// Sums over worlds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Worlds.
    pub worlds: u64,
    /// Escalations that were opened.
    pub escalations: u64,
    /// Alerts.
    pub alerts: u64,
    /// Requests to place a call that left the core.
    pub calls: u64,
    /// Calls that were made.
    pub made: u64,
    /// Turns of the core.
    pub turns: u64,
    /// Journal entries.
    pub entries: u64,
    /// Crashes.
    pub crashes: u64,
    /// Attempts that nobody knew whether they were carried out.
    pub doubts: u64,
    /// Second calls to a person that came of one in doubt.
    pub duplicates: u64,
    /// Second calls to a person whose first the core had told to end, or that tell of other alerts than one in doubt.
    pub overlaps: u64,
    /// Takeovers in which a carrier's breaker was open,
    pub inherited_open: u64,
    /// its bucket was empty,
    pub inherited_drained: u64,
    /// or another one bore its weight.
    pub inherited_flipped: u64,
    /// Microseconds in which no core was up, but for the first.
    pub down_micros: u64,
    /// Probes of carriers.
    pub probes: u64,
    /// Acknowledgements by key.
    pub taken: u64,
    /// How often each promise was looked at.
    pub checked: [u64; CHECKS],
    /// How often each kind met each state.
    pub met: Met,
    /// Microseconds from the opening of each run to its first ringing phone, where they are kept.
    pub delays: Vec<u64>,
    /// Folds everything that happened.
    pub trace: u64,
}

/// Kinds by states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met([[u64; State::ALL.len()]; Kind::ALL.len()]);

impl Default for Met {
    fn default() -> Self {
        Self([[0; State::ALL.len()]; Kind::ALL.len()])
    }
}

impl Met {
    /// A kind has met a state.
    pub fn add(&mut self, kind: Kind, state: State) {
        self.0[kind as usize][state as usize] += 1;
    }

    /// How often a kind met a state.
    pub fn of(&self, kind: Kind, state: State) -> u64 {
        self.0[kind as usize][state as usize]
    }

    /// How often a kind happened.
    pub fn sum(&self, kind: Kind) -> u64 {
        self.0[kind as usize].iter().sum()
    }
}

impl Tally {
    /// A promise was looked at.
    pub fn checked(&mut self, check: Check) {
        self.checked[check as usize] += 1;
    }

    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.worlds, other.worlds),
            (&mut self.escalations, other.escalations),
            (&mut self.alerts, other.alerts),
            (&mut self.calls, other.calls),
            (&mut self.made, other.made),
            (&mut self.turns, other.turns),
            (&mut self.entries, other.entries),
            (&mut self.crashes, other.crashes),
            (&mut self.doubts, other.doubts),
            (&mut self.duplicates, other.duplicates),
            (&mut self.overlaps, other.overlaps),
            (&mut self.inherited_open, other.inherited_open),
            (&mut self.inherited_drained, other.inherited_drained),
            (&mut self.inherited_flipped, other.inherited_flipped),
            (&mut self.down_micros, other.down_micros),
            (&mut self.probes, other.probes),
            (&mut self.taken, other.taken),
        ];
        for (sum, part) in sums {
            *sum += part;
        }
        let checked = self.checked.iter_mut().zip(other.checked);
        let met = self.met.0.iter_mut().flatten();
        let met = met.zip(other.met.0.iter().flatten().copied());
        for (sum, part) in checked.chain(met) {
            *sum += part;
        }
        self.delays.extend(&other.delays);
        self.trace = super::tape::mixed(self.trace, other.trace);
    }
}
