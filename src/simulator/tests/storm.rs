//! Many calls and messages at once.

use std::time::Duration;

use super::web::*;
use crate::simulator::{
    Behaviour, MessageRecord, MessageStatus, Network, Options, People, Reaction, Status,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_people_are_written_to_and_every_answer_is_told_once() {
    let web = Web::start([("/sms", vec![twiml("<Message>Thank you.</Message>")])]).await;
    let numbers: Vec<_> = (0..CALLS).map(|nth| format!("+8190000{nth:05}")).collect();
    let reply = Reaction::Reply {
        after: Duration::from_secs(1),
        text: "1".to_owned(),
    };
    let people = numbers.iter().fold(People::default(), |people, number| {
        people.with_reactions(number, vec![reply.clone()])
    });
    let options = Options {
        speed: 10.0,
        people,
        remembered: 3 * CALLS,
        ..Options::default()
    };
    let network = Network::start(options).await.expect("loopback");
    network.set_inbound_url(&web.url("/sms")).expect("absolute");
    let status = web.url("/status");
    let more = [("StatusCallback", &*status), ("Body", "Disk is full.")];
    create_all(&network, "Messages", &numbers, &more).await;
    until("every receipt and every answer", || {
        let told = web.count("/status") == 3 * CALLS && web.count("/sms") == CALLS;
        let snapshot = network.snapshot();
        let delivered = |message: &&MessageRecord| message.status == MessageStatus::Delivered;
        let arrived = snapshot.messages.iter().filter(delivered).count();
        (told && arrived == 2 * CALLS).then_some(())
    })
    .await;
    for tally in network.snapshot().numbers.values() {
        assert_eq!((tally.asked, tally.messages, tally.inbound), (1, 1, 1));
    }
}

async fn place_all(network: &Network, web: &Web, numbers: &[String]) {
    let (voice, status) = (web.url("/voice"), web.url("/status"));
    let more = [
        ("Url", &*voice),
        ("StatusCallback", &status),
        ("Timeout", "600"),
    ];
    create_all(network, "Calls", numbers, &more).await;
}

/// Asks for a call or a message to each number, one after another over one connection.
async fn create_all(network: &Network, kind: &str, numbers: &[String], more: &[(&str, &str)]) {
    let account = network.account_sid();
    let url = format!(
        "{}/2010-04-01/Accounts/{account}/{kind}.json",
        network.base_url()
    );
    let client = reqwest::Client::new();
    for to in numbers {
        let mut form = vec![("To", to.as_str()), ("From", US)];
        form.extend(more);
        let request = client
            .post(&url)
            .basic_auth(account, Some(network.auth_token()));
        let reply = request.form(&form).send().await.expect("loopback");
        assert_eq!(reply.status(), 201);
    }
}
