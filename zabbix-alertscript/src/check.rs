//! `--check`: would an event of this user reach a core? Run it as the user of the Zabbix server.

use std::{fs, net::TcpStream, path::Path, time::Duration};

use nix::unistd::{AccessFlags, access};
use rinban::handoff::Settings;
use url::Url;

use crate::run::{Status, complain, one_line, say};
use rinban::plugin::{self, CoreError};

/// How long one core may take to answer; Zabbix waits 40 s in all.
const CONNECT: Duration = Duration::from_secs(1);

/// Checks configuration, spool and core, one line each on standard output.
pub(crate) fn check(config: Option<&Path>) -> Status {
    let _ = say(&format!("user: uid {}\n", nix::unistd::geteuid()));
    let settings = match plugin::settings(config) {
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
        return remote_way(settings);
    }
    let spool = writable(&settings.spool)?;
    let core = if plugin::core_runs(settings)? {
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

/// One core that answers is enough. What it says is seen by whoever hands an event over.
fn remote_way(settings: &Settings) -> Result<String, CoreError> {
    let mut lines = String::new();
    let mut failed = Vec::new();
    for core in &settings.cores {
        match connect(&core.url) {
            Ok(()) => lines.push_str(&format!("core: {} can be reached\n", core.url)),
            Err(error) => failed.push(format!("{} cannot be reached ({error})", core.url)),
        }
    }
    if lines.is_empty() {
        return Err(failed.join(", ").into());
    }
    Ok(lines
        + &failed
            .iter()
            .map(|line| format!("core: {line}\n"))
            .collect::<String>())
}

fn connect(url: &str) -> Result<(), CoreError> {
    let mut last = "it has no address".into();
    for address in Url::parse(url)?.socket_addrs(|| None)? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// Writes and removes a file where an event is written first, and asks whether it could be moved to where the core
/// reads: a file there would be taken for an event.
fn writable(spool: &Path) -> Result<String, CoreError> {
    let (tmp, new) = (spool.join("tmp"), spool.join("new"));
    let probe = tmp.join(format!(".check-{}", std::process::id()));
    fs::create_dir_all(&tmp)
        .and_then(|()| fs::create_dir_all(&new))
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe))
        .and_then(|()| Ok(access(&new, AccessFlags::W_OK | AccessFlags::X_OK)?))
        .map_err(|error| {
            let uid = nix::unistd::geteuid();
            format!(
                "spool {} is not writable for uid {uid}: {error}",
                spool.display()
            )
        })?;
    Ok(format!("spool: {} is writable\n", spool.display()))
}
