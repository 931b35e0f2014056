//! conformance soak, as its users run it.

mod plants;
mod scenarios;

use std::process::{Command, Output};

/// Runs the command.
fn soak(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance"))
        .arg("soak")
        .args(arguments)
        .output()
        .expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The line of the output that begins so.
fn line<'a>(output: &'a str, beginning: &str) -> &'a str {
    let mut lines = output.lines();
    lines
        .find(|line| line.starts_with(beginning))
        .unwrap_or_else(|| panic!("no line begins with {beginning:?} in\n{output}"))
}

/// Rates at which a small run meets everything.
const ROUGH: [&str; 10] = [
    "--rates",
    "lost-after=0.05",
    "--rates",
    "list-lags=0.5",
    "--rates",
    "look-up-fails=0.3",
    "--rates",
    "crash-after=0.002",
    "--rates",
    "crash-amid=0.002",
];

#[test]
fn a_small_soak_keeps_every_promise_and_looks_at_each() {
    let run = |threads: &str| {
        let mut arguments = vec!["--escalations", "1600", "--seed", "5", "--threads", threads];
        arguments.extend(ROUGH);
        let output = soak(&arguments);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{stdout}");
        stdout
    };
    let (one, two) = (run("1"), run("2"));
    assert_eq!(line(&one, "trace "), line(&two, "trace "));
    assert_eq!(line(&one, "calls requested"), line(&two, "calls requested"));
    let met = line(&one, "lost-after").split_whitespace().skip(1);
    let met: u32 = met.filter_map(|times| times.parse::<u32>().ok()).sum();
    assert!(met > 50, "{one}");
}

#[test]
fn another_seed_is_another_run() {
    let trace = |seed: &str| {
        let output = soak(&["--world", "0", "--escalations", "20", "--seed", seed]);
        assert_eq!(output.status.code(), Some(0));
        line(&text(&output.stdout), "trace ").to_owned()
    };
    assert_eq!(trace("1"), trace("1"));
    assert_ne!(trace("1"), trace("2"));
}

#[test]
fn a_run_that_is_too_small_to_show_anything_says_so() {
    let output = soak(&["--escalations", "1", "--rates", "all=0"]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("never looked at: P3"), "{stdout}");
}

#[test]
fn wrong_rates_and_tapes_say_what_to_write() {
    for (arguments, wanted) in [
        (&["--rates", "refusal=0.1"][..], "there is no kind"),
        (&["--rates", "refused=7"], "a number from 0 to 1"),
        (&["--rates", "no-such-file"], "cannot be read"),
        (
            &["--world", "1", "--tape", "no-such-file"],
            "cannot be read",
        ),
        (&["--escalations", "0"], "invalid value"),
    ] {
        let output = soak(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(wanted), "{arguments:?}: {stderr}");
    }
}
