//! The rim of the watch over heartbeats: a task that wakes when a silence is too long, and a handle that takes beats.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use super::Engine;
use crate::{
    alert::{AlertKey, Event},
    heartbeat::{HeartbeatName, Mark, Rule, Standing, Watch},
    store::{Snapshot, StoreError},
};

/// What stands before the name of a heartbeat in the name of its mark in the store.
const MARK: &str = "heartbeat/";

/// How long after a failure to store it an event is handed in again.
const RETRY: Duration = Duration::from_secs(1);

/// Takes beats, and knows how all heartbeats stand; cheap to clone.
#[derive(Clone, Debug)]
pub struct Heartbeats {
    state: Arc<Mutex<State>>,
    engine: Engine,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    watch: Watch,
    /// Events that the engine has not taken yet, in order.
    waiting: VecDeque<Event>,
}

/// What the last core has left of heartbeats.
#[derive(Clone, Debug, Default)]
pub struct Left {
    marks: BTreeMap<HeartbeatName, Mark>,
    open: BTreeSet<AlertKey>,
}

impl Left {
    /// Reads it from the snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mark = |(name, value): (&String, &String)| {
            let name = name.strip_prefix(MARK)?;
            // A mark of a later version that means something else is passed over: the watch begins anew.
            Some((HeartbeatName::new(name), serde_json::from_str(value).ok()?))
        };
        Self {
            marks: snapshot.marks.iter().filter_map(mark).collect(),
            open: snapshot
                .alerts
                .iter()
                .map(|(alert, _)| alert.key.clone())
                .collect(),
        }
    }
}

impl Heartbeats {
    /// Begins to watch. [`Self::run`] must be run for anything to come of it.
    pub fn start(engine: Engine, rules: Vec<Rule>, left: &Left) -> Self {
        let now = engine.now();
        let watch = Watch::new(rules, &left.marks, &left.open, now);
        let waiting = watch.orphans(&left.open, now).into();
        Self {
            state: Arc::new(Mutex::new(State { watch, waiting })),
            engine,
            changed: Arc::new(Notify::new()),
        }
    }

    /// It was heard: true once that is on disk, false if nobody watches for it.
    pub async fn beat(&self, name: &HeartbeatName) -> Result<bool, StoreError> {
        let now = self.engine.now();
        let mark = {
            let mut state = self.lock();
            let Some((mark, recovery)) = state.watch.beat(now, name) else {
                return Ok(false);
            };
            state.waiting.extend(recovery);
            mark
        };
        self.changed.notify_one();
        self.keep([(name.clone(), mark)]).await?;
        Ok(true)
    }

    /// How they all stand.
    pub fn standing(&self) -> Vec<Standing> {
        self.lock().watch.standing()
    }

    /// Watches for ever.
    pub async fn run(self) {
        let marks: Vec<_> = self
            .lock()
            .watch
            .marks()
            .map(|(name, mark)| (name.clone(), mark))
            .collect();
        // Without them a later core would take the silence of one that never beat to have begun with itself.
        if let Err(error) = self.keep(marks).await {
            tracing::error!("failed to store what is watched for: {error}");
        }
        loop {
            let next = self.look();
            let wait = match self.hand_in().await {
                Ok(()) => next,
                Err(error) => {
                    tracing::error!("failed to store a heartbeat's alert, trying again: {error}");
                    Some(RETRY)
                }
            };
            let due = async {
                match wait {
                    Some(wait) => sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Puts what is due with what waits; how long it is until there is more.
    fn look(&self) -> Option<Duration> {
        let now = self.engine.now();
        let mut state = self.lock();
        let due = state.watch.due(now);
        for event in &due {
            tracing::error!(group = %event.group, "{}", event.title);
        }
        state.waiting.extend(due);
        let next = state.watch.next_wakeup()?;
        Some(Duration::try_from(next.duration_since(now)).unwrap_or_default())
    }

    /// Hands in what waits, in order. Only this task takes from the queue.
    async fn hand_in(&self) -> Result<(), StoreError> {
        loop {
            let Some(event) = self.lock().waiting.front().cloned() else {
                return Ok(());
            };
            self.engine.accept(vec![event]).await?;
            self.lock().waiting.pop_front();
        }
    }

    async fn keep(
        &self,
        marks: impl IntoIterator<Item = (HeartbeatName, Mark)>,
    ) -> Result<(), StoreError> {
        let marks = marks.into_iter().filter_map(|(name, mark)| {
            Some((format!("{MARK}{name}"), serde_json::to_string(&mark).ok()?))
        });
        self.engine.keep(marks.collect()).await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The watch is whole after a panic too: each of its methods changes one value.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
