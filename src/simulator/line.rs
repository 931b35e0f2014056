//! A call's life: queued, dialled, ringing, answered, over.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::Instant};

use super::{
    book::{Ends, Touch},
    callback::{Caller, Report},
    network::Shared,
    order::Order,
    people::{Behaviour, Step},
    record::{Happening, Status},
};

/// How long a call is queued; simulated time, as everywhere here.
const QUEUED: Duration = Duration::from_millis(300);
/// From dialling to ringing.
const DIALLING: Duration = Duration::from_millis(700);
/// From ringing to the busy signal.
const BUSY_SIGNAL: Duration = Duration::from_secs(1);
/// How long a machine lets it ring.
const MACHINE_RING: Duration = Duration::from_secs(8);

/// A call that is being carried.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) caller: Caller,
    behaviour: Behaviour,
    /// What the person will do yet.
    pub(super) steps: VecDeque<Step>,
    /// Keys that the person is about to press.
    pub(super) typing: VecDeque<char>,
    pub(super) ends: Ends,
    reports: mpsc::UnboundedSender<Report>,
    reported: u32,
    /// How many documents were asked for.
    pub(super) fetches: u32,
    dialled: bool,
    answered: Option<Instant>,
}

impl Line {
    /// Starts to carry a call.
    pub(super) fn start(net: &Arc<Shared>, order: Arc<Order>, sid: String, ends: Ends) {
        let behaviour = net.behaviour(&order.to, ends.nth);
        let steps = match &behaviour {
            Behaviour::Answer { steps, .. } => steps.iter().cloned().collect(),
            _ => VecDeque::new(),
        };
        let caller = Caller {
            net: Arc::clone(net),
            occasion: format!("{} {}", order.to, ends.nth),
            order,
            sid,
        };
        let (reports, waiting) = mpsc::unbounded_channel();
        if let Some(to) = caller.order.status_callback.clone() {
            net.spawn(caller.clone().send_all(to, waiting));
        }
        let line = Self {
            caller,
            behaviour,
            steps,
            typing: VecDeque::new(),
            ends,
            reports,
            reported: 0,
            fetches: 0,
            dialled: false,
            answered: None,
        };
        net.spawn(line.carry());
    }

    async fn carry(mut self) {
        let mut over = self.ends.over.clone();
        let ended = tokio::select! {
            biased;
            _ = over.wait_for(Option::is_some) => None,
            status = self.live() => Some(status),
        };
        if let Some(status) = ended {
            self.net().end(&self.caller.sid, status);
        }
        let status = *self.ends.over.borrow();
        self.settle(status.unwrap_or(Status::Failed));
    }

    /// The call is over: reports it, unless it was cancelled before it was dialled.
    fn settle(&mut self, status: Status) {
        let talked = self
            .answered
            .map_or(Duration::ZERO, |start| self.net().clock.since(start));
        self.net().note_talked(&self.caller.sid, talked);
        self.caller.tell(Happening::Ended { status });
        if self.dialled {
            self.report(status, talked);
        }
    }

    async fn live(&mut self) -> Status {
        self.sleep(QUEUED).await;
        self.reach(Status::Initiated).await;
        self.dialled = true;
        self.sleep(DIALLING).await;
        if self.behaviour == Behaviour::Failed {
            return Status::Failed;
        }
        self.reach(Status::Ringing).await;
        self.caller.tell(Happening::Ringing);
        if let Some(unanswered) = self.ring().await {
            return unanswered;
        }
        self.reach(Status::InProgress).await;
        self.answered = Some(Instant::now());
        if self.caller.order.detects_machine {
            let who = match self.behaviour {
                Behaviour::Voicemail { .. } => "machine_start",
                _ => "human",
            };
            self.net().note_answered_by(&self.caller.sid, who);
        }
        self.caller.tell(Happening::Answered);
        self.talk_within_limits().await;
        Status::Completed
    }

    /// None if somebody answers.
    async fn ring(&mut self) -> Option<Status> {
        let patience = self.caller.order.ring_timeout;
        let (rings, outcome) = match &self.behaviour {
            Behaviour::Busy => (BUSY_SIGNAL, Some(Status::Busy)),
            Behaviour::NoAnswer | Behaviour::ByHand | Behaviour::Failed => {
                (patience, Some(Status::NoAnswer))
            }
            Behaviour::Voicemail { .. } => (MACHINE_RING, None),
            Behaviour::Answer { after, .. } => (*after, None),
        };
        let clock = self.net().clock;
        tokio::select! {
            biased;
            touch = touched(&mut self.ends) => {
                self.typing.extend(touch);
                None
            }
            () = clock.sleep(rings.min(patience)) => {
                if rings >= patience { Some(outcome.unwrap_or(Status::NoAnswer)) } else { outcome }
            }
        }
    }

    async fn talk_within_limits(&mut self) {
        let limit = self.caller.order.time_limit;
        let tape = match self.behaviour {
            Behaviour::Voicemail { limit: Some(tape) } => tape,
            _ => Duration::MAX,
        };
        let clock = self.net().clock;
        tokio::select! {
            biased;
            () = self.talk() => return,
            () = clock.sleep(limit.min(tape)) => {}
        }
        if tape < limit {
            self.caller.tell(Happening::HungUp);
        }
    }

    /// Moves the call on and reports it. If it is over already, waits to be stopped.
    async fn reach(&mut self, status: Status) {
        if !self.net().advance(&self.caller.sid, status) {
            std::future::pending::<()>().await;
        }
        self.report(status, Duration::ZERO);
    }

    fn report(&mut self, status: Status, talked: Duration) {
        if self.caller.order.reports(status) {
            let report = self.caller.report(status, self.reported, talked);
            self.reported += 1;
            // Without an address there is nobody to receive it.
            let _ = self.reports.send(report);
        }
    }

    pub(super) fn net(&self) -> &Shared {
        &self.caller.net
    }

    pub(super) async fn sleep(&self, simulated: Duration) {
        self.net().clock.sleep(simulated).await;
    }

    /// The next key that is pressed, by script or by hand, within a time.
    pub(super) async fn next_key(&mut self, within: Duration) -> Option<char> {
        if let Some(key) = self.typing.pop_front() {
            self.sleep(super::talk::KEY_PRESS).await;
            return Some(key);
        }
        let clock = self.net().clock;
        tokio::select! {
            biased;
            key = pressed(&mut self.ends) => Some(key),
            () = clock.sleep(within) => None,
        }
    }
}

/// Somebody picks up by hand, perhaps by pressing a key.
async fn touched(ends: &mut Ends) -> Option<char> {
    match ends.touches.recv().await {
        Some(Touch::PickUp) => None,
        Some(Touch::Key(key)) => Some(key),
        None => std::future::pending().await,
    }
}

async fn pressed(ends: &mut Ends) -> char {
    loop {
        match ends.touches.recv().await {
            Some(Touch::Key(key)) => return key,
            Some(Touch::PickUp) => {}
            None => std::future::pending().await,
        }
    }
}
