//! Messages: what becomes of them, and what people write back.

use super::{
    app::App,
    stand_in::{ACCOUNT, FROM, Stand, TO},
};

/// Sends a message to somebody who does this, and waits until so many callbacks have come.
fn send(does: &str, args: &[&str], app: &App, callbacks: usize) -> Stand {
    let people = format!("[messages]\nothers = ['{does}']");
    let all = [&["--people", "people.toml"][..], args].concat();
    let stand = Stand::with(&all, &[("people.toml", &people)]);
    let status = app.url("/status");
    let form = [
        ("To", TO),
        ("From", FROM),
        ("Body", "落ちました"),
        ("StatusCallback", &status),
    ];
    let sent = stand.api("POST", "/Messages.json", &form);
    assert_eq!(
        (sent.status, &sent.json()["status"]),
        (201, &"queued".into())
    );
    stand.wait("all callbacks", |journal| {
        let sent = journal.iter().filter(|it| it["what"] == "callback");
        (sent.count() >= callbacks).then_some(())
    });
    stand
}

#[test]
fn each_fate_of_a_message_is_told() {
    for (does, statuses, code) in [
        ("delivered", &["sending", "sent", "delivered"][..], None),
        ("sent", &["sending", "sent"], None),
        (
            "undelivered 30005",
            &["sending", "sent", "undelivered"],
            Some("30005"),
        ),
        ("failed", &["failed"], Some("30008")),
    ] {
        let app = App::with(&[]);
        let stand = send(does, &[], &app, statuses.len());
        let told = app.at("/status");
        let seen: Vec<_> = told
            .iter()
            .map(|it| it.get("MessageStatus").expect("a status"))
            .collect();
        assert_eq!(seen, statuses, "{does}");
        let last = told.last().expect("one at least");
        assert_eq!(last.get("ErrorCode").as_deref(), code, "{does}");
        assert_eq!(last.get("SmsStatus"), last.get("MessageStatus"));
        assert!(last.header("x-twilio-signature").is_some());
        let list = stand.api("GET", "/Messages.json", &[]).json();
        assert_eq!(list["messages"][0]["status"], statuses[statuses.len() - 1]);
    }
}

#[test]
fn callbacks_of_messages_go_wrong_as_those_of_calls_do() {
    let app = App::with(&[]);
    send("delivered", &["--fault", "repeat-callback"], &app, 4);
    assert_eq!(app.at("/status").len(), 4);
    let app = App::with(&[]);
    send("delivered", &["--fault", "lose-callback"], &app, 3);
    assert_eq!(app.at("/status").len(), 2);
}

#[test]
fn what_somebody_writes_back_comes_in_and_is_listed() {
    let app = App::with(&[]);
    let stand = send("reply 了解", &["--sms-url", &app.url("/sms")], &app, 3);
    stand.wait("the answer", |journal| {
        journal.iter().find(|it| it["what"] == "webhook").map(drop)
    });
    let came = &app.at("/sms")[0];
    for (name, value) in [
        ("Body", "了解"),
        ("From", TO),
        ("To", FROM),
        ("SmsStatus", "received"),
        ("AccountSid", ACCOUNT),
        ("NumSegments", "1"),
    ] {
        assert_eq!(came.get(name).as_deref(), Some(value), "{name}");
    }
    let list = stand
        .api("GET", "/Messages.json?From=%2B819000000001", &[])
        .json();
    assert_eq!(list["messages"][0]["direction"], "inbound");
    assert_eq!(list["messages"][0]["body"], "了解");
}

#[test]
fn a_message_is_emptied_and_deleted_but_not_taken_back() {
    let app = App::with(&[]);
    let stand = send("sent", &[], &app, 2);
    let list = stand.api("GET", "/Messages.json", &[]).json();
    let path = format!(
        "/Messages/{}.json",
        list["messages"][0]["sid"].as_str().expect("a name")
    );
    assert_eq!(
        stand.api("POST", &path, &[("Status", "canceled")]).error(),
        (400, 30409)
    );
    assert_eq!(
        stand.api("POST", &path, &[("Body", "other")]).error(),
        (400, 20001)
    );
    assert_eq!(stand.api("POST", &path, &[("Body", "")]).json()["body"], "");
    assert_eq!(stand.api("DELETE", &path, &[]).status, 204);
    assert_eq!(stand.api("GET", &path, &[]).error(), (404, 20404));
}
