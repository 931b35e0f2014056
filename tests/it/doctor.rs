//! `rinban doctor` as people run it: beside a core that is well, and where something is not.

use std::{net::TcpListener, process::Output};

use serde_json::Value;

use crate::support::{
    carrier::Carrier,
    core::{Home, config, problem},
    http::Request,
    recorder::Recorder,
};

/// A home whose public URL leads to the core itself.
fn home(carrier: &Carrier) -> Home {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let config = config(&format!("http://127.0.0.1:{port}"), &carrier.url());
    Home::with(&config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}")))
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[track_caller]
fn check_lines(report: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            report.lines().any(|found| found.starts_with(line)),
            "{line:?} is missing:\n{report}"
        );
    }
}

#[test]
fn an_installation_that_is_well_is_told_so_and_nothing_changes_in_it() {
    let carrier = Carrier::start();
    let home = home(&carrier);
    let core = home.serve();
    let (status, report) = said(&home.output(&["doctor"]));
    assert_eq!(status, Some(0), "{report}");
    check_lines(
        &report,
        &[
            "ok    config      ",
            "ok    people      2 numbers",
            "ok    roster      somebody is on call in every group for the next 30 days",
            "ok    disk        the state directory ",
            "ok    disk        the spool ",
            "ok    core        runs on this host, process ",
            "ok    core        version ",
            "warn  core        there was no test call yet",
            "                  -> run `rinban test-call GROUP`",
            "ok    hand-off    an event without effect was on disk and taken after ",
            "ok    provider    twilio: the account is active",
            "ok    provider    twilio: may call from +…5678",
            "ok    provider    other: the balance is 12.34 USD",
            "ok    public URL  http://127.0.0.1:",
            "ok    public URL  a webhook signed as twilio signs it is taken for genuine",
            "ok    public URL  a webhook signed as other signs it is taken for genuine",
            "ok    clock       groups ",
        ],
    );
    let health = core.health();
    assert_eq!(
        (&health["open_alerts"], &health["calls_placed_total"]),
        (&0.into(), &0.into())
    );
    assert_eq!(carrier.calls().len(), 0);
    assert_eq!((home.spooled("new"), home.spooled("tmp")), (0, 0));

    let (status, json) = said(&home.output(&["doctor", "--json"]));
    assert_eq!(status, Some(0));
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["ok"], true);
    let checks = json["checks"].as_array().expect("a list");
    assert!(
        checks
            .iter()
            .all(|check| check["level"] != "fail" && check["text"].is_string()),
        "{json}"
    );
}

#[test]
fn other_carriers_are_asked_too_and_nothing_is_sent() {
    let (carrier, api) = (Carrier::start(), Recorder::start());
    let url = api.url();
    let more = format!(
        "[[providers]]\nname = \"vonage\"\nkind = \"vonage\"\nchannels = [\"voice\", \"sms\"]\nbase_url = \"{url}\"\n\
         sms_url = \"{url}\"\napplication_id = \"aaaaaaaa-bbbb-cccc-dddd-0123456789ab\"\nprivate_key_env = \"PRIVATE_KEY\"\n\
         signature_secret_env = \"TOKEN\"\napi_key = \"abcd1234\"\napi_secret_env = \"TOKEN\"\nfrom = \"+815012345678\"\n\
         [[providers]]\nname = \"paasoo\"\nkind = \"paasoo\"\nbase_url = \"{url}\"\napi_key_env = \"TOKEN\"\n\
         api_secret_env = \"TOKEN\"\nfrom = \"RINBAN\""
    );
    let key = include_str!("../../fixtures/vonage/private.pem");
    let home = home(&carrier).and(&more).variable("PRIVATE_KEY", key);
    let core = home.serve();
    let (status, report) = said(&home.output(&["doctor"]));
    assert_eq!(status, Some(0), "{report}");
    check_lines(
        &report,
        &[
            "ok    provider    vonage: the application's key is taken",
            "warn  provider    vonage: the balance is 3.50 EUR",
            "ok    provider    paasoo: the API key is taken",
            "ok    public URL  a webhook signed as vonage signs it is taken for genuine",
        ],
    );
    assert!(
        api.all("POST", "").is_empty(),
        "nobody is called or written to"
    );
    let home = home.variable("TOKEN", "changed since the core was started");
    let (_, report) = said(&home.output(&["doctor"]));
    check_lines(
        &report,
        &["fail  public URL  a webhook signed as vonage signs it is refused"],
    );
    drop(core);
}

#[test]
fn a_probe_tells_strangers_nothing() {
    let carrier = Carrier::start();
    let core = home(&carrier).serve();
    core.post(&problem("a"));
    let call = carrier.call(0);
    let of_a_call = call.status.replace("/status", "/probe");
    let of_a_call = of_a_call
        .split_once("/v1")
        .map(|(_, rest)| format!("/v1{rest}"));
    for (method, target) in [
        ("GET", "/v1/calls/twilio/token/probe"),
        ("POST", "/v1/calls/twilio/token/probe"),
        // The token of a real call opens its own places only.
        ("GET", of_a_call.expect("below /v1").as_str()),
    ] {
        let reply = core.send(&Request::new(method, target));
        assert_eq!(reply.status, 403, "{method} {target}");
        assert!(!reply.error().contains("tag"), "{reply:?}");
    }
}

#[test]
fn a_token_that_the_core_does_not_have_is_found_by_a_signed_request() {
    let carrier = Carrier::start();
    let home = home(&carrier);
    let core = home.serve();
    let home = home.variable("TOKEN", "changed since the core was started");
    let (status, report) = said(&home.output(&["doctor"]));
    assert_eq!(status, Some(1), "{report}");
    check_lines(
        &report,
        &[
            "fail  public URL  a webhook signed as twilio signs it is refused",
            "ok    public URL  a webhook signed as other signs it",
        ],
    );
    core.wait_for_log("a webhook was refused: the webhook's signature does not match");
}

#[test]
fn without_a_core_and_with_a_mistake_there_is_still_something_to_say() {
    let carrier = Carrier::start();
    let home = home(&carrier);
    let (status, report) = said(&home.output(&["doctor"]));
    assert_eq!(status, Some(1), "{report}");
    check_lines(
        &report,
        &[
            "warn  core        none runs on this host; the next event starts one",
            "warn  public URL  not looked at, since no core runs that could answer",
            "fail  disk        the state directory ",
        ],
    );
    home.write_config("[members.aya]\nnumber = '090'");
    let (status, report) = said(&home.output(&["doctor"]));
    assert_eq!(status, Some(1));
    assert!(
        report.contains("rinban.toml:2: `members.aya.number` is "),
        "{report}"
    );
    assert!(
        report.lines().all(|line| !line.starts_with("ok")),
        "{report}"
    );
}
