//! Whatever is read ends in findings that lie in the text.

mod parts;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::{Position, finish};

/// Pieces of TwiML, of template languages and of what breaks them.
const PIECES: [&str; 64] = [
    "<Response>",
    "</Response>",
    "<Play>",
    "</Play>",
    "<Gather action=\"",
    "\">",
    "</Gather>",
    "<Say language='ja-JP'>",
    "</Say>",
    "<Redirect/>",
    "<Dial><Number>",
    "</Number></Dial>",
    "https://",
    "//",
    "/next",
    "/next/",
    "?a=1&amp;b=",
    "#rc=3&amp;e=tokyo",
    "#",
    "@",
    ":",
    "&",
    "&amp;",
    "&#x8F2A;",
    "&#0;",
    "<!--",
    "-->",
    "<!-- twiml-lint: disable=TW101 -->",
    "<![CDATA[",
    "]]>",
    "<?xml version=\"1.0\"?>",
    "<?php",
    "?>",
    "<!DOCTYPE r>",
    "{{",
    "}}",
    "{{#if a}}",
    "{{else}}",
    "{{/if}}",
    "{%",
    "%}",
    "{% if a %}",
    "{% else %}",
    "{% endif %}",
    "<%",
    "%>",
    "<%=",
    "${",
    "}",
    "$a.b(",
    ")",
    "#if(",
    "#else",
    "#end",
    "##",
    "#*",
    "*#",
    "輪番",
    "\u{FEFF}",
    "\u{7F}",
    "\0",
    " ",
    "\n",
    "'",
];

fn settings() -> impl Strategy<Value = Settings> {
    (any::<[bool; 4]>()).prop_map(|[strict, strict_placeholders, inline, based]| Settings {
        strict,
        strict_placeholders,
        inline,
        base_url: based.then(|| "https://example.com/voice/".to_owned()),
        ..Settings::default()
    })
}

fn check(settings: Settings, name: &str, bytes: Vec<u8>) {
    let linter = Linter::new(settings).expect("settings that make sense");
    for report in finish(vec![linter.read(Some(name), bytes)]) {
        let text = report.text().unwrap_or_default();
        for finding in &report.findings {
            let span = finding.span;
            assert!(text.get(span.range()).is_some(), "{finding:?} in {text:?}");
            assert!(report.position(span.start).line > 0);
            let around = report.around(span.start).unwrap_or_default();
            assert!(text[around.1 as usize..].starts_with(around.0));
            for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
                assert!(text.get(edit.span.range()).is_some(), "{finding:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn pieces_in_any_order_end_in_findings(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40),
        name in prop::sample::select(&["a.xml", "a.xml.erb", "a.vm", "a.j2", "a.hbs", "a.php"][..]),
        settings in settings(),
    ) {
        check(settings, name, pieces.concat().into_bytes());
    }

    #[test]
    fn any_bytes_end_in_findings(bytes in prop::collection::vec(any::<u8>(), 0..200), settings in settings()) {
        check(settings, "a.xml", bytes);
    }

    #[test]
    fn a_document_with_any_bytes_in_it_ends_in_findings(
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        at in 0_usize..60,
    ) {
        let mut document = b"<Response><Gather action='/a'><Say>hello</Say></Gather></Response>".to_vec();
        document.splice(at..at, bytes);
        check(Settings::default(), "a.xml", document);
    }
}

/// Counted from the start, character by character.
fn slowly(text: &str, offset: usize) -> Position {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.split('\n').next_back().unwrap_or_default();
    let marks = usize::from(!before.contains('\n') && line.starts_with('\u{FEFF}'));
    Position {
        line: u32::try_from(before.split('\n').count()).expect("short"),
        column: u32::try_from(line.chars().count() - marks + 1).expect("short"),
    }
}

proptest! {
    #[test]
    fn places_are_what_counting_from_the_start_gives(
        piece in "[a\u{FEFF}\n あ\u{1F600}]{1,9}",
        repeated in 1usize..3000,
        offset in 0usize..30_000,
    ) {
        let text = piece.repeat(repeated);
        let linter = Linter::new(Settings::default()).expect("settings that make sense");
        let report = finish(vec![linter.read(None, text.clone().into_bytes())]).remove(0);
        prop_assert_eq!(report.position(u32::try_from(offset).expect("small")), slowly(&text, offset));
        let end = u32::try_from(text.len()).expect("short");
        prop_assert_eq!(report.position(end), slowly(&text, text.len()));
    }
}

/// Inputs made to cost time. A debug build is some twenty times slower than what people run.
#[test]
fn hostile_inputs_are_refused_or_read_in_bounded_time() {
    const PATIENCE: Duration = Duration::from_secs(20);
    let huge = 1 << 20;
    let many = |piece: &str| piece.repeat(huge / piece.len());
    let around = |inner: String| format!("<Response><Say>{inner}</Say></Response>");
    let inputs = [
        ("levels", "<Response>".repeat(10_000)),
        (
            "attribute",
            format!("<Response><Say voice=\"{}\">a</Say></Response>", many("a")),
        ),
        (
            "attributes",
            format!(
                "<Response><Say {}>a</Say></Response>",
                (0..100_000)
                    .map(|n| format!("a{n}='' "))
                    .collect::<String>()
            ),
        ),
        ("text", around(many("輪番"))),
        ("comment", format!("<Response><!--{}", many("-a"))),
        ("ampersands", around(many("&"))),
        ("references", around(many("&amp;"))),
        ("quotes", format!("<Response a={}", many("'\""))),
        ("less than", many("<")),
        ("braces", around(many("{{"))),
        ("brackets", around(many("#if("))),
        ("dollars", around(many("${"))),
        ("references of Velocity", around(many("$a.b("))),
        ("erb", around(many("<%"))),
        ("erb closed", around(many("<%a%>"))),
        ("comments of Jinja", around(many("{% comment %}"))),
        ("conditionals", around(many("{% if a %}{% else %}"))),
        (
            "plays",
            format!("<Response>{}</Response>", many("<Play>/a.mp3</Play>")),
        ),
        (
            "gathers",
            format!("<Response>{}</Response>", many("<Gather/>")),
        ),
        ("says", format!("<Response>{}</Response>", many("<Say/>"))),
        (
            "numbers",
            format!(
                "<Response><Dial>{}</Dial></Response>",
                many("<Number>+815012345678</Number>")
            ),
        ),
        (
            "redirects",
            format!(
                "<Response>{}</Response>",
                many("<Redirect>a.xml</Redirect>")
            ),
        ),
        ("digits", around(many("12345 "))),
        (
            "suppressions",
            format!(
                "<Response>{}</Response>",
                many("<!-- twiml-lint: disable=TW101 -->\n")
            ),
        ),
        (
            "suppressions on one line",
            format!(
                "<Response>{}</Response>",
                many("<!-- twiml-lint: disable=TW101 -->").repeat(6)
            ),
        ),
        (
            "codes in one comment",
            format!(
                "<Response><!-- twiml-lint: disable={}--></Response>",
                many("TW101,")
            ),
        ),
        (
            "bombs",
            format!("<!DOCTYPE r [{}]><Response/>", many("<!ENTITY a '&a;&a;'>")),
        ),
        ("zeros", many("\0")),
    ];
    for (name, input) in inputs {
        let started = Instant::now();
        check(Settings::default(), "a.xml", input.into_bytes());
        let taken = started.elapsed();
        assert!(taken < PATIENCE, "{name} took {taken:?}");
        eprintln!("{name}: {taken:?}");
    }
}
