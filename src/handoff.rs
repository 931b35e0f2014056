//! How a plugin hands an event over so that it cannot be lost (P1), and how the core takes it.
//!
//! The hand-off path of a plugin uses no runtime, no store and no TLS unless a remote core is configured: it is to end
//! within a millisecond or two.

pub mod core_lock;
mod remote;
mod spool;
mod spool_reader;
mod spool_watch;
mod start;

pub use core_lock::{CoreLock, LockError, Starting};
pub use remote::Refusal;
pub use spool::{Spool, SpoolError};
pub use spool_reader::{Claim, SpoolReader};
pub use spool_watch::SpoolWatch;
pub use start::{StartError, detach, log_path};

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use secrecy::SecretString;

use crate::alert::{Event, EventError, EventId, Limits};

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
///
/// The deadline holds for whatever waits: other hosts, a core that starts. A disk that hangs cannot be left waiting.
pub fn hand_over(settings: &Settings, event: &Event) -> Result<HandedTo, HandOffError> {
    let deadline = Instant::now() + settings.deadline;
    let json = to_json(event)?;
    if settings.cores.is_empty() {
        hand_over_here(settings, &event.id, &json, deadline)
    } else {
        hand_over_there(settings, &event.id, &json, deadline)
    }
}

/// The event as JSON that a core is sure to read: what is accepted here must not be refused there. If it is too long,
/// what people wrote is cut, and then what a call can do without is left out.
fn to_json(event: &Event) -> Result<Vec<u8>, EventError> {
    let write = |event: &Event| {
        serde_json::to_vec(event).map_err(|error| EventError::Json(error.to_string()))
    };
    event.check()?;
    let mut json = write(event)?;
    if json.len() <= Limits::EVENT_BYTES {
        return Ok(json);
    }
    let mut event = event.clone().fit();
    let shorten: [fn(&mut Event); 3] = [
        |_| {},
        |event| event.variables.clear(),
        |event| event.message.clear(),
    ];
    for shorten in shorten {
        shorten(&mut event);
        json = write(&event)?;
        if json.len() <= Limits::EVENT_BYTES {
            break;
        }
    }
    Event::from_json(&json)?;
    Ok(json)
}

/// The event is written before anybody looks for a core: a core that ends in between leaves it on disk for the next.
fn hand_over_here(
    settings: &Settings,
    id: &EventId,
    json: &[u8],
    deadline: Instant,
) -> Result<HandedTo, HandOffError> {
    Spool::new(&settings.spool).write(id, json)?;
    if core_lock::is_core_ready(&settings.state_dir)? {
        return Ok(HandedTo::Spool);
    }
    if !settings.start_core {
        let spool = settings.spool.clone();
        return Err(HandOffError::NoCore { spool });
    }
    start::start_core(settings, deadline)?;
    Ok(HandedTo::StartedCore)
}

/// If no remote core takes the event, a core that runs on this host does. Otherwise nothing is left in the spool: a core
/// that comes up later would ring for what the monitor has handed to another one by then.
fn hand_over_there(
    settings: &Settings,
    id: &EventId,
    json: &[u8],
    deadline: Instant,
) -> Result<HandedTo, HandOffError> {
    let refusals = match remote::offer(&settings.cores, id, json, deadline) {
        Ok(url) => return Ok(HandedTo::Remote(url)),
        Err(refusals) => refusals,
    };
    if core_lock::is_core_ready(&settings.state_dir).unwrap_or(false)
        && Spool::new(&settings.spool).write(id, json).is_ok()
    {
        return Ok(HandedTo::Spool);
    }
    Err(HandOffError::Refused(Refusals(refusals)))
}

/// Why an event was not handed over. One line each, without secrets, that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum HandOffError {
    /// The event breaks a bound.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The spool does not take it.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Nobody can tell whether a core runs.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It is in the spool, but nobody reads that.
    #[error(
        "no core reads the spool {}, where the event waits; start the rinban service, or set `start_core`",
        .spool.display()
    )]
    NoCore {
        /// The spool.
        spool: PathBuf,
    },
    /// It is in the spool, but no core could be started to read that.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No core on another host has taken it.
    #[error("no core has taken the event: {0}")]
    Refused(Refusals),
}

/// What each of the cores said, in the order of the configuration.
#[derive(Debug)]
pub struct Refusals(pub Vec<Refusal>);

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, refusal) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{refusal}")?;
        }
        Ok(())
    }
}
