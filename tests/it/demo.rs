//! `rinban demo` as a process: a night that runs by itself, in both languages, and fails unless its journal is right.

use std::process::{Command, Output};

use unicode_width::UnicodeWidthStr;

fn demo(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let state = tempfile::tempdir().expect("temporary directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rinban"));
    command.arg("demo").args(args).env("TMPDIR", state.path());
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"] {
        command.env_remove(name);
    }
    let output = command
        .envs(environment.iter().copied())
        .output()
        .expect("the binary runs");
    let left = std::fs::read_dir(state.path()).expect("readable").count();
    assert_eq!(left, 0, "the state is removed");
    output
}

/// Runs it without a terminal; the parts must stand in the output in this order.
#[track_caller]
fn check(args: &[&str], environment: &[(&str, &str)], parts: &[&str]) {
    let output = demo(args, environment);
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{complaint}\n{said}");
    assert_eq!(complaint, "");
    assert!(!said.contains('\x1b'), "no colours in a pipe: {said}");
    let mut rest = said.as_str();
    for part in parts {
        let at = rest.find(part);
        rest =
            &rest[at.unwrap_or_else(|| panic!("{part:?} is missing or out of order:\n{said}"))..];
    }
    for line in said.lines() {
        assert!(line.width() < 80, "{} columns: {line}", line.width());
    }
}

#[test]
fn a_night_goes_as_written_and_is_told_in_english() {
    check(
        &["--auto", "--lang", "en"],
        &[],
        &[
            "02:14:05",
            "CRITICAL db-01: Disk 96% full",
            "#oncall ▏ New alert.",
            "│ ☎ │ ))) ✗ The line is busy.",
            "#oncall ▏ Aya's line was busy.",
            "Rings for 20 s, and nobody picks up.",
            "#oncall ▏ Ben did not answer.",
            "A voicemail answers.",
            "Critical alert for database.",
            "✗ A voicemail presses no key, so it takes nothing.",
            "[1] Presses 1",
            "“You have taken 1 alert.",
            "#oncall ▏ Dan has taken it.",
            "#oncall ▏ Recovered.",
            "✓ 4 calls: Dan took the alert",
            "replays to the same state",
            "rinban init",
        ],
    );
}

#[test]
fn a_night_goes_as_written_and_is_told_in_japanese() {
    check(
        &["--auto"],
        &[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "")],
        &[
            "02:14:05",
            "重大 db-01: ディスク使用率 96%",
            "#oncall ▏ アラートが発生しました。",
            "✗ 話し中でした。",
            "20 秒鳴らしましたが、誰も出ません。",
            "「緊急のお電話です。",
            "✗ 留守番電話は、引き受けたことになりません。",
            "[1] ",
            "「1件のアラートを引き受けました。",
            "#oncall ▏ 土井 さんが対応します。",
            "#oncall ▏ 復旧しました。",
            "✓ 4 回電話し、",
            "rinban init",
        ],
    );
}

#[test]
fn without_a_terminal_it_runs_by_itself_and_lc_all_overrules_lang() {
    check(
        &["--speed", "16"],
        &[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C.UTF-8")],
        &["On call tonight:  1 Aya", "✓ 4 calls"],
    );
}

#[test]
fn a_proxy_in_the_environment_does_not_stop_the_calls() {
    let proxy = "http://127.0.0.1:9";
    check(
        &["--lang", "en"],
        &[
            ("HTTP_PROXY", proxy),
            ("http_proxy", proxy),
            ("ALL_PROXY", proxy),
        ],
        &["The line is busy.", "✓ Taken.", "✓ 4 calls"],
    );
}
