//! Zabbix and rinban watch each other, by the template: the phone rings when Zabbix is silent, and Zabbix has a problem when
//! rinban does not answer.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    Stage, between,
    place::{wait_for, wait_within},
};

/// Longer than the seconds of silence below, which Zabbix looks at every 30 s.
const SEEN_BY_ZABBIX: Duration = Duration::from_secs(180);

const KEY: &str = "a-key-of-zabbix";

pub(crate) fn watch_each_other(stage: &mut Stage) {
    stage.core.stop();
    let port = stage.core.expect_heartbeats(&stage.place, KEY);
    stage.core.start(&stage.place);
    let yaml = Path::new(env!("CARGO_MANIFEST_DIR")).join("template.yaml");
    let yaml = fs::read_to_string(yaml).expect("the template");
    // Nobody waits for minutes here.
    let yaml = yaml.replace("delay: 1m", "delay: 2s");
    let trigger = stage.office.watch_rinban(&stage.zabbix, &yaml, port, KEY);
    let heartbeat = || {
        let health = health(port)?;
        Some(health["heartbeats"][0].clone())
    };
    let begun = Timestamp::now();
    let heard = wait_for("a beat of Zabbix", || {
        heartbeat()?["last"].as_str().map(str::to_owned)
    });
    println!(
        "  template linked to first beat: {}",
        between(begun, heard.parse().expect("an instant"))
    );
    assert_eq!(heartbeat().expect("an answer")["ok"], true);

    let stopped = Timestamp::now();
    stage.zabbix.stop_server();
    let rang = stage.wait_for_book("beat", "a phone that rings", |book| {
        book.rang_since(stopped)
    });
    println!("  Zabbix stopped to first ring: {}", between(stopped, rang));
    let titles = stage.core.book("beat");
    assert!(
        titles.titles()[0].starts_with("zabbix has been quiet for "),
        "{titles}"
    );
    stage.wait_for_book("beat", "the key", |book| Some(book.takers().first()?.0));
    let started = Timestamp::now();
    stage.zabbix.start_server(&stage.place);
    let over = stage.wait_for_book("beat", "the recovery", |book| book.recovered_at("zabbix"));
    println!("  Zabbix started to recovered: {}", between(started, over));

    let stopped = Timestamp::now();
    stage.core.stop();
    let problem = |stage: &Stage| {
        let found = stage.zabbix.call(
            "trigger.get",
            json!({ "triggerids": trigger, "output": ["value"] }),
        );
        found[0]["value"] == "1"
    };
    wait_within(SEEN_BY_ZABBIX, "a problem in Zabbix", || {
        problem(stage).then_some(())
    });
    println!(
        "  core stopped to a problem in Zabbix: {}",
        between(stopped, Timestamp::now())
    );
    stage.core.start(&stage.place);
    wait_within(SEEN_BY_ZABBIX, "its end in Zabbix", || {
        (!problem(stage)).then_some(())
    });
    stage.office.unwatch_rinban(&stage.zabbix);
    stage.core.stop();
    stage.core.configure(&stage.place, false);
    stage.core.start(&stage.place);
}

/// What the core says of itself.
fn health(port: u16) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}
