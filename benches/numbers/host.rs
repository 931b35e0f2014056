//! A host with a configuration and, if wanted, somebody who holds the core lock, so that the spool is enough.

use std::{
    fs::{self, File, Permissions},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rinban::config::Config;
use tempfile::TempDir;

use crate::programs::{programs, scratch};

/// The API key of the load.
pub(crate) const API_KEY: &str = "a-key-of-the-benchmark";

/// One host, in a directory that goes with it.
#[derive(Debug)]
pub(crate) struct Host {
    dir: TempDir,
    lock: Option<File>,
}

impl Host {
    /// The configuration that `rinban init` writes, in which everybody's phone rings out.
    pub(crate) fn new() -> Self {
        let people = |text: &str| text.replace(r#"["busy", "key 1"]"#, r#"["no answer"]"#);
        let text = include_str!("../../src/cli/init.toml");
        let text = people(text).replace("127.0.0.1:8075", &free_address().to_string());
        Self::with_config(&format!(
            "{text}\"+819000000002\" = [\"no answer\"]\n\"+819000000003\" = [\"no answer\"]\n"
        ))
    }

    /// A configuration of one's own; `"@"` stands for the state directory, and an API key is added. No core is started.
    pub(crate) fn with_config(text: &str) -> Self {
        let dir = TempDir::new_in(scratch()).expect("a directory");
        let text = text.replace("\"@\"", &format!("{:?}", dir.path().join("state")));
        let key = dir.path().join("key");
        private_file(&key, API_KEY);
        let keys = format!(
            "[[server.api_keys]]\nname = \"load\"\nkey_file = {key:?}\nper_minute = 1000000000\nper_day = 1000000000\n[handoff]\nstart_core = false"
        );
        let text = text.replacen("[handoff]", &keys, 1);
        fs::write(dir.path().join("rinban.toml"), text).expect("a configuration");
        Self { dir, lock: None }
    }

    /// The same with the core lock held.
    pub(crate) fn with_lock(mut self) -> Self {
        fs::create_dir_all(self.state_dir()).expect("a state directory");
        let lock = File::create(self.state_dir().join("core.lock")).expect("a lock file");
        lock.lock().expect("nobody else holds it");
        self.lock = Some(lock);
        self
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.dir.path().join("rinban.toml")
    }

    pub(crate) fn config(&self) -> Config {
        Config::load(&self.config_path()).expect("a sound configuration")
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.state_dir().join("spool")
    }

    /// Files that wait in the spool.
    pub(crate) fn spooled(&self) -> Vec<PathBuf> {
        let new = fs::read_dir(self.spool().join("new"));
        new.map_or_else(
            |_| Vec::new(),
            |files| files.flatten().map(|file| file.path()).collect(),
        )
    }

    /// The plugin as Zabbix's server starts it, with the three arguments of our media type.
    pub(crate) fn alertscript(&self, event_id: u64) -> Command {
        let mut command = bare(&programs().alertscript);
        command
            .arg("--config")
            .arg(self.config_path())
            .arg("web")
            .arg(format!("problem {event_id}"))
            .arg(message(event_id));
        command
    }
}

/// A file that nobody else can read, as secrets must stand in.
pub(crate) fn private_file(path: &Path, text: &str) {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o600)))
        .expect("a file");
}

/// An address that nobody listens on, or was not a moment ago.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
}

/// A process with a bare environment, nothing on its standard streams.
pub(crate) fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    command
}

/// The message of our media type.
fn message(event_id: u64) -> String {
    let host = event_id % 200;
    format!(
        "rinban=1\r\nkind=problem\r\nevent_id={event_id}\r\ntrigger_id=2{event_id}\r\nnseverity=4\r\nack=No\r\n\
         date=2026.11.22\r\ntime=02:14:48\r\nurl=https://zabbix.example.com/tr_events.php?eventid={event_id}\r\n\
         tags=service:web, scope:capacity\r\nhost=web{host}.example.com\r\nopdata=97.2 %\r\n\
         name=/var: disk space is critically low (used > 90 %)"
    )
}
