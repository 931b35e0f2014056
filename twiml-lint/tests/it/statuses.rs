//! How the command ends.

use crate::tree::{BAD, GOOD, Tree};

fn check(tree: &Tree, arguments: &str, status: i32, says: &str) {
    let said = tree.run(arguments);
    assert_eq!(said.status, Some(status), "{arguments}: {said:?}");
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains(says), "{arguments}: {said:?}");
}

#[test]
fn zero_is_clean_one_is_findings_two_is_no_answer() {
    let tree = Tree::new(&[
        ("good.xml", GOOD),
        ("bad.xml", BAD),
        ("pom.xml", "<project/>"),
    ]);
    let check = |arguments, status, says| check(&tree, arguments, status, says);
    check("good.xml", 0, "no findings in 1 file");
    check("bad.xml", 1, "bad.xml:2:9: error[TW101]");
    check("", 1, "1 error in 1 of 2 files; 1 file is not TwiML");
    check("--nonsense", 2, "unexpected argument");
    check(
        "missing.xml good.xml",
        2,
        "cannot read missing.xml: No such file",
    );
    check("missing.xml good.xml", 2, "no findings in 1 file");
    check("missing.xml bad.xml", 2, "bad.xml:2:9: error[TW101]");
    check("--select TW999", 2, "no rule is called \"TW999\"");
    check(
        "--base-url /voice",
        2,
        "the base URL \"/voice\" is not absolute",
    );
    check("--severity TW101=fatal", 2, "\"fatal\" is no level");
    check("--exclude [z-a]", 2, "--exclude: ");
    check(
        "--output no/such/folder bad.xml",
        2,
        "cannot write no/such/folder: ",
    );
    check("--output /dev/full bad.xml", 2, "cannot write /dev/full: ");
    check("--help", 0, "Exit status: 0 clean");
    check("--version", 0, "twiml-lint ");
}

#[test]
fn findings_below_the_level_of_fail_on_do_not_fail() {
    let tree = Tree::new(&[("bad.xml", BAD)]);
    let check = |arguments, status| check(&tree, arguments, status, "[TW101]");
    check("--severity TW101=info", 1);
    check("--severity TW101=info --fail-on warning", 0);
    check("--severity TW101=warning --fail-on warning", 1);
    check("--severity TW101=warning --fail-on error", 0);
    check("--fail-on error", 1);
    check("--fail-on never", 0);
}

#[test]
fn a_gate_that_checks_nothing_does_not_pass() {
    let tree = Tree::new(&[("notes.txt", GOOD), ("other/pom.xml", "<project/>")]);
    check(
        &tree,
        "",
        2,
        "there is nothing to check: of 1 file, none is TwiML",
    );
    check(
        &tree,
        "--exclude *.xml",
        2,
        "there is nothing to check: no file matches",
    );
    check(
        &tree,
        "--exclude *.xml --allow-empty",
        0,
        "no findings in 0 files",
    );
    check(
        &tree,
        "--allow-empty",
        0,
        "no findings in 0 files; 1 file is not TwiML",
    );
    check(&tree, "notes.txt", 0, "no findings in 1 file");
}

#[test]
fn a_broken_rest_does_not_hide_an_unreadable_file() {
    // Opening it succeeds, and reading it fails.
    let tree = Tree::new(&[("good.xml", GOOD)]);
    check(
        &tree,
        "/proc/self/mem good.xml",
        2,
        "cannot read /proc/self/mem: ",
    );
    check(&tree, "/proc/self/mem good.xml", 2, "no findings in 1 file");
}
