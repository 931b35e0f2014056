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
    if settings.start_core {
        start::start_core(settings, deadline)?;
        return Ok(HandedTo::StartedCore);
    }
    if start::is_core_coming(&settings.state_dir, deadline)? {
        return Ok(HandedTo::Spool);
    }
    let spool = settings.spool.clone();
    Err(HandOffError::NoCore { spool })
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use tempfile::TempDir;

    use super::*;
    use crate::alert::samples::event;

    fn settings(dir: &TempDir) -> Settings {
        Settings {
            config_path: dir.path().join("rinban.toml"),
            state_dir: dir.path().join("state"),
            spool: dir.path().join("spool"),
            cores: Vec::new(),
            start_core: false,
            deadline: Duration::from_secs(5),
        }
    }

    fn dir() -> TempDir {
        TempDir::new().expect("a temporary directory")
    }

    fn run_core(settings: &Settings) -> CoreLock {
        CoreLock::begin(&settings.state_dir)
            .and_then(Starting::ready)
            .expect("there is no other")
    }

    fn waiting(settings: &Settings) -> Vec<Event> {
        let found = SpoolReader::open(&settings.spool)
            .and_then(|mut reader| reader.claim(10))
            .expect("reads");
        found.into_iter().map(|(event, _)| event).collect()
    }

    /// A core at an address where nobody listens.
    fn absent() -> RemoteCore {
        RemoteCore {
            url: "http://127.0.0.1:1".to_owned(),
            api_key: "s3cret".to_owned().into(),
        }
    }

    #[test]
    fn with_a_core_on_this_host_the_event_is_in_its_spool() {
        let dir = dir();
        let settings = settings(&dir);
        let _core = run_core(&settings);
        let handed = hand_over(&settings, &event()).expect("is handed over");
        assert_eq!(handed, HandedTo::Spool);
        assert_eq!(waiting(&settings), [event()]);
    }

    #[test]
    fn without_a_reader_it_fails_and_the_event_waits() {
        let dir = dir();
        let settings = settings(&dir);
        drop(run_core(&settings));
        let error = hand_over(&settings, &event()).expect_err("nobody reads the spool");
        assert!(matches!(error, HandOffError::NoCore { .. }), "{error}");
        assert_eq!(waiting(&settings), [event()]);
    }

    #[test]
    fn a_core_that_never_gets_ready_is_no_reader() {
        let dir = dir();
        let settings = Settings {
            deadline: Duration::from_millis(100),
            ..settings(&dir)
        };
        let _starting = CoreLock::begin(&settings.state_dir).expect("begins");
        let error = hand_over(&settings, &event()).expect_err("nobody reads the spool yet");
        assert!(matches!(error, HandOffError::NoCore { .. }), "{error}");
    }

    #[test]
    fn an_unwritable_spool_is_an_error_even_with_a_core() {
        let dir = dir();
        fs::write(dir.path().join("spool"), "a file").expect("writes");
        let settings = settings(&dir);
        let _core = run_core(&settings);
        let error = hand_over(&settings, &event()).expect_err("no spool");
        assert!(matches!(error, HandOffError::Spool(_)), "{error}");
    }

    #[test]
    fn when_no_remote_core_answers_the_one_on_this_host_takes_it() {
        let dir = dir();
        let settings = Settings {
            cores: vec![absent(), absent()],
            ..settings(&dir)
        };
        let core = run_core(&settings);
        let handed = hand_over(&settings, &event()).expect("is handed over");
        assert_eq!(handed, HandedTo::Spool);
        assert_eq!(waiting(&settings), [event()]);

        drop(core);
        fs::remove_dir_all(&settings.spool).expect("removes");
        let error = hand_over(&settings, &event()).expect_err("nobody takes it");
        let text = error.to_string();
        assert!(
            text.starts_with("no core has taken the event: http://127.0.0.1:1: "),
            "{text}"
        );
        assert!(!text.contains("s3cret") && !text.contains('\n'), "{text}");
        assert!(!settings.spool.exists(), "nothing is left to ring later");
    }

    #[test]
    fn an_event_without_an_id_is_refused_before_anything_is_written() {
        let dir = dir();
        let settings = settings(&dir);
        let nameless = Event {
            id: "".into(),
            ..event()
        };
        let error = hand_over(&settings, &nameless).expect_err("no id");
        assert!(matches!(error, HandOffError::Event(_)), "{error}");
        assert!(!settings.spool.exists());
    }

    #[test]
    fn an_event_that_is_too_long_is_shortened_until_the_core_reads_it() {
        let keys = |bytes: usize| (0..60).map(move |n| format!("{n}{}", "k".repeat(bytes)));
        for (message, variables) in [
            ("m".repeat(300_000), BTreeMap::new()),
            ("\u{1}".repeat(60_000), BTreeMap::new()),
            (
                "m".into(),
                keys(10).map(|key| (key, "\u{1}".repeat(5_000))).collect(),
            ),
            (
                "m".into(),
                keys(10_000).map(|key| (key, "v".into())).collect(),
            ),
        ] {
            let long = Event {
                message,
                variables,
                ..event()
            };
            let json = to_json(&long).expect("is shortened");
            assert!(json.len() <= Limits::EVENT_BYTES);
            let read = Event::from_json(&json).expect("a core reads it");
            assert_eq!((read.id, read.title), (long.id, long.title));
            assert!(!read.message.is_empty());
        }
    }
}
