//! Where a world's luck comes from: a tape of draws. A seed writes it as it is read, or one that was written before is read
//! again, cut and zeroed. Zero is always the plain course of things, and a tape that has run out is all zeros: so whoever
//! shrinks a failure cuts the tape and zeroes it, and needs to know nothing of what the draws mean.

use std::sync::Arc;

/// A chance as the part of all draws that hit it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(u32);

impl Chance {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// From 0 to 1; anything beyond is taken as the nearer of both.
    pub fn new(of_one: f64) -> Self {
        // Saturates, which is what is meant.
        Self((of_one * f64::from(u32::MAX)) as u32)
    }

    /// From 0 to 1.
    pub fn of_one(self) -> f64 {
        f64::from(self.0) / f64::from(u32::MAX)
    }
}

/// The draws of one world.
#[derive(Clone, Debug)]
pub struct Tape {
    source: Source,
    /// What was drawn, if it is written down.
    written: Option<Vec<u32>>,
}

#[derive(Clone, Debug)]
enum Source {
    Seed(fastrand::Rng),
    Given { draws: Arc<[u32]>, next: usize },
}

impl Default for Tape {
    /// Nothing but zeros.
    fn default() -> Self {
        Self::of_draws(Arc::new([]))
    }
}

impl Tape {
    /// Draws without end from a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self {
            source: Source::Seed(fastrand::Rng::with_seed(seed)),
            written: None,
        }
    }

    /// These draws, then zeros.
    pub fn of_draws(draws: Arc<[u32]>) -> Self {
        Self {
            source: Source::Given { draws, next: 0 },
            written: None,
        }
    }

    /// Writes down what is drawn from here on.
    #[must_use]
    pub fn writing(mut self) -> Self {
        self.written = Some(Vec::new());
        self
    }

    /// What was drawn, if it was written down.
    pub fn into_written(self) -> Vec<u32> {
        self.written.unwrap_or_default()
    }

    /// Whether nothing but zeros is left.
    pub fn has_run_out(&self) -> bool {
        matches!(&self.source, Source::Given { draws, next } if *next >= draws.len())
    }

    /// The next draw.
    pub fn draw(&mut self) -> u32 {
        let draw = match &mut self.source {
            Source::Seed(rng) => rng.u32(..),
            Source::Given { draws, next } => {
                *next += 1;
                draws.get(*next - 1).copied().unwrap_or(0)
            }
        };
        if let Some(written) = &mut self.written {
            written.push(draw);
        }
        draw
    }

    /// Whether a chance is hit. Zero hits nothing.
    pub fn hits(&mut self, chance: Chance) -> bool {
        let draw = self.draw();
        !draw < chance.0
    }

    /// Which of several chances that exclude each other is hit, if one is.
    pub fn which<T: Copy>(&mut self, chances: impl IntoIterator<Item = (T, Chance)>) -> Option<T> {
        let mut left = !self.draw();
        for (what, chance) in chances {
            if left < chance.0 {
                return Some(what);
            }
            left -= chance.0;
        }
        None
    }

    /// A number below `bound`; zero is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        let draw = u64::from(self.draw()) * u64::from(bound);
        (draw >> 32) as u32
    }
}

/// Mixes two numbers into one that looks like neither (the finaliser of SplitMix64).
pub fn mixed(a: u64, b: u64) -> u64 {
    let mut mixed = a
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(b)
        .wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_tape_says_the_same_again_and_then_zero() {
        let mut first = Tape::of_seed(7).writing();
        let drawn: Vec<u32> = (0..5).map(|_| first.below(1_000)).collect();
        let mut again = Tape::of_draws(first.into_written().into());
        let repeated: Vec<u32> = (0..5).map(|_| again.below(1_000)).collect();
        assert_eq!(drawn, repeated);
        assert!(again.has_run_out());
        assert_eq!(again.draw(), 0);
    }

    #[test]
    fn zero_is_the_plain_course_of_things() {
        let mut tape = Tape::of_draws(Arc::new([]));
        assert!(!tape.hits(Chance::new(0.999)));
        assert_eq!(
            tape.which([(1, Chance::new(0.5)), (2, Chance::new(0.4))]),
            None
        );
        assert_eq!(tape.below(1_000), 0);
    }

    #[test]
    fn a_chance_is_hit_as_often_as_it_says() {
        let mut tape = Tape::of_seed(1);
        let chances = [('a', Chance::new(0.3)), ('b', Chance::new(0.1))];
        let mut hits = [0, 0, 0];
        for _ in 0..100_000 {
            hits[match tape.which(chances) {
                Some('a') => 0,
                Some(_) => 1,
                None => 2,
            }] += 1;
        }
        for (hits, wanted) in hits.into_iter().zip([30_000, 10_000, 60_000]) {
            let off: i32 = hits - wanted;
            assert!(off.abs() < 1_000, "{hits} instead of {wanted}");
        }
    }
}
