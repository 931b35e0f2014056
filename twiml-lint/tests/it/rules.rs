//! What the command tells about rules.

use crate::tree::Tree;

#[test]
fn a_rule_is_explained_by_code_name_or_prefix() {
    let tree = Tree::new(&[]);
    let check = |arguments: &str, pages: &[&str]| {
        let said = tree.run(arguments);
        assert_eq!(said.status, Some(0), "{said:?}");
        let titles: Vec<_> = said
            .out
            .lines()
            .filter(|line| line.starts_with("# "))
            .collect();
        assert_eq!(titles, pages, "{arguments}");
    };
    check("--explain TW101", &["# TW101 relative-play-url"]);
    check("--explain tw101", &["# TW101 relative-play-url"]);
    check(
        "--explain relative-play-url",
        &["# TW101 relative-play-url"],
    );
    check(
        "--explain TW901 TW001",
        &["# TW901 unused-suppression", "# TW001 not-well-formed"],
    );
    let said = tree.run("--explain relative-play-ur");
    assert_eq!(said.status, Some(2));
    assert!(
        said.err.contains("did you mean relative-play-url?"),
        "{said:?}"
    );
}

#[test]
fn all_rules_are_listed_as_text_and_as_json() {
    let tree = Tree::new(&[]);
    let text = tree.run("--list-rules").out;
    let json = tree.run("--list-rules --format json").out;
    let line = |start: &str| text.lines().find(|line| line.starts_with(start));
    assert_eq!(
        line("TW101").map(|line| line.split_whitespace().take(4).collect::<Vec<_>>()),
        Some(vec!["TW101", "relative-play-url", "error", "error"])
    );
    assert_eq!(json.lines().count(), text.lines().count() - 1);
    for object in json.lines() {
        let rule: serde_json::Value = serde_json::from_str(object).expect("JSON");
        assert!(
            line(rule["code"].as_str().expect("a code")).is_some(),
            "{rule}"
        );
        assert_eq!(rule["schema"], 1);
    }
}
