//! One call, drawn as a phone with what happens beside it.

use std::time::Instant;

use jiff::Timestamp;

use super::{
    channel::Told,
    night::Night,
    row::{Row, Tone, wrap},
    words::{Answers, Unanswered, When, Words},
};
use crate::simulator::{Happening, NetworkEvent, Status};

/// Where the time stands.
const MARGIN: usize = 2;
/// Where the phone stands.
const PHONE: usize = 14;
/// Where the text stands.
const TEXT: usize = 24;
/// What a card is drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    pub(super) words: Words,
    pub(super) night: Night,
    /// Where lines end.
    pub(super) right: usize,
}

/// A call from the first ring on.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// The network's name for it.
    pub(super) call: String,
    /// Whose phone.
    pub(super) person: usize,
    /// When it began to ring.
    pub(super) rang_at: Timestamp,
    /// Who answers if it is answered.
    answers: Answers,
    /// Whether anybody or anything has answered.
    pub(super) answered: bool,
    /// Whether somebody put it down before it was answered.
    declined: bool,
    items: Vec<Item>,
    /// How it ended and when, and when that was shown.
    pub(super) over: Option<(Status, Timestamp, Instant)>,
}

#[derive(Clone, Debug)]
enum Item {
    /// The phone speaks, until an instant if it was cut off.
    Said {
        text: String,
        at: Timestamp,
        until: Option<Timestamp>,
    },
    /// Somebody pressed a key, perhaps into a sentence.
    Pressed { key: char, when: When },
    /// Somebody hung up.
    HungUp,
}

/// What came of an answered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Taken,
    Passed,
    NoKey,
}

/// Whose phone, as it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) name: &'a str,
    /// Masked.
    pub(super) number: &'a str,
}

impl Card {
    pub(super) fn new(event: &NetworkEvent, person: usize, answers: Answers) -> Self {
        Self {
            call: event.call.clone(),
            person,
            rang_at: event.at,
            answers,
            answered: false,
            declined: false,
            items: Vec::new(),
            over: None,
        }
    }

    /// Takes in what happens in this call.
    pub(super) fn note(&mut self, event: &NetworkEvent, night: &Night) {
        match &event.what {
            Happening::Answered => self.answered = true,
            Happening::Said { text, .. } => self.items.push(Item::Said {
                text: text.clone(),
                at: event.at,
                until: None,
            }),
            Happening::Pressed { key } => {
                let when = match (self.cut_off(event.at, night), self.items.is_empty()) {
                    (true, _) => When::MidSentence,
                    (false, true) => When::BeforeAWord,
                    (false, false) => When::Afterwards,
                };
                self.items.push(Item::Pressed { key: *key, when });
            }
            Happening::HungUp if self.answered => {
                self.cut_off(event.at, night);
                self.items.push(Item::HungUp);
            }
            Happening::HungUp => self.declined = true,
            Happening::Ended { status } => self.over = Some((*status, event.at, Instant::now())),
            _ => {}
        }
    }

    /// The sentence ends here, unless it has ended before; whether it was cut off.
    fn cut_off(&mut self, at: Timestamp, night: &Night) -> bool {
        let Some(Item::Said {
            text,
            at: from,
            until,
        }) = self.items.last_mut()
        else {
            return false;
        };
        let spoken = spoken_chars(text, night.seconds(*from, at));
        let is_cut = spoken < text.chars().count();
        *until = is_cut.then_some(at);
        is_cut
    }

    /// As it looks while it lasts.
    pub(super) fn live(&self, canvas: Canvas, owner: Owner<'_>, frame: usize) -> Vec<Row> {
        let words = canvas.words;
        let mut text = vec![heading(owner)];
        if self.answered {
            text.push(Row::new().with(Tone::Plain, words.answered(self.answers)));
            text.extend(self.talk(canvas, Some(Timestamp::now())));
        } else {
            text.push(Row::new().with(Tone::Ring, words.rings()));
        }
        let waves = if self.answered { 0 } else { 1 + frame % 3 };
        self.beside_phone(&canvas.night, text, waves, Tone::Ring)
    }

    /// As it stays, with what the channel was told of it.
    pub(super) fn finished(
        &self,
        canvas: Canvas,
        owner: Owner<'_>,
        told: Option<&Told>,
    ) -> Vec<Row> {
        let Canvas { words, night, .. } = canvas;
        let mut text = vec![heading(owner)];
        let end = self.end(told);
        let (status, at) = self
            .over
            .map_or((Status::Completed, self.rang_at), |(status, at, _)| {
                (status, at)
            });
        if self.answered {
            text.push(Row::new().with(Tone::Plain, words.answered(self.answers)));
            text.extend(self.talk(canvas, None));
            text.push(verdict(words, end, self.answers));
        } else {
            let how = match status {
                Status::Busy if self.declined => Unanswered::Declined,
                Status::Busy => Unanswered::Busy,
                Status::NoAnswer => Unanswered::NoAnswer,
                _ => Unanswered::Stopped,
            };
            let rang = night.seconds(self.rang_at, at);
            text.push(
                Row::new()
                    .with(Tone::Bad, "✗ ")
                    .with(Tone::Plain, words.unanswered(how, rang)),
            );
        }
        text.extend(told.map(|told| channel(canvas, told)).into_iter().flatten());
        let (waves, tone) = match (self.answered, end == End::Taken) {
            (_, true) => (0, Tone::Good),
            (true, false) => (0, Tone::Plain),
            (false, false) => (3, Tone::Ring),
        };
        self.beside_phone(&canvas.night, text, waves, tone)
    }

    /// What came of an answered call: what the channel was told, or if that did not arrive, what was pressed last.
    fn end(&self, told: Option<&Told>) -> End {
        let pressed = self.items.iter().rev().find_map(|item| match item {
            Item::Pressed { key, .. } => Some(*key),
            _ => None,
        });
        match told.map(|told| (told.event.as_str(), told.outcome.as_deref())) {
            Some(("not_reached", Some("passed"))) => End::Passed,
            Some(("not_reached", _)) => End::NoKey,
            Some(_) => End::Taken,
            None if pressed == Some('1') => End::Taken,
            None if pressed == Some('2') => End::Passed,
            None => End::NoKey,
        }
    }

    fn talk(&self, canvas: Canvas, now: Option<Timestamp>) -> Vec<Row> {
        let Canvas {
            words,
            night,
            right,
        } = canvas;
        let (open, close) = words.quotes();
        let last = self.items.len().saturating_sub(1);
        let mut rows = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            match item {
                Item::Said {
                    text,
                    at: from,
                    until,
                } => {
                    let heard_until = until.or(now.filter(|_| at == last && self.over.is_none()));
                    let said = heard_until.map_or(usize::MAX, |until| {
                        spoken_chars(text, night.seconds(*from, until))
                    });
                    let mut heard: String = text.chars().take(said).collect();
                    let is_whole = until.is_some() || heard.len() == text.len();
                    if until.is_some() {
                        heard = format!("{}—", heard.trim_end());
                    }
                    let close = if is_whole { close } else { "" };
                    let lines = wrap(
                        &format!("{open}{heard}{close}"),
                        right.saturating_sub(TEXT).max(10),
                    );
                    rows.extend(
                        lines
                            .into_iter()
                            .map(|line| Row::new().with(Tone::Speech, line)),
                    );
                }
                Item::Pressed { key, when } => rows.push(
                    Row::new()
                        .with(Tone::Strong, format!("[{key}] "))
                        .with(Tone::Plain, words.presses(*key, self.answers, *when)),
                ),
                Item::HungUp if self.answers == Answers::Voicemail => {}
                Item::HungUp => rows.push(Row::new().with(Tone::Plain, words.hangs_up())),
            }
        }
        rows
    }

    /// Draws the phone with so many waves, and the text to the right of it.
    fn beside_phone(&self, night: &Night, text: Vec<Row>, waves: usize, tone: Tone) -> Vec<Row> {
        let frame = if tone == Tone::Ring {
            Tone::Plain
        } else {
            tone
        };
        let left = format!("{:>4}", "(".repeat(waves));
        let right = format!("{:<4}", ")".repeat(waves));
        let phone = [
            Row::new()
                .to(MARGIN)
                .with(Tone::Faint, night.clock(self.rang_at))
                .to(PHONE)
                .with(frame, "╭───╮"),
            Row::new()
                .to(PHONE - 5)
                .with(tone, left)
                .to(PHONE)
                .with(frame, "│")
                .with(tone, " ☎ ")
                .with(frame, "│ ")
                .with(tone, right),
            Row::new().to(PHONE).with(frame, "╰───╯"),
        ];
        let height = phone.len().max(text.len());
        let mut phone = phone.into_iter();
        let mut text = text.into_iter();
        (0..height)
            .map(|_| {
                let left = phone.next().unwrap_or_default();
                match text.next() {
                    Some(text) => left.to(TEXT).then(text),
                    None => left,
                }
            })
            .collect()
    }
}

fn heading(owner: Owner<'_>) -> Row {
    Row::new()
        .with(Tone::Strong, owner.name)
        .with(Tone::Faint, format!("  {}", owner.number))
}

fn verdict(words: Words, end: End, answers: Answers) -> Row {
    match end {
        End::Passed => Row::new()
            .with(Tone::Ring, "→ ")
            .with(Tone::Plain, words.passed()),
        End::NoKey => Row::new()
            .with(Tone::Bad, "✗ ")
            .with(Tone::Plain, words.no_key(answers)),
        End::Taken => Row::new()
            .with(Tone::Good, "✓ ")
            .with(Tone::Good, words.taken()),
    }
}

/// What the channel was told, wrapped.
pub(super) fn channel(canvas: Canvas, told: &Told) -> Vec<Row> {
    let name = format!("{} ", canvas.words.channel());
    let columns = canvas.right.saturating_sub(TEXT + name.len() + 2).max(10);
    let lines = wrap(told.news(), columns);
    let row = |(at, line): (usize, String)| {
        let name = if at == 0 {
            name.clone()
        } else {
            " ".repeat(name.len())
        };
        Row::new()
            .with(Tone::Channel, format!("{name}▏"))
            .with(Tone::Plain, format!(" {line}"))
    };
    lines.into_iter().enumerate().map(row).collect()
}

/// How many characters of a text a voice has said after so many seconds: 15 Latin or 8 Japanese ones in a second, as the
/// simulated network counts.
fn spoken_chars(text: &str, seconds: f64) -> usize {
    let mut left = seconds;
    text.chars()
        .take_while(|c| {
            left -= if c.is_ascii() { 0.066 } else { 0.125 };
            left >= 0.0
        })
        .count()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::roster::Language;

    fn happens(millis: i64, what: Happening) -> NetworkEvent {
        NetworkEvent {
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis),
            call: "CA1".to_owned(),
            number: "+819000000001".to_owned(),
            what,
        }
    }

    fn told(json: &str) -> Told {
        serde_json::from_str(json).expect("a notice")
    }

    #[track_caller]
    fn check(language: Language, happened: Vec<NetworkEvent>, json: &str, expected: &[&str]) {
        let night = Night {
            began: Timestamp::UNIX_EPOCH,
            speed: 1.0,
        };
        let canvas = Canvas {
            words: Words(language),
            night,
            right: 79,
        };
        let owner = Owner {
            name: "Aya",
            number: "+…0001",
        };
        let ringing = happens(1_000, Happening::Ringing);
        let mut card = Card::new(&ringing, 0, Answers::Person);
        for event in happened {
            card.note(&event, &night);
        }
        let rows = card.finished(canvas, owner, Some(&told(json)));
        let rows: Vec<_> = rows
            .iter()
            .map(|row| row.text().trim_end().to_owned())
            .collect();
        assert_eq!(rows, expected);
        for row in card.live(canvas, owner, 1) {
            assert!(row.width() <= 79, "{row:?}");
        }
    }

    #[test]
    fn a_phone_that_nobody_answers_is_drawn_with_its_waves() {
        let ended = Happening::Ended {
            status: Status::NoAnswer,
        };
        check(
            Language::En,
            vec![happens(21_000, ended)],
            r#"{"event":"not_reached","member":"Aya","outcome":"no_answer","text":"x\nAya did not answer."}"#,
            &[
                "  02:14:06    ╭───╮     Aya  +…0001",
                "          ((( │ ☎ │ ))) ✗ Rings for 20 s, and nobody picks up.",
                "              ╰───╯     #oncall ▏ Aya did not answer.",
            ],
        );
    }

    #[test]
    fn speech_is_cut_where_a_key_was_pressed_and_wrapped_by_columns() {
        let said = |text: &str| Happening::Said {
            text: text.to_owned(),
            language: None,
        };
        check(
            Language::Ja,
            vec![
                happens(2_000, Happening::Answered),
                happens(2_000, said("緊急のお電話です。")),
                happens(2_300, Happening::Pressed { key: '1' }),
                happens(
                    2_400,
                    said("1件のアラートを引き受けました。対応をお願いします。"),
                ),
                happens(
                    9_000,
                    Happening::Ended {
                        status: Status::Completed,
                    },
                ),
            ],
            r#"{"event":"acknowledged","by":"Aya","text":"x\nAya さんが対応します。"}"#,
            &[
                "  02:14:06    ╭───╮     Aya  +…0001",
                "              │ ☎ │     電話に出ました。",
                "              ╰───╯     「緊急—」",
                "                        [1] 途中で 1 を押しました。",
                "                        「1件のアラートを引き受けました。対応をお願いします。」",
                "                        ✓ 引き受けました。ほかの人には電話しません。",
                "                        #oncall ▏ Aya さんが対応します。",
            ],
        );
    }
}
