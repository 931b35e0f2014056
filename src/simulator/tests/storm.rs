//! Many calls at once.

use super::web::*;
use crate::simulator::{Network, Options, Status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_once_all_end_and_all_are_reported() {
    const CALLS: usize = 1_000;
    let web = Web::start([
        (
            "/voice",
            vec![twiml(
                "<Gather action='/digits' numDigits='1'><Say>Disk is full.</Say></Gather>",
            )],
        ),
        ("/digits", vec![twiml("<Say>Thank you.</Say>")]),
    ])
    .await;
    let options = Options {
        speed: 20.0,
        ..Options::default()
    };
    let network = Network::start(options).await.expect("loopback");
    let client = reqwest::Client::new();
    let url = format!(
        "{}/2010-04-01/Accounts/{}/Calls.json",
        network.base_url(),
        network.account_sid()
    );
    let (voice, status) = (web.url("/voice"), web.url("/status"));
    for nth in 0..CALLS {
        // Ten calls each for a hundred people.
        let to = format!("+8190000{:05}", nth % 100);
        let form = [
            ("To", to.as_str()),
            ("From", US),
            ("Url", &voice),
            ("StatusCallback", &status),
        ];
        let request = client
            .post(&url)
            .basic_auth(network.account_sid(), Some(network.auth_token()));
        let reply = request.form(&form).send().await.expect("loopback");
        assert_eq!(reply.status(), 201);
    }
    until("every report", || {
        (web.seen("/status").len() == CALLS).then_some(())
    })
    .await;
    let snapshot = network.snapshot();
    assert_eq!(snapshot.calls.len(), CALLS);
    for call in &snapshot.calls {
        assert_eq!(
            (call.status, call.pressed.as_str()),
            (Status::Completed, "1"),
            "{call:?}"
        );
        assert_eq!(call.heard, ["Disk is full.", "Thank you."]);
    }
    assert_eq!(snapshot.numbers.len(), 100);
    assert!(
        snapshot
            .numbers
            .values()
            .all(|tally| tally.calls == 10 && tally.live == 0)
    );
    let overlapping = snapshot.numbers.values().map(|tally| tally.most_live).max();
    assert!(
        overlapping > Some(1),
        "ten calls to one person at a time overlap: {overlapping:?}"
    );
}
