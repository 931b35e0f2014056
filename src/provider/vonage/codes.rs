//! What Vonage's words and codes mean.
//!
//! Sources: Voice API, "call states" and event webhook; SMS API (sms.yml 1.0.10), codes of a reply, "status" of a delivery
//! receipt.

use crate::escalation::{CallStatus, Fault, FaultClass, MessageStatus};

use FaultClass::{Account, Ambiguous, Callee, Ours, Provider};

/// The states of a call. `timeout` is a phone that rang too long, `unanswered` one that was not reached or declined, `rejected` a
/// call that Vonage did not connect.
const CALL_WORDS: &[(&str, CallStatus)] = &[
    ("started", CallStatus::Initiated),
    ("ringing", CallStatus::Ringing),
    ("answered", CallStatus::InProgress),
    ("human", CallStatus::InProgress),
    ("machine", CallStatus::InProgress),
    ("completed", CallStatus::Completed),
    ("busy", CallStatus::Busy),
    ("timeout", CallStatus::NoAnswer),
    ("unanswered", CallStatus::NoAnswer),
    ("failed", CallStatus::Failed),
    ("rejected", CallStatus::Failed),
    ("cancelled", CallStatus::Canceled),
];

/// The states of a message in its receipts. `unknown` is the last word of carriers that confirm nothing.
const MESSAGE_WORDS: &[(&str, MessageStatus)] = &[
    ("accepted", MessageStatus::Queued),
    ("buffered", MessageStatus::Queued),
    ("unknown", MessageStatus::Sent),
    ("delivered", MessageStatus::Delivered),
    ("expired", MessageStatus::Undelivered),
    ("failed", MessageStatus::Undelivered),
    ("rejected", MessageStatus::Undelivered),
];

/// Why a message was not taken, by the code in a reply that is a success by HTTP.
const SMS_CODES: &[(u32, FaultClass, &str)] = &[
    (1, Provider, "too many requests at once"),
    (2, Ours, "a parameter is missing"),
    (3, Ours, "a parameter is not valid"),
    (4, Account, "the credentials were refused"),
    (5, Ambiguous, "an error inside Vonage"),
    (6, Callee, "the number's prefix is not known"),
    (7, Callee, "the number is barred"),
    (8, Account, "the account is barred"),
    (9, Account, "the account has no credit left"),
    (10, Provider, "too many connections at once"),
    (11, Account, "the account may not use this API"),
    (12, Ours, "the message is too long"),
    (14, Account, "the signature was refused"),
    (15, Ours, "the sender is not valid"),
    (22, Ours, "the network code is not valid"),
    (23, Ours, "the callback URL is not valid"),
    (29, Ours, "a trial account writes to listed numbers only"),
    (32, Ours, "both a signature and a secret were sent"),
    (33, Callee, "the number is no longer in use"),
];

/// How a call goes, by Vonage's word; none for a word that is new since this version.
pub fn call_status(word: &str) -> Option<CallStatus> {
    let known = CALL_WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, status)| *status)
}

/// How far a message has come, by the word of its receipt; none for a word that is new since this version.
pub fn message_status(word: &str) -> Option<MessageStatus> {
    let known = MESSAGE_WORDS.iter().find(|(known, _)| *known == word);
    known.map(|(_, status)| *status)
}

/// Judges the code of a message that was not taken. One that is new was refused all the same, so the next provider may try.
pub(super) fn judge_message(code: u32) -> Fault {
    let known = SMS_CODES.iter().find(|(known, ..)| *known == code);
    let (class, text) = known.map_or((Provider, "refused"), |(_, class, text)| (*class, *text));
    Fault {
        class,
        code: Some(code),
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_a_call_is_understood_and_no_other() {
        for (words, expected) in [
            (&["started"][..], Some(CallStatus::Initiated)),
            (&["ringing"], Some(CallStatus::Ringing)),
            (
                &["answered", "human", "machine"],
                Some(CallStatus::InProgress),
            ),
            (&["completed"], Some(CallStatus::Completed)),
            (&["busy"], Some(CallStatus::Busy)),
            (&["timeout", "unanswered"], Some(CallStatus::NoAnswer)),
            (&["failed", "rejected"], Some(CallStatus::Failed)),
            (&["cancelled"], Some(CallStatus::Canceled)),
            (&["", "canceled", "disconnected", "Busy"], None),
        ] {
            for word in words {
                assert_eq!(call_status(word), expected, "{word:?}");
            }
        }
    }

    #[test]
    fn every_state_of_a_message_is_understood_and_no_other() {
        for (words, expected) in [
            (&["accepted", "buffered"][..], Some(MessageStatus::Queued)),
            (&["unknown"], Some(MessageStatus::Sent)),
            (&["delivered"], Some(MessageStatus::Delivered)),
            (
                &["expired", "failed", "rejected"],
                Some(MessageStatus::Undelivered),
            ),
            (&["", "deleted", "DELIVERED"], None),
        ] {
            for word in words {
                assert_eq!(message_status(word), expected, "{word:?}");
            }
        }
    }

    #[test]
    fn every_code_of_a_message_is_somebodys_fault() {
        for (codes, class) in [
            (&[1, 10, 13, 99, 4_000][..], Provider),
            (&[4, 8, 9, 11, 14], Account),
            (&[6, 7, 33], Callee),
            (&[2, 3, 12, 15, 22, 23, 29, 32], Ours),
            (&[5], Ambiguous),
        ] {
            for code in codes {
                let fault = judge_message(*code);
                assert_eq!((fault.class, fault.code), (class, Some(*code)), "{fault}");
            }
        }
        assert!(
            SMS_CODES.is_sorted_by(|a, b| a.0 < b.0),
            "once each, in order"
        );
    }
}
