//! `twiml-lint.toml`, and what the command line says against it.

use crate::tree::{BAD, GOOD, Tree};

#[test]
fn the_nearest_file_upwards_counts() {
    let tree = Tree::new(&[
        ("twiml-lint.toml", "[severity]\nTW101 = \"warning\"\n"),
        ("a.xml", BAD),
        ("deep/er/b.xml", BAD),
        (
            "other/twiml-lint.toml",
            "ignore = [\"relative-play-url\"]\n",
        ),
        ("other/c.xml", BAD),
        ("elsewhere.toml", "ignore = [\"TW1\"]\n"),
    ]);
    let check = |arguments: &str, expected: &[&str]| {
        let said = tree.run(&format!("--format concise {arguments}"));
        let found: Vec<_> = said
            .out
            .lines()
            .filter_map(|line| line.split(']').next())
            .collect();
        assert_eq!(found, expected, "{arguments}: {said:?}");
    };
    let all = [
        "a.xml:2:9: warning[TW101",
        "deep/er/b.xml:2:9: warning[TW101",
        "other/c.xml:2:9: error[TW101",
    ];
    check("", &all[..2]);
    check("deep/er/b.xml other/c.xml", &all[1..2]);
    check("--config elsewhere.toml", &[]);
    check(
        "--no-config a.xml other/c.xml",
        &["a.xml:2:9: error[TW101", all[2]],
    );
    check("--select TW101", &all);
    check("--ignore TW101", &[]);
    check(
        "--severity TW101=info other/c.xml",
        &["other/c.xml:2:9: info[TW101"],
    );
}

#[test]
fn tables_for_paths_count_below_the_folder_of_the_file() {
    let tree = Tree::new(&[
        (
            "voice/twiml-lint.toml",
            "exclude = [\"vendor/\"]\nextensions = [\"xml\", \"tpl\"]\n\
             [per-path.\"legacy/**\"]\nignore = [\"TW101\"]\n\
             [per-path.\"legacy/new/*.xml\"]\nselect = [\"TW101\"]\nseverity = { TW101 = \"warning\" }\n\
             [per-path.\"based/**\"]\nbase-url = \"https://example.com/voice/\"\n",
        ),
        ("voice/a.tpl", BAD),
        ("voice/a.twiml", BAD),
        ("voice/legacy/b.xml", BAD),
        ("voice/legacy/new/c.xml", BAD),
        ("voice/vendor/d.xml", BAD),
        ("voice/based/e.xml", BAD),
        ("legacy/f.xml", BAD),
    ]);
    let said = tree.run("--format concise");
    let found: Vec<_> = said
        .out
        .lines()
        .filter_map(|line| line.split(']').next())
        .collect();
    assert_eq!(
        found,
        [
            "legacy/f.xml:2:9: error[TW101",
            "voice/a.tpl:2:9: error[TW101",
            "voice/based/e.xml:2:9: error[TW101",
            "voice/legacy/new/c.xml:2:9: warning[TW101",
        ]
    );
    let said = tree.run("--format json voice/based ");
    assert!(
        said.out.contains("https://example.com/files/menu.mp3"),
        "{said:?}"
    );
    let said = tree.feed("--stdin-filename voice/legacy/b.xml", BAD.as_bytes());
    assert_eq!(said.status, Some(0), "{said:?}");
    let said = tree.run("--force-exclude --allow-empty voice/vendor/d.xml");
    assert_eq!(said.status, Some(0), "{said:?}");
}

#[test]
fn mistakes_in_it_stop_the_run_with_file_and_line() {
    let tree = Tree::new(&[
        ("good.xml", GOOD),
        (
            "sub/twiml-lint.toml",
            "strict = true\nbase_url = \"https://example.com\"\n",
        ),
        ("sub/a.xml", GOOD),
    ]);
    let check = |arguments: &str, says: &str| {
        let said = tree.run(arguments);
        assert_eq!(said.status, Some(2), "{said:?}");
        assert!(said.err.contains(says), "{arguments}: {said:?}");
        assert!(said.out.is_empty(), "{said:?}");
    };
    check(
        "",
        "sub/twiml-lint.toml:2: unknown key \"base_url\"; did you mean base-url?",
    );
    check("sub/a.xml", "twiml-lint.toml:2: unknown key");
    check("--config missing.toml", "cannot read missing.toml: ");
    check("--config good.xml", "good.xml:1: ");
    assert_eq!(tree.run("good.xml").status, Some(0));
    assert_eq!(tree.run("--no-config").status, Some(0));
}
