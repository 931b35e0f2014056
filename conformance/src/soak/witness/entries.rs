//! What the journal says, held against what really happened.

use rinban::escalation::{
    Effect, Entry, EscalationId, FaultClass, Headline, Input, Left, News, ProviderName,
};

use super::{Cause, RUNG_WITHIN, Witness};
use crate::soak::{
    check::{Broken, Check},
    ground::alert_of,
    happen::{Micros, SECOND, Says, micros},
};

/// How long an acknowledgement holds at least, however the group is configured.
const HELD_AT_LEAST: Micros = 600 * SECOND;

impl Witness {
    /// Something was folded in, and these entries came of it; all of it is durable.
    pub fn folded(
        &mut self,
        cause: Cause,
        entries: &[(EscalationId, Entry)],
    ) -> Result<(), Broken> {
        if let Cause::Event { alert, says } = cause {
            self.event(alert, says);
        }
        self.tally.entries += entries.len() as u64;
        let durable = self.now;
        for (index, (id, entry)) in entries.iter().enumerate() {
            // What counts is when it was decided.
            self.now = micros(entry.at);
            self.input(*id, entry)?;
            for effect in entry.effects.iter() {
                self.effect(cause, *id, effect)?;
            }
            if let Input::PlaceFailed { fault, .. } = &entry.input
                && fault.class != FaultClass::Callee
            {
                self.next_at_once(*id, entry, &entries[index + 1..])?;
            }
        }
        self.now = durable;
        Ok(())
    }

    /// The book's own reading of an event.
    fn event(&mut self, number: u32, says: Says) {
        let alert = self.alert(number);
        let was = *alert;
        match says {
            Says::Problem if !was.is_open => {
                alert.is_open = true;
                alert.is_taken = false;
                alert.run = None;
                return;
            }
            Says::Taken if was.is_open && !was.is_taken => alert.is_taken = true,
            Says::Recovered if was.is_open => alert.is_open = false,
            _ => return,
        }
        if let Some(run) = was.run {
            let run = self.run(run);
            run.waiting -= u32::from(!was.is_taken);
            run.open -= u32::from(says == Says::Recovered);
        }
    }

    fn input(&mut self, id: EscalationId, entry: &Entry) -> Result<(), Broken> {
        match &entry.input {
            Input::Opened { headline, .. } => {
                let now = self.now;
                self.run(id).opened_at = now;
                self.tally.escalations += 1;
                self.joins(id, headline);
            }
            Input::AlertJoined { headline, counts } => {
                self.joins(id, headline);
                let run = self.run(id);
                let wanted = (run.waiting, run.open);
                let holds = (counts.waiting, counts.open) == wanted;
                self.check(Check::Ledger, holds, || {
                    format!("escalation {id} counts {counts:?}, and there are {wanted:?}")
                })?;
            }
            Input::AlertLeft { counts, why, .. } => {
                let run = self.run(id);
                let wanted = (run.waiting, run.open);
                let holds = (counts.waiting, counts.open) == wanted;
                let left = matches!(why, Left::TakenBy(_));
                self.check(Check::Ledger, holds, || {
                    format!("escalation {id} counts {counts:?} (taken: {left}), and there are {wanted:?}")
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// An alert belongs to a run from here on.
    fn joins(&mut self, id: EscalationId, headline: &Headline) {
        let now = self.now;
        let number = u32::try_from(alert_of(headline)).unwrap_or(u32::MAX);
        let alert = self.alert(number);
        if alert.run == Some(id) {
            return;
        }
        alert.run = Some(id);
        let run = self.run(id);
        if run.waiting == 0 {
            (run.quiet_since, run.waits_since) = (now, now);
        }
        run.alerts.push(number);
        run.waiting += 1;
        run.open += 1;
    }

    fn effect(&mut self, cause: Cause, id: EscalationId, effect: &Effect) -> Result<(), Broken> {
        match effect {
            Effect::Place { .. } => {
                let now = self.now;
                let quiet = now - self.run(id).quiet_since;
                self.run(id).quiet_since = now;
                self.check(Check::Rings, quiet <= RUNG_WITHIN, || {
                    format!(
                        "nobody was rung for escalation {id} for {} s",
                        quiet / SECOND
                    )
                })?;
                let waits = self.is_waiting(id);
                self.check(Check::NoCallAfter, waits, || {
                    format!("escalation {id} calls, and nothing waits")
                })
            }
            Effect::TakeAlerts { .. } => self.taken(cause, id),
            Effect::CloseAlerts { .. } => self.closed(cause, id),
            Effect::ReleaseAlerts => self.released(id),
            Effect::Tell {
                news: News::Acknowledged { by },
            } => {
                let in_monitor =
                    matches!(cause, Cause::Event { says, .. } if says != Says::Problem);
                let holds = in_monitor || is_key(cause, id, b'1');
                let now = self.now;
                self.run(id).taken_at = now;
                self.check(Check::ByKey, holds, || {
                    format!("escalation {id} says that {by} has taken it, and nobody has")
                })
            }
            _ => Ok(()),
        }
    }

    fn taken(&mut self, cause: Cause, id: EscalationId) -> Result<(), Broken> {
        self.check(Check::ByKey, is_key(cause, id, b'1'), || {
            format!("escalation {id} was taken by {cause:?}")
        })?;
        self.tally.taken += 1;
        self.set_all(id, |alert| alert.is_taken = true);
        self.run(id).waiting = 0;
        Ok(())
    }

    fn closed(&mut self, cause: Cause, id: EscalationId) -> Result<(), Broken> {
        self.check(Check::ByKey, is_key(cause, id, b'9'), || {
            format!("escalation {id} was closed by {cause:?}")
        })?;
        self.set_all(id, |alert| alert.is_open = false);
        let run = self.run(id);
        (run.waiting, run.open) = (0, 0);
        Ok(())
    }

    fn released(&mut self, id: EscalationId) -> Result<(), Broken> {
        let now = self.now;
        let held = now - self.run(id).taken_at;
        self.check(Check::Kept, held >= HELD_AT_LEAST, || {
            format!(
                "escalation {id} was taken, and is called again after {} s",
                held / SECOND
            )
        })?;
        self.set_all(id, |alert| alert.is_taken = false);
        let run = self.run(id);
        run.waiting = run.open;
        (run.quiet_since, run.waits_since) = (now, now);
        Ok(())
    }

    /// Changes the open alerts of a run.
    fn set_all(&mut self, id: EscalationId, change: fn(&mut super::Alert)) {
        let alerts = std::mem::take(&mut self.run(id).alerts);
        let mut left = Vec::with_capacity(alerts.len());
        for number in alerts {
            let alert = self.alert(number);
            if alert.run == Some(id) && alert.is_open {
                change(alert);
                left.push(number);
            }
        }
        self.run(id).alerts = left;
    }

    /// A carrier did not carry the call: another one is asked in the same turn, for the same person.
    fn next_at_once(
        &mut self,
        id: EscalationId,
        entry: &Entry,
        after: &[(EscalationId, Entry)],
    ) -> Result<(), Broken> {
        let route = entry.effects.iter().find_map(|effect| match effect {
            Effect::Route { attempt, tried, .. } => Some((*attempt, tried)),
            _ => None,
        });
        let Some((attempt, tried)) = route else {
            return Ok(());
        };
        let answer = after.iter().find_map(|(of, entry)| match &entry.input {
            Input::Routed {
                attempt: to,
                provider,
                engaged,
            } if *of == id && *to == attempt => Some((provider.as_ref(), *engaged)),
            // Asked again at an instant that dispatch bounds.
            Input::Waits { attempt: to, .. } if *of == id && *to == attempt => Some((None, true)),
            _ => None,
        });
        let is_new =
            |provider: Option<&ProviderName>| provider.is_none_or(|name| !tried.contains(name));
        let holds = answer.is_some_and(|(provider, _)| is_new(provider));
        self.check(Check::NextAtOnce, holds, || {
            format!("attempt {attempt} was asked for after {tried:?}, and the answer is {answer:?}")
        })
    }
}

/// Whether the cause is this key in a call of this escalation.
fn is_key(cause: Cause, id: EscalationId, wanted: u8) -> bool {
    matches!(cause, Cause::Key { attempt, key } if attempt.escalation == id && key == wanted)
}
