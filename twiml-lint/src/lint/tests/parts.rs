//! A document that is read part by part ends in what it ends in as a whole.

use proptest::prelude::*;

use super::*;
use crate::{Content, Document};

/// What may stand in the root. Each rule that looks back, ahead or over the whole document has something to find in some order
/// of these.
const VERBS: [&str; 40] = [
    "<Say>hello</Say>",
    "<Say language='ja-JP'>障害 12345678</Say>",
    "<Say digits='1'/>",
    "<Play>https://example.com/a.mp3?a=1&amp;b=2</Play>",
    "<Play>/a.mp3</Play>",
    "<Play digits='1'/>",
    "<Pause/>",
    "<Pause length='x' length2='y'/>",
    "<Gather/>",
    "<Gather action='https://example.com/next/'><Say>press</Say></Gather>",
    "<Gather action='/next' input='speech' actionOnEmptyResult='true'><Play>b.mp3</Play></Gather>",
    "<Dial>+815012345678</Dial>",
    "<Dial action='https://example.com/next'><Number>1</Number>text<Number>1</Number></Dial>",
    "<Record action='next'/>",
    "<Connect><Stream url='wss://example.com/&amp;'/></Connect>",
    "<Redirect>menu.xml</Redirect>",
    "<Redirect>https://example.com/next</Redirect>",
    "<Redirect/>",
    "<Reject/>",
    "<Hangup/>",
    "<Message>text</Message>",
    "<Message><Body>text</Body><Media>/a.png</Media></Message>",
    "<Receive action='/fax'/>",
    "<say>hello</say>",
    "<Unknown a='1'><Say>hello</Say></Unknown>",
    "<Response/>",
    "{% if a %}",
    "{% endif %}",
    "<Say>{{ text }}</Say>",
    "<Play>{{ host }}/a.mp3</Play>",
    "text",
    "&amp;",
    "\u{3000}",
    "<![CDATA[text]]>",
    "<!-- note -->",
    "<!-- twiml-lint: disable=TW101,TW302 -->",
    "<!-- twiml-lint: disable=relative-redirect-url,TW301,TW000 -->",
    "\n  ",
    "\r\n",
    "\n",
];

/// With all rules on.
fn all_rules() -> Settings {
    let mut settings = Settings {
        strict: true,
        inline: true,
        ..Settings::default()
    };
    for rule in rules::ALL {
        let level = rule.strict.max(Level::Info);
        settings.severity.insert(rule.code.to_owned(), level);
    }
    settings
}

/// Reads a file in parts of so many elements.
fn read(settings: &Settings, part: usize, name: &str, text: &str) -> Checked {
    let linter = Linter {
        part,
        ..Linter::new(settings.clone()).expect("settings that make sense")
    };
    linter.read(Some(name), text.as_bytes().to_vec())
}

/// Holds what was read of files in parts against what is read of them as a whole.
fn compare(settings: &Settings, files: &[(&str, &str)]) {
    let whole = |&(name, text): &(&str, &str)| read(settings, usize::MAX, name, text);
    let expected: Vec<Checked> = files.iter().map(whole).collect();
    let facts: Vec<_> = expected.iter().map(|file| file.facts.clone()).collect();
    let traits = |file: &Checked| (file.is_twiml, file.is_broken);
    let all_traits: Vec<_> = expected.iter().map(traits).collect();
    let findings = |files: Vec<Checked>| {
        let reports = finish(files).into_iter();
        reports.map(|report| report.findings).collect::<Vec<_>>()
    };
    let expected = findings(expected);
    for part in 1..4 {
        let in_parts = |&(name, text): &(&str, &str)| read(settings, part, name, text);
        let read: Vec<Checked> = files.iter().map(in_parts).collect();
        for ((file, facts), traits_as_whole) in read.iter().zip(&facts).zip(&all_traits) {
            assert_eq!(&file.facts, facts, "parts of {part}: {files:#?}");
            assert_eq!(traits(file), *traits_as_whole);
        }
        assert_eq!(findings(read), expected, "parts of {part}: {files:#?}");
    }
}

#[test]
fn the_examples_of_all_rules_are_judged_alike() {
    for rule in rules::ALL {
        for example in [&rule.bad, &rule.good] {
            let mut settings = all_rules();
            compare(&settings, example.files);
            for (key, value) in example.settings {
                settings.set(key, value).expect("a setting");
            }
            compare(&settings, example.files);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn verbs_in_any_order_are_judged_alike(
        verbs in prop::collection::vec(prop::sample::select(&VERBS[..]), 0..12),
        before in prop::sample::select(&["", "<!-- twiml-lint: disable=TW101 -->", "<?xml version='1.0'?>\n", "\u{FEFF}"][..]),
        after in prop::sample::select(&["", "\n<!-- twiml-lint: disable=TW303 -->\n", "<Response/>", "text", "&"][..]),
        start in prop::sample::select(&["<Response>", "<Response a='1' Method='x'>", "<response>", "<a>"][..]),
        is_based in any::<bool>(),
    ) {
        let end = start.split(['<', '>', ' ']).nth(1).unwrap_or_default();
        let text = format!("{before}{start}{}</{end}>{after}", verbs.concat());
        let settings = Settings {
            base_url: is_based.then(|| "https://example.com/".to_owned()),
            ..all_rules()
        };
        compare(&settings, &[("menu.xml", &text)]);
    }

    #[test]
    fn the_parts_hold_what_the_whole_holds(verbs in prop::collection::vec(prop::sample::select(&VERBS[..]), 0..12)) {
        let text = format!("<!-- a --><Response b='c'>{}</Response><?d?>", verbs.concat());
        let whole = Document::parse(&text).expect("well-formed");
        let expected: Vec<_> = contents(&whole).collect();
        for part in 1..4 {
            let mut parser = Parser::new(&text, Limits::FILE, None).expect("a document");
            let mut read = Vec::new();
            let mut is_first = true;
            while !parser.is_over() {
                parser.advance(part).expect("well-formed");
                let root = parser.part().root();
                prop_assert_eq!(root.name(), "Response");
                prop_assert_eq!(root.attributes().len(), usize::from(is_first));
                let inner: Vec<_> = root.children().collect();
                let is_text = |content: &Content<'_, '_>| match content {
                    Content::Text(text, _) => !text.trim_matches(parse::BLANKS).is_empty(),
                    content => matches!(content, Content::CData(..)),
                };
                prop_assert!(root.holds_text() || !inner.iter().any(is_text), "{inner:?}");
                prop_assert!(!root.holds_text() || inner.iter().any(|one| !matches!(one, Content::Element(_))));
                read.extend(contents(parser.part()));
                is_first = false;
            }
            prop_assert_eq!(&read, &expected);
        }
    }
}

/// What stands around and in the root, but for the root itself.
fn contents(document: &Document<'_>) -> impl Iterator<Item = String> {
    let of = |content: Content<'_, '_>| match content {
        Content::Element(root) if root.index() == 0 => {
            root.children().map(|child| format!("{child:?}")).collect()
        }
        other => vec![format!("{other:?}")],
    };
    document.top().flat_map(of)
}

#[test]
fn what_was_found_in_the_first_parts_of_a_broken_document_is_no_finding() {
    let text = format!("<Response>{}<Say>", "<Play>/a.mp3</Play>".repeat(2_000));
    let checked = read(&all_rules(), parse::PART, "menu.xml", &text);
    let codes: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| finding.rule.code)
        .collect();
    assert_eq!(codes, ["TW001"]);
    assert!(checked.facts.addresses.is_empty() && checked.is_broken());
}

#[test]
fn a_long_document_is_judged_in_the_memory_of_a_part() {
    let verbs = "<Say>hello</Say><Play>https://example.com/a.mp3</Play>".repeat(20_000);
    let text = format!("<Response>{verbs}</Response>");
    let mut parser = Parser::new(&text, Limits::FILE, None).expect("a document");
    let (mut parts, mut elements) = (0, 0);
    while !parser.is_over() {
        parser.advance(parse::PART).expect("well-formed");
        let read = parser.part().elements().len() - 1;
        assert!(read <= parse::PART, "{read}");
        parts += 1;
        elements += read;
    }
    assert_eq!(elements, 40_000);
    assert_eq!(parts, 40_000_usize.div_ceil(parse::PART));
}
