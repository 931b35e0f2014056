//! The parser held against quick-xml: what it reads, quick-xml reads too, and reads the same in it; what quick-xml refuses,
//! it refuses. quick-xml lets much pass that XML forbids, so that the converse holds only for what both look for.

use proptest::prelude::*;
use quick_xml::{Reader, escape::unescape, events::BytesStart, events::Event};
use twiml_lint::{Content, Document, Element, ParseErrorKind};

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Start(String, Vec<(String, String)>),
    End,
    Text(String),
    CData(String),
    Comment(String),
    Instruction(String),
}

fn by_quick_xml(source: &str) -> Result<Vec<Token>, String> {
    let mut reader = Reader::from_str(source.strip_prefix('\u{FEFF}').unwrap_or(source));
    reader.config_mut().check_comments = true;
    let mut tokens = Vec::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => tokens.push(start(&tag)?),
            Event::Empty(tag) => tokens.extend([start(&tag)?, Token::End]),
            Event::End(_) => tokens.push(Token::End),
            Event::Text(text) => push_text(&mut tokens, &lines(&text)),
            Event::GeneralRef(name) => {
                let text = unescape(&format!("&{};", &*name))
                    .map_err(|error| error.to_string())?
                    .into_owned();
                push_text(&mut tokens, &text);
            }
            Event::CData(text) => tokens.push(Token::CData(lines(&text))),
            Event::Comment(text) => tokens.push(Token::Comment(text.to_string())),
            Event::PI(text) => tokens.push(Token::Instruction(text.to_string())),
            Event::Decl(_) | Event::DocType(_) => {}
            Event::Eof => return Ok(tokens),
        }
    }
}

fn start(tag: &BytesStart<'_>) -> Result<Token, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = lines(&attribute.value).replace(['\n', '\t'], " ");
        let value = unescape(&value).map_err(|error| error.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Token::Start(tag.name().as_ref().to_owned(), attributes))
}

/// Joins texts that follow each other. Blanks outside the root are no text of ours.
fn push_text(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        Some(Token::Text(before)) => before.push_str(text),
        _ => tokens.push(Token::Text(text.to_owned())),
    }
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn by_us<'d>(contents: impl Iterator<Item = Content<'d, 'd>>, tokens: &mut Vec<Token>) {
    for content in contents {
        match content {
            Content::Element(element) => {
                tokens.push(Token::Start(element.name().to_owned(), attributes(element)));
                by_us(element.children(), tokens);
                tokens.push(Token::End);
            }
            Content::Text(text, _) => tokens.push(Token::Text(text.to_owned())),
            Content::CData(text, _) => tokens.push(Token::CData(text.to_owned())),
            Content::Comment(text, _) => tokens.push(Token::Comment(text.to_owned())),
            Content::Instruction(text, _) => tokens.push(Token::Instruction(text.to_owned())),
        }
    }
}

fn attributes(element: Element<'_, '_>) -> Vec<(String, String)> {
    element
        .attributes()
        .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
        .collect()
}

/// Takes the blanks around the root out: they are tokens of quick-xml's only.
fn within_root(tokens: Vec<Token>) -> Vec<Token> {
    let mut depth = 0;
    let mut is_inside = |token: &Token| {
        match token {
            Token::Start(..) => depth += 1,
            Token::End => depth -= 1,
            Token::Text(_) => return depth > 0,
            _ => {}
        }
        true
    };
    tokens
        .into_iter()
        .filter(|token| is_inside(token))
        .collect()
}

/// Whether quick-xml looks for this too.
fn is_common(kind: &ParseErrorKind) -> bool {
    matches!(
        kind,
        ParseErrorKind::Markup(_)
            | ParseErrorKind::MismatchedEnd { .. }
            | ParseErrorKind::UnmatchedEnd(_)
            | ParseErrorKind::DoubleHyphenInComment
            | ParseErrorKind::MissingValue(_)
            | ParseErrorKind::UnquotedValue(_)
            | ParseErrorKind::DuplicateAttribute(_)
    )
}

fn check(source: &str) -> Result<bool, TestCaseError> {
    let reference = by_quick_xml(source);
    match Document::parse(source) {
        Ok(document) => {
            let mut tokens = Vec::new();
            by_us(document.top(), &mut tokens);
            let reference = reference.map(within_root);
            prop_assert_eq!(Ok(tokens), reference, "{:?}", source);
            Ok(true)
        }
        Err(error) => {
            let is_alone = is_common(&error.kind) && reference.is_ok();
            prop_assert!(!is_alone, "{source:?}: {error}, but quick-xml reads it");
            Ok(false)
        }
    }
}

#[test]
fn both_read_the_same() {
    for source in [
        "<?xml version='1.0'?><R a = '1&amp;2' b=\"x\r\ny\"/>",
        "<R>a&#x8F2A;b\r\nc<!-- x --><![CDATA[<&\r]]>&lt;<?p i?></R>",
        "\u{FEFF}<!-- a --> <R> <S/>\n<T>x</T > </R> ",
        "<R a='>' b='/>' c=\"'\"><S d='/R>'/></R>",
    ] {
        match check(source) {
            Ok(is_read) => assert!(is_read, "{source:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Pieces that go well together more often than not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => Just("<a>"), 6 => Just("</a>"), 4 => Just("<b/>"), 3 => Just("<a x='1'>"), 3 => Just("<a x=\"&lt;'\ty\" y = ''/>"),
        3 => Just("text"), 3 => Just("番"), 3 => Just(" "), 3 => Just("&amp;"), 3 => Just("&#65;"), 2 => Just("\r"),
        2 => Just("\n"), 2 => Just("<!-- c -->"), 2 => Just("<![CDATA[<x>&]]>"), 2 => Just("<?p x?>"), 1 => Just("<!--"),
        1 => Just("-->"), 1 => Just("<![CDATA["), 1 => Just("]]>"), 1 => Just("?>"), 1 => Just("<"), 1 => Just(">"),
        1 => Just("</"), 1 => Just("/>"), 1 => Just("\""), 1 => Just("'"), 1 => Just("="), 1 => Just("-"), 1 => Just("&"),
        1 => Just(";"), 1 => Just("<a "), 1 => Just("x='2' "), 1 => Just("/"), 1 => Just("!"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_we_read_quick_xml_reads_alike(inner in pieces()) {
        check(&format!("<a>{inner}</a>"))?;
    }

    #[test]
    fn anywhere_in_a_document(before in pieces(), after in pieces()) {
        check(&format!("{before}<a>x</a>{after}"))?;
    }
}
