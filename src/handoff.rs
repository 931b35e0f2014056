//! How a plugin hands an event over so that it cannot be lost (P1), and how the core takes it.
//!
//! The hand-off path of a plugin uses no runtime, no store and no TLS unless a remote core is configured: it is to end
//! within a millisecond or two.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::alert::Event;

/// What the hand-off needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configuration file, handed on to a core that is started.
    pub config_path: PathBuf,
    /// The directory of the store and of the locks.
    pub state_dir: PathBuf,
    /// The maildir-like spool: `tmp/` and `new/`.
    pub spool: PathBuf,
    /// Remote cores, asked in turn; none means the spool of this host.
    pub cores: Vec<RemoteCore>,
    /// Whether a core may be started when none runs on this host.
    pub start_core: bool,
    /// The bound on the whole hand-off, whatever hangs.
    pub deadline: Duration,
}

/// A core on another host.
#[derive(Clone, Debug)]
pub struct RemoteCore {
    /// Its address without path, such as `https://core1.example.com`.
    pub url: String,
    /// Our API key there.
    pub api_key: SecretString,
}

/// Who has the event now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedTo {
    /// The spool of this host, which a running core reads.
    Spool,
    /// The spool of this host, and a core that was started for it.
    StartedCore,
    /// A remote core; its address.
    Remote(String),
}

/// Hands the event over: returns only when it is durable and somebody is sure to read it.
pub fn hand_over(_settings: &Settings, _event: &Event) -> Result<HandedTo, HandOffError> {
    Err(HandOffError::NotBuilt)
}

/// Why an event was not handed over. One line each, without secrets, that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum HandOffError {
    /// Placeholder.
    #[error("not built")]
    NotBuilt,
}
