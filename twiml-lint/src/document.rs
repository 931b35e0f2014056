//! A document as it was read: elements, attributes and texts in the order of the source, each with its span.
//!
//! What is handed out here are small handles into the lists of [`layout`]; names and most texts borrow from the source.

mod layout;
mod place;

use std::{borrow::Cow, fmt, ops::Range};

use crate::{
    grammar::names::NameId,
    parse::{self, Limits, ParseError},
};

pub(crate) use layout::{AttributeRecord, ElementRecord, Kind, Layout, NONE, Node, Reading};
pub use place::{LineIndex, Position, Span};
pub(crate) use place::{Walk, index};

/// A well-formed XML document.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    source: &'a str,
    pub(crate) layout: Layout,
}

/// An element of a document.
#[derive(Clone, Copy)]
pub struct Element<'d, 'a> {
    document: &'d Document<'a>,
    index: u32,
}

/// One attribute of an element.
#[derive(Clone, Copy)]
pub struct Attribute<'d, 'a> {
    document: &'d Document<'a>,
    record: &'d AttributeRecord,
}

/// The attributes of an element, in the order of the source; names are unique.
#[derive(Clone)]
pub struct Attributes<'d, 'a> {
    document: &'d Document<'a>,
    records: std::slice::Iter<'d, AttributeRecord>,
}

/// What stands between the tags of an element.
#[derive(Clone, Copy, Debug)]
pub enum Content<'d, 'a> {
    /// An element.
    Element(Element<'d, 'a>),
    /// Text with its references resolved and its line ends as `\n`. Never empty; two texts never follow each other.
    Text(&'d str, Span),
    /// What a CDATA section holds.
    CData(&'d str, Span),
    /// What a comment holds.
    Comment(&'a str, Span),
    /// What a processing instruction holds, its target included.
    Instruction(&'a str, Span),
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        self.layout.recycle();
    }
}

impl<'a> Document<'a> {
    /// Reads a document.
    ///
    /// Well-formed means XML 1.0 without a DOCTYPE: the carrier needs none, and what it could declare (entities) is a
    /// way to attack whoever expands it. Names are not resolved against namespaces. Size, depth and the number of
    /// attributes are bounded, by far more than the carrier's own 64 kB (error 11750) allow.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and its remedy.
    pub fn parse(source: &'a str) -> Result<Self, ParseError> {
        Self::parse_within(source, Limits::DOCUMENT)
    }

    /// Reads a document within other limits.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_within(source: &'a str, limits: Limits) -> Result<Self, ParseError> {
        parse::parse(source, limits)
    }

    /// A document of which nothing has been read.
    pub(crate) fn new(source: &'a str) -> Self {
        Self {
            source,
            layout: Layout::spare(),
        }
    }

    /// The text that was read.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The root element.
    pub fn root(&self) -> Element<'_, 'a> {
        self.element(0)
    }

    /// All elements, in the order of their start tags.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = Element<'_, 'a>> {
        (0..index(self.layout.elements.len())).map(|index| self.element(index))
    }

    /// What stands at the top: the root element, and the comments and instructions around it.
    pub fn top(&self) -> impl Iterator<Item = Content<'_, 'a>> {
        let layout = &self.layout;
        Siblings {
            document: self,
            // There is no text at the top.
            at: None,
            elements: 0..index(layout.elements.len()),
            nodes: 0..index(layout.nodes.len()),
        }
    }

    /// What all comments hold, in the order of the source.
    pub(crate) fn comments(&self) -> impl Iterator<Item = &'a str> {
        let comments = |node: &&Node| matches!(node.kind, Kind::Comment);
        let nodes = self.layout.nodes.iter().filter(comments);
        nodes.map(|node| {
            self.at(Span {
                start: node.span.start + 4,
                end: node.span.end - 3,
            })
        })
    }

    /// Line and column of a byte of the source. Takes time linear in `offset`; for many positions there is [`LineIndex`].
    pub fn position(&self, offset: u32) -> Position {
        Position::of(self.source, offset as usize)
    }

    fn element(&self, index: u32) -> Element<'_, 'a> {
        Element {
            document: self,
            index,
        }
    }

    fn content(&self, node: Node) -> Content<'_, 'a> {
        let span = node.span;
        // What a node holds, without the marks at its ends.
        let inner = |before: u32, after: u32| {
            self.at(Span {
                start: span.start + before,
                end: span.end - after,
            })
        };
        let decoded = &self.layout.decoded;
        match node.kind {
            Kind::Text(reading) => Content::Text(decoded.read(reading, self.at(span)), span),
            Kind::CData(reading) => Content::CData(decoded.read(reading, inner(9, 3)), span),
            Kind::Comment => Content::Comment(inner(4, 3), span),
            Kind::Instruction => Content::Instruction(inner(2, 2), span),
        }
    }

    fn at(&self, span: Span) -> &'a str {
        &self.source[span.range()]
    }
}

impl<'d, 'a> Element<'d, 'a> {
    /// The name as written.
    pub fn name(self) -> &'a str {
        self.document.at(self.name_span())
    }

    /// From the `<` of the start tag to the `>` of the end tag.
    pub fn span(self) -> Span {
        self.record().span
    }

    /// The name in the start tag.
    pub fn name_span(self) -> Span {
        Span {
            start: self.record().span.start + 1,
            end: self.record().name_end,
        }
    }

    /// From the `<` of the start tag to its `>`.
    pub fn start_tag_span(self) -> Span {
        Span {
            start: self.span().start,
            end: self.record().start_tag_end,
        }
    }

    /// The text that the whole document was read from.
    pub fn source(self) -> &'a str {
        self.document.source
    }

    /// The attributes, in the order of the source.
    pub fn attributes(self) -> Attributes<'d, 'a> {
        let Range { start, end } = self.document.layout.attributes(self.index);
        Attributes {
            document: self.document,
            records: self.document.layout.attributes[start as usize..end as usize].iter(),
        }
    }

    /// The attribute of this name.
    pub fn attribute(self, name: &str) -> Option<Attribute<'d, 'a>> {
        self.attributes().find(|attribute| attribute.name() == name)
    }

    /// The attribute of this name, one that TwiML knows.
    pub(crate) fn known(self, name: NameId) -> Option<Attribute<'d, 'a>> {
        self.attributes()
            .find(|attribute| attribute.record.known == name)
    }

    /// The decoded value of the attribute of this name, one that TwiML knows.
    pub(crate) fn known_value(self, name: NameId) -> Option<&'d str> {
        self.known(name).map(Attribute::value)
    }

    /// The text in it, decoded, if it holds one text and nothing else.
    pub(crate) fn sole_text(self) -> Option<&'d str> {
        let record = self.record();
        if record.nodes_end != record.first_node + 1 || self.holds_elements() {
            return None;
        }
        let node = self.document.layout.nodes[record.first_node as usize];
        match node.kind {
            Kind::Text(reading) => {
                let raw = self.document.at(node.span);
                Some(self.document.layout.decoded.read(reading, raw))
            }
            _ => None,
        }
    }

    /// The decoded value of the attribute of this name.
    pub fn value(self, name: &str) -> Option<&'d str> {
        self.attribute(name).map(Attribute::value)
    }

    /// The element around this one.
    pub fn parent(self) -> Option<Self> {
        let parent = self.record().parent;
        (parent != NONE).then(|| self.document.element(parent))
    }

    /// What stands between the tags, in order.
    pub fn children(self) -> impl Iterator<Item = Content<'d, 'a>> {
        let record = self.record();
        Siblings {
            document: self.document,
            at: (record.start_tag_end < record.span.end).then_some(record.start_tag_end),
            elements: self.index + 1..record.elements_end,
            nodes: record.first_node..record.nodes_end,
        }
    }

    /// The elements among the children.
    pub fn child_elements(self) -> impl Iterator<Item = Self> {
        let document = self.document;
        let end = self.record().elements_end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = document.element(next);
                next = child.record().elements_end;
                child
            })
        })
    }

    /// The texts and CDATA sections among the children, joined: what the carrier reads of an element that holds a text
    /// or an address. Comments and instructions between them are skipped.
    pub fn text(self) -> Cow<'d, str> {
        if let Some((text, _)) = self.only_text() {
            return Cow::Borrowed(text);
        }
        let mut joined = Cow::Borrowed("");
        for content in self.children() {
            if let Content::Text(text, _) | Content::CData(text, _) = content {
                joined += text;
            }
        }
        joined
    }

    /// Whether a text or CDATA section stands directly in it that may be more than white space.
    pub(crate) fn holds_text(self) -> bool {
        self.record().holds_text
    }

    /// Whether an element stands directly in it.
    pub(crate) fn holds_elements(self) -> bool {
        self.record().elements_end > self.index + 1
    }

    /// Its text and where that stands, if it holds one text as it is written and nothing else.
    pub(crate) fn only_text(self) -> Option<(&'a str, Span)> {
        let record = self.record();
        if record.nodes_end != record.first_node + 1 || self.holds_elements() {
            return None;
        }
        match self.document.layout.nodes[record.first_node as usize] {
            Node {
                kind: Kind::Text(Reading::AS_WRITTEN),
                span,
            } => Some((self.document.at(span), span)),
            _ => None,
        }
    }

    /// The last of the elements among the children.
    pub(crate) fn last_child_element(self) -> Option<Self> {
        // The last element inside it is the last child, or is inside that one.
        let last = self.document.element(self.record().elements_end - 1);
        std::iter::successors(Some(last), |element| element.parent())
            .take_while(|element| element.index != self.index)
            .last()
    }

    /// Which of the names that TwiML knows it has.
    pub(crate) fn known_name(self) -> NameId {
        self.record().name
    }

    /// Whether it stands directly in the root.
    pub(crate) fn is_below_root(self) -> bool {
        self.record().parent == 0
    }

    /// Its place among the elements of the document, in the order of their start tags.
    pub(crate) fn index(self) -> usize {
        self.index as usize
    }

    fn record(self) -> &'d ElementRecord {
        &self.document.layout.elements[self.index as usize]
    }
}

impl fmt::Debug for Element<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> at {:?}", self.name(), self.span())
    }
}

impl<'d, 'a> Attribute<'d, 'a> {
    /// The name as written.
    pub fn name(self) -> &'a str {
        self.document.at(self.record.name)
    }

    /// Where the name stands.
    pub fn name_span(self) -> Span {
        self.record.name
    }

    /// Which of the names that TwiML knows it has.
    pub(crate) fn known_name(self) -> NameId {
        self.record.known
    }

    /// What stands between the quotes.
    pub fn raw(self) -> &'a str {
        self.document.at(self.record.raw)
    }

    /// The value: references resolved, white space written as such turned to blanks (XML 1.0, 3.3.3).
    pub fn value(self) -> &'d str {
        let decoded = &self.document.layout.decoded;
        decoded.read(self.record.reading, self.raw())
    }

    /// Where the value stands, without its quotes.
    pub fn value_span(self) -> Span {
        self.record.raw
    }
}

impl fmt::Debug for Attribute<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}={:?} at {:?}",
            self.name(),
            self.value(),
            self.name_span()
        )
    }
}

impl<'d, 'a> Iterator for Attributes<'d, 'a> {
    type Item = Attribute<'d, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.records.next().map(|record| Attribute {
            document: self.document,
            record,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl ExactSizeIterator for Attributes<'_, '_> {}

struct Siblings<'d, 'a> {
    document: &'d Document<'a>,
    /// Up to where the text between the tags has been told; `None` where texts are not asked for, or no more can come.
    at: Option<u32>,
    /// Which are left, with the elements below them.
    elements: Range<u32>,
    /// Which are left, with the nodes below the elements.
    nodes: Range<u32>,
}

impl<'d, 'a> Siblings<'d, 'a> {
    /// The white space before the next sibling, or before the end tag.
    fn blank(&mut self, next: Option<u32>) -> Option<Content<'d, 'a>> {
        let start = self.at?;
        let end = next.unwrap_or_else(|| {
            self.at = None;
            let rest = &self.document.source.as_bytes()[start as usize..];
            start + memchr::memchr(b'<', rest).map_or(0, index)
        });
        if start == end {
            return None;
        }
        let span = Span { start, end };
        self.at = self.at.and(next);
        Some(Content::Text(self.document.at(span), span))
    }
}

impl<'d, 'a> Iterator for Siblings<'d, 'a> {
    type Item = Content<'d, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let layout = &self.document.layout;
        let element = self
            .elements
            .clone()
            .next()
            .map(|at| &layout.elements[at as usize]);
        let node = self
            .nodes
            .clone()
            .next()
            .map(|at| &layout.nodes[at as usize]);
        let starts = [
            element.map(|one| one.span.start),
            node.map(|one| one.span.start),
        ];
        let next = starts.into_iter().flatten().min();
        if let Some(blank) = self.blank(next) {
            return Some(blank);
        }
        let (content, end) = match (element, node) {
            (Some(element), _) if next == starts[0] => {
                let content = Content::Element(self.document.element(self.elements.start));
                self.elements.start = element.elements_end;
                self.nodes.start = element.nodes_end;
                (content, element.span.end)
            }
            (_, Some(node)) => {
                self.nodes.start += 1;
                (self.document.content(*node), node.span.end)
            }
            _ => return None,
        };
        self.at = self.at.map(|_| end);
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Document<'_> {
        Document::parse(source).expect("well-formed")
    }

    #[test]
    fn an_address_is_joined_from_its_pieces() {
        let document = parse("<Play>https://e/?a=1&amp;b=2<!-- & --><![CDATA[&c=3]]></Play>");
        assert_eq!(document.root().text(), "https://e/?a=1&b=2&c=3");
        assert_eq!(document.root().children().count(), 3);
    }

    #[test]
    fn a_single_text_is_borrowed() {
        let document = parse("<Say>hello</Say>");
        assert!(matches!(document.root().text(), Cow::Borrowed("hello")));
    }

    #[test]
    fn children_skip_the_subtrees_of_their_siblings() {
        let document = parse("<R><A><B/><B/></A><C/>x</R>");
        let names: Vec<_> = document
            .root()
            .child_elements()
            .map(Element::name)
            .collect();
        assert_eq!(names, ["A", "C"]);
        let all: Vec<_> = document.elements().map(Element::name).collect();
        assert_eq!(all, ["R", "A", "B", "B", "C"]);
        let last = |element: Element<'_, '_>| element.last_child_element().map(|last| last.index());
        let lasts: Vec<_> = document.elements().map(last).collect();
        assert_eq!(lasts, [Some(4), Some(3), None, None, None]);
        let inner = document.elements().nth(2).expect("the first B");
        assert_eq!(inner.parent().map(Element::name), Some("A"));
        assert!(document.root().parent().is_none());
    }

    #[test]
    fn an_element_knows_what_stands_directly_in_it() {
        let check = |inner: &str, text, elements| {
            let source = format!("<R>{inner}</R>");
            let root = parse(&source);
            let holds = (root.root().holds_text(), root.root().holds_elements());
            assert_eq!(holds, (text, elements), "{inner:?}");
        };
        check("", false, false);
        check(" \n\t<!-- x --> <?x?>", false, false);
        check(" \n<A>x</A> ", false, true);
        check(" x", true, false);
        check("<A/>\u{3000}", true, true);
        check("<![CDATA[x]]>", true, false);
        check("&#32;", true, false);
    }

    #[test]
    fn everything_knows_where_it_stands() {
        let source =
            "<?xml version=\"1.0\"?>\n<!-- 輪番 --><R>\n 当番<Say voice = 'a&lt;b' >x</Say></R>";
        let document = parse(source);
        let say = document.elements().nth(1).expect("Say");
        assert_eq!(
            &source[say.span().range()],
            "<Say voice = 'a&lt;b' >x</Say>"
        );
        assert_eq!(&source[say.name_span().range()], "Say");
        assert_eq!(document.position(say.span().start).to_string(), "3:4");
        let voice = say.attribute("voice").expect("voice");
        assert_eq!(&source[voice.name_span().range()], "voice");
        assert_eq!(&source[voice.value_span().range()], "a&lt;b");
        assert_eq!((voice.raw(), voice.value()), ("a&lt;b", "a<b"));
        assert_eq!(
            document.position(voice.value_span().start).to_string(),
            "3:18"
        );
        assert_eq!(document.top().count(), 2);
    }
}
