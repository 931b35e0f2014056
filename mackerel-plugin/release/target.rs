//! For which system the program is compiled: what a platform of mkr can be made of, the best first, and whether it can be
//! made here.

use std::{env, path::Path, process::Command};

/// A platform as mkr names it.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) name: &'static str,
    pub(crate) targets: &'static [Target],
}

/// One way to compile for a platform.
#[derive(Debug)]
pub(crate) struct Target {
    /// As rustc names it.
    pub(crate) triple: &'static str,
    /// A compiler for C that links for the target too; SQLite is C.
    pub(crate) compiler: &'static str,
    /// The Debian package that has the compiler.
    package: &'static str,
    /// What a user may expect of the program.
    pub(crate) promise: &'static str,
}

const STATIC: &str = "static: runs on any Linux, and looks names up by itself";
const STATIC_GLIBC: &str = "static, with glibc: runs on any Linux; it reads the host's /etc/nsswitch.conf, and looking names \
                            up is certain only with the methods `files` and `dns`";

/// The platforms of the releases.
pub(crate) const PLATFORMS: [Platform; 2] = [
    Platform {
        name: "linux_amd64",
        targets: &[
            Target {
                triple: "x86_64-unknown-linux-musl",
                compiler: "musl-gcc",
                package: "musl-tools",
                promise: STATIC,
            },
            Target {
                triple: "x86_64-unknown-linux-gnu",
                compiler: "x86_64-linux-gnu-gcc",
                package: "gcc-x86-64-linux-gnu",
                promise: STATIC_GLIBC,
            },
        ],
    },
    Platform {
        name: "linux_arm64",
        targets: &[
            Target {
                triple: "aarch64-unknown-linux-musl",
                compiler: "aarch64-linux-musl-gcc",
                package: "musl-tools, on a machine of that kind",
                promise: STATIC,
            },
            Target {
                triple: "aarch64-unknown-linux-gnu",
                compiler: "aarch64-linux-gnu-gcc",
                package: "gcc-aarch64-linux-gnu",
                promise: STATIC_GLIBC,
            },
        ],
    },
];

impl Target {
    /// What is missing for this way here, and how to get it; nothing if it can be gone.
    pub(crate) fn missing(&self) -> Vec<String> {
        let Self {
            triple,
            compiler,
            package,
            ..
        } = self;
        let mut missing = Vec::new();
        if !has_standard_library(triple) {
            missing.push(format!(
                "Rust's standard library for {triple} (`rustup target add {triple}`)"
            ));
        }
        if !is_program(compiler) {
            missing.push(format!("the compiler {compiler} (Debian's {package})"));
        }
        missing
    }

    /// `cargo build`, told where to compile for and with what. Paths of this machine are not left in the program.
    pub(crate) fn build(&self, root: &Path, package: &str, program: &str) -> Command {
        let Self {
            triple, compiler, ..
        } = self;
        let cargo_home = env::var("CARGO_HOME").unwrap_or_else(|_| {
            let home = env::var("HOME").unwrap_or_default();
            format!("{home}/.cargo")
        });
        let flags = [
            "-Ctarget-feature=+crt-static".to_owned(),
            format!("--remap-path-prefix={cargo_home}=/cargo"),
            format!("--remap-path-prefix={}=/rinban", root.display()),
        ];
        let key = triple.replace('-', "_");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(root)
            .args(["build", "--release", "--locked", "--target", triple])
            .args(["--package", package, "--bin", program])
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env(format!("CC_{key}"), compiler)
            .env(
                format!("CARGO_TARGET_{}_LINKER", key.to_uppercase()),
                compiler,
            );
        cargo
    }
}

fn has_standard_library(triple: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", triple])
        .output();
    output.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout);
        let files = Path::new(path.trim()).read_dir();
        files.is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
    })
}

fn is_program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|dir| dir.join(name).is_file())
}
