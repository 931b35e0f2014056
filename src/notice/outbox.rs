//! Which notice is sent when: for each receiver in order, one at a time, with a growing back-off. Pure: instants and
//! dice come in as arguments. A receiver that fails delays no other.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Delivery, Notice, ReceiverName};

/// So many notices wait for one receiver; beyond it the oldest is dropped. What people need most is the newest.
pub const QUEUE_LIMIT: usize = 10_000;

/// The pause after the first failure, before jitter. It doubles with each.
const BACKOFF_BASE: Duration = Duration::from_secs(1);

/// The longest pause, also where a receiver asks for more.
pub const BACKOFF_CAP: Duration = Duration::from_secs(300);

/// The pause after so many failures in a row (at least one). `dice`, from 0 to 1, shortens it by up to a half, so that
/// receivers that failed together do not return together.
pub fn backoff(failures: u32, dice: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    let full = BACKOFF_BASE.saturating_mul(doubled).min(BACKOFF_CAP);
    full.mul_f64(1.0 - dice.clamp(0.0, 1.0) / 2.0)
}

/// Why a notice leaves the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The receiver has it.
    Delivered,
    /// The receiver will never take it.
    Refused(String),
    /// It is too old to be tried again.
    TooOld(String),
    /// Too many wait for this receiver.
    Dropped,
    /// No such receiver is configured any more.
    NoReceiver,
}

impl fmt::Display for End {
    /// To read after "notice ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("delivered"),
            Self::Refused(why) => write!(f, "refused for good: {why}"),
            Self::TooOld(why) => write!(f, "given up, too old: {why}"),
            Self::Dropped => f.write_str("dropped, too many wait for this receiver"),
            Self::NoReceiver => f.write_str("dropped, no such receiver is configured"),
        }
    }
}

/// The waiting notices of all receivers. `Id` is the store's name for a notice.
#[derive(Debug)]
pub struct Outbox<Id> {
    queues: BTreeMap<ReceiverName, Queue<Id>>,
}

#[derive(Debug)]
struct Queue<Id> {
    waiting: VecDeque<Waiting<Id>>,
    /// The front is being sent.
    in_flight: bool,
    failures: u32,
    /// Not before this instant, because of a failure.
    not_before: Option<Instant>,
}

#[derive(Debug)]
struct Waiting<Id> {
    id: Id,
    notice: Arc<Notice>,
    expires: Instant,
}

impl<Id: Copy> Outbox<Id> {
    /// An empty outbox for these receivers.
    pub fn new(receivers: impl IntoIterator<Item = ReceiverName>) -> Self {
        Self {
            queues: receivers
                .into_iter()
                .map(|name| (name, Queue::new()))
                .collect(),
        }
    }

    /// Takes a notice. It is tried at least once, and not again after `expires`. Returns what leaves the outbox for it.
    pub fn push(&mut self, id: Id, notice: Notice, expires: Instant) -> Option<(Id, End)> {
        let Some(queue) = self.queues.get_mut(&notice.receiver) else {
            return Some((id, End::NoReceiver));
        };
        queue.waiting.push_back(Waiting {
            id,
            notice: Arc::new(notice),
            expires,
        });
        // The front of a busy queue is on its way and stays.
        let oldest = usize::from(queue.in_flight);
        let dropped = (queue.waiting.len() > QUEUE_LIMIT)
            .then(|| queue.waiting.remove(oldest))
            .flatten()?;
        Some((dropped.id, End::Dropped))
    }

    /// What is to be sent now, at most one notice for each receiver. Each must be answered with [`Self::settle`].
    pub fn due(&mut self, now: Instant) -> Vec<Arc<Notice>> {
        self.queues
            .values_mut()
            .filter_map(|queue| queue.due(now))
            .collect()
    }

    /// What came of a try. Returns the notice that leaves the outbox, if one does.
    pub fn settle(
        &mut self,
        now: Instant,
        receiver: &ReceiverName,
        delivery: Delivery,
        dice: f64,
    ) -> Option<(Id, End)> {
        let queue = self.queues.get_mut(receiver)?;
        queue.in_flight = false;
        let front = queue.waiting.front()?;
        let end = match delivery {
            Delivery::Delivered => End::Delivered,
            Delivery::Permanent { why } => End::Refused(why),
            Delivery::Retry { after, why } => {
                queue.failures = queue.failures.saturating_add(1);
                let pause = backoff(queue.failures, dice).max(after).min(BACKOFF_CAP);
                queue.not_before = Some(now + pause);
                if now < front.expires {
                    return None;
                }
                End::TooOld(why)
            }
        };
        if !matches!(end, End::TooOld(_)) {
            // The receiver answers.
            queue.failures = 0;
            queue.not_before = None;
        }
        queue.waiting.pop_front().map(|front| (front.id, end))
    }

    /// When [`Self::due`] has something to say again, or `None` if a notice or an answer must come first.
    pub fn next_wakeup(&self) -> Option<Instant> {
        self.queues
            .values()
            .filter(|queue| !queue.in_flight && !queue.waiting.is_empty())
            .filter_map(|queue| queue.not_before)
            .min()
    }

    /// How many notices wait or are being sent.
    pub fn len(&self) -> usize {
        self.queues.values().map(|queue| queue.waiting.len()).sum()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<Id> Queue<Id> {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            in_flight: false,
            failures: 0,
            not_before: None,
        }
    }

    fn due(&mut self, now: Instant) -> Option<Arc<Notice>> {
        let held = self.in_flight || self.not_before.is_some_and(|instant| now < instant);
        let front = self.waiting.front().filter(|_| !held)?;
        self.in_flight = true;
        Some(Arc::clone(&front.notice))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{escalation::News, notice::samples};

    const SECOND: Duration = Duration::from_secs(1);

    fn retry(after_secs: u64) -> Delivery {
        Delivery::Retry {
            after: Duration::from_secs(after_secs),
            why: String::new(),
        }
    }

    fn notice(receiver: &str) -> Notice {
        samples::notice(receiver, News::Opened)
    }

    #[test]
    fn the_back_off_doubles_up_to_five_minutes_and_jitter_halves_it_at_most() {
        for (failures, dice, expected_ms) in [
            (1, 0.0, 1000),
            (1, 1.0, 500),
            (2, 0.0, 2000),
            (3, 0.5, 3000),
            (9, 0.0, 256_000),
            (10, 0.0, 300_000),
            (10, 1.0, 150_000),
            (u32::MAX, 0.0, 300_000),
            (0, 0.0, 1000),
        ] {
            let expected = Duration::from_millis(expected_ms);
            assert_eq!(backoff(failures, dice), expected, "{failures} {dice}");
        }
    }

    #[test]
    fn a_receiver_is_left_alone_until_its_back_off_is_over() {
        let mut outbox = Outbox::new(["slack".into()]);
        let now = Instant::now();
        outbox.push(1, notice("slack"), now + SECOND * 3600);
        outbox.push(2, notice("slack"), now + SECOND * 3600);
        for (delivery, pause) in [
            (retry(0), 1),
            (retry(0), 2),
            (retry(60), 60),
            (retry(9999), 300),
        ] {
            assert_eq!(outbox.due(now).len(), 1);
            assert_eq!(outbox.due(now).len(), 0, "one at a time");
            assert_eq!(outbox.next_wakeup(), None, "an answer must come first");
            assert_eq!(outbox.settle(now, &"slack".into(), delivery, 0.0), None);
            assert_eq!(outbox.next_wakeup(), Some(now + SECOND * pause));
            assert_eq!(
                outbox
                    .due(now + SECOND * pause - Duration::from_nanos(1))
                    .len(),
                0
            );
            // As if that time had passed.
            for queue in outbox.queues.values_mut() {
                queue.not_before = None;
            }
        }
        outbox.due(now);
        let settled = outbox.settle(now, &"slack".into(), Delivery::Delivered, 0.0);
        assert_eq!(settled, Some((1, End::Delivered)));
        outbox.due(now);
        outbox.settle(now, &"slack".into(), retry(0), 0.0);
        assert_eq!(
            outbox.next_wakeup(),
            Some(now + SECOND),
            "a success resets the back-off"
        );
    }

    #[test]
    fn a_full_queue_drops_its_oldest_but_not_the_one_on_its_way() {
        for (in_flight, expected) in [(false, 0), (true, 1)] {
            let mut outbox = Outbox::new(["slack".into(), "other".into()]);
            let now = Instant::now();
            for id in 0..QUEUE_LIMIT {
                assert_eq!(outbox.push(id, notice("slack"), now), None);
            }
            if in_flight {
                outbox.due(now);
            }
            let dropped = outbox.push(QUEUE_LIMIT, notice("slack"), now);
            assert_eq!(dropped, Some((expected, End::Dropped)));
            assert_eq!(outbox.push(QUEUE_LIMIT + 1, notice("other"), now), None);
            assert_eq!(outbox.len(), QUEUE_LIMIT + 1);
        }
    }

    proptest! {
        /// Whatever the receivers answer: each notice leaves once, each receiver's in order, and as long as one waits
        /// there is a try on its way or an instant to wake at.
        #[test]
        fn every_notice_leaves_once_and_in_order(
            answers in proptest::collection::vec((0..4_u8, 0.0..1.0_f64), 0..200),
            pushes in proptest::collection::vec(0..3_usize, 1..30),
        ) {
            let names = ["a", "b", "gone"];
            let mut outbox = Outbox::new(["a".into(), "b".into()]);
            let mut now = Instant::now();
            let mut left: [Vec<usize>; 3] = Default::default();
            for (id, receiver) in pushes.iter().enumerate() {
                if let Some((id, end)) = outbox.push(id, notice(names[*receiver]), now + SECOND * 100) {
                    prop_assert_eq!(end, End::NoReceiver);
                    left[*receiver].push(id);
                }
            }
            let mut answers = answers.into_iter();
            while !outbox.is_empty() {
                let due = outbox.due(now);
                if due.is_empty() {
                    let wakeup = outbox.next_wakeup();
                    prop_assert!(wakeup.is_some_and(|wakeup| wakeup > now));
                    now = wakeup.unwrap_or(now);
                }
                for notice in due {
                    let (kind, dice) = answers.next().unwrap_or((0, 0.0));
                    let delivery = match kind {
                        0 => Delivery::Delivered,
                        1 => Delivery::Permanent { why: String::new() },
                        2 => retry(0),
                        _ => retry(30),
                    };
                    if let Some((id, _)) = outbox.settle(now, &notice.receiver, delivery, dice) {
                        left[pushes[id]].push(id);
                    }
                }
            }
            for (receiver, left) in left.iter().enumerate() {
                let expected: Vec<usize> =
                    (0..pushes.len()).filter(|id| pushes[*id] == receiver).collect();
                prop_assert_eq!(left, &expected);
            }
        }
    }
}
