//! Which cases are meant by what the user writes.

use super::{case::Case, cases};

/// The cases that are meant: by id, by family, or by a pattern with `*`. Nothing written means all.
pub fn select(patterns: &[String]) -> Vec<&'static Case> {
    cases::all()
        .filter(|case| {
            patterns.is_empty() || patterns.iter().any(|pattern| is_meant(case, pattern))
        })
        .collect()
}

/// The first pattern that means no case.
pub fn unmatched(patterns: &[String]) -> Option<&String> {
    patterns
        .iter()
        .find(|pattern| !cases::all().any(|case| is_meant(case, pattern)))
}

fn is_meant(case: &Case, pattern: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    pattern == case.family() || matches(pattern, case.id)
}

/// Whether a text is what a pattern describes; `*` stands for any letters, slashes included.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    rest.char_indices()
        .map(|(at, _)| at)
        .chain([rest.len()])
        .any(|at| matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_meant_by_id_family_or_pattern() {
        let count = |pattern: &str| select(&[pattern.to_owned()]).len();
        assert_eq!(count("sig/plain"), 1);
        assert_eq!(count("sig/pla"), 0);
        assert_eq!(count("sig"), count("sig/"));
        assert_eq!(count("sig"), count("sig/*"));
        assert!(count("*query*") > 3);
        assert_eq!(count("*"), select(&[]).len());
        assert_eq!(count("**"), count("*"));
        assert_eq!(
            unmatched(&["sig".to_owned(), "nothing/*".to_owned()]).map(String::as_str),
            Some("nothing/*")
        );
    }
}
