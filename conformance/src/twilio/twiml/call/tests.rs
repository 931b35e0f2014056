use super::*;
use crate::twilio::twiml::MOST_REDIRECTS;

fn target(url: &str) -> Target {
    Target {
        address: Address::parse(url).expect(url),
        method: Method::Post,
    }
}

fn call() -> Call {
    let mut call = Call::new(target("http://h/voice"), Some(target("http://h/fallback")));
    check_fetch(&call.next(Input::Start), "http://h/voice", &[]);
    call
}

fn reply(status: u16, kind: &str, body: &str) -> Input {
    Input::Replied(Reply {
        status,
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        body: body.as_bytes().to_vec(),
    })
}

fn twiml(inner: &str) -> Input {
    reply(200, "text/xml", &format!("<Response>{inner}</Response>"))
}

fn pressed(keys: &str) -> Input {
    Input::Pressed(keys.to_owned())
}

/// The step fetches this address with these parameters.
#[track_caller]
fn check_fetch(step: &Step, url: &str, extra: &[(&str, &str)]) {
    let Step::Fetch(fetch) = step else {
        panic!("{step:?} fetches nothing");
    };
    assert_eq!(fetch.target.address.to_string(), url);
    let given: Vec<_> = fetch
        .extra
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(given, extra);
}

#[test]
fn a_key_goes_to_the_action_and_silence_to_the_next_verb() {
    let document =
        "<Gather action='keys' numDigits='1'><Say>?</Say></Gather><Redirect>silence</Redirect>";
    for (keys, url, extra) in [
        (
            "1",
            "http://h/keys",
            &[
                ("Digits", "1"),
                ("FinishedOnKey", ""),
                ("msg", "Gather End"),
            ][..],
        ),
        (
            "12",
            "http://h/keys",
            &[
                ("Digits", "1"),
                ("FinishedOnKey", ""),
                ("msg", "Gather End"),
            ],
        ),
        ("", "http://h/silence", &[]),
        ("#", "http://h/silence", &[]),
    ] {
        let mut call = call();
        assert!(matches!(call.next(twiml(document)), Step::Ask(_)));
        check_fetch(&call.next(pressed(keys)), url, extra);
    }
}

#[test]
fn an_answer_of_many_keys_ends_with_the_finish_key() {
    let mut call = call();
    call.next(twiml("<Gather action='/k'/>"));
    let extra = [
        ("Digits", "123"),
        ("FinishedOnKey", "#"),
        ("msg", "Gather End"),
    ];
    check_fetch(&call.next(pressed("123#4")), "http://h/k", &extra);
}

#[test]
fn silence_is_an_answer_where_the_question_says_so() {
    let mut call = call();
    call.next(twiml("<Gather action='/k' actionOnEmptyResult='true'/>"));
    let extra = [("Digits", ""), ("FinishedOnKey", ""), ("msg", "Gather End")];
    check_fetch(&call.next(pressed("")), "http://h/k", &extra);
}

#[test]
fn the_recordings_of_a_question_are_fetched_before_it_is_asked() {
    let mut call = call();
    let document = "<Gather><Play>http://h/1</Play><Say>x</Say><Play>/2</Play></Gather>";
    for url in ["http://h/1", "http://h/2"] {
        let input = if url.ends_with('1') {
            twiml(document)
        } else {
            reply(200, "audio/mpeg", "x")
        };
        let step = call.next(input);
        assert!(
            matches!(&step, Step::FetchMedia(address) if address.to_string() == url),
            "{step:?}"
        );
    }
    assert!(
        matches!(call.next(reply(200, "audio/wav", "x")), Step::Ask(question) if question.sounds.len() == 3)
    );
}

#[test]
fn what_fails_goes_on_at_the_fallback_which_has_none_itself() {
    for (input, code) in [
        (reply(500, "text/xml", ""), "11200"),
        (reply(404, "text/html", ""), "11200"),
        (reply(200, "text/xml", "<Response>"), "12100"),
        (reply(200, "application/json", "{}"), "12300"),
        (
            Input::Replied(Reply {
                status: 200,
                headers: Vec::new(),
                body: Vec::new(),
            }),
            "12300",
        ),
        (
            Input::Failed(WireError::Timeout(Duration::from_secs(15))),
            "11205",
        ),
        (Input::Failed(WireError::BodyTooLarge(1)), "11750"),
    ] {
        let mut call = call();
        let extra = [("ErrorCode", code), ("ErrorUrl", "http://h/voice")];
        check_fetch(&call.next(input.clone()), "http://h/fallback", &extra);
        let end = call.next(input);
        assert!(
            matches!(&end, Step::Done(End::Failed(trouble)) if trouble.code.to_string() == code),
            "{end:?}"
        );
    }
}

#[test]
fn a_recording_of_the_wrong_kind_fails() {
    let mut call = call();
    call.next(twiml("<Play>/a.mp3</Play>"));
    let extra = [("ErrorCode", "13420"), ("ErrorUrl", "http://h/a.mp3")];
    check_fetch(
        &call.next(reply(200, "text/html", "")),
        "http://h/fallback",
        &extra,
    );
}

#[test]
fn a_redirect_loses_the_digits_as_a_browser_does() {
    let found = |status: u16| {
        Input::Replied(Reply {
            status,
            headers: vec![("Location".to_owned(), "/elsewhere//?x".to_owned())],
            body: Vec::new(),
        })
    };
    for (status, method, keeps) in [
        (302, Method::Get, false),
        (303, Method::Get, false),
        (307, Method::Post, true),
    ] {
        let mut call = call();
        call.next(twiml("<Gather action='/k'/>"));
        call.next(pressed("1#"));
        let Step::Fetch(fetch) = call.next(found(status)) else {
            panic!("a redirect is followed");
        };
        assert_eq!(fetch.target.address.to_string(), "http://h/elsewhere//?x");
        assert_eq!(fetch.target.method, method);
        assert_eq!(!fetch.extra.is_empty(), keeps, "{status}");
    }
    let mut call = call();
    let mut step = call.next(found(302));
    let mut followed = 1;
    while matches!(&step, Step::Fetch(fetch) if fetch.occasion == Occasion::Answer) {
        step = call.next(found(302));
        followed += 1;
    }
    assert_eq!(followed, MOST_REDIRECTS + 1);
    check_fetch(
        &step,
        "http://h/fallback",
        &[
            ("ErrorCode", "11215"),
            ("ErrorUrl", "http://h/elsewhere//?x"),
        ],
    );
}

#[test]
fn a_call_that_never_ends_is_ended() {
    let mut call = call();
    let mut fetched = 1;
    while matches!(
        call.next(twiml("<Redirect>/voice</Redirect>")),
        Step::Fetch(_)
    ) {
        fetched += 1;
    }
    assert_eq!(fetched, MOST_DOCUMENTS);
    assert_eq!(call.next(Input::Heard), Step::Done(End::Endless));
}

#[test]
fn a_text_is_read_aloud_and_whoever_hangs_up_is_gone() {
    let mut call = call();
    let step = call.next(reply(200, "text/plain", "hello"));
    assert!(
        matches!(step, Step::Hear(Sound::Say { ref text, .. }) if text == "hello"),
        "{step:?}"
    );
    assert_eq!(call.next(Input::HungUp), Step::Done(End::HungUp));
}

#[test]
fn an_input_that_nobody_waits_for_changes_nothing() {
    let mut call = call();
    check_fetch(&call.next(pressed("1")), "http://h/voice", &[]);
    assert_eq!(call.next(twiml("<Hangup/>")), Step::Done(End::Hangup));
    assert_eq!(call.next(Input::Start), Step::Done(End::Hangup));
}
