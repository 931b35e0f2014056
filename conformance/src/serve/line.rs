//! A call's life: queued, dialled, ringing, answered, over.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{sync::mpsc, time::Instant};

use super::{
    book::{Ends, Touch},
    faults::{Fault, Occasion, Place},
    journal::What,
    order::{CallOrder, Machine},
    people::{Behaviour, Step},
    record::CallStatus,
    rest::whole_seconds,
    stand_in::Shared,
    talk::Talk,
    teller::{Report, Teller},
};
use crate::twilio::CallFacts;

/// From dialling to ringing; phone time, as everywhere here.
const DIALLING: Duration = Duration::from_millis(700);
/// From ringing to the busy signal.
const BUSY_SIGNAL: Duration = Duration::from_secs(1);
/// How long a person looks at the phone before they decline.
const DECLINING: Duration = Duration::from_secs(4);
/// How long a machine lets it ring.
const MACHINE_RING: Duration = Duration::from_secs(8);
/// How long it takes to know who picked up; a greeting takes longer.
const DETECTING: Duration = Duration::from_secs(4);
const GREETING: Duration = Duration::from_secs(9);

/// A call that is being carried.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) stand: Arc<Shared>,
    pub(super) order: CallOrder,
    pub(super) facts: CallFacts,
    /// Person and call, by which faults are drawn.
    pub(super) key: String,
    behaviour: Behaviour,
    pub(super) ends: Ends,
    /// Keys that were pressed to pick up.
    pub(super) typed: Vec<Touch>,
    reports: mpsc::UnboundedSender<Report>,
    dialled: bool,
    answered: Option<Instant>,
    answered_by: Option<&'static str>,
}

/// Begins to carry a call, which waits so long before it is dialled.
pub(super) fn start(
    stand: &Arc<Shared>,
    order: CallOrder,
    sid: String,
    waits: Duration,
    ends: Ends,
) {
    let facts = CallFacts {
        account_sid: stand.options.account_sid.clone(),
        call_sid: sid,
        from: order.from.clone(),
        to: order.to.clone(),
        direction: "outbound-api",
    };
    let key = format!("{} {}", order.to, ends.nth);
    let (reports, waiting) = mpsc::unbounded_channel();
    if let Some(to) = order.status_callback.clone() {
        let teller = Teller {
            stand: Arc::clone(stand),
            facts: facts.clone(),
            to,
            key: key.clone(),
        };
        stand.spawn(teller.tell_all(waiting));
    }
    let line = Line {
        stand: Arc::clone(stand),
        behaviour: stand.people().call(&order.to, ends.nth),
        order,
        facts,
        key,
        ends,
        typed: Vec::new(),
        reports,
        dialled: false,
        answered: None,
        answered_by: None,
    };
    stand.spawn(line.carry(waits));
}

impl Line {
    async fn carry(mut self, waits: Duration) {
        let mut over = self.ends.over.clone();
        let ended = tokio::select! {
            biased;
            _ = over.wait_for(Option::is_some) => None,
            status = self.live(waits) => Some(status),
        };
        if let Some(status) = ended {
            let sid = &self.facts.call_sid;
            self.stand.book().end(sid, status, Timestamp::now());
        }
        let status = *self.ends.over.borrow();
        self.settle(status.unwrap_or(CallStatus::Failed));
    }

    /// The call is over: tells so, unless it was taken back before it was dialled (page Call resource).
    fn settle(&mut self, status: CallStatus) {
        let clock = self.stand.clock;
        let talked = self.answered.map_or(Duration::ZERO, |at| clock.since(at));
        if let Some(entry) = self.stand.book().get_mut(&self.facts.call_sid) {
            entry.record.talked = talked;
        }
        self.note(What::Status {
            status: status.as_str(),
            to: self.order.to.clone(),
        });
        if self.dialled {
            self.report(status);
        }
    }

    async fn live(&mut self, waits: Duration) -> CallStatus {
        self.sleep(waits).await;
        self.reach(CallStatus::Initiated).await;
        self.dialled = true;
        self.sleep(DIALLING).await;
        if self.behaviour == Behaviour::Failed {
            return CallStatus::Failed;
        }
        self.reach(CallStatus::Ringing).await;
        if let Some(unanswered) = self.ring().await {
            return unanswered;
        }
        self.answered_by = self.who();
        if let Some(entry) = self.stand.book().get_mut(&self.facts.call_sid) {
            entry.record.answered_by = self.answered_by;
        }
        self.reach(CallStatus::InProgress).await;
        self.answered = Some(Instant::now());
        self.talk_within_limits().await;
        CallStatus::Completed
    }

    /// None if somebody picks up.
    async fn ring(&mut self) -> Option<CallStatus> {
        let patience = self.order.ring_timeout;
        let (rings, outcome) = match &self.behaviour {
            Behaviour::Busy => (BUSY_SIGNAL, Some(CallStatus::Busy)),
            Behaviour::Reject => (DECLINING, Some(CallStatus::Busy)),
            Behaviour::NoAnswer | Behaviour::ByHand | Behaviour::Failed => (patience, None),
            Behaviour::Voicemail { .. } => (MACHINE_RING, None),
            Behaviour::Answer { after, .. } => (*after, None),
        };
        let clock = self.stand.clock;
        tokio::select! {
            biased;
            touch = self.ends.touches.recv() => match touch {
                Some(Touch::HangUp) => Some(CallStatus::Busy),
                touch => {
                    self.typed.extend(touch);
                    None
                }
            },
            () = clock.sleep(rings.min(patience)) => match rings >= patience {
                true => Some(CallStatus::NoAnswer),
                false => outcome,
            },
        }
    }

    /// Who picked up, if that is to be found out (page Answering Machine Detection).
    fn who(&self) -> Option<&'static str> {
        let is_machine = matches!(self.behaviour, Behaviour::Voicemail { .. });
        match (self.order.machine?, is_machine) {
            (_, false) => Some("human"),
            (Machine::Start, true) => Some("machine_start"),
            (Machine::End, true) => Some("machine_end_beep"),
        }
    }

    async fn talk_within_limits(&mut self) {
        match self.answered_by {
            None => {}
            Some("machine_end_beep") => self.sleep(GREETING).await,
            Some(_) => self.sleep(DETECTING).await,
        }
        let (steps, tape) = match &self.behaviour {
            Behaviour::Voicemail { limit } => (Vec::new(), *limit),
            Behaviour::Answer { steps, .. } => (steps.clone(), None),
            _ => (Vec::<Step>::new(), None),
        };
        let limit = tape.map_or(self.order.time_limit, |tape| {
            tape.min(self.order.time_limit)
        });
        let fault = self.fault(Place::Answer, "");
        let answered_by = self.answered_by;
        match fault {
            // Nothing is asked for, nothing is heard.
            Some(fault) => {
                self.note_fault(fault);
                self.sleep(fault.lasts.min(limit)).await;
            }
            None => Talk::new(self, steps, answered_by, limit).run().await,
        }
    }

    fn note_fault(&self, fault: Fault) {
        let text = "answered, and no TwiML was asked for".to_owned();
        let trouble = What::Trouble { code: 11200, text };
        let sid = Some(self.facts.call_sid.as_str());
        self.stand.journal.write(sid, trouble, Some(fault.kind));
    }

    /// What goes wrong in this call here.
    pub(super) fn fault(&self, place: Place, what: &str) -> Option<Fault> {
        self.stand.faults.at(Occasion {
            place,
            what,
            to: Some(&self.order.to),
            key: &self.key,
        })
    }

    /// Moves the call on and tells so. If it is over already, waits to be stopped.
    async fn reach(&mut self, status: CallStatus) {
        let sid = &self.facts.call_sid;
        let moved = self.stand.book().advance(sid, status, Timestamp::now());
        if !moved {
            std::future::pending::<()>().await;
        }
        self.note(What::Status {
            status: status.as_str(),
            to: self.order.to.clone(),
        });
        self.report(status);
    }

    fn report(&self, status: CallStatus) {
        if !self.order.tells(status) {
            return;
        }
        let book = self.stand.book();
        let record = book.get(&self.facts.call_sid).map(|entry| &entry.record);
        let report = Report {
            status,
            talked_secs: record.map_or(0, whole_seconds),
            answered_by: self.answered_by,
        };
        // Without an address there is nobody to receive it.
        let _ = self.reports.send(report);
    }

    pub(super) fn note(&self, what: What) {
        let sid = Some(self.facts.call_sid.as_str());
        self.stand.journal.write(sid, what, None);
    }

    pub(super) async fn sleep(&self, phone: Duration) {
        self.stand.clock.sleep(phone).await;
    }
}
