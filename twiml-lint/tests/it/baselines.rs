//! Known findings.

use std::fs;

use crate::tree::{BAD, Tree};

const TWO: &str = "<Response>\n  <Play>/a.mp3</Play>\n  <Play>/a.mp3</Play>\n  <Play>/b.mp3</Play>\n</Response>\n";

#[test]
fn what_is_recorded_is_reported_no_more() {
    let tree = Tree::new(&[("a.xml", TWO), ("sub/b.xml", BAD)]);
    let said = tree.run("--write-baseline known.json");
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.err.contains("4 findings recorded"), "{said:?}");
    let recorded = tree.read("known.json");
    let said = tree.run("--baseline known.json");
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(
        said.out
            .contains("no findings in 2 files; 4 in the baseline"),
        "{said:?}"
    );
    tree.run("--write-baseline known.json sub a.xml");
    assert_eq!(tree.read("known.json"), recorded, "the order is the same");
}

#[test]
fn lines_may_move_and_new_findings_are_told() {
    let tree = Tree::new(&[("a.xml", TWO), ("sub/b.xml", BAD)]);
    fs::create_dir(tree.path("ci")).expect("writable");
    tree.run("--write-baseline ci/known.json");
    let moved = TWO.replace("<Response>", "<!-- new -->\n\n<Response>\n<Say>x</Say>");
    tree.write("a.xml", &moved);
    assert!(tree.found("--baseline ci/known.json").is_empty());
    let third = moved.replace("</Response>", "  <Play>/a.mp3</Play>\n</Response>");
    tree.write("a.xml", third);
    assert_eq!(tree.found("--baseline ci/known.json"), ["a.xml:8:9 TW101"]);
}

#[test]
fn what_no_longer_occurs_is_counted() {
    let tree = Tree::new(&[("a.xml", TWO), ("sub/b.xml", BAD), ("c.xml", BAD)]);
    tree.run("--write-baseline known.json");
    tree.write(
        "a.xml",
        TWO.replacen("/a.mp3", "https://example.com/a.mp3", 1),
    );
    let check = |arguments: &str, says: &str| {
        let said = tree.run(&format!("--baseline known.json {arguments}"));
        assert!(said.out.ends_with(says), "{arguments}: {said:?}");
    };
    check(
        "",
        "4 in the baseline; 1 entry of the baseline no longer occurs\n",
    );
    check("sub", "1 in the baseline\n");
    fs::remove_file(tree.path("c.xml")).expect("removable");
    check(
        "sub",
        "1 in the baseline; 1 entry of the baseline no longer occurs\n",
    );
}

#[test]
fn a_file_that_is_no_baseline_stops_the_run() {
    let tree = Tree::new(&[
        ("a.xml", BAD),
        ("new.json", "{\"schema\":9,\"findings\":[]}"),
    ]);
    let check = |name: &str, says: &str| {
        let said = tree.run(&format!("--baseline {name}"));
        assert_eq!(said.status, Some(2), "{said:?}");
        assert!(said.err.contains(says), "{said:?}");
    };
    check("missing.json", "--write-baseline makes one");
    check("a.xml", "a.xml is no baseline");
    check("new.json", "version 9");
}
