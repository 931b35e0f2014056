//! What every plugin needs of the core: where events go, whether a core runs, and being the core.

use std::{error::Error, ffi::OsString, path::Path, process::ExitCode};

use crate::{
    alert::Event,
    cli, config,
    handoff::{self, Settings, core_lock},
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

/// Is the core: every one of our programs can be.
pub fn run_core(args: Vec<OsString>) -> ExitCode {
    cli::run(args)
}
