//! The pages in `docs/` are what `--explain` prints. `TWIML_LINT_BLESS=1 cargo test -p twiml-lint` writes them.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use twiml_lint::RULES;

use super::page;

const HEAD: &str = "\
# The rules of twiml-lint

Generated from the rules with all the pages here; do not edit. How: `src/cli/explain/tests.rs`.

| code | name | level | under `--strict` | what it finds |
|---|---|---|---|---|
";

/// Names and contents of all pages.
fn pages() -> BTreeMap<String, String> {
    let mut index = HEAD.to_owned();
    let mut pages = BTreeMap::new();
    for rule in RULES {
        let (code, name, level, strict) = (rule.code, rule.name, rule.level, rule.strict);
        let summary = page::in_markdown(rule.summary).replace('|', "\\|");
        writeln!(
            index,
            "| [{code}]({code}.md) | {name} | {level} | {strict} | {summary} |"
        )
        .expect("a string");
        pages.insert(format!("{code}.md"), page::page(rule));
    }
    pages.insert("README.md".to_owned(), index);
    pages
}

#[test]
fn the_pages_are_what_the_rules_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let expected = pages();
    if std::env::var_os("TWIML_LINT_BLESS").is_some() {
        _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("writable");
        for (name, text) in &expected {
            fs::write(folder.join(name), text).expect("writable");
        }
    }
    let entries = fs::read_dir(&folder).expect("the pages");
    let found: BTreeMap<String, String> = entries
        .map(|entry| {
            let path = entry.expect("readable").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("readable"))
        })
        .collect();
    for (name, text) in &expected {
        assert_eq!(
            found.get(name),
            Some(text),
            "{name} is stale: run with TWIML_LINT_BLESS=1"
        );
    }
    assert_eq!(
        found.len(),
        expected.len(),
        "a page of no rule: run with TWIML_LINT_BLESS=1"
    );
}

#[test]
fn each_page_shows_its_rule_at_work() {
    for rule in RULES {
        let page = page::page(rule);
        assert!(page.contains(&format!("[{}] ", rule.code)), "{page}");
        assert!(page.lines().count() < 160 && page.len() < 9_000, "{page}");
    }
}
