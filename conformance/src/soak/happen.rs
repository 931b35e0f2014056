//! What is to happen in a world, and when: the one queue of its virtual time.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::phones::Health;
use jiff::Timestamp;
use rinban::{
    dispatch::breaker::Report,
    escalation::{AttemptId, CallStatus, EscalationId, FaultClass},
};

/// Microseconds since the world began.
pub type Micros = u64;

/// One second.
pub const SECOND: Micros = 1_000_000;

/// When worlds begin, by the core's clock.
const BEGIN_SECS: i64 = 1_800_000_000;

/// An instant by the core's clock.
pub fn timestamp(at: Micros) -> Timestamp {
    let micros = BEGIN_SECS * 1_000_000 + i64::try_from(at).unwrap_or(i64::MAX / 2);
    Timestamp::from_microsecond(micros).expect("a world ends within thousands of years")
}

/// An instant of the world, rounded up: who is woken then is due.
pub fn micros(at: Timestamp) -> Micros {
    let secs = Micros::try_from(at.as_second() - BEGIN_SECS).unwrap_or_default();
    let nanos = at.subsec_nanosecond().unsigned_abs();
    secs * SECOND + Micros::from(nanos).div_ceil(1_000)
}

/// Names a call of the world.
pub type CallIndex = u32;

/// What a monitor says of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// There is a problem.
    Problem,
    /// Somebody took it there.
    Taken,
    /// It is over.
    Recovered,
}

/// What a request for words brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// The call was answered.
    Answer,
    /// A key was pressed.
    Key(u8),
    /// No key was.
    Silence,
    /// Our words could not be had, and this is the other path.
    Trouble,
}

/// What becomes of a call by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The carrier has dialled.
    Dialled,
    /// Somebody or something answers.
    Answered,
    /// Nobody did.
    RungOut,
    /// It ends.
    HungUp,
}

/// What came of a request to place a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is queued.
    Placed(CallIndex),
    /// It is not, or nobody knows.
    Failed(FaultClass),
}

/// Something that happens. Fields are as they are named: whose attempt, which call, how often it was tried before. What names an epoch concerns the core of that epoch, and nobody once it has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named after their types")]
pub enum Event {
    /// A new alert.
    Alert,
    /// A monitor hands an event over: of which alert, which, and which repetition of it.
    Monitor { alert: u32, says: Says, number: u32 },
    /// An event that is on disk is told to the core.
    Accepted { epoch: u32, number: u64 },
    /// A request to place a call reaches a carrier.
    Request {
        epoch: u32,
        attempt: AttemptId,
        person: u8,
        carrier: u8,
        ring_secs: u16,
        talk_secs: u16,
    },
    /// What came of it.
    Reply {
        epoch: u32,
        attempt: AttemptId,
        reply: Reply,
    },
    /// A call whose reply was lost is looked for.
    Look {
        epoch: u32,
        attempt: AttemptId,
        person: u8,
        carrier: u8,
        since: Micros,
        tries: u8,
    },
    /// A carrier is asked how a call goes.
    Ask { epoch: u32, call: CallIndex },
    /// A carrier is told to end a call.
    End {
        epoch: u32,
        call: CallIndex,
        attempt: AttemptId,
        tries: u8,
    },
    /// What the carrier says of a call, being asked or told.
    Said {
        epoch: u32,
        attempt: AttemptId,
        call: CallIndex,
        status: CallStatus,
    },
    /// What came of a probe.
    Probed {
        epoch: u32,
        carrier: u8,
        report: Report,
    },
    /// A call goes on.
    Call { call: CallIndex, progress: Progress },
    /// A status callback reaches us.
    Callback { call: CallIndex, status: CallStatus },
    /// A request for words reaches us.
    Words {
        call: CallIndex,
        stage: u16,
        brings: Brings,
    },
    /// A carrier falls sick for so many seconds.
    CarrierSick {
        carrier: u8,
        health: Health,
        secs: u32,
    },
    /// The core dies for no reason.
    Crash,
    /// A carrier is as it should be again.
    CarrierWell { carrier: u8, spell: u32 },
    /// A core takes over.
    Restart,
    /// What could not be stored is tried again.
    Retry { epoch: u32 },
    /// An escalation is over for so long that nobody asks for it any more.
    Archive(EscalationId),
}

/// When something is due, which of all it was that were planned, and where it stands. Of several at one instant the one that
/// was planned first comes first.
type Due = Reverse<(Micros, u64, u32)>;

/// All that is planned. What is ordered is small; the events stand still.
#[derive(Debug, Default)]
pub struct Queue {
    due: BinaryHeap<Due>,
    number: u64,
    events: Vec<Event>,
    /// Places among the events that are free.
    free: Vec<u32>,
}

impl Queue {
    /// Plans something.
    pub fn plan(&mut self, at: Micros, event: Event) {
        self.number += 1;
        let place = match self.free.pop() {
            Some(place) => {
                self.events[place as usize] = event;
                place
            }
            None => {
                self.events.push(event);
                self.events.len() as u32 - 1
            }
        };
        self.due.push(Reverse((at, self.number, place)));
    }

    /// When the next is due.
    pub fn next_at(&self) -> Option<Micros> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the next that is due by `now`.
    pub fn pop(&mut self, now: Micros) -> Option<Event> {
        if self.next_at()? > now {
            return None;
        }
        let Reverse((.., place)) = self.due.pop()?;
        self.free.push(place);
        Some(self.events[place as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_in_the_order_of_time_and_then_of_planning() {
        let mut queue = Queue::default();
        let restart_at = |queue: &mut Queue, at, epoch| queue.plan(at, Event::Retry { epoch });
        restart_at(&mut queue, 5, 1);
        restart_at(&mut queue, 3, 2);
        restart_at(&mut queue, 5, 3);
        let mut order = Vec::new();
        assert_eq!(queue.pop(2), None);
        while let Some(Event::Retry { epoch }) = queue.pop(9) {
            order.push(epoch);
        }
        assert_eq!(order, [2, 1, 3]);
    }
}
