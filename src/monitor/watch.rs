//! Asks a monitor what became of alerts: those of a round that has ended, those that it suppresses, and at the start all.
//!
//! It asks for all of them at once, at most every 30 s. While the monitor cannot be read nothing comes of it: the calls go on
//! as they would without it (P2).

mod plan;

use std::{fmt, future::Future, pin::Pin, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep_until},
};

use self::plan::Plan;
use super::{MonitorError, Open, Standing};
use crate::alert::Event;

/// What [`Reader::read`] returns.
pub type Read<'a> = Pin<Box<dyn Future<Output = Result<Vec<Standing>, MonitorError>> + Send + 'a>>;

/// A monitor that can be asked how alerts stand.
pub trait Reader: fmt::Debug + Send + Sync {
    /// How each of these stands, in their order, within a bounded time.
    fn read<'a>(&'a self, alerts: &'a [Open]) -> Read<'a>;
}

/// What was read.
#[derive(Debug, PartialEq)]
pub struct Reading {
    /// What we did not know.
    pub events: Vec<Event>,
}

/// Asks until nobody can hand in alerts or take readings any more. `clock` dates the events.
pub async fn run(
    reader: Box<dyn Reader>,
    mut asked: UnboundedReceiver<Vec<Open>>,
    readings: UnboundedSender<Reading>,
    clock: fn() -> Timestamp,
) {
    let mut plan = Plan::default();
    loop {
        tokio::select! {
            biased;
            alerts = asked.recv() => match alerts {
                Some(alerts) => plan.ask(alerts),
                None => return,
            },
            () = due(plan.next_wakeup()) => {
                let Some(reading) = read(&*reader, &mut plan, clock).await else {
                    continue;
                };
                if readings.send(reading).is_err() {
                    return;
                }
            }
        }
    }
}

async fn due(wakeup: Option<Instant>) {
    match wakeup {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn read(reader: &dyn Reader, plan: &mut Plan, clock: fn() -> Timestamp) -> Option<Reading> {
    let alerts = plan.take(Instant::now());
    match reader.read(&alerts).await {
        Ok(standings) => {
            let now = clock();
            let events = alerts
                .iter()
                .zip(&standings)
                .filter_map(|(alert, standing)| standing.event(alert, now));
            let reading = Reading {
                events: events.collect(),
            };
            plan.settle(alerts, &standings);
            Some(reading)
        }
        Err(error) => {
            tracing::warn!("a monitor cannot be read, calls go on without it: {error}");
            let after = match error {
                MonitorError::Unreachable { after, .. } => after,
                MonitorError::Refused { .. } => Duration::ZERO,
            };
            plan.failed(Instant::now(), alerts, after);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        alert::{EventKind, HELD, Headline, samples},
        monitor::watch::plan::{EVERY, HELD_EVERY},
    };

    /// Answers by script, the last answer for ever, and remembers when it was asked how many.
    #[derive(Clone, Debug)]
    struct Scripted {
        script: Vec<Result<Standing, MonitorError>>,
        asked: Arc<Mutex<Vec<(Instant, usize)>>>,
    }

    impl Reader for Scripted {
        fn read<'a>(&'a self, alerts: &'a [Open]) -> Read<'a> {
            let mut asked = self.asked.lock().expect("no panic");
            let at = asked.len().min(self.script.len() - 1);
            asked.push((Instant::now(), alerts.len()));
            let answer = self.script[at].clone();
            Box::pin(async move { answer.map(|standing| vec![standing; alerts.len()]) })
        }
    }

    struct Running {
        asked: Arc<Mutex<Vec<(Instant, usize)>>>,
        ask: mpsc::UnboundedSender<Vec<Open>>,
        readings: mpsc::UnboundedReceiver<Reading>,
    }

    fn start(script: impl IntoIterator<Item = Result<Standing, MonitorError>>) -> Running {
        let reader = Scripted {
            script: script.into_iter().collect(),
            asked: Arc::default(),
        };
        let asked = Arc::clone(&reader.asked);
        let (ask, taken) = mpsc::unbounded_channel();
        let (send, readings) = mpsc::unbounded_channel();
        tokio::spawn(run(Box::new(reader), taken, send, || Timestamp::UNIX_EPOCH));
        Running {
            asked,
            ask,
            readings,
        }
    }

    impl Running {
        fn ask(&self, dedup: &str, held: bool) {
            let event = Event {
                dedup_key: dedup.into(),
                ..samples::event()
            };
            let headline = Arc::new(Headline::of(&event));
            let open = Open {
                headline,
                held,
                since: None,
            };
            self.ask.send(vec![open]).expect("it runs");
        }

        /// What the next reading says.
        async fn next(&mut self) -> Vec<Event> {
            self.readings.recv().await.expect("it runs").events
        }

        fn asked(&self) -> Vec<(Instant, usize)> {
            self.asked.lock().expect("no panic").clone()
        }
    }

    fn over() -> Result<Standing, MonitorError> {
        Ok(Standing::Over {
            reason: None,
            stamp: "17".to_owned(),
        })
    }

    fn down(after: u64) -> Result<Standing, MonitorError> {
        Err(MonitorError::Unreachable {
            why: "down".to_owned(),
            after: Duration::from_secs(after),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_there_becomes_a_recovery_whose_id_is_the_same_each_time() {
        let mut running = start([over()]);
        running.ask("7", false);
        let first = running.next().await;
        assert_eq!(first[0].kind, EventKind::Recovery);
        assert_eq!(first[0].check(), Ok(()));
        running.ask("7", false);
        assert_eq!(running.next().await[0].id, first[0].id);
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_gathered_is_asked_for_at_once_and_not_before_half_a_minute() {
        let mut running = start([Ok(Standing::Open)]);
        running.ask("1", false);
        assert_eq!(running.next().await, []);
        for dedup in ["2", "3", "2"] {
            running.ask(dedup, false);
        }
        running.next().await;
        let asked = running.asked();
        assert_eq!(
            asked.iter().map(|(_, count)| *count).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(asked[1].0 - asked[0].0, EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_suppressed_is_held_and_read_again_until_it_is_not() {
        let mut running = start([
            Ok(Standing::Suppressed),
            Ok(Standing::Suppressed),
            down(0),
            Ok(Standing::Open),
        ]);
        running.ask("7", false);
        let held = running.next().await;
        assert_eq!(held[0].acknowledged_by.as_deref(), Some(HELD));
        assert_eq!(held[0].kind, EventKind::Update);
        assert_eq!(running.next().await, [], "still suppressed");
        let released = running.next().await;
        assert_eq!(released[0].kind, EventKind::Update);
        assert!(released[0].acknowledged_by.is_none() && released[0].reason.is_some());
        let asked = running.asked();
        let pauses: Vec<_> = asked.windows(2).map(|two| two[1].0 - two[0].0).collect();
        assert_eq!(pauses, [HELD_EVERY; 3]);
        tokio::time::sleep(HELD_EVERY * 3).await;
        assert_eq!(running.asked().len(), 4, "nothing is held any more");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_held_before_the_start_is_released_or_taken() {
        let taken = Standing::Taken {
            by: "Admin".to_owned(),
            stamp: "9".to_owned(),
        };
        let mut running = start([Ok(taken), Ok(Standing::Open)]);
        running.ask("7", true);
        let first = running.next().await;
        assert_eq!(first[0].acknowledged_by.as_deref(), Some("Admin"));
        running.ask("7", true);
        assert!(running.next().await[0].reason.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_monitor_that_asks_for_time_is_given_it_and_a_missed_round_is_made_up_for() {
        let mut running = start([down(90), over()]);
        running.ask("7", false);
        assert_eq!(running.next().await.len(), 1);
        let asked = running.asked();
        assert_eq!(asked[1].0 - asked[0].0, Duration::from_secs(90));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_monitor_does_not_know_changes_nothing() {
        let mut running = start([Ok(Standing::Unknown)]);
        running.ask("7", false);
        running.ask("8", true);
        assert_eq!(running.next().await, []);
    }
}
