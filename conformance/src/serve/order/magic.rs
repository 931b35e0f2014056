//! Which number may call, and the numbers by which applications are tested (page Test Credentials).
//!
//! The numbers that fail do so on any account, since no phone has them; that only +15005550006 may call holds for test
//! credentials.

use super::Numbers;
use crate::serve::refusal::Refusal;

const OWN: &str = "+15005550006";

const CALL_TO: [(&str, u32, &str); 4] = [
    ("+15005550001", 21217, "is not a valid phone number"),
    ("+15005550002", 21214, "cannot be reached"),
    (
        "+15005550003",
        21215,
        "is in a country that the account may not call",
    ),
    ("+15005550004", 21216, "is on a block list"),
];

const MESSAGE_TO: [(&str, u32, &str); 5] = [
    ("+15005550001", 21211, "is not a valid phone number"),
    ("+15005550002", 21612, "cannot be reached by SMS"),
    (
        "+15005550003",
        21408,
        "is in a country that the account may not write to",
    ),
    ("+15005550004", 21610, "has opted out"),
    ("+15005550009", 21614, "is not a mobile number"),
];

const MESSAGE_FROM: [(&str, u32, &str); 3] = [
    ("+15005550001", 21212, "is not a valid phone number"),
    ("+15005550007", 21606, "cannot send SMS from this account"),
    (
        "+15005550008",
        21611,
        "has more messages queued than it may have",
    ),
];

fn failing(table: &[(&str, u32, &str)], name: &str, number: &str) -> Result<(), Refusal> {
    let found = table.iter().find(|(magic, ..)| *magic == number);
    found.map_or(Ok(()), |(_, code, why)| {
        let message = format!("The '{name}' number {number} {why}.");
        Err(Refusal::bad(*code, message))
    })
}

fn may_send(numbers: &Numbers, from: &str, refused: u32) -> Result<(), Refusal> {
    let is_own = match numbers.is_test {
        true => from == OWN,
        false => numbers.own.is_empty() || numbers.own.iter().any(|own| own == from),
    };
    let message = || format!("The source phone number {from} is not verified for your account.");
    is_own
        .then_some(())
        .ok_or_else(|| Refusal::bad(refused, message()))
}

/// Who calls whom.
pub(super) fn call(numbers: &Numbers, from: &str, to: &str) -> Result<(), Refusal> {
    failing(&MESSAGE_FROM[..1], "From", from)?;
    may_send(numbers, from, 21210)?;
    failing(&CALL_TO, "To", to)
}

/// Who writes to whom.
pub(super) fn message(numbers: &Numbers, from: &str, to: &str) -> Result<(), Refusal> {
    failing(&MESSAGE_FROM, "From", from)?;
    may_send(numbers, from, 21606)?;
    failing(&MESSAGE_TO, "To", to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: Result<(), Refusal>, code: u32) {
        let found = found.err().map_or(0, |refusal| refusal.code);
        assert_eq!(found, code);
    }

    #[test]
    fn the_magic_numbers_fail_as_documented_and_other_numbers_do_not() {
        let (any, test) = (
            Numbers::default(),
            Numbers {
                is_test: true,
                ..Numbers::default()
            },
        );
        for (to, called, written) in [
            ("+15005550001", 21217, 21211),
            ("+15005550002", 21214, 21612),
            ("+15005550003", 21215, 21408),
            ("+15005550004", 21216, 21610),
            ("+15005550009", 0, 21614),
            ("+819012345678", 0, 0),
        ] {
            check(call(&test, OWN, to), called);
            check(message(&test, OWN, to), written);
            check(call(&any, "+81501234567", to), called);
        }
        for (from, calls, writes) in [
            ("+15005550001", 21212, 21212),
            ("+15005550007", 21210, 21606),
            ("+15005550008", 21210, 21611),
            ("+81501234567", 21210, 21606),
        ] {
            check(call(&test, from, "+819012345678"), calls);
            check(message(&test, from, "+819012345678"), writes);
        }
    }

    #[test]
    fn an_account_calls_from_its_own_numbers_only() {
        let own = Numbers {
            own: vec!["+81501234567".to_owned()],
            is_test: false,
        };
        check(call(&own, "+81501234567", "+819012345678"), 0);
        check(call(&own, "+81501234568", "+819012345678"), 21210);
        check(message(&own, "+81501234568", "+819012345678"), 21606);
    }
}
