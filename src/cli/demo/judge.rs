//! Whether the night went as it should, read from the journal alone: what was shown on the screen proves nothing.

use jiff::Timestamp;

use crate::{
    escalation::{AttemptId, Effect, Entry, Escalation, Heard, Input, News, Outcome},
    roster::MemberName,
};

/// How a call is to end: with an outcome, or with the alert taken if there is none.
pub(super) type Turn = (MemberName, Option<Outcome>);

/// What the journal tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// How many lines it has.
    pub(super) entries: usize,
    /// Every call that was placed, in order.
    pub(super) calls: Vec<(AttemptId, MemberName)>,
    /// Every call that did not lead to somebody taking the alert, in order.
    pub(super) missed: Vec<(MemberName, Outcome)>,
    /// Who took the alert, and when; more than once only if something is wrong.
    pub(super) taken: Vec<(MemberName, Timestamp)>,
    /// How many calls were placed after that.
    pub(super) calls_after: usize,
    /// Whether the last news was that all is over.
    pub(super) recovered: bool,
    /// Keys that came from a phone, with the attempt.
    keys: Vec<(AttemptId, String)>,
}

impl Account {
    /// Reads a journal.
    pub(super) fn of(journal: &[Entry]) -> Self {
        let mut account = Self {
            entries: journal.len(),
            ..Self::default()
        };
        for entry in journal {
            if let Input::Voice {
                attempt,
                heard: Heard::Keys(keys),
                ..
            } = &entry.input
            {
                account.keys.push((*attempt, keys.clone()));
            }
            for effect in entry.effects.iter() {
                account.note(entry.at, effect);
            }
        }
        account
    }

    fn note(&mut self, at: Timestamp, effect: &Effect) {
        match effect {
            Effect::Place {
                attempt, member, ..
            } => {
                self.calls.push((*attempt, member.clone()));
                self.calls_after += usize::from(!self.taken.is_empty());
            }
            Effect::TakeAlerts { by } => self.taken.push((by.clone(), at)),
            Effect::Tell { news } => {
                self.recovered = matches!(news, News::Recovered { .. });
                if let News::NotReached { member, outcome } = news {
                    self.missed.push((member.clone(), outcome.clone()));
                }
            }
            _ => {}
        }
    }
}

/// What is wrong with any night: one line each, none if all is well.
pub(super) fn faults(journal: &[Entry], stored: Option<&Escalation>) -> Vec<String> {
    let account = Account::of(journal);
    let mut faults = Vec::new();
    let mut must = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    match stored {
        None => must(false, "no escalation is stored".to_owned()),
        Some(stored) => {
            must(
                stored.is_over(),
                format!("it is not over: {:?}", stored.phase),
            );
            match Escalation::replay(stored.id, journal) {
                Ok(replayed) => must(
                    replayed == *stored,
                    "the journal leads to another state than the one stored".to_owned(),
                ),
                Err(error) => must(false, error.to_string()),
            }
        }
    }
    must(
        account.recovered,
        "the last news is not the recovery".to_owned(),
    );
    must(
        account.taken.len() <= 1,
        format!("it was taken {} times", account.taken.len()),
    );
    must(
        account.calls_after == 0,
        format!("{} calls after it was taken", account.calls_after),
    );
    faults
}

/// What is wrong with the night that was written beforehand.
pub(super) fn faults_of_script(
    journal: &[Entry],
    stored: Option<&Escalation>,
    script: &[Turn],
) -> Vec<String> {
    let account = Account::of(journal);
    let mut faults = faults(journal, stored);
    let mut same = |what: &str, expected: String, found: String| {
        if expected != found {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    let names = |names: &mut dyn Iterator<Item = &MemberName>| {
        names.map(MemberName::as_str).collect::<Vec<_>>().join(", ")
    };
    same(
        "called",
        names(&mut script.iter().map(|(who, _)| who)),
        names(&mut account.calls.iter().map(|(_, who)| who)),
    );
    let missed = script
        .iter()
        .filter_map(|(who, ends)| Some((who.clone(), ends.clone()?)));
    same(
        "not reached",
        format!("{:?}", missed.collect::<Vec<_>>()),
        format!("{:?}", account.missed),
    );
    same(
        "taken by",
        names(
            &mut script
                .iter()
                .filter(|(_, ends)| ends.is_none())
                .map(|(who, _)| who),
        ),
        names(&mut account.taken.iter().map(|(who, _)| who)),
    );
    // Nobody but the one who took it has pressed anything, and that was the last call.
    let last = account.calls.last().map(|(attempt, _)| *attempt);
    same(
        "keys",
        format!(
            "{:?}",
            Vec::from_iter(last.map(|last| (last, "1".to_owned())))
        ),
        format!("{:?}", account.keys),
    );
    faults
}

#[cfg(test)]
mod tests;
