//! `install` and `--dry-run`, as an administrator runs them.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::PathBuf,
    process::Command,
};

use nix::unistd::{User, geteuid};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zabbix-alertscript");

/// A host with a Zabbix server's configuration, its directory of alertscripts, and a core.
struct Host {
    dir: TempDir,
    _core: File,
}

impl Host {
    /// Everything is as it should be.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        for name in ["scripts", "state"] {
            fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        let core = File::create(dir.path().join("state/core.lock")).expect("a lock file");
        core.lock().expect("the core lock");
        let host = Self { dir, _core: core };
        host.write(
            "server.conf",
            &format!(
                "AlertScriptsPath={}\nUser={}\n",
                host.path("scripts").display(),
                user().name
            ),
        );
        host.write(
            "scripts/rinban.toml",
            &format!(
                "state_dir = {:?}\n[handoff]\nstart_core = false\n",
                host.path("state")
            ),
        );
        let copied = Command::new("cp").arg(PROGRAM).arg(host.script()).status();
        assert!(copied.is_ok_and(|status| status.success()), "not copied");
        for path in [host.path("state"), host.path("state/core.lock")] {
            chown(path, Some(user().uid.as_raw()), None).expect("ours to give");
        }
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn script(&self) -> PathBuf {
        self.path("scripts/zabbix-alertscript")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    /// Exit status and all output.
    fn install(&self) -> (Option<i32>, String) {
        run(&[
            "install",
            "--server-conf",
            &self.path("server.conf").display().to_string(),
        ])
    }

    /// `install` finds something to do, and says it in words that contain this.
    fn check(&self, says: &str) {
        let (status, output) = self.install();
        assert_eq!(status, Some(1), "{output}");
        assert!(output.contains(says), "{says:?}: {output}");
        assert!(!output.contains("ready"), "{output}");
    }
}

/// Another user than root, if root runs the tests.
fn user() -> User {
    let named = geteuid().is_root().then(|| User::from_name("nobody"));
    let user = named.unwrap_or_else(|| User::from_uid(geteuid()));
    user.expect("users can be looked up").expect("the user")
}

fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(args).output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn a_good_installation_is_ready() {
    let (status, output) = Host::new().install();
    assert_eq!(status, Some(0), "{output}");
    for word in [
        "alertscripts: ",
        &format!("uid {}", user().uid),
        "configuration: ",
        "spool: ",
        "core: runs",
        "ready",
    ] {
        assert!(output.contains(word), "{word}: {output}");
    }
}

#[test]
fn each_obstacle_is_told_with_its_remedy() {
    let host = Host::new();
    fs::remove_file(host.script()).expect("the program");
    host.check("install -m 755 ");
    symlink(PROGRAM, host.script()).expect("a link");
    host.check("is a link");

    let host = Host::new();
    fs::set_permissions(host.script(), fs::Permissions::from_mode(0o644)).expect("ours");
    host.check("chmod 755 ");

    let host = Host::new();
    host.write("scripts/rinban.toml", "state_dir = 7\n");
    host.check("rinban.toml");

    let host = Host::new();
    fs::remove_dir_all(host.path("scripts")).expect("the directory");
    host.check("install -d -m 755 ");

    let host = Host::new();
    host.write("server.conf", "User=nobody-of-this-name\n");
    host.check("AlertScriptsPath");
    host.write(
        "server.conf",
        &format!(
            "AlertScriptsPath={}\nUser=nobody-of-this-name\n",
            host.path("scripts").display()
        ),
    );
    host.check("no user \"nobody-of-this-name\"");

    fs::remove_file(host.path("server.conf")).expect("the file");
    host.check("--server-conf");
}

#[test]
fn a_spool_of_somebody_else_is_found_by_trying_it_as_the_server_s_user() {
    if !geteuid().is_root() {
        return;
    }
    let host = Host::new();
    chown(host.path("state"), Some(0), None).expect("root may");
    fs::set_permissions(host.path("state"), fs::Permissions::from_mode(0o755)).expect("ours");
    host.check("not writable for uid");
}

#[test]
fn a_wrong_option_of_install_is_wrong_usage_and_a_group_of_that_name_is_a_group() {
    assert_eq!(run(&["install", "--sever-conf", "x"]).0, Some(2));
    let (status, output) = run(&["--dry-run", "install", "PROBLEM: x", "Event ID: 7"]);
    assert_eq!(status, Some(0), "{output}");
    assert!(output.contains("\"group\": \"install\""), "{output}");
}

#[test]
fn a_dry_run_shows_the_event_and_needs_no_configuration() {
    let message =
        "rinban=1\r\nkind=problem\r\nevent_id=7\r\nnseverity=5\r\nname=It's $(id) \"障害\"";
    let (status, output) = run(&["--dry-run", "web", "problem 7", message]);
    assert_eq!(status, Some(0), "{output}");
    let event = rinban::alert::Event::from_json(output.as_bytes()).expect("an event as JSON");
    assert_eq!(
        (event.group.as_str(), event.dedup_key.as_str()),
        ("web", "7")
    );
    assert_eq!(event.title, "It's $(id) \"障害\"");
}

#[test]
fn a_dry_run_hands_nothing_over() {
    let host = Host::new();
    let config = host.path("scripts/rinban.toml").display().to_string();
    let (status, _) = run(&[
        "--config",
        &config,
        "--dry-run",
        "web",
        "PROBLEM: x",
        "Event ID: 7",
    ]);
    assert_eq!(status, Some(0));
    assert!(!host.path("state/spool").exists());
}
