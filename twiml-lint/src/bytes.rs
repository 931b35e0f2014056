//! Looks at sixteen bytes at a time, with no branch for each: what a processor guesses wrong costs more than what it compares
//! in vain.

use wide::u8x16;

/// How many.
const BLOCK: usize = 16;

/// A set of bytes, as a question to a whole block: lanes whose bytes are in it come out as ones, the others as zeros.
pub(crate) trait Set: Fn(u8x16) -> u8x16 {}

impl<F: Fn(u8x16) -> u8x16> Set for F {}

/// Whether a byte is this one.
#[inline]
pub(crate) fn is(block: u8x16, byte: u8) -> u8x16 {
    block.simd_eq(u8x16::splat(byte))
}

/// Whether a byte is one of these.
#[inline]
pub(crate) fn any_of<const N: usize>(block: u8x16, bytes: [u8; N]) -> u8x16 {
    bytes
        .into_iter()
        .fold(u8x16::ZERO, |found, byte| found | is(block, byte))
}

/// Whether a byte is from `first` to `last`.
#[inline]
pub(crate) fn within(block: u8x16, first: u8, last: u8) -> u8x16 {
    let above = block - u8x16::splat(first);
    above.min(u8x16::splat(last - first)).simd_eq(above)
}

/// Whether all bytes are in a set.
#[inline]
pub(crate) fn all(bytes: &[u8], set: impl Set) -> bool {
    let has_whole = |block: &[u8; BLOCK]| set(u8x16::new(*block)).all();
    match bytes.last_chunk::<BLOCK>() {
        // The last block may overlap the one before: some bytes are asked twice, and none by itself.
        Some(last) => bytes.as_chunks::<BLOCK>().0.iter().all(has_whole) && has_whole(last),
        None => matching(bytes, set) == mask(bytes.len()),
    }
}

/// How many bytes are in a set.
#[inline]
pub(crate) fn count(bytes: &[u8], set: impl Set) -> usize {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let of_block = |block: &[u8; BLOCK]| set(u8x16::new(*block)).to_bitmask();
    let whole = blocks.iter().map(|block| of_block(block).count_ones());
    (whole.sum::<u32>() + matching(rest, &set).count_ones()) as usize
}

/// The first byte from a place on that is in a set.
#[inline]
pub(crate) fn first_of(bytes: &[u8], from: usize, set: impl Set) -> Option<usize> {
    let mut at = from;
    while let Some(block) = bytes[at..].first_chunk::<BLOCK>() {
        let found = set(u8x16::new(*block)).to_bitmask();
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += BLOCK;
    }
    let rest = bytes.len() - at;
    let found = match bytes.last_chunk::<BLOCK>() {
        Some(last) => set(u8x16::new(*last)).to_bitmask() >> (BLOCK - rest),
        None => matching(&bytes[at..], set),
    };
    (found != 0).then(|| at + found.trailing_zeros() as usize)
}

/// Where from a place on these two bytes stand side by side for the first time.
#[inline]
pub(crate) fn pair(bytes: &[u8], from: usize, [first, second]: [u8; 2]) -> Option<usize> {
    let mut at = from;
    loop {
        at = first_of(bytes, at, |block| is(block, first))?;
        if bytes.get(at + 1) == Some(&second) {
            return Some(at);
        }
        at += 1;
    }
}

/// Which of less than a block's bytes are in a set, as bits.
#[inline]
fn matching(rest: &[u8], set: impl Set) -> u32 {
    set(u8x16::new(padded(rest))).to_bitmask() & mask(rest.len())
}

/// Less than a block's bytes, and zeros behind them.
#[inline]
fn padded(rest: &[u8]) -> [u8; BLOCK] {
    // Two reads that overlap are all bytes.
    let block = if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        let last = u128::from(u64::from_le_bytes(*last));
        u128::from(u64::from_le_bytes(*first)) | last << (8 * (rest.len() - 8))
    } else if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        let last = u128::from(u32::from_le_bytes(*last));
        u128::from(u32::from_le_bytes(*first)) | last << (8 * (rest.len() - 4))
    } else {
        let bytes = rest.iter().rev();
        bytes.fold(0, |block, &byte| block << 8 | u128::from(byte))
    };
    block.to_le_bytes()
}

/// The lowest bits, so many.
#[inline]
fn mask(count: usize) -> u32 {
    (1 << count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        let is_b = |block| is(block, b'b');
        for length in 0..100 {
            let mut bytes = vec![b'a'; length];
            assert!(all(&bytes, |block| is(block, b'a')));
            assert_eq!(first_of(&bytes, 0, is_b), None);
            for at in 0..length {
                bytes[at] = b'b';
                assert!(!all(&bytes, |block| is(block, b'a')), "{at} of {length}");
                assert_eq!(count(&bytes, is_b), 1);
                for from in 0..=at {
                    assert_eq!(first_of(&bytes, from, is_b), Some(at));
                }
                bytes[at] = b'a';
            }
        }
    }

    #[test]
    fn a_pair_is_found_where_it_stands_first() {
        let check = |text: &str, from, expected| {
            assert_eq!(pair(text.as_bytes(), from, *b"?>"), expected, "{text:?}");
        };
        check("", 0, None);
        check("?", 0, None);
        check("? >", 0, None);
        check("??>?>", 0, Some(1));
        check("??>?>", 2, Some(3));
        check("??>?>", 5, None);
        check("a long text? With one > and one ?>", 0, Some(32));
    }

    #[test]
    fn sets_hold_what_they_name() {
        for byte in 0..=u8::MAX {
            let block = u8x16::splat(byte);
            let holds = |set: u8x16| set.all();
            assert_eq!(holds(is(block, b'<')), byte == b'<');
            assert_eq!(holds(any_of(block, *b"\"'\0")), b"\"'\0".contains(&byte));
            for (first, last) in [(b'a', b'z'), (0, b' '), (0x80, 0xFF), (7, 7)] {
                let expected = (first..=last).contains(&byte);
                assert_eq!(holds(within(block, first, last)), expected, "{byte}");
            }
        }
    }
}
