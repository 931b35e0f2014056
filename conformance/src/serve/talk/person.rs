//! Somebody at the phone: what they do by script, and what the control API has them do.

use std::{collections::VecDeque, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::leads_elsewhere;
use crate::serve::{
    book::Touch,
    line::Line,
    order::Script,
    people::{Step, Wish},
};

/// How long it takes to press a key, or to put the receiver down; phone time.
pub(super) const KEY_PRESS: Duration = Duration::from_millis(300);

/// Between two keys of one answer, by hand.
const BETWEEN_KEYS: Duration = Duration::from_millis(100);

/// Somebody at the phone.
#[derive(Debug)]
pub(super) struct Person {
    steps: VecDeque<Step>,
    typed: VecDeque<Touch>,
    /// The account has led the call elsewhere.
    pub(super) led: Option<Script>,
}

/// What comes within a time.
enum Came {
    Keys(String),
    HangUp,
    Nothing,
}

impl Person {
    pub(super) fn new(steps: Vec<Step>, typed: Vec<Touch>) -> Self {
        Self {
            steps: steps.into(),
            typed: typed.into(),
            led: None,
        }
    }

    /// Whether the next thing they do is to end the call, before or after hearing something.
    pub(super) fn hangs_up(&mut self, early: bool) -> bool {
        let next = self.steps.front();
        next.is_some_and(|step| step.wish == Wish::HangUp && step.early == early)
    }

    /// Listens where no key counts. True if they hang up by hand.
    pub(super) async fn listen(&mut self, line: &mut Line, length: Duration) -> bool {
        let clock = line.stand.clock;
        let end = Instant::now() + clock.real(length);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.came(line, left).await {
                Came::HangUp => return true,
                Came::Nothing => return false,
                // Keys that answer no question reach nobody.
                Came::Keys(_) => {}
            }
        }
    }

    /// Answers a question; empty for silence, none if the call is ended instead.
    pub(super) async fn answer(
        &mut self,
        line: &mut Line,
        said: Duration,
        timeout: Duration,
    ) -> Option<String> {
        let step = self.steps.pop_front();
        let clock = line.stand.clock;
        let hears = match &step {
            Some(step) if step.early => Duration::ZERO,
            Some(_) => said,
            None => said.saturating_add(timeout),
        };
        match self.came(line, clock.real(hears)).await {
            Came::Keys(keys) => return Some(keys),
            Came::HangUp => return None,
            Came::Nothing if self.led.is_some() => return Some(String::new()),
            Came::Nothing => {}
        }
        match step.map(|step| step.wish) {
            Some(Wish::HangUp) => None,
            Some(Wish::Press(keys)) => {
                clock.sleep(KEY_PRESS).await;
                Some(keys)
            }
            None => Some(String::new()),
        }
    }

    /// What comes by hand within so much real time.
    async fn came(&mut self, line: &mut Line, within: Duration) -> Came {
        let end = Instant::now() + within;
        loop {
            let touch = match self.typed.pop_front() {
                Some(touch) => Some(touch),
                None => {
                    let touch = timeout_at(end, line.ends.touches.recv()).await;
                    touch.ok().flatten()
                }
            };
            match touch.map(leads_elsewhere) {
                None => return Came::Nothing,
                Some(Ok(script)) => {
                    self.led = Some(script);
                    return Came::Nothing;
                }
                Some(Err(Touch::Keys(keys))) => {
                    line.stand.clock.sleep(BETWEEN_KEYS).await;
                    return Came::Keys(keys);
                }
                Some(Err(Touch::HangUp)) => return Came::HangUp,
                // It is picked up already.
                Some(Err(_)) => {}
            }
        }
    }
}
