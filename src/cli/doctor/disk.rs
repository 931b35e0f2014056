//! The directories of the state and of the spool: whose they are, whether they take what is written, and for how long yet.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::statvfs::statvfs,
    unistd::{Uid, User},
};

use super::finding::Finding;
use crate::config::Config;

const NAME: &str = "disk";

/// Free bytes from which on somebody should look, and from which on events are about to be lost.
const LOW: u64 = 200 << 20;
const EMPTY: u64 = 20 << 20;

/// An fsync that takes longer makes every alert late.
const SLOW: Duration = Duration::from_millis(500);

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let spool = &config.handoff.spool;
    let mut findings = directory(
        "state directory",
        &config.state_dir,
        &config.state_dir,
        0o007,
    );
    findings.extend(directory("spool", spool, &spool.join("tmp"), 0o002));
    findings.extend(bad_files(spool));
    findings
}

/// `probe_in` is where a file is written for a moment; `forbidden`: the bits that nobody but user and group may have.
fn directory(what: &str, dir: &Path, probe_in: &Path, forbidden: u32) -> Vec<Finding> {
    let path = dir.display();
    let file = match fs::metadata(dir) {
        Ok(file) if file.is_dir() => file,
        Ok(_) => {
            let remedy = format!("move what is at {path} away; rinban makes the directory");
            return vec![Finding::fail(
                NAME,
                format!("the {what} {path} is no directory"),
                remedy,
            )];
        }
        Err(error) => {
            let text = format!("the {what} {path} cannot be looked at: {error}");
            let remedy =
                "start rinban once, which makes it, or run doctor as the user that rinban runs as";
            return vec![Finding::fail(NAME, text, remedy)];
        }
    };
    let mode = file.permissions().mode() & 0o7777;
    let owner = user(file.uid());
    let mut findings = Vec::new();
    if mode & forbidden != 0 {
        let text = format!("everybody on this host may use the {what} {path} (mode {mode:o})");
        let remedy = format!(
            "run `chmod o= {path}`; whoever writes there can page people, or keep pages back"
        );
        findings.push(Finding::fail(NAME, text, remedy));
    }
    findings.extend(room(what, dir));
    match write_and_sync(probe_in) {
        Ok(took) if took > SLOW => findings.push(Finding::warn(
            NAME,
            format!(
                "the {what} {path} takes {} ms to make a file durable",
                took.as_millis()
            ),
            "put it on a disk of its own, or a quicker one",
        )),
        Ok(took) => findings.push(Finding::ok(
            NAME,
            format!(
                "the {what} {path}: owner {owner}, mode {mode:o}, durable after {:.1} ms",
                took.as_secs_f64() * 1e3
            ),
        )),
        Err(error) => findings.push(Finding::fail(
            NAME,
            format!(
                "the {what} {path} (owner {owner}, mode {mode:o}) cannot be written by {}: {error}",
                user(me())
            ),
            "let the users of rinban and of the monitor write there, and run doctor as one of them",
        )),
    }
    findings
}

fn me() -> u32 {
    Uid::effective().as_raw()
}

/// The name of a user, or the number if it has none here.
pub(super) fn user(uid: u32) -> String {
    let known = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    known.map_or_else(|| uid.to_string(), |user| user.name)
}

fn room(what: &str, dir: &Path) -> Option<Finding> {
    let disk = statvfs(dir).ok()?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    too_little(what, dir, free)
}

fn too_little(what: &str, dir: &Path, free: u64) -> Option<Finding> {
    let text = format!(
        "the disk of the {what} {} has {} MB free",
        dir.display(),
        free >> 20
    );
    if free < EMPTY {
        let remedy = "make room there now: no alert is taken on a full disk";
        return Some(Finding::fail(NAME, text, remedy));
    }
    (free < LOW).then(|| Finding::warn(NAME, text, "make room there"))
}

/// Writes a file, makes it and its name durable, and removes it. Hidden, so that nobody takes it for an event.
fn write_and_sync(dir: &Path) -> io::Result<Duration> {
    let path = dir.join(format!(".doctor-{}", std::process::id()));
    let begun = Instant::now();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let written = file
        .write_all(b"rinban doctor\n")
        .and_then(|()| file.sync_all())
        .and_then(|()| File::open(dir)?.sync_all());
    let took = begun.elapsed();
    fs::remove_file(&path)?;
    written.map(|()| took)
}

/// Files that were no events are set aside for a person to look at.
fn bad_files(spool: &Path) -> Option<Finding> {
    let bad = spool.join("bad");
    let count = fs::read_dir(&bad).ok()?.count();
    (count > 0).then(|| {
        Finding::warn(
            NAME,
            format!(
                "{count} files were set aside in {}, since they are no events",
                bad.display()
            ),
            "see who writes them, then remove them",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    fn levels(findings: &[Finding]) -> Vec<Level> {
        findings.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_directory_that_takes_files_is_ok_and_nothing_stays_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).expect("chmod");
        let findings = directory("spool", dir.path(), dir.path(), 0o007);
        // The disk of whoever runs this test may be nearly full.
        assert_eq!(
            findings.last().map(|finding| finding.level),
            Some(Level::Ok),
            "{findings:?}"
        );
        assert!(
            findings
                .last()
                .is_some_and(|finding| finding.text.contains("mode 750")),
            "{findings:?}"
        );
        assert_eq!(fs::read_dir(dir.path()).expect("lists").count(), 0);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o757)).expect("chmod");
        let findings = directory("spool", dir.path(), dir.path(), 0o002);
        assert_eq!(findings[0].level, Level::Fail);
        assert!(findings[0].text.contains("mode 757"), "{findings:?}");
    }

    #[test]
    fn what_is_not_there_or_no_directory_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let missing = directory(
            "spool",
            &dir.path().join("none"),
            &dir.path().join("none"),
            0o002,
        );
        assert_eq!(levels(&missing), [Level::Fail]);
        assert!(missing[0].text.contains("No such file"), "{missing:?}");
        let file = dir.path().join("file");
        fs::write(&file, "").expect("writes");
        let file = directory("spool", &file, &file, 0o002);
        assert!(file[0].text.contains("is no directory"), "{file:?}");
        let unwritable = directory("spool", dir.path(), &dir.path().join("tmp"), 0);
        assert_eq!(
            unwritable.last().map(|finding| finding.level),
            Some(Level::Fail),
            "{unwritable:?}"
        );
    }

    #[test]
    fn a_disk_that_fills_up_is_told_before_it_is_full() {
        let level =
            |free: u64| too_little("spool", Path::new("/s"), free).map(|finding| finding.level);
        assert_eq!(level(19 << 20), Some(Level::Fail));
        assert_eq!(level(20 << 20), Some(Level::Warn));
        assert_eq!(level(199 << 20), Some(Level::Warn));
        assert_eq!(level(200 << 20), None);
    }

    #[test]
    fn files_that_were_set_aside_are_told() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(bad_files(dir.path()), None);
        fs::create_dir(dir.path().join("bad")).expect("makes");
        assert_eq!(bad_files(dir.path()), None);
        fs::write(dir.path().join("bad/x"), "").expect("writes");
        assert!(bad_files(dir.path()).is_some_and(|finding| finding.text.starts_with("1 files")));
    }
}
