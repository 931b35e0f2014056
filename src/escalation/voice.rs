//! What a call hears: the part of the state machine that answers the phone.

use jiff::Timestamp;

use super::{
    AttemptId, CallSid, CallStatus, Change, Effect, Escalation, Heard, Line, News, Outcome,
    PARTING, Phase,
    attempt::{Answer, Attempt, MAX_STAGES, MAX_TROUBLES, REPEAT_WINDOW},
};

impl Escalation {
    /// Answers the provider's question what to say. A place in the call is answered once; the same request within
    /// [`REPEAT_WINDOW`] gets the same answer again, any other is refused and changes nothing.
    pub(super) fn hear(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        call: &CallSid,
        stage: u16,
        heard: &Heard,
        effects: &mut Vec<Effect>,
    ) -> Change {
        let talk_limit = self.policy.call_limit + self.policy.callback_grace;
        let Some(attempt) = self.find(id).filter(|attempt| attempt.accepts(call, now)) else {
            effects.push(Effect::Refuse { attempt: id });
            return Change::Nothing;
        };
        if let Some(line) = attempt.said_before(stage, heard, now) {
            effects.push(Effect::Speak {
                attempt: id,
                stage: attempt.stage,
                line,
            });
            return Change::Nothing;
        }
        let in_place = match heard {
            Heard::Trouble(_) => true,
            Heard::Answer => stage == 0 && attempt.stage == 0,
            Heard::Keys(_) | Heard::Silence => stage > 0 && stage == attempt.stage,
        };
        if !in_place {
            effects.push(Effect::Refuse { attempt: id });
            return Change::Nothing;
        }
        let first = !attempt.was_answered();
        attempt.call.get_or_insert_with(|| call.clone());
        if attempt.advance(CallStatus::InProgress, now) {
            attempt.ended_at = None;
        }
        // Whose call was given up waiting for is not waited for again.
        if attempt.outcome.is_none() && now < attempt.deadline {
            attempt.deadline = now + talk_limit;
        }
        let member = attempt.member.clone();
        if first {
            effects.push(Effect::Tell {
                news: News::Answered { member },
            });
        }
        let line = self.line(now, id.number, heard, effects);
        if matches!(line, Line::Acknowledged | Line::Closed)
            && let Some(attempt) = self.find(id)
        {
            attempt.outcome.get_or_insert(Outcome::Taken);
        }
        self.say(now, id, stage, heard, line, effects);
        Change::Made
    }

    fn say(
        &mut self,
        now: Timestamp,
        id: AttemptId,
        stage: u16,
        heard: &Heard,
        line: Line,
        effects: &mut Vec<Effect>,
    ) {
        let Some(attempt) = self.find(id) else { return };
        attempt.stage += 1;
        attempt.troubles += u8::from(matches!(heard, Heard::Trouble(_)));
        attempt.readings += u16::from(line == Line::Message);
        if !line.asks_for_key() {
            attempt.deadline = attempt.deadline.min(now + PARTING);
        }
        attempt.last = Some(Answer {
            stage,
            heard: heard.clone(),
            at: now,
            line: line.clone(),
        });
        effects.push(Effect::Speak {
            attempt: id,
            stage: attempt.stage,
            line,
        });
    }

    /// What to say, and what the key does.
    fn line(
        &mut self,
        now: Timestamp,
        number: u32,
        heard: &Heard,
        effects: &mut Vec<Effect>,
    ) -> Line {
        let Some(attempt) = self.attempt(number) else {
            return Line::Goodbye;
        };
        let member = attempt.member.clone();
        match &self.phase {
            Phase::Over if attempt.said(&Line::Closed) => return Line::Closed,
            Phase::Over => return Line::Over,
            Phase::Acknowledged { by, .. } if *by == member.as_str() => return Line::Acknowledged,
            Phase::Acknowledged { by, .. } => return Line::TakenBy(by.clone()),
            _ => {}
        }
        let tired = attempt.stage >= MAX_STAGES || attempt.troubles >= MAX_TROUBLES;
        match heard {
            Heard::Keys(keys) => match keys.as_str() {
                "1" => {
                    self.take(now, &member, Some(number), effects);
                    Line::Acknowledged
                }
                "2" => {
                    self.pass(now, number, effects);
                    Line::Passed
                }
                "9" if self.policy.allow_close => {
                    self.close(now, &member, Some(number), effects);
                    Line::Closed
                }
                _ if tired => Line::Goodbye,
                "3" => Line::Message,
                "9" => Line::CloseNotAllowed,
                _ => Line::UnknownKey,
            },
            Heard::Silence if attempt.readings >= self.policy.message_repeats => Line::Goodbye,
            _ if tired => Line::Goodbye,
            Heard::Answer | Heard::Silence | Heard::Trouble(_) => Line::Message,
        }
    }

    /// The next person is called while this one is told so.
    fn pass(&mut self, now: Timestamp, number: u32, effects: &mut Vec<Effect>) {
        if let Some(attempt) = self.find_number(number) {
            attempt.deadline = now + PARTING;
        }
        self.judged(now, number, Outcome::Passed, effects);
    }
}

impl Attempt {
    /// Whether a voice request of this call may still be answered.
    fn accepts(&self, call: &CallSid, now: Timestamp) -> bool {
        let ours = self.call.as_ref().is_none_or(|bound| bound == call);
        let over = self.status.is_some_and(CallStatus::is_terminal);
        let fresh = !over
            || self
                .ended_at
                .is_some_and(|at| now.duration_since(at) <= REPEAT_WINDOW);
        self.provider.is_some() && ours && fresh
    }

    fn said_before(&self, stage: u16, heard: &Heard, now: Timestamp) -> Option<Line> {
        let last = self.last.as_ref()?;
        let same = last.stage == stage
            && last.heard == *heard
            && now.duration_since(last.at) <= REPEAT_WINDOW;
        // Trouble has no place of its own: each one is counted.
        (same && !matches!(heard, Heard::Trouble(_))).then(|| last.line.clone())
    }

    fn said(&self, line: &Line) -> bool {
        self.last.as_ref().is_some_and(|last| last.line == *line)
    }
}
