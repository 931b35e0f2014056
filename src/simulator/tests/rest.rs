//! The REST API.

use axum::http::Method;

use super::web::*;
use crate::simulator::{Network, Options, StartError, Status};

#[tokio::test]
async fn a_request_without_the_right_credentials_is_refused() {
    let network = network(&["busy"]).await;
    let account = network.account_sid();
    let own = format!("{}/2010-04-01/Accounts/{account}", network.base_url());
    let client = reqwest::Client::new();
    let check = async |url: String, user: &str, token: Option<&str>, expected: u16| {
        let mut request = client.get(&url);
        if let Some(token) = token {
            request = request.basic_auth(user, Some(token));
        }
        let response = request.send().await.expect("loopback");
        assert_eq!(response.status().as_u16(), expected, "{url}");
        if expected == 401 {
            let body: serde_json::Value = response.json().await.expect("JSON");
            assert_eq!(
                (&body["code"], &body["status"]),
                (&20003.into(), &401.into())
            );
        }
    };
    let token = network.auth_token();
    check(format!("{own}.json"), account, Some(token), 200).await;
    check(format!("{own}.json"), account, None, 401).await;
    check(format!("{own}.json"), account, Some("x"), 401).await;
    check(format!("{own}.json"), "x", Some(token), 401).await;
    check(format!("{own}0/Calls.json"), account, Some(token), 401).await;
    check(format!("{own}/Queues.json"), account, Some(token), 404).await;
    check(format!("{own}/Calls/CA0.json"), account, Some(token), 404).await;
}

#[tokio::test]
async fn a_wrong_order_gets_an_error_in_the_carriers_form() {
    let network = network(&["busy"]).await;
    let form = [("To", ALICE), ("From", US), ("Url", "/voice")];
    let (status, error) = rest(&network, Method::POST, "/Calls.json", &form).await;
    assert_eq!((status, &error["code"]), (400, &21205.into()));
    assert_eq!(
        error["more_info"],
        "https://www.twilio.com/docs/errors/21205"
    );
    assert_eq!(
        (&error["status"], error["message"].is_string()),
        (&400.into(), true)
    );
    assert!(network.snapshot().calls.is_empty());
}

#[tokio::test]
async fn a_call_is_listed_newest_first_and_by_what_is_asked() {
    let network = network(&["busy", "no answer"]).await;
    let mut sids = Vec::new();
    for to in [ALICE, BOB, ALICE] {
        sids.push(call(&network, to, &[("Twiml", "<Response/>"), ("Timeout", "5")]).await);
    }
    for sid in &sids {
        over(&network, sid).await;
    }
    let list = async |query: &str| {
        let (status, list) =
            rest(&network, Method::GET, &format!("/Calls.json?{query}"), &[]).await;
        assert_eq!(status, 200);
        list
    };
    let check = async |query: &str, expected: &[usize]| {
        let list = list(query).await;
        let found: Vec<_> = list["calls"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|call| call["sid"].clone())
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|at| serde_json::Value::from(&*sids[*at]))
            .collect();
        assert_eq!(found, expected, "{query}");
    };
    check("", &[2, 1, 0]).await;
    check("To=%2B819000000001", &[2, 0]).await;
    check("To=%2B819000000001&From=%2B815000000000&Status=busy", &[0]).await;
    check("From=%2B1", &[]).await;
    check("PageSize=2", &[2, 1]).await;
    check("PageSize=2&Page=1", &[0]).await;
    let next = list("PageSize=2&To=%2B819000000001&Page=0").await["next_page_uri"].clone();
    assert!(next.is_null(), "{next}");
    let next = list("PageSize=1&To=%2B819000000001").await["next_page_uri"].clone();
    let next = next
        .as_str()
        .expect("there is one more")
        .split_once('?')
        .expect("has a query")
        .1
        .to_owned();
    check(&next, &[0]).await;

    let (_, read) = rest(
        &network,
        Method::GET,
        &format!("/Calls/{}.json", sids[1]),
        &[],
    )
    .await;
    assert_eq!(
        (&read["status"], &read["to"]),
        (&"completed".into(), &BOB.into())
    );
    let created = read["date_created"].as_str().expect("a time");
    assert!(jiff::fmt::rfc2822::parse(created).is_ok(), "{created}");
    assert!(read["duration"].is_string() && read["end_time"].is_string());
}

#[tokio::test]
async fn a_call_can_be_ended_at_any_time_but_not_twice() {
    // At this speed a call is queued for 300 ms, then dialled for 700 ms.
    let real_time = Options::default;
    let check = async |options: Options,
                       wait: Option<Status>,
                       wanted: &str,
                       ends: Status,
                       reports: &[&str]| {
        let web = Web::start([("/voice", vec![twiml("<Pause length='3600'/>")])]).await;
        let network = Network::start(options).await.expect("loopback");
        let order = [
            ("Url", &*web.url("/voice")),
            ("StatusCallback", &web.url("/status")),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "completed"),
        ];
        let sid = call(&network, ALICE, &order).await;
        if let Some(status) = wait {
            until("the status", || {
                (network.snapshot().calls[0].status == status).then_some(())
            })
            .await;
        }
        let path = format!("/Calls/{sid}.json");
        let (status, body) = rest(&network, Method::POST, &path, &[("Status", wanted)]).await;
        assert_eq!(
            (status, body["status"].as_str()),
            (200, Some(ends.as_str())),
            "{body}"
        );
        until("the reports", || {
            (web.statuses("/status") == reports).then_some(())
        })
        .await;
        assert_eq!(over(&network, &sid).await.status, ends);
        let (status, body) = rest(&network, Method::POST, &path, &[("Status", "completed")]).await;
        assert_eq!((status, &body["code"]), (400, &21220.into()), "{body}");
    };
    let fast = |people| Options {
        speed: 100.0,
        people,
        ..Options::default()
    };
    let rings = crate::simulator::People::all(crate::simulator::Behaviour::NoAnswer);
    let takes = crate::simulator::People::default();
    check(real_time(), None, "canceled", Status::Canceled, &[]).await;
    check(
        fast(rings.clone()),
        Some(Status::Ringing),
        "canceled",
        Status::Canceled,
        &["ringing", "canceled"],
    )
    .await;
    check(
        fast(rings),
        Some(Status::Ringing),
        "completed",
        Status::Canceled,
        &["ringing", "canceled"],
    )
    .await;
    check(
        fast(takes),
        Some(Status::InProgress),
        "completed",
        Status::Completed,
        &["ringing", "completed"],
    )
    .await;
}

#[tokio::test]
async fn a_call_that_talks_cannot_be_cancelled() {
    let network = network(&["listen"]).await;
    let sid = call(
        &network,
        ALICE,
        &[("Twiml", "<Response><Pause length='3600'/></Response>")],
    )
    .await;
    until("the answer", || {
        (network.snapshot().calls[0].status == Status::InProgress).then_some(())
    })
    .await;
    let (status, body) = rest(
        &network,
        Method::POST,
        &format!("/Calls/{sid}.json"),
        &[("Status", "canceled")],
    )
    .await;
    assert_eq!((status, &body["code"]), (400, &21220.into()));
    let (status, body) = rest(
        &network,
        Method::POST,
        &format!("/Calls/{sid}.json"),
        &[("Status", "paused")],
    )
    .await;
    assert_eq!((status, &body["code"]), (400, &20001.into()));
}

#[tokio::test]
async fn a_network_that_cannot_run_says_why() {
    let stopped = Network::start(Options {
        speed: 0.0,
        ..Options::default()
    })
    .await;
    assert!(matches!(stopped, Err(StartError::Speed(_))));
    let first = network(&["busy"]).await;
    let listen = first
        .base_url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let taken = Network::start(Options {
        listen,
        ..Options::default()
    })
    .await;
    let message = taken.expect_err("the port is taken").to_string();
    assert!(message.contains("give another address"), "{message}");
}

#[tokio::test]
async fn a_dropped_network_is_silent_and_gives_its_port_back() {
    let web = Web::start([("/voice", vec![twiml("<Pause length='3600'/>")])]).await;
    let network = network(&["listen"]).await;
    let address = network.base_url();
    call(
        &network,
        ALICE,
        &[
            ("Url", &web.url("/voice")),
            ("StatusCallback", &web.url("/status")),
        ],
    )
    .await;
    until("the question", || {
        (!web.seen("/voice").is_empty()).then_some(())
    })
    .await;
    drop(network);
    until("a free port", || {
        std::net::TcpListener::bind(address.trim_start_matches("http://")).ok()
    })
    .await;
    assert!(web.seen("/status").is_empty());
}
