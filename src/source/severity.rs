//! The words in which monitors say how bad something is.

use crate::alert::Severity;

/// Words as monitors and people use them, in lower case.
const WORDS: [(&str, Severity); 40] = [
    ("critical", Severity::Critical),
    ("crit", Severity::Critical),
    ("fatal", Severity::Critical),
    ("emergency", Severity::Critical),
    ("emerg", Severity::Critical),
    ("alert", Severity::Critical),
    ("panic", Severity::Critical),
    ("page", Severity::Critical),
    ("disaster", Severity::Critical),
    ("high", Severity::Critical),
    ("urgent", Severity::Critical),
    ("p0", Severity::Critical),
    ("p1", Severity::Critical),
    ("sev0", Severity::Critical),
    ("sev1", Severity::Critical),
    ("error", Severity::Error),
    ("err", Severity::Error),
    ("major", Severity::Error),
    ("average", Severity::Error),
    ("unknown", Severity::Error),
    ("p2", Severity::Error),
    ("sev2", Severity::Error),
    ("warning", Severity::Warning),
    ("warn", Severity::Warning),
    ("minor", Severity::Warning),
    ("medium", Severity::Warning),
    ("p3", Severity::Warning),
    ("sev3", Severity::Warning),
    ("info", Severity::Info),
    ("information", Severity::Info),
    ("informational", Severity::Info),
    ("notice", Severity::Info),
    ("low", Severity::Info),
    ("debug", Severity::Info),
    ("none", Severity::Info),
    ("ok", Severity::Info),
    ("p4", Severity::Info),
    ("p5", Severity::Info),
    ("sev4", Severity::Info),
    ("sev5", Severity::Info),
];

/// How bad a word says it is; nothing for a word that nobody has explained.
pub(super) fn usual(word: &str) -> Option<Severity> {
    let known = WORDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word));
    known.map(|(_, severity)| *severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_words_mean_what_they_say() {
        for severity in Severity::ALL {
            assert_eq!(usual(severity.as_str()), Some(severity));
        }
        assert_eq!(usual("CRITICAL"), Some(Severity::Critical));
        assert_eq!(usual("purple"), None);
    }
}
