//! From text to document. quick-xml cuts the text into tokens and knows where they stand; what it lets pass and XML 1.0
//! forbids is checked here: one root, matching ends, names, attributes, references, characters, what may stand where.

mod attributes;
mod characters;
mod error;

use std::borrow::Cow;

use quick_xml::{Reader, events::Event};

use crate::document::{Attribute, Document, Kind, Node, Position, Span, index};
use characters::{Misfit, Place, Survey, decode, is_blank, is_name, leading_name, survey};

pub use error::{ParseError, ParseErrorKind};

/// The longest document, in bytes. The carrier's own limit is 64 kB (error 11750).
pub const MAX_BYTES: usize = 1 << 20;
/// How deep elements may nest. TwiML needs 5.
pub const MAX_DEPTH: usize = 64;
/// How many attributes an element may have. TwiML needs about 30.
pub const MAX_ATTRIBUTES: usize = 256;

/// How much of a document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest document, in bytes.
    pub max_bytes: usize,
}

impl Limits {
    /// For documents that run: far more than the carrier takes.
    pub const DOCUMENT: Self = Self {
        max_bytes: MAX_BYTES,
    };
    /// For files that a linter is pointed at.
    pub const FILE: Self = Self {
        max_bytes: 64 << 20,
    };
}

/// White space of XML.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

pub(crate) fn parse(source: &str, limits: Limits) -> Result<Document<'_>, ParseError> {
    build(source, limits).map_err(|(offset, kind)| ParseError {
        kind,
        offset,
        position: Position::of(source, offset),
    })
}

fn build(source: &str, limits: Limits) -> Result<Document<'_>, Misfit> {
    if source.len() > limits.max_bytes {
        return Err((limits.max_bytes, ParseErrorKind::TooLarge));
    }
    let survey = survey(source);
    if let Some((at, c)) = survey.forbidden {
        return Err((at, ParseErrorKind::ForbiddenCharacter(c)));
    }
    // quick-xml would drop a byte order mark without counting it; a second one is text.
    let body = source.strip_prefix('\u{FEFF}').unwrap_or(source);
    let base = source.len() - body.len();
    if body.starts_with('\u{FEFF}') {
        return Err((base, ParseErrorKind::TextOutsideRoot));
    }
    let mut reader = Reader::from_str(body);
    let config = reader.config_mut();
    // Ends are matched by the builder, which knows the names without copying them.
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut builder = Builder::new(source, base, survey);
    loop {
        let start = base + offset(reader.buffer_position());
        let event = reader
            .read_event()
            .map_err(|error| (base + offset(reader.error_position()), tokenizer(&error)))?;
        let end = base + offset(reader.buffer_position());
        match event {
            Event::Text(_) | Event::GeneralRef(_) => {
                builder.text_from.get_or_insert(start);
                builder.has_reference |= matches!(event, Event::GeneralRef(_));
                continue;
            }
            Event::Eof => return builder.finish(end),
            _ => builder.flush_text(start)?,
        }
        builder.take(&event, start, end)?;
    }
}

struct Builder<'a> {
    source: &'a str,
    /// Where the text after a byte order mark starts.
    base: usize,
    survey: Survey,
    nodes: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
    /// The open elements, outermost first.
    open: Vec<u32>,
    root: Option<u32>,
    /// Where a text started that has not become a node yet: quick-xml cuts texts at references.
    text_from: Option<usize>,
    /// Whether that text holds one.
    has_reference: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str, base: usize, survey: Survey) -> Self {
        // A node of TwiML takes about 24 bytes of source, an attribute about 48; too small a guess costs a copy.
        Self {
            source,
            base,
            survey,
            nodes: Vec::with_capacity(source.len() / 24 + 4),
            attributes: Vec::with_capacity(source.len() / 48 + 4),
            open: Vec::new(),
            root: None,
            text_from: None,
            has_reference: false,
        }
    }

    fn take(&mut self, event: &Event<'_>, start: usize, end: usize) -> Result<(), Misfit> {
        let source = self.source;
        let inner = |prefix: usize, suffix: usize| &source[start + prefix..end - suffix];
        match event {
            Event::Start(_) => self.start_tag(inner(1, 1), start, end, true),
            Event::Empty(_) => self.start_tag(inner(1, 2), start, end, false),
            Event::End(_) => self.end_tag(inner(2, 1), start, end),
            Event::CData(_) if self.open.is_empty() => {
                Err((start, ParseErrorKind::TextOutsideRoot))
            }
            Event::CData(_) => {
                self.leaf(Kind::CData(normalize_lines(inner(9, 3))), start, end);
                Ok(())
            }
            Event::Comment(_) => self.comment(inner(4, 3), start, end),
            Event::PI(_) => self.instruction(inner(2, 2), start, end),
            Event::Decl(_) if start != self.base => {
                Err((start, ParseErrorKind::MisplacedDeclaration))
            }
            Event::Decl(_) => {
                declaration(inner(5, 2)).ok_or((start, ParseErrorKind::BadDeclaration))
            }
            Event::DocType(_) => Err((start, ParseErrorKind::Doctype)),
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => Ok(()),
        }
    }

    fn finish(mut self, end: usize) -> Result<Document<'a>, Misfit> {
        self.flush_text(end)?;
        if let Some(&open) = self.open.last() {
            let start = self.nodes[open as usize].span.start as usize;
            return Err((
                start,
                ParseErrorKind::UnclosedElement(self.name(open).to_owned()),
            ));
        }
        let root = self.root.ok_or((end, ParseErrorKind::NoRoot))?;
        Ok(Document::new(
            self.source,
            self.nodes,
            self.attributes,
            root,
        ))
    }

    fn start_tag(
        &mut self,
        tag: &'a str,
        start: usize,
        end: usize,
        has_end: bool,
    ) -> Result<(), Misfit> {
        let name = leading_name(tag, is_blank)
            .map_err(|found| (start, ParseErrorKind::BadName(found.to_owned())))?;
        let rest = &tag[name.len()..];
        if self.open.is_empty() && self.root.is_some() {
            return Err((start, ParseErrorKind::SecondRoot(name.to_owned())));
        }
        if self.open.len() == MAX_DEPTH {
            return Err((start, ParseErrorKind::TooDeep));
        }
        let first_attribute = index(self.attributes.len());
        let rest_start = start + 1 + name.len();
        attributes::read(rest, rest_start, &mut self.attributes)
            .map_err(|(by, kind)| (rest_start + by, kind))?;
        let kind = Kind::Element {
            name,
            first_attribute,
            end_attribute: index(self.attributes.len()),
        };
        let element = self.leaf(kind, start, end);
        self.root.get_or_insert(element);
        if has_end {
            self.open.push(element);
        }
        Ok(())
    }

    fn end_tag(&mut self, tag: &str, start: usize, end: usize) -> Result<(), Misfit> {
        let Some(open) = self.open.pop() else {
            return Err((start, unmatched(tag, None)));
        };
        let expected = self.name(open);
        if tag != expected && tag.trim_end_matches(BLANKS) != expected {
            return Err((start, unmatched(tag, Some(expected))));
        }
        let subtree_end = index(self.nodes.len());
        let node = &mut self.nodes[open as usize];
        node.span.end = index(end);
        node.end = subtree_end;
        Ok(())
    }

    fn comment(&mut self, text: &'a str, start: usize, end: usize) -> Result<(), Misfit> {
        let double = text
            .find("--")
            .or(text.ends_with('-').then(|| text.len() - 1));
        if let Some(by) = double {
            return Err((start + 4 + by, ParseErrorKind::DoubleHyphenInComment));
        }
        self.leaf(Kind::Comment(text), start, end);
        Ok(())
    }

    fn instruction(&mut self, text: &'a str, start: usize, end: usize) -> Result<(), Misfit> {
        let target = text.split(BLANKS).next().unwrap_or(text);
        if !is_name(target) || target.eq_ignore_ascii_case("xml") {
            return Err((start, ParseErrorKind::BadName(target.to_owned())));
        }
        self.leaf(Kind::Instruction(text), start, end);
        Ok(())
    }

    /// Makes a node of the text that ends at `end`, if there is one.
    fn flush_text(&mut self, end: usize) -> Result<(), Misfit> {
        let Some(start) = self.text_from.take() else {
            return Ok(());
        };
        let raw = &self.source[start..end];
        let has_reference = std::mem::take(&mut self.has_reference);
        if self.open.is_empty() {
            let by = raw.bytes().position(|byte| !is_blank(byte));
            return by.map_or(Ok(()), |by| {
                Err((start + by, ParseErrorKind::TextOutsideRoot))
            });
        }
        if self.survey.has_cdata_end
            && let Some(by) = raw.find("]]>")
        {
            return Err((start + by, ParseErrorKind::CDataEndInText));
        }
        let text = if has_reference || self.survey.has_return {
            decode(raw, Place::Text).map_err(|(by, kind)| (start + by, kind))?
        } else {
            Cow::Borrowed(raw)
        };
        self.leaf(Kind::Text(text), start, end);
        Ok(())
    }

    fn leaf(&mut self, kind: Kind<'a>, start: usize, end: usize) -> u32 {
        let at = index(self.nodes.len());
        self.nodes.push(Node {
            kind,
            span: Span {
                start: index(start),
                end: index(end),
            },
            parent: self.open.last().copied().unwrap_or(u32::MAX),
            end: at + 1,
        });
        at
    }

    fn name(&self, element: u32) -> &'a str {
        match self.nodes[element as usize].kind {
            Kind::Element { name, .. } => name,
            _ => unreachable!("only elements are open"),
        }
    }
}

/// Why an end tag does not close the element that is open.
fn unmatched(tag: &str, expected: Option<&str>) -> ParseErrorKind {
    let found = tag.trim_end_matches(BLANKS).to_owned();
    match expected.map(str::to_owned) {
        _ if !is_name(&found) => ParseErrorKind::MalformedEnd,
        None => ParseErrorKind::UnmatchedEnd(found),
        Some(expected) => ParseErrorKind::MismatchedEnd { expected, found },
    }
}

/// Checks what stands after `<?xml`: version, then perhaps encoding, then perhaps standalone (productions 23 to 32).
///
/// The declared encoding is not used: the text has been decoded before it came here.
fn declaration(rest: &str) -> Option<()> {
    let mut given = Vec::new();
    attributes::read(rest, 0, &mut given).ok()?;
    let mut given = given
        .iter()
        .map(|attribute| (attribute.name, attribute.raw))
        .peekable();
    let (name, version) = given.next()?;
    let minor = version.strip_prefix("1.")?;
    let numbered = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
    let encoding = given
        .next_if(|(name, _)| *name == "encoding")
        .is_none_or(|(_, label)| {
            label.starts_with(|c: char| c.is_ascii_alphabetic())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        });
    let standalone = given
        .next_if(|(name, _)| *name == "standalone")
        .is_none_or(|(_, value)| matches!(value, "yes" | "no"));
    (name == "version" && numbered && encoding && standalone && given.next().is_none())
        .then_some(())
}

/// CDATA sections hold no references, but their line ends are normalized as everywhere (2.11).
fn normalize_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

fn tokenizer(error: &quick_xml::Error) -> ParseErrorKind {
    use quick_xml::errors::{Error, IllFormedError};
    match error {
        Error::IllFormed(IllFormedError::UnclosedReference) => ParseErrorKind::BareAmpersand,
        Error::IllFormed(IllFormedError::MissingDoctypeName) => ParseErrorKind::Doctype,
        Error::IllFormed(other) => ParseErrorKind::Markup(other.to_string()),
        Error::Syntax(other) => ParseErrorKind::Markup(other.to_string()),
        other => ParseErrorKind::Markup(other.to_string()),
    }
}

/// Sources are at most [`MAX_BYTES`] long, so every offset fits.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
