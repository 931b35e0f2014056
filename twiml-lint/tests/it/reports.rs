//! Each format as `fixtures/twiml/reports/` has it. `TWIML_LINT_BLESS=1` writes what the command says now.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use twiml_lint::{Document, RULES};

use crate::tree::{Said, command, said};

/// A few rules whose findings show all that a report can hold: related places, help, fixes, other encodings, long lines.
const RULES_SHOWN: &str = "--select TW001,TW004,TW006,TW101 --base-url https://example.com/voice/";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/twiml/reports")
}

fn run(arguments: &str) -> Said {
    let arguments = format!("{RULES_SHOWN} {arguments}");
    let said = said(&mut command(&folder().join("input"), &arguments), b"");
    assert_eq!(said.status, Some(1), "{said:?}");
    said
}

fn check_golden(name: &str, found: &str) {
    let path = folder().join(name);
    if std::env::var_os("TWIML_LINT_BLESS").is_some() {
        fs::write(&path, found).expect("writable");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is stale: run with TWIML_LINT_BLESS=1\n{found}"
    );
}

#[test]
fn each_format_is_as_its_golden_file_says() {
    let check = |name: &str, arguments: &str| check_golden(name, &run(arguments).out);
    check("text.txt", "");
    check("colors.txt", "--color always");
    check("concise.txt", "--format concise");
    check("findings.jsonl", "--format json");
    check("github.txt", "--format github");
    check("junit.xml", "--format junit");
    check("checkstyle.xml", "--format checkstyle");
    check("fixes.diff", "--diff");
}

#[test]
fn sarif_is_as_its_golden_file_says_and_knows_all_rules() {
    let mut log: Value = serde_json::from_str(&run("--format sarif").out).expect("JSON");
    let driver = &mut log["runs"][0]["tool"]["driver"];
    let rules = driver["rules"].take();
    // These change with each version and rule.
    for key in ["rules", "version", "semanticVersion"] {
        driver[key] = Value::from("...");
    }
    check_golden("sarif.json", &format!("{log:#}\n"));
    let rules = rules.as_array().expect("rules");
    assert_eq!(rules.len(), RULES.len());
    for (descriptor, rule) in rules.iter().zip(RULES) {
        assert_eq!(descriptor["id"], rule.code);
        assert!(descriptor["help"]["markdown"].is_string());
    }
    check_results(&log["runs"][0], rules);
}

/// What SARIF 2.1.0 demands, and code scanning on top of it.
fn check_results(run: &Value, rules: &[Value]) {
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let results = run["results"].as_array().expect("results");
    assert!(!results.is_empty());
    let mut fingerprints = Vec::new();
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index");
        let rule = &rules[usize::try_from(index).expect("small")];
        assert_eq!(rule["id"], result["ruleId"]);
        let level = result["level"].as_str().expect("a level");
        assert!(["note", "warning", "error"].contains(&level));
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().expect("a uri");
        assert!(
            uri.is_ascii() && !uri.starts_with('/') && !uri.contains(' '),
            "{uri}"
        );
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(location["region"][key].as_u64() >= Some(1), "{result}");
        }
        fingerprints.push(result["partialFingerprints"]["twimlLint/v1"].clone());
    }
    let all = fingerprints.len();
    fingerprints.sort_by_key(Value::to_string);
    fingerprints.dedup();
    assert_eq!(
        fingerprints.len(),
        all,
        "each finding is told from the others"
    );
}

#[test]
fn reports_in_xml_are_well_formed() {
    for (format, findings) in [("junit", "failure"), ("checkstyle", "error")] {
        let report = run(&format!("--format {format}")).out;
        let document = Document::parse(&report).expect("well-formed");
        let found = document.elements().filter(|one| one.name() == findings);
        let expected = run("--format json").out.lines().count();
        assert_eq!(found.count(), expected, "{format}");
    }
}

#[test]
fn json_says_where_in_the_file_and_text_at_once() {
    for line in run("--format json").out.lines() {
        let one: Value = serde_json::from_str(line).expect("JSON");
        let name = one["file"].as_str().expect("a name");
        let bytes = fs::read(folder().join("input").join(name)).expect("readable");
        let Some(start) = one["byte_start"].as_u64() else {
            assert!(String::from_utf8(bytes).is_err(), "{line}");
            continue;
        };
        let text = String::from_utf8(bytes).expect("UTF-8");
        let before = &text[..usize::try_from(start).expect("small")];
        let current = before.rsplit('\n').next().unwrap_or_default();
        let column = current.trim_start_matches('\u{FEFF}').chars().count() + 1;
        let lines = before.matches('\n').count() + 1;
        assert_eq!(one["line"].as_u64(), u64::try_from(lines).ok(), "{line}");
        assert_eq!(one["column"].as_u64(), u64::try_from(column).ok(), "{line}");
    }
}
