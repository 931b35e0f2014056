//! What breaks, and what must hold all the same: nothing lost, nobody rung twice for one problem, and a clear word in Zabbix's
//! action log where there was an error.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use nix::unistd::geteuid;
use serde_json::json;

use crate::{
    Stage, between,
    office::{HOST, Logged, OK, SENT},
    place::{wait_for, wait_within},
    span,
};

/// What was begun early, since Zabbix takes long over it.
pub(crate) struct Slow {
    began: Timestamp,
    canceled: String,
}

/// How long Zabbix lets a script run, and then waits before it runs it again; and some time to spare.
const KILLED_AND_RUN_AGAIN: Duration = Duration::from_secs(120);

/// How long a crashed core stays down.
const DOWN_FOR: Duration = Duration::from_secs(60);

/// Scripts that hang until Zabbix kills them, 40 s later: one before it has handed its event over, one after that. Both do so
/// at their first run only. And a problem whose trigger is disabled while people are being called.
pub(crate) fn begin_slow_ones(stage: &Stage) -> Slow {
    let real = stage.place.path(crate::core::SCRIPT);
    let hang = "mkdir \"$0.once\" 2>/dev/null && exec sleep 100";
    let scripts = [
        (
            "hangs-before",
            format!("#!/bin/sh\n{hang}\nexec {} \"$@\"\n", real.display()),
        ),
        (
            "hangs-after",
            format!(
                "#!/bin/sh\n{} \"$@\" || exit\n{hang}\nexit 0\n",
                real.display()
            ),
        ),
    ];
    for (team, script) in &scripts {
        let path = stage.place.write(&format!("alertscripts/{team}"), script);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        stage.office.action_with_script(&stage.zabbix, team);
        stage.trigger(team, team, team);
    }
    stage.office.action(&stage.zabbix, "canceled");
    let canceled = stage.trigger("canceled", "canceled", "canceled");
    stage.settle();
    let began = stage.says("hangs-before", "down");
    stage.says("hangs-after", "down");
    stage.says("canceled", "down");
    stage.wait_for_book("canceled", "a phone that rings", |book| {
        book.rang_since(began)
    });
    let event = stage.event(&canceled);
    stage.zabbix.call(
        "trigger.update",
        json!({ "triggerid": canceled, "status": 1 }),
    );
    Slow {
        began,
        canceled: event,
    }
}

/// What came of it: each problem once, one call each, and a canceled escalation closed.
pub(crate) fn end_slow_ones(stage: &Stage, slow: &Slow) {
    for (team, at_once) in [("hangs-after", true), ("hangs-before", false)] {
        let log = wait_within(KILLED_AND_RUN_AGAIN, "the script to be run again", || {
            let log = stage.office.log(&stage.zabbix, team);
            log.first()
                .is_some_and(|row| row.status == SENT)
                .then_some(log)
        });
        assert_eq!(log[0].retries, 1, "{log:#?}");
        let (arrived, rang) = stage.wait_for_book(team, "a phone that rings", |book| {
            Some((book.alerts().next()?.0, book.rang_since(slow.began)?))
        });
        println!(
            "  {team}: in the journal after {}, rang after {}",
            between(slow.began, arrived),
            between(slow.began, rang)
        );
        assert_eq!(arrived.duration_since(slow.began).as_secs() < 30, at_once);
        stage.says(team, OK);
        stage.wait_for_book(team, "the recovery", |book| {
            (book.recovered().len() == 1).then_some(())
        });
        let book = stage.core.book(team);
        assert_eq!(
            (book.alerts().count(), book.called().len()),
            (1, 1),
            "one problem, one call, whatever was repeated"
        );
    }
    let closed = stage.wait_for_book("canceled", "the canceled escalation to close", |book| {
        book.recovered_at(&slow.canceled)
    });
    let book = stage.core.book("canceled");
    let reason = book.recovered()[slow.canceled.as_str()].unwrap_or_default();
    println!(
        "  canceled: closed after {}: {reason}",
        between(slow.began, closed)
    );
    assert!(
        reason.starts_with("escalation canceled: trigger "),
        "{reason}"
    );
}

/// The core is gone, as after `kill -9`, while a problem comes and while a phone rings for another.
pub(crate) fn core_down(stage: &mut Stage) {
    stage.office.action(&stage.zabbix, "down");
    stage.trigger("down", "down.before", "before the crash");
    stage.trigger("down", "down.after", "after the crash");
    stage.settle();
    let before = stage.says("down.before", "down");
    stage.wait_for_book("down", "a phone that rings", |book| book.rang_since(before));
    stage.core.crash();
    let crashed = Instant::now();
    let down = stage.says("down.after", "down");
    let row = wait_for_error(stage, "down");
    println!(
        "  the action log after {}: {}",
        between(down, Timestamp::now()),
        row.error.trim()
    );
    assert!(
        row.error.contains("core") && row.error.trim().lines().count() == 1,
        "{row:?}"
    );
    // Zabbix tries again and again meanwhile; in the spool it stays one event.
    let rest = DOWN_FOR.saturating_sub(crashed.elapsed());
    thread::sleep(rest);
    stage.core.start(&stage.place);
    let up = Timestamp::now();
    println!("  core down for {}", span(crashed.elapsed()));
    stage.wait_for_book("down", "both problems", |book| {
        (book.alerts().count() == 2).then_some(())
    });
    println!(
        "  core up to the last problem on disk: {}",
        between(up, Timestamp::now())
    );
    stage.wait_for_book("down", "the key", |book| {
        let (at, _) = book.takers().pop()?;
        (at >= up).then_some(())
    });
    let log = stage.office.finished_log(&stage.zabbix, "down", 2);
    assert!(log.iter().all(|row| row.status == SENT), "{log:#?}");
    assert_eq!(log.iter().map(|row| row.retries).min(), Some(0));
    stage.says("down.before", OK);
    stage.says("down.after", OK);
    stage.wait_for_book("down", "the recoveries", |book| {
        (book.recovered().len() == 2).then_some(())
    });
    let book = stage.core.book("down");
    assert_eq!(book.titles().len(), 2, "none twice");
    // One each, or one for both, and one more for the call that was lost with the network.
    println!("  calls for the two: {}", book.called().len());
    assert!(book.called().len() <= 3, "{:?}", book.called());
}

/// The disk that holds the spool is full; somebody makes room.
pub(crate) fn disk_full(stage: &mut Stage) {
    let disk = stage.place.path("disk");
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=256k,mode=0777", "rinban"])
        .arg(&disk);
    if !geteuid().is_root() || !mount.status().is_ok_and(|status| status.success()) {
        println!("  NOT SHOWN: a small disk cannot be mounted here");
        return;
    }
    let mounted = Mounted(disk.clone());
    stage.core.stop();
    stage.core.start(&stage.place);
    stage.office.action(&stage.zabbix, "full");
    stage.trigger("full", "full", "disk full");
    stage.settle();
    let filler = disk.join("filler");
    let _ = fs::write(&filler, vec![b'x'; 1 << 20]);
    stage.says("full", "down");
    let row = wait_for_error(stage, "full");
    println!("  the action log: {}", row.error.trim());
    assert!(
        row.error.contains("is full; free some space there"),
        "{row:?}"
    );
    assert_eq!(stage.core.book("full").alerts().count(), 0);
    fs::remove_file(&filler).expect("it is there");
    let room = Timestamp::now();
    let taken = stage.wait_for_book("full", "the key", |book| Some(book.takers().first()?.0));
    println!("  room made to key pressed: {}", between(room, taken));
    stage.says("full", OK);
    stage.wait_for_book("full", "the recovery", |book| {
        (book.recovered().len() == 1).then_some(())
    });
    let book = stage.core.book("full");
    assert_eq!((book.alerts().count(), book.called().len()), (1, 1));
    stage.core.stop();
    drop(mounted);
    stage.core.start(&stage.place);
}

/// A mounted directory; dropping unmounts it.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: should we end in the middle, a core still has it open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Zabbix stops with twenty problems under way and is started again.
pub(crate) fn zabbix_restarts(stage: &mut Stage) {
    const PROBLEMS: usize = 20;
    stage.office.action(&stage.zabbix, "restart");
    let triggers: Vec<_> = (0..PROBLEMS)
        .map(|at| {
            (
                format!("restart.{at}"),
                format!("restart {at}"),
                String::new(),
            )
        })
        .collect();
    stage.office.triggers(&stage.zabbix, "restart", &triggers);
    stage.settle();
    let values = |text| {
        triggers
            .iter()
            .map(|(key, ..)| (HOST, key.as_str(), text))
            .collect::<Vec<_>>()
    };
    assert!(stage.zabbix.send(&values("down")));
    let arrived = stage.wait_for_book("restart", "the first", |book| match book.alerts().count() {
        0 => None,
        some => Some(some),
    });
    let stopped = stage.zabbix.stop_server();
    stage.zabbix.start_server(&stage.place);
    println!(
        "  {arrived} of {PROBLEMS} had arrived; the server took {} to stop",
        span(stopped)
    );
    stage.wait_for_book("restart", "all of them", |book| {
        (book.alerts().count() >= PROBLEMS).then_some(())
    });
    stage.office.settle(&stage.zabbix);
    assert!(stage.zabbix.send(&values(OK)));
    stage.wait_for_book("restart", "all recovered", |book| {
        (book.recovered().len() == PROBLEMS).then_some(())
    });
    let book = stage.core.book("restart");
    assert_eq!(book.titles().len(), PROBLEMS, "none twice");
    let log = stage
        .office
        .finished_log(&stage.zabbix, "restart", 2 * PROBLEMS);
    assert!(log.iter().all(|row| row.status == SENT), "{log:#?}");
}

/// Nobody set up a core: the script starts one, which must neither hold up the script nor keep Zabbix from restarting.
pub(crate) fn core_of_a_script(stage: &mut Stage) {
    stage.core.stop();
    stage.core.configure(&stage.place, true);
    stage.trigger("alone", "alone", "no core yet");
    stage.office.action(&stage.zabbix, "alone");
    stage.settle();
    let fired = stage.says("alone", "down");
    let rang = stage.wait_for_book("alone", "a phone that rings", |book| book.rang_since(fired));
    println!(
        "  value sent to first ring, a core started between: {}",
        between(fired, rang)
    );
    let core = stage.core.process().expect("a core runs");
    let log = stage.office.finished_log(&stage.zabbix, "alone", 1);
    assert!(log.last().is_some_and(Logged::is_sent_at_once), "{log:#?}");

    let stopped = stage.zabbix.stop_server();
    stage.zabbix.start_server(&stage.place);
    println!(
        "  Zabbix stopped in {} and started again beside that core",
        span(stopped)
    );
    assert_eq!(stage.core.process(), Some(core), "the same core");
    stage.settle();
    let over = stage.says("alone", OK);
    stage.wait_for_book("alone", "the recovery", |book| {
        book.last_recovery().filter(|at| *at >= over)
    });
    stage.core.end_what_a_script_started();
    stage.core.configure(&stage.place, false);
    stage.core.start(&stage.place);
}

/// The first row of the action log that shows an error.
fn wait_for_error(stage: &Stage, sendto: &str) -> Logged {
    wait_for("an error in the action log", || {
        let log = stage.office.log(&stage.zabbix, sendto);
        log.into_iter().find(|row| !row.error.is_empty())
    })
}
