//! What holds on any machine, however busy: for continuous integration. No clock is read.

use std::{fs, path::Path, process::ExitCode, thread, time::Duration};

use nix::{sys::stat::Mode, unistd::mkfifo};

use crate::{host::Host, storm};

/// The peak memory that the hand-off may have, in MB of 2^20 bytes.
pub(crate) const PEAK_MB: f64 = 3.0;

const PROCESSES: u64 = 200;

pub(crate) fn gate() -> ExitCode {
    let rss = peak_rss_mb();
    println!("peak memory of the hand-off: {rss:.2} MB, at most {PEAK_MB} MB");
    let host = Host::new().with_lock();
    storm::run_all(PROCESSES, PROCESSES as usize, |number| {
        host.alertscript(number)
    });
    let lost = storm::lost(&host, PROCESSES);
    println!("lost of {PROCESSES} plugin processes at once: {lost}, at most 0");
    if rss <= PEAK_MB && lost == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The plugin's peak memory. Its last act is to look at the core lock; here that is a pipe without a writer, so that it
/// waits there until it has been looked at. (What `wait4` reports includes the memory of whoever started the process.)
pub(crate) fn peak_rss_mb() -> f64 {
    let host = Host::new();
    fs::create_dir_all(host.state_dir()).expect("a state directory");
    let lock = host.state_dir().join("core.lock");
    mkfifo(&lock, Mode::S_IRWXU).expect("a pipe");
    let mut child = host.alertscript(1).spawn().expect("starts");
    let proc = format!("/proc/{}", child.id());
    while !has_come_to_the_lock(&host, Path::new(&proc)) {
        thread::sleep(Duration::from_millis(1));
    }
    let status = fs::read_to_string(format!("{proc}/status")).expect("its status");
    child.kill().and_then(|()| child.wait()).expect("it waits");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .and_then(|kb| kb.trim().parse::<f64>().ok())
        .expect("the system says how much memory a process has");
    peak / 1024.0
}

/// The event is in the spool, and the process sleeps interruptibly: an fsync does not.
fn has_come_to_the_lock(host: &Host, proc: &Path) -> bool {
    let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
    let sleeps = stat
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('S'));
    !host.spooled().is_empty() && sleeps
}
