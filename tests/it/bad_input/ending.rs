//! SIGTERM.

use std::{
    io::Write as _,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::Waiting;
use crate::support::{
    core::{API_KEY, event_request, problem},
    http::{Reply, Request, connect},
};

/// How long a service manager may have to wait.
const SOON: Duration = Duration::from_secs(4);

#[test]
fn a_core_that_is_told_to_end_does_so_whoever_is_still_connected() {
    let waiting = Waiting::new();
    let mut core = waiting.check_taken();
    let idle = connect(core.address);
    let mut kept = connect(core.address);
    kept.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        .expect("goes out");
    let mut half_a_head = connect(core.address);
    half_a_head
        .write_all(b"POST /v1/events HTTP/1.1\r\nHost:")
        .expect("goes out");
    let mut half_a_body = connect(core.address);
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\nContent-Length: 100\r\n\r\n{{"
    );
    half_a_body.write_all(head.as_bytes()).expect("goes out");
    // Answered after the connections above were taken.
    core.send(&Request::new("GET", "/health"));
    core.terminate();
    let status = core
        .wait(SOON)
        .unwrap_or_else(|| panic!("still there: {}", core.log()));
    assert!(status.success(), "{status}: {}", core.log());
    drop((idle, kept, half_a_head, half_a_body));
    assert_eq!(waiting.home.snapshot().alerts.len(), 1);
    // What it had begun, the next one goes on with.
    waiting.check_taken().stop();
}

#[test]
fn what_was_accepted_before_the_end_is_there_after_it() {
    let waiting = Waiting::new();
    let mut core = waiting.home.serve();
    let address = core.address;
    let ended = AtomicBool::new(false);
    let accepted: Vec<String> = thread::scope(|scope| {
        let ended = &ended;
        let clients: Vec<_> = (0..4)
            .map(|client| {
                scope.spawn(move || {
                    let mut accepted = Vec::new();
                    for number in 0.. {
                        let id = format!("{client}:{number}");
                        let request = event_request(problem(&id).to_string());
                        match request.try_send(address).map(|reply| reply.status) {
                            Some(202) => accepted.push(id),
                            _ if ended.load(Ordering::Relaxed) => break,
                            _ => {}
                        }
                    }
                    accepted
                })
            })
            .collect();
        crate::support::wait_for("some events", || {
            let total = core.health()["events_accepted_total"].as_u64();
            (total > Some(30)).then_some(())
        });
        core.terminate();
        let status = core.wait(SOON);
        ended.store(true, Ordering::Relaxed);
        assert!(status.expect("it ends").success(), "{}", core.log());
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("no panic"))
            .collect()
    });
    let snapshot = waiting.home.snapshot();
    let mut kept: Vec<&str> = snapshot
        .alerts
        .iter()
        .map(|(alert, _)| alert.key.dedup.as_str())
        .chain(snapshot.inbox.iter().map(|event| event.id.as_str()))
        .collect();
    kept.sort_unstable();
    assert!(kept.binary_search(&"waits").is_ok());
    for id in &accepted {
        assert!(kept.binary_search(&id.as_str()).is_ok(), "{id} is lost");
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let waiting = Waiting::new();
    let mut core = waiting.home.serve();
    let body = problem("last").to_string();
    let mut stream = event_request(body.clone()).begin_without_its_last_byte(core.address);
    core.send(&Request::new("GET", "/health"));
    core.terminate();
    core.wait_for_log("the core is ending");
    stream
        .write_all(&body.as_bytes()[body.len() - 1..])
        .expect("goes out");
    assert_eq!(Reply::read(&mut stream).status, 202);
    assert!(core.wait(SOON).expect("it ends").success());
    let snapshot = waiting.home.snapshot();
    let alerts = snapshot
        .alerts
        .iter()
        .map(|(alert, _)| alert.key.dedup.as_str());
    let inbox = snapshot.inbox.iter().map(|event| event.id.as_str());
    assert!(alerts.chain(inbox).any(|id| id == "last"));
}
