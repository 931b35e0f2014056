//! The forms for machines: JSON by the schema in docs, JUnit XML by what its readers know.

use std::fs;

use serde_json::Value;
use twiml_lint::{Document, Element};

use super::played;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/report.schema.json")).expect("JSON")
}

#[test]
fn the_json_report_is_as_its_schema_says() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let mut report = played(&[]).report;
    let errors: Vec<_> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // The schema is one that something can fail.
    report["targets"][0]["cases"][0]["outcome"] = "failed".into();
    assert!(!validator.is_valid(&report));
}

type Names = &'static [&'static str];
/// An element, its attributes, those of them that have to be there, and its children.
type Allowed = (&'static str, Names, Names, Names);

/// What the schema of Jenkins' xUnit plugin (junit-10.xsd) allows.
const JUNIT: [Allowed; 5] = [
    (
        "testsuites",
        &["name", "time", "tests", "failures", "errors", "disabled"],
        &[],
        &["testsuite"],
    ),
    (
        "testsuite",
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "skipped",
            "time",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
            "version",
            "group",
        ],
        &["name", "tests", "failures", "errors"],
        &["testcase", "properties", "system-out", "system-err"],
    ),
    (
        "testcase",
        &[
            "name",
            "classname",
            "time",
            "status",
            "class",
            "file",
            "line",
            "group",
            "url",
        ],
        &["name"],
        &["skipped", "failure", "error", "system-out", "system-err"],
    ),
    ("failure", &["type", "message"], &[], &[]),
    ("skipped", &["type", "message"], &[], &[]),
];

fn check_element(element: Element<'_, '_>) {
    let name = element.name();
    let (_, known, required, children) = JUNIT
        .iter()
        .find(|(known, ..)| *known == name)
        .unwrap_or_else(|| panic!("{name} is unknown"));
    for attribute in element.attributes() {
        assert!(
            known.contains(&attribute.name()),
            "{name} has {}",
            attribute.name()
        );
    }
    for required in *required {
        assert!(
            element.attribute(required).is_some(),
            "{name} lacks {required}"
        );
    }
    for child in element.child_elements() {
        assert!(
            children.contains(&child.name()),
            "{} in {name}",
            child.name()
        );
        check_element(child);
    }
}

#[test]
fn the_junit_report_is_as_its_readers_know_it() {
    let played = played(&["junit"]);
    let xml = fs::read_to_string(played.form("junit")).expect("written");
    let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    check_element(document.root());
    let suite = document.root().child_elements().next().expect("a suite");
    let counted = |name: &str| suite.value(name).and_then(|count| count.parse().ok());
    let having = |name: &str| {
        suite
            .child_elements()
            .filter(|case| case.child_elements().any(|child| child.name() == name))
            .count()
    };
    assert_eq!(counted("tests"), Some(suite.child_elements().count()));
    assert_eq!(
        (counted("failures"), counted("skipped")),
        (Some(having("failure")), Some(having("skipped")))
    );
    assert_eq!((having("failure"), having("skipped")), (1, 1));
    assert!(xml.contains("expected 2xx"), "{xml}");
}

#[test]
fn what_xml_cannot_hold_becomes_visible_in_the_junit_report() {
    use super::super::{
        command::Run,
        http::{Reply, Server},
    };
    let server = Server::start(|_| {
        Some(Reply::new(
            500,
            "text/plain",
            "\u{1b}[31m <&\"'> \u{0} \u{ffff}",
        ))
    });
    let dir = tempfile::tempdir().expect("a directory");
    let junit = dir.path().join("junit.xml");
    let url = format!("http://{}/", server.address);
    let junit_path = junit.to_str().expect("UTF-8");
    let run = Run::with(&[
        "sig/plain",
        "--url",
        &url,
        "--auth-token-env",
        "TOKEN",
        "--junit",
        junit_path,
    ])
    .check(1);
    assert!(
        !run.stdout.contains('\u{1b}'),
        "a reply must not steer the terminal"
    );
    let xml = fs::read_to_string(&junit).expect("written");
    Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
}
