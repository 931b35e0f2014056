//! Which files are read, and how far.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use nix::{sys::stat::Mode, unistd::mkfifo};

use crate::tree::{BAD, GOOD, Tree};

#[test]
fn directories_are_searched_for_what_may_hold_twiml() {
    let tree = Tree::new(&[
        ("a.xml", BAD),
        ("b/a.twiml", BAD),
        ("b/c.xml.j2", BAD),
        ("b/d.xml.erb", BAD),
        ("b/e.txt", BAD),
        ("b-a.xml", BAD),
        (".hidden/f.xml", BAD),
        ("ignored/g.xml", BAD),
        (".gitignore", "ignored/\n"),
        ("pom.xml", "<project/>"),
        ("nginx.conf.j2", "server { listen 80; }"),
        ("broken-page.hbs", "<div><p></div>"),
    ]);
    let check = |arguments: &str, expected: &[&str]| {
        let expected: Vec<String> = expected
            .iter()
            .map(|name| format!("{name}:2:9 TW101"))
            .collect();
        assert_eq!(tree.found(arguments), expected, "{arguments}");
    };
    let all = ["a.xml", "b/a.twiml", "b/c.xml.j2", "b/d.xml.erb", "b-a.xml"];
    check("", &all);
    check(".", &all);
    check("a.xml . ./a.xml b", &all);
    check("b", &all[1..4]);
    check("--extension xml", &["a.xml", "b-a.xml"]);
    check("--extension .txt,twiml", &["b/a.twiml", "b/e.txt"]);
    check("--exclude b/ --exclude *-a.xml", &["a.xml"]);
    check("--exclude a.xml a.xml", &["a.xml"]);
    check(
        "--exclude a.xml --force-exclude a.xml b/e.txt",
        &["b/e.txt"],
    );
    check(
        "ignored/g.xml .hidden/f.xml",
        &[".hidden/f.xml", "ignored/g.xml"],
    );
    check(
        "--no-ignore --extension xml",
        &[".hidden/f.xml", "a.xml", "b-a.xml", "ignored/g.xml"],
    );
    let said = tree.run("");
    assert!(said.out.contains("3 files are not TwiML"), "{said:?}");
}

#[test]
fn what_is_named_is_judged_and_what_is_found_only_if_it_is_twiml() {
    let tree = Tree::new(&[
        ("pom.xml", "<project/>"),
        ("small.xml", "<response/>"),
        ("cut.xml", "<Response><Say>"),
        ("cut-pom.xml", "<project><name>"),
        ("latin.xml", "x"),
        ("cut.twiml", "no tag at all"),
    ]);
    tree.write("latin.xml", b"<caf\xE9/>");
    let found = tree.found("");
    let codes: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(
        codes,
        [
            "cut.twiml:1:1 TW001",
            "cut.xml:1:11 TW001",
            "small.xml:1:2 TW004"
        ]
    );
    assert_eq!(tree.found("pom.xml"), ["pom.xml:1:2 TW004"]);
    assert_eq!(tree.found("latin.xml"), ["latin.xml:1:1 TW002"]);
}

#[test]
fn standard_input_is_read_by_a_dash_or_by_its_name() {
    let tree = Tree::new(&[("good.xml", GOOD)]);
    let check = |arguments: &str, says: &str| {
        let said = tree.feed(arguments, BAD.as_bytes());
        assert_eq!(said.status, Some(1), "{said:?}");
        assert!(said.out.contains(says), "{said:?}");
    };
    check("-", "<stdin>:2:9: error[TW101]");
    check(
        "--stdin-filename views/menu.xml",
        "views/menu.xml:2:9: error[TW101]",
    );
    check("--stdin-filename menu.xml -", "menu.xml:2:9: error[TW101]");
    check("- good.xml", "1 error in 1 of 2 files");
    let said = tree.feed("-", b"");
    assert!(said.out.contains("<stdin>:1:1: error[TW001]"), "{said:?}");
}

#[test]
fn what_never_ends_is_given_up() {
    let tree = Tree::new(&[]);
    let endless = |arguments: &str| {
        let start = Instant::now();
        let found = tree.found(arguments);
        assert!(start.elapsed() < Duration::from_secs(20), "{arguments}");
        assert_eq!(
            found,
            [format!(
                "{}:1:1 TW007",
                arguments.rsplit(' ').next().expect("a name")
            )]
        );
    };
    endless("/dev/zero");
    mkfifo(&tree.path("fifo"), Mode::from_bits_truncate(0o600)).expect("a fifo");
    let path = tree.path("fifo");
    let writer = std::thread::spawn(move || {
        let mut fifo = OpenOptions::new().write(true).open(path).expect("a reader");
        let mut written = 0_u64;
        while fifo.write_all(&[b' '; 4096]).is_ok() {
            written += 4096;
        }
        written
    });
    endless("fifo");
    let written = writer.join().expect("the reader went away");
    assert!(written < 3 << 20, "{written} bytes were taken");
    let said = tree.feed("- --format json", &vec![b' '; (2 << 20) + 1]);
    assert!(said.out.contains("TW007"), "{said:?}");
    tree.write("large.xml", "<Response/>");
    let file = OpenOptions::new().write(true).open(tree.path("large.xml"));
    file.expect("writable")
        .set_len((64 << 20) + 1)
        .expect("sparse");
    assert_eq!(tree.found("large.xml"), ["large.xml:1:1 TW007"]);
}

#[test]
fn links_are_followed_when_they_are_named_only() {
    let tree = Tree::new(&[("real/a.xml", BAD)]);
    symlink(tree.path("real/a.xml"), tree.path("link.xml")).expect("a link");
    symlink(tree.path("."), tree.path("real/loop")).expect("a link");
    assert_eq!(tree.found(""), ["real/a.xml:2:9 TW101"]);
    assert_eq!(tree.found("link.xml"), ["link.xml:2:9 TW101"]);
}

#[test]
fn many_files_come_out_in_the_order_of_their_names() {
    let tree = Tree::new(&[]);
    let mut expected = Vec::new();
    for number in 0..300 {
        let name = format!("d{}/f{number:03}.xml", number / 100);
        tree.write(&name, if number % 3 == 0 { GOOD } else { BAD });
        if number % 3 != 0 {
            expected.push(format!("{name}:2:9 TW101"));
        }
    }
    assert_eq!(tree.found(""), expected);
}

#[test]
fn only_so_many_findings_of_a_file_are_shown() {
    let play = "<Play>/a.mp3</Play>\n".repeat(5);
    let tree = Tree::new(&[
        ("a.xml", &format!("<Response>\n{play}</Response>")),
        ("b.xml", BAD),
    ]);
    let said = tree.run("--max-findings 3");
    assert_eq!(said.out.matches("[TW101]").count(), 4, "{said:?}");
    assert!(
        said.out.contains("a.xml: 2 more findings are not shown"),
        "{said:?}"
    );
    assert!(said.out.contains("6 errors in 2 of 2 files"), "{said:?}");
    let said = tree.run("--max-findings 3 --format json");
    assert_eq!(said.out.lines().count(), 4);
    assert!(
        said.err.contains("a.xml: 2 more findings are not shown"),
        "{said:?}"
    );
}

#[test]
fn an_address_that_stands_behind_is_named_too() {
    let tree = Tree::new(&[(
        "menu.xml",
        "<Response>\n<Play>/a.mp3</Play>\n<Play>https://e.com/b.mp3</Play>\n</Response>\n",
    )]);
    let said = tree.run("menu.xml");
    assert!(
        said.out.contains("menu.xml:3:7: note: e.com is named here"),
        "{}",
        said.out
    );
}

/// What other files share is found although no text is kept, also where it can be read once only.
#[test]
fn twins_are_found_in_files_of_every_encoding_and_in_standard_input() {
    let slash = "<Response>\n<Redirect>https://e.com/next/</Redirect>\n</Response>";
    let bare = "<Response><Redirect>https://e.com/next</Redirect></Response>";
    let tree = Tree::new(&[("a.xml", bare)]);
    let utf_16: Vec<u8> = slash.encode_utf16().flat_map(u16::to_le_bytes).collect();
    tree.write("b.xml", [&[0xFF, 0xFE], &utf_16[..]].concat());
    let select = "--select TW115 --format json";
    let command = |arguments: &str| {
        let mut command = crate::tree::command(&tree.path(""), select);
        command.args(arguments.split_whitespace());
        command
    };
    let found = |arguments: &str, input: &str| {
        let said = crate::tree::said(&mut command(arguments), input.as_bytes());
        crate::tree::places(&said.out)
    };
    assert_eq!(found(".", ""), ["b.xml:2:11 TW115"]);
    // Standard input stands before the files.
    assert_eq!(found("a.xml -", slash), ["a.xml:1:21 TW115"]);
}

#[test]
fn an_empty_file_is_shown_without_a_line() {
    let tree = Tree::new(&[("empty.twiml", "")]);
    let said = tree.run("empty.twiml");
    assert!(
        said.out.starts_with("empty.twiml:1:1: error[TW001]"),
        "{}",
        said.out
    );
    assert!(!said.out.contains(" | "), "{}", said.out);
}

#[test]
fn utf_32_is_refused_and_not_passed_over() {
    let tree = Tree::new(&[]);
    let bytes: Vec<u8> = GOOD
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    tree.write("menu.xml", [&[0xFF, 0xFE, 0, 0], &bytes[..]].concat());
    assert_eq!(tree.run(".").status, Some(1));
}
