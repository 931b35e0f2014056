//! All cases, in the order in which they are played: one file for each family.

mod fallback;
mod gather;
mod host;
mod load;
mod media;
mod retry;
mod sig;
mod status;
mod twiml;

use super::case::Case;

/// All cases.
pub fn all() -> impl Iterator<Item = &'static Case> {
    let families: [&[Case]; 13] = [
        sig::PLAIN,
        sig::accepted::CASES,
        sig::refused::CASES,
        sig::generated::CASES,
        sig::others::CASES,
        twiml::CASES,
        gather::CASES,
        status::CASES,
        retry::CASES,
        fallback::CASES,
        media::CASES,
        host::CASES,
        load::CASES,
    ];
    families.into_iter().flatten()
}

/// The families, each with what it is about.
pub const FAMILIES: [(&str, &str); 9] = [
    (
        "sig",
        "every genuine request is accepted, every forged one refused",
    ),
    (
        "twiml",
        "replies are TwiML that the carrier can carry out, in time",
    ),
    (
        "gather",
        "keys, wrong keys, no keys: each leads somewhere, and only the right one takes the alert",
    ),
    (
        "status",
        "status callbacks in any order, repeated, late or lost",
    ),
    ("retry", "a webhook that is delivered twice counts once"),
    (
        "fallback",
        "a call that lost its document goes on, and not for ever",
    ),
    ("media", "recordings can be fetched, and are recordings"),
    (
        "host",
        "what a proxy does to host and scheme does not matter",
    ),
    ("load", "many calls at once are answered in time"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_each_belongs_to_a_family() {
        let mut ids: Vec<_> = all().map(|case| case.id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        for id in ids {
            let (family, name) = id.split_once('/').expect(id);
            assert!(FAMILIES.iter().any(|(known, _)| *known == family), "{id}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{id}"
            );
        }
        for (family, _) in FAMILIES {
            assert!(all().any(|case| case.family() == family), "{family}");
        }
    }

    #[test]
    fn every_case_says_what_and_why_in_whole_sentences() {
        for case in all() {
            for text in [case.requirement, case.why, case.source] {
                assert!(!text.is_empty() && !text.ends_with(' '), "{}", case.id);
            }
            assert!(
                case.requirement.ends_with('.') && case.why.ends_with('.'),
                "{}",
                case.id
            );
        }
    }
}
