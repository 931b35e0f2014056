//! A configuration with a mistake: status 78, with file, line and remedy.

use std::fs;

use super::Waiting;
use crate::support::core::{PUBLIC, config};

/// Changes the configuration, expects it to be refused with these words, and changes it back.
#[track_caller]
fn check(from: &str, to: &str, words: &[&str]) {
    let waiting = Waiting::new();
    let sound = config(PUBLIC, &waiting.carrier.url());
    assert!(sound.contains(from), "{from:?} is not there to be changed");
    waiting.home.write_config(&sound.replacen(from, to, 1));
    let words = [&["rinban.toml:"], words].concat();
    waiting.check_refused(78, &words);
    let (status, said) = waiting.home.run(&["check"]);
    assert_eq!(status, 78, "{said}");
    waiting.home.write_config(&sound);
    waiting.check_taken();
}

#[test]
fn a_file_that_is_no_toml() {
    check("[server]", "[server", &["rinban.toml:3:", "; "]);
}

#[test]
fn an_unknown_key() {
    check(
        "[members.aya]",
        "[policies.default]\nring_timout_secs = 5\n[members.aya]",
        &["ring_timout_secs", "did you mean `ring_timeout_secs`?"],
    );
}

#[test]
fn a_number_that_is_not_international() {
    check("\"+819012345678\"", "\"090-1234-5678\"", &["number", "+81"]);
}

#[test]
fn a_group_without_members() {
    check("[\"aya\", \"ben\"]", "[]", &["members", "empty"]);
}

#[test]
fn a_public_url_that_is_relative() {
    check(
        "\"https://oncall.example.com\"",
        "\"/rinban\"",
        &["public_url", "absolute", "https://"],
    );
}

#[test]
fn a_secret_that_is_in_no_variable() {
    check(
        "auth_token_env = \"TOKEN\"",
        "auth_token_env = \"TOKEN_OF_NOBODY\"",
        &["TOKEN_OF_NOBODY", "set"],
    );
}

#[test]
fn a_file_that_is_not_there() {
    let waiting = Waiting::new();
    let sound = fs::read_to_string(waiting.home.config()).expect("readable");
    fs::remove_file(waiting.home.config()).expect("is there");
    waiting.check_refused(78, &["rinban.toml", "cannot be read", "rinban init"]);
    waiting.home.write_config(&sound);
    waiting.check_taken();
}
