//! Reading, never without end: what says that it is larger than any document makes sense, and what never ends, is given up.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The most that is read of a regular file, in bytes: as much as the parser takes.
const REGULAR: u64 = 64 << 20;

/// The most that is read of anything whose length is not known before, in bytes.
const STREAM: u64 = 2 << 20;

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// All of it.
    Whole(Vec<u8>),
    /// All of it, from what gives it once only: a pipe, a device.
    Once(Vec<u8>),
    /// There is more than this many bytes; none is kept.
    TooLarge(u64),
}

impl Bytes {
    /// All bytes, if they are here.
    pub(crate) fn whole(self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(bytes) | Self::Once(bytes) => Some(bytes),
            Self::TooLarge(_) => None,
        }
    }
}

/// Reads a file.
pub(crate) fn of_file(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if !about.is_file() {
        return Ok(match within(file, STREAM, 0)? {
            Bytes::Whole(bytes) => Bytes::Once(bytes),
            other => other,
        });
    }
    if about.len() > REGULAR {
        return Ok(Bytes::TooLarge(REGULAR));
    }
    within(file, REGULAR, usize::try_from(about.len()).unwrap_or(0) + 1)
}

/// Reads standard input.
pub(crate) fn of_stdin() -> io::Result<Bytes> {
    within(io::stdin().lock(), STREAM, 0)
}

fn within(source: impl Read, limit: u64, expected: usize) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(expected);
    source.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Ok(Bytes::TooLarge(limit));
    }
    Ok(Bytes::Whole(bytes))
}
