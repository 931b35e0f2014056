//! What a stand-in is to be: the account, the people, the faults, the speed.

use std::{net::SocketAddr, path::PathBuf};

use secrecy::SecretString;

use super::{
    faults::{Plan, Rate},
    order::Numbers,
    people::People,
};
use crate::twilio::twiml::Target;

/// A stand-in that is to be started.
#[derive(Debug)]
pub struct Options {
    /// Where the API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where it listens for TLS besides, with a certificate that fits nobody.
    pub listen_tls: Option<SocketAddr>,
    /// `AC...`
    pub account_sid: String,
    /// The account's password, and the key of all signatures.
    pub auth_token: SecretString,
    /// Further credentials for the API: SID and secret.
    pub api_keys: Vec<(String, SecretString)>,
    /// Who may call and write.
    pub numbers: Numbers,
    /// Where messages to the account's numbers are handed over, as the console sets it for a number.
    pub sms_url: Option<Target>,
    /// Who is reached, and what they do.
    pub people: People,
    /// What goes wrong by plan.
    pub plan: Plan,
    /// Decides what goes wrong by chance.
    pub seed: u64,
    /// How probable that is.
    pub rates: Vec<Rate>,
    /// How much faster phone time runs than real time.
    pub speed: f64,
    /// How many calls are dialled in a second of phone time; more are queued.
    pub calls_per_second: f64,
    /// How many requests may be under way at the same time; more get 429.
    pub requests_at_once: usize,
    /// Certificates that are trusted at webhooks besides the usual ones (PEM).
    pub ca_file: Option<PathBuf>,
    /// How many records of the journal are kept.
    pub kept: usize,
    /// Whether the journal is printed.
    pub is_printed: bool,
}

impl Options {
    /// An account on a free port of loopback; everybody answers and presses 1, and nothing goes wrong.
    pub fn new(account_sid: &str, auth_token: &str) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            listen_tls: None,
            account_sid: account_sid.to_owned(),
            auth_token: auth_token.into(),
            api_keys: Vec::new(),
            numbers: Numbers::default(),
            sms_url: None,
            people: People::default(),
            plan: Plan::default(),
            seed: 0,
            rates: Vec::new(),
            speed: 1.0,
            calls_per_second: 1.0,
            requests_at_once: 100,
            ca_file: None,
            kept: 100_000,
            is_printed: false,
        }
    }
}
