//! What PaaSoo's codes and words mean.
//!
//! Sources: PaaSoo, API documentation, "status"; one public client for the word of a receipt.

use crate::escalation::{Fault, FaultClass, MessageStatus};

use FaultClass::{Account, Ambiguous, Callee, Ours, Provider};

/// The same text was sent to the same number less than 3 s ago.
pub(super) const SAME: u32 = 8;

/// The code of a request in which something is missing.
pub(super) const MISSING: u32 = 2;

/// Why a message was not taken (PaaSoo, API documentation, "status").
const CODES: &[(u32, FaultClass, &str)] = &[
    (MISSING, Ours, "a parameter is missing"),
    (4, Account, "the credentials were refused"),
    (5, Account, "this address may not use the account"),
    (6, Callee, "the number is not valid"),
    (7, Ours, "the sender is not valid"),
    (
        SAME,
        Ambiguous,
        "the same text was sent to this number within 3 s",
    ),
    (9, Account, "the account has no credit left"),
    (10, Provider, "too many requests at once"),
    (11, Ambiguous, "an error inside PaaSoo"),
];

/// The words of a receipt, in small letters. Only `delivered` has been seen.
const WORDS: &[(&str, MessageStatus)] = &[
    ("accepted", MessageStatus::Queued),
    ("buffered", MessageStatus::Queued),
    ("submitted", MessageStatus::Sent),
    ("sent", MessageStatus::Sent),
    ("unknown", MessageStatus::Sent),
    ("delivered", MessageStatus::Delivered),
    ("undelivered", MessageStatus::Undelivered),
    ("undeliverable", MessageStatus::Undelivered),
    ("expired", MessageStatus::Undelivered),
    ("failed", MessageStatus::Undelivered),
    ("rejected", MessageStatus::Undelivered),
];

/// A code that is new was refused all the same, so the next provider may try.
pub(super) fn judge(code: u32) -> Fault {
    let known = CODES.iter().find(|(known, ..)| *known == code);
    let (class, text) = known.map_or((Provider, "refused"), |(_, class, text)| (*class, *text));
    Fault {
        class,
        code: Some(code),
        text: text.to_owned(),
    }
}

/// How far a message has come, by the word of its receipt; none for a word that is not known.
pub(super) fn status(word: &str) -> Option<MessageStatus> {
    let word = word.to_ascii_lowercase();
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, status)| *status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_somebodys_fault() {
        for (codes, class) in [
            (&[1, 3, 10, 99][..], Provider),
            (&[4, 5, 9], Account),
            (&[6], Callee),
            (&[2, 7], Ours),
            (&[8, 11], Ambiguous),
        ] {
            for code in codes {
                let fault = judge(*code);
                assert_eq!((fault.class, fault.code), (class, Some(*code)), "{fault}");
            }
        }
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0), "once each, in order");
    }

    #[test]
    fn every_word_of_a_receipt_is_understood_and_no_other() {
        for (words, expected) in [
            (&["accepted", "buffered"][..], Some(MessageStatus::Queued)),
            (&["submitted", "sent", "unknown"], Some(MessageStatus::Sent)),
            (&["delivered", "DELIVERED"], Some(MessageStatus::Delivered)),
            (
                &[
                    "undelivered",
                    "undeliverable",
                    "expired",
                    "failed",
                    "rejected",
                ],
                Some(MessageStatus::Undelivered),
            ),
            (&["", "lost"], None),
        ] {
            for word in words {
                assert_eq!(status(word), expected, "{word:?}");
            }
        }
    }
}
