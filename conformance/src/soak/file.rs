//! A tape as a file: hexadecimal draws, and `*N` for N zeros in a row.

use std::{fmt::Write as _, fs, io, path::Path, sync::Arc};

/// Why a tape cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WrongTape {
    /// Not readable.
    #[error("the tape {0} cannot be read: {1}")]
    Unread(String, io::Error),
    /// Not a tape.
    #[error("the tape {0} holds {1:?}, which is neither a hexadecimal draw nor *N for N zeros")]
    Form(String, String),
}

/// Draws as text.
pub fn write(draws: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = draws;
    while let [first, ..] = rest {
        let zeros = rest.iter().take_while(|draw| **draw == 0).count();
        // Writing to a string does not fail.
        let _ = match zeros {
            0 => writeln!(text, "{first:x}"),
            zeros => writeln!(text, "*{zeros}"),
        };
        rest = &rest[zeros.max(1)..];
    }
    text
}

/// Draws from a file.
pub fn read(path: &Path) -> Result<Arc<[u32]>, WrongTape> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| WrongTape::Unread(name(), error))?;
    parse(&text).map_err(|word| WrongTape::Form(name(), word))
}

/// The longest tape that is read: far beyond any that a world draws.
const LONGEST: usize = 100_000_000;

fn parse(text: &str) -> Result<Arc<[u32]>, String> {
    let mut draws = Vec::new();
    for word in text.split_whitespace() {
        let zeros = word.strip_prefix('*').map(str::parse::<usize>);
        match zeros {
            Some(Ok(zeros)) if draws.len() + zeros <= LONGEST => {
                draws.resize(draws.len() + zeros, 0);
            }
            Some(_) => return Err(word.to_owned()),
            None => draws.push(u32::from_str_radix(word, 16).map_err(|_| word.to_owned())?),
        }
    }
    Ok(draws.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_survives_its_file_and_a_wrong_word_is_named() {
        let draws = [0, 0, 0xff, 7, 0, 1];
        assert_eq!(write(&draws), "*2\nff\n7\n*1\n1\n");
        assert_eq!(parse(&write(&draws)).as_deref(), Ok(&draws[..]));
        for wrong in ["xyz", "*", "*-1", "*99999999999", "1ffffffff"] {
            assert_eq!(parse(&format!("1 {wrong}")), Err(wrong.to_owned()));
        }
    }
}
