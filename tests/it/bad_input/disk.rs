//! A disk that is full.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Waiting;
use crate::support::core::problem;

/// A disk of this size in memory, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Nothing where one may not mount.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir(at).expect("made");
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=0700"),
                "none",
            ])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(at.to_owned()))
    }

    /// Leaves not a byte; the file that takes it all.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = File::create(&path).expect("made");
        for piece in [1 << 16, 1 << 10, 1] {
            while file.write_all(&vec![0; piece]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the core of a test that failed may still be there.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_keeps_events_in_the_spool_until_there_is_room() {
    let waiting = Waiting::new();
    let Some(disk) = SmallDisk::mount(&waiting.home.state(), "4m") else {
        println!("skipped: no disk may be mounted here");
        return;
    };
    let core = waiting.check_taken();
    let ballast = disk.fill();
    waiting.home.spool(&problem("spooled"));
    core.wait_for_log("could not be stored");
    core.wait_for_log("is full; free some space there");
    let refused = core.post(&problem("posted"));
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(waiting.home.spooled("new"), 1);
    assert_eq!(core.health()["open_alerts"], 1);

    fs::remove_file(ballast).expect("is there");
    core.wait_for_alerts(2);
    assert_eq!(core.post(&problem("posted")).status, 202);
    core.wait_for_alerts(3);
    core.stop();
    assert_eq!(waiting.home.snapshot().alerts.len(), 3);
}

#[test]
fn a_core_that_starts_on_a_full_disk_says_so() {
    let waiting = Waiting::new();
    let Some(disk) = SmallDisk::mount(&waiting.home.state(), "4m") else {
        println!("skipped: no disk may be mounted here");
        return;
    };
    let ballast = disk.fill();
    waiting.check_refused(1, &["full", "free some space"]);
    fs::remove_file(ballast).expect("is there");
    // The disk must not go before the core.
    waiting.check_taken().stop();
}
