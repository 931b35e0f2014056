//! Handlers with one bug each, that the world has had. Each is caught by the case that is made for it, and a good handler passes all: a
//! suite that lets one of these through, or fails the good one, is worth nothing.

use super::{
    command::{Played, Run},
    handler::{Handler, PUBLIC},
};

/// A bug, and the case that catches it.
const BUGS: [(&str, &str); 82] = [
    ("refuses everything", "sig/plain"),
    ("strips the trailing slash", "sig/trailing-slash"),
    ("squeezes double slashes", "sig/double-slash"),
    ("squeezes double slashes", "sig/double-slash-in-front"),
    ("writes escapes in capitals", "sig/path-escape"),
    ("decodes the path", "sig/path-escape"),
    ("resolves dot segments", "sig/dot-segment"),
    ("leaves the query out", "sig/query"),
    ("sorts the query", "sig/query"),
    ("sorts the query", "sig/reordered-query"),
    ("encodes the query anew", "sig/query-escapes"),
    ("encodes the query anew", "sig/generated"),
    ("encodes the query anew", "sig/reescaped-query"),
    ("writes blanks as plus", "sig/query-plus"),
    ("encodes apostrophes", "sig/query-marks"),
    ("encodes at signs", "sig/query-marks"),
    ("drops empty values of the query", "sig/query-empty"),
    ("has each name of the query once", "sig/query-repeated"),
    ("merges the query into the form", "sig/query-like-form"),
    ("drops a lone question mark", "sig/query-mark-alone"),
    ("escapes brackets", "sig/query-brackets"),
    ("drops empty parameters", "sig/empty-digits"),
    ("drops empty parameters", "sig/added-empty"),
    ("fills in defaults", "sig/no-digits"),
    ("takes thirty parameters at most", "sig/many-empty"),
    ("keeps the first value", "sig/repeated-name"),
    ("keeps the last value", "sig/repeated-name"),
    ("keeps the first value", "sig/second-value"),
    ("sorts names without regard to case", "sig/name-order"),
    ("knows a fixed list of parameters", "sig/new-parameter"),
    ("decodes plus twice", "sig/plus"),
    ("trims values", "sig/untrimmed"),
    ("trims values", "sig/trimmed"),
    ("trims values", "sig/generated"),
    ("normalises line ends", "sig/line-ends"),
    ("decodes as Latin-1", "sig/utf8"),
    ("strips tags", "sig/markup"),
    ("appends the parameters of a GET", "sig/get"),
    ("wants parameters", "sig/no-parameters"),
    ("insists on the port", "sig/port-dropped"),
    ("knows no port", "sig/port-kept"),
    ("checks nothing", "sig/unsigned"),
    ("checks nothing", "sig/generated-forged"),
    ("accepts an empty key", "sig/empty-token"),
    (
        "takes the account's id for its token",
        "sig/account-as-token",
    ),
    ("still accepts its old token", "sig/stale-token"),
    ("crashes at a signature that is none", "sig/garbage"),
    ("compares without regard to case", "sig/other-case"),
    ("compares up to the shorter end", "sig/truncated"),
    ("compares the beginning only", "sig/last-letter"),
    ("decodes signatures leniently", "sig/url-safe"),
    ("takes any hash", "sig/wrong-hash"),
    ("verifies the address only", "sig/get-for-post"),
    ("verifies the address only", "sig/changed-value"),
    ("tries both spellings of a slash", "sig/other-path"),
    ("ignores the hash of JSON", "sig/json-changed"),
    ("checks the first address only", "sig/every-place"),
    ("takes the host from the request", "host/inner-host"),
    ("takes the host from a header of the proxy", "host/forged"),
    (
        "takes the host from a header of the proxy",
        "host/misleading",
    ),
    (
        "takes the scheme from a header of the proxy",
        "host/misleading",
    ),
    ("replies with nothing", "twiml/content-type"),
    ("says that it is text", "twiml/xml-content-type"),
    ("forgets an end tag", "twiml/well-formed"),
    ("plays a relative address", "twiml/absolute"),
    ("redirects to a relative address", "twiml/absolute"),
    ("replies too much", "twiml/size"),
    ("shows its environment", "twiml/no-secrets"),
    ("is slow with keys", "twiml/time"),
    ("takes every key", "gather/wrong-digit"),
    ("hangs up on a wrong key", "gather/wrong-digit-again"),
    ("takes silence for a key", "gather/empty-digits"),
    ("crashes without Digits", "gather/no-digits"),
    ("falls silent after a question", "gather/silence"),
    ("speaks before it listens", "gather/early-key"),
    ("redirects the action", "gather/redirect"),
    ("takes hanging up for an answer", "gather/hang-up"),
    ("knows every call", "gather/unknown-call"),
    ("stores after it has spoken", "gather/stored-before-said"),
    ("gives its message only once", "retry/answer"),
    ("counts every delivery", "retry/acknowledged-once"),
    ("looks first and writes then", "retry/at-once"),
];

/// The same for what is not the first address, and what else a case has to catch.
const OTHER_BUGS: [(&str, &str); 50] = [
    ("refuses repeated statuses", "status/repeated"),
    ("refuses statuses out of order", "status/out-of-order"),
    ("believes the last status", "status/late-ringing"),
    ("crashes at a new status", "status/unknown-word"),
    ("answers statuses with a page", "status/quiet-reply"),
    (
        "takes a completed call for an answer",
        "status/no-acknowledgement",
    ),
    ("ignores the fallback", "fallback/11200"),
    ("knows only one error", "fallback/12100"),
    ("goes round in the fallback", "fallback/no-loop"),
    (
        "plays a recording in the fallback",
        "fallback/no-recordings",
    ),
    ("wants recordings to be signed", "media/fetch"),
    ("serves recordings as bytes", "media/type"),
    ("serves empty recordings", "media/not-empty"),
    ("has one slow worker", "load/burst"),
    ("has one slow worker", "load/burst-quick"),
    ("knows only one error", "fallback/11205"),
    ("knows only one error", "fallback/11210"),
    ("only apologises in the fallback", "fallback/takes-keys"),
    ("crashes at the key 0", "gather/answered"),
    ("takes nothing", "gather/digit"),
    ("takes the alert after silence", "gather/finish-key"),
    ("looks for the key anywhere", "gather/two-keys"),
    ("refuses a key that comes again", "retry/keys"),
    ("says something else the second time", "retry/same-reply"),
    ("leaves the query out", "sig/added-query"),
    ("checks nothing", "sig/other-query"),
    ("checks nothing", "sig/removed-query"),
    ("drops empty parameters", "sig/removed-empty"),
    ("compares the beginning only", "sig/extended"),
    ("checks nothing", "sig/added-value"),
    ("checks nothing", "sig/removed-value"),
    ("checks nothing", "sig/empty-signature"),
    ("checks nothing", "sig/foreign-token"),
    ("checks nothing", "sig/other-call"),
    ("checks nothing", "sig/post-as-get"),
    ("checks nothing", "sig/other-host"),
    ("checks nothing", "sig/other-port"),
    ("checks nothing", "sig/other-scheme"),
    ("takes no JSON", "sig/json"),
    ("takes its password into the address", "sig/userinfo"),
    ("refuses everything", "sig/fragment"),
    ("sorts as UTF-16", "sig/name-order-beyond-utf16"),
    ("sorts numbers as numbers", "sig/numeric-names"),
    ("sorts numbers as numbers", "sig/repeated-numbers"),
    ("takes the host from the request", "host/forwarded"),
    ("serves one call at a time", "status/lost-completed"),
    ("has no place for statuses", "status/usual"),
    ("plays a relative address", "twiml/lint"),
    ("speaks before it listens", "twiml/lint-warnings"),
    ("is slow with keys", "twiml/quick"),
];

/// Bugs that no request survives, or none that is like the real ones.
const FATAL: [&str; 8] = [
    "refuses everything",
    "drops empty parameters",
    "fills in defaults",
    "sorts names without regard to case",
    "decodes plus twice",
    "insists on the port",
    "verifies the address only",
    "takes its password into the address",
];

#[test]
fn every_known_bug_is_caught_by_the_case_that_is_made_for_it() {
    let mut survivors = Vec::new();
    for (bug, case) in BUGS.into_iter().chain(OTHER_BUGS) {
        let server = Handler::serve(bug);
        let played = Played::against(&server, &[case, "sig/plain"], &[]);
        let is_plain_as_expected =
            (played.outcome("sig/plain") == "failed") == FATAL.contains(&bug);
        if played.outcome(case) != "failed" || played.run.status != Some(1) || !is_plain_as_expected
        {
            survivors.push((
                bug,
                case,
                played.outcome(case).to_owned(),
                played.run.stdout,
            ));
        }
    }
    assert!(survivors.is_empty(), "{survivors:#?}");
}

/// Cases whose failures are shown in tests of their own, since they need another address, another key or another way to be played.
const SHOWN_ELSEWHERE: [&str; 6] = [
    "sig/no-token",
    "sig/port-default",
    "sig/port-missing",
    "sig/sha256",
    "sig/sha256-downgrade",
    "fallback/elsewhere",
];

#[test]
fn every_case_can_fail() {
    let is_shown = |id: &str| {
        let mut bugs = BUGS.iter().chain(&OTHER_BUGS);
        bugs.any(|(_, case)| *case == id) || SHOWN_ELSEWHERE.contains(&id)
    };
    let ids = conformance::run::cases::all().map(|case| case.id);
    let unshown: Vec<_> = ids.filter(|id| !is_shown(id)).collect();
    assert!(
        unshown.is_empty(),
        "no bug is known that these catch: {unshown:?}"
    );
}

/// Cases that do not apply to a handler at an address with a port, over https, with one token.
const NOT_FOR_THIS_ONE: [&str; 4] = [
    "sig/port-default",
    "sig/port-missing",
    "sig/no-token",
    "sig/sha256",
];

#[test]
fn a_good_handler_passes_every_case() {
    check_good(&["--cases", "200", "--timeout", "15"], None);
}

#[test]
fn a_good_handler_passes_every_case_when_it_is_called_by_get() {
    // A GET that is made a GET is no forgery.
    check_good(
        &["--get", "--cases", "40", "--timeout", "15"],
        Some("sig/post-as-get"),
    );
}

#[track_caller]
fn check_good(more: &[&str], not_for_it: Option<&str>) {
    let server = Handler::serve("none");
    let played = Played::against(&server, &[], more);
    let cases = played.report["targets"][0]["cases"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let not_passed: Vec<_> = cases
        .iter()
        .filter(|case| case["outcome"] != "passed")
        .filter_map(|case| case["id"].as_str())
        .collect();
    // The second scheme is not known to this handler, as it is not to most: it verifies with SHA-1 whatever the header says.
    let mut expected = [&NOT_FOR_THIS_ONE[..], &["sig/sha256-downgrade"]].concat();
    expected.extend(not_for_it);
    let (mut not_passed, cases) = (not_passed, cases.len());
    expected.sort_unstable();
    not_passed.sort_unstable();
    assert!(cases > 120, "only {cases} cases were played");
    assert_eq!(
        not_passed, expected,
        "{}{}",
        played.run.stdout, played.run.stderr
    );
}

#[test]
fn a_handler_that_is_always_too_slow_is_caught_and_not_called_unreachable() {
    let server = Handler::serve("is slow with everything");
    let played = Played::against(
        &server,
        &["twiml/time", "sig/unsigned"],
        &["--timeout", "1"],
    );
    assert_eq!(
        played.outcome("twiml/time"),
        "failed",
        "{}{}",
        played.run.stdout,
        played.run.stderr
    );
    assert_eq!(played.outcome("sig/unsigned"), "skipped");
    assert_eq!(played.run.status, Some(1));
}

#[test]
fn a_handler_behind_basic_authentication_is_played_with_user_and_password_of_its_address() {
    let server = Handler::serve("wants a password");
    let address = server.address;
    let run = |userinfo: &str| {
        let url = format!("http://{userinfo}{address}/voice");
        Run::with(&[
            "sig/plain",
            "sig/unsigned",
            "load",
            "--url",
            &url,
            "--public-url",
            PUBLIC,
            "--auth-token-env",
            "TOKEN",
        ])
    };
    let with = run("aya:p%40ss@").check(0);
    assert!(
        !with.stdout.contains("p%40ss") && !with.stdout.contains("p@ss"),
        "{}",
        with.stdout
    );
    run("").check(1);
}

#[test]
fn a_handler_that_needs_the_headers_of_its_proxy_is_played_with_them() {
    for bug in [
        "takes the host from a header of the proxy",
        "takes the scheme from a header of the proxy",
    ] {
        let server = Handler::serve(bug);
        let played = Played::against(
            &server,
            &["sig/plain", "host/forwarded", "host/misleading"],
            &["--proxy-headers"],
        );
        assert_eq!(played.outcome("sig/plain"), "passed");
        assert_eq!(played.outcome("host/misleading"), "skipped");
        played.run.check(0);
    }
}

#[test]
fn a_handler_that_accepts_everything_without_a_token_is_caught() {
    let server = Handler::serve("accepts everything without a token");
    let url = format!("http://{}/voice", server.address);
    let run = Run::with(&["--url", &url, "--no-token", "--public-url", PUBLIC]).check(1);
    assert!(run.stdout.contains("FAIL  sig/no-token"), "{}", run.stdout);
    let closed = Handler::serve("refuses everything");
    let url = format!("http://{}/voice", closed.address);
    Run::with(&["--url", &url, "--no-token"]).check(0);
}

#[test]
fn a_handler_that_takes_its_port_as_it_is_written_is_caught_wherever_it_lives() {
    for (public, case) in [
        ("https://oncall.example.com", "sig/port-default"),
        ("http://oncall.example.com:8080", "sig/port-missing"),
    ] {
        for (bug, outcome) in [("insists on the port", "failed"), ("none", "passed")] {
            let server = Handler::serve_at(public, bug);
            let played = Played::against(&server, &[case, "sig/plain"], &["--public-url", public]);
            let outcomes = (played.outcome("sig/plain"), played.outcome(case));
            assert_eq!(
                outcomes,
                ("passed", outcome),
                "{bug}: {}",
                played.run.stdout
            );
        }
    }
}

#[test]
fn a_handler_that_does_not_know_the_new_scheme_is_caught_and_one_that_does_is_not() {
    let cases = ["sig/sha256", "sig/sha256-downgrade", "sig/plain"];
    for (bug, outcome) in [("none", "failed"), ("knows SHA-256", "passed")] {
        let server = Handler::serve(bug);
        let played = Played::against(&server, &cases, &["--shared-key-env", "SHARED"]);
        let outcomes = cases.map(|case| played.outcome(case));
        assert_eq!(
            outcomes,
            [outcome, outcome, "passed"],
            "{}",
            played.run.stdout
        );
    }
}
