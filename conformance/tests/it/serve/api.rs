//! The REST API as plain HTTP. What the official clients make of it: `conformance/clients`.

use std::thread;

use serde_json::{Value, json};

use super::stand_in::{ACCOUNT, FROM, KEY, SECRET, Stand, TO, TOKEN};

const HELLO: (&str, &str) = ("Twiml", "<Response><Say>hello</Say></Response>");

#[test]
fn a_call_is_created_read_and_listed_as_documented() {
    let stand = Stand::start(&[]);
    let created = stand.call(&[HELLO]);
    assert_eq!(created.status, 201);
    let call = created.json();
    let sid = call["sid"].as_str().expect("a name");
    assert!(
        sid.len() == 34
            && sid.starts_with("CA")
            && sid[2..].bytes().all(|byte| byte.is_ascii_hexdigit())
    );
    assert_eq!(call["status"], "queued");
    assert_eq!(
        call["uri"],
        format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{sid}.json")
    );
    for field in [
        "account_sid",
        "annotation",
        "answered_by",
        "api_version",
        "caller_name",
        "date_created",
        "date_updated",
        "direction",
        "duration",
        "end_time",
        "forwarded_from",
        "from",
        "from_formatted",
        "group_sid",
        "parent_call_sid",
        "phone_number_sid",
        "price",
        "price_unit",
        "queue_time",
        "start_time",
        "subresource_uris",
        "to",
        "to_formatted",
        "trunk_sid",
    ] {
        assert!(call.get(field).is_some(), "{field} is missing: {call}");
    }
    stand.wait_for_status("completed");
    let read = stand.api("GET", &format!("/Calls/{sid}.json"), &[]).json();
    assert_eq!(read["status"], "completed");
    assert!(
        read["duration"].is_string() && read["end_time"].is_string(),
        "{read}"
    );
    let list = stand
        .api("GET", "/Calls.json?To=%2B819000000001&PageSize=1", &[])
        .json();
    assert_eq!(list["calls"][0]["sid"], sid);
    assert_eq!(list["next_page_uri"], Value::Null);
}

#[test]
fn only_the_accounts_own_credentials_open_the_api() {
    let stand = Stand::start(&[]);
    let ask = |user, password| {
        stand
            .by(user, password, "GET", ".json", &[])
            .expect("a reply")
    };
    assert_eq!(ask(ACCOUNT, TOKEN).json()["status"], "active");
    assert_eq!(ask(KEY, SECRET).status, 200);
    for (user, password) in [(ACCOUNT, SECRET), (KEY, TOKEN), (ACCOUNT, ""), ("", TOKEN)] {
        let refused = ask(user, password);
        assert_eq!(refused.error(), (401, 20003));
        assert!(
            refused.head.contains("www-authenticate: basic"),
            "{refused:?}"
        );
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let stand = Stand::start(&[]);
    for (method, path) in [
        ("GET", "/Calls/CA00000000000000000000000000000000.json"),
        ("POST", "/Calls/CA00000000000000000000000000000000.json"),
        (
            "DELETE",
            "/Messages/SM00000000000000000000000000000000.json",
        ),
        ("GET", "/Calls"),
        ("PUT", "/Calls.json"),
        ("GET", "/Conferences.json"),
        ("GET", "x.json"),
    ] {
        assert_eq!(
            stand.api(method, path, &[]).error(),
            (404, 20404),
            "{method} {path}"
        );
    }
}

#[test]
fn a_call_ends_in_the_states_from_which_it_can() {
    let people = ("people.toml", "[calls]\nothers = ['by hand']");
    let stand = Stand::with(&["--people", "people.toml"], &[people]);
    let call = stand.call(&[HELLO]).json();
    let path = format!("/Calls/{}.json", call["sid"].as_str().expect("a name"));
    let change = |status| stand.api("POST", &path, &[("Status", status)]);
    assert_eq!(change("busy").error(), (400, 20001));
    assert_eq!(
        stand
            .api("POST", &path, &[("Twiml", "<Response/>")])
            .error(),
        (400, 21220)
    );
    assert_eq!(stand.api("DELETE", &path, &[]).error(), (400, 21220));
    stand.wait_for_status("ringing");
    assert_eq!(change("canceled").json()["status"], "canceled");
    for status in ["canceled", "completed"] {
        assert_eq!(change(status).error(), (400, 21220));
    }
    assert_eq!(stand.api("DELETE", &path, &[]).status, 204);
    assert_eq!(stand.api("GET", &path, &[]).error(), (404, 20404));
}

#[test]
fn calls_above_the_rate_are_queued_and_say_how_long() {
    let stand = Stand::start(&["--calls-per-second", "1", "--speed", "10"]);
    let queued: Vec<u64> = (0..4)
        .map(|_| {
            let call = stand.call(&[HELLO]).json();
            let text = call["queue_time"].as_str().expect("a string").to_owned();
            text.parse().expect("milliseconds")
        })
        .collect();
    assert_eq!(queued[0], 0);
    assert!(
        queued.is_sorted() && queued[3] > 2_000 && queued[3] <= 3_000,
        "{queued:?}"
    );
    let dialled = stand.wait("four calls", |journal| {
        let dialled = journal
            .iter()
            .filter(|it| it["what"] == "status" && it["status"] == "initiated");
        let sids: Vec<_> = dialled.map(|it| it["sid"].clone()).collect();
        (sids.len() == 4).then_some(sids)
    });
    assert!(
        dialled.is_sorted_by_key(Value::to_string),
        "in the order in which they came: {dialled:?}"
    );
}

#[test]
fn too_many_requests_at_once_are_refused_and_not_carried_out() {
    let stand = Stand::start(&["--requests-at-once", "1"]);
    stand.control(
        "POST",
        "faults",
        &json!({ "kind": "hang-before", "millis": 1_500 }),
    );
    thread::scope(|scope| {
        scope.spawn(|| stand.try_call(&[HELLO]));
        stand.wait("the request that hangs", |journal| {
            journal.first().map(drop)
        });
        let refused = stand.call(&[HELLO]);
        assert_eq!(refused.error(), (429, 20429));
        assert!(
            refused.head.contains("twilio-concurrent-requests: 2"),
            "{refused:?}"
        );
        assert_eq!(
            stand.control("GET", "calls", &Value::Null).json()["calls"],
            json!([])
        );
    });
}

#[test]
fn test_credentials_check_everything_and_call_nobody() {
    let stand = Stand::start(&["--test-credentials"]);
    let magic = "+15005550006";
    assert_eq!(stand.call(&[("From", magic), HELLO]).status, 201);
    for (from, to, code) in [
        (FROM, TO, 21210),
        ("+15005550001", TO, 21212),
        (magic, "+15005550001", 21217),
        (magic, "+15005550002", 21214),
        (magic, "+15005550003", 21215),
        (magic, "+15005550004", 21216),
    ] {
        let refused = stand.call(&[("From", from), ("To", to), HELLO]);
        assert_eq!(refused.error(), (400, code), "{from} {to}");
    }
    assert_eq!(stand.api("GET", "/Calls.json", &[]).error(), (403, 20008));
    let happened = stand.journal();
    assert!(
        happened.iter().all(|it| it["what"] == "request"),
        "{happened:?}"
    );
}

#[test]
fn doctors_may_look_at_the_account() {
    let stand = Stand::start(&["--from", FROM]);
    let numbers = |number: &str| {
        let list = stand.api(
            "GET",
            &format!("/IncomingPhoneNumbers.json?PhoneNumber={number}"),
            &[],
        );
        list.json()["incoming_phone_numbers"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!(
        (numbers("%2B815012345678"), numbers("%2B815012345679")),
        (1, 0)
    );
    assert_eq!(
        stand.api("GET", "/Balance.json", &[]).json()["currency"],
        "USD"
    );
    assert_eq!(
        stand.call(&[("From", "+815012345679"), HELLO]).error(),
        (400, 21210)
    );
}
