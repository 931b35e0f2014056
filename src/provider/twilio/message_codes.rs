//! What Twilio says of a message once it has taken it: the word of its status, and for one that did not arrive the code.
//!
//! Sources: Message resource, "status" and "error_code"; the pages of the errors 30001 to 30008, 30017, 30022 and 30410.

use crate::escalation::{FaultClass, MessageStatus};

use FaultClass::{Account, Callee, Ours, Provider};
use MessageStatus::{Delivered, Queued, Sent, Undelivered};

/// The words of a status. `sent` is the last word of carriers that confirm nothing; `read` exists where the channel knows it.
const WORDS: &[(&str, MessageStatus)] = &[
    ("accepted", Queued),
    ("scheduled", Queued),
    ("queued", Queued),
    ("sending", Queued),
    ("sent", Sent),
    ("partially_delivered", Sent),
    ("delivered", Delivered),
    ("read", Delivered),
    ("receiving", Sent),
    ("received", Delivered),
    ("undelivered", Undelivered),
    ("failed", Undelivered),
    ("canceled", Undelivered),
];

/// Whose fault it is that a message did not arrive.
const CODES: &[(u32, FaultClass)] = &[
    (30001, Provider), // its queue is full
    (30002, Account),  // suspended
    (30003, Callee),   // the phone is off or out of reach
    (30004, Callee),   // the number takes none
    (30005, Callee),   // no such number
    (30006, Callee),   // a landline
    (30007, Ours),     // filtered as spam: the text or the sender has to change
    (30008, Provider), // not told why
    (30017, Provider), // the carrier is congested
    (30022, Provider), // more than the carrier takes
    (30410, Provider), // the carrier did not answer in time
];

/// How far a message has come, by Twilio's word; none for a word that is new since this version.
pub fn status(word: &str) -> Option<MessageStatus> {
    let known = WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, status)| *status)
}

/// Whose fault it is that a message did not arrive; the provider's where the code is not known.
pub fn class(code: u32) -> FaultClass {
    let known = CODES.iter().find(|(known, _)| *known == code);
    known.map_or(Provider, |(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_status_is_understood_and_no_other() {
        for (words, expected) in [
            (
                &["accepted", "scheduled", "queued", "sending"][..],
                Some(Queued),
            ),
            (&["sent", "receiving", "partially_delivered"], Some(Sent)),
            (&["delivered", "read", "received"], Some(Delivered)),
            (&["undelivered", "failed", "canceled"], Some(Undelivered)),
            (&["", "Delivered", "dozing"], None),
        ] {
            for word in words {
                assert_eq!(status(word), expected, "{word:?}");
            }
        }
    }

    #[test]
    fn every_code_is_somebodys_fault() {
        for (codes, expected) in [
            (&[30003, 30004, 30005, 30006][..], Callee),
            (&[30001, 30008, 30017, 30022, 30410, 1, 39_999], Provider),
            (&[30002], Account),
            (&[30007], Ours),
        ] {
            for code in codes {
                assert_eq!(class(*code), expected, "{code}");
            }
        }
    }
}
