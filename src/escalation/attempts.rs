//! The calls that an escalation remembers.

use std::{
    collections::{VecDeque, vec_deque},
    iter::Chain,
    option,
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Attempt, MEMORY};

/// The last calls of an escalation, oldest first, in the order of their numbers.
///
/// The state of an escalation is copied turn by turn, and mostly it is its last call that goes on. So the earlier ones lie
/// apart: copies share them as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    earlier: Arc<VecDeque<Arc<Attempt>>>,
    last: Option<Arc<Attempt>>,
}

impl Attempts {
    /// All of them, oldest first.
    pub fn iter(&self) -> Iter<'_> {
        self.earlier.iter().chain(&self.last)
    }

    /// All of them, oldest first, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Arc<Attempt>> {
        let earlier = Arc::make_mut(&mut self.earlier);
        earlier.iter_mut().chain(&mut self.last)
    }

    /// The oldest.
    pub fn first(&self) -> Option<&Attempt> {
        self.iter().next().map(Arc::as_ref)
    }

    /// The last.
    pub fn last(&self) -> Option<&Attempt> {
        self.last.as_deref()
    }

    /// The last, to be changed.
    pub(super) fn last_mut(&mut self) -> Option<&mut Attempt> {
        self.last.as_mut().map(Arc::make_mut)
    }

    /// The one with this number.
    pub fn get(&self, number: u32) -> Option<&Attempt> {
        match &self.last {
            Some(last) if last.number == number => Some(last),
            _ => Some(&self.earlier[self.place_of(number)?]),
        }
    }

    /// The one with this number, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Attempt> {
        if self.last().map(|last| last.number) == Some(number) {
            return self.last_mut();
        }
        let place = self.place_of(number)?;
        let earlier = Arc::make_mut(&mut self.earlier);
        Some(Arc::make_mut(&mut earlier[place]))
    }

    fn place_of(&self, number: u32) -> Option<usize> {
        let number_of = |attempt: &Arc<Attempt>| attempt.number;
        self.earlier.binary_search_by_key(&number, number_of).ok()
    }

    /// A call is to be placed. The oldest is forgotten if there are too many.
    pub(super) fn push(&mut self, attempt: Attempt) {
        let Some(before) = self.last.replace(Arc::new(attempt)) else {
            return;
        };
        let earlier = Arc::make_mut(&mut self.earlier);
        earlier.push_back(before);
        if earlier.len() == MEMORY {
            earlier.pop_front();
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.earlier.len() + usize::from(self.last.is_some())
    }

    /// Whether nobody has been called yet.
    pub fn is_empty(&self) -> bool {
        self.last.is_none()
    }
}

type Iter<'a> = Chain<vec_deque::Iter<'a, Arc<Attempt>>, option::Iter<'a, Arc<Attempt>>>;

impl<'a> IntoIterator for &'a Attempts {
    type Item = &'a Arc<Attempt>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Serialize for Attempts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Attempts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut attempts = VecDeque::deserialize(deserializer)?;
        let last = attempts.pop_back();
        Ok(Self {
            earlier: Arc::new(attempts),
            last,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn attempts(count: u32) -> Attempts {
        let mut attempts = Attempts::default();
        for number in 1..=count {
            attempts.push(Attempt::new(number, "aya".into(), Timestamp::UNIX_EPOCH));
        }
        attempts
    }

    #[test]
    fn the_last_ones_are_remembered_and_found_by_their_numbers() {
        for (count, oldest) in [(1, 1), (2, 1), (32, 1), (33, 2), (70, 39)] {
            let mut attempts = attempts(count);
            let numbers: Vec<u32> = attempts.iter().map(|attempt| attempt.number).collect();
            assert_eq!(numbers, (oldest..=count).collect::<Vec<u32>>());
            assert_eq!(attempts.len(), numbers.len());
            assert_eq!(attempts.first().map(|first| first.number), Some(oldest));
            assert_eq!(attempts.last().map(|last| last.number), Some(count));
            for number in 0..=count + 1 {
                let found = numbers.contains(&number).then_some(number);
                assert_eq!(attempts.get(number).map(|found| found.number), found);
                assert_eq!(attempts.get_mut(number).map(|found| found.number), found);
            }
        }
    }

    #[test]
    fn a_change_stays_out_of_the_copies() {
        let before = attempts(3);
        for number in 1..=3 {
            let mut after = before.clone();
            after.get_mut(number).expect("it is there").redial = true;
            assert_ne!(before, after);
            assert!(before.iter().all(|attempt| !attempt.redial));
        }
    }

    #[test]
    fn they_are_kept_as_a_list() {
        for count in [0, 1, 2, 5] {
            let attempts = attempts(count);
            let json = serde_json::to_value(&attempts).expect("it can be written");
            assert_eq!(json.as_array().map(Vec::len), Some(count as usize));
            let read: Attempts = serde_json::from_value(json).expect("it can be read");
            assert_eq!(read, attempts);
        }
    }
}
