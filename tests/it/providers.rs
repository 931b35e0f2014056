//! `rinban provider` and `/v1/providers` as operators use them, beside a running core and without one.

use std::{net::TcpListener, process::Output};

use rinban::{escalation::Effect, voice::TokenKey};
use serde_json::{Value, json};

use crate::support::{
    carrier::Carrier,
    core::{API_KEY, Core, Home, PUBLIC, config, problem},
    http::{Reply, Request},
    wait_for,
};

/// A core with the providers `twilio` and `other`, of which the second is a spare.
struct Place {
    core: Core,
    home: Home,
    carrier: Carrier,
}

fn home(carrier: &Carrier) -> Home {
    home_with(&config(PUBLIC, &carrier.url()))
}

/// With a port that the command finds in the configuration.
fn home_with(config: &str) -> Home {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let listen = format!("127.0.0.1:{port}");
    Home::with(&config.replace("127.0.0.1:0", &listen))
}

impl Place {
    fn start() -> Self {
        let carrier = Carrier::start();
        let home = home(&carrier);
        Self {
            core: home.serve(),
            home,
            carrier,
        }
    }

    fn restarted(self) -> Self {
        self.core.stop();
        Self {
            core: self.home.serve(),
            ..self
        }
    }

    /// The provider through which the first call of escalation `id` goes.
    #[track_caller]
    fn pages_through(&self, id: u64, event: &str) -> String {
        self.core.post(&problem(event));
        let provider = || {
            let journal = self.home.journal(id);
            let mut effects = journal.iter().flat_map(|entry| entry.effects.iter());
            effects.find_map(|effect| match effect {
                Effect::Place { provider, .. } => Some(provider.to_string()),
                _ => None,
            })
        };
        let provider = wait_for("a call", provider);
        // Whoever is called now is not called by the next problem.
        let mut over = problem(event);
        over["id"] = json!(format!("{event} is over"));
        over["kind"] = json!("recovery");
        self.core.post(&over);
        self.core.wait_for_alerts(0);
        wait_for("the call's end", || {
            (self.core.health()["live_calls"] == 0).then_some(())
        });
        provider
    }

    #[track_caller]
    fn tells(&self, args: &[&str]) -> String {
        let (status, said, error) = said(&self.home.output(args));
        assert_eq!((status, error.as_str()), (0, ""), "{args:?}: {said}");
        said
    }

    fn list(&self) -> Value {
        serde_json::from_str(&self.tells(&["provider", "--json"])).expect("JSON")
    }

    fn ask(&self, target: &str, key: Option<&str>, body: Option<&Value>) -> Reply {
        let method = if body.is_some() { "POST" } else { "GET" };
        let mut request = Request::new(method, target);
        if let Some(key) = key {
            request = request.header("Authorization", &format!("Bearer {key}"));
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        self.core.send(&request)
    }

    fn command(&self, name: &str, body: &Value) -> Reply {
        self.ask(&format!("/v1/providers/{name}"), Some(API_KEY), Some(body))
    }
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let status = output.status.code().expect("it ends by itself");
    (status, text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_provider_that_is_forced_open_carries_nothing_until_it_is_left_to_itself() {
    let place = Place::start();
    assert_eq!(place.pages_through(1, "one"), "twilio");
    let why = "the carrier maintains";
    let told = place.tells(&["provider", "force-open", "twilio", "--why", why]);
    assert!(
        told.starts_with("twilio (voice): forced open by ") && told.contains(why),
        "{told}"
    );
    assert_eq!(place.pages_through(2, "two"), "other");
    let place = place.restarted();
    let table = place.tells(&["provider", "--history"]);
    for words in [
        "PROVIDER",
        "switched off",
        "forced open",
        "twilio (voice): forced open by ",
        why,
    ] {
        assert!(table.contains(words), "{words:?} is not in {table}");
    }
    assert_eq!(place.pages_through(3, "three"), "other");
    place.tells(&["provider", "auto", "twilio"]);
    assert_eq!(place.pages_through(4, "four"), "twilio");
    let list = place.list();
    assert_eq!(list["providers"][0]["forced"], Value::Null);
    let history = list["history"].as_array().expect("a list");
    let whys: Vec<_> = history.iter().map(|change| &change["why"]).collect();
    assert_eq!(
        whys,
        [
            &json!("twilio is forced open: the carrier maintains"),
            &json!("twilio is left to itself again")
        ]
    );
    drop(place.carrier);
}

#[test]
fn the_api_does_the_same_and_names_the_key() {
    let place = Place::start();
    let body =
        json!({ "do": "force-open", "channel": "voice", "why": "it drops calls", "by": "aya" });
    let reply = place.command("twilio", &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["warning"], Value::Null);
    assert_eq!(place.pages_through(1, "one"), "other");
    let overview = place.ask("/v1/providers", Some(API_KEY), None).json();
    let twilio = &overview["providers"][0];
    assert_eq!(twilio["provider"], "twilio");
    assert_eq!(twilio["gate"], "forbidden");
    assert_eq!(twilio["forced"]["by"], "aya (API key tests)");
    assert_eq!(twilio["forced"]["why"], "it drops calls");
    let last = place.command("other", &json!({ "do": "force-open", "why": "both" }));
    let warning = last.json()["warning"].to_string();
    assert!(warning.contains("nobody is reached"), "{warning}");
    let closed = place.command(
        "twilio",
        &json!({ "do": "force-closed", "why": "it is well" }),
    );
    assert_eq!(closed.status, 200, "{closed:?}");
    assert_eq!(place.pages_through(2, "two"), "twilio");
    let probed = place.command("twilio", &json!({ "do": "probe" }));
    assert_eq!(probed.json()["report"], "good", "{probed:?}");
}

#[test]
fn weights_are_set_together_and_stay() {
    let place = Place::start();
    let told = place.tells(&[
        "provider", "ratio", "twilio=0", "other=40", "--why", "trial",
    ]);
    assert!(told.starts_with("voice: twilio=0 other=40 by "), "{told}");
    let place = place.restarted();
    assert_eq!(place.pages_through(1, "one"), "other");
    let list = place.list();
    let weights: Vec<_> = (0..2)
        .map(|index| &list["providers"][index])
        .map(|line| (line["weight"].clone(), line["weight_configured"].clone()))
        .collect();
    assert_eq!(weights, [(json!(0), json!(100)), (json!(40), json!(0))]);
    assert_eq!(list["history"][0]["why"], "trial");
    let one = place.command(
        "twilio",
        &json!({ "do": "ratio", "weight": 60, "why": "more" }),
    );
    assert_eq!(one.status, 200, "{one:?}");
    assert_eq!(place.list()["providers"][0]["weight"], 60);
    let said = place.tells(&["provider", "probe", "twilio"]);
    assert!(said.starts_with("twilio does its work"), "{said}");
}

#[test]
fn without_a_key_nobody_sees_or_commands() {
    let place = Place::start();
    let token_key = TokenKey::new(&place.home.snapshot().token_key);
    let operator = token_key.operator();
    let body = json!({ "do": "force-open", "why": "x", "by": "x" });
    let guesses = [
        None,
        Some("guess"),
        Some(""),
        Some(&operator[1..]),
        // A token of a call that a carrier was given opens nothing here.
        Some("1-1.99999999999.AAAAAAAAAAAAAAAAAAAAAAAA"),
    ];
    for key in guesses {
        for (target, body) in [
            ("/v1/providers", None),
            ("/v1/providers", Some(&body)),
            ("/v1/providers/twilio", Some(&body)),
        ] {
            let reply = place.ask(target, key, body);
            assert_eq!(reply.status, 401, "{key:?} {target}: {reply:?}");
        }
    }
    assert_eq!(place.list()["providers"][0]["forced"], Value::Null);
    let reply = place.ask("/v1/providers", Some(&operator), None);
    assert_eq!(reply.status, 200, "{reply:?}");
    let event = Request::new("POST", "/v1/events")
        .header("Authorization", &format!("Bearer {operator}"))
        .body(problem("x").to_string());
    assert_eq!(
        place.core.send(&event).status,
        401,
        "it hands no events over"
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let place = Place::start();
    let good = json!({ "do": "force-open", "why": "x" });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (name, body, status, says) in [
        ("nobody", good.clone(), 404, "`rinban provider` lists them"),
        ("twilio", with("channel", json!("sms")), 404, "on sms"),
        ("twilio", with("channel", json!("fax")), 400, "fax"),
        ("twilio", with("do", json!("dance")), 400, "force-closed"),
        ("twilio", with("why", json!("")), 400, "say why"),
        ("twilio", with("weight", json!(3)), 400, "only `ratio`"),
        ("twilio", with("wyh", json!("x")), 400, "wyh"),
        ("twilio", with("do", json!("ratio")), 400, "`weight`"),
        (
            "twilio",
            json!({ "do": "ratio", "weight": 0, "why": "x" }),
            400,
            "all weights are zero",
        ),
        (
            "twilio",
            with("why", json!("x".repeat(20_000))),
            413,
            "send less",
        ),
        ("twilio", json!([]), 400, "not a command"),
    ] {
        let reply = place.command(name, &body);
        assert_eq!(reply.status, status, "{name} {body}: {reply:?}");
        assert!(reply.error().contains(says), "{says:?}: {reply:?}");
    }
    for (args, says) in [
        (
            &["provider", "force-open", "twilo", "--why", "x"][..],
            "twilio",
        ),
        (&["provider", "force-open", "twilio"], "--why"),
        (&["provider", "auto", "twilio", "--channel", "fax"], "fax"),
        (&["provider", "ratio", "twilio", "--why", "x"], "NAME=70"),
        (
            &["provider", "ratio", "twilio=1", "twilio=2", "--why", "x"],
            "two weights",
        ),
        (
            &["provider", "ratio", "twilio=0", "--why", "x"],
            "all weights are zero",
        ),
        (
            &["provider", "force-open", "twilio", "--why", " "],
            "say why",
        ),
    ] {
        let (status, _, error) = said(&place.home.output(args));
        assert_eq!(status, 2, "{args:?}: {error}");
        assert!(error.contains(says), "{args:?}: {error}");
    }
    assert_eq!(place.list()["history"], json!([]));
}

#[test]
fn without_a_core_the_list_is_the_stores_and_changes_are_refused() {
    let place = Place::start();
    place.tells(&["provider", "force-open", "twilio", "--why", "it is down"]);
    place.core.stop();
    let (status, table, error) = said(&place.home.output(&["provider"]));
    assert_eq!(status, 0, "{error}");
    assert!(error.contains("no core runs on"), "{error}");
    assert!(table.contains("it is down"), "{table}");
    for args in [
        &["provider", "auto", "twilio"][..],
        &["provider", "probe", "twilio"],
        &["provider", "ratio", "twilio=1", "--why", "x"],
    ] {
        let (status, table, error) = said(&place.home.output(args));
        assert_eq!((status, table.as_str()), (1, ""), "{args:?}");
        assert!(error.contains("start the rinban service"), "{error}");
    }
}

#[test]
fn a_prepaid_account_that_runs_low_is_told_before_it_is_empty() {
    let carrier = Carrier::start();
    // The carrier tells of 12.34 USD. Nobody listens at the receiver's address, so that what it is told waits on disk.
    let text = config(PUBLIC, &carrier.url()).replacen(
        "calls_per_second",
        "low_balance = 20\ncalls_per_second",
        1,
    );
    let receiver = "[[notices]]\nname = \"hook\"\nkind = \"webhook\"\nurl_env = \"HOOK\"\n";
    let home = home_with(&format!("{text}{receiver}"));
    let home = home.variable("HOOK", "http://127.0.0.1:9/low");
    let core = home.serve();
    core.wait_for_log("only 12.34 USD is left");
    let told = wait_for("a notice", || {
        let waiting = home.snapshot().outbox;
        let news = waiting
            .into_iter()
            .map(|(_, notice)| notice.news.to_string());
        news.into_iter().find(|news| news.contains("12.34 USD"))
    });
    assert!(
        told.starts_with("twilio (voice): Only 12.34 USD is left."),
        "{told}"
    );
    let shown = home.output(&["provider"]);
    let (_, shown, _) = said(&shown);
    assert!(shown.contains("12.34 USD left, which is low"), "{shown}");
}
