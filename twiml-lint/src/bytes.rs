//! Looks at many bytes at a time: no branch per byte, so that the compiler can vectorize them.

/// How many.
const BLOCK: usize = 16;

/// Whether all bytes are such. What is asked of one byte should have no branch in it.
#[inline]
pub(crate) fn all(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> bool {
    let is_whole = |block: &[u8; BLOCK]| block.iter().fold(true, |all, &byte| all & is_such(byte));
    match bytes.last_chunk::<BLOCK>() {
        // The last block may overlap the one before: some bytes are asked twice, and none by itself.
        Some(last) => bytes.as_chunks::<BLOCK>().0.iter().all(is_whole) && is_whole(last),
        None => bytes.iter().all(|&byte| is_such(byte)),
    }
}

/// The first byte from a place on that is such. Most are found soon.
#[inline]
pub(crate) fn first_of(bytes: &[u8], from: usize, is_such: impl Fn(u8) -> bool) -> Option<usize> {
    const SOON: usize = 12;
    let mut at = from;
    let soon = bytes.len().min(from + SOON);
    while at < soon {
        if is_such(bytes[at]) {
            return Some(at);
        }
        at += 1;
    }
    while let Some(block) = bytes[at..].first_chunk::<BLOCK>()
        && !block.iter().fold(false, |any, &byte| any | is_such(byte))
    {
        at += BLOCK;
    }
    let rest = bytes[at..].iter().position(|&byte| is_such(byte));
    rest.map(|by| at + by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..100 {
            let mut bytes = vec![b'a'; length];
            assert!(all(&bytes, |byte| byte == b'a'));
            assert_eq!(first_of(&bytes, 0, |byte| byte == b'b'), None);
            for at in 0..length {
                bytes[at] = b'b';
                assert!(!all(&bytes, |byte| byte == b'a'), "{at} of {length}");
                for from in 0..=at {
                    assert_eq!(first_of(&bytes, from, |byte| byte == b'b'), Some(at));
                }
                bytes[at] = b'a';
            }
        }
    }
}
