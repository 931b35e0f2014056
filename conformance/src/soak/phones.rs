//! The phone network as it really is, which the core learns of only by hearsay: carriers, people, and the calls between them.

use rinban::escalation::{AttemptId, CallSid};

use super::happen::{CallIndex, Micros};

/// How a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Queued or being dialled.
    Dialling,
    /// The phone rings.
    Ringing,
    /// Somebody or something is on the line.
    Talking,
    /// It is over.
    Over,
}

/// What the person, or whatever answers, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Answers and takes the alert.
    Takes,
    /// Does not answer.
    Sleeps,
    /// Is on the phone.
    Busy,
    /// A machine answers.
    Voicemail,
    /// Answers and hangs up.
    HangsUp,
    /// Passes it to the next person.
    Passes,
    /// Has it read out again, then takes it.
    Repeats,
    /// Presses a wrong key, then takes it.
    Mistypes,
    /// Says that it is over; where that is not allowed, takes it.
    Closes,
    /// The network cannot connect the number.
    Fails,
}

/// How common each is, of 256; the first is what a tape of zeros says.
const MOODS: [(Mood, u32); 10] = [
    (Mood::Takes, 56),
    (Mood::Sleeps, 104),
    (Mood::Busy, 28),
    (Mood::Voicemail, 20),
    (Mood::HangsUp, 14),
    (Mood::Passes, 10),
    (Mood::Repeats, 6),
    (Mood::Mistypes, 6),
    (Mood::Closes, 6),
    (Mood::Fails, 6),
];

impl Mood {
    /// The mood of a draw below 256.
    pub fn of(draw: u32) -> Self {
        let mut left = draw;
        for (mood, parts) in MOODS {
            if left < parts {
                return mood;
            }
            left -= parts;
        }
        Self::Takes
    }

    /// The key that is pressed when words are heard for the `nth` time, from 0; none for a machine.
    pub fn key(self, nth: u8) -> Option<u8> {
        match (self, nth) {
            (Self::Voicemail, _) => None,
            (Self::Passes, _) => Some(b'2'),
            (Self::Repeats, 0) => Some(b'3'),
            (Self::Mistypes, 0) => Some(b'7'),
            (Self::Closes, 0) => Some(b'9'),
            _ => Some(b'1'),
        }
    }
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The attempt that its URLs name.
    pub attempt: AttemptId,
    /// Who carries it.
    pub carrier: u8,
    /// Whose phone.
    pub person: u8,
    /// The carrier's name for it.
    pub sid: CallSid,
    /// When it was made.
    pub made_at: Micros,
    /// When it stands in the carrier's list.
    pub listed_at: Micros,
    /// How it stands.
    pub standing: Standing,
    /// What is done with it.
    pub mood: Mood,
    /// How long it may ring, and talk, in seconds.
    pub limits: (u16, u16),
    /// How often words were heard in it.
    pub heard: u8,
    /// How often our words could not be had in a row.
    pub troubles: u8,
    /// The last key that was pressed.
    pub pressed: Option<u8>,
    /// The core has written down that it exists.
    pub is_known: bool,
    /// The core cannot know of it yet: the reply was lost, or the core died.
    pub is_in_doubt: bool,
    /// Until when it was in doubt; a request that left before that could not know of it.
    pub doubted_until: Micros,
    /// The core has told the carrier to end it, or has given it up.
    pub is_dismissed: bool,
    /// It never rings, and nobody is told.
    pub is_mute: bool,
    /// Our words are never asked for.
    pub is_unheard: bool,
}

/// What is wrong with a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing.
    Well,
    /// Out of reach.
    Down,
    /// Takes nothing, and says so.
    Busy,
    /// Accepts everything and delivers nothing.
    Mute,
}

/// A carrier.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// What is wrong with it.
    pub health: Health,
    /// Counts its sick spells.
    pub spell: u32,
    /// When the last call was sent to it.
    pub last_sent: Option<Micros>,
}

/// How many of a person's calls a carrier's list shows.
const LISTED: usize = 8;

/// Carriers, people and calls.
#[derive(Debug)]
pub struct Phones {
    /// In order of preference.
    pub carriers: Vec<Carrier>,
    /// All calls.
    pub calls: Vec<Call>,
    /// The calls of each person that are not over.
    live: Vec<Vec<CallIndex>>,
    /// The last calls of each person, youngest last.
    recent: Vec<Vec<CallIndex>>,
}

impl Phones {
    /// Phones that are silent.
    pub fn new(carriers: usize, people: usize) -> Self {
        let well = Carrier {
            health: Health::Well,
            spell: 0,
            last_sent: None,
        };
        Self {
            carriers: vec![well; carriers],
            calls: Vec::new(),
            live: vec![Vec::new(); people],
            recent: vec![Vec::new(); people],
        }
    }

    /// A call.
    pub fn call(&self, index: CallIndex) -> &Call {
        &self.calls[index as usize]
    }

    /// A call.
    pub fn call_mut(&mut self, index: CallIndex) -> &mut Call {
        &mut self.calls[index as usize]
    }

    /// Adds a call.
    pub fn add(&mut self, call: Call) -> CallIndex {
        let index = CallIndex::try_from(self.calls.len()).expect("fewer calls than 2^32");
        let person = usize::from(call.person);
        self.live[person].push(index);
        let recent = &mut self.recent[person];
        if recent.len() == LISTED {
            recent.remove(0);
        }
        recent.push(index);
        self.calls.push(call);
        index
    }

    /// Ends a call; whether it was alive.
    pub fn end(&mut self, index: CallIndex) -> bool {
        let call = &mut self.calls[index as usize];
        if call.standing == Standing::Over {
            return false;
        }
        call.standing = Standing::Over;
        self.live[usize::from(call.person)].retain(|live| *live != index);
        true
    }

    /// The core has died: calls that it has not written down are in doubt.
    pub fn doubt_unknown(&mut self) {
        for call in self.live.iter().flatten() {
            let call = &mut self.calls[*call as usize];
            call.is_in_doubt |= !call.is_known;
        }
    }

    /// The calls of a person that are not over.
    pub fn live(&self, person: u8) -> &[CallIndex] {
        &self.live[usize::from(person)]
    }

    /// All calls that are not over.
    pub fn all_live(&self) -> impl Iterator<Item = CallIndex> {
        self.live.iter().flatten().copied()
    }

    /// The youngest call through a carrier to a person that stands in its list, was made at `since` or later, and is not known.
    pub fn find(
        &self,
        carrier: u8,
        person: u8,
        (since, now): (Micros, Micros),
        known: &[CallSid],
    ) -> Option<CallIndex> {
        let recent = self.recent[usize::from(person)].iter().rev().copied();
        recent.into_iter().find(|index| {
            let call = self.call(*index);
            call.carrier == carrier
                && call.made_at >= since
                && call.listed_at <= now
                && !known.contains(&call.sid)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_of_zeros_has_everybody_take_the_alert() {
        assert_eq!(Mood::of(0), Mood::Takes);
        assert_eq!(Mood::Takes.key(0), Some(b'1'));
        assert_eq!(MOODS.iter().map(|(_, parts)| parts).sum::<u32>(), 256);
    }
}
