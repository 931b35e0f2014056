//! What only Mackerel has: asking its API whether an alert is real, and speech for the calls that it places itself.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::api::{Api, Mood};
use crate::{
    sources::{payload, start, taken, with_token},
    support::{
        core::{Core, Home},
        http::{Reply, Request},
    },
};

const PATH: &str = "/v1/sources/mkr";

/// A source that asks this API.
fn verified(api: &str) -> (Home, Core) {
    start(&format!(
        "[[sources]]\nname = 'mkr'\nkind = 'mackerel'\nkey_env = 'SECRET'\nverify = true\nlanguage = 'en'\n\
         [[monitors]]\nkind = 'mackerel'\nurl = '{api}'\ntoken_env = 'API_KEY'\n"
    ))
}

fn alert(name: &str, id: Option<&str>) -> String {
    let mut payload: Value = serde_json::from_str(&payload("mackerel", name)).expect("JSON");
    let alert = payload["alert"].as_object_mut().expect("an object");
    match id {
        Some(id) => alert.insert("id".to_owned(), id.into()),
        None => alert.remove("id"),
    };
    payload.to_string()
}

#[test]
fn an_alert_that_mackerel_does_not_know_or_has_closed_calls_nobody() {
    let api = Api::start(Mood::Knowing);
    let (_home, core) = verified(&api.url());
    let send = |name: &str, id: Option<&str>| taken(&core.send(&with_token(PATH, alert(name, id))));
    assert_eq!(send("host-critical", Some("forged1")), (0, 0, 1));
    core.wait_for_log("may be forged");
    assert_eq!(send("host-critical", Some("over1")), (0, 0, 1));
    core.wait_for_log("is over in Mackerel");
    assert_eq!(send("host-critical", None), (0, 0, 1));
    assert_eq!(send("host-critical", Some("../../alerts/open1")), (0, 0, 1));
    assert_eq!(core.health()["open_alerts"], 0);
    let first = "/api/v0/alerts/forged1 an-API-key".to_owned();
    assert!(api.asked().contains(&first), "{:?}", api.asked());
    assert_eq!(send("host-critical", Some("open1")), (1, 1, 0));
    core.wait_for_alerts(1);
    assert_eq!(send("host-closed", Some("open1")), (1, 1, 0));
    core.wait_for_alerts(0);
    // What is over is not asked about: the close of an alert always counts.
    assert_eq!(send("host-closed", Some("forged2")), (1, 1, 0));
    let asked = api.asked();
    assert!(
        !asked.iter().any(|path| path.contains("forged2")),
        "{asked:?}"
    );
}

#[test]
fn where_mackerel_does_not_answer_people_are_called() {
    let nobody = "http://127.0.0.1:9".to_owned();
    let check = |url: &str, why: &str| {
        let (_home, core) = verified(url);
        let begin = Instant::now();
        let reply = core.send(&with_token(PATH, alert("host-critical", Some("open1"))));
        assert_eq!(taken(&reply), (1, 1, 0), "{why}");
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{why}: {:?}",
            begin.elapsed()
        );
        core.wait_for_alerts(1);
        core.wait_for_log("so people are called");
    };
    check(&nobody, "nobody listens");
    for status in [403, 429, 500] {
        let api = Api::start(Mood::Status(status));
        check(&api.url(), &status.to_string());
    }
    let api = Api::start(Mood::Silent);
    check(&api.url(), "too slow");
}

fn ask(core: &Core, target: &str) -> Reply {
    core.send(&Request::new("GET", target))
}

/// What is said, after a look at the form.
#[track_caller]
fn said(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(
        reply.header("content-type"),
        Some("text/xml; charset=utf-8")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let strict = twiml_lint::Settings {
        strict: true,
        ..Default::default()
    };
    let linter = twiml_lint::Linter::new(strict).expect("settings");
    let findings = linter.check(None, &reply.body);
    assert!(findings.is_empty(), "{findings:?} in {}", reply.body);
    assert!(reply.body.contains("<Hangup/>"), "{reply:?}");
    for verb in ["Gather", "Redirect", "Record", "Dial"] {
        assert!(!reply.body.contains(verb), "{verb}: {reply:?}");
    }
    let text = reply.body.split("<Say").nth(1).expect("says something");
    let text = text.split_once('>').expect("the end of the tag").1;
    text.split("</Say>").next().unwrap_or_default().to_owned()
}

#[test]
fn a_call_of_mackerel_itself_is_told_what_the_alert_is() {
    let api = Api::start(Mood::Knowing);
    let (_home, core) = verified(&api.url());
    let secret = "/v1/twiml/mackerel/a%20secret%20of%20the%20sources";
    let told = |query: &str| said(&ask(&core, &format!("{secret}{query}")));
    let unknown = "The monitor reports an alert. Please look there for what it is about. Goodbye.";
    for query in [
        "",
        "?alertId=",
        "?alertId=forged1",
        "?alertId=..%2F..%2Fx",
        "?alertId=%ff",
        "?other=open1",
    ] {
        assert_eq!(told(query), unknown, "{query}");
    }
    assert_eq!(
        told("?alertId=open1&amp;CallSid=CA1"),
        "This is an urgent call. Critical alert for web. an alert of Mackerel (host)."
    );
    assert_eq!(
        told("?alertId=over1"),
        "The alert is over. There is nothing to do. Goodbye."
    );
    taken(&core.send(&with_token(PATH, alert("service-critical", Some("open2")))));
    core.wait_for_alerts(1);
    // The API tells of no host.
    assert_eq!(
        told("?alertId=open2&CallSid=CA1"),
        "This is an urgent call. Critical alert for web. Host: Shop. orders per minute: orders dot count 1 6 9 3 2 1 2 6 4 9 \
         less than 10."
    );
    // It acknowledges nothing.
    assert_eq!(core.health()["open_alerts"], 1);
    for target in [
        "/v1/twiml/mackerel/wrong?alertId=open1",
        "/v1/twiml/mackerel/%ff",
    ] {
        let reply = ask(&core, target);
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (403, "forbidden"),
            "{target}"
        );
    }
    assert_eq!(core.send(&Request::new("POST", secret)).status, 405);
}

#[test]
fn without_a_key_of_the_api_a_call_of_mackerel_itself_still_says_something() {
    let (_home, core) = start(super::MACKEREL);
    let reply = ask(
        &core,
        "/v1/twiml/mackerel/a%20secret%20of%20the%20sources?alertId=x",
    );
    assert_eq!(
        said(&reply),
        "監視からアラートの連絡です。内容は、監視の画面で確認してください。"
    );
}
