//! Calls that go well, or at least as people make them go.

use super::web::*;
use crate::simulator::{Behaviour, Happening, Network, Options, People, Status};

const EVENTS: [(&str, &str); 4] = [
    ("StatusCallbackEvent", "initiated"),
    ("StatusCallbackEvent", "ringing"),
    ("StatusCallbackEvent", "answered"),
    ("StatusCallbackEvent", "completed"),
];

fn question(more: &str) -> Answer {
    twiml(&format!(
        "<Gather action='/digits?a=1&amp;b=x%20y' {more}><Say>Disk is full.</Say><Say>Press 1.</Say></Gather><Say>No answer.</Say>"
    ))
}

#[tokio::test]
async fn a_call_is_reported_in_order_and_every_webhook_is_signed() {
    let web = Web::start([
        ("/voice", vec![question("numDigits='1'")]),
        ("/digits", vec![twiml("<Say>Thank you.</Say>")]),
    ])
    .await;
    let network = network(&["key 1"]).await;
    web.expect_signatures(network.auth_token());
    let (voice, status) = (web.url("/voice?id=7-1#rc=2"), web.url("/status?id=7-1"));
    let mut order = vec![("Url", voice.as_str()), ("StatusCallback", &status)];
    order.extend(EVENTS);
    let sid = call(&network, ALICE, &order).await;
    let record = over(&network, &sid).await;
    assert_eq!(record.status, Status::Completed);
    assert_eq!(record.heard, ["Disk is full.", "Press 1.", "Thank you."]);
    assert_eq!(record.pressed, "1");

    let reports = until("four reports", || {
        Some(web.seen("/status")).filter(|seen| seen.len() == 4)
    })
    .await;
    assert_eq!(
        web.statuses("/status"),
        ["initiated", "ringing", "in-progress", "completed"]
    );
    for (at, report) in reports.iter().enumerate() {
        assert_eq!(report.target, "/status?id=7-1");
        assert_eq!(report.get("SequenceNumber"), Some(&*at.to_string()));
        assert_eq!(report.get("CallbackSource"), Some("call-progress-events"));
        assert_eq!(report.get("CallSid"), Some(&*sid));
        let time = report.get("Timestamp").expect("has one");
        assert!(jiff::fmt::rfc2822::parse(time).is_ok(), "{time}");
    }
    let end = &reports[3];
    assert!(
        end.get("CallDuration")
            .expect("has one")
            .parse::<u32>()
            .expect("seconds")
            >= 2
    );
    assert_eq!(
        (end.get("SipResponseCode"), reports[1].get("CallDuration")),
        (Some("200"), None)
    );

    let asked = web.seen("/voice");
    assert_eq!(asked.len(), 1);
    let who = [
        "To",
        "From",
        "Called",
        "Caller",
        "CallStatus",
        "Direction",
        "ApiVersion",
        "Digits",
    ];
    assert_eq!(
        who.map(|name| asked[0].get(name)),
        [
            Some(ALICE),
            Some(US),
            Some(ALICE),
            Some(US),
            Some("in-progress"),
            Some("outbound-api"),
            Some("2010-04-01"),
            None
        ]
    );
    let answered = &web.seen("/digits")[0];
    assert_eq!(answered.target, "/digits?a=1&b=x%20y");
    assert_eq!(
        ["Digits", "FinishedOnKey", "msg"].map(|name| answered.get(name)),
        [Some("1"), Some(""), Some("Gather End")]
    );
    assert_eq!(web.unsigned(), Vec::<String>::new());
    let tokens =
        [&asked[0], answered].map(|seen| seen.header("i-twilio-idempotency-token").to_owned());
    assert!(
        !tokens[0].is_empty() && tokens[0] != tokens[1],
        "{tokens:?}"
    );
}

#[tokio::test]
async fn what_people_do_decides_how_a_call_ends() {
    let check = async |behaviour: &str,
                       status: Status,
                       heard: &[&str],
                       digits: &[&str],
                       reports: &[&str]| {
        let web = Web::start([
            (
                "/voice",
                vec![question("numDigits='1'"), twiml("<Say>Again.</Say>")],
            ),
            (
                "/digits",
                vec![twiml("<Redirect>voice</Redirect><Say>Never.</Say>")],
            ),
        ])
        .await;
        let network = network(&[behaviour]).await;
        let (voice, callback) = (web.url("/voice"), web.url("/status"));
        let mut order = vec![
            ("Url", voice.as_str()),
            ("StatusCallback", &callback),
            ("Timeout", "30"),
        ];
        order.extend(EVENTS);
        let sid = call(&network, ALICE, &order).await;
        let record = over(&network, &sid).await;
        assert_eq!(
            (record.status, record.heard.as_slice()),
            (status, heard.map_strings().as_slice()),
            "{behaviour}"
        );
        let pressed: Vec<_> = web
            .seen("/digits")
            .iter()
            .map(|seen| seen.get("Digits").expect("kept").to_owned())
            .collect();
        assert_eq!(pressed, digits, "{behaviour}");
        until(behaviour, || {
            (web.statuses("/status") == reports).then_some(())
        })
        .await;
    };
    let all = ["Disk is full.", "Press 1.", "No answer."];
    let talked = ["initiated", "ringing", "in-progress", "completed"];
    check(
        "busy",
        Status::Busy,
        &[],
        &[],
        &["initiated", "ringing", "busy"],
    )
    .await;
    check(
        "no answer",
        Status::NoAnswer,
        &[],
        &[],
        &["initiated", "ringing", "no-answer"],
    )
    .await;
    check(
        "after 30s key 1",
        Status::NoAnswer,
        &[],
        &[],
        &["initiated", "ringing", "no-answer"],
    )
    .await;
    check("failed", Status::Failed, &[], &[], &["initiated", "failed"]).await;
    check("voicemail", Status::Completed, &all, &[], &talked).await;
    check("listen", Status::Completed, &all, &[], &talked).await;
    check("hang up", Status::Completed, &all[..2], &[], &talked).await;
    check("early hang up", Status::Completed, &[], &[], &talked).await;
    check(
        "key 1",
        Status::Completed,
        &["Disk is full.", "Press 1.", "Again."],
        &["1"],
        &talked,
    )
    .await;
    check(
        "early key 2",
        Status::Completed,
        &["Disk is full.", "Again."],
        &["2"],
        &talked,
    )
    .await;
    check("key #", Status::Completed, &all, &[], &talked).await;
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for [&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[tokio::test]
async fn a_machine_hangs_up_when_its_tape_is_full() {
    let web = Web::start([("/voice", vec![question("")])]).await;
    let options = Options {
        // The two texts take 1.4 s, the third comes 5 s after them; the limit lies far from both.
        people: People::all(Behaviour::parse("voicemail 4s").expect("a behaviour")),
        speed: 10.0,
        ..Options::default()
    };
    let network = Network::start(options).await.expect("loopback");
    let sid = call(&network, ALICE, &[("Url", &web.url("/voice"))]).await;
    let record = over(&network, &sid).await;
    assert_eq!(record.status, Status::Completed);
    assert_eq!(record.heard, ["Disk is full.", "Press 1."]);
}

#[tokio::test]
async fn a_question_takes_digits_as_it_says() {
    let check = async |attributes: &str, behaviour: &str, answer: Option<(&str, &str)>| {
        let web = Web::start([
            ("/voice", vec![question(attributes)]),
            ("/digits", vec![twiml("")]),
        ])
        .await;
        let network = network(&[behaviour]).await;
        let sid = call(&network, ALICE, &[("Url", &web.url("/voice"))]).await;
        over(&network, &sid).await;
        let seen = web.seen("/digits");
        let got = seen.first().map(|seen| {
            (
                seen.get("Digits").expect("kept"),
                seen.get("FinishedOnKey").expect("kept"),
            )
        });
        assert_eq!(got, answer, "{attributes} {behaviour}");
    };
    check("", "key 12", Some(("12", ""))).await;
    check("", "key 12#3", Some(("12", "#"))).await;
    check("numDigits='2'", "key 123", Some(("12", ""))).await;
    check("finishOnKey='*'", "key 1#*", Some(("1#", "*"))).await;
    check("finishOnKey=''", "key 1#", Some(("1#", ""))).await;
    check("", "key #", None).await;
    check("actionOnEmptyResult='true'", "key #", Some(("", "#"))).await;
    check("actionOnEmptyResult='true'", "listen", Some(("", ""))).await;
    check("input='speech'", "key 1", None).await;
    check("input='dtmf speech'", "key 1", Some(("1", ""))).await;
}

#[tokio::test]
async fn get_webhooks_carry_the_parameters_in_a_signed_query() {
    let web = Web::start([
        (
            "/voice",
            vec![twiml("<Redirect method='GET'>/next?x=1</Redirect>")],
        ),
        ("/next", vec![twiml("<Say>Here.</Say>")]),
    ])
    .await;
    let network = network(&["listen"]).await;
    web.expect_signatures(network.auth_token());
    let sid = call(
        &network,
        ALICE,
        &[("Url", &web.url("/voice")), ("Method", "GET")],
    )
    .await;
    assert_eq!(over(&network, &sid).await.heard, ["Here."]);
    for (path, starts) in [
        ("/voice", "/voice?CallSid=CA"),
        ("/next", "/next?x=1&CallSid=CA"),
    ] {
        let seen = &web.seen(path)[0];
        assert!(
            seen.target.starts_with(starts) && seen.form.is_empty(),
            "{seen:?}"
        );
        assert!(
            seen.target.contains("To=%2B819000000001"),
            "{}",
            seen.target
        );
    }
    assert_eq!(web.unsigned(), Vec::<String>::new());
}

#[tokio::test]
async fn recordings_are_fetched_by_plain_get_and_pauses_take_time() {
    let mut recording = answer(200, "audio/wav", "");
    recording.body = vec![0; 32_000];
    let web = Web::start([
        ("/voice", vec![twiml("<Gather action='/digits'><Play>/media/a.wav?n=1</Play></Gather><Pause length='60'/><Play digits='12'/><Reject/><Say>Never.</Say>")]),
        ("/media/a.wav", vec![recording]),
    ])
    .await;
    let network = network(&["listen"]).await;
    let sid = call(&network, ALICE, &[("Url", &web.url("/voice"))]).await;
    let record = over(&network, &sid).await;
    assert_eq!(record.heard, Vec::<String>::new());
    let talked = until("its length", || {
        let call = network.snapshot().calls.remove(0);
        Some(call.talked).filter(|talked| !talked.is_zero())
    })
    .await;
    assert!(talked.as_secs() >= 2 + 5 + 60, "{talked:?}");
    let media = web.seen("/media/a.wav");
    assert!(media.iter().all(|seen| seen.method == "GET"
        && seen.target == "/media/a.wav?n=1"
        && seen.header("x-twilio-signature").is_empty()));
    assert!(!media.is_empty());
}

#[tokio::test]
async fn a_document_may_come_with_the_order() {
    let web = Web::start([("/digits", vec![answer(200, "text/plain", "read aloud")])]).await;
    let network = network(&["key 1"]).await;
    let document = format!(
        "<Response><Gather action='{}'><Say language='ja-JP'>輪番です</Say></Gather></Response>",
        web.url("/digits")
    );
    let sid = call(&network, ALICE, &[("Twiml", &document)]).await;
    assert_eq!(over(&network, &sid).await.heard, ["輪番です", "read aloud"]);
}

#[tokio::test]
async fn a_phone_can_be_used_by_hand() {
    let web = Web::start([
        ("/voice", vec![question("numDigits='1' timeout='600'")]),
        ("/digits", vec![twiml("<Pause length='3600'/>")]),
    ])
    .await;
    let network = network(&["by hand"]).await;
    assert!(!network.press(ALICE, "1"), "there is no call yet");
    let mut events = network.events();
    let order = [("Url", &*web.url("/voice")), ("Timeout", "600")];
    let sid = call(&network, ALICE, &order).await;
    loop {
        let event = events.recv().await.expect("the network runs");
        if event.what == Happening::Ringing {
            assert_eq!(
                (event.number.as_str(), event.call.as_str()),
                (ALICE, sid.as_str())
            );
            break;
        }
    }
    assert!(!network.press(ALICE, "x"), "x is no key");
    assert!(network.press(ALICE, "3"));
    until("the answer", || {
        Some(web.seen("/digits")).filter(|seen| !seen.is_empty())
    })
    .await;
    assert_eq!(web.seen("/digits")[0].get("Digits"), Some("3"));
    assert!(network.hang_up(ALICE));
    assert_eq!(over(&network, &sid).await.status, Status::Completed);
    assert!(!network.hang_up(ALICE), "it is over");

    let sid = call(&network, ALICE, &order).await;
    until("ringing", || network.hang_up(ALICE).then_some(())).await;
    assert_eq!(over(&network, &sid).await.status, Status::Busy, "declined");
}
