//! Messages that go well, or at least as people make them go.

use axum::http::Method;

use super::web::*;
use crate::simulator::{
    Direction, Happening, MessageRecord, MessageStatus, Network, Options, Reaction,
};

/// The messages that our web server answered with.
fn answers(network: &Network) -> Vec<MessageRecord> {
    let mut messages = network.snapshot().messages;
    messages.retain(|message| message.direction == Direction::Answer);
    messages
}

#[tokio::test]
async fn a_message_is_reported_in_order_and_every_webhook_is_signed() {
    let web = Web::start([]).await;
    let network = network(&["sms ignored"]).await;
    web.expect_signatures(network.auth_token());
    let callback = web.url("/status?id=7-1#rc=2");
    let sid = send(&network, ALICE, &[("StatusCallback", &callback)]).await;
    let reports = until("three reports", || {
        Some(web.seen("/status")).filter(|seen| seen.len() == 3)
    })
    .await;
    assert_eq!(web.statuses("/status"), ["queued", "sent", "delivered"]);
    for report in &reports {
        assert_eq!(report.target, "/status?id=7-1");
        let names = ["MessageSid", "SmsSid", "From", "To", "AccountSid"];
        let account = network.account_sid();
        assert_eq!(
            names.map(|name| report.get(name)),
            [
                Some(&*sid),
                Some(&*sid),
                Some(US),
                Some(ALICE),
                Some(account)
            ]
        );
        assert_eq!(report.get("SmsStatus"), report.get("MessageStatus"));
        assert_eq!(report.get("ApiVersion"), Some("2010-04-01"));
        assert_eq!((report.get("ErrorCode"), report.get("Body")), (None, None));
    }
    assert_eq!(reports[1].get("RawDlrDoneDate"), None);
    let done = reports[2].get("RawDlrDoneDate").expect("it is delivered");
    assert!(done.len() == 10 && done.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(web.unsigned(), Vec::<String>::new());
}

#[tokio::test]
async fn what_people_do_decides_what_becomes_of_a_message() {
    let check = async |reaction: &str, reports: &[&str], error: Option<&str>| {
        let web = Web::start([]).await;
        let network = network(&[reaction]).await;
        let sid = send(&network, ALICE, &[("StatusCallback", &web.url("/status"))]).await;
        until("the reports", || {
            (web.statuses("/status") == reports).then_some(())
        })
        .await;
        let last = web.seen("/status").pop().expect("there are reports");
        assert_eq!(last.get("ErrorCode"), error, "{reaction}");
        let path = format!("/Messages/{sid}.json");
        let (_, read) = rest(&network, Method::GET, &path, &[]).await;
        assert_eq!(read["status"].as_str(), reports.last().copied());
        let code = read["error_code"].as_u64().map(|code| code.to_string());
        assert_eq!(code.as_deref(), error);
        assert_eq!(read["error_message"].is_string(), error.is_some());
        assert!(read["date_sent"].is_string());
    };
    check("busy", &["queued", "sent", "delivered"], None).await;
    check(
        "sms phone off",
        &["queued", "sent", "undelivered"],
        Some("30003"),
    )
    .await;
    check(
        "sms landline",
        &["queued", "sent", "undelivered"],
        Some("30006"),
    )
    .await;
}

#[tokio::test]
async fn a_person_who_has_blocked_us_is_refused_and_nobody_else() {
    let network = network(&["sms blocked", "sms ignored"]).await;
    let form = [("To", ALICE), ("From", US), ("Body", "x")];
    let (status, error) = rest(&network, Method::POST, "/Messages.json", &form).await;
    assert_eq!((status, &error["code"]), (400, &21610.into()), "{error}");
    assert!(network.snapshot().messages.is_empty());
    send(&network, ALICE, &[]).await;
    send(&network, BOB, &[]).await;
    let tally = &network.snapshot().numbers[ALICE];
    assert_eq!((tally.asked, tally.messages, tally.calls), (2, 2, 0));
}

#[tokio::test]
async fn a_reply_is_told_signed_and_what_is_answered_is_sent() {
    let web = Web::start([(
        "/sms",
        vec![
            twiml("<Message>Acknowledged: thank you.</Message>"),
            twiml(""),
        ],
    )])
    .await;
    let network = network(&["sms reply 1", "sms after 30s reply  R42 障害 "]).await;
    web.expect_signatures(network.auth_token());
    network
        .set_inbound_url(&web.url("/sms?provider=a#rc=1"))
        .expect("absolute");
    let first = send(&network, ALICE, &[]).await;
    let asked = until("a reply", || web.seen("/sms").pop()).await;
    let names = ["From", "To", "Body", "NumMedia", "NumSegments", "SmsStatus"];
    assert_eq!(
        names.map(|name| asked.get(name)),
        [
            Some(ALICE),
            Some(US),
            Some("1"),
            Some("0"),
            Some("1"),
            Some("received")
        ]
    );
    assert_eq!(
        (asked.get("FromCity"), asked.get("FromMoon")),
        (Some(""), None)
    );
    assert_eq!(asked.target, "/sms?provider=a");
    let sids = ["MessageSid", "SmsSid", "SmsMessageSid"].map(|name| asked.get(name));
    assert!(sids[0].is_some_and(|sid| sid.starts_with("SM") && sid != first));
    assert!(sids.iter().all(|sid| *sid == sids[0]));

    let answer = until("the answer", || {
        let answer = answers(&network).pop();
        answer.filter(|answer| answer.status == MessageStatus::Delivered)
    })
    .await;
    assert_eq!((&*answer.to, &*answer.from), (ALICE, US));
    assert_eq!(answer.text, "Acknowledged: thank you.");
    assert_eq!(message(&network, &first).replies, ["1"]);

    let second = send(&network, ALICE, &[]).await;
    until("the second reply", || {
        (web.seen("/sms").len() == 2).then_some(())
    })
    .await;
    assert_eq!(web.seen("/sms")[1].get("Body"), Some("R42 障害"));
    assert_eq!(message(&network, &second).replies, ["R42 障害"]);
    let snapshot = network.snapshot();
    assert_eq!(snapshot.messages_from(ALICE).count(), 2);
    let tally = &snapshot.numbers[ALICE];
    assert_eq!((tally.messages, tally.inbound), (2, 2));
    assert_eq!(answers(&network).len(), 1);
    assert_eq!(web.unsigned(), Vec::<String>::new());
}

#[tokio::test]
async fn a_test_can_write_by_hand_even_before_anybody_was_written_to() {
    let web = Web::start([("/sms", vec![answer(200, "text/plain", "Nothing is open.")])]).await;
    let network = network(&["sms ignored"]).await;
    assert!(network.text(ALICE, "1").is_some(), "it is only in the list");
    network.set_inbound_url(&web.url("/sms")).expect("absolute");
    let sid = network.text(ALICE, " hello\n").expect("it is a text");
    let asked = until("the message", || web.seen("/sms").pop()).await;
    let names = ["MessageSid", "From", "To", "Body"];
    assert_eq!(
        names.map(|name| asked.get(name)),
        [Some(&*sid), Some(ALICE), Some(US), Some(" hello\n")]
    );
    until("the answer", || {
        (answers(&network).pop()?.text == "Nothing is open.").then_some(())
    })
    .await;
    let from = "+815000000009";
    let sent = send(&network, BOB, &[("From", from)]).await;
    network.text(BOB, "2").expect("it is a text");
    let asked = until("the reply", || web.seen("/sms").into_iter().nth(1)).await;
    assert_eq!(asked.get("To"), Some(from));
    assert_eq!(message(&network, &sent).replies, ["2"]);
    assert_eq!(network.text(BOB, ""), None);
    assert_eq!(network.text(BOB, &"x".repeat(1_601)), None);
    let error = network.set_inbound_url("/sms").expect_err("relative");
    assert!(
        error.to_string().contains("give an absolute one"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_can_write_back_to_a_name() {
    let network = network(&["sms after 0s reply 1"]).await;
    let named = send(&network, ALICE, &[("From", "Rinban")]).await;
    let numbered = send(&network, ALICE, &[]).await;
    until("the reply", || {
        (message(&network, &numbered).replies == ["1"]).then_some(())
    })
    .await;
    let named = message(&network, &named);
    assert_eq!(
        (&*named.from, named.status),
        ("Rinban", MessageStatus::Delivered)
    );
    assert!(named.replies.is_empty());
    let snapshot = network.snapshot();
    assert!(snapshot.messages_from(ALICE).all(|reply| reply.to == US));
}

#[tokio::test]
async fn people_can_change_their_minds() {
    let web = Web::start([]).await;
    let network = network(&["sms ignored"]).await;
    network.set_inbound_url(&web.url("/sms")).expect("absolute");
    let reply = Reaction::Reply {
        after: std::time::Duration::ZERO,
        text: "2".to_owned(),
    };
    network.change_reactions(ALICE, vec![reply]);
    send(&network, ALICE, &[]).await;
    let asked = until("the reply", || web.seen("/sms").pop()).await;
    assert_eq!(asked.get("Body"), Some("2"));
}

#[tokio::test]
async fn everything_is_told_as_it_happens() {
    use MessageStatus::{Delivered, Queued, Sending, Sent};
    let web = Web::start([("/sms", vec![twiml("")])]).await;
    let network = network(&["sms reply 1"]).await;
    network.set_inbound_url(&web.url("/sms")).expect("absolute");
    let mut events = network.events();
    let sid = send(&network, ALICE, &[("StatusCallback", &web.url("/status"))]).await;
    let (mut way, mut receipts, mut told) = (Vec::new(), Vec::new(), None);
    while told.is_none() || receipts.len() < 3 {
        let event = events.recv().await.expect("the network runs");
        assert_eq!(event.number, ALICE);
        match event.what {
            Happening::ReceiptSent { status, reply } => {
                assert_eq!((&event.call, reply), (&sid, Some(204)));
                receipts.push(status);
            }
            Happening::InboundTold { reply } => {
                assert_eq!(reply, Some(200));
                told = Some(event.call);
            }
            what => way.push(what),
        }
    }
    let inbound = told.expect("the loop waits for it");
    let text = |text: &str| Happening::Texted {
        text: text.to_owned(),
    };
    let moved = |status| Happening::Moved { status };
    let mut expected = vec![text("Disk is full.")];
    expected.extend([Queued, Sending, Sent, Delivered].map(moved));
    let reply = "1".to_owned();
    expected.extend([Happening::Replied { text: reply }, text("1")]);
    assert_eq!(way, expected);
    assert_eq!(receipts, [Queued, Sent, Delivered]);
    assert_eq!(message(&network, &sid).receipts, receipts);
    assert_eq!(message(&network, &inbound).direction, Direction::Inbound);
}

#[tokio::test]
async fn messages_of_both_directions_are_listed_by_what_is_asked() {
    let network = network(&["sms ignored"]).await;
    let mut sids = Vec::new();
    for to in [ALICE, BOB, ALICE] {
        sids.push(send(&network, to, &[]).await);
    }
    sids.push(network.text(ALICE, "1").expect("a text"));
    until("the delivery", || {
        let messages = network.snapshot().messages;
        messages
            .iter()
            .all(|message| message.sent.is_some())
            .then_some(())
    })
    .await;
    let list = async |query: &str| {
        let path = format!("/Messages.json?{query}");
        let (status, list) = rest(&network, Method::GET, &path, &[]).await;
        assert_eq!(status, 200, "{list}");
        list
    };
    let check = async |query: &str, expected: &[usize]| {
        let list = list(query).await;
        let found = list["messages"].as_array().expect("a list").iter();
        let found: Vec<_> = found.map(|message| message["sid"].clone()).collect();
        let expected: Vec<_> = expected.iter().map(|at| sids[*at].clone()).collect();
        assert_eq!(found, expected, "{query}");
    };
    let now = jiff::Timestamp::now();
    let day = now.strftime("%Y-%m-%d").to_string();
    let hour = jiff::SignedDuration::from_hours(1);
    let at = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    check("", &[3, 2, 1, 0]).await;
    check("To=%2B819000000001", &[2, 0]).await;
    check("From=%2B819000000001", &[3]).await;
    check("To=%2B815000000000&From=%2B819000000001", &[3]).await;
    check("PageSize=2&Page=1", &[1, 0]).await;
    check("DateSent=2001-02-03", &[]).await;
    check("DateSent%3E=2001-02-03&DateSent%3C=2001-02-04", &[]).await;
    check(&format!("DateSent%3C={}", at(now - hour)), &[]).await;
    check(&format!("DateSent%3E={}", at(now + hour)), &[]).await;
    let since = format!("DateSent%3E={}&To=%2B819000000002", at(now - hour));
    check(&since, &[1]).await;
    // The test may have begun on the day before.
    check(&format!("DateSent%3E={day}"), &[3, 2, 1, 0]).await;
    check("DateSent%3C=9998-12-31", &[3, 2, 1, 0]).await;
    let next = list("PageSize=3").await["next_page_uri"].clone();
    let next = next.as_str().expect("there is one more");
    check(next.split_once('?').expect("has a query").1, &[0]).await;

    for query in ["DateSent=today", "DateSent%3E=2026-13-01"] {
        let path = format!("/Messages.json?{query}");
        let (status, error) = rest(&network, Method::GET, &path, &[]).await;
        assert_eq!((status, &error["code"]), (400, &20001.into()), "{query}");
    }
}

#[tokio::test]
async fn a_message_that_is_not_sent_yet_has_no_date_to_be_found_by() {
    let network = Network::start(Options::default()).await.expect("loopback");
    let service = format!("MG{}", "0a".repeat(16));
    let form = [
        ("To", ALICE),
        ("MessagingServiceSid", &*service),
        ("Body", "障害"),
    ];
    let (status, sent) = rest(&network, Method::POST, "/Messages.json", &form).await;
    assert_eq!((status, sent["status"].as_str()), (201, Some("accepted")));
    assert!(
        sent["from"].is_null() && sent["date_sent"].is_null(),
        "{sent}"
    );
    assert_eq!(sent["messaging_service_sid"], *service);
    let (_, list) = rest(
        &network,
        Method::GET,
        "/Messages.json?DateSent%3E=2001-01-01",
        &[],
    )
    .await;
    assert_eq!(list["messages"], serde_json::json!([]));
}

#[tokio::test]
async fn the_resource_of_a_message_is_the_carriers() {
    let network = network(&["sms ignored"]).await;
    let form = [("To", ALICE), ("From", US), ("Body", &*"障".repeat(71))];
    let (status, sent) = rest(&network, Method::POST, "/Messages.json", &form).await;
    assert_eq!(status, 201, "{sent}");
    let expected = [
        ("status", "queued"),
        ("direction", "outbound-api"),
        ("num_segments", "2"),
        ("num_media", "0"),
        ("to", ALICE),
        ("from", US),
        ("api_version", "2010-04-01"),
        ("account_sid", network.account_sid()),
    ];
    for (name, value) in expected {
        assert_eq!(sent[name], value, "{name}");
    }
    let sid = sent["sid"].as_str().expect("a name");
    let digits = sid.strip_prefix("SM").expect("of a message");
    assert!(digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let created = sent["date_created"].as_str().expect("a time");
    assert!(jiff::fmt::rfc2822::parse(created).is_ok(), "{created}");
    let (status, error) = rest(&network, Method::GET, "/Messages/SM0.json", &[]).await;
    assert_eq!((status, &error["code"]), (404, &20404.into()));
    let (status, error) = rest(&network, Method::POST, "/Messages.json", &form[..2]).await;
    assert_eq!((status, &error["code"]), (400, &21602.into()));
}

#[tokio::test]
async fn the_balance_is_what_was_said() {
    let network = network(&["sms ignored"]).await;
    let balance = async || {
        let (status, balance) = rest(&network, Method::GET, "/Balance.json", &[]).await;
        assert_eq!((status, &balance["currency"]), (200, &"USD".into()));
        assert_eq!(balance["account_sid"], network.account_sid());
        balance["balance"].as_str().expect("a text").to_owned()
    };
    assert_eq!(balance().await, "100");
    network.set_balance(-1.25);
    assert_eq!(balance().await, "-1.25");
}
