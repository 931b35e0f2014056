//! Flags and files: what is wrong is told, and what can be written.

use super::stand_in::{ACCOUNT, SECRET, Stand, TO, TOKEN, command};

const LEAST: [&str; 4] = ["--account-sid", ACCOUNT, "--auth-token-env", "TOKEN"];

#[track_caller]
fn refused(args: &[&str], files: &[(&str, &str)], says: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let output = command(&dir, args, files)
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
    assert!(text.contains(says), "{args:?}: {text}");
}

#[test]
fn what_is_wrong_with_the_command_line_is_told() {
    refused(&[], &[], "--account-sid");
    refused(
        &["--account-sid", "AC1", "--auth-token-env", "TOKEN"],
        &[],
        "AC and 32 hexadecimal digits",
    );
    refused(
        &["--account-sid", ACCOUNT, "--auth-token-env", "NOWHERE"],
        &[],
        "NOWHERE is not set; export it",
    );
    let with = |more: &[&'static str]| [&LEAST[..], more].concat();
    for (more, says) in [
        (&["--listen", "here"][..], "invalid socket address"),
        (&["--speed", "0"], "from 0.001 to 100000"),
        (&["--calls-per-second", "NaN"], "from 0.001 to 100000"),
        (&["--rate", "lose-callback"], "write KIND=P"),
        (
            &["--rate", "lose-callbacks=0.1"],
            "write one of error-before, ",
        ),
        (&["--fault", "reset"], "possible values: error-before, "),
        (&["--api-key", "SK1"], "write SK...=NAME"),
        (
            &["--sms-url", "/sms"],
            "does not begin with http:// or https://",
        ),
        (
            &["--people", "nowhere.toml"],
            "cannot read nowhere.toml: No such file",
        ),
        (
            &["--plan", "nowhere.toml"],
            "cannot read nowhere.toml: No such file",
        ),
        (
            &["--ca", "nowhere.pem", "--listen", "127.0.0.1:0"],
            "nowhere.pem",
        ),
    ] {
        refused(&with(more), &[], says);
    }
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let with = |more: &[&'static str]| [&LEAST[..], more].concat();
    let people = |text: &'static str, says| {
        refused(&with(&["--people", "p.toml"]), &[("p.toml", text)], says);
    };
    people("[calls\n", "p.toml: TOML parse error at line 1");
    people(
        "[calls]\n'+8190' = ['bussy']",
        "p.toml: [calls] +8190: \"bussy\" is nothing that people do; write busy",
    );
    people("[calls]\n'+8190' = []", "give at least one");
    let plan =
        |text: &'static str, says| refused(&with(&["--plan", "p.toml"]), &[("p.toml", text)], says);
    plan("[[fault]]\nkind = 'nothing'", "line 2");
    plan(
        "[[fault]]\nkind = 'outage'\non = 'calls'",
        "write any or one of create-call",
    );
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its number").to_string();
    let args = [&LEAST[..], &["--listen", &address]].concat();
    refused(&args, &[], "choose another address with --listen");
}

#[test]
fn the_log_has_one_line_each_and_neither_secrets_nor_whole_numbers() {
    let stand = Stand::start(&["--fault", "lose-webhook"]);
    let url = "http://127.0.0.1:9/secret-path?token=secret-token";
    stand.call(&[("Url", url), ("StatusCallback", url)]);
    stand.wait_for_status("completed");
    let mut log = String::new();
    for says in [
        "POST /2010-04-01/Accounts/",
        "Calls.json to +81…001: 201",
        "+81…001 is ringing",
        "webhook POST 127.0.0.1:9: error 11200 [lose-webhook]",
        "is completed",
    ] {
        log = stand.log_with(says);
    }
    for secret in [TOKEN, SECRET, TO, &TO[1..], "secret-path", "secret-token"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[test]
fn whoever_started_it_ends_it_with_a_signal() {
    for signal in ["-INT", "-TERM"] {
        let mut stand = Stand::start(&[]);
        assert_eq!(stand.end_by(signal), Some(0), "{signal}");
    }
}

#[test]
fn a_seed_that_was_drawn_is_told() {
    let stand = Stand::start(&["--rate", "lose-callback=0.5"]);
    stand.log_with("the seed is ");
}
