//! All messages that are remembered.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;

use crate::simulator::{
    fields::is_number,
    record::{MessageRecord, MessageStatus},
};

/// All messages, oldest first.
#[derive(Debug)]
pub(in crate::simulator) struct Messages {
    records: BTreeMap<u64, MessageRecord>,
    by_sid: HashMap<String, u64>,
    entered: u64,
    /// Messages of which nothing more is to come, in the order in which that came about.
    settled: VecDeque<u64>,
    /// How many of those are kept.
    kept: usize,
}

impl Messages {
    pub(in crate::simulator) fn new(kept: usize) -> Self {
        Self {
            records: BTreeMap::new(),
            by_sid: HashMap::new(),
            entered: 0,
            settled: VecDeque::new(),
            kept,
        }
    }

    /// Enters a new message.
    pub(in crate::simulator) fn enter(&mut self, record: MessageRecord) {
        self.entered += 1;
        self.by_sid.insert(record.sid.clone(), self.entered);
        self.records.insert(self.entered, record);
    }

    pub(in crate::simulator) fn get(&self, sid: &str) -> Option<&MessageRecord> {
        self.records.get(self.by_sid.get(sid)?)
    }

    pub(in crate::simulator) fn get_mut(&mut self, sid: &str) -> Option<&mut MessageRecord> {
        self.records.get_mut(self.by_sid.get(sid)?)
    }

    /// Moves a message on; `error` says why it did not arrive.
    pub(super) fn advance(
        &mut self,
        sid: &str,
        status: MessageStatus,
        error: Option<u32>,
        now: Timestamp,
    ) {
        if let Some(record) = self.get_mut(sid) {
            record.status = status;
            record.error = error;
            record.updated = now;
            if status == MessageStatus::Sent {
                record.sent = Some(now);
            }
        }
    }

    /// Nothing more comes of a message: it may be forgotten once there are too many.
    pub(in crate::simulator) fn settle(&mut self, sid: &str) {
        self.settled.extend(self.by_sid.get(sid));
        while self.settled.len() > self.kept {
            let oldest = self.settled.pop_front();
            if let Some(record) = oldest.and_then(|at| self.records.remove(&at)) {
                self.by_sid.remove(&record.sid);
            }
        }
    }

    /// The newest message to a number that can be answered: its name, and the number that it came from.
    pub(in crate::simulator) fn last_to(&self, number: &str) -> Option<(String, String)> {
        let mut to_it = self.newest_first().filter(|record| record.to == number);
        let last = to_it.find(|record| is_number(&record.from))?;
        Some((last.sid.clone(), last.from.clone()))
    }

    pub(in crate::simulator) fn newest_first(&self) -> impl Iterator<Item = &MessageRecord> {
        self.records.values().rev()
    }

    pub(in crate::simulator) fn all(&self) -> Vec<MessageRecord> {
        self.records.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::record::Direction;

    #[test]
    fn settled_messages_beyond_the_bound_are_forgotten_and_no_others() {
        let mut messages = Messages::new(1);
        let now = Timestamp::UNIX_EPOCH;
        for sid in ["a", "b", "c"] {
            messages.enter(MessageRecord {
                sid: sid.to_owned(),
                direction: Direction::Api,
                to: "+819000000001".to_owned(),
                from: "+815000000000".to_owned(),
                service: None,
                text: "Disk is full.".to_owned(),
                segments: 1,
                status: MessageStatus::Queued,
                error: None,
                created: now,
                sent: None,
                updated: now,
                receipts: Vec::new(),
                replies: Vec::new(),
                troubles: Vec::new(),
            });
        }
        messages.settle("b");
        messages.settle("a");
        messages.settle("x");
        let kept: Vec<_> = messages.newest_first().map(|record| &*record.sid).collect();
        assert_eq!(kept, ["c", "a"]);
        assert!(messages.get("b").is_none());
    }
}
