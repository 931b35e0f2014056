//! What the network does when the web server, or the network itself, does not do its part.

use std::time::Duration;

use super::web::*;
use crate::simulator::{CreateFault, Fault, Status};

#[tokio::test]
async fn every_kind_of_failure_goes_to_the_fallback_once() {
    let check = async |broken: Answer, code: &str, failed: &str| {
        let web = Web::start([
            ("/voice", vec![broken]),
            ("/fallback", vec![twiml("<Say>Fallback.</Say>")]),
        ])
        .await;
        let network = network(&["listen"]).await;
        web.expect_signatures(network.auth_token());
        let order = [
            ("Url", &*web.url("/voice?a=b#rt=100")),
            ("FallbackUrl", &web.url("/fallback?c=d")),
        ];
        let sid = call(&network, ALICE, &order).await;
        let record = over(&network, &sid).await;
        assert_eq!(record.heard, ["Fallback."], "{code} {record:?}");
        let seen = web.seen("/fallback");
        assert_eq!(seen.len(), 1);
        assert_eq!(
            (seen[0].get("ErrorCode"), seen[0].get("ErrorUrl")),
            (Some(code), Some(&*web.url(failed)))
        );
        assert_eq!(seen[0].get("CallSid"), Some(&*sid));
        assert_eq!(web.unsigned(), Vec::<String>::new());
    };
    let page = "/voice?a=b";
    check(answer(500, "text/xml", "<Response/>"), "11200", page).await;
    check(answer(404, "text/html", "gone"), "11200", page).await;
    check(
        answer(200, "text/xml", "<Response><Say></Response>"),
        "12100",
        page,
    )
    .await;
    check(answer(200, "text/html", "<html/>"), "12102", page).await;
    check(answer(200, "application/json", "{}"), "12300", page).await;
    check(
        Answer {
            headers: Vec::new(),
            ..twiml("")
        },
        "12300",
        page,
    )
    .await;
    check(twiml("<Dial>+819000000009</Dial>"), "12200", page).await;
    check(twiml(&"<Pause/>".repeat(9_000)), "11750", page).await;
    check(
        twiml("<Play>/media/gone.wav</Play>"),
        "13420",
        "/media/gone.wav",
    )
    .await;
    check(
        twiml("<Gather><Play>/media/gone.wav</Play></Gather>"),
        "13325",
        "/media/gone.wav",
    )
    .await;
    check(
        Answer {
            delay: Duration::from_secs(7),
            ..twiml("")
        },
        "11203",
        page,
    )
    .await;
    let endless = Answer {
        headers: vec![("location", "/voice".to_owned())],
        ..answer(302, "text/xml", "")
    };
    check(endless, "11215", page).await;
}

#[tokio::test]
async fn without_a_fallback_or_in_it_a_failure_ends_the_call() {
    let web = Web::start([
        ("/voice", vec![answer(500, "text/xml", "")]),
        ("/fallback", vec![answer(503, "text/xml", "")]),
    ])
    .await;
    let network = network(&["listen"]).await;
    let sid = call(&network, ALICE, &[("Url", &web.url("/voice"))]).await;
    let record = over(&network, &sid).await;
    assert_eq!(
        (record.status, record.troubles),
        (Status::Completed, vec![11200])
    );
    let order = [
        ("Url", &*web.url("/voice")),
        ("FallbackUrl", &web.url("/fallback")),
    ];
    let sid = call(&network, ALICE, &order).await;
    assert_eq!(over(&network, &sid).await.troubles, [11200, 11200]);
    assert_eq!(web.seen("/fallback").len(), 1);
}

#[tokio::test]
async fn a_webhook_is_tried_again_as_its_address_says() {
    let check = async |fragment: &str, tries: usize| {
        let web = Web::start([("/voice", vec![answer(503, "text/xml", "")])]).await;
        let network = network(&["listen"]).await;
        let sid = call(
            &network,
            ALICE,
            &[("Url", &web.url(&format!("/voice{fragment}")))],
        )
        .await;
        over(&network, &sid).await;
        let seen = web.seen("/voice");
        assert_eq!(seen.len(), tries, "{fragment}");
        let first = seen
            .first()
            .map(|seen| seen.header("i-twilio-idempotency-token").to_owned());
        assert!(
            seen.iter()
                .all(|seen| Some(seen.header("i-twilio-idempotency-token")) == first.as_deref())
        );
        assert!(seen.iter().all(|seen| !seen.target.contains('#')));
    };
    check("", 1).await;
    check("#rc=3", 1).await;
    check("#rc=3&rp=5xx", 4).await;
    check("#rc=2&rp=4xx", 1).await;
    check("#rc=1&rp=all", 2).await;
    check("#rp=5xx,ct,rt", 2).await;
    check("#rc=0&rp=5xx", 1).await;
    check("#rc=9&rp=5xx", 0).await;
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again_on_connect_failure_by_default() {
    let web = Web::start([]).await;
    let gone = web.url("/voice");
    drop(web);
    let network = network(&["listen"]).await;
    let sid = call(&network, ALICE, &[("Url", &gone)]).await;
    assert_eq!(over(&network, &sid).await.troubles, [11205]);
}

#[tokio::test]
async fn a_redirect_of_an_answer_loses_the_digits() {
    let moved = Answer {
        headers: vec![("location", "/elsewhere".to_owned())],
        ..answer(302, "text/xml", "")
    };
    let web = Web::start([
        (
            "/voice",
            vec![twiml("<Gather action='/digits' numDigits='1'/>")],
        ),
        ("/digits", vec![moved]),
        ("/elsewhere", vec![twiml("<Say>Moved.</Say>")]),
    ])
    .await;
    let network = network(&["key 1"]).await;
    let sid = call(&network, ALICE, &[("Url", &web.url("/voice"))]).await;
    assert_eq!(over(&network, &sid).await.heard, ["Moved."]);
    let seen = &web.seen("/elsewhere")[0];
    assert_eq!(seen.method, "GET");
    assert!(
        seen.target.contains("CallSid=") && !seen.target.contains("Digits"),
        "{}",
        seen.target
    );
}

#[tokio::test]
async fn callbacks_can_be_lost_repeated_and_late() {
    let check = async |fault: Fault, reports: &[&str]| {
        let web = Web::start([("/voice", vec![twiml("")])]).await;
        let network = network(&["listen"]).await;
        network.inject(fault);
        let order = [
            ("Url", &*web.url("/voice")),
            ("StatusCallback", &web.url("/status")),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "completed"),
        ];
        let sid = call(&network, ALICE, &order).await;
        over(&network, &sid).await;
        until("the reports", || {
            let mut statuses = web.statuses("/status");
            statuses.sort();
            (statuses == reports).then_some(())
        })
        .await;
    };
    check(Fault::LoseCallback, &["completed"]).await;
    check(
        Fault::DuplicateCallback,
        &["completed", "ringing", "ringing"],
    )
    .await;
    check(Fault::DelayCallback, &["completed", "ringing"]).await;
}

#[tokio::test]
async fn a_webhook_can_come_twice_with_the_same_token() {
    let web = Web::start([(
        "/voice",
        vec![twiml("<Say>First.</Say>"), twiml("<Say>Second.</Say>")],
    )])
    .await;
    let network = network(&["listen"]).await;
    network.inject(Fault::DuplicateWebhook);
    let sid = call(&network, ALICE, &[("Url", &web.url("/voice"))]).await;
    assert_eq!(over(&network, &sid).await.heard, ["Second."]);
    let seen = web.seen("/voice");
    let token = |at: usize| seen[at].header("i-twilio-idempotency-token");
    assert_eq!((seen.len(), token(0)), (2, token(1)));
}

#[tokio::test]
async fn a_fetch_can_fail_without_a_trace_at_the_server() {
    let web = Web::start([("/fallback", vec![twiml("<Say>Fallback.</Say>")])]).await;
    let network = network(&["listen"]).await;
    network.inject(Fault::FailFetch);
    let order = [
        ("Url", &*web.url("/voice")),
        ("FallbackUrl", &web.url("/fallback")),
    ];
    let sid = call(&network, ALICE, &order).await;
    assert_eq!(over(&network, &sid).await.heard, ["Fallback."]);
    assert_eq!(web.seen("/voice").len(), 0);
}

#[tokio::test]
async fn placing_a_call_can_fail_before_and_after_the_deed() {
    let check = async |fault: CreateFault, reply: Option<u16>, placed: usize| {
        let network = network(&["busy"]).await;
        network.inject(Fault::Create(fault));
        let url = format!(
            "{}/2010-04-01/Accounts/{}/Calls.json",
            network.base_url(),
            network.account_sid()
        );
        let sent = reqwest::Client::new()
            .post(url)
            .basic_auth(network.account_sid(), Some(network.auth_token()))
            .form(&[("To", ALICE), ("From", US), ("Twiml", "<Response/>")])
            .send()
            .await;
        assert_eq!(
            sent.ok().map(|sent| sent.status().as_u16()),
            reply,
            "{fault:?}"
        );
        assert_eq!(network.snapshot().calls.len(), placed, "{fault:?}");
        call(&network, ALICE, &[("Twiml", "<Response/>")]).await;
    };
    check(CreateFault::ErrorBefore, Some(500), 0).await;
    check(CreateFault::ErrorAfter, Some(500), 1).await;
    check(CreateFault::Throttled, Some(429), 0).await;
    check(CreateFault::CloseBefore, None, 0).await;
    check(CreateFault::CloseAfter, None, 1).await;
}

#[tokio::test]
async fn a_document_that_redirects_to_itself_ends() {
    let web = Web::start([(
        "/voice",
        vec![twiml("<Redirect/>"), twiml("<Redirect>/voice</Redirect>")],
    )])
    .await;
    let network = network(&["listen"]).await;
    let order = [
        ("Url", &*web.url("/voice")),
        ("FallbackUrl", &web.url("/voice")),
    ];
    let sid = call(&network, ALICE, &order).await;
    let record = over(&network, &sid).await;
    assert_eq!(record.troubles, [11100, 11200]);
    assert!(web.seen("/voice").len() >= 500);
}
