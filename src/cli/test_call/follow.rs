//! What a journal says of a test, in words for whoever waits for it, and what to do if it went wrong. Pure.

use std::{collections::HashMap, time::Duration};

use crate::{
    escalation::{
        AttemptId, CallStatus, Effect, Entry, EscalationId, Fault, Heard, Input, News, Outcome,
        ProviderName,
    },
    roster::MemberName,
};

/// What has been seen so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) escalation: Option<EscalationId>,
    pub(super) acknowledged_by: Option<String>,
    pub(super) is_over: bool,
    entries: usize,
    members: HashMap<AttemptId, MemberName>,
    providers: HashMap<AttemptId, ProviderName>,
    not_reached: Vec<(MemberName, Outcome)>,
    is_nobody_on_call: bool,
    faults: Vec<(ProviderName, Fault)>,
    /// The provider could not fetch or use what we answered.
    is_unheard: bool,
    calls: usize,
}

impl Progress {
    /// How many entries have been taken in.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// Takes the next entry in; what to say of it.
    pub(super) fn take(&mut self, entry: &Entry) -> Vec<String> {
        self.entries += 1;
        let mut lines = Vec::new();
        lines.extend(self.seen(&entry.input));
        lines.extend(
            entry
                .effects
                .iter()
                .filter_map(|effect| self.decided(effect)),
        );
        lines
    }

    fn seen(&mut self, input: &Input) -> Option<String> {
        match input {
            Input::Routed {
                attempt,
                provider: Some(provider),
                ..
            } => {
                self.providers.insert(*attempt, provider.clone());
                None
            }
            Input::PlaceFailed { attempt, fault, .. } => {
                let provider = self.providers.get(attempt)?.clone();
                let line = format!("{provider} did not place the call: {fault}");
                self.faults.push((provider, fault.clone()));
                Some(line)
            }
            Input::Status {
                attempt,
                status: CallStatus::Ringing,
                ..
            } => Some(format!("{}'s phone rings", self.members.get(attempt)?)),
            Input::Voice {
                attempt,
                heard: Heard::Keys(keys),
                ..
            } => Some(format!("{} pressed {keys}", self.members.get(attempt)?)),
            Input::Voice {
                attempt,
                heard: Heard::Trouble(code),
                ..
            } => {
                self.is_unheard = true;
                let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                let provider = self.providers.get(attempt)?;
                Some(format!(
                    "{provider} could not fetch or use what to say{code}"
                ))
            }
            _ => None,
        }
    }

    fn decided(&mut self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Place {
                attempt,
                member,
                provider,
                ..
            } => {
                self.calls += 1;
                self.members.insert(*attempt, member.clone());
                self.providers.insert(*attempt, provider.clone());
                Some(format!("calling {member} through {provider}"))
            }
            Effect::Tell { news } => self.told(news),
            _ => None,
        }
    }

    fn told(&mut self, news: &News) -> Option<String> {
        match news {
            News::Writing { member, .. } => Some(format!("writing to {member}")),
            News::Answered { member } => Some(format!("{member}'s phone is answered")),
            News::NotReached { member, outcome } => {
                self.is_unheard |= *outcome == Outcome::Unheard;
                self.not_reached.push((member.clone(), outcome.clone()));
                Some(format!("{member} not reached: {outcome}"))
            }
            News::Acknowledged { by } => {
                self.acknowledged_by = Some(by.clone());
                Some(format!("{by} took it"))
            }
            News::Closed { by } => {
                // Key 9 closes, which is as good an answer as 1.
                self.acknowledged_by = Some(by.to_string());
                Some(format!("{by} closed it"))
            }
            News::NobodyOnCall => {
                self.is_nobody_on_call = true;
                Some("nobody is on call".to_owned())
            }
            News::Broken { provider, fault } => {
                self.faults.push((provider.clone(), fault.clone()));
                Some(format!("{provider} needs an operator: {fault}"))
            }
            News::Exhausted { rounds } => {
                self.is_over = true;
                Some(format!(
                    "nobody took it in {rounds} rounds, and no further is allowed"
                ))
            }
            News::Recovered { .. } => {
                self.is_over = true;
                None
            }
            News::Opened
            | News::Noted
            | News::Calling { .. }
            | News::Resumed
            | News::Provider { .. } => None,
        }
    }

    /// In a few words, for the journal and `/health`.
    pub(super) fn summary(&self) -> String {
        match (self.escalation, self.not_reached.last()) {
            (None, _) => "the test was not taken up".to_owned(),
            (_, Some((member, outcome))) => {
                format!("nobody took the test; last: {member}, {outcome}")
            }
            (_, None) => "nobody took the test".to_owned(),
        }
    }

    /// That nobody took it, why as far as it is known, and what to do.
    pub(super) fn verdict(&self, waited: Duration) -> String {
        if self.escalation.is_none() {
            return "the core runs, but has not taken the event from the spool; see its log, then run `rinban doctor`"
                .to_owned();
        }
        let what = format!("nobody took the test within {} s", waited.as_secs());
        let remedy = if let Some((provider, fault)) = self.faults.last() {
            format!("{provider} failed ({fault}): run `rinban doctor`")
        } else if self.is_unheard {
            "a phone was answered, but the carrier could not fetch what to say: run `rinban doctor`, which checks \
             server.public_url"
                .to_owned()
        } else if self.is_nobody_on_call {
            "nobody is on call: see `rinban plan`".to_owned()
        } else if self.calls == 0 {
            "no call was placed: see `rinban journal`".to_owned()
        } else if self.answered_without_key() {
            "a phone was answered and no key was pressed: a voicemail, or somebody who did not press 1".to_owned()
        } else {
            "check the numbers, and that the phones let this caller through at night".to_owned()
        };
        format!("{what}; {remedy}")
    }

    fn answered_without_key(&self) -> bool {
        self.not_reached
            .iter()
            .any(|(_, outcome)| *outcome == Outcome::NoKey)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::escalation::FaultClass;

    const ATTEMPT: AttemptId = AttemptId {
        escalation: EscalationId(1),
        number: 1,
    };

    fn place() -> Effect {
        Effect::Place {
            attempt: ATTEMPT,
            member: "aya".into(),
            provider: "twilio".into(),
            ring_timeout: SignedDuration::ZERO,
            call_limit: SignedDuration::ZERO,
            inline: false,
        }
    }

    fn tell(news: News) -> Effect {
        Effect::Tell { news }
    }

    fn not_reached(outcome: Outcome) -> Effect {
        tell(News::NotReached {
            member: "aya".into(),
            outcome,
        })
    }

    fn fault() -> Fault {
        Fault {
            class: FaultClass::Account,
            code: Some(20003),
            text: "the credentials were refused".to_owned(),
        }
    }

    fn progress(entries: Vec<(Input, Vec<Effect>)>) -> (Progress, Vec<String>) {
        let mut progress = Progress {
            escalation: Some(EscalationId(1)),
            ..Progress::default()
        };
        let lines = entries.into_iter().flat_map(|(input, effects)| {
            progress.take(&Entry {
                number: 1,
                at: Timestamp::UNIX_EPOCH,
                input,
                effects: effects.into(),
            })
        });
        let lines = lines.collect();
        (progress, lines)
    }

    #[test]
    fn what_happens_is_told_in_the_words_of_whoever_waits() {
        let call = || "CA1".into();
        let (progress, lines) = progress(vec![
            (Input::Woke, vec![place()]),
            (
                Input::Status {
                    attempt: ATTEMPT,
                    call: call(),
                    status: CallStatus::Ringing,
                },
                vec![],
            ),
            (
                Input::Voice {
                    attempt: ATTEMPT,
                    call: call(),
                    stage: 0,
                    heard: Heard::Answer,
                },
                vec![tell(News::Answered {
                    member: "aya".into(),
                })],
            ),
            (
                Input::Voice {
                    attempt: ATTEMPT,
                    call: call(),
                    stage: 1,
                    heard: Heard::Keys("1".to_owned()),
                },
                vec![tell(News::Acknowledged {
                    by: "aya".to_owned(),
                })],
            ),
        ]);
        assert_eq!(
            lines,
            [
                "calling aya through twilio",
                "aya's phone rings",
                "aya's phone is answered",
                "aya pressed 1",
                "aya took it"
            ]
        );
        assert_eq!(progress.acknowledged_by.as_deref(), Some("aya"));
    }

    #[test]
    fn whatever_went_wrong_comes_with_what_to_do() {
        let failed = Input::PlaceFailed {
            attempt: ATTEMPT,
            fault: fault(),
            possible_duplicate: false,
        };
        for (entries, expected) in [
            (
                vec![(Input::Woke, vec![place()]), (failed, vec![])],
                "twilio failed (the credentials were refused",
            ),
            (
                vec![(Input::Woke, vec![place(), not_reached(Outcome::Unheard)])],
                "which checks server.public_url",
            ),
            (
                vec![(Input::Woke, vec![tell(News::NobodyOnCall)])],
                "see `rinban plan`",
            ),
            (vec![(Input::Woke, vec![])], "no call was placed"),
            (
                vec![(Input::Woke, vec![place(), not_reached(Outcome::NoKey)])],
                "no key was pressed",
            ),
            (
                vec![(Input::Woke, vec![place(), not_reached(Outcome::Busy)])],
                "check the numbers",
            ),
        ] {
            let (progress, _) = progress(entries);
            let verdict = progress.verdict(Duration::from_secs(600));
            assert!(
                verdict.starts_with("nobody took the test within 600 s; "),
                "{verdict}"
            );
            assert!(verdict.contains(expected), "{verdict}");
        }
        let verdict = Progress::default().verdict(Duration::from_secs(600));
        assert!(verdict.contains("has not taken the event"), "{verdict}");
    }
}
