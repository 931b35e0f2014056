//! Many calls at once.

use super::web::*;
use crate::simulator::{Behaviour, Network, Options, People, Status};

const CALLS: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_phones_ring_at_once_and_all_calls_are_carried_to_their_end() {
    let question =
        "<Gather action='/digits' numDigits='1' timeout='60'><Say>Disk is full.</Say></Gather>";
    let web = Web::start([
        ("/voice", vec![twiml(question)]),
        ("/digits", vec![twiml("<Say>Thank you.</Say>")]),
    ])
    .await;
    let options = Options {
        speed: 10.0,
        people: People::all(Behaviour::ByHand),
        ..Options::default()
    };
    let network = Network::start(options).await.expect("loopback");
    let numbers: Vec<_> = (0..CALLS).map(|nth| format!("+8190000{nth:05}")).collect();
    place_all(&network, &web, &numbers).await;
    let all_ring = || {
        let calls = network.snapshot().calls;
        let ringing = calls
            .iter()
            .filter(|call| call.status == Status::Ringing)
            .count();
        (ringing == CALLS).then_some(())
    };
    until("a thousand ringing phones", all_ring).await;
    for number in &numbers {
        assert!(network.press(number, "1"), "{number} rings");
    }
    until("every report", || {
        (web.count("/status") == CALLS).then_some(())
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
    assert_eq!(snapshot.numbers.len(), CALLS);
    assert!(
        snapshot
            .numbers
            .values()
            .all(|tally| (tally.calls, tally.live, tally.most_live) == (1, 0, 1))
    );
}

async fn place_all(network: &Network, web: &Web, numbers: &[String]) {
    let account = network.account_sid();
    let url = format!(
        "{}/2010-04-01/Accounts/{account}/Calls.json",
        network.base_url()
    );
    let (voice, status) = (web.url("/voice"), web.url("/status"));
    let client = reqwest::Client::new();
    for to in numbers {
        let form = [
            ("To", to.as_str()),
            ("From", US),
            ("Url", &voice),
            ("StatusCallback", &status),
            ("Timeout", "600"),
        ];
        let request = client
            .post(&url)
            .basic_auth(account, Some(network.auth_token()));
        let reply = request.form(&form).send().await.expect("loopback");
        assert_eq!(reply.status(), 201);
    }
}
