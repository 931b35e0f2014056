//! `rinban init`, `check`, `oncall` and `plan` as processes.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

const SOUND: &str = "
[[providers]]
name = 'sim'
kind = 'simulated'
[members.aya]
number = '+819012345678'
[members.'千恵']
number = '+819012345679'
channels = ['sms', 'voice']
[groups.web]
members = ['aya', '千恵']
rotation = { every = 'day', at = '09:00', start = '2026-01-05' }
holidays = { members = ['千恵'] }
[[groups.web.overrides]]
from = '2026-12-02 12:00'
until = '2026-12-02 15:00'
members = []
";

fn rinban(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rinban"))
        .args(args)
        .current_dir(dir)
        .env_remove("RINBAN_CONFIG")
        .output()
        .expect("the binary runs")
}

fn dir_with(config: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("temporary directory");
    fs::write(dir.path().join("rinban.toml"), config).expect("written");
    dir
}

/// Runs with the configuration and gives status, standard output and standard error.
fn run(config: &str, args: &[&str]) -> (i32, String, String) {
    let dir = dir_with(config);
    let output = rinban(dir.path(), &[args, &["--config", "rinban.toml"]].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("an exit status"),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn init_writes_a_file_that_check_finds_sound_and_never_overwrites_one() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let first = rinban(dir.path(), &["init"]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let path = dir.path().join("rinban.toml");
    let check = rinban(dir.path(), &["check", "--config", "rinban.toml"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(
        said.starts_with("rinban.toml is sound: 3 members, 1 group, 1 provider"),
        "{said}"
    );
    assert!(said.contains("is on call, then"), "{said}");

    fs::write(&path, "mine").expect("written");
    let second = rinban(dir.path(), &["init"]);
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("exists and is left as it is"));
    assert_eq!(fs::read_to_string(&path).expect("readable"), "mine");

    let below = rinban(dir.path(), &["init", "new/below/rinban.toml"]);
    assert_eq!(below.status.code(), Some(0), "{below:?}");
    assert!(dir.path().join("new/below/rinban.toml").is_file());
    let no_directory = rinban(dir.path(), &["init", "rinban.toml/rinban.toml"]);
    let said = String::from_utf8_lossy(&no_directory.stderr);
    assert!(
        said.starts_with("cannot make the directory rinban.toml: "),
        "{said}"
    );
}

#[test]
fn check_tells_all_errors_and_exits_78() {
    let broken = "[[providers]]\nname = 'a'\nkind = 'b'\n[members.aya]\nnumber = '1'\n[groups.web]\nmembers = ['x']\n";
    let (status, out, err) = run(broken, &["check"]);
    assert_eq!((status, out.as_str()), (78, ""));
    let lines: Vec<_> = err
        .lines()
        .map(|line| line.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(
        lines,
        ["rinban.toml:3:", "rinban.toml:5:", "rinban.toml:7:"],
        "{err}"
    );
}

#[test]
fn a_configuration_that_is_nowhere_is_an_invalid_one() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let named = rinban(dir.path(), &["check", "--config", "nowhere.toml"]);
    assert_eq!(named.status.code(), Some(78));
    let said = String::from_utf8_lossy(&named.stderr).into_owned();
    assert!(
        said.starts_with("nowhere.toml: cannot be read (No such file"),
        "{said}"
    );

    let variable = Command::new(env!("CARGO_BIN_EXE_rinban"))
        .arg("check")
        .env("RINBAN_CONFIG", dir_with(SOUND).path().join("gone.toml"))
        .output()
        .expect("the binary runs");
    assert_eq!(variable.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&variable.stderr).contains("gone.toml: cannot be read"));
}

#[test]
fn oncall_shows_the_order_and_hides_the_numbers() {
    let check = |at: &str, expected: &str| {
        let (status, out, err) = run(SOUND, &["oncall", "--group", "web", "--at", at]);
        assert_eq!((status, err.as_str()), (0, ""), "{at}");
        assert_eq!(out, expected, "{at}");
    };
    check(
        "2026-01-06 09:00",
        "web at 2026-01-06 Tue 09:00 (Asia/Tokyo): turn 1\n  \
         1.  千恵  +…5679  sms, voice\n  \
         2.  aya   +…5678  voice, sms\n  \
         until 2026-01-07 Wed 09:00\n",
    );
    check(
        "2026-02-11T00:00:00Z",
        "web at 2026-02-11 Wed 09:00 (Asia/Tokyo): holiday: 建国記念の日\n  \
         1.  千恵  +…5679  sms, voice\n  \
         until 2026-02-12 Thu 09:00\n",
    );
    check(
        "2026-12-02 12:00",
        "web at 2026-12-02 Wed 12:00 (Asia/Tokyo): override 1\n  \
         nobody is on call\n  \
         until 2026-12-02 Wed 15:00\n",
    );
}

#[test]
fn plan_lists_the_shifts_and_warns_of_gaps() {
    let (status, out, err) = run(SOUND, &["plan", "--from", "2026-12-02", "--days", "2"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(
        out,
        "web (Asia/Tokyo)\n\
         from                  until                 first     then  why\n\
         2026-12-02 Wed 00:00  2026-12-02 Wed 09:00  aya       千恵  turn 330\n\
         2026-12-02 Wed 09:00  2026-12-02 Wed 12:00  千恵      aya   turn 331\n\
         2026-12-02 Wed 12:00  2026-12-02 Wed 15:00  (nobody)        override 1\n\
         2026-12-02 Wed 15:00  2026-12-03 Thu 09:00  千恵      aya   turn 331\n\
         2026-12-03 Thu 09:00  2026-12-04 Fri 00:00  aya       千恵  turn 332\n"
    );
    assert_eq!(
        err,
        "warning: group web: nobody is on call from 2026-12-02 12:00 until 2026-12-02 15:00 (override 1); its alerts \
         wait until then\n"
    );
    let (_, _, err) = run(SOUND, &["plan", "--from", "2050-12-31", "--days", "3"]);
    assert!(
        err.contains("holidays of Japan are known until 2050-12-31"),
        "{err}"
    );
}

#[test]
fn wrong_usage_exits_2_and_says_what_is_right() {
    let check = |args: &[&str], expected: &str| {
        let (status, _, err) = run(SOUND, args);
        assert_eq!(status, 2, "{args:?}: {err}");
        assert!(err.contains(expected), "{args:?}: {err}");
    };
    check(
        &["oncall", "--group", "wep"],
        "there is no group \"wep\"; did you mean `web`?",
    );
    check(
        &["oncall", "--at", "soon"],
        "--at: \"soon\" is not a date and time",
    );
    check(&["plan", "--days", "0"], "0 is not in 1..=3660");
    check(&["plan", "--from", "2026-13-01"], "--from: \"2026-13-01\"");
    check(&["pager"], "unrecognized subcommand 'pager'");
}
