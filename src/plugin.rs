//! What every plugin needs of the core: where events go, whether a core runs, and being the core.

mod reach;

use std::{error::Error, ffi::OsString, path::Path, process::ExitCode, time::Duration};

use crate::{
    alert::Event,
    cli, config,
    handoff::{self, Settings, core_lock},
    store::{Reader, StoreError},
};

/// Any error of the core, to be printed.
pub type CoreError = Box<dyn Error + Send + Sync>;

/// Where events go, by the configuration that is named, or the one that is found.
pub fn settings(config: Option<&Path>) -> Result<Settings, CoreError> {
    Ok(config::handoff_settings(&config::locate(config)?)?)
}

/// Hands the event over: durable, and somebody is sure to read it.
pub fn hand_over(settings: &Settings, event: &Event) -> Result<(), CoreError> {
    handoff::hand_over(settings, event)?;
    Ok(())
}

/// Whether a core on this host reads the spool.
pub fn core_runs(settings: &Settings) -> Result<bool, CoreError> {
    Ok(core_lock::is_core_ready(&settings.state_dir)?)
}

/// How much the last core has left open: alerts, and events that it had accepted; nothing if there never was one. To be
/// asked while no core runs.
pub fn left_open(settings: &Settings) -> Result<usize, CoreError> {
    let snapshot = match Reader::open(&settings.state_dir) {
        Err(StoreError::Missing { .. }) => return Ok(0),
        store => store?.snapshot()?,
    };
    Ok(snapshot.alerts.len() + snapshot.inbox.len())
}

/// The HTTP status with which `url` answers a GET, within `timeout`; the error is one line. Over TLS as for carriers.
pub fn reach(url: &str, timeout: Duration) -> Result<u16, String> {
    reach::reach(url, timeout)
}

/// Is the core: every one of our programs can be.
pub fn run_core(args: Vec<OsString>) -> ExitCode {
    cli::run(args)
}
