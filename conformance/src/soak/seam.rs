//! Where the core meets the world: the desk as the engine's loop drives it, and the mistakes that can be planted there.
//!
//! A planted mistake shows that the soak finds what it is there to find. Each is made here, between the desk and the world:
//! nothing in the core knows of them.

use std::{collections::HashMap, fmt, sync::Arc};

use jiff::Timestamp;
use rinban::{
    alert::Event,
    config::Config,
    dispatch::{command::Found, standing::Standing},
    engine::desk::{Desk, Errand, Now, Turn, Unfinished},
    escalation::{AttemptId, CallSid, CallStatus, Escalation, EscalationId, Input, ProviderName},
    roster::{Channel, MemberName},
    store::Snapshot,
};

/// A mistake that is made on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// A status that comes late overwrites what is known (against P10)
    StatusBackwards,
    /// The request goes out before the intent is on disk (against P3)
    RequestFirst,
    /// The first timer is forgotten when a core takes over (against P2)
    TimerLost,
}

impl fmt::Display for Plant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StatusBackwards => "status-backwards",
            Self::RequestFirst => "request-first",
            Self::TimerLost => "timer-lost",
        })
    }
}

/// A core between two crashes.
#[derive(Debug)]
pub struct Core {
    desk: Desk,
    /// When its next timer is due, as of the last turn.
    wakeup: Option<Timestamp>,
    plant: Option<Plant>,
    /// The timer that was planted to be lost.
    lost: Option<Timestamp>,
    /// Escalations as they were last written, where a plant edits them.
    copies: HashMap<EscalationId, Escalation>,
    /// What a plant has edited in this turn.
    edited: Vec<Escalation>,
}

impl Core {
    /// Takes up the work from what is durable.
    pub fn new(config: Arc<Config>, snapshot: &Snapshot, plant: Option<Plant>) -> Self {
        let desk = Desk::new(config, snapshot);
        Self {
            wakeup: desk.next_wakeup(),
            desk,
            plant,
            lost: None,
            copies: HashMap::new(),
            edited: Vec::new(),
        }
    }

    /// How the carriers stand.
    pub fn standing(&self, now: Timestamp) -> Vec<Standing> {
        let (steady, wall, dice) = (now, now, 0.5);
        let now = Now { steady, wall, dice };
        self.desk.providers(now).providers
    }

    /// Hands the restart in.
    pub fn restarted(&mut self, now: Now, turn: &mut Turn) {
        self.desk.restarted(now, turn);
        if self.plant == Some(Plant::TimerLost) {
            self.lost = self.desk.next_wakeup();
        }
    }

    /// What the restart must see to.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        self.desk.unfinished()
    }

    /// Folds an event in.
    pub fn event(&mut self, now: Now, event: &Event, turn: &mut Turn) {
        self.desk.event(now, event, turn);
    }

    /// Hands an input in.
    pub fn input(&mut self, now: Now, attempt: AttemptId, input: Input, turn: &mut Turn) {
        let late = match (&input, self.plant) {
            (Input::Status { call, status, .. }, Some(Plant::StatusBackwards)) => {
                Some((call.clone(), *status))
            }
            _ => None,
        };
        self.desk.input(now, attempt.escalation, input, turn);
        if let Some((call, status)) = late {
            self.overwrite(attempt, &call, status);
        }
    }

    /// The planted mistake: the status is written down whatever stood there.
    fn overwrite(&mut self, attempt: AttemptId, call: &CallSid, status: CallStatus) {
        let Some(copy) = self.copies.get_mut(&attempt.escalation) else {
            return;
        };
        let known = copy.attempts.get_mut(attempt.number);
        if let Some(known) = known.filter(|known| known.call.as_ref() == Some(call))
            && known.status.is_some_and(|before| status < before)
        {
            known.status = Some(status);
            self.edited.push(copy.clone());
        }
    }

    /// What came of a probe.
    pub fn probed(&mut self, now: Now, carrier: &ProviderName, found: &Found, turn: &mut Turn) {
        let line = (carrier, Channel::Voice);
        self.desk.probed(now, line, found, false, turn);
    }

    /// Wakes what is due.
    pub fn wake(&mut self, now: Now, limit: usize, turn: &mut Turn) {
        if self.lost.is_none() || self.lost != self.desk.next_wakeup() {
            self.desk.wake(now, limit, turn);
        }
    }

    /// When the next timer is due.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.wakeup.filter(|at| Some(*at) != self.lost)
    }

    /// Ends the turn; what is to be run before the commit, which is nothing unless a mistake is planted.
    pub fn close_turn(&mut self, turn: &mut Turn) -> Vec<Errand> {
        self.desk.close_turn(turn);
        let mut at_once = Vec::new();
        match self.plant {
            Some(Plant::RequestFirst) => at_once.append(&mut turn.errands),
            Some(Plant::StatusBackwards) => self.write_edited(turn),
            Some(Plant::TimerLost) | None => {}
        }
        at_once
    }

    fn write_edited(&mut self, turn: &mut Turn) {
        for edited in self.edited.drain(..) {
            let edited = Arc::new(edited);
            self.desk.take_up(Arc::clone(&edited));
            turn.batch.escalations.retain(|other| other.id != edited.id);
            turn.batch.escalations.push(edited);
        }
        for written in &turn.batch.escalations {
            self.copies.insert(written.id, Escalation::clone(written));
        }
    }

    /// The turn is stored.
    pub fn stored(&mut self, now: Timestamp) {
        self.desk.stored(now);
        self.wakeup = self.desk.next_wakeup();
    }

    /// The turn could not be stored.
    pub fn undo_turn(&mut self) {
        self.edited.clear();
        self.desk.undo_turn();
        self.wakeup = self.desk.next_wakeup();
    }

    /// Whether the escalation is on the desk.
    pub fn knows(&self, id: EscalationId) -> bool {
        self.desk.knows(id)
    }

    /// Puts one on the desk that was put away.
    pub fn take_up(&mut self, escalation: Arc<Escalation>) {
        self.desk.take_up(escalation);
    }

    /// The carrier of an attempt.
    pub fn carrier_of(&self, attempt: AttemptId) -> Option<&ProviderName> {
        self.desk.provider_of(attempt)
    }

    /// The names of a person's calls, as far as they are known.
    pub fn known_calls(&self, member: &MemberName) -> Vec<CallSid> {
        self.desk.known_calls(member)
    }
}
