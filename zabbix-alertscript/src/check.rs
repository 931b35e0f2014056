//! `--check`: would an event of this user reach a core? Run it as the user of the Zabbix server.

use std::{fs, path::Path};

use rinban::handoff::Settings;

use crate::{
    core::{self, CoreError},
    run::{Status, complain, one_line, say},
};

/// Checks configuration, spool and core, one line each on standard output.
pub(crate) fn check(config: Option<&Path>) -> Status {
    let _ = say(&format!("user: uid {}\n", nix::unistd::geteuid()));
    let settings = match core::settings(config) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&one_line(&*error));
            return Status::NotHandedOver;
        }
    };
    let _ = say(&format!(
        "configuration: {} is good\n",
        settings.config_path.display()
    ));
    match way(&settings) {
        Ok(way) => {
            let _ = say(&way);
            Status::Accepted
        }
        Err(error) => {
            complain(&one_line(&*error));
            Status::NotHandedOver
        }
    }
}

/// The same, silent unless something is wrong: the answer to Zabbix's Test button.
pub(crate) fn way_is_free(settings: &Settings) -> Status {
    match way(settings) {
        Ok(_) => Status::Accepted,
        Err(error) => {
            complain(&one_line(&*error));
            Status::NotHandedOver
        }
    }
}

/// How an event would go, or what is in its way.
fn way(settings: &Settings) -> Result<String, CoreError> {
    if !settings.cores.is_empty() {
        return Ok(settings
            .cores
            .iter()
            .map(|core| format!("core: {} (asked when an event is handed over)\n", core.url))
            .collect());
    }
    let spool = writable(&settings.spool)?;
    let core = if core::core_runs(settings)? {
        "core: runs on this host\n"
    } else if settings.start_core {
        "core: none runs on this host; the next event starts one\n"
    } else {
        return Err(format!(
            "no core holds the lock in {}; start rinban, or set start_core = true",
            settings.state_dir.display()
        )
        .into());
    };
    Ok(spool + core)
}

/// Writes and removes a file where an event would be written first.
fn writable(spool: &Path) -> Result<String, CoreError> {
    let name = format!(".check-{}", std::process::id());
    for part in ["tmp", "new"] {
        let dir = spool.join(part);
        let probe = dir.join(&name);
        fs::create_dir_all(&dir)
            .and_then(|()| fs::write(&probe, b""))
            .and_then(|()| fs::remove_file(&probe))
            .map_err(|error| {
                let uid = nix::unistd::geteuid();
                format!(
                    "spool {} is not writable for uid {uid}: {error}",
                    dir.display()
                )
            })?;
    }
    Ok(format!("spool: {} is writable\n", spool.display()))
}
