//! Journals made by the state machine itself, as they should be and then spoiled.

use std::sync::Arc;

use jiff::SignedDuration;

use super::*;
use crate::{
    alert::{AlertKey, Headline, Severity},
    escalation::{CallStatus, Candidate, Counts, EscalationId, Left},
};

/// A run that is played by hand.
struct Night {
    escalation: Escalation,
    journal: Vec<Entry>,
    now: Timestamp,
}

fn headline() -> Arc<Headline> {
    Arc::new(Headline {
        alert: AlertKey {
            source: "zabbix".into(),
            group: "primary".into(),
            dedup: "1".into(),
        },
        severity: Severity::Critical,
        title: "Disk full".to_owned(),
        host: None,
        message: String::new(),
        url: None,
        message_id: None,
        variables: Default::default(),
    })
}

impl Night {
    fn begin(people: &[&str]) -> Self {
        let now = Timestamp::UNIX_EPOCH;
        let (escalation, step) = Escalation::open(EscalationId(1), now, "db".into(), headline());
        let mut night = Self {
            escalation,
            journal: step.entry.into_iter().collect(),
            now,
        };
        let candidates = people.iter().map(|name| Candidate {
            member: (*name).into(),
            calls: Default::default(),
            channels: vec![crate::roster::Channel::Voice],
        });
        night.see(Input::Mustered {
            policy: Arc::default(),
            candidates: candidates.map(Arc::new).collect(),
        });
        night
    }

    fn see(&mut self, input: Input) {
        self.now += SignedDuration::from_secs(1);
        let step = self.escalation.step(self.now, input);
        self.journal.extend(step.entry);
    }

    fn attempt(&self) -> AttemptId {
        self.escalation.attempt_id(self.escalation.last_attempt)
    }

    /// A call goes out to the next person; its name.
    fn call(&mut self) -> AttemptId {
        let attempt = self.attempt();
        self.see(Input::Routed {
            attempt,
            provider: Some("simulated".into()),
            engaged: false,
        });
        attempt
    }

    fn ends(&mut self, attempt: AttemptId, status: CallStatus) {
        let call = attempt.to_string().as_str().into();
        self.see(Input::Status {
            attempt,
            call,
            status,
        });
    }

    fn hears(&mut self, attempt: AttemptId, stage: u16, heard: Heard) {
        let call = attempt.to_string().as_str().into();
        self.see(Input::Voice {
            attempt,
            call,
            stage,
            heard,
        });
    }

    fn takes(&mut self, attempt: AttemptId) {
        self.hears(attempt, 0, Heard::Answer);
        self.hears(attempt, 1, Heard::Keys("1".to_owned()));
        self.ends(attempt, CallStatus::Completed);
    }

    fn recovers(&mut self) {
        self.see(Input::AlertLeft {
            alert: headline().alert.clone(),
            why: Left::Recovered(None),
            counts: Counts {
                waiting: 0,
                open: 0,
            },
            headline: None,
        });
    }

    fn faults(&self) -> Vec<String> {
        faults_of_script(&self.journal, Some(&self.escalation), &script())
    }
}

fn script() -> Vec<Turn> {
    vec![("Aya".into(), Some(Outcome::Busy)), ("Ben".into(), None)]
}

/// Aya is busy, Ben takes it, it recovers.
fn good() -> Night {
    let mut night = Night::begin(&["Aya", "Ben"]);
    let first = night.call();
    night.ends(first, CallStatus::Busy);
    let second = night.call();
    night.takes(second);
    night.recovers();
    night
}

#[track_caller]
fn check(night: &Night, expected: &str) {
    let faults = night.faults();
    assert!(
        faults.iter().any(|fault| fault.contains(expected)),
        "{faults:?}"
    );
}

#[test]
fn a_night_as_written_has_no_fault() {
    let night = good();
    assert_eq!(night.faults(), Vec::<String>::new());
    let account = Account::of(&night.journal);
    assert_eq!((account.calls.len(), account.taken.len()), (2, 1));
}

#[test]
fn another_end_of_a_call_is_a_fault() {
    let mut night = Night::begin(&["Aya", "Ben"]);
    let first = night.call();
    night.ends(first, CallStatus::NoAnswer);
    let second = night.call();
    night.takes(second);
    night.recovers();
    check(&night, "not reached: expected");
}

#[test]
fn somebody_else_who_takes_it_is_a_fault() {
    let mut night = Night::begin(&["Aya", "Ben"]);
    let first = night.call();
    night.takes(first);
    night.recovers();
    check(&night, "taken by: expected Ben, found Aya");
    check(&night, "called: expected Aya, Ben, found Aya");
}

#[test]
fn a_night_that_nobody_takes_or_that_does_not_end_is_a_fault() {
    let mut night = Night::begin(&["Aya", "Ben"]);
    let first = night.call();
    night.ends(first, CallStatus::Busy);
    check(
        &night,
        "taken by: expected Ben, found ;".trim_end_matches(';'),
    );
    check(&night, "it is not over");
    check(&night, "the last news is not the recovery");
}

#[test]
fn a_call_after_it_was_taken_is_a_fault() {
    let mut night = good();
    let place = night
        .journal
        .iter()
        .flat_map(|entry| entry.effects.iter())
        .find(|effect| matches!(effect, Effect::Place { .. }))
        .cloned();
    let last = night.journal.last_mut().expect("a journal");
    last.effects = last.effects.iter().cloned().chain(place).collect();
    check(&night, "1 calls after it was taken");
    check(&night, "entry");
}

#[test]
fn a_journal_that_leads_elsewhere_or_is_missing_is_a_fault() {
    let mut night = good();
    night.escalation.round += 1;
    check(&night, "the journal leads to another state");

    night.journal.clear();
    check(&night, "the journal of escalation 1 is empty");
    let faults = faults_of_script(&night.journal, None, &script());
    assert!(
        faults.contains(&"no escalation is stored".to_owned()),
        "{faults:?}"
    );
}

#[test]
fn a_key_from_a_phone_that_was_not_to_press_one_is_a_fault() {
    let mut night = Night::begin(&["Aya", "Ben"]);
    let first = night.call();
    night.hears(first, 0, Heard::Answer);
    night.hears(first, 1, Heard::Keys("3".to_owned()));
    night.ends(first, CallStatus::Completed);
    let second = night.call();
    night.takes(second);
    night.recovers();
    check(&night, "keys: expected");
}
