//! The last lines, which change: what is waited for, and which keys do what.

use std::time::Instant;

use jiff::Timestamp;

use super::{Show, Waits};
use crate::cli::demo::{
    cast::RING,
    row::{Row, Tone},
};

impl Show<'_> {
    /// One line on what is waited for, with the time of the night.
    pub(super) fn status(&self, waits: &Waits) -> Vec<Row> {
        if *waits == Waits::Reader {
            return Vec::new();
        }
        let words = self.words;
        // What is shown is behind what happens where that went by quickly.
        let now = self
            .waiting
            .front()
            .map_or_else(Timestamp::now, |event| event.at);
        let name = |person: usize| self.cast.people[person].name.as_str();
        let ringing = self
            .card
            .as_ref()
            .filter(|card| !card.answered && card.over.is_none());
        let dialling = self.dialling.or_else(|| {
            let next = self.waiting.front()?;
            self.cast.with_number(&next.number)
        });
        let text = match (ringing, &self.card, dialling, waits) {
            (Some(card), ..) => {
                let left = RING.as_secs_f64() - self.night.seconds(card.rang_at, now);
                let bar = bar(left / RING.as_secs_f64());
                let row = self.moment(now).with(Tone::Ring, bar).with(
                    Tone::Plain,
                    format!("  {}", words.rings_on(name(card.person), left)),
                );
                return vec![Row::new(), row];
            }
            (None, Some(_), ..) => String::new(),
            (None, None, Some(person), _) => words.dials(name(person)),
            (None, None, None, Waits::Round { until }) => {
                words.next_round(self.night.seconds(now, *until))
            }
            (None, None, None, Waits::Recovery { by, at }) => {
                let left = at.saturating_duration_since(Instant::now());
                words.works_on_it(by, left.as_secs_f64())
            }
            (None, None, None, Waits::Next | Waits::Reader) => String::new(),
        };
        let row = self.moment(now).with(Tone::Faint, text);
        if self.card.is_some() {
            vec![Row::new(), row]
        } else {
            vec![row]
        }
    }

    pub(super) fn keys(&self, waits: &Waits) -> &'static str {
        let words = self.words;
        match (&self.card, waits) {
            (_, Waits::Reader) => words.keys_reading(),
            _ if self.runs_by_itself => words.keys_watching(),
            (Some(card), _) if card.answered => words.keys_talking(),
            (Some(_), _) => words.keys_ringing(),
            (None, Waits::Recovery { .. }) => words.keys_waiting(),
            (None, _) => words.keys_watching(),
        }
    }
}

/// What is left of something, from 0 to 1.
fn bar(left: f64) -> String {
    const LENGTH: usize = 20;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "it is between 0 and 20"
    )]
    let full = (left.clamp(0.0, 1.0) * LENGTH as f64).ceil() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(LENGTH - full))
}
