//! What is wrong with a configuration: all of it at once, each with its place and its remedy.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One mistake. Prints as `file:line: what is wrong; how to mend it`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; none if the file could not be read at all.
    pub line: Option<usize>,
    /// What is wrong, and after a semicolon how to mend it. Never holds a secret.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// Everything that is wrong with a configuration, in the order of its lines; at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl ConfigErrors {
    /// The file as a whole is not to be had.
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self(vec![ConfigError {
            path: path.to_owned(),
            line: None,
            message: format!(
                "cannot be read ({error}); name the right file with --config or $RINBAN_CONFIG, or write one with \
                 `rinban init`"
            ),
        }])
    }
}

/// What is wrong with a value and how to mend it; the reader adds key, file and line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Reads after the key.
    pub(super) what: String,
    /// An order.
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// A remedy for a word that is none of those that are known: the closest one, if it is close and no other is as close.
pub(super) fn did_you_mean<'w>(
    word: &str,
    known: impl IntoIterator<Item = &'w str>,
) -> Option<String> {
    let mut close: Vec<_> = known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .collect();
    close.sort_unstable();
    match close.as_slice() {
        [] => None,
        [(first, _), (second, _), ..] if first == second => None,
        [(_, closest), ..] => Some(format!("did you mean `{closest}`?")),
    }
}

/// Like [`did_you_mean`]; names all that is known if nothing is close.
pub(crate) fn one_of<'w>(word: &str, known: impl IntoIterator<Item = &'w str> + Clone) -> String {
    did_you_mean(word, known.clone()).unwrap_or_else(|| {
        let known: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
        match known.as_slice() {
            [] => "leave it out".to_owned(),
            known => format!("use one of {}", known.join(", ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_word_is_suggested_and_a_far_one_is_not() {
        let known = ["ring_timeout_secs", "round_pause_secs", "aya"];
        for (word, meant) in [
            ("ring_timout_secs", Some("ring_timeout_secs")),
            ("ring_timeout", Some("ring_timeout_secs")),
            ("aia", Some("aya")),
            ("zoe", None),
            ("colour", None),
        ] {
            let expected = meant.map(|meant| format!("did you mean `{meant}`?"));
            assert_eq!(did_you_mean(word, known), expected, "{word}");
        }
    }
}
