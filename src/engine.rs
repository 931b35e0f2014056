//! Runs escalations: one loop, one closed set of happenings, one place that sleeps.
//!
//! A turn of the loop takes whatever waits, lets the [`desk`] make of it what it will, commits that as one batch, and only then
//! acts: places calls, answers webhooks, sends notices (P1, P3, P4). While a commit is under way the next turn's happenings
//! gather. A batch that can't be stored is undone and tried again; nobody is told of what is not on disk.

mod answers;
pub mod balances;
pub mod beat;
mod carriers;
mod clock;
mod counters;
pub mod desk;
mod errands;
pub mod heartbeats;
mod inbound;
mod lookup;
mod messengers;
pub mod post;
mod providers;
mod self_test;
mod watches;

pub use answers::{Answer, NoAnswer, NotDone};
pub use carriers::{Carrier, Carriers};
pub use counters::Totals;
pub use self_test::SelfTest;
pub use watches::Watches;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use self::{
    answers::{CommandReply, Replies, Webhook},
    clock::Clock,
    counters::{Counted, Counters},
    desk::{Desk, Errand, Now, Turn},
    inbound::Written,
    lookup::Question,
    providers::{Probed, Probing},
    self_test::Known,
};
use crate::{
    alert::{Event, SourceName},
    config::Config,
    dispatch::{balance::Left, command::Command},
    escalation::{Escalation, EscalationId, Input, ProviderName},
    notice::Notice,
    store::{Batch, NoticeId, Snapshot, Store, StoreError},
    voice::{Links, Voice},
};

/// How many happenings one turn takes, so that none waits long for its answer.
const TURN: usize = 512;

/// How many happenings may wait. Who hands in more waits with them.
const WAITING: usize = 4_096;

/// How long after a failed commit it is tried again.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// A handle to a running engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    clock: Clock,
    happenings: mpsc::Sender<Happening>,
    store: Store,
    counters: Arc<Counters>,
    self_test: Arc<Mutex<Option<Known>>>,
}

/// What an engine works with.
#[derive(Debug)]
pub struct Parts {
    /// The configuration.
    pub config: Arc<Config>,
    /// Where everything is kept.
    pub store: Store,
    /// What the store held when it was opened.
    pub snapshot: Snapshot,
    /// The providers.
    pub carriers: Carriers,
    /// The URLs that providers are given.
    pub links: Links,
    /// Where notices go once they are in the outbox.
    pub notices: mpsc::UnboundedSender<(NoticeId, Notice)>,
    /// Who asks the monitor of each source how alerts stand.
    pub watches: Watches,
}

/// Everything that can happen to an engine.
#[derive(Debug)]
enum Happening {
    /// The last core's state was taken over.
    Restarted,
    /// Events that are in the inbox.
    Accepted(Vec<Event>),
    /// What came of an errand.
    Returned(Input),
    /// A provider's request.
    Webhook(Webhook),
    /// A carrier has said what is left of its account.
    Balance(ProviderName, Left),
    /// Somebody has written to one of our numbers.
    Written(Written),
    /// An escalation that was put away and is asked for.
    Fetched(Option<Box<Escalation>>, Webhook),
    /// What came of a probe.
    Probed(Probed),
    /// An operator asks for a probe.
    ToProbe(Probing),
    /// An operator says what to do with the providers.
    Commanded(Command, CommandReply),
    /// A notice left the outbox.
    Settled(NoticeId),
    /// The monitor of a source was read.
    MonitorRead(SourceName),
    /// Somebody wants to know how things stand.
    Asked(Question),
    /// Finish the turn and end.
    End,
}

impl Engine {
    /// Starts the loop: takes the inbox, sees to what the last core left unfinished, and arms every timer.
    pub fn start(parts: Parts) -> (Self, JoinHandle<()>) {
        let (happenings, waiting) = mpsc::channel(WAITING);
        let counters = Arc::new(Counters::default());
        let clock = Clock::start();
        let self_test = Arc::new(Mutex::new(Known::load(&parts.snapshot.marks)));
        let engine = Self {
            clock,
            happenings: happenings.clone(),
            store: parts.store.clone(),
            counters: Arc::clone(&counters),
            self_test: Arc::clone(&self_test),
        };
        let runner = Runner {
            desk: Desk::new(Arc::clone(&parts.config), &parts.snapshot),
            clock,
            voice: Voice::new(parts.config.templates.clone()),
            config: parts.config,
            store: parts.store,
            carriers: parts.carriers,
            links: parts.links,
            notices: parts.notices,
            watches: parts.watches,
            outbox_pending: parts.snapshot.outbox.len(),
            happenings,
            counters,
            self_test,
            stored: true,
            retry: VecDeque::new(),
            ending: false,
        };
        let task = tokio::spawn(runner.run(waiting, parts.snapshot));
        (engine, task)
    }

    /// Takes events over: returns once they are durable (P1). For each, whether it is new.
    pub async fn accept(&self, events: Vec<Event>) -> Result<Vec<bool>, StoreError> {
        let batch = Batch {
            events: events.clone(),
            ..Batch::default()
        };
        let new = self.store.commit(batch).await?.new_events;
        let fresh = events.into_iter().zip(&new).filter(|(_, new)| **new);
        let fresh: Vec<Event> = fresh.map(|(event, _)| event).collect();
        self.counters.accepted(fresh.len());
        if !fresh.is_empty() {
            // An engine that is ending leaves them in the inbox, where the next one finds them.
            let _ = self.happenings.send(Happening::Accepted(fresh)).await;
        }
        Ok(new)
    }

    /// Hands a verified webhook in and waits for the answer, which is on disk by then (P4).
    pub async fn webhook(&self, provider: ProviderName, input: Input) -> Result<Answer, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        let webhook = Webhook {
            provider,
            input,
            reply,
        };
        let sent = self.happenings.send(Happening::Webhook(webhook)).await;
        sent.map_err(|_| NoAnswer::Ending)?;
        answer.await.map_err(|_| NoAnswer::Ending)?
    }

    /// A notice was delivered or given up.
    pub async fn settled(&self, id: NoticeId) {
        let _ = self.happenings.send(Happening::Settled(id)).await;
    }

    /// The monitor of a source was read, and what it said was handed in.
    pub async fn monitor_read(&self, source: SourceName) {
        let _ = self.happenings.send(Happening::MonitorRead(source)).await;
    }

    /// The instant by the clock that attempts and their tokens are dated by, which setting the wall clock does not move.
    pub fn now(&self) -> Timestamp {
        self.clock.now().steady
    }

    /// The instant by the clock on the wall, by which others date what they tell.
    pub fn wall(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// Keeps marks: durable on return. The names are the caller's.
    pub async fn keep(&self, marks: Vec<(String, String)>) -> Result<(), StoreError> {
        let batch = Batch {
            marks,
            ..Batch::default()
        };
        self.store.commit(batch).await.map(drop)
    }

    /// How the last self-test went, before or since a restart; none if there was none.
    pub fn self_test(&self) -> Option<SelfTest> {
        last_test(&self.self_test).map(|known| known.test)
    }

    /// What has been counted since the start.
    pub fn totals(&self) -> Totals {
        self.counters.read()
    }

    /// Asks the loop to end after its turn.
    pub async fn end(&self) {
        let _ = self.happenings.send(Happening::End).await;
    }
}

/// The loop's own side.
struct Runner {
    desk: Desk,
    clock: Clock,
    config: Arc<Config>,
    store: Store,
    carriers: Carriers,
    links: Links,
    voice: Voice,
    notices: mpsc::UnboundedSender<(NoticeId, Notice)>,
    watches: Watches,
    /// How many notices stand in the store's outbox.
    outbox_pending: usize,
    /// For the errands to come back by.
    happenings: mpsc::Sender<Happening>,
    counters: Arc<Counters>,
    self_test: Arc<Mutex<Option<Known>>>,
    /// Whether the last turn could be stored.
    stored: bool,
    /// What a turn that could not be stored held.
    retry: VecDeque<Happening>,
    ending: bool,
}

impl Runner {
    async fn run(mut self, mut waiting: mpsc::Receiver<Happening>, snapshot: Snapshot) {
        for (id, notice) in snapshot.outbox {
            let _ = self.notices.send((id, notice));
        }
        self.start_again(snapshot.inbox).await;
        while !self.ending {
            let mut turn = Vec::new();
            if self.stored {
                tokio::select! {
                    happening = waiting.recv() => turn.extend(happening),
                    () = self.wakeup() => {}
                }
            } else {
                // A timer that could not be stored is still due: without a pause it would be tried again at once, for ever.
                tokio::time::sleep(STORE_RETRY).await;
                turn.extend(self.retry.drain(..));
            }
            while turn.len() < TURN
                && let Ok(happening) = waiting.try_recv()
            {
                turn.push(happening);
            }
            self.turn(turn).await;
        }
    }

    /// Sleeps until the desk has something due.
    async fn wakeup(&self) {
        match self.desk.next_wakeup() {
            Some(at) => sleep_until(Instant::now() + self.clock.until(at)).await,
            None => std::future::pending().await,
        }
    }

    /// Goes on where the last core stopped: timers, intents without an outcome, calls whose callbacks may be lost.
    async fn start_again(&mut self, inbox: Vec<Event>) {
        // Before the first turn: what that turn places is none of the last core's.
        let unfinished = self.desk.unfinished();
        self.turn(vec![Happening::Restarted]).await;
        for unfinished in unfinished {
            self.finish(unfinished);
        }
        if !inbox.is_empty() {
            tracing::info!(
                events = inbox.len(),
                "taking up events that the last core had accepted"
            );
            self.turn(vec![Happening::Accepted(inbox)]).await;
        }
    }

    /// One turn: fold, commit, act. What could not be stored is undone and kept for the next turn.
    async fn turn(&mut self, happenings: Vec<Happening>) {
        let now = self.clock.now();
        let mut turn = Turn::default();
        let mut replies = Replies::default();
        let mut again = Vec::new();
        let mut questions = Vec::new();
        for happening in happenings {
            match happening {
                Happening::Asked(question) => questions.push(question),
                other => self.fold(now, other, &mut turn, &mut replies, &mut again),
            }
        }
        self.desk.wake(now, TURN, &mut turn);
        self.stored = self.commit(&mut turn, now).await;
        if self.stored {
            replies.stored();
            self.act(turn, now);
        } else {
            replies.undone();
            self.retry.extend(again);
        }
        // Nobody hears of what is not on disk.
        for question in questions {
            self.answer(now, question);
        }
    }

    /// Folds one happening in. What must not be lost if the turn can't be stored goes to `again`.
    fn fold(
        &mut self,
        now: Now,
        happening: Happening,
        turn: &mut Turn,
        replies: &mut Replies,
        again: &mut Vec<Happening>,
    ) {
        match happening {
            Happening::Restarted => {
                self.desk.restarted(now, turn);
                again.push(Happening::Restarted);
            }
            Happening::Accepted(events) => {
                for event in &events {
                    self.desk.event(now, event, turn);
                }
                again.push(Happening::Accepted(events));
            }
            Happening::Returned(input) => {
                if let Some(attempt) = input.attempt() {
                    self.desk
                        .input(now, attempt.escalation, input.clone(), turn);
                }
                again.push(Happening::Returned(input));
            }
            Happening::Webhook(webhook) => self.hear(now, webhook, turn, replies),
            Happening::Balance(provider, left) => {
                self.desk.balance(now, &provider, left.clone(), turn);
                again.push(Happening::Balance(provider, left));
            }
            Happening::Written(written) => self.read(now, written, turn, replies),
            Happening::Fetched(escalation, webhook) => {
                if let Some(escalation) = escalation {
                    // Several webhooks may have asked for it at once; what was read first has gone on since.
                    if !self.desk.knows(escalation.id) {
                        self.desk.take_up(Arc::from(escalation));
                    }
                    self.hear(now, webhook, turn, replies);
                } else {
                    replies.webhook(webhook.reply, Answer::Refused);
                }
            }
            Happening::Probed(mut probed) => {
                self.desk.probed(
                    now,
                    (&probed.provider, probed.channel),
                    &probed.found,
                    probed.reply.is_some(),
                    turn,
                );
                match probed.reply.take() {
                    Some(reply) => replies.probe(reply, probed.found),
                    None => again.push(Happening::Probed(probed)),
                }
            }
            Happening::ToProbe(probing) => self.probe_by_hand(probing),
            Happening::Commanded(command, reply) => {
                replies.command(reply, self.desk.command(now, &command, turn));
            }
            Happening::Settled(id) => {
                turn.batch.settled.push(id);
                again.push(Happening::Settled(id));
            }
            Happening::MonitorRead(source) => self.desk.monitor_read(now, source),
            Happening::Asked(question) => self.answer(now, question),
            Happening::End => self.ending = true,
        }
    }

    fn hear(&mut self, now: Now, webhook: Webhook, turn: &mut Turn, replies: &mut Replies) {
        let Some(attempt) = webhook.input.attempt() else {
            return;
        };
        if !self.desk.knows(attempt.escalation) {
            return self.fetch(attempt.escalation, webhook);
        }
        if self.desk.provider_of(attempt) != Some(&webhook.provider) {
            return replies.webhook(webhook.reply, Answer::Refused);
        }
        self.desk
            .input(now, attempt.escalation, webhook.input, turn);
        let answer = turn
            .errands
            .iter()
            .position(|errand| matches!(errand, Errand::Speak(_) | Errand::Refuse));
        let answer = match answer.map(|at| turn.errands.remove(at)) {
            Some(Errand::Speak(speech)) => Answer::Speak(speech),
            Some(_) => Answer::Refused,
            None => Answer::Noted,
        };
        replies.webhook(webhook.reply, answer);
    }

    /// Reads an escalation that was put away from the store: the webhook of a call that outlived it has come.
    fn fetch(&self, id: EscalationId, webhook: Webhook) {
        let (store, happenings) = (self.store.clone(), self.happenings.clone());
        tokio::spawn(async move {
            match store.escalation(id).await {
                Ok(escalation) => {
                    let fetched = Happening::Fetched(escalation.map(Box::new), webhook);
                    let _ = happenings.send(fetched).await;
                }
                Err(error) => {
                    tracing::error!("failed to read escalation {id}: {error}");
                    let _ = webhook.reply.send(Err(NoAnswer::NotStored));
                }
            }
        });
    }

    /// Stores the turn; if that fails, undoes it and says so.
    async fn commit(&mut self, turn: &mut Turn, now: Now) -> bool {
        self.desk.close_turn(turn);
        if turn.batch.is_empty() {
            self.desk.stored(now.steady);
            return true;
        }
        // What is needed afterwards is kept, the rest is given away: a turn of a storm holds thousands of rows.
        let mut batch = std::mem::take(&mut turn.batch);
        let tested = Known::of(&batch, last_test(&self.self_test).as_ref());
        batch.marks.extend(tested.as_ref().and_then(Known::mark));
        let notices = batch.notices.clone();
        let settled = batch.settled.len();
        let counted = Counted::of(&batch.entries);
        match self.store.commit(batch).await {
            Ok(committed) => {
                self.desk.stored(now.steady);
                self.outbox_pending = (self.outbox_pending + notices.len()).saturating_sub(settled);
                for (id, notice) in committed.notices.into_iter().zip(notices) {
                    let _ = self.notices.send((id, notice));
                }
                self.counters.add(counted);
                if tested.is_some() {
                    *self
                        .self_test
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = tested;
                }
                true
            }
            Err(error) => {
                tracing::error!("failed to store what happened, trying again: {error}");
                self.desk.undo_turn();
                false
            }
        }
    }
}

fn last_test(known: &Mutex<Option<Known>>) -> Option<Known> {
    // A test is replaced as a whole, so that it is whole after a panic too.
    known.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
