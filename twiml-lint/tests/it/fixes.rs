//! Mending files, and showing what would be mended.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use crate::tree::{BAD, GOOD, Tree};

const BASE: &str = "--select TW101 --base-url https://example.com/voice/";
const MENDED: &str = "<Response>\n  <Play>https://example.com/files/menu.mp3</Play>\n</Response>\n";

/// Runs `--fix` on a file and compares its bytes.
fn check(before: &[u8], after: &[u8]) {
    let tree = Tree::new(&[]);
    tree.write("a.xml", before);
    let said = tree.run(&format!("--fix {BASE} a.xml"));
    assert_eq!(said.status, Some(0), "{said:?}");
    let found = tree.read("a.xml");
    assert_eq!(
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(after)
    );
    assert_eq!(found, after);
}

fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let (bytes, _, lacks) = encoding.encode(text);
    assert!(!lacks);
    bytes.into_owned()
}

#[test]
fn all_that_is_not_mended_stays_byte_for_byte() {
    check(BAD.as_bytes(), MENDED.as_bytes());
    let crlf = |text: &str| text.replace('\n', "\r\n").into_bytes();
    check(&crlf(BAD), &crlf(MENDED));
    let marked = |text: &str| format!("\u{FEFF}{text}").into_bytes();
    check(&marked(BAD), &marked(MENDED));
    let odd = |text: &str| {
        format!(
            "<?xml version='1.0'?>\r\n\t<!-- \u{1F600} -->{}   ",
            text.replace("<Response>", "<Response  >\r")
        )
    };
    check(odd(BAD).as_bytes(), odd(MENDED).as_bytes());
}

#[test]
fn encodings_are_kept() {
    let text = |encoding: &str, body: &str| {
        let say = "<Say>表示能力ソ、もしもし</Say>";
        let body = body.replace("<Response>", &format!("<Response>{say}"));
        format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>\r\n{body}")
    };
    for (name, encoding) in [
        ("Shift_JIS", encoding_rs::SHIFT_JIS),
        ("Windows-31J", encoding_rs::SHIFT_JIS),
        ("EUC-JP", encoding_rs::EUC_JP),
        ("ISO-2022-JP", encoding_rs::ISO_2022_JP),
    ] {
        check(
            &encoded(&text(name, BAD), encoding),
            &encoded(&text(name, MENDED), encoding),
        );
    }
    let utf_16 = |body: &str| -> Vec<u8> {
        let text = format!("\u{FEFF}{}", text("UTF-16", body));
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    check(&utf_16(BAD), &utf_16(MENDED));
}

#[test]
fn a_file_that_would_change_elsewhere_is_left_as_it_is() {
    let tree = Tree::new(&[("good.xml", GOOD)]);
    // 0x8790 and 0x81E0 are the same sign twice; written again, the first becomes the second.
    let mut bytes = b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><Response><Say>".to_vec();
    bytes.extend([0x87, 0x90]);
    bytes.extend(b"</Say><Play>/a.mp3</Play></Response>");
    tree.write("twice.xml", &bytes);
    let said = tree.run(&format!("--fix {BASE}"));
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(
        said.err
            .contains("twice.xml is not fixed: writing it would change other bytes"),
        "{said:?}"
    );
    assert!(said.out.contains("twice.xml:1:"), "{said:?}");
    assert_eq!(tree.read("twice.xml"), bytes);
}

#[test]
fn what_cannot_be_mended_is_reported() {
    let tree = Tree::new(&[(
        "a.xml",
        &BAD.replace(
            "</Response>",
            "<!-- twiml-lint: disable=TW999 --></Response>",
        ),
    )]);
    let said = tree.run("--fix --base-url https://example.com --select TW101,TW902");
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(
        said.out.contains("[TW902]") && !said.out.contains("[TW101]"),
        "{said:?}"
    );
    assert!(
        said.out
            .contains("1 finding fixed; 1 warning in 1 of 1 file\n"),
        "{said:?}"
    );
}

#[test]
fn permissions_stay_and_links_are_followed() {
    let tree = Tree::new(&[("real/a.xml", BAD)]);
    let path = tree.path("real/a.xml");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("ours");
    symlink(&path, tree.path("link.xml")).expect("a link");
    let said = tree.run(&format!("--fix {BASE} link.xml"));
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(tree.path("link.xml").is_symlink());
    assert_eq!(tree.read("real/a.xml"), MENDED.as_bytes());
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let left = fs::read_dir(tree.path("real")).expect("readable").count();
    assert_eq!(left, 1, "no temporary file is left");
}

#[test]
fn mended_standard_input_goes_to_standard_output() {
    let tree = Tree::new(&[]);
    let said = tree.feed(&format!("--fix {BASE} -"), BAD.as_bytes());
    assert_eq!(
        (said.status, said.out.as_str()),
        (Some(0), MENDED),
        "{said:?}"
    );
    assert!(
        said.err.contains("1 finding fixed; no findings in 1 file"),
        "{said:?}"
    );
    let said = tree.feed("--fix -", BAD.as_bytes());
    assert_eq!((said.status, said.out.as_str()), (Some(1), BAD), "{said:?}");
    assert!(said.err.contains("<stdin>:2:9: error[TW101]"), "{said:?}");
    let sjis = encoded(
        "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><Response><Say>ソ</Say></Response>",
        encoding_rs::SHIFT_JIS,
    );
    assert_eq!(tree.feed("--fix -", &sjis).bytes, sjis);
}

#[test]
fn a_diff_says_what_a_fix_would_do_and_patch_does_it() {
    let crlf = BAD.replace('\n', "\r\n");
    let tree = Tree::new(&[("a.xml", BAD), ("sub/b.xml", &crlf), ("good.xml", GOOD)]);
    let said = tree.run(&format!("--diff {BASE}"));
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(
        said.out
            .starts_with("--- a.xml\n+++ a.xml\n@@ -1,3 +1,3 @@\n <Response>\n-  <Play>/files"),
        "{said:?}"
    );
    assert!(
        said.err
            .contains("2 findings would be fixed in 2 files, 0 findings would be left"),
        "{said:?}"
    );
    assert_eq!(tree.read("a.xml"), BAD.as_bytes(), "nothing is written");
    assert_eq!(tree.run(&format!("--diff {BASE} good.xml")).status, Some(0));
    if Command::new("patch").arg("--version").output().is_err() {
        return;
    }
    tree.write("fix.diff", &said.bytes);
    let patch = Command::new("patch")
        .args(["-p0", "--binary", "-i", "fix.diff"])
        .current_dir(tree.path("."))
        .output()
        .expect("patch");
    assert!(patch.status.success(), "{patch:?}");
    assert_eq!(tree.read("a.xml"), MENDED.as_bytes());
    assert_eq!(
        tree.read("sub/b.xml"),
        MENDED.replace('\n', "\r\n").as_bytes()
    );
}
