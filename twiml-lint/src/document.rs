//! A document as it was read: nodes in the order of the source, each with its span.
//!
//! Nodes lie in one list, a parent directly before its first child; each knows where its subtree ends. That makes a
//! document two allocations, whatever its size, and names and texts borrow from the source.

use std::{borrow::Cow, fmt, ops::Range};

use crate::parse::{self, Limits, ParseError};

/// A well-formed XML document.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    source: &'a str,
    nodes: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
    root: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) span: Span,
    /// `u32::MAX` outside the root element.
    pub(crate) parent: u32,
    /// The index after the last node of the subtree.
    pub(crate) end: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Element {
        name: &'a str,
        first_attribute: u32,
        end_attribute: u32,
    },
    Text(Cow<'a, str>),
    CData(Cow<'a, str>),
    Comment(&'a str),
    Instruction(&'a str),
}

/// A range of the source, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A place in the source, as people and editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters (Unicode scalar values).
    pub column: u32,
}

/// One attribute of an element.
#[derive(Clone, Debug)]
pub struct Attribute<'a> {
    pub(crate) name: &'a str,
    pub(crate) name_start: u32,
    pub(crate) raw: &'a str,
    pub(crate) raw_start: u32,
    pub(crate) value: Cow<'a, str>,
}

/// The attributes of an element, in the order of the source; names are unique.
pub type Attributes<'d, 'a> = std::slice::Iter<'d, Attribute<'a>>;

/// An element of a document.
#[derive(Clone, Copy)]
pub struct Element<'d, 'a> {
    document: &'d Document<'a>,
    index: u32,
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

    pub(crate) fn new(
        source: &'a str,
        nodes: Vec<Node<'a>>,
        attributes: Vec<Attribute<'a>>,
        root: u32,
    ) -> Self {
        Self {
            source,
            nodes,
            attributes,
            root,
        }
    }

    /// The text that was read.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The root element.
    pub fn root(&self) -> Element<'_, 'a> {
        Element {
            document: self,
            index: self.root,
        }
    }

    /// All elements, in the order of their start tags.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_, 'a>> {
        (0..index(self.nodes.len()))
            .filter(|&at| matches!(self.nodes[at as usize].kind, Kind::Element { .. }))
            .map(|index| Element {
                document: self,
                index,
            })
    }

    /// What stands at the top: the root element, and the comments and instructions around it.
    pub fn top(&self) -> impl Iterator<Item = Content<'_, 'a>> {
        Siblings {
            document: self,
            next: 0,
            end: index(self.nodes.len()),
        }
    }

    /// Line and column of a byte of the source. Takes time linear in `offset`.
    pub fn position(&self, offset: u32) -> Position {
        Position::of(self.source, offset as usize)
    }

    fn content(&self, index: u32) -> Content<'_, 'a> {
        let node = &self.nodes[index as usize];
        match &node.kind {
            Kind::Element { .. } => Content::Element(Element {
                document: self,
                index,
            }),
            Kind::Text(text) => Content::Text(text, node.span),
            Kind::CData(text) => Content::CData(text, node.span),
            Kind::Comment(text) => Content::Comment(text, node.span),
            Kind::Instruction(text) => Content::Instruction(text, node.span),
        }
    }
}

impl<'d, 'a> Element<'d, 'a> {
    /// The name as written.
    pub fn name(self) -> &'a str {
        self.tag().0
    }

    /// From the `<` of the start tag to the `>` of the end tag.
    pub fn span(self) -> Span {
        self.node().span
    }

    /// The name in the start tag.
    pub fn name_span(self) -> Span {
        let start = self.span().start + 1;
        Span {
            start,
            end: start + index(self.name().len()),
        }
    }

    /// From the `<` of the start tag to its `>`.
    pub fn start_tag_span(self) -> Span {
        let from = self.attributes().last().map_or_else(
            || self.name_span().end,
            |attribute| attribute.value_span().end + 1,
        );
        let rest = &self.document.source.as_bytes()[from as usize..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'>')
            .unwrap_or_default();
        Span {
            start: self.span().start,
            end: from + index(length) + 1,
        }
    }

    /// The text that the whole document was read from.
    pub fn source(self) -> &'a str {
        self.document.source
    }

    /// The attributes, in the order of the source.
    pub fn attributes(self) -> Attributes<'d, 'a> {
        self.tag().1.iter()
    }

    /// The attribute of this name.
    pub fn attribute(self, name: &str) -> Option<&'d Attribute<'a>> {
        self.attributes().find(|attribute| attribute.name == name)
    }

    /// The decoded value of the attribute of this name.
    pub fn value(self, name: &str) -> Option<&'d str> {
        self.attribute(name).map(Attribute::value)
    }

    /// The element around this one.
    pub fn parent(self) -> Option<Self> {
        let parent = self.node().parent;
        (parent != u32::MAX).then_some(Self {
            document: self.document,
            index: parent,
        })
    }

    /// What stands between the tags, in order.
    pub fn children(self) -> impl Iterator<Item = Content<'d, 'a>> {
        Siblings {
            document: self.document,
            next: self.index + 1,
            end: self.node().end,
        }
    }

    /// The elements among the children.
    pub fn child_elements(self) -> impl Iterator<Item = Self> {
        self.children().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The texts and CDATA sections among the children, joined: what the carrier reads of an element that holds a text
    /// or an address. Comments and instructions between them are skipped.
    pub fn text(self) -> Cow<'d, str> {
        let mut joined = Cow::Borrowed("");
        for content in self.children() {
            if let Content::Text(text, _) | Content::CData(text, _) = content {
                joined += text;
            }
        }
        joined
    }

    fn node(self) -> &'d Node<'a> {
        &self.document.nodes[self.index as usize]
    }

    fn tag(self) -> (&'a str, &'d [Attribute<'a>]) {
        match self.node().kind {
            Kind::Element {
                name,
                first_attribute,
                end_attribute,
            } => (
                name,
                &self.document.attributes[first_attribute as usize..end_attribute as usize],
            ),
            _ => unreachable!("an Element is made of element nodes only"),
        }
    }
}

impl fmt::Debug for Element<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> at {:?}", self.name(), self.span())
    }
}

impl<'a> Attribute<'a> {
    /// The name as written.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Where the name stands.
    pub fn name_span(&self) -> Span {
        Span {
            start: self.name_start,
            end: self.name_start + index(self.name.len()),
        }
    }

    /// What stands between the quotes.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// The value: references resolved, white space written as such turned to blanks (XML 1.0, 3.3.3).
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Where the value stands, without its quotes.
    pub fn value_span(&self) -> Span {
        Span {
            start: self.raw_start,
            end: self.raw_start + index(self.raw.len()),
        }
    }
}

impl Span {
    /// To index the source with.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Position {
    pub(crate) fn of(source: &str, offset: usize) -> Self {
        let before = &source[..source.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let lines = before.bytes().filter(|&byte| byte == b'\n').count();
        Self {
            line: index(lines) + 1,
            column: index(before[line_start..].chars().count()) + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

struct Siblings<'d, 'a> {
    document: &'d Document<'a>,
    next: u32,
    end: u32,
}

impl<'d, 'a> Iterator for Siblings<'d, 'a> {
    type Item = Content<'d, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.next < self.end).then(|| {
            let at = self.next;
            self.next = self.document.nodes[at as usize].end;
            self.document.content(at)
        })
    }
}

/// Sources are at most [`crate::MAX_BYTES`] long, so every length and offset fits.
pub(crate) fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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
        let inner = document.elements().nth(2).expect("the first B");
        assert_eq!(inner.parent().map(Element::name), Some("A"));
        assert!(document.root().parent().is_none());
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
