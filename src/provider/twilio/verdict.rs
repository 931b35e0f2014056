//! What Twilio's replies mean: one table from error code, and from status where there is no code, to whose fault it is.
//!
//! Sources: Twilio's error dictionary; the Call resource; the page of error 20500, which says that a create may have been
//! carried out after a 5xx; the page of error 20429, which says that a throttled request never is.

use crate::escalation::{Fault, FaultClass};

use FaultClass::{Account, Ambiguous, Callee, Ours, Provider};

/// One known error code.
struct Known {
    code: u32,
    class: FaultClass,
    text: &'static str,
}

const fn known(code: u32, class: FaultClass, text: &'static str) -> Known {
    Known { code, class, text }
}

/// The error codes that a request about a call or a message can bring, in order. What befalls a message later is in
/// [`super::message_codes`].
const KNOWN: &[Known] = &[
    known(10001, Account, "the account is not active"),
    known(10004, Provider, "too many calls at the same time"),
    known(13223, Callee, "the number is badly formed"),
    known(13224, Callee, "the number is not valid"),
    known(13225, Callee, "the number is on a block list"),
    known(13226, Callee, "the number's country is not known"),
    known(13227, Ours, "the account may not reach this country"),
    known(14107, Provider, "too many requests"),
    known(20003, Account, "the credentials were refused"),
    known(20005, Account, "the account is not active"),
    known(20006, Account, "the account may not do this"),
    known(20008, Account, "test credentials cannot do this"),
    known(20403, Account, "the account may not do this"),
    known(20404, Account, "not found: check the account SID"),
    known(20429, Provider, "too many requests at once"),
    known(20500, Ambiguous, "an error inside Twilio"),
    known(20503, Ambiguous, "the service is not available"),
    known(21201, Callee, "no number to call"),
    known(21202, Callee, "a premium number is not called"),
    known(21205, Ours, "one of our URLs is not valid"),
    known(21206, Ours, "the keys to send are not valid"),
    known(21208, Ours, "the ring time-out is not valid"),
    known(21209, Ours, "a callback method is not valid"),
    known(21210, Ours, "the caller id is not verified"),
    known(21211, Callee, "the number is not valid"),
    known(21212, Ours, "the caller id is not valid"),
    known(21213, Ours, "the caller id is missing"),
    known(21214, Callee, "the number cannot be reached"),
    known(21215, Ours, "the account may not reach this country"),
    known(21216, Callee, "the number is on a block list"),
    known(21217, Callee, "the number is not valid"),
    known(21218, Ours, "the application SID is not valid"),
    known(21219, Ours, "a trial account reaches verified numbers only"),
    known(21220, Provider, "the call is not in a state for this"),
    known(21408, Ours, "the account may not reach this country"),
    known(21601, Ours, "the sender cannot write messages"),
    known(21602, Ours, "the message is empty"),
    known(21603, Ours, "the sender is missing"),
    known(21604, Callee, "no number to write to"),
    known(21605, Ours, "the message is too long"),
    known(21606, Ours, "the sender cannot write messages"),
    known(21608, Ours, "a trial account reaches verified numbers only"),
    known(21610, Callee, "the number has opted out"),
    known(21611, Provider, "too many messages wait for this sender"),
    known(
        21612,
        Callee,
        "the number cannot be reached from this sender",
    ),
    known(21614, Callee, "the number is not a mobile"),
    known(21617, Ours, "the message is too long"),
    known(21703, Ours, "the messaging service has no sender"),
    known(21705, Ours, "the messaging service is not valid"),
    known(30001, Provider, "too many messages wait"),
    known(30002, Account, "the account is suspended"),
];

/// The call is over, or was never in the state that the request needs.
pub(super) const WRONG_STATE: u32 = 21220;

/// The code of a throttled request.
const THROTTLED: u32 = 20429;

/// The queue of a sender is full; the message was not taken (error 21611).
const QUEUE_FULL: u32 = 21611;

/// Whether the request was turned away because of too many. Such a request is never carried out, so it may be repeated.
pub(super) fn is_throttled(status: u16, code: Option<u32>) -> bool {
    status == 429
        || (is_refusal(status) && matches!(code, Some(10004 | 14107 | THROTTLED | QUEUE_FULL)))
}

/// Judges a reply that is not a success. `code` is the one in the body, if it has one.
///
/// The status decides first: after a 5xx the request may have been carried out whatever the body says. Then the code;
/// then what the status says by itself, as the body may come from a proxy.
pub(super) fn judge(status: u16, code: Option<u32>) -> Fault {
    let known = KNOWN.iter().find(|known| Some(known.code) == code);
    let (class, text) = match (known, status) {
        (Some(known), 500..) => (Ambiguous, known.text.to_owned()),
        (_, 429) => (Provider, "too many requests at once".to_owned()),
        (Some(known), 400..=499) => (known.class, known.text.to_owned()),
        (_, status) => (by_status(status), format!("HTTP status {status}")),
    };
    let code = code.or((status == 429).then_some(THROTTLED));
    Fault { class, code, text }
}

/// What a status means when the code is unknown. A 404 stands where the account SID or the base URL is wrong. 408 and
/// whatever Twilio does not document (a redirect, a success without a call) prove nothing.
fn by_status(status: u16) -> FaultClass {
    match status {
        401 | 403 | 404 => Account,
        408 => Ambiguous,
        429 => Provider,
        _ if is_refusal(status) => Ours,
        _ => Ambiguous,
    }
}

fn is_refusal(status: u16) -> bool {
    (400..500).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: impl Into<Option<u32>>, class: FaultClass) {
        let code = code.into();
        assert_eq!(judge(status, code).class, class, "{status} {code:?}");
    }

    #[test]
    fn every_documented_code_is_somebodys_fault() {
        for (status, codes, class) in [
            (401, &[20003][..], Account),
            (403, &[20003, 20005, 20006, 20008, 20403], Account),
            (400, &[10001, 30002], Account),
            (404, &[20404], Account),
            (429, &[20429, 10004, 14107], Provider),
            (400, &[20429, 10004, 14107, 21220, 21611, 30001], Provider),
            (
                400,
                &[
                    21201, 21202, 21211, 21214, 21216, 21217, 21604, 21610, 21612, 21614, 13223,
                    13224, 13225, 13226,
                ],
                Callee,
            ),
            (
                400,
                &[
                    21205, 21206, 21208, 21209, 21210, 21212, 21213, 21215, 21218, 21219, 21608,
                    13227, 21601, 21602, 21603, 21605, 21606, 21617, 21703, 21705,
                ],
                Ours,
            ),
            // A number's code outweighs the status that it comes with.
            (403, &[21408, 21215], Ours),
            (404, &[21211], Callee),
            (500, &[20500], Ambiguous),
            (503, &[20503], Ambiguous),
            (400, &[20500, 20503], Ambiguous),
            // After a 5xx the code proves nothing.
            (500, &[20429, 21211, 20003, 21205], Ambiguous),
        ] {
            for code in codes {
                check(status, *code, class);
            }
        }
    }

    #[test]
    fn a_status_without_a_known_code_speaks_for_itself() {
        for (statuses, class) in [
            (&[401, 403, 404][..], Account),
            (&[429], Provider),
            (&[400, 405, 409, 410, 413, 415, 422, 499], Ours),
            (&[408, 500, 502, 503, 504, 520, 599], Ambiguous),
            (&[200, 202, 204, 301, 302, 307, 308], Ambiguous),
        ] {
            for status in statuses {
                check(*status, None, class);
                check(*status, 99_999, class);
            }
        }
    }

    #[test]
    fn only_a_throttled_request_may_be_repeated() {
        for (status, code, throttled) in [
            (429, None, true),
            (429, Some(20429), true),
            (429, Some(21211), true),
            (400, Some(20429), true),
            (400, Some(10004), true),
            (400, Some(14107), true),
            (400, Some(21611), true),
            (500, Some(20429), false),
            (503, None, false),
            (400, None, false),
            (400, Some(21211), false),
            (201, Some(20429), false),
        ] {
            assert_eq!(is_throttled(status, code), throttled, "{status} {code:?}");
        }
    }

    #[test]
    fn a_throttled_request_has_a_code_even_without_a_body() {
        assert_eq!(judge(429, None).code, Some(20429));
        assert_eq!(judge(503, None).code, None);
    }

    #[test]
    fn the_table_names_each_code_once_in_order() {
        assert!(KNOWN.is_sorted_by(|a, b| a.code < b.code));
    }
}
