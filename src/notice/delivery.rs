//! The task that delivers notices. Nothing waits for it: notices come in by a channel that is always taken from at
//! once, and the names of settled notices go out by another.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    task::{self, JoinSet},
    time::Instant,
};
use tracing::{debug, warn};

use super::{
    Delivery, Notice, ReceiverName, Sender,
    outbox::{End, Outbox},
};

/// A notice older than this is tried once (it may come out of a store that was down for long) and then given up.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Tries that are on their way when the last notice has come may take so long to end.
const GRACE: Duration = Duration::from_secs(3);

/// Delivers the notices that come in until the channel is closed, each receiver's in order and independent of the
/// others, and reports each that leaves the outbox: delivered, refused for good or given up. What is not reported
/// is delivered again after a restart, from the store's outbox.
///
/// `clock` tells how old a notice is; everything else runs on tokio's clock.
pub async fn run<Id>(
    receivers: BTreeMap<ReceiverName, Arc<dyn Sender>>,
    mut notices: UnboundedReceiver<(Id, Notice)>,
    settled: UnboundedSender<Id>,
    clock: fn() -> Timestamp,
) where
    Id: Copy + fmt::Debug,
{
    let mut worker = Worker {
        outbox: Outbox::new(receivers.keys().cloned()),
        receivers,
        tries: JoinSet::new(),
        who: HashMap::new(),
        settled,
    };
    loop {
        worker.start_due();
        let wakeup = worker.outbox.next_wakeup().map(Instant::from_std);
        tokio::select! {
            biased;
            Some(ended) = worker.tries.join_next_with_id() => worker.settle(ended),
            taken = notices.recv() => match taken {
                Some((id, notice)) => worker.take(id, notice, clock()),
                None => break,
            },
            () = sleep_until(wakeup) => {}
        }
    }
    // The time-out leaves the rest to the next start.
    let _ = tokio::time::timeout(GRACE, worker.finish()).await;
}

struct Worker<Id> {
    outbox: Outbox<Id>,
    receivers: BTreeMap<ReceiverName, Arc<dyn Sender>>,
    /// At most one for each receiver.
    tries: JoinSet<Delivery>,
    who: HashMap<task::Id, ReceiverName>,
    settled: UnboundedSender<Id>,
}

impl<Id: Copy + fmt::Debug> Worker<Id> {
    fn take(&mut self, id: Id, notice: Notice, now: Timestamp) {
        let age = Duration::try_from(now.duration_since(notice.at)).unwrap_or_default();
        let expires = Instant::now() + MAX_AGE.saturating_sub(age);
        let receiver = notice.receiver.clone();
        if let Some((id, end)) = self.outbox.push(id, notice, expires.into_std()) {
            self.report(&receiver, id, &end);
        }
    }

    fn start_due(&mut self) {
        for notice in self.outbox.due(Instant::now().into_std()) {
            let receiver = notice.receiver.clone();
            let sender = self.receivers.get(&receiver).map(Arc::clone);
            let task = self.tries.spawn(async move {
                match sender {
                    Some(sender) => sender.send(&notice).await,
                    None => failed("no such receiver"),
                }
            });
            self.who.insert(task.id(), receiver);
        }
    }

    fn settle(&mut self, ended: Result<(task::Id, Delivery), task::JoinError>) {
        let (task, delivery) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), failed("the try panicked")),
        };
        let Some(receiver) = self.who.remove(&task) else {
            return;
        };
        if let Delivery::Retry { why, .. } = &delivery {
            // The back-off keeps these rare.
            warn!(%receiver, why, "notice not delivered, trying again later");
        }
        let now = Instant::now().into_std();
        if let Some((id, end)) = self
            .outbox
            .settle(now, &receiver, delivery, fastrand::f64())
        {
            self.report(&receiver, id, &end);
        }
    }

    fn report(&self, receiver: &ReceiverName, id: Id, end: &End) {
        if *end == End::Delivered {
            debug!(%receiver, ?id, "notice {end}");
        } else {
            warn!(%receiver, ?id, "notice {end}");
        }
        // Nobody listens any more when the engine stops; the store delivers again after the next start.
        let _ = self.settled.send(id);
    }

    async fn finish(&mut self) {
        while let Some(ended) = self.tries.join_next_with_id().await {
            self.settle(ended);
        }
    }
}

fn failed(why: &str) -> Delivery {
    Delivery::Retry {
        after: Duration::ZERO,
        why: why.to_owned(),
    }
}

async fn sleep_until(wakeup: Option<Instant>) {
    match wakeup {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        escalation::News,
        notice::{outbox::BACKOFF_CAP, post::Sent, samples},
    };

    /// Answers by script, the last answer for ever, and remembers what came and when.
    #[derive(Debug)]
    struct Scripted {
        takes: Duration,
        script: Vec<Delivery>,
        seen: Mutex<Vec<(Instant, u32)>>,
    }

    impl Scripted {
        fn new(takes: Duration, script: impl IntoIterator<Item = Delivery>) -> Arc<Self> {
            Arc::new(Self {
                takes,
                script: script.into_iter().collect(),
                seen: Mutex::default(),
            })
        }

        /// The rounds that the notices named, in the order in which they came.
        fn rounds(&self) -> Vec<u32> {
            let seen = self.seen.lock().expect("no panic while it was held");
            seen.iter().map(|(_, round)| *round).collect()
        }

        fn instants(&self) -> Vec<Instant> {
            let seen = self.seen.lock().expect("no panic while it was held");
            seen.iter().map(|(instant, _)| *instant).collect()
        }
    }

    impl Sender for Scripted {
        fn send<'a>(&'a self, notice: &'a Notice) -> Sent<'a> {
            let News::Calling { round, .. } = notice.news else {
                panic!("only news of calls are scripted");
            };
            Box::pin(async move {
                let number = {
                    let mut seen = self.seen.lock().expect("no panic while it was held");
                    seen.push((Instant::now(), round));
                    seen.len()
                };
                tokio::time::sleep(self.takes).await;
                self.script[(number - 1).min(self.script.len() - 1)].clone()
            })
        }
    }

    /// A running worker.
    struct Running {
        notices: mpsc::UnboundedSender<(u32, Notice)>,
        settled: mpsc::UnboundedReceiver<u32>,
        task: task::JoinHandle<()>,
    }

    fn start(receivers: &[(&str, &Arc<Scripted>)]) -> Running {
        let receivers = receivers
            .iter()
            .map(|(name, sender)| {
                (
                    ReceiverName::new(name),
                    Arc::clone(sender) as Arc<dyn Sender>,
                )
            })
            .collect();
        let (notices, taken) = mpsc::unbounded_channel();
        let (reported, settled) = mpsc::unbounded_channel();
        // The sample notices are as old as this clock.
        let clock = || samples::notice("", News::Opened).at;
        Running {
            notices,
            settled,
            task: tokio::spawn(run(receivers, taken, reported, clock)),
        }
    }

    impl Running {
        /// Hands in a notice whose name is its round.
        fn hand_in(&self, receiver: &str, round: u32) {
            self.hand_in_aged(receiver, round, Duration::ZERO);
        }

        fn hand_in_aged(&self, receiver: &str, round: u32, age: Duration) {
            let member = "taro".into();
            let mut notice = samples::notice(receiver, News::Calling { member, round });
            notice.at -= age;
            self.notices.send((round, notice)).expect("it runs");
        }

        async fn settled(&mut self, count: usize) -> Vec<u32> {
            let mut ids = Vec::new();
            while ids.len() < count {
                ids.push(self.settled.recv().await.expect("it runs"));
            }
            ids
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn each_receiver_gets_its_notices_in_order_through_failures() {
        let flaky = Scripted::new(SECOND, [failed("1"), failed("2"), Delivery::Delivered]);
        let mut running = start(&[("slack", &flaky)]);
        for round in 1..=3 {
            running.hand_in("slack", round);
        }
        assert_eq!(running.settled(3).await, [1, 2, 3]);
        assert_eq!(flaky.rounds(), [1, 1, 1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_is_down_or_slow_delays_no_other() {
        let well = Scripted::new(SECOND, [Delivery::Delivered]);
        let down = Scripted::new(SECOND, [failed("down")]);
        let slow = Scripted::new(SECOND * 10, [Delivery::Delivered]);
        let mut running = start(&[("down", &down), ("slow", &slow), ("well", &well)]);
        let start = Instant::now();
        for round in 1..=3 {
            running.hand_in("down", 10 + round);
            running.hand_in("slow", 20 + round);
            running.hand_in("well", round);
        }
        assert_eq!(running.settled(3).await, [1, 2, 3]);
        assert_eq!(start.elapsed(), SECOND * 3);
        assert_eq!(running.settled(3).await, [21, 22, 23]);
        assert_eq!(start.elapsed(), SECOND * 30);
        assert!(down.rounds().iter().all(|round| *round == 11));
    }

    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_stays_down_is_given_up_after_a_day() {
        let down = Scripted::new(Duration::ZERO, [failed("down")]);
        let mut running = start(&[("slack", &down)]);
        let start = Instant::now();
        running.hand_in("slack", 1);
        assert_eq!(running.settled(1).await, [1]);
        assert!((MAX_AGE..MAX_AGE + BACKOFF_CAP).contains(&start.elapsed()));
        let tries = down.instants();
        let pauses: Vec<Duration> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses[0] <= SECOND);
        assert!(pauses.iter().all(|pause| *pause <= BACKOFF_CAP + SECOND));
        assert!(tries.len() < 700, "{} tries in a day", tries.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_notice_that_is_too_old_is_tried_once() {
        let down = Scripted::new(Duration::ZERO, [failed("down"), Delivery::Delivered]);
        let mut running = start(&[("slack", &down)]);
        running.hand_in_aged("slack", 1, MAX_AGE + SECOND);
        running.hand_in("slack", 2);
        assert_eq!(running.settled(2).await, [1, 2]);
        assert_eq!(down.rounds(), [1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_receiver_asks_for_is_waited_for() {
        let after = SECOND * 30;
        let why = "HTTP status 429".to_owned();
        let busy = Scripted::new(
            Duration::ZERO,
            [Delivery::Retry { after, why }, Delivery::Delivered],
        );
        let mut running = start(&[("slack", &busy)]);
        let start = Instant::now();
        running.hand_in("slack", 1);
        running.settled(1).await;
        assert!(start.elapsed() >= after, "{:?}", start.elapsed());
        assert!(start.elapsed() < after + SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_notice_and_one_without_a_receiver_are_settled() {
        let why = "HTTP status 404, no_service".to_owned();
        let refusing = Scripted::new(SECOND, [Delivery::Permanent { why }]);
        let mut running = start(&[("slack", &refusing)]);
        running.hand_in("slack", 1);
        running.hand_in("nobody", 2);
        assert_eq!(running.settled(2).await, [2, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_panics_is_a_failed_try() {
        // An empty script has no answer.
        let panics = Scripted::new(SECOND, []);
        let mut running = start(&[("slack", &panics)]);
        running.hand_in("slack", 1);
        tokio::time::sleep(SECOND * 10).await;
        assert!(running.settled.try_recv().is_err(), "not settled");
        assert!(panics.rounds().len() > 1, "tried again");
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_engine_stops_tries_on_their_way_end_and_the_rest_is_left_to_the_store() {
        let well = Scripted::new(SECOND, [Delivery::Delivered]);
        let hanging = Scripted::new(SECOND * 3600, [Delivery::Delivered]);
        let Running {
            notices,
            mut settled,
            task,
        } = {
            let running = start(&[("hanging", &hanging), ("slack", &well)]);
            running.hand_in("slack", 1);
            running.hand_in("slack", 2);
            running.hand_in("hanging", 3);
            running
        };
        tokio::time::sleep(SECOND / 2).await;
        let start = Instant::now();
        drop(notices);
        task.await.expect("it ends");
        assert_eq!(start.elapsed(), GRACE);
        assert_eq!(settled.recv().await, Some(1));
        assert_eq!(settled.recv().await, None);
    }
}
