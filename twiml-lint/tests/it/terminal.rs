//! What people see.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::tree::{BAD, Tree, said};

#[test]
fn marks_stand_below_full_width_characters() {
    let tree = Tree::new(&[(
        "案内.xml",
        "<Response>\n\t<Say>もしもし</Say><Play>/ﾌｧｲﾙ/案内.mp3</Play>\n</Response>\n",
    )]);
    let said = tree.run("--select TW101");
    // Four characters before the marks and two above them take two cells each; those of half width take one.
    let marks = "  | \t                         ^^^^^^^^^^^^^^\n";
    assert!(
        said.out.starts_with("案内.xml:2:23: error[TW101] ")
            && said
                .out
                .contains("2 | \t<Say>もしもし</Say><Play>/ﾌｧｲﾙ/案内.mp3</Play>\n")
            && said.out.contains(marks),
        "{}",
        said.out
    );
}

#[test]
fn nothing_from_a_file_moves_the_terminal() {
    let tree = Tree::new(&[(
        "\u{1b}[31m.xml",
        "<Response>\n  <Play>/\u{9b}31m\u{202E}\u{85}x\u{7f}.mp3</Play>\n  <\u{202E}/>\n</Response>\n",
    )]);
    tree.write("nul.xml", "<Response>\u{0}\u{1b}]0;x\u{7}</Response>");
    for format in ["text", "concise"] {
        let said = tree.run(&format!("--format {format}"));
        let all = format!("{}{}", said.out, said.err);
        let moves = |c: char| c.is_control() && c != '\n' || c == '\u{202E}';
        assert!(!all.contains(moves), "{all:?}");
        assert!(all.contains("␛[31m.xml:"), "{all:?}");
    }
    let said = tree.run("missing\u{1b}[31m.xml");
    assert!(!said.err.contains('\u{1b}'), "{said:?}");
}

#[test]
fn colors_are_where_they_are_wanted() {
    let tree = Tree::new(&[("a.xml", BAD)]);
    let check = |arguments: &str, environment: &[(&str, &str)], expected: bool| {
        let mut command = tree.command(arguments);
        command.envs(environment.iter().copied());
        let said = said(&mut command, b"");
        assert_eq!(
            said.out.contains("\u{1b}["),
            expected,
            "{arguments} {environment:?}"
        );
    };
    check("", &[], false);
    check("--color always", &[], true);
    check("--color always", &[("NO_COLOR", "1")], true);
    check("", &[("CLICOLOR_FORCE", "1")], true);
    check("", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false);
    check("--color never", &[("CLICOLOR_FORCE", "1")], false);
    check("--format json --color always", &[], false);
}

#[test]
fn who_has_seen_enough_is_not_complained_about() {
    let tree = Tree::new(&[]);
    let play = "<Play>/a.mp3</Play>\n".repeat(900);
    for number in 0..20 {
        tree.write(
            &format!("{number}.xml"),
            format!("<Response>\n{play}</Response>\n"),
        );
    }
    let mut child = tree
        .command("--format concise")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut first)
        .expect("a line");
    let end = child.wait_with_output().expect("its end");
    assert_eq!(end.status.code(), Some(1));
    assert!(first.starts_with("0.xml:2:7: error[TW101]"), "{first}");
    assert_eq!(String::from_utf8_lossy(&end.stderr), "");
}

#[test]
fn quiet_is_findings_only() {
    let tree = Tree::new(&[("a.xml", BAD)]);
    let said = tree.run("--quiet");
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
    assert!(said.out.starts_with("a.xml:2:9: error[TW101] "), "{said:?}");
    let said = tree.run("--output report.txt");
    assert_eq!(said.out, "");
    assert!(said.err.contains("1 error in 1 of 1 file"), "{said:?}");
    assert!(String::from_utf8_lossy(&tree.read("report.txt")).contains("  ^^^^"));
}
