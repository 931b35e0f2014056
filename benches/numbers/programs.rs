//! The programs as they are shipped: built here, in the release profile and without the features of tests.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The core.
    pub(crate) rinban: PathBuf,
    /// The plugin.
    pub(crate) alertscript: PathBuf,
    /// A process that does nothing.
    pub(crate) noop: PathBuf,
}

/// Builds them, once.
pub(crate) fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(build)
}

/// With `RINBAN_PROGRAMS=DIR`, those of that directory are measured, such as a release that was unpacked there.
fn build() -> Programs {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = std::env::var_os("RINBAN_PROGRAMS").map_or_else(|| shipped(root), Into::into);
    let noop = scratch().join("noop");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    run(Command::new(rustc)
        .args(["--edition=2024", "-Copt-level=3", "-Cstrip=symbols", "-o"])
        .arg(&noop)
        .arg(root.join("benches/numbers/noop.rs")));
    Programs {
        rinban: directory.join("rinban"),
        alertscript: directory.join("zabbix-alertscript"),
        noop,
    }
}

/// Builds what is shipped; where it is.
fn shipped(root: &Path) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).current_dir(root).args([
        "build",
        "--release",
        "--quiet",
        "--package=rinban",
        "--package=zabbix-alertscript",
        "--bins",
    ]));
    let mut directory = scratch();
    directory.pop();
    directory.join("release")
}

fn run(command: &mut Command) {
    let status = command.status();
    let built = status.as_ref().is_ok_and(|status| status.success());
    assert!(built, "{command:?} failed: {status:?}");
}

/// A directory on the disk on which the programs are built; temporary ones may lie in memory, where an fsync costs nothing.
pub(crate) fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}
