//! The command `rinban`. Cargo hands a test only the binaries of its own package, so that of the root package is built here,
//! into the same directory; that is quick where it is there already. `RINBAN_BIN` names one that is to be taken instead.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Where it is.
pub(crate) fn rinban() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let binary = env::var_os("RINBAN_BIN").map_or_else(build, PathBuf::from);
        let shown = binary.display();
        assert!(
            binary.is_absolute() && binary.is_file(),
            "RINBAN_BIN is {shown}: name a file by its whole path"
        );
        binary
    })
}

fn build() -> PathBuf {
    let test = env::current_exe().expect("this test has a file");
    // target/PROFILE/deps/it-HASH
    let profile = test.ancestors().nth(2).expect("Cargo's directories");
    let target = profile.parent().expect("Cargo's directories");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "rinban",
        "--bin",
        "rinban",
    ]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    // What Cargo says of this package is no business of another build: it would begin anew for it.
    let ours = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_PRIMARY_",
    ];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ours.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    let done = cargo
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(done.success(), "rinban cannot be built");
    profile.join("rinban")
}
