//! Seam towards the core: configuration, hand-off, and whether a core runs.

use std::{
    error::Error,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use rinban::{alert::Event, handoff::Settings};

/// Any error of the core, to be printed.
pub(crate) type CoreError = Box<dyn Error>;

pub(crate) fn settings(config: Option<&Path>) -> Result<Settings, CoreError> {
    let config_path = config.map_or_else(
        || PathBuf::from("/etc/rinban/rinban.toml"),
        Path::to_path_buf,
    );
    fs::metadata(&config_path).map_err(|e| format!("{}: {e}", config_path.display()))?;
    let state_dir = config_path
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    Ok(Settings {
        spool: state_dir.join("spool"),
        state_dir,
        config_path,
        cores: Vec::new(),
        start_core: false,
        deadline: std::time::Duration::from_secs(5),
    })
}

pub(crate) fn hand_over(settings: &Settings, event: &Event) -> Result<(), CoreError> {
    if !core_runs(settings) {
        return Err("no core".into());
    }
    let new = settings.spool.join("new");
    fs::create_dir_all(&new)?;
    let name = format!("{}.json", event.id.as_str().replace('/', "_"));
    fs::write(new.join(name), serde_json::to_vec(event)?)?;
    Ok(())
}

pub(crate) fn core_runs(settings: &Settings) -> bool {
    fs::File::open(settings.state_dir.join("core.lock"))
        .is_ok_and(|file| file.try_lock_shared().is_err())
}

pub(crate) fn run_core(_args: Vec<OsString>) -> ExitCode {
    ExitCode::FAILURE
}
