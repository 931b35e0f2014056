//! Every fixture's arguments lead to the verdict and the event that stand beside them.

use std::{fs, path::PathBuf};

use jiff::Timestamp;
use rinban::alert::Event;
use serde::Deserialize;
use zabbix_alertscript::{
    arguments::Arguments,
    verdict::{self, Verdict},
};

#[derive(Deserialize)]
struct Fixture {
    arguments: Vec<String>,
    verdict: String,
    event: Option<Event>,
}

#[test]
fn every_fixture_leads_to_its_event() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/monitors/zabbix");
    let files: Vec<_> = fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("a directory entry").path())
        .collect();
    assert!(files.len() >= 20, "{} fixtures", files.len());
    for file in files {
        let json = fs::read(&file).expect("a fixture");
        let fixture: Fixture = serde_json::from_slice(&json).expect("the fixture's form");
        let arguments =
            Arguments::parse(fixture.arguments.iter().map(Into::into)).expect("a command line");
        let (verdict, event) = match verdict::decide(&arguments, None, Timestamp::UNIX_EPOCH) {
            Verdict::HandOver(event) => ("hand-over", Some(*event)),
            Verdict::DatabaseDown(event) => ("database-down", Some(*event)),
            Verdict::NoCall(_) => ("no-call", None),
        };
        assert_eq!(verdict, fixture.verdict, "{}", file.display());
        assert_eq!(event, fixture.event, "{}", file.display());
    }
}
