//! What somebody may have meant who wrote something else.

/// The candidate that differs least from what was written, if it differs little: in a letter of three, two of six, and so
/// on. Case, `-` and `_` do not count. The first of several that are equally near.
pub(super) fn nearest<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    /// No name or word of the grammar is longer, so nothing longer is near one.
    const LONGEST: usize = 64;
    if written.len() > LONGEST {
        return None;
    }
    let written = plain(written);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        // Case and dashes change a length little, so that most candidates need not be looked at.
        if candidate.len() > 2 * written.len() + 2 {
            continue;
        }
        let known = plain(candidate);
        let allowed = written.len().min(known.len()) / 3;
        if written.len().abs_diff(known.len()) > allowed {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&known, &written);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Names as in a sentence: `a`, `a or b`, `a, b or c`.
pub(super) fn either(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [start @ .., last] => format!("{} or {last}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_meant() {
        let names = [
            "Play",
            "Pay",
            "Pause",
            "Say",
            "Gather",
            "numDigits",
            "p",
            "Redirect",
        ];
        let check = |written: &str, meant: Option<&str>| {
            assert_eq!(nearest(written, names), meant, "{written}");
        };
        check("Pley", Some("Play"));
        check("Paly", Some("Play"));
        check("Sya", Some("Say"));
        check("Sayy", Some("Say"));
        check("Gathre", Some("Gather"));
        check("num_digits", Some("numDigits"));
        check("NumDigit", Some("numDigits"));
        check("Redirekt", Some("Redirect"));
        check("q", None);
        check("Conference", None);
        check("", None);
        check(&"Play".repeat(1000), None);
    }

    #[test]
    fn names_are_told_as_in_a_sentence() {
        assert_eq!(either(&["a"]), "a");
        assert_eq!(either(&["a", "b"]), "a or b");
        assert_eq!(either(&["a", "b", "c"]), "a, b or c");
    }
}
