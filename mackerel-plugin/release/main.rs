//! Makes the files of a release for `mkr plugin install`: `dist/rinban_<os>_<arch>.zip` for each platform, and `SHA256SUMS`.
//!
//! ```sh
//! cargo run -p mackerel-plugin --example release              # what can be made here
//! cargo run -p mackerel-plugin --example release linux_amd64  # this one, or fail
//! ```
//!
//! Exit status: 0 made, 1 not made, 2 wrong usage.

mod archive;
mod contents;
mod target;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use sha2::{Digest, Sha256};
use zip::CompressionMethod;

use contents::PROGRAM;
use target::{PLATFORMS, Platform, Target};

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let known = |name: &String| PLATFORMS.iter().any(|platform| platform.name == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        let names = PLATFORMS.map(|platform| platform.name).join(", ");
        eprintln!("unknown platform `{unknown}`; there are {names}");
        return ExitCode::from(2);
    }
    match release(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn release(wanted: &[String]) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the package is not in a workspace")?;
    let dist = root.join("dist");
    fs::create_dir_all(&dist)?;
    let mut sums = Vec::new();
    for platform in &PLATFORMS {
        let is_wanted = wanted.iter().any(|name| name == platform.name);
        if !wanted.is_empty() && !is_wanted {
            continue;
        }
        match possible(platform) {
            Ok(target) => sums.push(make(root, &dist, platform, target)?),
            Err(why) if is_wanted => return Err(why.into()),
            Err(why) => println!("{why}"),
        }
    }
    if sums.is_empty() {
        return Err("nothing could be made".into());
    }
    fs::write(dist.join("SHA256SUMS"), sums.concat())?;
    print!("{}", sums.concat());
    Ok(())
}

/// The best way to this platform; says what better ways lack.
fn possible(platform: &Platform) -> Result<&'static Target, String> {
    let mut reasons = Vec::new();
    for target in platform.targets {
        let missing = target.missing();
        if missing.is_empty() {
            for reason in &reasons {
                println!("{}: {reason}", platform.name);
            }
            return Ok(target);
        }
        reasons.push(format!(
            "not by {}, for lack of {}",
            target.triple,
            missing.join(" and ")
        ));
    }
    Err(format!(
        "{} is not made: {}",
        platform.name,
        reasons.join("; ")
    ))
}

/// Compiles and packs; the line for `SHA256SUMS`.
fn make(
    root: &Path,
    dist: &Path,
    platform: &Platform,
    target: &Target,
) -> Result<String, Box<dyn Error>> {
    println!("{}: {}, {}", platform.name, target.triple, target.promise);
    let status = target.build(root, "mackerel-plugin", PROGRAM).status()?;
    if !status.success() {
        return Err(format!("{} is not made: cargo has failed ({status})", platform.name).into());
    }
    let program = target_dir(root)
        .join(target.triple)
        .join("release")
        .join(PROGRAM);
    let files = contents::contents(root, &program)?;
    let archive = archive::pack(platform.name, files, CompressionMethod::Deflated)?;
    let name = format!("{}.zip", archive::name(platform.name));
    fs::write(dist.join(&name), &archive)?;
    println!(
        "{}: dist/{name}, {:.1} MB",
        platform.name,
        archive.len() as f64 / 1e6
    );
    let sum: String = Sha256::digest(&archive)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("{sum}  {name}\n"))
}

fn target_dir(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}
