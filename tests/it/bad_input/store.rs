//! A state directory, a database or a port that cannot be used.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use nix::{sys::stat::Mode, unistd::mkfifo};
use rusqlite::Connection;

use super::Waiting;
use crate::support::{
    core::{Home, problem},
    wait_for,
};

/// An unprivileged user of every Linux.
const NOBODY: u32 = 65_534;

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("is bound").to_string();
    let waiting = Waiting::new();
    let free = fs::read_to_string(waiting.home.config()).expect("readable");
    waiting
        .home
        .write_config(&free.replacen("127.0.0.1:0", &address, 1));
    waiting.check_refused(1, &["cannot listen on", &address, "server.listen"]);
    waiting.home.write_config(&free);
    waiting.check_taken();
}

#[test]
fn a_state_directory_that_is_a_file() {
    let waiting = Waiting::new();
    fs::write(waiting.home.state(), "").expect("written");
    waiting.check_refused(1, &["state", "not a directory", "state_dir"]);
    fs::remove_file(waiting.home.state()).expect("is there");
    waiting.check_taken();
}

#[test]
fn a_state_directory_that_may_not_be_written() {
    if !nix::unistd::geteuid().is_root() {
        let waiting = Waiting::new();
        fs::create_dir(waiting.home.state()).expect("made");
        let allow = |mode| {
            fs::set_permissions(waiting.home.state(), Permissions::from_mode(mode)).expect("ours");
        };
        allow(0o500);
        waiting.check_refused(1, &["state", "Permission denied", "right"]);
        allow(0o700);
        waiting.check_taken();
        return;
    }
    // The rights of files bind everybody but root.
    let waiting = Waiting::in_home(|carrier| Home::new(carrier).run_by(NOBODY));
    fs::set_permissions(waiting.home.path(), Permissions::from_mode(0o755)).expect("ours");
    if !may_run(&waiting.home) {
        println!("skipped: an unprivileged user may not enter the directory of the program");
        return;
    }
    waiting.check_refused(1, &["state", "Permission denied", "right"]);
}

fn may_run(home: &Home) -> bool {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_rinban"));
    let may_enter = |dir: &std::path::Path| {
        fs::metadata(dir).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
    };
    let mut above = program.ancestors().chain(home.path().ancestors());
    above.all(may_enter)
}

#[test]
fn a_pipe_or_a_directory_in_place_of_a_file_of_the_core() {
    let waiting = Waiting::new();
    fs::create_dir(waiting.home.state()).expect("made");
    for name in [
        // In the order in which a core uses them: it has made those before.
        "start.lock",
        "core.lock",
        "rinban.db",
        "rinban.db-wal",
        "rinban.db-shm",
        "rinban.db-journal",
    ] {
        let path = waiting.home.state().join(name);
        mkfifo(&path, Mode::S_IRWXU).expect("made");
        waiting.check_refused(1, &[name, "not a regular file", "move it away"]);
        fs::remove_file(&path).expect("is there");
        fs::create_dir(&path).expect("made");
        waiting.check_refused(1, &[name, "not a regular file", "move it away"]);
        fs::remove_dir(&path).expect("is there");
    }
    // What a core that no terminal has logs to; it is no log of this one.
    let log = waiting.home.state().join("rinban.log");
    mkfifo(&log, Mode::S_IRWXU).expect("made");
    let (status, said) = waiting.home.run(&["serve", "--detached"]);
    assert_eq!(status, 1, "{said}");
    for words in ["rinban.log", "not a regular file", "move it away"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    waiting.check_taken();
}

#[test]
fn a_database_that_is_garbage() {
    let waiting = Waiting::with_a_store();
    let database = waiting.home.database();
    let aside = database.with_extension("aside");
    fs::rename(&database, &aside).expect("is there");
    fs::write(&database, "これはデータベースではない".repeat(1_000)).expect("written");
    waiting.check_refused(1, &["rinban.db", "damaged", "backup"]);
    assert!(
        fs::read_to_string(&database)
            .expect("is left")
            .starts_with("これは"),
        "what may be rescued is left as it is"
    );
    fs::rename(&aside, &database).expect("back");
    waiting.check_taken();
}

#[test]
fn an_escalation_that_cannot_be_read_any_more_begins_anew() {
    let waiting = Waiting::new();
    waiting.check_taken().stop();
    Connection::open(waiting.home.database())
        .and_then(|database| database.execute("UPDATE escalations SET state = '{\"id\":1'", []))
        .expect("written");
    let core = waiting.home.serve();
    core.wait_for_log("escalation 1 in the store cannot be read");
    let again = waiting.carrier.call(1);
    assert_eq!(again.to, waiting.carrier.call(0).to);
    core.wait_for_alerts(1);
    assert_eq!(core.health()["open_escalations"], 1);
    assert_eq!(waiting.home.escalation(2).counts.waiting, 1);
    core.stop();
}

#[test]
fn a_database_of_a_newer_version() {
    let waiting = Waiting::with_a_store();
    let set_version = |version: i64| {
        Connection::open(waiting.home.database())
            .and_then(|database| database.pragma_update(None, "user_version", version))
            .expect("written");
    };
    set_version(99);
    waiting.check_refused(1, &["newer rinban", "99", "install"]);
    set_version(1);
    waiting.check_taken();
}

#[test]
fn a_database_that_another_process_holds() {
    let waiting = Waiting::with_a_store();
    let other = Connection::open(waiting.home.database()).expect("opens");
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;")
        .expect("is held");
    let begin = Instant::now();
    waiting.check_refused(1, &["rinban.db", "locked by another process", "end it"]);
    let waited = begin.elapsed();
    assert!(waited < Duration::from_secs(15), "{waited:?}");
    drop(other);
    waiting.check_taken();
}

#[test]
fn a_database_that_another_process_takes_while_the_core_runs() {
    let waiting = Waiting::with_a_store();
    let core = waiting.check_taken();
    let mut other = Connection::open(waiting.home.database()).expect("opens");
    other
        .busy_timeout(Duration::from_secs(5))
        .expect("settable");
    let held = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .expect("is held");
    waiting.home.spool(&problem("spooled"));
    let refused = core.post(&problem("posted"));
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert!(refused.error().contains("send it again"), "{refused:?}");
    core.wait_for_log("locked by another process");
    assert_eq!(waiting.home.spooled("new"), 1, "{}", core.log());
    assert_eq!(core.health()["open_alerts"], 1);

    held.rollback().expect("let go");
    core.wait_for_alerts(2);
    wait_for("an empty spool", || {
        (waiting.home.spooled("new") == 0).then_some(())
    });
    assert_eq!(core.post(&problem("posted")).status, 202);
    core.wait_for_alerts(3);
}

#[test]
fn a_second_core_on_the_same_state_directory() {
    let waiting = Waiting::new();
    let core = waiting.check_taken();
    let process = format!("(process {})", core.id());
    let config = fs::read_to_string(waiting.home.config()).expect("readable");
    let same_port = config.replacen("127.0.0.1:0", &core.address.to_string(), 1);
    for config in [config, same_port] {
        waiting.home.write_config(&config);
        let (status, said) = waiting.home.run(&["serve"]);
        assert_eq!(status, 1, "{said}");
        for words in ["a core runs already", &process, "state_dir"] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
    }
    // The first goes on as if nothing had been.
    waiting.home.spool(&problem("later"));
    core.wait_for_alerts(2);
    core.stop();
}
