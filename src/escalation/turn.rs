//! Whose turn it is: how a person is reached, step by step, before the next person is called.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attempt, Candidate, Effect, Escalation, News, Outcome, Phase, Way};
use crate::roster::{Channel, MemberName};

/// A person's turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whose.
    pub member: MemberName,
    /// Whether this person takes messages.
    pub takes_messages: bool,
    /// What has not been tried yet.
    pub steps: VecDeque<Way>,
    /// Whether a message has been sent in this turn; one is enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub written: bool,
}

impl Turn {
    /// The steps that reach this person; those of the first channel if no step of the policy does.
    fn new(candidate: &Candidate, steps: &[Way]) -> Self {
        let channels = &candidate.channels;
        let mut left: VecDeque<Way> = steps
            .iter()
            .filter_map(|step| step.within(channels))
            .collect();
        if left.is_empty() {
            left.extend(channels.first().copied().map(Way::by));
        }
        Self {
            member: candidate.member.clone(),
            takes_messages: channels.contains(&Channel::Sms),
            steps: left,
            written: false,
        }
    }

    /// Leaves calls out, for a phone that has rung too often.
    fn without_calls(&mut self) {
        let messages = |step: &Way| step.within(&[Channel::Sms]);
        self.steps = self.steps.iter().filter_map(messages).collect();
    }
}

impl Escalation {
    /// Goes on with the person whose turn it is, or, if nothing is left to try, with the next one.
    pub(super) fn go_on(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let turn = self.turn.as_mut().map(Arc::make_mut);
        match turn.and_then(|turn| turn.steps.pop_front()) {
            Some(step) => self.begin(step, now, effects),
            None => self.next_person(now, effects),
        }
    }

    /// Turns to the next person at once; after the last the round is over.
    pub(super) fn next_person(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.turn = None;
        while let Some(candidate) = Arc::make_mut(&mut self.queue).pop_front() {
            let mut turn = Turn::new(&candidate, &self.policy.steps);
            if self.rests(&candidate, now) {
                turn.without_calls();
            }
            if turn.steps.is_empty() {
                let (member, outcome) = (candidate.member.clone(), Outcome::Resting);
                let news = News::NotReached { member, outcome };
                effects.push(Effect::Tell { news });
                continue;
            }
            self.turn = Some(Arc::new(turn));
            return self.go_on(now, effects);
        }
        self.end_round(now, effects);
    }

    fn begin(&mut self, step: Way, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(member) = self.turn.as_ref().map(|turn| turn.member.clone()) else {
            return;
        };
        if !step.calls() {
            // Before the question who carries it, whose answer may end the wait at once.
            self.phase = Phase::Writing {
                until: now + self.policy.reply_wait,
            };
        }
        if step.writes() {
            self.write(now, effects);
        }
        if step.calls() {
            self.route(now, Attempt::new(0, member, now), effects);
        }
    }

    fn end_round(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        match self.policy.max_rounds {
            Some(rounds) if self.round >= rounds => {
                self.phase = Phase::Exhausted;
                let news = News::Exhausted { rounds };
                effects.push(Effect::Tell { news });
            }
            _ => {
                self.phase = Phase::Pausing {
                    until: now + self.policy.round_pause,
                }
            }
        }
    }
}
