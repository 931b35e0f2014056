//! How long to wait before a throttled request is sent again.
//!
//! Twilio documents no `Retry-After`; it is honoured where it comes. Otherwise the back-off is that of the official Node
//! client: 100 ms, doubling, at most 3 s, with full jitter.

use std::time::Duration;

/// The first pause, before jitter.
const BASE: Duration = Duration::from_millis(100);
/// The longest pause, before jitter.
const CAP: Duration = Duration::from_secs(3);
/// Full jitter may draw many short pauses in a row; no more than this many are made.
const MAX_TRIES: u32 = 8;

/// The pause after the `tries`th try (counted from 1) was throttled, or `None` if it does not fit into the time that is
/// `left`: then the next provider is quicker. `dice` is drawn evenly from 0 to 1.
pub(super) fn pause(
    tries: u32,
    retry_after: Option<Duration>,
    dice: f64,
    left: Duration,
) -> Option<Duration> {
    let full = BASE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    let jittered = full.min(CAP).mul_f64(dice.clamp(0.0, 1.0));
    let pause = retry_after.unwrap_or_default().max(jittered);
    (tries < MAX_TRIES && pause <= left).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn pauses_grow_and_stay_within_what_is_left() {
        for (tries, retry_after, dice, left, expected) in [
            (1, None, 1.0, MS(5000), Some(MS(100))),
            (1, None, 0.5, MS(5000), Some(MS(50))),
            (1, None, 0.0, MS(5000), Some(MS(0))),
            (3, None, 1.0, MS(5000), Some(MS(400))),
            (7, None, 1.0, MS(5000), Some(MS(3000))),
            (8, None, 0.0, MS(5000), None),
            (u32::MAX, None, 0.0, MS(5000), None),
            (3, None, 1.0, MS(399), None),
            (1, Some(MS(2000)), 1.0, MS(5000), Some(MS(2000))),
            (1, Some(MS(0)), 1.0, MS(5000), Some(MS(100))),
            (1, Some(MS(60_000)), 0.0, MS(5000), None),
        ] {
            assert_eq!(
                pause(tries, retry_after, dice, left),
                expected,
                "try {tries}, {retry_after:?}, {dice}"
            );
        }
    }
}
