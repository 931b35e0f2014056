//! What a run of the check means, given what was handed over before. Pure.

use std::fmt;

use rinban::alert::{EventKind, Severity};
use serde::{Deserialize, Serialize};

use super::state::{Memory, State, Trust};

/// A status as the agent writes it, in capitals. Words that Mackerel may add later are bad ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckStatus(String);

impl CheckStatus {
    /// Takes the word.
    pub fn parse(word: &str) -> Self {
        Self(word.trim().to_uppercase())
    }

    /// The status before; none on the first run after a start of the agent.
    pub fn parse_previous(word: &str) -> Option<Self> {
        (!word.trim().is_empty()).then(|| Self::parse(word))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether all is well.
    pub fn is_ok(&self) -> bool {
        self.0 == "OK"
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self.as_str() {
            "OK" => Severity::Info,
            "WARNING" => Severity::Warning,
            "CRITICAL" => Severity::Critical,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run of the check.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it found.
    pub status: CheckStatus,
    /// What the agent remembers of the run before.
    pub previous: Option<CheckStatus>,
    /// How many times in a row the check must fail before anybody is called; the agent's own count is not told.
    pub min_attempts: u64,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing is open and nothing is wrong, or not for long enough.
    Nothing,
    /// The problem is open and unchanged: see that a core works on it.
    KeepAlive,
    /// Hand an event of this kind over.
    Report(EventKind),
}

/// What to do, and the state once it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What to do.
    pub action: Action,
    /// The state afterwards.
    pub next: State,
}

/// Decides.
pub fn step(memory: &Memory, run: &Run) -> Transition {
    let state = &memory.state;
    let mut next = state.clone();
    let action = if run.status.is_ok() {
        next.failures = 0;
        next.reported = None;
        if state.reported.is_some() || memory.is_owed {
            Action::Report(EventKind::Recovery)
        } else if may_be_open(memory.trust, run) {
            next.occurrence += 1;
            Action::Report(EventKind::Recovery)
        } else {
            Action::Nothing
        }
    } else {
        // Beyond the limit it is not counted, so that an unchanged problem leaves the state file alone.
        next.failures = (state.failures + 1).min(run.min_attempts);
        match &state.reported {
            Some(reported) if *reported == run.status && memory.is_owed => {
                Action::Report(EventKind::Problem)
            }
            Some(reported) if *reported == run.status => Action::KeepAlive,
            Some(_) => {
                next.change += 1;
                next.reported = Some(run.status.clone());
                Action::Report(EventKind::Problem)
            }
            // Where nothing can be counted, calling too early is better than never.
            None if next.failures < run.min_attempts && memory.trust != Trust::Lost => {
                Action::Nothing
            }
            None => {
                next.occurrence += 1;
                next.change = 0;
                next.reported = Some(run.status.clone());
                Action::Report(EventKind::Problem)
            }
        }
    };
    Transition { action, next }
}

/// Whether a problem may be open that the state does not know of. A recovery of what is not open changes nothing.
fn may_be_open(trust: Trust, run: &Run) -> bool {
    let was_ok = run.previous.as_ref().map(CheckStatus::is_ok);
    match trust {
        Trust::Known => false,
        Trust::First => was_ok == Some(false),
        Trust::Lost => was_ok != Some(true),
        Trust::Damaged => true,
    }
}

#[cfg(test)]
mod tests {
    use EventKind::{Problem, Recovery};
    use proptest::prelude::*;

    use super::*;

    fn run(status: &str, min_attempts: u64) -> Run {
        Run {
            status: CheckStatus::parse(status),
            previous: None,
            min_attempts,
        }
    }

    fn memory(state: State, trust: Trust) -> Memory {
        Memory {
            state,
            trust,
            is_owed: false,
        }
    }

    fn new() -> State {
        State::new(jiff::Timestamp::UNIX_EPOCH)
    }

    fn walk(min_attempts: u64, statuses: &[&str]) -> Vec<Action> {
        let mut state = new();
        statuses
            .iter()
            .map(|status| {
                let transition = step(
                    &memory(state.clone(), Trust::Known),
                    &run(status, min_attempts),
                );
                state = transition.next;
                transition.action
            })
            .collect()
    }

    #[test]
    fn only_a_change_is_an_event() {
        use Action::{KeepAlive, Nothing, Report};
        for (min_attempts, statuses, expected) in [
            (
                1,
                ["OK", "OK", "CRITICAL", "CRITICAL", "OK"].as_slice(),
                [
                    Nothing,
                    Nothing,
                    Report(Problem),
                    KeepAlive,
                    Report(Recovery),
                ]
                .as_slice(),
            ),
            (
                1,
                &["WARNING", "CRITICAL", "WARNING", "OK", "OK"],
                &[
                    Report(Problem),
                    Report(Problem),
                    Report(Problem),
                    Report(Recovery),
                    Nothing,
                ],
            ),
            (
                3,
                &["CRITICAL", "UNKNOWN", "CRITICAL", "CRITICAL", "OK"],
                &[
                    Nothing,
                    Nothing,
                    Report(Problem),
                    KeepAlive,
                    Report(Recovery),
                ],
            ),
            (
                3,
                &["CRITICAL", "CRITICAL", "OK", "CRITICAL", "OK"],
                &[Nothing, Nothing, Nothing, Nothing, Nothing],
            ),
        ] {
            assert_eq!(walk(min_attempts, statuses), expected, "{statuses:?}");
        }
    }

    #[test]
    fn a_recovery_is_reported_when_a_problem_may_be_open_unknown_to_the_state() {
        let ok = |previous: &str| Run {
            previous: CheckStatus::parse_previous(previous),
            ..run("OK", 1)
        };
        for (trust, previous, expected) in [
            (Trust::First, "", Action::Nothing),
            (Trust::First, "OK", Action::Nothing),
            (Trust::First, "CRITICAL", Action::Report(Recovery)),
            (Trust::Damaged, "", Action::Report(Recovery)),
            (Trust::Known, "CRITICAL", Action::Nothing),
            (Trust::Lost, "OK", Action::Nothing),
            (Trust::Lost, "", Action::Report(Recovery)),
            (Trust::Lost, "CRITICAL", Action::Report(Recovery)),
        ] {
            assert_eq!(
                step(&memory(new(), trust), &ok(previous)).action,
                expected,
                "{trust:?} {previous}"
            );
        }
    }

    #[test]
    fn what_is_owed_is_handed_over_again_under_its_name_and_what_is_late_is_not() {
        let broken = step(&memory(new(), Trust::Known), &run("CRITICAL", 1)).next;
        let owed = |state: &State, status| {
            let memory = Memory {
                is_owed: true,
                ..memory(state.clone(), Trust::Known)
            };
            let transition = step(&memory, &run(status, 1));
            (transition.action, transition.next.last_change())
        };
        let name = broken.last_change();
        assert_eq!(owed(&broken, "CRITICAL"), (Action::Report(Problem), name));
        let mended = step(&memory(broken.clone(), Trust::Known), &run("OK", 1)).next;
        let name = mended.last_change();
        assert_eq!(
            owed(&broken, "OK"),
            (Action::Report(Recovery), name.clone())
        );
        assert_eq!(owed(&mended, "OK"), (Action::Report(Recovery), name));
        assert_eq!(owed(&mended, "WARNING").0, Action::Report(Problem));
    }

    #[test]
    fn where_nothing_can_be_remembered_a_failure_is_told_each_time() {
        let lost = memory(new(), Trust::Lost);
        assert_eq!(
            step(&lost, &run("CRITICAL", 5)).action,
            Action::Report(Problem)
        );
    }

    #[test]
    fn words_of_the_future_are_errors() {
        assert_eq!(CheckStatus::parse("unknown").severity(), Severity::Error);
        assert_eq!(CheckStatus::parse("DEGRADED").severity(), Severity::Error);
        assert_eq!(
            CheckStatus::parse(" critical\n").severity(),
            Severity::Critical
        );
    }

    proptest! {
        #[test]
        fn every_problem_is_followed_by_one_recovery_and_no_id_comes_twice(
            statuses in proptest::collection::vec("OK|WARNING|CRITICAL|UNKNOWN", 0..60),
            min_attempts in 1_u64..4,
        ) {
            let mut state = new();
            let mut open = false;
            let mut ids = std::collections::HashSet::new();
            for status in &statuses {
                let transition = step(&memory(state.clone(), Trust::Known), &run(status, min_attempts));
                state = transition.next;
                if let Action::Report(kind) = transition.action {
                    prop_assert!(kind == Problem || open, "a recovery of nothing");
                    open = kind == Problem;
                    let id = (state.occurrence, (kind == Problem).then_some(state.change));
                    prop_assert!(ids.insert(id), "{:?} comes twice", id);
                }
                prop_assert_eq!(open, state.reported.is_some());
                prop_assert!(status != "OK" || !open, "OK, and still open");
            }
        }
    }
}
