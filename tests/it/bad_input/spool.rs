//! A spool in which not everything is an event, or in which too much waits.

use std::{fs, os::unix::fs::symlink};

use rinban::handoff::{Spool, SpoolError};

use super::Waiting;
use crate::support::core::problem;

#[test]
fn what_is_no_event_is_set_aside_and_holds_nobody_up() {
    let waiting = Waiting::new();
    let new = waiting.home.spool_dir().join("new");
    let mut long = problem("long");
    long["message"] = "x".repeat(10 << 20).into();
    for (name, bytes) in [
        ("0-empty.json", Vec::new()),
        ("0-half.json", b"{\"id\": \"half".to_vec()),
        ("0-noise.json", vec![0xff; 5_000]),
        ("0-nameless.json", problem("").to_string().into_bytes()),
        ("0-long.json", long.to_string().into_bytes()),
        ("0-nested.json", vec![b'['; 200_000]),
    ] {
        fs::write(new.join(name), bytes).expect("written");
    }
    symlink("/etc/hostname", new.join("0-link.json")).expect("made");
    fs::create_dir(new.join("0-directory.json")).expect("made");
    fs::write(new.join(".hidden"), "an editor's").expect("written");
    waiting.home.spool(&problem("after"));

    let core = waiting.home.serve();
    core.wait_for_alerts(2);
    waiting.carrier.call(0);
    crate::support::wait_for("nothing but the hidden file", || {
        (waiting.home.spooled("new") == 1).then_some(())
    });
    assert_eq!(waiting.home.spooled("bad"), 8, "{}", core.log());
    core.wait_for_log("set aside");

    // What comes later is treated alike.
    fs::write(waiting.home.spool_dir().join("tmp/0-late.json"), "late").expect("written");
    fs::rename(
        waiting.home.spool_dir().join("tmp/0-late.json"),
        new.join("0-late.json"),
    )
    .expect("moved");
    crate::support::wait_for("the late one", || {
        (waiting.home.spooled("bad") == 9).then_some(())
    });
    core.stop();
}

#[test]
fn a_full_spool_refuses_and_takes_again_once_a_core_has_read_it() {
    let waiting = Waiting::new();
    let spool = Spool::new(waiting.home.spool_dir()).with_limit(2);
    let write = |id: &str| spool.write(&id.into(), problem(id).to_string().as_bytes());
    write("second").expect("there is room");
    let full = write("third").expect_err("there is none");
    assert!(matches!(full, SpoolError::Full { limit: 2, .. }), "{full}");
    let said = full.to_string();
    assert!(
        said.contains("full") && said.contains("start the core"),
        "{said}"
    );
    assert_eq!(waiting.home.spooled("new"), 2);

    let core = waiting.home.serve();
    core.wait_for_alerts(2);
    crate::support::wait_for("an empty spool", || {
        (waiting.home.spooled("new") == 0).then_some(())
    });
    write("third").expect("there is room again");
    core.wait_for_alerts(3);
    core.stop();
}
