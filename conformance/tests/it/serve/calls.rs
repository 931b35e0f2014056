//! A call's life, as the application sees it.

use super::{
    app::App,
    stand_in::{ACCOUNT, FROM, Stand, TO},
};

const ASK: &str = "<Response><Gather numDigits='1' action='keys' timeout='2'><Say>press</Say></Gather>\
                   <Redirect>silence</Redirect></Response>";
const BYE: &str = "<Response><Say>bye</Say><Hangup/></Response>";

fn app() -> App {
    App::with(&[
        ("/voice", ASK),
        ("/keys", BYE),
        ("/silence", BYE),
        ("/fallback", BYE),
    ])
}

/// Places a call whose every event is told.
fn call(stand: &Stand, app: &App, more: &[(&str, &str)]) {
    let (url, status) = (app.url("/voice"), app.url("/status"));
    let mut form = vec![("Url", url.as_str()), ("StatusCallback", &status)];
    for event in ["initiated", "ringing", "answered", "completed"] {
        form.push(("StatusCallbackEvent", event));
    }
    form.extend(more);
    assert_eq!(stand.call(&form).status, 201);
}

/// All callbacks of the call are told once the last has an answer.
fn told(stand: &Stand, app: &App, count: usize) -> Vec<String> {
    stand.wait("all callbacks", |journal| {
        let sent = journal.iter().filter(|it| it["what"] == "callback");
        (sent.count() >= count).then_some(())
    });
    let told = app.at("/status");
    told.iter()
        .map(|it| it.get("CallStatus").expect("a status"))
        .collect()
}

#[test]
fn a_call_that_is_taken_is_told_in_order_and_signed() {
    let (stand, app) = (Stand::start(&[]), app());
    call(&stand, &app, &[("FallbackUrl", &app.url("/fallback"))]);
    assert_eq!(
        told(&stand, &app, 4),
        ["initiated", "ringing", "in-progress", "completed"]
    );
    let status = app.at("/status");
    for (nth, seen) in status.iter().enumerate() {
        assert_eq!(seen.get("SequenceNumber"), Some(nth.to_string()));
        assert_eq!(
            seen.get("CallbackSource").as_deref(),
            Some("call-progress-events")
        );
        assert!(
            seen.get("Timestamp")
                .is_some_and(|at| at.ends_with(" +0000")),
            "{seen:?}"
        );
    }
    assert_eq!(status[3].get("SipResponseCode").as_deref(), Some("200"));
    assert!(status[3].get("CallDuration").is_some() && status[3].get("Duration").is_some());
    for seen in app.seen() {
        assert_eq!(seen.get("AccountSid").as_deref(), Some(ACCOUNT));
        assert_eq!(
            (seen.get("To").as_deref(), seen.get("From").as_deref()),
            (Some(TO), Some(FROM))
        );
        let signature = seen.header("x-twilio-signature").expect("signed");
        assert_eq!(signature.len(), 28, "{signature}");
        assert!(seen.header("i-twilio-idempotency-token").is_some());
    }
    let paths: Vec<_> = app.seen().iter().map(|it| it.path().to_owned()).collect();
    assert_eq!(
        paths.iter().filter(|path| *path == "/voice").count(),
        1,
        "{paths:?}"
    );
    assert_eq!(app.at("/keys")[0].get("Digits").as_deref(), Some("1"));
    assert!(app.at("/fallback").is_empty() && app.at("/silence").is_empty());
}

#[test]
fn people_do_as_the_file_says() {
    for (does, ends, last) in [
        ("busy", "busy", "486"),
        ("reject", "busy", "486"),
        ("no answer", "no-answer", "487"),
        ("failed", "failed", "404"),
        ("voicemail", "completed", "200"),
        ("hang up", "completed", "200"),
        ("listen", "completed", "200"),
    ] {
        let people = format!("[calls]\nothers = ['{does}']");
        let stand = Stand::with(
            &["--people", "people.toml", "--speed", "200"],
            &[("people.toml", &people)],
        );
        let app = app();
        call(&stand, &app, &[]);
        stand.wait_for_status(ends);
        stand.wait("its callback", |journal| {
            let mut all = journal.iter().filter(|it| it["what"] == "callback");
            all.find(|it| {
                it["form"]
                    .to_string()
                    .contains(&format!("[\"CallStatus\",\"{ends}\"]"))
            })
            .map(drop)
        });
        let status = app.at("/status");
        assert_eq!(
            status
                .last()
                .and_then(|it| it.get("SipResponseCode"))
                .as_deref(),
            Some(last),
            "{does}"
        );
        let silent = usize::from(matches!(does, "voicemail" | "listen"));
        assert_eq!(
            (app.at("/silence").len(), app.at("/keys").len()),
            (silent, 0),
            "{does}"
        );
    }
}

#[test]
fn a_call_that_is_taken_back_while_it_is_queued_is_never_told() {
    let (stand, app) = (
        Stand::start(&["--calls-per-second", "0.1", "--speed", "10"]),
        app(),
    );
    call(&stand, &app, &[]);
    call(&stand, &app, &[]);
    let newest = stand.api("GET", "/Calls.json", &[]).json()["calls"][0].clone();
    let path = format!("/Calls/{}.json", newest["sid"].as_str().expect("a name"));
    assert_eq!(
        stand.api("POST", &path, &[("Status", "canceled")]).json()["status"],
        "canceled"
    );
    assert_eq!(told(&stand, &app, 4).len(), 4);
    let sid = newest["sid"].as_str().expect("a name");
    assert!(
        app.seen()
            .iter()
            .all(|it| it.get("CallSid").as_deref() != Some(sid))
    );
}

#[test]
fn what_cannot_be_fetched_goes_on_at_the_fallback() {
    let (stand, app) = (Stand::start(&[]), app().fail("/voice", 500));
    call(&stand, &app, &[("FallbackUrl", &app.url("/fallback"))]);
    told(&stand, &app, 4);
    let asked = app.at("/fallback");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].get("ErrorCode").as_deref(), Some("11200"));
    assert_eq!(asked[0].get("ErrorUrl"), Some(app.url("/voice")));
    assert_eq!(
        app.at("/voice").len(),
        1,
        "without connection overrides a 500 is not asked for again"
    );
}

#[test]
fn an_address_says_how_often_it_is_asked() {
    let (stand, app) = (Stand::start(&[]), app().fail("/voice", 500));
    call(&stand, &app, &[("Url", &app.url("/voice#rc=2&rp=5xx"))]);
    told(&stand, &app, 4);
    let tokens: Vec<_> = app
        .at("/voice")
        .iter()
        .map(|it| it.header("i-twilio-idempotency-token").map(str::to_owned))
        .collect();
    assert_eq!(tokens.len(), 3);
    assert!(
        tokens
            .iter()
            .all(|token| token.is_some() && *token == tokens[0]),
        "{tokens:?}"
    );
}

#[test]
fn parameters_of_a_get_are_in_its_query() {
    let (stand, app) = (Stand::start(&[]), app());
    call(
        &stand,
        &app,
        &[("Method", "GET"), ("StatusCallbackMethod", "GET")],
    );
    told(&stand, &app, 4);
    assert!(app.at("/status").iter().all(|it| it.method() == "GET"));
    let asked = &app.at("/voice")[0];
    assert_eq!(
        (asked.method(), asked.get("To").as_deref()),
        ("GET", Some(TO))
    );
}

#[test]
fn a_call_that_talks_is_led_elsewhere() {
    let people = ("people.toml", "[calls]\nothers = ['listen']");
    let stand = Stand::with(&["--people", "people.toml", "--speed", "20"], &[people]);
    let long = "<Response><Pause length='600'/></Response>";
    let app = App::with(&[("/voice", long), ("/elsewhere", BYE)]);
    call(&stand, &app, &[]);
    stand.wait_for_status("in-progress");
    let sid = stand.api("GET", "/Calls.json", &[]).json()["calls"][0]["sid"].clone();
    let path = format!("/Calls/{}.json", sid.as_str().expect("a name"));
    let led = stand.api("POST", &path, &[("Url", &app.url("/elsewhere"))]);
    assert_eq!(led.json()["status"], "in-progress");
    stand.wait_for_status("completed");
    assert_eq!(app.at("/elsewhere").len(), 1);
}

#[test]
fn machines_are_told_from_people_where_that_is_wanted() {
    for (does, detection, expected) in [
        ("listen", "Enable", "human"),
        ("voicemail", "Enable", "machine_start"),
        ("voicemail", "DetectMessageEnd", "machine_end_beep"),
    ] {
        let people = format!("[calls]\nothers = ['{does}']");
        let stand = Stand::with(&["--people", "people.toml"], &[("people.toml", &people)]);
        let app = app();
        call(&stand, &app, &[("MachineDetection", detection)]);
        told(&stand, &app, 4);
        let by = app.at("/voice")[0].get("AnsweredBy");
        assert_eq!(by.as_deref(), Some(expected), "{does} {detection}");
    }
}
