//! All calls, messages and numbers. One lock, never held over an await.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::{
    message::book::Messages,
    order::Order,
    record::{CallRecord, Happening, MessageRecord, NumberTally, Snapshot, Status},
};

/// How many numbers are tallied; calls and messages to others are carried, but not counted.
const MOST_NUMBERS: usize = 10_000;

/// What somebody at the phone does by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    PickUp,
    Key(char),
}

/// A call that is remembered.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: CallRecord,
    touches: mpsc::Sender<Touch>,
    over: watch::Sender<Option<Status>>,
}

/// The ends of a new call that its line holds.
#[derive(Debug)]
pub(super) struct Ends {
    /// Which call to the number it is, from 0.
    pub(super) nth: u32,
    pub(super) touches: mpsc::Receiver<Touch>,
    /// How the call ended, once it has.
    pub(super) over: watch::Receiver<Option<Status>>,
}

/// All calls, oldest first.
#[derive(Debug)]
pub(super) struct Book {
    calls: BTreeMap<u64, Entry>,
    by_sid: HashMap<String, u64>,
    placed: u64,
    /// Finished calls in the order of their end.
    finished: VecDeque<u64>,
    /// How many finished calls are kept.
    kept: usize,
    pub(super) messages: Messages,
    numbers: BTreeMap<String, NumberTally>,
}

impl Book {
    pub(super) fn new(kept: usize) -> Self {
        Self {
            calls: BTreeMap::new(),
            by_sid: HashMap::new(),
            placed: 0,
            finished: VecDeque::new(),
            kept,
            messages: Messages::new(kept),
            numbers: BTreeMap::new(),
        }
    }

    /// Enters a new call.
    pub(super) fn place(&mut self, sid: &str, order: &Order, now: Timestamp) -> Ends {
        let (touch, touches) = mpsc::channel(64);
        let (over, is_over) = watch::channel(None);
        let record = CallRecord {
            sid: sid.to_owned(),
            to: order.to.clone(),
            from: order.from.clone(),
            status: Status::Queued,
            created: now,
            answered: None,
            ended: None,
            talked: Duration::ZERO,
            heard: Vec::new(),
            pressed: String::new(),
            fetched: Vec::new(),
            troubles: Vec::new(),
        };
        self.placed += 1;
        self.by_sid.insert(sid.to_owned(), self.placed);
        let entry = Entry {
            record,
            touches: touch,
            over,
        };
        self.calls.insert(self.placed, entry);
        Ends {
            nth: self.count(&order.to),
            touches,
            over: is_over,
        }
    }

    /// Counts a new call to a number, and says which one it is, from 0.
    fn count(&mut self, number: &str) -> u32 {
        let Some(tally) = self.tally(number) else {
            return 0;
        };
        tally.calls += 1;
        tally.live += 1;
        tally.most_live = tally.most_live.max(tally.live);
        tally.calls - 1
    }

    fn tally(&mut self, number: &str) -> Option<&mut NumberTally> {
        if self.numbers.len() >= MOST_NUMBERS && !self.numbers.contains_key(number) {
            return None;
        }
        Some(self.numbers.entry(number.to_owned()).or_default())
    }

    /// Counts something about a number, and says how often it was counted before.
    pub(super) fn tick(&mut self, number: &str, what: fn(&mut NumberTally) -> &mut u32) -> u32 {
        let Some(count) = self.tally(number).map(what) else {
            return 0;
        };
        *count += 1;
        *count - 1
    }

    /// Enters a message from somebody; which of theirs it is, from 0.
    pub(super) fn receive(&mut self, record: MessageRecord) -> u32 {
        let nth = self.tick(&record.from, |tally| &mut tally.inbound);
        let sid = record.sid.clone();
        self.messages.enter(record);
        self.messages.settle(&sid);
        nth
    }

    /// Takes an event into the record that it belongs to.
    pub(super) fn note(&mut self, sid: &str, what: &Happening) {
        if let Some(entry) = self.get_mut(sid) {
            entry.record.note(what);
        } else if let Some(record) = self.messages.get_mut(sid) {
            record.note(what);
        }
    }

    pub(super) fn get(&self, sid: &str) -> Option<&Entry> {
        self.calls.get(self.by_sid.get(sid)?)
    }

    pub(super) fn get_mut(&mut self, sid: &str) -> Option<&mut Entry> {
        self.calls.get_mut(self.by_sid.get(sid)?)
    }

    /// Moves a call on. False, and nothing changes, if it is over already.
    pub(super) fn advance(&mut self, sid: &str, status: Status, now: Timestamp) -> bool {
        let Some(entry) = self
            .get_mut(sid)
            .filter(|entry| !entry.record.status.is_over())
        else {
            return false;
        };
        entry.record.status = status;
        if status == Status::InProgress {
            entry.record.answered = Some(now);
        }
        true
    }

    /// Ends a call; the status that it had, or none if it was over already.
    ///
    /// Its line is told, and stops whatever it is doing.
    pub(super) fn end(&mut self, sid: &str, status: Status, now: Timestamp) -> Option<Status> {
        let at = *self.by_sid.get(sid)?;
        let entry = self
            .calls
            .get_mut(&at)
            .filter(|entry| !entry.record.status.is_over())?;
        let before = std::mem::replace(&mut entry.record.status, status);
        entry.record.ended = Some(now);
        // Its line may be gone if the network is stopping.
        let _ = entry.over.send(Some(status));
        if let Some(tally) = self.numbers.get_mut(&entry.record.to) {
            tally.live = tally.live.saturating_sub(1);
        }
        self.finished.push_back(at);
        self.forget();
        Some(before)
    }

    fn forget(&mut self) {
        while self.finished.len() > self.kept {
            let oldest = self
                .finished
                .pop_front()
                .and_then(|at| self.calls.remove(&at));
            if let Some(entry) = oldest {
                self.by_sid.remove(&entry.record.sid);
            }
        }
    }

    /// How many calls to a number there were so far.
    pub(super) fn calls_to(&self, number: &str) -> u32 {
        self.numbers.get(number).map_or(0, |tally| tally.calls)
    }

    /// The newest call to a number that is not over.
    pub(super) fn live(&self, number: &str) -> Option<&Entry> {
        self.newest_first()
            .find(|entry| entry.record.to == number && !entry.record.status.is_over())
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.calls.values().rev()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            calls: self
                .calls
                .values()
                .map(|entry| entry.record.clone())
                .collect(),
            messages: self.messages.all(),
            numbers: self.numbers.clone(),
        }
    }
}

impl Entry {
    /// Hands a touch to the call's line. False if it takes none any more, or too many wait.
    pub(super) fn touch(&self, touch: Touch) -> bool {
        self.touches.try_send(touch).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book_with(kept: usize, calls: &[&str]) -> Book {
        let form = [
            ("To", "+819000000001"),
            ("From", "+815000000000"),
            ("Twiml", "x"),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let order = Order::read(&form).expect("valid");
        let mut book = Book::new(kept);
        for sid in calls {
            book.place(sid, &order, Timestamp::UNIX_EPOCH);
        }
        book
    }

    #[test]
    fn finished_calls_beyond_the_bound_are_forgotten_but_counted() {
        let mut book = book_with(1, &["a", "b", "c"]);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(book.end("b", Status::Busy, now), Some(Status::Queued));
        assert_eq!(book.end("b", Status::Busy, now), None);
        assert_eq!(book.end("a", Status::Busy, now), Some(Status::Queued));
        assert!(book.get("b").is_none() && book.get("a").is_some());
        let tally = &book.snapshot().numbers["+819000000001"];
        assert_eq!((tally.calls, tally.live, tally.most_live), (3, 1, 3));
        assert_eq!(
            book.live("+819000000001").map(|entry| &*entry.record.sid),
            Some("c")
        );
    }

    #[test]
    fn a_call_that_is_over_does_not_come_back() {
        let mut book = book_with(9, &["a"]);
        let now = Timestamp::UNIX_EPOCH;
        assert!(book.advance("a", Status::Ringing, now));
        book.end("a", Status::Canceled, now);
        assert!(!book.advance("a", Status::InProgress, now));
        assert_eq!(
            book.get("a").map(|entry| entry.record.status),
            Some(Status::Canceled)
        );
    }
}
