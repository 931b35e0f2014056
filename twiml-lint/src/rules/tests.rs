//! What holds for every rule.

use std::{fs, path::Path};

use super::*;
use crate::{Finding, Level, Linter, Report, Settings, finish, rule::Example};

#[test]
fn codes_and_names_are_unique_and_in_order() {
    let codes: Vec<_> = ALL.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    for rule in ALL {
        let is_code = rule.code.len() == 5
            && rule.code.starts_with("TW")
            && rule.code[2..].bytes().all(|b| b.is_ascii_digit());
        assert!(is_code, "{}", rule.code);
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.name.chars().all(is_kebab), "{}", rule.name);
        assert_eq!(
            ALL.iter().filter(|other| other.name == rule.name).count(),
            1,
            "{}",
            rule.name
        );
        assert!(
            !rule.summary.ends_with('.') && !rule.explain.is_empty(),
            "{}",
            rule.code
        );
        assert!(rule.strict >= rule.level, "{}: strict is laxer", rule.code);
    }
}

/// The settings of an example, with a rule that is off switched on.
fn settings(rule: &Rule, example: &Example) -> Settings {
    let mut settings = Settings::default();
    for (key, value) in example.settings {
        settings.set(key, value).expect("a setting");
    }
    if rule.level == Level::Off {
        settings
            .severity
            .insert(rule.code.to_owned(), Level::Warning);
    }
    settings
}

fn run(files: &[(&str, &str)], settings: Settings) -> Vec<Report> {
    let linter = Linter::new(settings).expect("settings");
    finish(
        files
            .iter()
            .map(|(name, text)| linter.read(Some(name), text.as_bytes().to_vec()))
            .collect(),
    )
}

fn found(reports: &[Report]) -> Vec<&Finding> {
    reports.iter().flat_map(|report| &report.findings).collect()
}

#[test]
fn the_bad_example_of_each_rule_yields_it_and_the_good_one_nothing() {
    for rule in ALL {
        let reports = run(rule.bad.files, settings(rule, &rule.bad));
        let findings = found(&reports);
        assert!(
            findings.iter().any(|finding| finding.rule == *rule),
            "{rule:?} misses its bad example: {findings:#?}"
        );
        let reports = run(rule.good.files, settings(rule, &rule.good));
        let mine: Vec<_> = found(&reports);
        // A comment that silences something is right only where there is something wrong.
        assert!(mine.is_empty(), "{rule:?} in its good example: {mine:#?}");
    }
}

#[test]
fn a_rule_that_is_off_finds_nothing() {
    for rule in ALL {
        let mut settings = settings(rule, &rule.bad);
        settings.severity.insert(rule.code.to_owned(), Level::Off);
        let reports = run(rule.bad.files, settings);
        let mine: Vec<_> = found(&reports)
            .into_iter()
            .filter(|finding| finding.rule == *rule)
            .collect();
        assert!(mine.is_empty(), "{mine:#?}");
    }
}

/// Begins the fixtures of a new rule with its examples.
fn write_examples(rule: &Rule, folder: &Path) {
    fs::create_dir_all(folder).expect("writable");
    for (kind, example) in [("bad", &rule.bad), ("good", &rule.good)] {
        for (name, text) in example.files {
            fs::write(folder.join(format!("{kind}-{name}")), text).expect("writable");
        }
    }
    let settings: String = rule
        .bad
        .settings
        .iter()
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    if !settings.is_empty() {
        fs::write(folder.join("settings.txt"), settings).expect("writable");
    }
}

/// One line for each finding, as in the golden files: `file:line:column: level[CODE] message`.
fn lines(names: &[String], reports: &[Report]) -> String {
    let mut lines = String::new();
    for (name, report) in names.iter().zip(reports) {
        for finding in &report.findings {
            let place = report.position(finding.span.start);
            lines += &format!(
                "{name}:{place}: {}[{}] {}\n",
                finding.level, finding.rule.code, finding.message
            );
        }
    }
    lines
}

/// `fixtures/twiml/rules/CODE/`: files that begin with `good` yield nothing; those that begin with `bad` yield what stands
/// in `expected.txt`, read as one run under the settings in `settings.txt` (`key = value`), if there is one.
#[test]
fn each_rule_finds_what_its_fixtures_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/twiml/rules");
    for rule in ALL {
        check_folder(rule, &folder.join(rule.code));
    }
}

fn check_folder(rule: &Rule, folder: &Path) {
    let blesses = std::env::var_os("TWIML_LINT_BLESS").is_some();
    if blesses && !folder.exists() {
        write_examples(rule, folder);
    }
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    names.sort();
    let mut settings = settings(rule, &Example::xml(&[]));
    for line in fs::read_to_string(folder.join("settings.txt"))
        .unwrap_or_default()
        .lines()
    {
        let (key, value) = line.split_once(" = ").expect("key = value");
        settings.set(key, value).expect("a setting");
    }
    let linter = Linter::new(settings).expect("settings");
    let read = |start: &str| {
        let names: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with(start))
            .cloned()
            .collect();
        assert!(
            !names.is_empty(),
            "{}: no file that begins with {start}",
            rule.code
        );
        let files = names
            .iter()
            .map(|name| linter.read(Some(name), fs::read(folder.join(name)).expect("readable")));
        let reports = finish(files.collect());
        lines(&names, &reports)
    };
    assert_eq!(read("good"), "", "{}", rule.code);
    let found = read("bad");
    assert!(
        found.contains(&format!("[{}]", rule.code)),
        "{rule:?} finds nothing: {found}"
    );
    let expected = folder.join("expected.txt");
    if blesses {
        fs::write(&expected, &found).expect("writable");
    }
    assert_eq!(
        found,
        fs::read_to_string(&expected).unwrap_or_default(),
        "{}",
        rule.code
    );
}
