//! What goes wrong before anything can be told: a clear line, and the exit status that is documented.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::{
    command::Run,
    handler::{Handler, PUBLIC},
    http::{Reply, Server},
};

/// Runs one case against an address.
fn against(address: SocketAddr, more: &[&str]) -> Run {
    let url = format!("http://{address}/voice");
    let usual = [
        "sig/plain",
        "--url",
        &url,
        "--auth-token-env",
        "TOKEN",
        "--timeout",
        "1",
    ];
    Run::with(&[&usual[..], more].concat())
}

/// The run ends so, and its only line on standard error says this.
#[track_caller]
fn check(run: Run, status: i32, says: &str) {
    let run = run.check(status);
    assert!(
        run.stderr.contains(says),
        "{says:?} is not in {:?}",
        run.stderr
    );
    assert!(
        run.stderr.starts_with("conformance run: "),
        "{:?}",
        run.stderr
    );
    assert_eq!(run.stderr.trim_end().lines().count(), 1, "{:?}", run.stderr);
}

fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("is bound")
}

#[test]
fn a_target_where_nobody_listens_is_unreachable() {
    check(
        against(nobody(), &[]),
        3,
        "cannot be reached: no connection",
    );
}

#[test]
fn a_host_that_nobody_knows_is_unreachable() {
    let run = Run::with(&[
        "--url",
        "http://no-such-host.invalid/",
        "--auth-token-env",
        "TOKEN",
        "--timeout",
        "5",
    ]);
    check(run, 3, "cannot be reached: ");
}

#[test]
fn a_target_that_speaks_no_tls_is_unreachable_over_https() {
    let server = Handler::serve("none");
    let url = format!("https://{}/voice", server.address);
    check(
        Run::with(&["--url", &url, "--auth-token-env", "TOKEN", "--timeout", "2"]),
        3,
        "cannot be reached: no TLS",
    );
}

#[test]
fn a_target_that_never_answers_is_unreachable() {
    let server = Server::serve(|stream| {
        thread::sleep(Duration::from_secs(5));
        drop(stream);
    });
    check(
        against(server.address, &[]),
        3,
        "cannot be reached: no whole reply within 2s",
    );
}

#[test]
fn a_target_that_hangs_up_is_unreachable() {
    let server = Server::serve(|stream: TcpStream| drop(stream));
    check(
        against(server.address, &[]),
        3,
        "cannot be reached: the connection ended before the reply did",
    );
}

#[test]
fn a_target_that_redirects_fails_the_case_which_says_where_to() {
    let server = Server::start(|_| {
        let headers = vec![(
            "Location".to_owned(),
            "https://elsewhere.example.com/".to_owned(),
        )];
        Some(Reply {
            headers,
            ..Reply::new(301, "", "")
        })
    });
    let run = against(server.address, &[]).check(1);
    assert!(
        run.stdout
            .contains("actual    301 to https://elsewhere.example.com/"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    let server = Server::serve(|mut stream| {
        let mut piece = [0; 4096];
        let _ = stream.read(&mut piece);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    let run = against(server.address, &[]).check(1);
    assert!(
        run.stdout.contains("the body of the reply is longer than"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("the carrier's error 11750"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_head_without_an_end_is_cut_off() {
    let server = Server::serve(|mut stream| {
        let mut piece = [0; 4096];
        let _ = stream.read(&mut piece);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let run = against(server.address, &[]).check(1);
    assert!(
        run.stdout.contains("the head of the reply is longer than"),
        "{}",
        run.stdout
    );
}

#[test]
fn what_is_no_http_is_said_to_be_none() {
    let server = Server::serve(|mut stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
        thread::sleep(Duration::from_millis(200));
    });
    let run = against(server.address, &[]).check(1);
    assert!(
        run.stdout.contains("the reply is not HTTP/1.1"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_wrong_token_fails_the_plain_case_with_a_hint() {
    let server = Handler::serve("none");
    let url = format!("http://{}/voice", server.address);
    let run = Run::with(&[
        "sig/plain",
        "--url",
        &url,
        "--public-url",
        PUBLIC,
        "--auth-token-env",
        "STALE",
    ])
    .check(1);
    assert!(
        run.stdout.contains("actual    403 forbidden"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("hint: even a plain request is not accepted"),
        "{}",
        run.stdout
    );
    // The token is a secret, its signature is none.
    assert!(
        !run.stdout.contains(super::handler::STALE_TOKEN),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("X-Twilio-Signature: "),
        "{}",
        run.stdout
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let at = ["--url", "http://127.0.0.1:9/voice"];
    let token = ["--auth-token-env", "TOKEN"];
    let with = |more: &[&str]| Run::with(&[&at[..], &token, more].concat());
    check(Run::with(&token), 2, "name the handler with --url");
    check(Run::with(&at), 2, "--auth-token-env TWILIO_AUTH_TOKEN");
    check(
        Run::with(&[&at[..], &["--auth-token-env", "NO_SUCH"]].concat()),
        2,
        "NO_SUCH, which is not set",
    );
    check(
        Run::with(&[&at[..], &["--auth-token-env", "EMPTY"]].concat()),
        2,
        "EMPTY, which is empty",
    );
    check(
        with(&["nothing/*"]),
        2,
        "no case is called \"nothing/*\"; --list shows all",
    );
    check(
        with(&["--form", "Digits"]),
        2,
        "--form \"Digits\" is not NAME=VALUE",
    );
    check(
        with(&["--acknowledge-key", "12"]),
        2,
        "--acknowledge-key \"12\" is no key",
    );
    check(
        with(&["--timeout", "0"]),
        2,
        "--timeout has to be more than 0",
    );
    check(
        with(&["--timeout", "NaN"]),
        2,
        "--timeout has to be more than 0",
    );
    check(
        with(&["--public-url", "oncall.example.com"]),
        2,
        "--public-url: \"oncall.example.com\" does not begin with http",
    );
    check(
        with(&["--observe-url", "/facts"]),
        2,
        "--observe-url: \"/facts\" does not begin with http",
    );
    check(
        with(&["--status-url", "mailto:x"]),
        2,
        "--status-url: \"mailto:x\" does not begin with http",
    );
    check(
        with(&["--ca-file", "/no/such/file"]),
        2,
        "cannot read certificates from /no/such/file",
    );
    check(
        with(&["--ca-file", "/dev/null"]),
        2,
        "/dev/null has no certificate in PEM form",
    );
    check(
        with(&["--trigger", "true"]),
        2,
        "--trigger needs --serve-api",
    );
    check(
        with(&["--serve-api", "127.0.0.1:0"]),
        2,
        "--trigger needs --serve-api",
    );
    check(
        Run::with(&["--url", "127.0.0.1/voice", "--auth-token-env", "TOKEN"]),
        2,
        "--url: \"127.0.0.1/voice\" does not begin with http",
    );
    check(
        Run::with(&["--explain", "nothing"]),
        2,
        "no case is called \"nothing\"",
    );
    check(
        Run::with(&["--merge", "/no/such/report.json"]),
        2,
        "cannot read /no/such/report.json",
    );
    check(
        Run::with(&["--merge", "/dev/null"]),
        2,
        "/dev/null is no report of this suite",
    );
    // What clap itself refuses.
    Run::with(&["--no-such-option"]).check(2);
    Run::with(&["--cases", "many"]).check(2);
}

#[test]
fn a_system_that_places_no_call_is_unreachable() {
    let api = nobody().to_string();
    let run = |trigger: &str| {
        Run::with(&[
            "sig/plain",
            "--serve-api",
            &api,
            "--trigger",
            trigger,
            "--auth-token-env",
            "TOKEN",
            "--timeout",
            "1",
        ])
    };
    check(
        run("echo broken >&2; exit 3"),
        3,
        "the command ended with exit status: 3: broken",
    );
    check(run("true"), 3, "no call was placed at the API within 1s");
    check(run("sleep 5"), 3, "the command does not end within 1s");
    check(run(&format!("http://{}/", nobody())), 3, "no connection");
}

#[test]
fn an_api_whose_port_is_taken_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let api = listener.local_addr().expect("is bound").to_string();
    let run = Run::with(&[
        "--serve-api",
        &api,
        "--trigger",
        "true",
        "--auth-token-env",
        "TOKEN",
    ]);
    check(run, 2, "the API cannot be served on");
}

#[test]
fn a_report_that_cannot_be_written_is_said_so() {
    let server = Handler::serve("none");
    let run = against(
        server.address,
        &[
            "--public-url",
            PUBLIC,
            "--html",
            "/no/such/folder/report.html",
        ],
    );
    check(run, 4, "cannot write /no/such/folder/report.html");
}
