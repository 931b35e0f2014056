//! What goes wrong, as a client and an application see it.

use std::{
    io::ErrorKind,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    app::App,
    stand_in::{Stand, TO},
};

const HELLO: (&str, &str) = ("Twiml", "<Response><Say>hello</Say></Response>");

/// What a client sees of a request that creates a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Error(u16, u64),
    Broken(ErrorKind),
    Fine,
    NotJson,
}

fn seen(stand: &Stand) -> Seen {
    match stand.try_call(&[HELLO]) {
        Err(error) => Seen::Broken(error.kind()),
        Ok(reply) if reply.status != 201 => {
            let (status, code) = reply.error();
            Seen::Error(status, code)
        }
        Ok(reply) => match serde_json::from_str::<Value>(&reply.body) {
            Ok(_) => Seen::Fine,
            Err(_) => Seen::NotJson,
        },
    }
}

#[test]
fn each_fault_of_a_request_is_what_it_says_and_happens_once() {
    use ErrorKind::{ConnectionReset, InvalidData, UnexpectedEof};
    for (kind, expected, is_done) in [
        ("error-before", Seen::Error(503, 20503), false),
        ("error-after", Seen::Error(500, 20500), true),
        ("close-before", Seen::Broken(UnexpectedEof), false),
        ("close-after", Seen::Broken(UnexpectedEof), true),
        ("reset-before", Seen::Broken(ConnectionReset), false),
        ("reset-after", Seen::Broken(ConnectionReset), true),
        ("cut-reply", Seen::Broken(UnexpectedEof), true),
        ("wrong-json", Seen::NotJson, true),
        ("garbage", Seen::Broken(InvalidData), true),
        ("throttle", Seen::Error(429, 20429), false),
        ("unauthenticated", Seen::Error(401, 20003), false),
        ("suspended", Seen::Error(403, 20005), false),
    ] {
        let stand = Stand::start(&["--fault", kind]);
        assert_eq!(seen(&stand), expected, "{kind}");
        let calls = stand.control("GET", "calls", &Value::Null).json();
        let placed = calls["calls"].as_array().expect("a list").len();
        assert_eq!(placed, usize::from(is_done), "{kind}");
        let request = &stand.wait(kind, |journal| {
            journal.iter().find(|it| it["what"] == "request").cloned()
        });
        assert_eq!(request["fault"], kind);
        assert_eq!(seen(&stand), Seen::Fine, "{kind} happens once");
    }
}

#[test]
fn late_slow_and_hanging_replies_take_their_time() {
    for kind in ["late-reply", "slow-body", "hang-before", "hang-after"] {
        let stand = Stand::start(&[]);
        stand.control("POST", "faults", &json!({ "kind": kind, "millis": 400 }));
        let start = Instant::now();
        let came = seen(&stand);
        let took = start.elapsed();
        assert!(
            (Duration::from_millis(350)..Duration::from_secs(10)).contains(&took),
            "{kind}: {took:?}"
        );
        let hangs = kind.starts_with("hang");
        let expected = if hangs {
            Seen::Broken(ErrorKind::UnexpectedEof)
        } else {
            Seen::Fine
        };
        assert_eq!(came, expected, "{kind}");
        let calls = stand.control("GET", "calls", &Value::Null).json();
        let placed = calls["calls"].as_array().expect("a list").len();
        assert_eq!(placed, usize::from(kind != "hang-before"), "{kind}");
    }
}

#[test]
fn during_an_outage_the_port_refuses_and_then_it_is_back() {
    let stand = Stand::start(&[]);
    let idle = TcpStream::connect(stand.address).expect("it listens");
    stand.control("POST", "outage", &json!({ "millis": 500 }));
    thread::sleep(Duration::from_millis(100));
    let refused = TcpStream::connect(stand.address).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
    drop(idle);
    let give_up = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(stand.address).is_err() {
        assert!(Instant::now() < give_up, "it does not come back");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(seen(&stand), Seen::Fine);
}

#[test]
fn the_certificate_fits_nobody() {
    let stand = Stand::start(&["--listen-tls", "127.0.0.1:0"]);
    let address = stand.tls.expect("it listens for TLS");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let wire = conformance::twilio::wire::Wire::new(Default::default(), None).expect("TLS");
    let url =
        conformance::twilio::Address::parse(&format!("https://{address}/")).expect("an address");
    let request = conformance::twilio::wire::Request::get(url);
    let error = runtime
        .block_on(wire.send(&request))
        .result
        .expect_err("no TLS");
    assert_eq!(error.code(), 11220, "{error}");
}

const ASK: &str =
    "<Response><Gather numDigits='1' action='/keys'><Say>press</Say></Gather></Response>";
const BYE: &str = "<Response><Say>bye</Say></Response>";

/// A call with these faults, to its end; what the application saw.
fn call(kinds: &[Value], pages: &[(&str, &str)], callbacks: usize) -> (Stand, App) {
    let (stand, app) = (Stand::start(&["--speed", "30"]), App::with(pages));
    for kind in kinds {
        assert_eq!(stand.control("POST", "faults", kind).status, 200);
    }
    let (url, status, fallback) = (app.url("/voice"), app.url("/status"), app.url("/fallback"));
    let mut form = vec![
        ("Url", url.as_str()),
        ("StatusCallback", &status),
        ("FallbackUrl", &fallback),
    ];
    for event in ["initiated", "ringing", "answered", "completed"] {
        form.push(("StatusCallbackEvent", event));
    }
    stand.call(&form);
    stand.wait_for_status("completed");
    stand.wait("all callbacks", |journal| {
        let sent = journal.iter().filter(|it| it["what"] == "callback");
        (sent.count() == callbacks).then_some(())
    });
    (stand, app)
}

fn statuses(app: &App) -> Vec<String> {
    let told = app.at("/status");
    told.iter()
        .map(|it| it.get("CallStatus").expect("a status"))
        .collect()
}

const PAGES: [(&str, &str); 3] = [("/voice", ASK), ("/keys", BYE), ("/fallback", BYE)];

#[test]
fn callbacks_are_lost_repeated_late_and_out_of_order() {
    let at = |kind: &str, on: &str| json!({ "kind": kind, "on": on });
    for (fault, callbacks, expected) in [
        (
            at("lose-callback", "ringing"),
            4,
            &["initiated", "in-progress", "completed"][..],
        ),
        (
            at("repeat-callback", "in-progress"),
            5,
            &[
                "initiated",
                "ringing",
                "in-progress",
                "in-progress",
                "completed",
            ],
        ),
        (
            at("delay-callback", "initiated"),
            4,
            &["ringing", "in-progress", "initiated", "completed"],
        ),
        (
            at("reorder-callback", "in-progress"),
            4,
            &["initiated", "ringing", "completed", "in-progress"],
        ),
        (
            at("reorder-callback", "completed"),
            4,
            &["initiated", "ringing", "in-progress", "completed"],
        ),
    ] {
        let (_stand, app) = call(std::slice::from_ref(&fault), &PAGES, callbacks);
        let told = statuses(&app);
        if fault["kind"] == "delay-callback" {
            // How far the others get meanwhile is a matter of time.
            assert_ne!(told[0], "initiated", "{told:?}");
            assert_eq!(told.len(), 4);
        } else {
            assert_eq!(told, expected, "{fault}");
        }
    }
}

#[test]
fn a_webhook_that_is_lost_leaves_no_trace_but_at_the_fallback() {
    let (_stand, app) = call(&[json!({ "kind": "lose-webhook" })], &PAGES, 4);
    assert!(app.at("/voice").is_empty());
    assert_eq!(
        app.at("/fallback")[0].get("ErrorCode").as_deref(),
        Some("11200")
    );
}

#[test]
fn a_webhook_that_is_repeated_has_the_same_token() {
    let (_stand, app) = call(&[json!({ "kind": "repeat-webhook", "skip": 1 })], &PAGES, 4);
    let keys = app.at("/keys");
    assert_eq!(keys.len(), 2);
    let token = |nth: usize| {
        keys[nth]
            .header("i-twilio-idempotency-token")
            .map(str::to_owned)
    };
    assert_eq!(token(0), token(1));
    assert_eq!(app.at("/voice").len(), 1);
}

#[test]
fn a_call_may_be_answered_and_nothing_asked_for() {
    let (_stand, app) = call(&[json!({ "kind": "never-fetch" })], &PAGES, 4);
    assert_eq!(
        statuses(&app),
        ["initiated", "ringing", "in-progress", "completed"]
    );
    assert_eq!(app.seen().len(), 4);
}

#[test]
fn a_relative_recording_is_looked_for_at_the_wrong_host() {
    let plays = "<Response><Play>siren.wav</Play></Response>";
    let pages = [("/voice", plays), ("/fallback", BYE)];
    let (stand, app) = call(&[json!({ "kind": "wrong-host" })], &pages, 4);
    let media = stand.wait("the recording", |journal| {
        journal.iter().find(|it| it["what"] == "media").cloned()
    });
    assert_eq!(media["url"], format!("http://{}/siren.wav", stand.address));
    assert_eq!(
        app.at("/fallback")[0].get("ErrorCode").as_deref(),
        Some("11200")
    );
    assert!(app.at("/siren.wav").is_empty());

    // An absolute one is found where it is.
    let app = App::with(&[("/fallback", BYE)]);
    let absolute = format!(
        "<Response><Play>{}</Play></Response>",
        app.url("/siren.wav")
    );
    let fallback = app.url("/fallback");
    stand.control("POST", "faults", &json!({ "kind": "wrong-host" }));
    stand.call(&[("Twiml", &absolute), ("FallbackUrl", &fallback)]);
    stand.wait("the recording", |journal| {
        let media = journal.iter().filter(|it| it["what"] == "media");
        (media.count() == 2).then_some(())
    });
    assert_eq!(app.at("/siren.wav").len(), 1);
}

#[test]
fn equal_seeds_have_equal_faults() {
    let run = |seed: &str| {
        let rates = [
            "--rate",
            "lose-callback=0.3",
            "--rate",
            "error-after=0.3",
            "--random-people",
            "--seed",
            seed,
        ];
        let stand = Stand::start(&rates);
        let numbers: Vec<String> = (0..12).map(|nth| format!("+8190000001{nth:02}")).collect();
        for number in &numbers {
            stand.try_call(&[("To", number), HELLO]).expect("a reply");
        }
        let over = ["busy", "failed", "no-answer", "completed"];
        let journal = stand.wait("all calls", |journal| {
            let ended = journal
                .iter()
                .filter(|it| over.contains(&it["status"].as_str().unwrap_or_default()));
            (ended.count() == numbers.len()).then(|| journal.to_vec())
        });
        let fates = numbers.iter().map(|number| {
            let about = journal
                .iter()
                .filter(|it| it.to_string().contains(&number[1..]));
            about
                .map(|it| format!("{} {} {}", it["what"], it["status"], it["fault"]))
                .collect::<Vec<_>>()
        });
        fates.collect::<Vec<_>>()
    };
    let seven = run("7");
    assert_eq!(seven, run("7"));
    assert_ne!(seven, run("8"));
}

#[test]
fn a_plan_in_a_file_is_followed() {
    let plan = format!("[[fault]]\nkind = 'throttle'\nto = '{TO}'\nskip = 1\ntimes = 2\n");
    let stand = Stand::with(&["--plan", "plan.toml"], &[("plan.toml", &plan)]);
    let came = [(); 4].map(|()| seen(&stand));
    let throttled = Seen::Error(429, 20429);
    assert_eq!(came, [Seen::Fine, throttled, throttled, Seen::Fine]);
}
