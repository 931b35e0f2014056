//! The forms in which a run is told: for people, for machines, for browsers.

mod page;
mod schema;

use serde_json::Value;

use super::{
    command::{Played, Run},
    handler::{Handler, PUBLIC, TOKEN},
};

/// A run with something of each outcome in it.
fn played(forms: &[&str]) -> Played {
    let server = Handler::serve("strips the trailing slash");
    let mut arguments = Vec::new();
    let dir = tempfile::tempdir().expect("a directory");
    let path = |form: &str| {
        dir.path()
            .join(format!("report.{form}"))
            .to_string_lossy()
            .into_owned()
    };
    let paths: Vec<_> = forms
        .iter()
        .map(|form| (format!("--{form}"), path(form)))
        .collect();
    for (option, path) in &paths {
        arguments.extend([option.as_str(), path.as_str()]);
    }
    let cases = [
        "sig/plain",
        "sig/trailing-slash",
        "sig/port-default",
        "gather/digit",
    ];
    let mut played = Played::against(&server, &cases, &arguments);
    played.keep(dir);
    played
}

#[test]
fn a_failure_tells_all_that_is_needed_to_see_it_again() {
    let played = played(&[]);
    let said = &played.run.stdout;
    for line in [
        "  ok    sig/plain",
        "  FAIL  sig/trailing-slash (MUST)",
        "  skip  sig/port-default: the address has a port of its own",
        "  required  A slash at the end of the path is part of what is verified.",
        "  signed    https://oncall.example.com/voice/AccountSidAC",
        "  request   curl -i --path-as-is --globoff 'http://127.0.0.1:",
        "  expected  2xx: the request is genuine",
        "  actual    403 forbidden",
        ": 2 passed, 1 failed (1 MUST, 0 SHOULD), 1 skipped, in ",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    assert!(!said.contains(TOKEN), "{said}");
}

#[test]
fn the_line_for_the_shell_sends_the_request_again() {
    let server = Handler::serve("strips the trailing slash");
    let played = Played::against(&server, &["sig/trailing-slash"], &[]);
    let case = &played.report["targets"][0]["cases"][0];
    let line = case["failure"]["curl"]
        .as_str()
        .expect("a line for the shell");
    let curl = std::process::Command::new("sh")
        .args(["-c", line])
        .output()
        .expect("sh runs");
    // Not every machine has curl.
    if curl.status.code() == Some(127) {
        return;
    }
    let said = String::from_utf8_lossy(&curl.stdout).into_owned();
    assert!(
        said.starts_with("HTTP/1.1 403"),
        "{line}\n{said}{}",
        String::from_utf8_lossy(&curl.stderr)
    );
}

#[test]
fn the_list_names_every_case_and_an_explanation_all_about_it() {
    let list = Run::with(&["--list"]).check(0).stdout;
    for id in ["sig/plain", "gather/early-key", "load/burst"] {
        assert!(list.contains(id), "{id}");
    }
    let some = Run::with(&["--list", "sig/*query*"]).check(0).stdout;
    assert!(
        some.contains("sig/query-plus") && !some.contains("sig/plain"),
        "{some}"
    );
    let explained = Run::with(&["--explain", "gather/early-key"])
        .check(0)
        .stdout;
    assert!(
        explained.starts_with("## gather/early-key\n\n**SHOULD**: A key"),
        "{explained}"
    );
}

#[test]
fn the_page_of_all_cases_is_what_the_command_explains() {
    let page = include_str!("../../../docs/cases.md");
    let explained = Run::with(&["--explain", "*"]).check(0).stdout;
    let (_, cases) = page.split_once("\n\n## ").expect("cases");
    assert_eq!(
        format!("## {cases}"),
        explained,
        "make docs/cases.md anew: its head, then what `conformance run --explain '*'` prints"
    );
}

#[test]
fn a_should_counts_only_under_strict() {
    let server = Handler::serve("speaks before it listens");
    let url = format!("http://{}/voice", server.address);
    let usual = [
        "gather/early-key",
        "--url",
        &url,
        "--public-url",
        PUBLIC,
        "--auth-token-env",
        "TOKEN",
    ];
    let run = Run::with(&usual).check(0);
    assert!(
        run.stdout.contains("FAIL  gather/early-key (SHOULD)"),
        "{}",
        run.stdout
    );
    Run::with(&[&usual[..], &["--strict"]].concat()).check(1);
}

#[test]
fn the_same_seed_draws_the_same_requests() {
    let bodies = |seed: &str| {
        let server = Handler::serve("none");
        let played = Played::against(
            &server,
            &["sig/generated"],
            &["--cases", "8", "--form", "CallSid=CA1", "--seed", seed],
        );
        let exchanges = played.report["targets"][0]["cases"][0]["exchanges"].clone();
        let sent = |exchange: &Value| {
            let sent = exchange["sent"].as_str().unwrap_or_default();
            let target = sent.split(' ').nth(1).unwrap_or_default().to_owned();
            (
                target,
                sent.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned(),
            )
        };
        exchanges
            .as_array()
            .expect("exchanges")
            .iter()
            .map(sent)
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies("5"), bodies("5"));
    assert_ne!(bodies("5"), bodies("6"));
}

#[test]
fn a_generated_failure_is_made_small_and_names_what_was_done() {
    let server = Handler::serve("trims values");
    let played = Played::against(&server, &["sig/generated"], &["--cases", "200"]);
    let detail = played.report["targets"][0]["cases"][0]["failure"]["detail"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        detail.contains("smallest example: query \"\", parameters [("),
        "{detail}"
    );
    assert!(detail.contains("--seed 7"), "{detail}");
    let server = Handler::serve("checks nothing");
    let played = Played::against(&server, &["sig/generated-forged"], &[]);
    let detail = played.report["targets"][0]["cases"][0]["failure"]["detail"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        detail.starts_with("the value of a parameter was changed"),
        "{detail}"
    );
}

#[test]
fn what_is_below_a_public_prefix_is_signed_with_it_and_called_without() {
    let server = super::http::Server::start(|_| Some(super::http::Reply::new(204, "", "")));
    let dir = tempfile::tempdir().expect("a directory");
    let json = dir
        .path()
        .join("report.json")
        .to_string_lossy()
        .into_owned();
    let base = format!("http://{}", server.address);
    for status_url in [
        "/status",
        "status",
        &format!("{base}/status"),
        &format!("{PUBLIC}/page/status"),
    ] {
        let public = format!("{PUBLIC}/page");
        Run::with(&[
            "status/usual",
            "--url",
            &format!("{base}/voice"),
            "--status-url",
            status_url,
            "--public-url",
            &public,
            "--auth-token-env",
            "TOKEN",
            "--json",
            &json,
        ])
        .check(0);
        let report: Value =
            serde_json::from_str(&std::fs::read_to_string(&json).expect("written")).expect("JSON");
        let exchange = &report["targets"][0]["cases"][0]["exchanges"][0];
        let starts = |field: &str, with: &str| {
            exchange[field]
                .as_str()
                .is_some_and(|text| text.starts_with(with))
        };
        assert!(
            starts(
                "sent",
                "POST /status HTTP/1.1\r\nHost: oncall.example.com:8443\r\n"
            ),
            "{status_url}: {exchange}"
        );
        assert!(
            starts(
                "signed_string",
                "https://oncall.example.com/page/statusAccountSid"
            ),
            "{status_url}: {exchange}"
        );
    }
}

#[test]
fn several_handlers_stand_beside_each_other() {
    let (good, bad) = (Handler::serve("none"), Handler::serve("trims values"));
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let run = |targets: &[String], json: &str, status: i32| {
        let mut arguments = vec![
            "sig/plain",
            "sig/untrimmed",
            "--public-url",
            PUBLIC,
            "--auth-token-env",
            "TOKEN",
        ];
        for target in targets {
            arguments.extend(["--url", target]);
        }
        let json = file(json);
        arguments.extend(["--json", &json]);
        Run::with(&arguments).check(status).stdout
    };
    let good = format!("good=http://{}/voice", good.address);
    let bad = format!("bad=http://{}/voice", bad.address);
    let both = run(&[good.clone(), bad.clone()], "both.json", 1);
    assert!(
        both.contains("good: 2 passed, 0 failed") && both.contains("bad: 1 passed, 1 failed"),
        "{both}"
    );
    run(&[good], "good.json", 0);
    run(&[bad], "bad.json", 1);
    let merged = Run::with(&[
        "--merge",
        &file("good.json"),
        "--merge",
        &file("bad.json"),
        "--html",
        &file("merged.html"),
    ]);
    let merged = merged.check(1).stdout;
    assert!(
        merged.contains("good: 2 passed") && merged.contains("bad: 1 passed"),
        "{merged}"
    );
    let page = std::fs::read_to_string(file("merged.html")).expect("written");
    assert_eq!(
        page.matches("<details class=\"case").count(),
        2,
        "targets stand beside each other, not below"
    );
}
