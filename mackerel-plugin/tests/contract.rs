//! What mackerel-agent does to its plugins, and what must come of it: it waits for the end of the streams rather than of the
//! process, ends what takes too long, sends the first 1,024 characters, and hands texts over in the environment.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::{Pid, getpgid},
};
use rinban::alert::{EventKind, Limits};

use crate::{
    agent::{Limit, Ran, USUAL, run_within},
    as_the_agent_runs_it::{CHECK, Host, PLUGIN, answer_health},
};

/// The agent's limits, made short.
const SHORT: Limit = Limit {
    timeout: Duration::from_millis(1_500),
    until_kill: Duration::from_secs(20),
};

const NOTIFY: [&str; 5] = ["notify", "--check", "disk", "--host-id", "3Yfhost"];

fn action(host: &Host, status: &str, previous: &str, message: &str) -> Command {
    let mut command = host.command(PLUGIN, &NOTIFY);
    command
        .env("MACKEREL_STATUS", status)
        .env("MACKEREL_PREVIOUS_STATUS", previous)
        .env("MACKEREL_CHECK_MESSAGE", message);
    command
}

fn quiet(ran: Ran) {
    assert_eq!(ran.ended(), (Some(0), String::new(), String::new()));
}

/// A host whose core is started by the action; ended with the test.
struct Started {
    host: Host,
}

impl Started {
    fn new() -> Self {
        let host = Host::without_core();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
        host.configure_simulated(port.expect("a port"));
        host.change("start_core = false", "start_core = true");
        Self { host }
    }

    fn core(&self) -> Option<Pid> {
        let pid = fs::read_to_string(self.host.dir.path().join("core.lock")).ok()?;
        Some(Pid::from_raw(pid.trim().parse().ok()?))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(core) = self.core() {
            let _ = kill(core, Signal::SIGKILL);
        }
    }
}

#[test]
fn a_core_that_is_left_behind_holds_neither_the_streams_nor_the_group() {
    let started = Started::new();
    let ran = run_within(&mut action(&started.host, "CRITICAL", "OK", "x"), USUAL);
    assert!(ran.took < Duration::from_secs(15), "{ran:?}");
    quiet(ran);
    let core = started.core().expect("a core has left its process id");
    assert_eq!(getpgid(Some(core)), Ok(core), "a group of its own");
    // It lives on, and takes what the next run hands over.
    quiet(run_within(
        &mut action(&started.host, "OK", "CRITICAL", "x"),
        USUAL,
    ));
    assert_eq!(kill(core, None), Ok(()));
}

#[test]
fn a_check_that_takes_too_long_says_so_and_is_not_thrown_away() {
    let host = Host::with_core();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    host.configure(listener.local_addr().expect("its address"));
    let ran = run_within(&mut host.command(CHECK, &["-t", "60"]), SHORT);
    assert_eq!((ran.terminated, ran.killed), (1, false), "{ran:?}");
    let report = ran.report();
    assert_eq!(report.status, "UNKNOWN");
    assert!(
        report
            .message
            .starts_with("Rinban UNKNOWN: told to end (SIGTERM)"),
        "{report:?}"
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_check_that_was_stopped_wakes_up_for_its_end() {
    let host = Host::with_core();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    host.configure(listener.local_addr().expect("its address"));
    let stopper = thread::spawn(move || {
        // It has asked, so its signals are set up.
        let (mut stream, _) = listener.accept().expect("the check");
        let _ = stream.read(&mut [0; 16]).expect("its request");
        let owner = owner_of(stream.peer_addr().expect("an address").port());
        killpg(owner, Signal::SIGSTOP).expect("stopped");
        stream
    });
    let ran = run_within(&mut host.command(CHECK, &["-t", "60"]), SHORT);
    drop(stopper.join().expect("no panic"));
    assert_eq!(ran.report().status, "UNKNOWN");
    assert!(ran.stdout.contains("SIGTERM") && !ran.killed, "{ran:?}");
}

/// The process group whose socket has this local port: the only check that runs with a time-out of a minute in a group
/// whose leader it is, found by its open socket.
fn owner_of(port: u16) -> Pid {
    let table = fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
    let local = format!(":{port:04X}");
    let inode = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| {
            fields
                .get(1)
                .is_some_and(|address| address.ends_with(&local))
        })
        .map(|fields| format!("socket:[{}]", fields[9]))
        .expect("its socket");
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let mut pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let owns = |pid: &i32| {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| target.as_os_str() == inode.as_str())
    };
    Pid::from_raw(pids.find(owns).expect("its process"))
}

#[test]
fn an_action_that_is_ended_half_way_leaves_its_event_to_the_next() {
    let host = Host::with_core();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("its address"));
    let key = host.dir.path().join("key");
    fs::write(&key, "a-key-of-this-monitor").expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("it is private");
    let remote = format!("start_core = false\ncores = [{url:?}]\napi_key_file = {key:?}");
    host.change("start_core = false", &remote);
    let limit = Limit {
        timeout: Duration::from_millis(700),
        ..SHORT
    };
    let ran = run_within(&mut action(&host, "CRITICAL", "OK", "x"), limit);
    assert_eq!((ran.code, ran.terminated), (None, 1), "{ran:?}");
    assert_eq!(host.take_spooled(), []);
    host.change(&remote, "start_core = false");
    quiet(run_within(
        &mut action(&host, "CRITICAL", "CRITICAL", "x"),
        USUAL,
    ));
    let problem = host.take_spooled().remove(0);
    assert_eq!(problem.kind, EventKind::Problem);
}

#[test]
fn a_problem_that_waits_for_a_core_is_followed_by_its_recovery() {
    let mut host = Host::without_core();
    let ran = run_within(&mut action(&host, "CRITICAL", "OK", "x"), USUAL);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    // The check has recovered before any core came up. The next one must not call anybody for what is over.
    let ran = run_within(&mut action(&host, "OK", "CRITICAL", "x"), USUAL);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    host.start_core();
    quiet(run_within(&mut action(&host, "OK", "OK", "x"), USUAL));
    let mut kinds: Vec<_> = host.take_spooled();
    kinds.sort_by_key(|event| event.received_at);
    let kinds: Vec<_> = kinds.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Problem, EventKind::Recovery]);
    quiet(run_within(&mut action(&host, "OK", "OK", "x"), USUAL));
    assert_eq!(host.take_spooled(), []);
}

#[test]
fn of_runs_that_overlap_the_one_that_began_last_has_the_last_word() {
    let host = Host::with_core();
    quiet(run_within(&mut action(&host, "CRITICAL", "OK", "x"), USUAL));
    let [lock] = &locks(&host)[..] else {
        panic!("one check, one lock");
    };
    for _ in 0..5 {
        // Both wait for the same lock, and either may get it first.
        let held = fs::File::open(lock).expect("the lock");
        held.lock().expect("it is free");
        thread::scope(|scope| {
            let runs = [("WARNING", "CRITICAL"), ("OK", "WARNING")].map(|(status, previous)| {
                let run =
                    scope.spawn(|| run_within(&mut action(&host, status, previous, "x"), USUAL));
                thread::sleep(Duration::from_millis(150));
                run
            });
            drop(held);
            for run in runs {
                quiet(run.join().expect("no panic"));
            }
        });
        let mut events = host.take_spooled();
        events.sort_by_key(|event| event.received_at);
        let last = events.last().expect("a recovery");
        assert_eq!(last.kind, EventKind::Recovery, "{events:#?}");
        quiet(run_within(&mut action(&host, "OK", "OK", "x"), USUAL));
        assert_eq!(host.take_spooled(), [], "nothing is left open");
        quiet(run_within(&mut action(&host, "CRITICAL", "OK", "x"), USUAL));
    }
}

fn locks(host: &Host) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(host.dir.path().join("mackerel")).expect("states");
    files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "lock"))
        .collect()
}

#[test]
fn an_action_that_waits_for_another_ends_in_time_and_is_heard() {
    let host = Host::with_core();
    quiet(run_within(&mut action(&host, "OK", "", "x"), USUAL));
    let held = fs::File::open(&locks(&host)[0]).expect("the lock");
    held.lock().expect("it is free");
    let ran = run_within(&mut action(&host, "CRITICAL", "OK", "x"), USUAL);
    assert!(ran.took < Duration::from_secs(8), "{ran:?}");
    assert_eq!(
        (ran.code, ran.stderr.lines().count()),
        (Some(0), 1),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("has held"), "{ran:?}");
    assert_eq!(host.take_spooled()[0].kind, EventKind::Problem);
}

#[test]
fn where_no_state_can_be_kept_the_event_is_handed_over_and_the_reason_told() {
    let host = Host::with_core();
    fs::write(host.dir.path().join("mackerel"), "in the way").expect("written");
    for (status, previous, expected) in [
        ("CRITICAL", "OK", Some(EventKind::Problem)),
        ("CRITICAL", "CRITICAL", Some(EventKind::Problem)),
        ("OK", "CRITICAL", Some(EventKind::Recovery)),
        ("OK", "OK", None),
    ] {
        let ran = run_within(&mut action(&host, status, previous, "x"), USUAL);
        assert_eq!(
            (ran.code, ran.stderr.lines().count()),
            (Some(0), 1),
            "{ran:?}"
        );
        assert!(ran.stderr.contains("cannot be kept"), "{ran:?}");
        let kind = host.take_spooled().first().map(|event| event.kind);
        assert_eq!(kind, expected, "{status} after {previous:?}");
    }
}

/// On a disk of 128 KiB that another file fills up, in a mount namespace of its own.
#[test]
fn a_full_disk_is_told_and_its_event_is_not_forgotten() {
    let may_mount = Command::new("unshare").args(["-m", "true"]).status();
    if !may_mount.is_ok_and(|status| status.success()) {
        println!("not run: this user may not mount a small disk");
        return;
    }
    let host = Host::with_core();
    let script = r#"
        set -eu
        dir=$1; shift
        mkdir "$dir/disk"
        mount -t tmpfs -o size=128k none "$dir/disk"
        sed -i "s|^state_dir.*|state_dir = '$dir/disk'|" "$dir/rinban.toml"
        exec 9>"$dir/disk/core.lock"; flock 9
        export MACKEREL_STATUS=CRITICAL MACKEREL_PREVIOUS_STATUS=OK MACKEREL_CHECK_MESSAGE=x
        cat /dev/zero >"$dir/disk/filler" 2>/dev/null || true
        "$@" && echo "exit $?" || echo "exit $?"
        rm "$dir/disk/filler"
        export MACKEREL_PREVIOUS_STATUS=CRITICAL
        "$@" && echo "exit $?" || echo "exit $?"
        cat "$dir"/disk/spool/new/*
    "#;
    let plain = host.command(PLUGIN, &NOTIFY);
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(host.dir.path())
        .arg(plain.get_program())
        .args(plain.get_args());
    let ran = run_within(&mut command, USUAL);
    let mut lines = ran.stdout.lines();
    assert_eq!(lines.next(), Some("exit 1"), "{ran:?}");
    assert_eq!(lines.next(), Some("exit 0"), "{ran:?}");
    assert!(
        lines.next().is_some_and(|event| event.contains("problem")),
        "{ran:?}"
    );
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("is full; free some space"), "{ran:?}");
}

#[test]
fn what_is_printed_fits_whatever_it_is_about() {
    let long = "あ\\u0000\\n".repeat(3_000);
    let host = Host::with_core();
    host.configure(answer_health(vec![format!(r#"{{"status":"{long}"}}"#)]));
    fits(
        &run_within(&mut host.command(CHECK, &[]), USUAL),
        "Rinban CRITICAL: the core says",
    );
    let host = Host::with_core();
    host.configure(answer_health(vec![r#"{"status":"ok"}"#.to_owned()]));
    host.change(
        "[groups.primary]",
        &format!("[groups.\"{}\"]", "組".repeat(70_000)),
    );
    fits(
        &run_within(&mut host.command(CHECK, &[]), USUAL),
        "Rinban WARNING: the configuration",
    );
    let config = "x".repeat(20_000);
    let ran = run_within(&mut host.command(CHECK, &[&format!("--{config}")]), USUAL);
    fits(&ran, "Rinban UNKNOWN: unknown option");
}

fn fits(ran: &Ran, begin: &str) {
    let report = ran.report();
    assert!(report.message.starts_with(begin), "{report:?}");
    assert_eq!(report.message, ran.stdout, "the agent cuts nothing off");
    assert!(
        !ran.stdout.trim_end_matches('\n').contains(char::is_control),
        "{ran:?}"
    );
    assert_eq!(ran.stderr, "");
}

#[test]
fn the_longest_message_that_an_environment_holds_is_handed_over() {
    // The system's bound on one text, with the name, the sign and the NUL at its end.
    let longest = 128 * 1_024 - "MACKEREL_CHECK_MESSAGE=".len() - 1;
    let host = Host::with_core();
    let message = format!("first line\n{}", "m".repeat(longest - 11));
    quiet(run_within(
        &mut action(&host, "CRITICAL", "OK", &message),
        USUAL,
    ));
    let event = host.take_spooled().remove(0);
    assert_eq!(event.title, "disk: first line");
    assert!(event.message.chars().count() <= Limits::MESSAGE_CHARS);
    // The agent cannot run the action of a check that says more, which is why ours never does.
    let error = action(&host, "CRITICAL", "OK", &(message + "m")).spawn();
    let error = error.expect_err("too long");
    assert_eq!(error.raw_os_error(), Some(Errno::E2BIG as i32));
}

#[test]
fn nothing_is_kept_where_everybody_may_write() {
    let host = Host::with_core();
    host.configure(answer_health(vec![
        r#"{"status":"ok"}"#.to_owned(),
        r#"{"status":"ok"}"#.to_owned(),
    ]));
    let shared = host.dir.path().join("workdir");
    fs::create_dir(&shared).expect("a directory");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).expect("is everybody's");
    let commands = [
        action(&host, "CRITICAL", "OK", "x"),
        host.command(PLUGIN, &[]),
        host.command(CHECK, &[]),
    ];
    for mut command in commands {
        command.env("MACKEREL_PLUGIN_WORKDIR", &shared);
        let ran = run_within(&mut command, USUAL);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    assert_eq!(fs::read_dir(&shared).expect("lists").count(), 0);
    let state = host.dir.path().join("mackerel");
    let mode =
        |path: &std::path::Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for file in fs::read_dir(&state).expect("lists") {
        let path = file.expect("a file").path();
        let expected = if path.ends_with("metrics.json") {
            0o644
        } else {
            0o600
        };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn the_state_of_a_check_stays_small_however_often_it_changes() {
    let host = Host::with_core();
    let mut before = "OK";
    for status in [
        "CRITICAL", "OK", "WARNING", "CRITICAL", "UNKNOWN", "OK", "CRITICAL",
    ] {
        quiet(run_within(&mut action(&host, status, before, "x"), USUAL));
        before = status;
    }
    let files = fs::read_dir(host.dir.path().join("mackerel")).expect("lists");
    let sizes: Vec<_> = files
        .map(|file| file.and_then(|file| file.metadata()).expect("a file").len())
        .collect();
    assert_eq!(sizes.len(), 2, "the state and its lock");
    assert!(sizes.iter().all(|&size| size < 300), "{sizes:?}");
}

#[test]
fn the_agent_that_the_tests_play_hangs_on_a_left_over_as_the_real_one_does() {
    let begin = Instant::now();
    let limit = Limit {
        timeout: Duration::from_millis(300),
        until_kill: Duration::from_secs(5),
    };
    let mut leaves_a_child = Command::new("sh");
    leaves_a_child.args(["-c", "sleep 60 & echo fine; exit 1"]);
    let ran = run_within(&mut leaves_a_child, limit);
    assert_eq!(
        (ran.report().status, ran.terminated),
        ("WARNING", 1),
        "{ran:?}"
    );
    let mut deaf = Command::new("sh");
    deaf.args([
        "-c",
        "trap '' TERM; echo half; while :; do sleep 0.05; done",
    ]);
    let limit = Limit {
        until_kill: Duration::from_millis(500),
        ..limit
    };
    let ran = run_within(&mut deaf, limit);
    assert!(
        ran.killed && ran.report().message == "command timed out",
        "{ran:?}"
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
}
