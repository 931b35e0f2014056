//! What holds on any machine, however busy: for continuous integration. No clock is read.

use std::{fs, path::Path, process::ExitCode, thread, time::Duration};

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

/// The plugin's peak memory. Its last act is to look for a core; here there is none, so that it waits a moment for one that
/// may be about to come, and is looked at meanwhile. (What `wait4` reports includes the memory of whoever started the
/// process.)
pub(crate) fn peak_rss_mb() -> f64 {
    let host = Host::new();
    let mut child = host.alertscript(1).spawn().expect("starts");
    let proc = format!("/proc/{}", child.id());
    while !waits_for_a_core(&host, Path::new(&proc)) {
        let ended = child.try_wait().expect("a child");
        assert_eq!(ended, None, "it has not waited for a core");
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
fn waits_for_a_core(host: &Host, proc: &Path) -> bool {
    let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
    let sleeps = stat
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('S'));
    !host.spooled().is_empty() && sleeps
}
