//! Connection overrides.

use std::time::Duration;

use crate::twilio::wire::{Reply, WireError};

/// What is granted to one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overrides {
    pub(super) connect: Duration,
    pub(super) read: Duration,
    /// For all tries together.
    pub(super) total: Duration,
    /// Tries after the first.
    pub(super) retries: u32,
    on: RetryOn,
}

/// What is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RetryOn {
    no_connection: bool,
    no_reply: bool,
    client_errors: bool,
    server_errors: bool,
}

/// The documented defaults: one more try, if there was no connection.
const USUAL: Overrides = Overrides {
    connect: Duration::from_secs(5),
    read: Duration::from_secs(15),
    total: Duration::from_secs(15),
    retries: 1,
    on: RetryOn {
        no_connection: true,
        no_reply: false,
        client_errors: false,
        server_errors: false,
    },
};

impl Overrides {
    /// Reads a fragment. What is unknown or out of bounds keeps its default; the linter is there to tell.
    pub(super) fn read(fragment: &str) -> Self {
        let pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
        pairs.fold(USUAL, |overrides, (name, value)| {
            overrides.with(name, value).unwrap_or(overrides)
        })
    }

    fn with(self, name: &str, value: &str) -> Option<Self> {
        let millis = |most: u64| {
            let millis = value.parse().ok();
            let millis = millis.filter(|millis| (100..=most).contains(millis));
            millis.map(Duration::from_millis)
        };
        Some(match name {
            "ct" => Self {
                connect: millis(10_000)?,
                ..self
            },
            "rt" => Self {
                read: millis(15_000)?,
                ..self
            },
            "tt" => Self {
                total: millis(15_000)?,
                ..self
            },
            "rc" => Self {
                retries: value.parse().ok().filter(|retries| *retries <= 5)?,
                ..self
            },
            "rp" => Self {
                on: RetryOn::read(value),
                ..self
            },
            _ => return None,
        })
    }

    /// Whether what came of a try is worth another.
    pub(super) fn repeats(&self, result: &Result<Reply, WireError>) -> bool {
        match result {
            Ok(reply) => match reply.status {
                400..500 => self.on.client_errors,
                500.. => self.on.server_errors,
                _ => false,
            },
            Err(WireError::Timeout(_)) => self.on.no_reply,
            Err(error) => error.is_unreachable() && self.on.no_connection,
        }
    }
}

impl RetryOn {
    fn read(list: &str) -> Self {
        let has = |name: &str| list.split(',').any(|given| given == name || given == "all");
        Self {
            no_connection: has("ct"),
            no_reply: has("rt"),
            client_errors: has("4xx"),
            server_errors: has("5xx"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_overrides_what_it_names_and_nothing_else() {
        let read = Overrides::read("rc=3&rp=5xx,rt&ct=2000&rt=99&tt=soon&e=tokyo");
        let on = RetryOn {
            server_errors: true,
            no_reply: true,
            ..RetryOn::default()
        };
        let expected = Overrides {
            connect: Duration::from_secs(2),
            retries: 3,
            on,
            ..USUAL
        };
        assert_eq!(read, expected);
        assert_eq!(Overrides::read(""), USUAL);
        assert_eq!(Overrides::read("rc=6"), USUAL);
    }

    #[test]
    fn only_what_is_listed_is_tried_again() {
        let replied = |status| {
            Ok(Reply {
                status,
                headers: Vec::new(),
                body: Vec::new(),
            })
        };
        let refused = || Err(WireError::Connect(String::new()));
        let slow = || Err(WireError::Timeout(Duration::ZERO));
        for (list, again) in [
            ("ct", [false, false, false, true, false]),
            ("5xx", [false, false, true, false, false]),
            ("4xx,rt", [false, true, false, false, true]),
            ("all", [false, true, true, true, true]),
        ] {
            let overrides = Overrides::read(&format!("rp={list}"));
            let results = [replied(200), replied(404), replied(500), refused(), slow()];
            let repeats = results.map(|result| overrides.repeats(&result));
            assert_eq!(repeats, again, "{list}");
        }
    }
}
