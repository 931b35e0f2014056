//! Runs the night: the core, the network and the channel on one side, the spectator on the other.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::broadcast,
};

use super::{
    cast::Cast,
    channel::Channel,
    hands::{Hands, Wish},
    night::Pace,
    show::{Show, Waits},
};
use crate::{
    alert::EventKind,
    cli::Failure,
    escalation::{Escalation, Phase},
    handoff::{self, HandedTo, Settings},
    node::Node,
    simulator::{Network, NetworkEvent},
};

/// How long the spectator reads what this is, at usual speed; any key shortens it.
const INTRODUCTION: Duration = Duration::from_secs(3);

/// How the night ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The alert is over.
    Over,
    /// Somebody has had enough, or the system wants us to end.
    Stopped,
    /// It should have been over long ago.
    TooLate,
}

/// Everything that takes part.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) node: &'a Node,
    pub(super) network: &'a Network,
    pub(super) events: broadcast::Receiver<NetworkEvent>,
    pub(super) channel: Channel,
    pub(super) hands: Option<Hands>,
    pub(super) cast: &'a Cast,
    pub(super) handoff: Settings,
    /// How long somebody works on the problem, in real time.
    pub(super) work: Duration,
    /// When the night must be over, if it runs by itself.
    pub(super) limit: Option<Instant>,
}

/// The signals that end the demo.
#[derive(Debug)]
struct Signals([Signal; 3]);

impl Signals {
    fn watch() -> std::io::Result<Self> {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let [a, b, c] = kinds.map(signal);
        Ok(Self([a?, b?, c?]))
    }

    async fn any(&mut self) {
        let [a, b, c] = &mut self.0;
        tokio::select! {
            _ = a.recv() => {}
            _ = b.recv() => {}
            _ = c.recv() => {}
        }
    }
}

/// What comes next from anywhere.
enum Next {
    Network(NetworkEvent),
    Told(super::channel::Told),
    Wish(Wish),
    Tick,
    Signal,
}

impl Stage<'_> {
    /// From the alert to its end.
    pub(super) async fn play(
        &mut self,
        show: &mut Show<'_>,
        pace: Pace,
    ) -> Result<Ending, Failure> {
        let mut signals = Signals::watch()
            .map_err(|error| Failure::World(format!("cannot watch signals: {error}")))?;
        let mut ticks = tokio::time::interval(show.tick());
        let reading = Instant::now() + pace.reading(INTRODUCTION);
        while Instant::now() < reading {
            match self.next(&mut ticks, &mut signals).await {
                Next::Signal | Next::Wish(Wish::Quit) => return Ok(Ending::Stopped),
                Next::Wish(_) => break,
                _ => show.draw(&Waits::Reader, self.hands.is_some())?,
            }
        }
        let (at, handed_over) = self.hand_over(EventKind::Problem).await?;
        show.alert(at, handed_over)?;
        let mut recovery: Option<Instant> = None;
        let mut is_over_since: Option<Instant> = None;
        loop {
            match self.next(&mut ticks, &mut signals).await {
                Next::Signal => return Ok(Ending::Stopped),
                Next::Network(event) => show.happened(event),
                Next::Told(told) => show.told(told),
                Next::Wish(Wish::Quit) => return Ok(Ending::Stopped),
                Next::Wish(Wish::Recover) => recovery = Some(Instant::now()),
                Next::Wish(wish) => self.touch(show, wish),
                Next::Tick => {
                    let now = Instant::now();
                    if self.limit.is_some_and(|limit| now >= limit) {
                        return Ok(Ending::TooLate);
                    }
                    let stored = self.newest().await?;
                    let phase = stored.map(|escalation| escalation.phase);
                    if phase == Some(Phase::Over) && show.is_idle() {
                        // The channel hears of the recovery a moment after the journal does.
                        let since = *is_over_since.get_or_insert(now);
                        if now >= since + pace.reading(Duration::from_millis(600)) {
                            return Ok(Ending::Over);
                        }
                    }
                    if matches!(phase, Some(Phase::Acknowledged { .. })) && show.is_idle() {
                        recovery = recovery.or(Some(now + self.work));
                    }
                    if recovery.is_some_and(|at| now >= at) {
                        self.limit = self.limit.or(Some(now + Duration::from_secs(60)));
                        recovery = None;
                        let (at, _) = self.hand_over(EventKind::Recovery).await?;
                        show.recovers(at);
                    }
                    show.advance()?;
                    show.draw(&waits(phase, recovery), self.hands.is_some())?;
                }
            }
        }
    }

    async fn next(&mut self, ticks: &mut tokio::time::Interval, signals: &mut Signals) -> Next {
        let hands = async {
            match &mut self.hands {
                Some(hands) => hands.next().await,
                None => std::future::pending().await,
            }
        };
        // A stream that has ended is passed over: what it would have brought is not needed to end the night.
        tokio::select! {
            () = signals.any() => Next::Signal,
            wish = hands => Next::Wish(wish),
            Ok(event) = self.events.recv() => Next::Network(event),
            Some(told) = self.channel.told.recv() => Next::Told(told),
            _ = ticks.tick() => Next::Tick,
        }
    }

    /// What the person does, the phone does. A phone that does not ring takes no keys.
    fn touch(&self, show: &Show<'_>, wish: Wish) {
        let Some(number) = show.phone_in_use() else {
            return;
        };
        match wish {
            Wish::Key(key) => self.network.press(number, key.encode_utf8(&mut [0; 4])),
            Wish::PickUp => self.network.pick_up(number),
            Wish::HangUp => self.network.hang_up(number),
            Wish::Recover | Wish::Quit => false,
        };
    }

    async fn newest(&self) -> Result<Option<Escalation>, Failure> {
        Ok(self.node.store().escalations(1).await?.pop())
    }

    /// Does what a plugin does; when, and how long it took.
    async fn hand_over(&self, kind: EventKind) -> Result<(Timestamp, Duration), Failure> {
        let event = self.cast.event(kind);
        let at = event.received_at;
        let settings = self.handoff.clone();
        let started = Instant::now();
        let handed = tokio::task::spawn_blocking(move || handoff::hand_over(&settings, &event));
        let handed = handed
            .await
            .map_err(|error| Failure::World(error.to_string()))?
            .map_err(|error| Failure::World(error.to_string()))?;
        match handed {
            HandedTo::Spool => Ok((at, started.elapsed())),
            other => Err(Failure::World(format!(
                "the event went to {other:?} and not to the spool of the demo"
            ))),
        }
    }
}

fn waits(phase: Option<Phase>, recovery: Option<Instant>) -> Waits {
    match (phase, recovery) {
        (Some(Phase::Pausing { until }), _) => Waits::Round { until },
        (Some(Phase::Acknowledged { by, .. }), Some(at)) => Waits::Recovery { by, at },
        _ => Waits::Next,
    }
}
