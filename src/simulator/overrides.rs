//! Connection overrides: how patiently a webhook is delivered, written as the fragment of its address
//! (reference: Twilio, Connection overrides).

use std::time::Duration;

/// The hard ceiling for every request that belongs to a call, retries included.
pub(super) const TOTAL_LIMIT: Duration = Duration::from_millis(15_000);

/// How a webhook is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Overrides {
    /// `ct`
    pub(super) connect_timeout: Duration,
    /// `rt`, also between two pieces of a reply.
    pub(super) read_timeout: Duration,
    /// `tt`, retries included.
    pub(super) total_timeout: Duration,
    /// `rc`: how many times it is tried again.
    pub(super) retries: u32,
    /// `rp`: what is tried again.
    pub(super) retry_on: Vec<RetryOn>,
}

/// What is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryOn {
    ClientError,
    ServerError,
    ConnectFailure,
    ReadTimeout,
}

impl Default for Overrides {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_millis(5_000),
            read_timeout: TOTAL_LIMIT,
            total_timeout: TOTAL_LIMIT,
            retries: 1,
            retry_on: vec![RetryOn::ConnectFailure],
        }
    }
}

impl Overrides {
    /// Reads the fragment of an address. Names that it does not know are left alone: a fragment may mean something else.
    ///
    /// # Errors
    /// The carrier's error code: 11240 and 11241 for edges, 11243 for retry policies and numbers out of range.
    pub(super) fn parse(fragment: &str) -> Result<Self, u32> {
        let mut overrides = Self::default();
        let millis = |value: &str, least: u64, most: u64| {
            let number = value.parse().map_err(|_| 11243_u32)?;
            let in_range = (least..=most).contains(&number);
            in_range
                .then(|| Duration::from_millis(number))
                .ok_or(11243_u32)
        };
        for pair in fragment.split('&') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            match name {
                "ct" => overrides.connect_timeout = millis(value, 100, 10_000)?,
                "rt" => overrides.read_timeout = millis(value, 100, 15_000)?,
                "tt" => overrides.total_timeout = millis(value, 100, 15_000)?,
                "rc" => overrides.retries = retries(value)?,
                "rp" => overrides.retry_on = retry_policy(value)?,
                "e" => edges(value)?,
                _ => {}
            }
        }
        Ok(overrides)
    }
}

fn retries(value: &str) -> Result<u32, u32> {
    let count = value.parse().ok().filter(|count| *count <= 5);
    count.ok_or(11243)
}

fn retry_policy(value: &str) -> Result<Vec<RetryOn>, u32> {
    use RetryOn::{ClientError, ConnectFailure, ReadTimeout, ServerError};
    let mut retry_on = Vec::new();
    for name in value.split(',') {
        match name {
            "4xx" => retry_on.push(ClientError),
            "5xx" => retry_on.push(ServerError),
            "ct" => retry_on.push(ConnectFailure),
            "rt" => retry_on.push(ReadTimeout),
            "all" => retry_on.extend([ClientError, ServerError, ConnectFailure, ReadTimeout]),
            _ => return Err(11243),
        }
    }
    Ok(retry_on)
}

fn edges(value: &str) -> Result<(), u32> {
    const EDGES: [&str; 8] = [
        "ashburn",
        "dublin",
        "frankfurt",
        "sao-paulo",
        "singapore",
        "sydney",
        "tokyo",
        "umatilla",
    ];
    let known = |edge: &str| EDGES.contains(&edge.strip_suffix("-ix").unwrap_or(edge));
    value.split(',').all(known).then_some(()).ok_or(11240)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_fragment_the_carriers_defaults_hold() {
        assert_eq!(Overrides::parse(""), Ok(Overrides::default()));
        assert_eq!(Overrides::parse("section-2"), Ok(Overrides::default()));
    }

    #[test]
    fn all_overrides_are_read() {
        let overrides =
            Overrides::parse("ct=2000&rt=5000&tt=9000&rc=3&rp=5xx,ct,rt&e=tokyo,ashburn-ix&sni=y");
        let expected = Overrides {
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(9),
            retries: 3,
            retry_on: vec![
                RetryOn::ServerError,
                RetryOn::ConnectFailure,
                RetryOn::ReadTimeout,
            ],
        };
        assert_eq!(overrides, Ok(expected));
        assert_eq!(Overrides::parse("rp=all").map(|o| o.retry_on.len()), Ok(4));
    }

    #[test]
    fn wrong_overrides_have_the_carriers_codes() {
        for (fragment, code) in [
            ("rc=6", 11243),
            ("rc=-1", 11243),
            ("rc=", 11243),
            ("rp=3xx", 11243),
            ("rp=", 11243),
            ("ct=99", 11243),
            ("ct=10001", 11243),
            ("rt=15001", 11243),
            ("tt=x", 11243),
            ("e=mars", 11240),
        ] {
            assert_eq!(Overrides::parse(fragment), Err(code), "{fragment}");
        }
    }
}
