//! What the spectator sees: the night as a list of calls, the one under way drawn again and again below it.
//!
//! What happens is shown in the order in which it happened, a little later where it would go by too quickly to be read.

mod pages;
mod status;

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    card::{Canvas, Card, Owner, channel},
    cast::Cast,
    channel::Told,
    night::{Night, Pace},
    row::{Row, Tone, wrap},
    screen::Screen,
    words::{Answers, Words},
};
use crate::simulator::{Happening, NetworkEvent, Status};

/// How long what the channel is told of a call is waited for, once the call is over.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The screen and what it still has to show.
#[derive(Debug)]
pub(super) struct Show<'a> {
    screen: Screen<'a>,
    words: Words,
    cast: &'a Cast,
    pace: Pace,
    night: Night,
    /// Whether the people do as they please, or somebody at the keyboard does it for them.
    runs_by_itself: bool,
    card: Option<Card>,
    dialling: Option<usize>,
    /// What has happened and was not shown yet.
    waiting: VecDeque<NetworkEvent>,
    told: VecDeque<Told>,
    /// The recovery, if it was not shown yet.
    recovered_at: Option<Timestamp>,
    /// Whether the channel has heard of the alert, or is not waited for any more.
    is_announced: bool,
    /// Whether the channel was waited for in vain, such as behind a proxy that does not reach this host.
    is_deaf: bool,
    alerted: Instant,
    not_before: Instant,
    calls: Vec<u32>,
    frame: usize,
}

/// What the night waits for when no phone rings.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Waits {
    /// The spectator, who reads what this is.
    Reader,
    /// The next thing to happen.
    Next,
    /// The next round.
    Round { until: Timestamp },
    /// The recovery, while somebody works on it.
    Recovery { by: String, at: Instant },
}

impl<'a> Show<'a> {
    pub(super) fn new(
        screen: Screen<'a>,
        words: Words,
        cast: &'a Cast,
        pace: Pace,
        runs_by_itself: bool,
    ) -> Self {
        Self {
            screen,
            words,
            cast,
            pace,
            night: Night {
                began: Timestamp::now(),
                speed: pace.speed,
            },
            runs_by_itself,
            card: None,
            dialling: None,
            waiting: VecDeque::new(),
            told: VecDeque::new(),
            recovered_at: None,
            is_announced: false,
            is_deaf: false,
            alerted: Instant::now(),
            not_before: Instant::now(),
            calls: vec![0; cast.people.len()],
            frame: 0,
        }
    }

    /// The alert comes, and was handed over within so much time.
    pub(super) fn alert(&mut self, at: Timestamp, handed_over: Duration) -> io::Result<()> {
        self.night.began = at;
        self.alerted = Instant::now();
        let words = self.words;
        let heading = self
            .moment(at)
            .with(Tone::Bad, "▲ ")
            .with(Tone::Plain, words.problem())
            .with(Tone::Bad, format!(" {} ", words.severity()))
            .with(
                Tone::Strong,
                format!("{}: {}", self.cast.host, self.cast.title),
            );
        let millis = handed_over.as_secs_f64() * 1_000.0;
        let handed = Row::new()
            .to(12)
            .with(Tone::Plain, words.handed_over(millis));
        self.screen.print(&[heading, handed])?;
        self.hold(Duration::from_millis(800));
        Ok(())
    }

    /// The monitor sees that it is over, which is shown when no phone is in use.
    pub(super) fn recovers(&mut self, at: Timestamp) {
        self.recovered_at = Some(at);
    }

    fn recovery(&mut self, at: Timestamp) -> io::Result<()> {
        let row = self
            .moment(at)
            .with(Tone::Good, "▼ ")
            .with(Tone::Plain, format!("{} ", self.words.recovery()))
            .with(
                Tone::Strong,
                format!("{}: {}", self.cast.host, self.cast.title),
            );
        if self.is_deaf {
            return self.screen.print(&[row, Row::new()]);
        }
        self.screen.print(&[row])
    }

    /// Takes in what happens in the network, to be shown in its turn.
    pub(super) fn happened(&mut self, event: NetworkEvent) {
        self.waiting.push_back(event);
    }

    /// Takes in what the channel was told.
    pub(super) fn told(&mut self, told: Told) {
        self.told.push_back(told);
    }

    /// Shows what is due.
    pub(super) fn advance(&mut self) -> io::Result<()> {
        while Instant::now() >= self.not_before && self.show_one()? {}
        Ok(())
    }

    /// Whether everything that has happened was shown.
    pub(super) fn is_idle(&self) -> bool {
        self.card.is_none()
            && self.waiting.is_empty()
            && self.recovered_at.is_none()
            && self.is_announced
            && Instant::now() >= self.not_before
    }

    /// The number that rings or talks.
    pub(super) fn phone_in_use(&self) -> Option<&'a str> {
        let card = self.card.as_ref().filter(|card| card.over.is_none())?;
        Some(self.cast.people[card.person].number.e164())
    }

    /// Draws the call under way and what is waited for.
    pub(super) fn draw(&mut self, waits: &Waits, has_keys: bool) -> io::Result<()> {
        self.frame += 1;
        let card = self.card.as_ref().map(|card| {
            let number = self.cast.people[card.person].number.to_string();
            card.live(
                self.canvas(),
                self.owner(card.person, &number),
                self.frame / 4,
            )
        });
        let mut status = self.status(waits);
        if has_keys {
            if !status.is_empty() {
                status.push(Row::new());
            }
            status.push(Row::new().to(2).with(Tone::Faint, self.keys(waits)));
        }
        self.screen.draw(&card.unwrap_or_default(), &status)
    }

    /// False if there is nothing to show now.
    fn show_one(&mut self) -> io::Result<bool> {
        if self.card.as_ref().is_some_and(|card| card.over.is_some()) {
            return self.finish_card(false);
        }
        if self.card.is_none() {
            if let Some(at) = self.recovered_at.take() {
                self.recovery(at)?;
            }
            if self.tell_alone()? {
                return Ok(true);
            }
        }
        if !self.is_announced {
            if self.alerted.elapsed() < PATIENCE {
                return Ok(false);
            }
            self.is_announced = true;
            self.is_deaf = true;
            self.screen.print(&[Row::new()])?;
        }
        let Some(event) = self.waiting.pop_front() else {
            return Ok(false);
        };
        self.show(&event)?;
        Ok(true)
    }

    fn show(&mut self, event: &NetworkEvent) -> io::Result<()> {
        let Some(person) = self.cast.with_number(&event.number) else {
            return Ok(());
        };
        match &event.what {
            Happening::Placed => self.dialling = Some(person),
            Happening::Ringing => return self.ring(event, person),
            what => {
                let of_this_call = |card: &&mut Card| card.call == event.call;
                if let Some(card) = self.card.as_mut().filter(of_this_call) {
                    card.note(event, &self.night);
                    match what {
                        Happening::Pressed { .. } => self.hold(Duration::from_millis(1_200)),
                        Happening::Said { .. } => self.hold(Duration::from_millis(400)),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// A phone begins to ring. Whoever passed the call on may still be told so; that is not waited for.
    fn ring(&mut self, event: &NetworkEvent, person: usize) -> io::Result<()> {
        if self.card.is_some() {
            self.finish_card(true)?;
        }
        self.dialling = None;
        self.calls[person] += 1;
        let round = self.calls[person];
        if round > 1 && self.calls.iter().filter(|calls| **calls == round).count() == 1 {
            let row = Row::new().to(2).with(Tone::Ring, self.words.round(round));
            self.screen.print(&[row, Row::new()])?;
        }
        self.card = Some(Card::new(event, person, self.answers(person)));
        self.hold(Duration::from_millis(1_200));
        Ok(())
    }

    /// Makes the call under way one that stays. False if what the channel is told of it is still to come.
    fn finish_card(&mut self, at_once: bool) -> io::Result<bool> {
        let Some(card) = self.card.as_ref() else {
            return Ok(false);
        };
        let name = self.cast.people[card.person].name.as_str();
        let verdict = self.told.iter().position(|told| told.is_verdict_on(name));
        let is_due = card.over.is_none_or(|(status, _, seen)| {
            self.is_deaf || status == Status::Canceled || seen.elapsed() >= PATIENCE
        });
        if verdict.is_none() && !at_once && !is_due {
            return Ok(false);
        }
        let told = verdict.and_then(|at| self.told.remove(at));
        let number = self.cast.people[card.person].number.to_string();
        let owner = self.owner(card.person, &number);
        let mut rows = card.finished(self.canvas(), owner, told.as_ref());
        rows.push(Row::new());
        self.card = None;
        self.screen.print(&rows)?;
        self.hold(Duration::from_millis(900));
        Ok(true)
    }

    /// News of no call. False if there is none.
    fn tell_alone(&mut self) -> io::Result<bool> {
        self.told
            .retain(|told| !matches!(told.event.as_str(), "calling" | "answered"));
        let Some(at) = self.told.iter().position(Told::stands_alone) else {
            return Ok(false);
        };
        let Some(told) = self.told.remove(at) else {
            return Ok(false);
        };
        self.is_announced = true;
        self.is_deaf = false;
        let mut rows: Vec<_> = channel(self.canvas(), &told)
            .into_iter()
            .map(|row| Row::new().to(12).then(row))
            .collect();
        rows.push(Row::new());
        self.screen.print(&rows)?;
        self.hold(Duration::from_millis(800));
        Ok(true)
    }

    /// Shows nothing more for a while, unless somebody at the keyboard waits to press a key.
    fn hold(&mut self, span: Duration) {
        if self.runs_by_itself {
            self.not_before = Instant::now() + self.pace.reading(span);
        }
    }

    fn answers(&self, person: usize) -> Answers {
        match (self.runs_by_itself, person) {
            (false, _) => Answers::You,
            (true, 2) => Answers::Voicemail,
            (true, _) => Answers::Person,
        }
    }

    fn owner<'n>(&self, person: usize, number: &'n str) -> Owner<'n>
    where
        'a: 'n,
    {
        Owner {
            name: self.cast.people[person].name.as_str(),
            number,
        }
    }

    fn canvas(&self) -> Canvas {
        Canvas {
            words: self.words,
            night: self.night,
            right: self.right(),
        }
    }

    /// Where lines end: one column before the edge.
    fn right(&self) -> usize {
        self.screen.width().saturating_sub(1)
    }

    fn paragraph(&self, text: &str) -> Vec<Row> {
        let line = |line| Row::new().to(2).with(Tone::Plain, line);
        let lines = wrap(text, self.right().saturating_sub(5).max(10));
        lines.into_iter().map(line).collect()
    }

    fn moment(&self, at: Timestamp) -> Row {
        Row::new()
            .to(2)
            .with(Tone::Faint, self.night.clock(at))
            .to(12)
    }

    /// The person at the keyboard has had enough.
    pub(super) fn stopped(&mut self) -> io::Result<()> {
        let row = Row::new().to(2).with(Tone::Faint, self.words.stopped());
        self.screen.print(&[row])
    }

    /// Lines as they are, such as a journal.
    pub(super) fn plainly(&mut self, lines: impl IntoIterator<Item = String>) -> io::Result<()> {
        let row = |line: String| Row::new().with(Tone::Plain, line);
        self.screen
            .print(&lines.into_iter().map(row).collect::<Vec<_>>())
    }

    /// How often a picture that moves is drawn.
    pub(super) fn tick(&self) -> Duration {
        Duration::from_millis(if self.screen.is_animated() { 80 } else { 20 })
    }
}
