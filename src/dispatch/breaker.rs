//! The circuit breaker of one provider and channel. Pure: instants and dice come in as arguments.
//!
//! Closed, it lets everything through and counts. Open, it lets nothing through until its pause is over. Half open, it asks
//! for a probe that costs nothing and disturbs nobody, and after that lets one real request through at a time, which the
//! next provider stands ready to take over. Only the provider's own faults move it: a busy line or a wrong number is no
//! sickness of the carrier.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::escalation::FaultClass;

/// Why a breaker opened.
pub use crate::escalation::Sickness as Reason;

/// So many faults in a row open it.
const IN_A_ROW: usize = 2;

/// How many of the last requests are looked at for the rate.
const WINDOW: usize = 10;

/// How old they may be.
const WINDOW_AGE: SignedDuration = SignedDuration::from_mins(10);

/// A rate needs at least so many.
const WINDOW_LEAST: usize = 3;

/// A request that took longer is slow.
pub const SLOW: Duration = Duration::from_secs(5);

/// So many slow requests in a row open it.
const SLOW_IN_A_ROW: usize = 3;

/// The first pause; it doubles each time the provider is found sick again.
const PAUSE: Duration = Duration::from_secs(30);

/// The longest pause.
const PAUSE_MOST: Duration = Duration::from_secs(600);

/// By so much dice lengthen or shorten a pause, so that several cores do not probe together.
const JITTER: f64 = 0.2;

/// So many successes in a row, the probe among them, close it.
const SUCCESSES: u8 = 2;

/// How long the provider must have been good before it is preferred again.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// A probe or a trial of which nothing was heard for so long is taken as failed: its process has died.
const LOST: SignedDuration = SignedDuration::from_secs(60);

/// What came of a request to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Report {
    /// It did its work in good time; also if the number or our request was at fault.
    Good,
    /// It did its work, and took longer than [`SLOW`].
    Slow,
    /// It did not do its work.
    Fault,
    /// Its account does not work: no use until an operator mends it.
    Account,
}

impl Report {
    /// What a request that failed says of the provider.
    pub fn of(class: FaultClass) -> Self {
        match class {
            FaultClass::Provider | FaultClass::Ambiguous => Self::Fault,
            FaultClass::Account => Self::Account,
            // It did its work, and said what is wrong with ours.
            FaultClass::Callee | FaultClass::Ours => Self::Good,
        }
    }
}

/// What an operator has set by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// Whether it is held open, which lets nothing through, or closed, which lets everything through.
    pub open: bool,
    /// Who did it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// What the breaker is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// Lets everything through.
    Closed {
        /// Since when; nothing for one that was never open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// Lets nothing through.
    Open {
        /// Since when.
        since: Timestamp,
        /// When it is probed.
        until: Timestamp,
        /// Why.
        reason: Reason,
    },
    /// Finds out whether the provider is well again.
    HalfOpen {
        /// Since when the probe or the trial that is under way has been so; nothing if none is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trying_since: Option<Timestamp>,
        /// How many have succeeded.
        successes: u8,
    },
}

/// What changed, to be logged and told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// Nothing goes through any more.
    Opened {
        /// Why.
        reason: Reason,
        /// When it is probed.
        until: Timestamp,
    },
    /// It is being probed.
    HalfOpened,
    /// Everything goes through again.
    Closed,
}

/// Whether a request may go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// It may: half open, and this is the one that tries it.
    Trial,
    /// It may.
    Well,
    /// It may, but the provider was sick a short while ago: another one comes first.
    Recovering,
    /// It may not, unless there is nobody else.
    Sick,
    /// It may not: an operator has said so.
    Forbidden,
}

/// The breaker. What it holds is kept in the store, so that a restart and other processes inherit it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    state: State,
    /// The last requests, oldest first.
    recent: VecDeque<(Timestamp, Report)>,
    /// How many times in a row it has opened without closing in between.
    times: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forced: Option<Forced>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed { since: None },
            recent: VecDeque::new(),
            times: 0,
            forced: None,
        }
    }
}

impl Breaker {
    /// What it is doing, but for what an operator has set.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What an operator has set.
    pub fn forced(&self) -> Option<&Forced> {
        self.forced.as_ref()
    }

    /// Sets it by hand, or with `None` leaves it to itself again.
    pub fn force(&mut self, forced: Option<Forced>) {
        self.forced = forced;
    }

    /// A core took over, and the clock may have been set back: no instant is further ahead than its rule allows.
    pub fn restarted(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Closed { since } => *since = since.map(|since| since.min(now)),
            State::Open { since, until, .. } => {
                *since = (*since).min(now);
                *until = (*until).min(now + PAUSE_MOST);
            }
            // Who was trying is gone.
            State::HalfOpen { trying_since, .. } => *trying_since = None,
        }
        self.recent.retain(|(at, _)| *at <= now);
    }

    /// Whether a request may go through at `now`. Changes nothing; whoever sends one says so with [`Self::sent`].
    pub fn gate(&self, now: Timestamp) -> Gate {
        match (&self.forced, &self.state) {
            (Some(forced), _) if forced.open => Gate::Forbidden,
            (Some(_), _) => Gate::Well,
            (None, State::Closed { since }) => {
                if since.is_some_and(|since| now < since + SETTLED) {
                    Gate::Recovering
                } else {
                    Gate::Well
                }
            }
            // The probe comes first.
            (
                None,
                State::HalfOpen {
                    trying_since: None,
                    successes,
                },
            ) if *successes > 0 => Gate::Trial,
            (None, State::Open { .. } | State::HalfOpen { .. }) => Gate::Sick,
        }
    }

    /// Whether it makes a difference that a request goes to the provider.
    pub fn counts_sent(&self) -> bool {
        matches!(
            self.state,
            State::HalfOpen {
                trying_since: None,
                ..
            }
        )
    }

    /// A request goes to the provider.
    pub fn sent(&mut self, now: Timestamp) {
        if let State::HalfOpen { trying_since, .. } = &mut self.state {
            trying_since.get_or_insert(now);
        }
    }

    /// When it must be woken: to be probed, or because a probe or trial was lost.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } => Some(until),
            State::HalfOpen {
                trying_since,
                successes,
            } => match trying_since {
                Some(since) => Some(since + LOST),
                // A trial waits for a real request, a probe for nothing.
                None if successes > 0 => None,
                None => Some(Timestamp::MIN),
            },
        }
    }

    /// Does what is due at `now`; whether the provider is to be probed, and what changed.
    pub fn wake(&mut self, now: Timestamp, dice: f64) -> (bool, Option<Change>) {
        match self.state {
            State::Open { until, .. } if now >= until => {
                self.state = State::HalfOpen {
                    trying_since: Some(now),
                    successes: 0,
                };
                (true, Some(Change::HalfOpened))
            }
            State::HalfOpen {
                trying_since: Some(since),
                ..
            } if now >= since + LOST => (false, Some(self.open(now, Reason::StillSick, dice))),
            State::HalfOpen {
                trying_since: None,
                successes: 0,
            } => {
                self.state = State::HalfOpen {
                    trying_since: Some(now),
                    successes: 0,
                };
                (true, None)
            }
            _ => (false, None),
        }
    }

    /// What came of a probe. It never counts among the users' requests.
    pub fn probed(&mut self, now: Timestamp, report: Report, dice: f64) -> Option<Change> {
        match self.state {
            State::HalfOpen { .. } => self.tried(now, report, dice),
            _ => None,
        }
    }

    /// What came of a probe that an operator asked for. A good one ends the pause early; a bad one does not lengthen it, and
    /// a closed breaker is not moved.
    pub fn probed_by_hand(&mut self, now: Timestamp, report: Report, dice: f64) -> Option<Change> {
        match (&self.state, report) {
            (State::Open { .. }, Report::Good | Report::Slow) => {
                self.state = State::HalfOpen {
                    trying_since: None,
                    successes: 1,
                };
                Some(Change::HalfOpened)
            }
            (State::HalfOpen { .. }, _) => self.tried(now, report, dice),
            _ => None,
        }
    }

    /// What came of a request. `dice`, from 0 to 1, spreads the pause.
    pub fn report(&mut self, now: Timestamp, report: Report, dice: f64) -> Option<Change> {
        self.recent.push_back((now, report));
        while self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        match self.state {
            State::Closed { .. } => {
                let reason = self.verdict(now)?;
                Some(self.open(now, reason, dice))
            }
            // Requests that were on their way when it opened, or that had nobody else to go to.
            State::Open { .. } => None,
            State::HalfOpen { .. } => self.tried(now, report, dice),
        }
    }

    fn tried(&mut self, now: Timestamp, report: Report, dice: f64) -> Option<Change> {
        let State::HalfOpen {
            trying_since,
            successes,
        } = &mut self.state
        else {
            return None;
        };
        match report {
            Report::Fault => Some(self.open(now, Reason::StillSick, dice)),
            Report::Account => Some(self.open(now, Reason::Account, dice)),
            Report::Good | Report::Slow => {
                *trying_since = None;
                *successes += 1;
                (*successes >= SUCCESSES).then(|| {
                    self.state = State::Closed { since: Some(now) };
                    self.recent.clear();
                    self.times = 0;
                    Change::Closed
                })
            }
        }
    }

    /// Why it must open, if it must.
    fn verdict(&self, now: Timestamp) -> Option<Reason> {
        let last = |count: usize, wanted: fn(Report) -> bool| {
            self.recent.len() >= count
                && self
                    .recent
                    .iter()
                    .rev()
                    .take(count)
                    .all(|(_, report)| wanted(*report))
        };
        let is_fault = |report| matches!(report, Report::Fault | Report::Account);
        if last(1, |report| report == Report::Account) {
            return Some(Reason::Account);
        }
        if last(IN_A_ROW, is_fault) {
            return Some(Reason::Faults);
        }
        if last(SLOW_IN_A_ROW, |report| report == Report::Slow) {
            return Some(Reason::Slow);
        }
        let young = self.recent.iter().filter(|(at, _)| now < *at + WINDOW_AGE);
        let (all, faults) = young.fold((0, 0), |(all, faults), (_, report)| {
            (all + 1, faults + usize::from(is_fault(*report)))
        });
        (all >= WINDOW_LEAST && faults * 2 >= all).then_some(Reason::Rate)
    }

    fn open(&mut self, now: Timestamp, reason: Reason, dice: f64) -> Change {
        let doubled = PAUSE
            .saturating_mul(2_u32.saturating_pow(self.times))
            .min(PAUSE_MOST);
        let spread = 1.0 - JITTER + 2.0 * JITTER * dice.clamp(0.0, 1.0);
        let pause = doubled.mul_f64(spread).min(PAUSE_MOST);
        let until = now + pause;
        self.times = self.times.saturating_add(1);
        self.state = State::Open {
            since: now,
            until,
            reason,
        };
        Change::Opened { reason, until }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVEN: f64 = 0.5;

    fn at(secs: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(secs)
    }

    /// Reports one second apart; what the last one changed.
    fn after(reports: &[Report]) -> (Breaker, Option<Change>) {
        let mut breaker = Breaker::default();
        let changes: Vec<_> = (0..)
            .zip(reports)
            .map(|(second, report)| breaker.report(at(second), *report, EVEN))
            .collect();
        (breaker, changes.into_iter().next_back().flatten())
    }

    #[test]
    fn it_opens_for_the_providers_faults_and_for_nothing_else() {
        use Report::{Account, Fault, Good, Slow};
        let check = |reports: &[Report], wanted: Option<Reason>| {
            let (breaker, change) = after(reports);
            let reason = change.map(|change| match change {
                Change::Opened { reason, .. } => reason,
                other => panic!("{other:?} after {reports:?}"),
            });
            assert_eq!(reason, wanted, "{reports:?}");
            assert_eq!(
                breaker.gate(at(60)) == Gate::Sick,
                wanted.is_some(),
                "{reports:?}"
            );
        };
        check(&[Good, Good, Good], None);
        check(&[Fault], None);
        check(&[Fault, Fault], Some(Reason::Faults));
        check(&[Good, Good, Fault, Good, Fault], None);
        check(&[Good, Fault, Good, Fault], Some(Reason::Rate));
        check(&[Fault, Good, Fault], Some(Reason::Rate));
        check(&[Slow, Slow], None);
        check(&[Slow, Slow, Slow], Some(Reason::Slow));
        check(&[Slow, Slow, Good, Slow], None);
        check(&[Good, Account], Some(Reason::Account));
    }

    #[test]
    fn old_faults_are_no_rate() {
        let mut breaker = Breaker::default();
        for (second, report) in [(0, Report::Fault), (1, Report::Good), (700, Report::Fault)] {
            assert_eq!(breaker.report(at(second), report, EVEN), None);
        }
    }

    #[test]
    fn the_pause_doubles_up_to_ten_minutes_and_is_spread_by_a_fifth() {
        let mut breaker = Breaker::default();
        let mut now = at(0);
        breaker.report(now, Report::Fault, EVEN);
        let mut pauses = Vec::new();
        let mut change = breaker.report(now, Report::Fault, EVEN);
        for _ in 0..6 {
            let Some(Change::Opened { until, .. }) = change else {
                panic!("{change:?}")
            };
            pauses.push(until.duration_since(now).as_secs());
            now = until;
            assert!(breaker.wake(now, EVEN).0, "a probe is due");
            change = breaker.probed(now, Report::Fault, EVEN);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 600]);
        for (dice, secs) in [(0.0, 24), (1.0, 36)] {
            let mut breaker = Breaker::default();
            let Some(Change::Opened { until, .. }) = breaker.report(at(0), Report::Account, dice)
            else {
                panic!("closed")
            };
            assert_eq!(until, at(secs));
        }
    }

    #[test]
    fn it_closes_after_a_probe_and_a_trial_and_is_preferred_ten_minutes_later() {
        let (mut breaker, _) = after(&[Report::Fault, Report::Fault]);
        let until = breaker.next_wakeup().expect("the end of its pause");
        assert_eq!(
            breaker.wake(until - SignedDuration::from_secs(1), EVEN),
            (false, None)
        );
        assert_eq!(breaker.wake(until, EVEN), (true, Some(Change::HalfOpened)));
        assert_eq!(breaker.gate(until), Gate::Sick, "the probe is under way");
        assert_eq!(breaker.probed(until, Report::Good, EVEN), None);
        assert_eq!(breaker.gate(until), Gate::Trial);
        breaker.sent(until);
        assert_eq!(breaker.gate(until), Gate::Sick, "one at a time");
        let closed = until + SignedDuration::from_secs(1);
        assert_eq!(
            breaker.report(closed, Report::Good, EVEN),
            Some(Change::Closed)
        );
        assert_eq!(breaker.gate(closed), Gate::Recovering);
        assert_eq!(breaker.gate(closed + SETTLED), Gate::Well);
    }

    #[test]
    fn a_probe_whose_process_died_is_made_again() {
        let (mut breaker, _) = after(&[Report::Fault, Report::Fault]);
        let until = breaker.next_wakeup().expect("the end of its pause");
        breaker.wake(until, EVEN);
        let lost = breaker.next_wakeup().expect("a limit to the probe");
        assert!(matches!(
            breaker.wake(lost, EVEN),
            (false, Some(Change::Opened { .. }))
        ));
    }

    #[test]
    fn what_an_operator_has_set_holds_until_he_takes_it_back() {
        let (mut breaker, _) = after(&[Report::Fault, Report::Fault]);
        let forced = |open| Forced {
            open,
            by: "aya".into(),
            why: "maintenance".into(),
            at: at(9),
        };
        breaker.force(Some(forced(false)));
        assert_eq!(breaker.gate(at(3)), Gate::Well);
        breaker.force(Some(forced(true)));
        assert_eq!(breaker.gate(at(99_999)), Gate::Forbidden);
        breaker.force(None);
        assert_eq!(breaker.gate(at(3)), Gate::Sick);
    }

    /// What may happen to a breaker.
    fn happenings() -> impl Strategy<Value = Vec<(u32, u8, f64)>> {
        proptest::collection::vec((0_u32..700, 0_u8..6, 0.0..1.0), 1..80)
    }

    proptest! {
        /// Nothing leaves it shut for ever: if it lets nothing through, it has a wake-up, and waking brings a probe or a
        /// pause of at most ten minutes. What it holds survives the store.
        #[test]
        fn it_never_stays_shut(happenings in happenings()) {
            let mut breaker = Breaker::default();
            let mut now = at(0);
            for (secs, what, dice) in happenings {
                now += SignedDuration::from_secs(secs.into());
                match what {
                    0 => drop(breaker.report(now, Report::Good, dice)),
                    1 => drop(breaker.report(now, Report::Fault, dice)),
                    2 => drop(breaker.report(now, Report::Account, dice)),
                    3 => drop(breaker.wake(now, dice)),
                    4 if secs < 20 => {
                        now -= SignedDuration::from_hours(2);
                        breaker.restarted(now);
                    }
                    4 => drop(breaker.probed(now, Report::Good, dice)),
                    _ => breaker.sent(now),
                }
                if breaker.gate(now) == Gate::Sick {
                    let wakeup = breaker.next_wakeup();
                    prop_assert!(wakeup.is_some_and(|at| at <= now + PAUSE_MOST), "{breaker:?}");
                }
                let json = serde_json::to_string(&breaker).expect("a breaker is JSON");
                prop_assert_eq!(&serde_json::from_str::<Breaker>(&json).expect("read back"), &breaker);
            }
        }
    }
}
