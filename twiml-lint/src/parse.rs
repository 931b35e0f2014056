//! From text to document: a scanner for XML 1.0 without DOCTYPE, which checks all of well-formedness as it goes: one root,
//! matching ends, names, attributes, references, characters, what may stand where.
//!
//! It looks at each byte about twice: once for the whole source in [`survey`], which answers what would otherwise be asked
//! of each piece, and once for what ends the piece. [`parse()`] reads a document as a whole, [`Parser`] part by part. Tests hold it against quick-xml and against documents made up at
//! random; the benchmark holds it against quick-xml's bare event loop.

mod attributes;
mod characters;
mod declaration;
mod error;

use memchr::memmem;

use crate::{
    bytes::{any_of, first_of, is, pair},
    document::{Document, ElementRecord, Kind, NONE, Node, Position, Reading, Span, index},
    grammar::names::{self, Key},
};
use attributes::{TagEnd, tag_end, written_name};
use characters::{Misfit, Place, behind_blanks, decode, is_blank, is_name, name_at};

pub(crate) use characters::{Survey, survey};
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
    /// The longest document, in bytes; 4 GiB at most, whatever is said here.
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

/// How many elements a part has that is still in the processor's own memory when it has been read.
pub(crate) const PART: usize = 512;

/// White space of XML. Other blanks are text.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Reads a document as a whole.
pub(crate) fn parse(source: &str, limits: Limits) -> Result<Document<'_>, ParseError> {
    let mut parser = Parser::new(source, limits, None)?;
    parser.read_rest()?;
    Ok(parser.document)
}

/// Reads a document part by part: as many of the root's children as fit into memory that is quickly reached, and is used again
/// for the next ones. A file of 50 MB has some two million pieces; to lay them all out before anybody looks at them takes
/// longer than reading them.
///
/// Each part is a [`Document`] with the root and those children in it, and what stands between and around them. What stands
/// before the root is in the first one, what stands behind it in the last. In all but the first, the root has no attributes,
/// and its start tag ends where the part starts; in all but the last, it ends where the part ends.
pub(crate) struct Parser<'a> {
    source: &'a str,
    /// Where the text after a byte order mark starts. A second mark is text.
    start: usize,
    survey: Survey,
    /// The part that is being read.
    document: Document<'a>,
    /// Up to where the source has been read.
    at: usize,
    /// The innermost element that has not been closed yet, or [`NONE`].
    open: u32,
    /// How many there are.
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Before the first part of a document, of which a look over its source may have been taken already.
    pub(crate) fn new(
        source: &'a str,
        limits: Limits,
        survey: Option<Survey>,
    ) -> Result<Self, ParseError> {
        let refused = |misfit| Err(told(source, misfit));
        let max_bytes = limits.max_bytes.min(u32::MAX as usize - 1);
        if source.len() > max_bytes {
            return refused((max_bytes, ParseErrorKind::TooLarge));
        }
        let survey = survey.unwrap_or_else(|| characters::survey(source));
        if let Some((at, c)) = survey.forbidden {
            return refused((at, ParseErrorKind::ForbiddenCharacter(c)));
        }
        let start = if source.starts_with('\u{FEFF}') { 3 } else { 0 };
        Ok(Self {
            source,
            start,
            survey,
            document: Document::new(source),
            at: start,
            open: NONE,
            depth: 0,
        })
    }

    /// Reads the next part, with about so many elements. It ends before a child of the root, so that the last one has a child
    /// unless the root has none.
    pub(crate) fn advance(&mut self, size: usize) -> Result<(), ParseError> {
        if let Some(&root) = self.document.layout.elements.first() {
            let start = index(self.at);
            self.document.layout.clear();
            self.document.layout.elements.push(ElementRecord {
                start_tag_end: start,
                elements_end: 1,
                first_node: 0,
                nodes_end: 0,
                holds_text: false,
                ..root
            });
        }
        self.extend(size)
    }

    /// Reads the rest of the document into the part that was read last.
    pub(crate) fn read_rest(&mut self) -> Result<(), ParseError> {
        self.extend(usize::MAX)
    }

    /// What was read last.
    pub(crate) fn part(&self) -> &Document<'a> {
        &self.document
    }

    /// Whether that is the end of the document.
    pub(crate) fn is_over(&self) -> bool {
        self.at == self.source.len()
    }

    fn extend(&mut self, size: usize) -> Result<(), ParseError> {
        self.read(size).map_err(|misfit| told(self.source, misfit))
    }

    /// Reads on to the end, or to a child of the root when there is enough for a part.
    fn read(&mut self, size: usize) -> Result<(), Misfit> {
        let bytes = self.source.as_bytes();
        let mut at = self.at;
        loop {
            at = self.text(at)?;
            if at == bytes.len() {
                self.at = at;
                return self.finish();
            }
            at = match bytes.get(at + 1) {
                Some(b'/') => self.end_tag(at)?,
                Some(b'!') => self.comment_or_cdata(at)?,
                Some(b'?') => self.instruction(at)?,
                _ if self.depth == 1 && self.document.layout.is_filled(size) => {
                    self.at = at;
                    self.end_part();
                    return Ok(());
                }
                _ => self.start_tag(at)?,
            };
        }
    }

    /// Lets the root end here for now.
    fn end_part(&mut self) {
        let layout = &mut self.document.layout;
        let [elements_end, nodes_end] = [layout.elements.len(), layout.nodes.len()].map(index);
        let root = &mut layout.elements[0];
        root.span.end = index(self.at);
        root.elements_end = elements_end;
        root.nodes_end = nodes_end;
    }

    fn finish(&self) -> Result<(), Misfit> {
        if self.open != NONE {
            let start = self.document.layout.elements[self.open as usize].span.start as usize;
            let name = self.name_of(self.open).to_owned();
            return Err((start, ParseErrorKind::UnclosedElement(name)));
        }
        if self.document.layout.elements.is_empty() {
            return Err((self.source.len(), ParseErrorKind::NoRoot));
        }
        Ok(())
    }

    /// Reads the text that starts here, if there is one, up to the next `<` or the end.
    fn text(&mut self, start: usize) -> Result<usize, Misfit> {
        let bytes = self.source.as_bytes();
        let next = behind_blanks(bytes, start);
        if bytes.get(next) == Some(&b'<') && !self.survey.has_return {
            return Ok(next);
        }
        let special = |block| any_of(block, *b"<&");
        let mut end = first_of(bytes, next, special).unwrap_or(bytes.len());
        let has_reference = bytes.get(end) == Some(&b'&');
        if has_reference {
            end = first_of(bytes, end, |block| is(block, b'<')).unwrap_or(bytes.len());
        }
        if start == end {
            return Ok(end);
        }
        let raw = &self.source[start..end];
        let Some(open) = self.document.layout.elements.get_mut(self.open as usize) else {
            return match raw.bytes().position(|byte| !is_blank(byte)) {
                Some(by) => Err((start + by, ParseErrorKind::TextOutsideRoot)),
                None => Ok(end),
            };
        };
        open.holds_text = true;
        if self.survey.may_have_cdata_end
            && let Some(by) = raw.find("]]>")
        {
            return Err((start + by, ParseErrorKind::CDataEndInText));
        }
        let is_written = !has_reference && !self.survey.has_return;
        let reading = self.reading(is_written, start, end, Place::Text)?;
        self.node(Kind::Text(reading), start, end);
        Ok(end)
    }

    fn start_tag(&mut self, start: usize) -> Result<usize, Misfit> {
        let end =
            self.read_start_tag(start)
                .map_err(|error| match tag_end(self.source, start + 1) {
                    Ok(_) => error,
                    Err(unclosed) => (start, ParseErrorKind::Markup(unclosed.to_owned())),
                })?;
        Ok(end)
    }

    fn read_start_tag(&mut self, start: usize) -> Result<usize, Misfit> {
        let bytes = self.source.as_bytes();
        let (name_end, known) = name_at(self.source, start + 1, names::element_at);
        let is_name_ended = match bytes.get(name_end) {
            Some(b'/') => bytes.get(name_end + 1) == Some(&b'>'),
            Some(&byte) => byte == b'>' || is_blank(byte),
            None => false,
        };
        if name_end == start + 1 || !is_name_ended {
            let found = written_name(self.source, start + 1, is_blank);
            return Err((start, ParseErrorKind::BadName(found.to_owned())));
        }
        let name = start + 1..name_end;
        if self.open == NONE && !self.document.layout.elements.is_empty() {
            let name = self.source[name].to_owned();
            return Err((start, ParseErrorKind::SecondRoot(name)));
        }
        if self.depth == MAX_DEPTH {
            return Err((start, ParseErrorKind::TooDeep));
        }
        let first_attribute = index(self.document.layout.attributes.len());
        let TagEnd { end, is_empty } =
            attributes::read(self.source, name_end, &mut self.document.layout)?;
        let element = index(self.document.layout.elements.len());
        let first_node = index(self.document.layout.nodes.len());
        self.document.layout.elements.push(ElementRecord {
            span: span(start, end),
            name_end: index(name_end),
            start_tag_end: index(end),
            parent: self.open,
            elements_end: element + 1,
            first_attribute,
            first_node,
            nodes_end: first_node,
            name: known,
            holds_text: false,
        });
        if !is_empty {
            self.open = element;
            self.depth += 1;
        }
        Ok(end)
    }

    fn end_tag(&mut self, start: usize) -> Result<usize, Misfit> {
        let Some(open) = self.document.layout.elements.get(self.open as usize) else {
            return self.unusual_end_tag(start);
        };
        let bytes = self.source.as_bytes();
        let name = open.span.start as usize + 1..open.name_end as usize;
        let again = start + 2..start + 2 + name.len();
        let is_usual = bytes.get(again.end) == Some(&b'>')
            && Key::at(bytes, again.start, name.len()) == Key::at(bytes, name.start, name.len())
            && (name.len() <= Key::WHOLE || bytes[again.clone()] == bytes[name]);
        if !is_usual {
            return self.unusual_end_tag(start);
        }
        self.close(again.end + 1);
        Ok(again.end + 1)
    }

    /// Reads an end tag with blanks in it, or says what is wrong with it.
    #[cold]
    fn unusual_end_tag(&mut self, start: usize) -> Result<usize, Misfit> {
        let rest = &self.source[start + 2..];
        let Some(length) = rest.find('>') else {
            return Err((start, ParseErrorKind::Markup(UNCLOSED_TAG.to_owned())));
        };
        let found = rest[..length].trim_end_matches(BLANKS);
        let open = (self.open != NONE).then(|| self.name_of(self.open));
        match open {
            Some(name) if found == name => {
                let end = start + 2 + length + 1;
                self.close(end);
                Ok(end)
            }
            _ if !is_name(found) => Err((start, ParseErrorKind::MalformedEnd)),
            Some(name) => Err((
                start,
                ParseErrorKind::MismatchedEnd {
                    expected: name.to_owned(),
                    found: found.to_owned(),
                },
            )),
            None => Err((start, ParseErrorKind::UnmatchedEnd(found.to_owned()))),
        }
    }

    /// The name of an element that has been begun.
    fn name_of(&self, element: u32) -> &'a str {
        let record = &self.document.layout.elements[element as usize];
        &self.source[record.span.start as usize + 1..record.name_end as usize]
    }

    /// Ends the innermost element.
    fn close(&mut self, end: usize) {
        let elements_end = index(self.document.layout.elements.len());
        let record = &mut self.document.layout.elements[self.open as usize];
        record.span.end = index(end);
        record.elements_end = elements_end;
        record.nodes_end = index(self.document.layout.nodes.len());
        self.open = record.parent;
        self.depth -= 1;
    }

    fn comment_or_cdata(&mut self, start: usize) -> Result<usize, Misfit> {
        let rest = &self.source.as_bytes()[start..];
        if rest.starts_with(b"<!--") {
            return self.comment(start);
        }
        if rest.starts_with(b"<![CDATA[") {
            return self.cdata(start);
        }
        let is_doctype = rest
            .get(2..9)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"DOCTYPE"));
        let kind = if is_doctype {
            ParseErrorKind::Doctype
        } else {
            ParseErrorKind::Markup(UNKNOWN_MARKUP.to_owned())
        };
        Err((start, kind))
    }

    fn comment(&mut self, start: usize) -> Result<usize, Misfit> {
        let bytes = self.source.as_bytes();
        let hyphens = pair(bytes, start + 4, *b"--");
        match hyphens.map(|at| (at, bytes.get(at + 2))) {
            Some((at, Some(b'>'))) => {
                self.node(Kind::Comment, start, at + 3);
                Ok(at + 3)
            }
            Some((at, _)) if memmem::find(&bytes[at..], b"-->").is_some() => {
                Err((at, ParseErrorKind::DoubleHyphenInComment))
            }
            _ => Err((start, ParseErrorKind::Markup(UNCLOSED_COMMENT.to_owned()))),
        }
    }

    fn cdata(&mut self, start: usize) -> Result<usize, Misfit> {
        let inner = start + 9;
        let Some(length) = memmem::find(&self.source.as_bytes()[inner..], b"]]>") else {
            return Err((start, ParseErrorKind::Markup(UNCLOSED_CDATA.to_owned())));
        };
        if self.open == NONE {
            return Err((start, ParseErrorKind::TextOutsideRoot));
        }
        let end = inner + length;
        let reading = self.reading(!self.survey.has_return, inner, end, Place::CData)?;
        self.document.layout.elements[self.open as usize].holds_text = true;
        self.node(Kind::CData(reading), start, end + 3);
        Ok(end + 3)
    }

    fn instruction(&mut self, start: usize) -> Result<usize, Misfit> {
        let inner = start + 2;
        let close = pair(self.source.as_bytes(), inner, *b"?>");
        let text = &self.source[inner..close.unwrap_or(self.source.len())];
        let target = text.split(BLANKS).next().unwrap_or(text);
        let is_declaration = target == "xml";
        let Some(close) = close else {
            let unclosed = if is_declaration {
                UNCLOSED_DECLARATION
            } else {
                UNCLOSED_INSTRUCTION
            };
            return Err((start, ParseErrorKind::Markup(unclosed.to_owned())));
        };
        let end = close + 2;
        match target {
            "xml" if start != self.start => {
                return Err((start, ParseErrorKind::MisplacedDeclaration));
            }
            "xml" if !declaration::is_well_formed(&text[3..]) => {
                return Err((start, ParseErrorKind::BadDeclaration));
            }
            "xml" => {}
            _ if !is_name(target) || target.eq_ignore_ascii_case("xml") => {
                return Err((start, ParseErrorKind::BadName(target.to_owned())));
            }
            _ => {
                self.node(Kind::Instruction, start, end);
            }
        }
        Ok(end)
    }

    /// How a part of the source is to be read.
    fn reading(
        &mut self,
        is_written: bool,
        start: usize,
        end: usize,
        place: Place,
    ) -> Result<Reading, Misfit> {
        if is_written {
            return Ok(Reading::AS_WRITTEN);
        }
        let raw = &self.source[start..end];
        self.document
            .layout
            .decoded
            .add(|into| decode(raw, place, into))
            .map_err(|(by, kind)| (start + by, kind))
    }

    fn node(&mut self, kind: Kind, start: usize, end: usize) {
        let span = span(start, end);
        self.document.layout.nodes.push(Node { kind, span });
    }
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start: index(start),
        end: index(end),
    }
}

const UNCLOSED_TAG: &str = "tag not closed: `>` not found before end of input";
const UNCLOSED_COMMENT: &str = "comment not closed: `-->` not found before end of input";
const UNCLOSED_CDATA: &str = "CDATA not closed: `]]>` not found before end of input";
const UNCLOSED_INSTRUCTION: &str =
    "processing instruction not closed: `?>` not found before end of input";
const UNCLOSED_DECLARATION: &str = "XML declaration not closed: `?>` not found before end of input";
const UNKNOWN_MARKUP: &str = "unknown or missed symbol in markup";

fn told(source: &str, (offset, kind): Misfit) -> ParseError {
    ParseError {
        kind,
        offset,
        position: Position::of(source, offset),
    }
}
