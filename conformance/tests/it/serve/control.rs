//! The control API.

use serde_json::{Value, json};

use super::stand_in::{Stand, TO};

const ASKS: (&str, &str) = (
    "Twiml",
    "<Response><Gather numDigits=\"1\" timeout=\"60\" action=\"http://127.0.0.1:9/\"><Say>well</Say></Gather></Response>",
);

#[test]
fn a_phone_is_picked_up_and_keys_are_pressed_by_hand() {
    let people = ("people.toml", "[calls]\nothers = ['by hand']");
    let stand = Stand::with(&["--people", "people.toml"], &[people]);
    let touch = |does: &str| stand.control("POST", "touch", &json!({ "number": TO, "does": does }));
    assert_eq!(touch("pick up").status, 404);
    stand.call(&[ASKS]);
    stand.wait_for_status("ringing");
    assert_eq!(touch("pick up").status, 200);
    stand.wait_for_status("in-progress");
    assert_eq!(touch("keys 5").status, 200);
    let webhook = stand.wait("the key", |journal| {
        let mut all = journal.iter();
        all.find(|it| it["what"] == "webhook").cloned()
    });
    assert!(
        webhook["form"]
            .as_array()
            .expect("pairs")
            .contains(&json!(["Digits", "5"])),
        "{webhook}"
    );
    for does in ["wave", "keys", "keys one"] {
        assert_eq!(touch(does).status, 400, "{does}");
    }
}

#[test]
fn a_phone_that_rings_or_talks_is_hung_up_by_hand() {
    let people = ("people.toml", "[calls]\nothers = ['by hand']");
    let stand = Stand::with(&["--people", "people.toml"], &[people]);
    let touch = |does: &str| stand.control("POST", "touch", &json!({ "number": TO, "does": does }));
    stand.call(&[ASKS]);
    stand.wait_for_status("ringing");
    touch("hang up");
    stand.wait_for_status("busy");
    stand.call(&[ASKS]);
    stand.wait("another call", |journal| {
        let ringing = journal.iter().filter(|it| it["status"] == "ringing");
        (ringing.count() == 2).then_some(())
    });
    touch("pick up");
    stand.wait_for_status("in-progress");
    touch("hang up");
    stand.wait_for_status("completed");
}

#[test]
fn the_journal_is_read_piece_by_piece() {
    let stand = Stand::start(&[]);
    stand.api("GET", ".json", &[]);
    stand.api("GET", "/Balance.json", &[]);
    let all = stand.journal();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (&all[0]["number"], &all[0]["what"], &all[0]["status"]),
        (&json!(1), &json!("request"), &json!(200))
    );
    let later = stand.control("GET", "journal?after=1", &Value::Null).json();
    assert_eq!(later["records"], json!([all[1]]));
    assert_eq!(
        stand.control("GET", "journal?after=x", &Value::Null).status,
        400
    );
}

#[test]
fn faults_are_planned_seen_and_refused() {
    let stand = Stand::start(&[]);
    let plan = |fault: &Value| stand.control("POST", "faults", fault);
    let fault = json!({ "kind": "suspended", "on": "fetch-account", "times": 2 });
    assert_eq!(plan(&fault).status, 200);
    assert_eq!(stand.api("GET", ".json", &[]).error(), (403, 20005));
    let left = stand.control("GET", "faults", &Value::Null).json();
    assert_eq!(left["faults"][0]["times"], 1);
    for (wrong, says) in [
        (json!({ "kind": "x" }), "unknown variant"),
        (
            json!({ "kind": "outage", "on": "calls" }),
            "write any or one of",
        ),
        (json!({}), "missing field `kind`"),
    ] {
        let refused = plan(&wrong);
        assert_eq!(refused.status, 400);
        let error = refused.json()["error"].to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_reset_forgets_calls_journal_and_plan() {
    let stand = Stand::start(&["--fault", "lose-callback"]);
    stand.call(&[ASKS]);
    assert_eq!(stand.control("POST", "reset", &Value::Null).status, 200);
    for (path, key) in [
        ("calls", "calls"),
        ("messages", "messages"),
        ("faults", "faults"),
        ("journal", "records"),
    ] {
        let seen = stand.control("GET", path, &Value::Null).json();
        assert_eq!(seen[key], json!([]), "{path}");
    }
    assert_eq!(
        stand.control("GET", "numbers", &Value::Null).json()["numbers"],
        json!({})
    );
    assert_eq!(stand.call(&[ASKS]).status, 201);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let stand = Stand::start(&[]);
    let reply = stand.control("GET", "everything", &Value::Null);
    assert_eq!(reply.status, 404);
    assert!(
        reply.json()["error"]
            .to_string()
            .contains("POST faults, touch, outage, reset")
    );
}
