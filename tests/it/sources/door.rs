//! Who may send, from where, how much, and what is answered to whatever else comes.

use rinban::source::Bounds;
use serde_json::{Value, json};

use crate::{
    sources::{MACKEREL, SECRET, config, home, payload, post, start, taken, with_token},
    support::{
        at_once,
        core::{API_KEY, Core, TOKEN, problem},
        http::{Reply, Request},
    },
};

const WARNING: &str = r#"{"title":"Pump 1 is dry","severity":"info"}"#;

const JSON: &str = "[[sources]]\nname = 'it'\nkind = 'json'\nkey_env = 'SECRET'\n";

fn basic(user: &str, password: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn the_secret_may_come_in_three_forms_and_nothing_else_opens() {
    let (_home, core) = start(JSON);
    let path = "/v1/sources/it";
    let in_path = "/v1/sources/it/a%20secret%20of%20the%20sources";
    let plain = post(path, WARNING);
    for (why, request) in [
        ("a token", with_token(path, WARNING)),
        (
            "a password",
            plain
                .clone()
                .header("Authorization", &basic("mackerel", SECRET)),
        ),
        (
            "a password without a user",
            plain.clone().header("Authorization", &basic("", SECRET)),
        ),
        ("a path", post(in_path, WARNING)),
    ] {
        assert_eq!(taken(&core.send(&request)).0, 1, "{why}");
    }
    let refused = |request: &Request| {
        let reply = core.send(request);
        assert_eq!(reply.status, 401, "{request:?}: {reply:?}");
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.contains("Bearer") && challenge.contains("Basic"),
            "{reply:?}"
        );
        reply.error()
    };
    let told = refused(&plain);
    for request in [
        // A name that is configured with a wrong secret, and one that is not with any: nobody learns which it was.
        post("/v1/sources/it/wrong", WARNING),
        post("/v1/sources/other", WARNING),
        post("/v1/sources/other/a%20secret%20of%20the%20sources", WARNING),
        with_token("/v1/sources/other", WARNING),
        with_token("/v1/sources/IT", WARNING),
        post("/v1/sources/it/%ff", WARNING),
        post("/v1/sources/it/a%20secret%20of%20the%20source", WARNING),
        plain.clone().header("Authorization", SECRET),
        plain.clone().header("Authorization", &basic(SECRET, "")),
        plain
            .clone()
            .header("Authorization", &format!("Bearer {API_KEY}")),
        post(
            &format!("{path}?secret={}", SECRET.replace(' ', "+")),
            WARNING,
        ),
        // Nothing of the body is read for who may not send.
        post(path, "nonsense"),
    ] {
        assert_eq!(refused(&request), told);
    }
    assert_eq!(core.send(&Request::new("GET", in_path)).status, 405);
    for path in ["/v1/sources", "/v1/sources/", "/v1/sources/it/x/y"] {
        assert_eq!(core.send(&post(path, WARNING)).status, 404, "{path}");
    }
    assert_eq!(core.health()["source_refused_total"], 13);
    // The secret is nobody's key of the ingest API.
    let event = problem("disk").to_string();
    assert_eq!(core.send(&with_token("/v1/events", event)).status, 401);
    assert!(
        !core.log().contains(SECRET) && !core.log().contains("a%20secret"),
        "{}",
        core.log()
    );
}

#[test]
fn a_request_from_elsewhere_is_refused_and_proxies_are_believed_only_if_they_are_ours() {
    let ranges = "ranges = ['192.0.2.0/24', '2001:db8::/32']\n";
    let check = |core: &Core, forwarded: &[&str], status: u16| {
        let request = forwarded
            .iter()
            .fold(with_token("/v1/sources/it", WARNING), |request, line| {
                request.header("X-Forwarded-For", line)
            });
        let reply = core.send(&request);
        assert_eq!(reply.status, status, "{forwarded:?}: {reply:?}");
    };
    let (_home, core) = start(&format!("{JSON}{ranges}"));
    check(&core, &["192.0.2.7"], 202);
    check(&core, &["2001:db8::7"], 202);
    check(&core, &["203.0.113.9, 192.0.2.7"], 202);
    check(&core, &["203.0.113.9", "192.0.2.7"], 202);
    check(&core, &["192.0.2.7, 127.0.0.1"], 202);
    check(&core, &[], 403);
    check(&core, &["203.0.113.9"], 403);
    check(&core, &["192.0.2.7, 203.0.113.9"], 403);
    check(&core, &["192.0.2.7", "203.0.113.9"], 403);
    check(&core, &["nonsense"], 403);
    core.wait_for_log("none of the source's `ranges`");
    // A wrong secret is told before the address is looked at.
    assert_eq!(core.send(&post("/v1/sources/it", WARNING)).status, 401);

    let untrusting = home("");
    let config = config(&format!("{JSON}{ranges}"));
    untrusting.write_config(&config.replace("trusted_proxies = [\"127.0.0.1\"]", ""));
    let core = untrusting.serve();
    check(&core, &["192.0.2.7"], 403);
}

fn retry_after(reply: &Reply) -> u64 {
    let secs = reply.header("retry-after").expect("says when");
    secs.parse().expect("a number of seconds")
}

#[test]
fn over_its_quota_a_source_is_told_when_and_nothing_of_the_request_is_taken() {
    let few = JSON.replace("'it'", "'few'") + "per_minute = 6\nburst = 3\n";
    let (_home, core) = start(&format!("{few}{JSON}"));
    let events = |name: &str, from: usize, count: usize| {
        let events: Vec<Value> = (from..from + count)
            .map(|number| json!({"title": format!("{name} {number}"), "dedup": format!("{name} {number}")}))
            .collect();
        core.send(&with_token(
            &format!("/v1/sources/{name}"),
            Value::from(events).to_string(),
        ))
    };
    assert_eq!(taken(&events("few", 0, 2)), (2, 2, 0));
    let reply = events("few", 2, 2);
    assert_eq!(reply.status, 429, "{reply:?}");
    assert!((1..=10).contains(&retry_after(&reply)), "{reply:?}");
    assert!(
        reply.error().contains("nothing of this request was taken"),
        "{reply:?}"
    );
    core.wait_for_alerts(2);
    assert_eq!(taken(&events("few", 2, 1)), (1, 1, 0));
    // More than it may ever have at once: no waiting helps.
    let reply = events("few", 3, 4);
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (413, None),
        "{reply:?}"
    );
    assert!(reply.error().contains("burst"), "{reply:?}");
    // What is no event costs nothing, and others have their own.
    assert_eq!(
        core.send(&with_token("/v1/sources/few", "nonsense")).status,
        400
    );
    assert_eq!(taken(&events("it", 0, 50)), (50, 50, 0));
    core.wait_for_alerts(53);
}

#[test]
fn over_its_quota_a_key_is_told_when_and_other_keys_are_not() {
    let (_home, core) = start("");
    let send = |key: &str, id: &str| {
        let body = problem(id).to_string();
        let request = Request::new("POST", "/v1/events").body(body);
        core.send(&request.header("Authorization", &format!("Bearer {key}")))
    };
    let few: Vec<Reply> = at_once(10, || send(API_KEY, &format!("few-{}", fastrand::u64(..))));
    let (taken, refused): (Vec<&Reply>, _) = few.iter().partition(|reply| reply.status == 202);
    assert_eq!(taken.len(), 3, "{few:?}");
    for reply in refused {
        assert_eq!(reply.status, 429, "{reply:?}");
        assert!((1..=30).contains(&retry_after(reply)), "{reply:?}");
    }
    // What was accepted is there, what was refused is not.
    core.wait_for_alerts(3);
    for number in 0..20 {
        assert_eq!(send(TOKEN, &format!("other-{number}")).status, 202);
    }
    core.wait_for_alerts(23);
}

#[test]
fn what_cannot_be_read_says_why_and_takes_nothing() {
    let logs = "[[sources]]\nname = 'logs'\nkind = 'fluentd'\nkey_env = 'SECRET'\n";
    let am = "[[sources]]\nname = 'am'\nkind = 'alertmanager'\nkey_env = 'SECRET'\n";
    let (_home, core) = start(&format!("{JSON}{MACKEREL}{logs}{am}"));
    let many = |count: usize| Value::from(vec![json!({"message": "x"}); count]).to_string();
    let mixed = format!(
        "{{\"message\":\"x\"}}\n{}\nnonsense\n",
        r#"{"message":"y"}"#
    );
    for (name, body, status, words) in [
        (
            "mkr",
            payload("mackerel", "wrong-json"),
            400,
            "not valid JSON: EOF",
        ),
        (
            "mkr",
            payload("mackerel", "wrong-list"),
            400,
            "without a text `event`",
        ),
        (
            "mkr",
            payload("mackerel", "wrong-alert"),
            400,
            "no object `alert`",
        ),
        ("mkr", "[".repeat(100_000), 400, "recursion limit"),
        (
            "am",
            payload("alertmanager", "wrong-no-alerts"),
            400,
            "list `alerts`",
        ),
        ("it", "{}".to_owned(), 400, "no title at /title"),
        ("it", String::new(), 400, "EOF"),
        ("it", "\"x\"".to_owned(), 400, "item 1 is a text"),
        ("logs", mixed, 400, "line 3"),
        (
            "logs",
            many(Bounds::EVENTS + 1),
            413,
            "more than 1000 events",
        ),
    ] {
        let reply = core.send(&with_token(&format!("/v1/sources/{name}"), body));
        assert_eq!(reply.status, status, "{name} {words}: {reply:?}");
        assert!(reply.error().contains(words), "{name} {words}: {reply:?}");
    }
    let announced =
        with_token("/v1/sources/it", vec![b' '; 1_000]).header("Content-Length", "4194305");
    let reply = Reply::read(&mut announced.begin(core.address));
    assert_eq!(reply.status, 413, "{reply:?}");
    let health = core.health();
    assert_eq!(
        (&health["open_alerts"], &health["events_accepted_total"]),
        (&json!(0), &json!(0))
    );
    let most = core.send(&with_token("/v1/sources/logs", many(Bounds::EVENTS)));
    // All of them say the same, so they are one event.
    assert_eq!(taken(&most), (1_000, 1, 0));
}

/// The store is held by another process: nothing is taken, and what was not taken costs nothing.
#[test]
fn what_cannot_be_stored_is_refused_and_can_be_sent_again() {
    let few = format!("{JSON}per_minute = 1\nburst = 1\n");
    let (home, core) = start(&few);
    let mut other = rusqlite::Connection::open(home.database()).expect("opens");
    let held = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .expect("is held");
    let send = || core.send(&with_token("/v1/sources/it", WARNING));
    let reply = send();
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.header("retry-after"), Some("2"));
    held.rollback().expect("let go");
    assert_eq!(taken(&send()), (1, 1, 0));
    assert_eq!(send().status, 429);
}
