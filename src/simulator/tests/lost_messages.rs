//! What goes wrong with messages, by script and by seed.

use std::time::Duration;

use super::web::*;
use crate::simulator::{
    CreateFault, Fault, Faults, MessageFault, MessageRecord, MessageStatus, Network, Options,
    People, Reaction,
};

#[tokio::test]
async fn sending_can_fail_before_and_after_the_deed() {
    let check = async |fault: CreateFault, reply: Option<u16>, sent: usize| {
        let network = network(&["sms ignored"]).await;
        network.inject(Fault::Message(MessageFault::Create(fault)));
        let account = network.account_sid();
        let url = format!(
            "{}/2010-04-01/Accounts/{account}/Messages.json",
            network.base_url()
        );
        let replied = reqwest::Client::new()
            .post(url)
            .basic_auth(account, Some(network.auth_token()))
            .form(&[("To", ALICE), ("From", US), ("Body", "x")])
            .send()
            .await;
        let status = replied.ok().map(|replied| replied.status().as_u16());
        assert_eq!(status, reply, "{fault:?}");
        assert_eq!(network.snapshot().messages.len(), sent, "{fault:?}");
        call(&network, ALICE, &[("Twiml", "<Response/>")]).await;
        send(&network, ALICE, &[]).await;
        let tally = &network.snapshot().numbers[ALICE];
        assert_eq!((tally.asked, tally.messages as usize), (2, sent + 1));
    };
    check(CreateFault::ErrorBefore, Some(500), 0).await;
    check(CreateFault::ErrorAfter, Some(500), 1).await;
    check(CreateFault::Throttled, Some(429), 0).await;
    check(CreateFault::CloseBefore, None, 0).await;
    check(CreateFault::CloseAfter, None, 1).await;
}

#[tokio::test]
async fn receipts_can_be_lost_repeated_late_and_swapped() {
    let check = async |faults: &[MessageFault], reports: &[&[&str]]| {
        let web = Web::start([]).await;
        let network = network(&["sms ignored"]).await;
        for fault in faults {
            network.inject(Fault::Message(*fault));
        }
        let callback = web.url("/status");
        let sid = send(&network, ALICE, &[("StatusCallback", &callback)]).await;
        until("the reports", || {
            let statuses = web.statuses("/status");
            reports
                .iter()
                .any(|reports| statuses == *reports)
                .then_some(())
        })
        .await;
        assert_eq!(message(&network, &sid).status, MessageStatus::Delivered);
    };
    use MessageFault::{DelayReceipt, DuplicateReceipt, LoseReceipt, SwapReceipt};
    check(&[LoseReceipt], &[&["sent", "delivered"]]).await;
    check(&[LoseReceipt, LoseReceipt], &[&["delivered"]]).await;
    check(
        &[DuplicateReceipt],
        &[&["queued", "queued", "sent", "delivered"]],
    )
    .await;
    check(&[SwapReceipt], &[&["sent", "queued", "delivered"]]).await;
    check(
        &[SwapReceipt, DuplicateReceipt],
        &[&["sent", "sent", "queued", "delivered"]],
    )
    .await;
    // The last has nothing that could overtake it.
    check(&[LoseReceipt, LoseReceipt, SwapReceipt], &[&["delivered"]]).await;
    check(
        &[DelayReceipt],
        &[
            &["queued", "sent", "delivered"],
            &["sent", "queued", "delivered"],
            &["sent", "delivered", "queued"],
        ],
    )
    .await;
}

#[tokio::test]
async fn a_message_can_be_accepted_and_never_delivered() {
    let check = async |fault: MessageFault, reports: &[&str], status: MessageStatus| {
        let web = Web::start([]).await;
        let network = network(&["sms after 0s reply 1"]).await;
        network.inject(Fault::Message(fault));
        let callback = web.url("/status");
        let sid = send(&network, ALICE, &[("StatusCallback", &callback)]).await;
        let after = send(&network, ALICE, &[("StatusCallback", &web.url("/after"))]).await;
        // What comes to a message that goes well shows how long it takes, at most, until nothing more comes.
        until("the reply to the other message", || {
            (message(&network, &after).replies == ["1"]).then_some(())
        })
        .await;
        until("its receipts", || {
            (web.statuses("/after") == ["queued", "sent", "delivered"]).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(web.statuses("/status"), reports, "{fault:?}");
        let message = message(&network, &sid);
        assert_eq!((message.status, message.replies.len()), (status, 0));
        if fault == MessageFault::Fail {
            let last = web.seen("/status").pop().expect("there are reports");
            assert_eq!(last.get("ErrorCode"), Some("30001"));
        }
    };
    check(MessageFault::NeverSent, &[], MessageStatus::Queued).await;
    check(
        MessageFault::NeverDelivered,
        &["queued", "sent"],
        MessageStatus::Sent,
    )
    .await;
    check(
        MessageFault::Fail,
        &["queued", "failed"],
        MessageStatus::Failed,
    )
    .await;
}

#[tokio::test]
async fn a_message_from_somebody_can_be_told_twice_or_never() {
    let thanks = |text: &str| twiml(&format!("<Message>{text}</Message>"));
    let web = Web::start([("/sms", vec![thanks("First."), thanks("Second.")])]).await;
    let network = network(&["sms ignored"]).await;
    network.set_inbound_url(&web.url("/sms")).expect("absolute");
    network.inject(Fault::Message(MessageFault::FailInbound));
    let lost = network.text(ALICE, "1").expect("a text");
    until("the trouble", || {
        (message(&network, &lost).troubles == [11200]).then_some(())
    })
    .await;
    assert_eq!(web.count("/sms"), 0);

    network.inject(Fault::Message(MessageFault::DuplicateInbound));
    network.text(ALICE, "1").expect("a text");
    let answered = until("the answer", || {
        let messages = network.snapshot().messages;
        messages.into_iter().find(|message| message.to == ALICE)
    })
    .await;
    assert_eq!(answered.text, "Second.");
    let seen = web.seen("/sms");
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].form, seen[1].form);
    let token = |at: usize| seen[at].header("i-twilio-idempotency-token");
    assert!(!token(0).is_empty() && token(0) == token(1));
}

#[tokio::test]
async fn a_web_server_that_fails_is_noted_with_the_carriers_code() {
    let check = async |broken: Answer, code: u32| {
        let web = Web::start([
            ("/sms", vec![broken]),
            ("/status", vec![answer(500, "x", "")]),
        ]);
        let web = web.await;
        let network = network(&["sms reply 1"]).await;
        network.set_inbound_url(&web.url("/sms")).expect("absolute");
        let callback = web.url("/status");
        let sid = send(&network, ALICE, &[("StatusCallback", &callback)]).await;
        until("the trouble", || {
            let snapshot = network.snapshot();
            let inbound = snapshot.messages_from(ALICE).next()?;
            (inbound.troubles == [code]).then_some(())
        })
        .await;
        until("the troubles of the receipts", || {
            let sent = message(&network, &sid);
            (sent.troubles == [11200; 3]).then_some(())
        })
        .await;
        assert_eq!(message(&network, &sid).status, MessageStatus::Delivered);
    };
    check(answer(503, "text/xml", "<Response/>"), 11200).await;
    check(answer(200, "text/xml", "<Response>"), 12100).await;
    check(twiml("<Gather/>"), 14110).await;
}

/// What must be the same in every run: everything but times and names.
fn story(network: &Network) -> Vec<String> {
    let line = |message: &MessageRecord| {
        let mut receipts = message.receipts.clone();
        receipts.sort();
        let MessageRecord {
            direction,
            to,
            from,
            text,
            status,
            error,
            replies,
            ..
        } = message;
        format!("{direction:?} {from} {to} {text} {status} {error:?} {receipts:?} {replies:?}")
    };
    let mut story: Vec<_> = network.snapshot().messages.iter().map(line).collect();
    story.sort();
    story
}

#[tokio::test]
async fn equal_seeds_make_equal_nights() {
    use MessageFault::{
        Create, DelayReceipt, DuplicateInbound, DuplicateReceipt, Fail, FailInbound, LoseReceipt,
        NeverDelivered, NeverSent, SwapReceipt,
    };
    let night = async |seed: u64| {
        let chances = [
            (Create(CreateFault::ErrorAfter), 0.1),
            (Create(CreateFault::Throttled), 0.1),
            (NeverSent, 0.1),
            (NeverDelivered, 0.1),
            (Fail, 0.1),
            (LoseReceipt, 0.1),
            (DuplicateReceipt, 0.1),
            (DelayReceipt, 0.1),
            (SwapReceipt, 0.1),
            (DuplicateInbound, 0.2),
            (FailInbound, 0.2),
        ];
        let chances = chances.map(|(fault, chance)| (Fault::Message(fault), chance));
        let web = Web::start([("/sms", vec![twiml("<Message>Thank you.</Message>")])]).await;
        let network = Network::start(Options {
            speed: 10_000.0,
            people: People::random(seed),
            faults: Faults {
                seed,
                chances: chances.to_vec(),
                script: Vec::new(),
            },
            ..Options::default()
        });
        let network = network.await.expect("loopback");
        network.set_inbound_url(&web.url("/sms")).expect("absolute");
        let callback = web.url("/status");
        for nth in 0..60 {
            let to = format!("+8190000000{:02}", nth % 20);
            let body = format!("{nth}");
            let form = [
                ("To", &*to),
                ("From", US),
                ("Body", &body),
                ("StatusCallback", &callback),
            ];
            rest(&network, axum::http::Method::POST, "/Messages.json", &form).await;
        }
        let mut last = Vec::new();
        let mut same = 0;
        until("the end of the night", || {
            let now = story(&network);
            same = if now == last { same + 1 } else { 0 };
            last = now;
            (same == 100).then_some(())
        })
        .await;
        last
    };
    let (one, same, other) = tokio::join!(night(7), night(7), night(8));
    assert_eq!(one, same);
    assert_ne!(one, other);
    let whole = one.join("\n");
    for expected in [
        "Inbound",
        "Answer",
        " sent ",
        "failed Some(30001)",
        "delivered",
    ] {
        assert!(whole.contains(expected), "{expected} in\n{whole}");
    }
}

#[tokio::test]
async fn what_is_injected_for_messages_waits_for_them() {
    let network = network(&["busy"]).await;
    network.inject(Fault::Message(MessageFault::NeverSent));
    let sid = call(&network, ALICE, &[("Twiml", "<Response/>")]).await;
    over(&network, &sid).await;
    let sid = send(&network, ALICE, &[]).await;
    let after = send(&network, ALICE, &[]).await;
    until("the delivery", || {
        (message(&network, &after).status == MessageStatus::Delivered).then_some(())
    })
    .await;
    assert_eq!(message(&network, &sid).status, MessageStatus::Queued);
    assert_eq!(People::default().reaction(ALICE, 0), Reaction::Ignore);
}
