//! A receiver of notices that is not there: calls are not delayed, and nothing that was to be told is lost.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::Waiting;
use crate::support::{
    PATIENCE,
    core::{Core, Home, problem},
    wait_for,
};

/// An address of loopback where nobody listens and nobody else will: a test takes a port of 127.0.0.1.
fn nowhere() -> SocketAddr {
    let host = [
        127,
        64 + fastrand::u8(..64),
        fastrand::u8(..),
        fastrand::u8(1..),
    ];
    let listener = TcpListener::bind(SocketAddr::from((host, 0))).expect("all of 127/8 is ours");
    listener.local_addr().expect("is bound")
}

/// A receiver that takes what it is sent, and remembers it.
#[derive(Clone, Debug, Default)]
struct Slack(Arc<Mutex<Vec<String>>>);

impl Slack {
    fn listen(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("is free");
        let slack = Self::default();
        let heard = Arc::clone(&slack.0);
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(body) = take(&stream) {
                    heard.lock().expect("no panic").push(body);
                }
            }
        });
        slack
    }

    fn heard(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

fn take(mut stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut lines = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let ok = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    stream.write_all(ok).ok()?;
    String::from_utf8(body).ok()
}

const NOTICES: &str = "
[[notices]]
name = 'slack'
kind = 'slack'
url_env = 'HOOK'
language = 'en'
";

/// How many notices wait, once the core says of them what the disk says.
#[track_caller]
fn pending(waiting: &Waiting, core: &Core) -> usize {
    wait_for("the same count in /health and on disk", || {
        let outbox = waiting.home.snapshot().outbox.len();
        (core.health()["outbox_pending"] == outbox).then_some(outbox)
    })
}

#[test]
fn a_receiver_that_cannot_be_reached_delays_no_call_and_is_told_later() {
    let address = nowhere();
    let hook = format!("http://{address}/services/T0/B0/secret");
    let waiting =
        Waiting::in_home(|carrier| Home::new(carrier).and(NOTICES).variable("HOOK", &hook));
    let core = waiting.check_taken();
    core.wait_for_log("not delivered");
    let begin = Instant::now();
    core.post(&problem("another"));
    core.wait_for_alerts(2);
    assert!(begin.elapsed() < Duration::from_secs(5));
    let outbox = pending(&waiting, &core);
    assert!(outbox >= 2, "opened and calling: {outbox}");
    core.stop();
    assert_eq!(
        waiting.home.snapshot().outbox.len(),
        outbox,
        "over a restart"
    );
    let core = waiting.home.serve();
    assert!(pending(&waiting, &core) >= outbox, "{}", core.log());
    core.stop();

    let slack = Slack::listen(address);
    let core = waiting.home.serve();
    wait_for("an empty outbox", || {
        waiting.home.snapshot().outbox.is_empty().then_some(())
    });
    assert_eq!(pending(&waiting, &core), 0);
    let heard = slack.heard();
    let different: HashSet<&String> = heard.iter().collect();
    assert_eq!(heard.len(), different.len(), "each once: {heard:#?}");
    assert!(heard.len() >= outbox, "{heard:#?}");
    assert!(heard[0].contains("waits is broken"), "in order: {heard:#?}");
    for said in [core.log(), heard.concat()] {
        assert!(!said.contains("secret"), "the address is a secret: {said}");
        assert!(!said.contains("+81901234"), "numbers stay at home: {said}");
    }
    core.stop();
}

#[test]
fn a_receiver_that_comes_back_is_told_without_a_restart() {
    let address = nowhere();
    let hook = format!("http://{address}/services/T0/B0/secret");
    let waiting =
        Waiting::in_home(|carrier| Home::new(carrier).and(NOTICES).variable("HOOK", &hook));
    let core = waiting.check_taken();
    core.wait_for_log("not delivered");
    let slack = Slack::listen(address);
    wait_for("an empty outbox", || {
        waiting.home.snapshot().outbox.is_empty().then_some(())
    });
    assert_eq!(pending(&waiting, &core), 0);
    assert!(slack.heard().len() >= 2, "{:?}", slack.heard());
    core.stop();
}
