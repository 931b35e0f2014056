//! `check-rinban`: one line, and an exit status from 0 to 3.

use std::{
    fs::{self, File},
    io::Read,
    net::TcpListener,
    time::{Duration, SystemTime},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::as_the_agent_runs_it::{CHECK, Host, PLUGIN, answer_health, ended, run};

fn well() -> String {
    r#"{"status":"ok","uptime_secs":5}"#.to_owned()
}

fn check(host: &Host, args: &[&str], status: i32, text: &str) {
    let (code, stdout, stderr) = run(&mut host.command(CHECK, args));
    assert_eq!((code, stderr.as_str()), (Some(status), ""), "{stdout}");
    assert!(stdout.contains(text), "{stdout}");
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
}

#[test]
fn a_core_that_answers_is_ok_with_a_text_that_never_changes() {
    let host = Host::with_core();
    host.configure(answer_health(vec![well(), well()]));
    let ok = "Rinban OK: alerts reach the people on call\n";
    check(&host, &[], 0, ok);
    let (code, stdout, _) = run(&mut host.command(PLUGIN, &["check"]));
    assert_eq!((code, stdout.as_str()), (Some(0), ok));
}

#[test]
fn a_fresh_installation_waits_for_its_first_event() {
    let host = Host::without_core();
    host.change("start_core = false", "start_core = true");
    check(
        &host,
        &[],
        0,
        "Rinban OK: no core runs and none is needed; the next event starts one",
    );
}

#[test]
fn carriers_that_are_simulated_are_told() {
    let host = Host::with_core();
    host.configure_simulated(answer_health(vec![well()]));
    check(&host, &[], 1, "no real phone will ring");
}

#[test]
fn the_address_where_carriers_look_for_us_is_asked() {
    let host = Host::with_core();
    let core = answer_health(vec![well(), well(), well()]);
    host.configure(core);
    host.change(
        &format!("public_url = \"http://{core}\""),
        "public_url = \"http://127.0.0.1:9\"",
    );
    check(&host, &[], 1, "where carriers look for us, does not answer");
    check(
        &host,
        &["--public", "critical"],
        2,
        "where carriers look for us",
    );
    check(&host, &["--public", "off"], 0, "OK");
    check(
        &host,
        &["--public", "maybe"],
        3,
        "write warning, critical or off",
    );
}

#[test]
fn no_core_is_critical_unless_it_is_to_be_something_else() {
    let host = Host::without_core();
    check(&host, &[], 2, "Rinban CRITICAL: no core runs");
    check(
        &host,
        &["--status-as", "CRITICAL=warning"],
        1,
        "Rinban WARNING: no core runs",
    );
}

#[test]
fn a_core_that_holds_the_lock_and_says_nothing_is_critical() {
    let host = Host::with_core();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    host.configure(listener.local_addr().expect("its address"));
    check(&host, &["-t", "2"], 2, "does not answer");
}

#[test]
fn an_event_that_waits_is_told_by_its_age() {
    let host = Host::with_core();
    host.configure(answer_health(vec![well(), well(), well()]));
    let new = host.dir.path().join("spool/new");
    fs::create_dir_all(&new).expect("a spool");
    let written = SystemTime::now() - Duration::from_secs(30);
    File::create(new.join("event"))
        .and_then(|file| file.set_modified(written))
        .expect("an event");
    check(&host, &[], 1, "Rinban WARNING: an event has waited");
    check(
        &host,
        &["-c", "20"],
        2,
        "Rinban CRITICAL: an event has waited",
    );
    check(&host, &["-w", "100", "-c", "200"], 0, "OK");
}

#[test]
fn a_configuration_with_mistakes_is_a_warning() {
    let host = Host::with_core();
    host.configure(answer_health(vec![well()]));
    let config = fs::read_to_string(host.config()).expect("a configuration");
    fs::write(host.config(), config.replace("+8190", "90")).expect("written");
    check(
        &host,
        &[],
        1,
        "Rinban WARNING: the configuration has mistakes",
    );
}

#[test]
fn wrong_options_and_no_configuration_are_unknown() {
    let host = Host::with_core();
    check(
        &host,
        &["--wrong"],
        3,
        "Rinban UNKNOWN: unknown option `--wrong`",
    );
    check(&host, &["-w", "x"], 3, "Rinban UNKNOWN");
    fs::remove_file(host.config()).expect("removed");
    check(&host, &[], 3, "Rinban UNKNOWN");
}

#[test]
fn told_to_end_it_says_so_in_time() {
    let host = Host::with_core();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    host.configure(listener.local_addr().expect("its address"));
    let child = host.command(CHECK, &["-t", "60"]).spawn().expect("started");
    // It has asked, so it waits, and its signals are set up.
    let (mut stream, _) = listener.accept().expect("the check");
    let _ = stream.read(&mut [0; 16]).expect("its request");
    let pid = Pid::from_raw(child.id().try_into().expect("a process id"));
    kill(pid, Signal::SIGTERM).expect("told");
    let (code, stdout, _) = ended(child.wait_with_output().expect("ended"));
    assert_eq!(code, Some(3), "{stdout}");
    assert!(
        stdout.starts_with("Rinban UNKNOWN: told to end (SIGTERM)"),
        "{stdout}"
    );
}
