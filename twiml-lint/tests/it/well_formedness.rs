//! The parser refuses what XML 1.0 forbids, and reads back whatever a document was rendered from.

use std::{fmt::Write as _, fs, path::Path};

use proptest::prelude::*;
use twiml_lint::{Content, Document, Element, MAX_BYTES, MAX_DEPTH};

fn refusal(source: &str) -> String {
    match Document::parse(source) {
        Ok(document) => panic!("{source:?} was read as {document:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_xml_forbids_is_refused_with_place_and_remedy() {
    let check = |source: &str, place: &str, says: &str| {
        let error = refusal(source);
        assert!(
            error.starts_with(&format!("{place}: ")),
            "{source:?}: {error}"
        );
        assert!(error.contains(says), "{source:?}: {error}");
    };
    check("", "1:1", "there is no element");
    check(" \n<!-- x -->\n", "3:1", "there is no element");
    check("\n<?xml version=\"1.0\"?><R/>", "2:1", "very start");
    check("<R/><?xml version=\"1.0\"?>", "1:5", "very start");
    check("\u{FEFF}\n<?xml version=\"1.0\"?><R/>", "2:1", "very start");
    check("\u{FEFF}\u{FEFF}<R/>", "1:2", "outside the root");
    check(
        "<?xml encoding=\"UTF-8\"?><R/>",
        "1:1",
        "declaration is malformed",
    );
    check(
        "<?xml version=\"2.0\"?><R/>",
        "1:1",
        "declaration is malformed",
    );
    check(
        "<?xml version='1.0' standalone='maybe'?><R/>",
        "1:1",
        "declaration is malformed",
    );
    check("<?xml?><R/>", "1:1", "declaration is malformed");
    check("<?XML version='1.0'?><R/>", "1:1", "is not a name");
    check("x<R/>", "1:1", "outside the root");
    check("<R/>\nx", "2:1", "outside the root");
    check("<R/>&amp;", "1:5", "outside the root");
    check("<R/><![CDATA[]]>", "1:5", "outside the root");
    check("<R/><S/>", "1:5", "a document has one root");
    check("<R><S></R>", "1:7", "expected </S>");
    check("<R></r>", "1:4", "expected </R>");
    check("<R>\n <Say>", "2:2", "write </Say>");
    check("</R>", "1:1", "closes nothing");
    check("<R></R></R>", "1:8", "closes nothing");
    check("<R></ R>", "1:4", "end tag holds only");
    check("<R></R a='1'>", "1:4", "end tag holds only");
    check("<1Say/>", "1:1", "is not a name");
    check("<R>a < b</R>", "1:6", "is not a name");
    check("<R><></></R>", "1:4", "is not a name");
    check("<R a/>", "1:4", "write a=\"...\"");
    check("<R a=1/>", "1:6", "not in quotes");
    check("<R a=/>", "1:6", "not in quotes");
    check("<R a='1'b='2'/>", "1:9", "a blank is missing");
    check("<R a='1' a='1'/>", "1:10", "given twice");
    check("<R a='<'/>", "1:7", "write &lt;");
    check("<R a='x?a=1&b=2'/>", "1:12", "write &amp;");
    check("<R>当番 & 輪番</R>", "1:7", "write &amp;");
    check("<R>a &b<S/>;</R>", "1:6", "write &amp;");
    check("<R>&amp;&nbsp;</R>", "1:9", "&nbsp; is unknown");
    check("<R>&#0;</R>", "1:4", "no character that XML allows");
    check("<R>\u{8}</R>", "1:4", "U+0008 is forbidden");
    check("<R>\u{FFFE}</R>", "1:4", "U+FFFE is forbidden");
    check("<R>]]></R>", "1:4", "write ]]&gt;");
    check("<R><!-- a -- b --></R>", "1:11", "-- stands in a comment");
    check("<R><!-- a ---></R>", "1:11", "-- stands in a comment");
    check("<R><!-- a </R>", "1:4", "comment not closed");
    check("<R><![CDATA[</R>", "1:4", "CDATA not closed");
    check("<R><![cdata[]]></R>", "1:4", "");
    check("<R><!x></R>", "1:4", "");
    check("<R><?p </R>", "1:4", "not closed");
    check("<R", "1:1", "tag not closed");
    check("<R a='></R>", "1:1", "not closed");
    check("<!DOCTYPE R><R/>", "1:1", "DOCTYPE is not accepted");
    check(
        "<!DOCTYPE R [<!ENTITY u \"x\">]><R>&u;</R>",
        "1:1",
        "DOCTYPE is not accepted",
    );
    check("<!doctype html><R/>", "1:1", "DOCTYPE is not accepted");
}

#[test]
fn what_xml_allows_is_read() {
    for source in [
        "<R/>",
        "\u{FEFF}<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\r\n<R />\n",
        "<!-- before --><?p i?><R></R ><!-- after -->\n<?p?>",
        "<輪番 属性='値'>当番</輪番>",
        "<a:b xml:lang='ja' xmlns:a='x'>&#x1F4DE;</a:b>",
        "<R a='>' b=\"'\">a > b ]] > ]]&gt;</R>",
        "<R><![CDATA[<&]] >]]></R>",
        "<R><!----></R>",
    ] {
        if let Err(error) = Document::parse(source) {
            panic!("{source:?}: {error}");
        }
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(Document::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(refusal(&nested(MAX_DEPTH + 1)).contains("deep"));
    let long = |length: usize| format!("<a>{}</a>", "x".repeat(length - 7));
    assert!(Document::parse(&long(MAX_BYTES)).is_ok());
    assert!(refusal(&long(MAX_BYTES + 1)).contains("larger than"));
}

#[test]
fn the_fixtures_are_judged_as_their_folders_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/twiml");
    let files = |name: &str| {
        let listing = fs::read_dir(folder.join(name)).expect("the fixtures are in the repository");
        let paths: Vec<_> = listing
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
            .collect();
        assert!(!paths.is_empty(), "no fixtures in {name}");
        paths
    };
    for path in files("well-formed") {
        let source = fs::read_to_string(&path).expect("UTF-8");
        let document = Document::parse(&source).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(document.root().name(), "Response", "{path:?}");
    }
    for path in files("malformed") {
        let source = fs::read_to_string(&path).expect("UTF-8");
        let expected =
            fs::read_to_string(path.with_extension("txt")).expect("each has its error beside it");
        assert_eq!(refusal(&source), expected.trim_end(), "{path:?}");
    }
}

/// An element as a test makes it up.
#[derive(Clone, Debug, PartialEq)]
struct Tree {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Tree(Tree),
    Text(String),
    CData(String),
    Comment(String),
}

impl Tree {
    fn render(&self, into: &mut String) {
        let _ = write!(into, "<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(into, "\n {name} = \"{}\"", escape(value));
        }
        into.push('>');
        for child in &self.children {
            match child {
                Part::Tree(tree) => tree.render(into),
                Part::Text(text) => into.push_str(&escape(text)),
                Part::CData(text) => *into += &format!("<![CDATA[{text}]]>"),
                Part::Comment(text) => *into += &format!("<!--{text}-->"),
            }
        }
        let _ = write!(into, "</{} >", self.name);
    }

    fn read(element: Element<'_, '_>) -> Self {
        let part = |content: Content<'_, '_>| match content {
            Content::Element(element) => Part::Tree(Self::read(element)),
            Content::Text(text, _) => Part::Text(text.to_owned()),
            Content::CData(text, _) => Part::CData(text.to_owned()),
            Content::Comment(text, _) => Part::Comment(text.to_owned()),
            Content::Instruction(..) => panic!("none was rendered"),
        };
        let pair = |a: twiml_lint::Attribute<'_, '_>| (a.name().to_owned(), a.value().to_owned());
        Self {
            name: element.name().to_owned(),
            attributes: element.attributes().map(pair).collect(),
            children: element.children().map(part).collect(),
        }
    }

    /// Two texts in a row are one text.
    fn join_texts(mut self) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in self.children {
            match (joined.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, Part::Tree(tree)) => joined.push(Part::Tree(tree.join_texts())),
                (_, part) => joined.push(part),
            }
        }
        self.children = joined;
        self
    }
}

/// Writes white space but the blank as references too: literal line ends and tabs are normalized.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' | '<' | '>' | '"' | '\r' | '\n' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
        out
    })
}

fn trees() -> impl Strategy<Value = Tree> {
    let name = "[A-Za-z_輪][A-Za-z0-9_.番-]{0,6}";
    let attributes = prop::collection::btree_map(name, "[ -~\t\r\n当番]{0,9}", 0..4)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>());
    let bare = (name, attributes.clone()).prop_map(|(name, attributes)| Tree {
        name,
        attributes,
        children: Vec::new(),
    });
    bare.prop_recursive(4, 40, 5, move |inner| {
        let part = prop_oneof![
            inner.prop_map(Part::Tree),
            "[ -~\t\r\n輪番📞]{1,12}".prop_map(Part::Text),
            "[ -\\\\^-~輪番]{0,12}".prop_map(Part::CData),
            "[ -,.-~輪番]{0,12}".prop_map(Part::Comment),
        ];
        (name, attributes.clone(), prop::collection::vec(part, 0..5)).prop_map(
            |(name, attributes, children)| Tree {
                name,
                attributes,
                children,
            },
        )
    })
}

proptest! {
    #[test]
    fn what_was_rendered_is_read_back(tree in trees()) {
        let mut source = String::new();
        tree.render(&mut source);
        let document = Document::parse(&source)
            .map_err(|error| TestCaseError::fail(format!("{source}: {error}")))?;
        prop_assert_eq!(Tree::read(document.root()), tree.join_texts());
        prop_assert_eq!(document.root().span().range(), 0..source.len());
    }

    #[test]
    fn no_text_makes_it_panic(source in any::<String>()) {
        let _ = Document::parse(&source);
    }

    #[test]
    fn no_heap_of_markup_makes_it_panic(pieces in prop::collection::vec(prop_oneof![
        Just("<"), Just(">"), Just("</"), Just("/>"), Just("<!--"), Just("-->"), Just("<![CDATA["), Just("]]>"),
        Just("<?"), Just("?>"), Just("<?xml"), Just("xml"), Just("<!DOCTYPE"), Just("<!"), Just("["), Just("&"),
        Just("&#"), Just(";"), Just("="), Just("\""), Just("'"), Just(" "), Just("\r"), Just("a"), Just("番"),
        Just("\u{FEFF}"), Just("\0"), Just("<a>"), Just("</a>"), Just("-"),
    ], 0..24)) {
        let source = pieces.concat();
        if let Err(error) = Document::parse(&source) {
            prop_assert!(error.offset <= source.len());
        }
    }

    #[test]
    fn a_broken_document_is_refused_or_still_consistent(tree in trees(), at in any::<prop::sample::Index>()) {
        let mut source = String::new();
        tree.render(&mut source);
        let cut: Vec<_> = source.char_indices().map(|(offset, _)| offset).collect();
        source.remove(cut[at.index(cut.len())]);
        if let Ok(document) = Document::parse(&source) {
            for element in document.elements() {
                prop_assert_eq!(&source[element.name_span().range()], element.name());
                prop_assert!(element.parent().is_none_or(|parent| parent.span().start < element.span().start
                    && element.span().end < parent.span().end));
            }
        }
    }
}
