//! All calls and messages. One lock, never held over an await.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::{
    order::{CallOrder, MessageOrder, Script},
    record::{CallRecord, CallStatus, MessageRecord, MessageStatus},
};

/// What somebody at the phone does by hand, or the account by REST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    PickUp,
    Keys(String),
    HangUp,
    /// The call goes on elsewhere.
    Redirect(Script),
}

/// A call that is remembered.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: CallRecord,
    touches: mpsc::UnboundedSender<Touch>,
    over: watch::Sender<Option<CallStatus>>,
}

/// The ends of a new call that its line holds.
#[derive(Debug)]
pub(super) struct Ends {
    /// Which call to the number it is, from 0.
    pub(super) nth: u32,
    pub(super) touches: mpsc::UnboundedReceiver<Touch>,
    /// How the call ended, once it has.
    pub(super) over: watch::Receiver<Option<CallStatus>>,
}

/// What was seen of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How often it was called.
    pub calls: u32,
    /// How many of those are not over.
    pub live: u32,
    /// How many were under way at the same time, at most.
    pub most_live: u32,
    /// How often it was written to.
    pub messages: u32,
}

/// All calls and messages, in the order in which they were ordered.
#[derive(Debug, Default)]
pub(super) struct Book {
    calls: Vec<Entry>,
    by_sid: HashMap<String, usize>,
    messages: Vec<MessageRecord>,
    numbers: BTreeMap<String, Tally>,
}

impl Book {
    /// Enters a new call.
    pub(super) fn call(&mut self, record: CallRecord) -> Ends {
        let (touch, touches) = mpsc::unbounded_channel();
        let (over, is_over) = watch::channel(None);
        let tally = self.numbers.entry(record.to.clone()).or_default();
        tally.calls += 1;
        tally.live += 1;
        tally.most_live = tally.most_live.max(tally.live);
        let nth = tally.calls - 1;
        self.by_sid.insert(record.sid.clone(), self.calls.len());
        self.calls.push(Entry {
            record,
            touches: touch,
            over,
        });
        Ends {
            nth,
            touches,
            over: is_over,
        }
    }

    /// Enters a new message; which one to the number it is, from 0.
    pub(super) fn message(&mut self, record: MessageRecord) -> u32 {
        let tally = self.numbers.entry(record.to.clone()).or_default();
        tally.messages += 1;
        let nth = tally.messages - 1;
        self.messages.push(record);
        nth
    }

    pub(super) fn get(&self, sid: &str) -> Option<&Entry> {
        self.calls.get(*self.by_sid.get(sid)?)
    }

    pub(super) fn get_mut(&mut self, sid: &str) -> Option<&mut Entry> {
        self.calls.get_mut(*self.by_sid.get(sid)?)
    }

    /// Moves a call on. False, and nothing changes, if it is over already.
    pub(super) fn advance(&mut self, sid: &str, status: CallStatus, now: Timestamp) -> bool {
        let live = self.get_mut(sid).filter(|it| !it.record.status.is_over());
        let Some(entry) = live else { return false };
        entry.record.status = status;
        entry.record.updated = now;
        match status {
            CallStatus::Initiated => entry.record.started = Some(now),
            CallStatus::InProgress => entry.record.answered = Some(now),
            _ => {}
        }
        true
    }

    /// Ends a call, and tells its line, which stops whatever it is doing. False if it was over already.
    pub(super) fn end(&mut self, sid: &str, status: CallStatus, now: Timestamp) -> bool {
        if !self.advance(sid, status, now) {
            return false;
        }
        let Some(entry) = self.get_mut(sid) else {
            return false;
        };
        entry.record.ended = Some(now);
        // Its line may be gone if the stand-in is being reset.
        let _ = entry.over.send(Some(status));
        let to = entry.record.to.clone();
        if let Some(tally) = self.numbers.get_mut(&to) {
            tally.live = tally.live.saturating_sub(1);
        }
        true
    }

    /// The newest call to a number that is not over.
    pub(super) fn live(&self, number: &str) -> Option<&Entry> {
        self.calls()
            .find(|entry| entry.record.to == number && !entry.record.status.is_over())
    }

    /// Newest first.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Entry> {
        let calls = self.calls.iter().rev();
        calls.filter(|entry| self.by_sid.contains_key(&entry.record.sid))
    }

    /// Newest first.
    pub(super) fn messages(&self) -> impl Iterator<Item = &MessageRecord> {
        self.messages.iter().rev()
    }

    pub(super) fn message_of(&mut self, sid: &str) -> Option<&mut MessageRecord> {
        self.messages.iter_mut().find(|message| message.sid == sid)
    }

    /// Forgets a call. Its place stays, so that the others keep theirs.
    pub(super) fn forget_call(&mut self, sid: &str) {
        self.by_sid.remove(sid);
    }

    pub(super) fn forget_message(&mut self, sid: &str) {
        self.messages.retain(|message| message.sid != sid);
    }

    pub(super) fn numbers(&self) -> &BTreeMap<String, Tally> {
        &self.numbers
    }
}

impl Entry {
    /// Hands a touch to the call's line. False if it takes none any more.
    pub(super) fn touch(&self, touch: Touch) -> bool {
        self.touches.send(touch).is_ok()
    }
}

/// A call as it is entered.
pub(super) fn new_call(sid: String, order: &CallOrder, now: Timestamp) -> CallRecord {
    CallRecord {
        sid,
        to: order.to.clone(),
        from: order.from.clone(),
        url: match &order.script {
            Script::At(target) => Some(target.address.to_string()),
            Script::Inline(_) => None,
        },
        status_url: order
            .status_callback
            .as_ref()
            .map(|target| target.address.to_string()),
        status: CallStatus::Queued,
        created: now,
        updated: now,
        started: None,
        answered: None,
        ended: None,
        talked: std::time::Duration::ZERO,
        queue_time: std::time::Duration::ZERO,
        answered_by: None,
        heard: Vec::new(),
        pressed: String::new(),
    }
}

/// A message as it is entered.
pub(super) fn new_message(sid: String, order: &MessageOrder, now: Timestamp) -> MessageRecord {
    MessageRecord {
        sid,
        to: order.to.clone(),
        from: order.from.clone(),
        body: order.body.clone(),
        status: MessageStatus::Queued,
        error_code: None,
        is_inbound: false,
        created: now,
        updated: now,
        sent: None,
    }
}
