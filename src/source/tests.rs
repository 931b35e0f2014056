//! The corpus of `fixtures/mackerel` and `fixtures/sources`, laws over payloads that are broken in any way, and what makes two messages one.

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::alert::Limits;

fn now() -> Timestamp {
    "2026-01-05T00:10:00Z".parse().expect("an instant")
}

fn source(kind: Kind) -> Source {
    let group = |name: &str| GroupName::new(name);
    let event_source = match kind {
        Kind::Mackerel => MACKEREL,
        _ => "plant",
    };
    Source {
        name: "plant".into(),
        event_source: event_source.into(),
        kind,
        routing: Routing {
            default: group("web"),
            by_hint: [
                ("Shop: db".to_owned(), group("db")),
                ("Ledger".to_owned(), group("night")),
            ]
            .into(),
            known: ["web", "db", "night"].map(group).into(),
        },
        severities: [("purple".to_owned(), Severity::Critical)].into(),
    }
}

fn labels() -> Labels {
    Labels {
        group: Some("team".to_owned()),
        severity: "severity".to_owned(),
    }
}

fn at(texts: &[&str]) -> Vec<Pointer> {
    let pointers = texts.iter().map(|text| Pointer::parse(text).expect(text));
    pointers.collect()
}

fn words(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(ToString::to_string).collect())
}

/// A source of each kind, by the folder of its payloads.
fn sources() -> [(&'static str, Source); 5] {
    let records = Fields {
        title: at(&["message"]),
        status: at(&["status"]),
        severity: at(&["severity", "level"]),
        host: at(&["host"]),
        group: at(&["group"]),
        ..Fields::default()
    };
    let incidents = Fields {
        each: Pointer::parse("/incidents"),
        title: at(&["/what/name"]),
        dedup: at(&["ref"]),
        status: at(&["state"]),
        acknowledged_by: at(&["by"]),
        severity: at(&["grade"]),
        host: at(&["where"]),
        message: at(&["details"]),
        url: at(&["link"]),
        group: at(&["crew"]),
        states: States {
            problem: words(&["red"]),
            update: words(&["seen"]),
            recovery: words(&["green"]),
        },
        ..Fields::default()
    };
    [
        ("mackerel", source(Kind::Mackerel)),
        ("alertmanager", source(Kind::Alertmanager(labels()))),
        ("grafana", source(Kind::Grafana(labels()))),
        ("fluentd", source(Kind::Fluentd(Box::new(records)))),
        ("json", source(Kind::Json(Box::new(incidents)))),
    ]
}

fn of(folder: &str) -> Source {
    let mut sources = sources().into_iter();
    sources.find(|(name, _)| *name == folder).expect(folder).1
}

/// Mackerel's corpus stands by itself, since all of its events are there.
fn corpus(folder: &str) -> PathBuf {
    let below = match folder {
        "mackerel" => "fixtures/mackerel".to_owned(),
        other => format!("fixtures/sources/{other}"),
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn payloads(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(corpus(folder)).expect("the folder is there");
    let mut files: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    files
}

fn payload(folder: &str, name: &str) -> Value {
    let path = corpus(folder).join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(path).expect("readable")).expect("JSON")
}

fn outcome(result: &Result<Reading, SourceError>) -> String {
    let outcome = match result {
        Ok(reading) => json!({ "events": reading.events, "passed_over": reading.passed_over }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    serde_json::to_string_pretty(&outcome).expect("JSON") + "\n"
}

#[test]
fn every_payload_of_the_corpus_gives_the_events_beside_it() {
    let bless = std::env::var_os("RINBAN_BLESS").is_some();
    for (folder, source) in sources() {
        let payloads = payloads(folder);
        assert!(payloads.len() > 5, "{folder}");
        for path in payloads {
            let result = source.read(&fs::read(&path).expect("readable"), now());
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            assert_eq!(
                result.is_err(),
                name.starts_with("wrong"),
                "{}: {result:?}",
                path.display()
            );
            let (found, golden) = (outcome(&result), path.with_extension("events"));
            if bless {
                fs::write(&golden, &found).expect("written");
            }
            let expected = fs::read_to_string(&golden).unwrap_or_default();
            assert_eq!(found, expected, "{}", path.display());
        }
    }
}

/// The events of several payloads in turn, folded into a book; what each did to its alert.
fn night(source: &Source, payloads: &[(Value, i64)]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut book = crate::alert::AlertBook::default();
    let mut changes = Vec::new();
    for (payload, minutes) in payloads {
        let at = now() + jiff::SignedDuration::from_mins(*minutes);
        let reading = source
            .read(payload.to_string().as_bytes(), at)
            .expect("is sound");
        for event in reading.events {
            if !known.insert(event.id.to_string()) {
                changes.push("known".to_owned());
                continue;
            }
            let change = format!("{:?}", book.apply(&event));
            let end = change.find([' ', '(']).unwrap_or(change.len());
            let severity = book
                .get(&event.alert_key())
                .map(|alert| alert.headline.severity);
            let severity = severity.map_or(String::new(), |severity| format!(" {severity}"));
            changes.push(format!("{}{severity}", &change[..end]));
        }
    }
    changes
}

#[test]
fn a_status_that_comes_back_after_a_change_counts_again() {
    let mackerel = |name: &str| payload("mackerel", name);
    let dated = |name: &str, at: i64| {
        let mut payload = mackerel(name);
        payload["alert"]["statusChangedAt"] = at.into();
        payload
    };
    assert_eq!(
        night(
            &of("mackerel"),
            &[
                (mackerel("host-critical"), 0),
                (mackerel("host-critical"), 60),
                (mackerel("host-warning"), 61),
                (dated("host-critical", 1_767_580_000), 70),
                (dated("host-critical", 1_767_580_000), 130),
                (mackerel("host-closed"), 140),
                (mackerel("host-closed"), 140),
                (mackerel("host-critical"), 141),
            ]
        ),
        [
            "Triggered critical",
            "known",
            "Repeated warning",
            "Repeated critical",
            "known",
            "Closed",
            "known",
            "known"
        ]
    );
}

#[test]
fn without_the_instant_of_the_change_a_retry_is_told_by_the_minute() {
    let old = |status: &str| {
        let mut payload = payload("mackerel", "host-old");
        payload["alert"]["status"] = status.into();
        payload
    };
    let at = |payload, minutes| (payload, minutes);
    assert_eq!(
        night(
            &of("mackerel"),
            &[
                at(old("warning"), 0),
                at(old("warning"), 0),
                at(old("critical"), 1),
                at(old("warning"), 2),
                at(old("warning"), 12),
            ]
        ),
        [
            "Triggered warning",
            "known",
            "Repeated critical",
            "Repeated warning",
            "Repeated warning"
        ]
    );
}

/// Prometheus keeps the start of an alert over a gap in its data, at whose end Alertmanager tells it anew.
#[test]
fn an_alert_that_fires_again_with_its_old_start_calls_again() {
    let alertmanager = |name: &str| payload("alertmanager", name);
    assert_eq!(
        night(
            &of("alertmanager"),
            &[
                (alertmanager("truncated"), 0),
                (alertmanager("resolved"), 30),
                (alertmanager("resolved"), 30),
                (alertmanager("truncated"), 31),
            ]
        ),
        [
            "Triggered critical",
            "Closed",
            "known",
            "Triggered critical"
        ]
    );
}

#[test]
fn what_the_other_kinds_close_is_what_they_opened() {
    let check = |folder: &str, names: &[&str], expected: &[&str]| {
        let payloads: Vec<_> = names
            .iter()
            .map(|name| (payload(folder, name), 0))
            .collect();
        assert_eq!(
            night(&of(folder), &payloads),
            expected,
            "{folder} {names:?}"
        );
    };
    check(
        "mackerel",
        &[
            "alert-group-warning",
            "alert-group-critical",
            "alert-group-closed",
        ],
        &["Triggered warning", "Repeated critical", "Closed"],
    );
    check(
        "mackerel",
        &[
            "check-unknown",
            "check-warning",
            "check-closed-without-isOpen",
        ],
        &["Triggered error", "Repeated warning", "Closed"],
    );
    check(
        "grafana",
        &["firing", "resolved"],
        &["Triggered critical", "Closed"],
    );
    check(
        "grafana",
        &["legacy-alerting", "legacy-ok"],
        &["Triggered warning", "Closed"],
    );
    check(
        "fluentd",
        &["array", "recovery"],
        &["Triggered critical", "Triggered warning", "Closed"],
    );
}

#[test]
fn a_name_that_is_too_long_or_not_printable_still_names_one_alert() {
    let source = of("json");
    let read = |reference: &str, state: &str| {
        let payload =
            json!({"incidents": [{"what": {"name": "x"}, "ref": reference, "state": state}]});
        let reading = source
            .read(payload.to_string().as_bytes(), now())
            .expect("is sound");
        reading.events[0].dedup_key.clone()
    };
    for long in ["x".repeat(10_000), "障害".repeat(200), "a\u{0}b".to_owned()] {
        assert_eq!(read(&long, "RED"), read(&long, "GREEN"));
        assert_ne!(read(&long, "RED"), read(&format!("{long}!"), "RED"));
        assert_eq!(read(&long, "RED").as_str().len(), 64);
    }
    assert_eq!(read("17", "RED").as_str(), "17");
}

#[test]
fn more_events_than_a_request_may_have_are_refused_as_a_whole() {
    let record = json!({"message": "x"});
    let body = |count: usize| Value::from(vec![record.clone(); count]).to_string();
    let fluentd = of("fluentd");
    let read = |count| fluentd.read(body(count).as_bytes(), now());
    assert_eq!(
        read(Bounds::EVENTS).expect("fits").events.len(),
        Bounds::EVENTS
    );
    assert_eq!(read(Bounds::EVENTS + 1), Err(SourceError::TooMany));
    let alerts = json!({"alerts": vec![json!({"fingerprint": "1"}); Bounds::EVENTS + 1]});
    let read = of("alertmanager").read(alerts.to_string().as_bytes(), now());
    assert_eq!(read, Err(SourceError::TooMany));
}

#[test]
fn json_that_is_nested_too_deeply_is_refused() {
    for (_, source) in sources() {
        let deep =
            |depth: usize| format!("{{\"event\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let error = source
            .read(deep(100_000).as_bytes(), now())
            .expect_err("too deep");
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
}

/// Whatever a source is sent: events that pass, or an error that says something.
fn check_law(body: &[u8]) -> Result<(), TestCaseError> {
    for (name, source) in sources() {
        match source.read(body, now()) {
            Ok(reading) => {
                prop_assert!(reading.events.len() <= Bounds::EVENTS);
                for event in &reading.events {
                    prop_assert_eq!(event.check(), Ok(()), "{}", name);
                    prop_assert_eq!(&event.clone().fit(), event, "{}", name);
                    let json = serde_json::to_vec(event).expect("JSON");
                    prop_assert!(json.len() <= Limits::EVENT_BYTES, "{} bytes", json.len());
                    prop_assert_eq!(&Event::from_json(&json).expect("is one"), event);
                    prop_assert!(!event.title.contains('\n') && !event.title.is_empty());
                }
            }
            Err(error) => prop_assert!(error.to_string().len() > 10),
        }
    }
    Ok(())
}

/// Any JSON, with the names and words that adapters look for.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "event",
        "alert",
        "alertGroup",
        "id",
        "status",
        "isOpen",
        "closedAt",
        "host",
        "roles",
        "name",
        "memo",
        "alerts",
        "labels",
        "annotations",
        "ruleId",
        "state",
        "tags",
        "message",
        "incidents",
        "what",
        "ref",
        "resolved",
        "ok",
        "RED",
        "rinban: db",
        "",
        "障害",
        "\u{0}",
    ]);
    let leaf = prop_oneof![
        20 => Just(Value::Null),
        20 => any::<bool>().prop_map(Value::from),
        20 => any::<i64>().prop_map(Value::from),
        20 => any::<f64>().prop_map(Value::from),
        40 => word.clone().prop_map(Value::from),
        20 => prop::collection::vec(any::<char>(), 0..40).prop_map(|text| Value::from(String::from_iter(text))),
        1 => (1_usize..30_000).prop_map(|length| Value::from("\u{1}\"障".repeat(length))),
    ];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..12).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect())
            }),
        ]
    })
}

/// A place in a document, by the number of the value in it, gets another value.
fn put(document: &mut Value, at: &mut usize, value: &Value) {
    if *at == 0 {
        *document = value.clone();
    }
    *at = at.wrapping_sub(1);
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, at, value)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put(field, at, value)),
        _ => {}
    }
}

fn all_payloads() -> Vec<Vec<u8>> {
    let paths = sources()
        .into_iter()
        .flat_map(|(folder, _)| payloads(folder));
    paths
        .map(|path| fs::read(path).expect("readable"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_json_gives_sound_events_or_an_error(document in any_json()) {
        check_law(document.to_string().as_bytes())?;
    }

    #[test]
    fn any_bytes_give_sound_events_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check_law(&bytes)?;
    }

    #[test]
    fn a_payload_that_is_cut_or_changed_gives_sound_events_or_an_error(
        payload in prop::sample::select(all_payloads()),
        cut in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        other in any_json(),
    ) {
        check_law(&payload[..cut.index(payload.len() + 1)])?;
        let mut bytes = payload.clone();
        let place = at.index(bytes.len());
        bytes[place] = bytes[place].wrapping_add(1);
        check_law(&bytes)?;
        if let Ok(mut document) = serde_json::from_slice::<Value>(&payload) {
            put(&mut document, &mut at.index(60), &other);
            check_law(document.to_string().as_bytes())?;
        }
    }
}
