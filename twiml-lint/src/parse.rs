//! From text to document: a scanner for XML 1.0 without DOCTYPE, which checks all of well-formedness as it goes: one root,
//! matching ends, names, attributes, references, characters, what may stand where.
//!
//! It looks at each byte about twice: once for the whole source in [`survey`], which answers what would otherwise be asked
//! of each piece, and once for what ends the piece. Tests hold it against quick-xml and against documents made up at
//! random; the benchmark holds it against quick-xml's bare event loop.

mod attributes;
mod characters;
mod declaration;
mod error;

use memchr::memmem;

use crate::{
    bytes::{any_of, first_of, is},
    document::{Document, ElementRecord, Kind, Layout, NONE, Node, Position, Reading, Span, index},
    grammar::names::{self, Key},
};
use attributes::{TagEnd, tag_end, written_name};
use characters::{Misfit, Place, behind_blanks, decode, is_blank, is_name, name_end};

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

/// White space of XML. Other blanks are text.
pub(crate) const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Reads a document of which a look over its source may tell more than it must.
pub(crate) fn parse(
    source: &str,
    limits: Limits,
    survey: Option<Survey>,
) -> Result<Document<'_>, ParseError> {
    build(source, limits, survey).map_err(|(offset, kind)| ParseError {
        kind,
        offset,
        position: Position::of(source, offset),
    })
}

fn build(source: &str, limits: Limits, survey: Option<Survey>) -> Result<Document<'_>, Misfit> {
    let max_bytes = limits.max_bytes.min(u32::MAX as usize - 1);
    if source.len() > max_bytes {
        return Err((max_bytes, ParseErrorKind::TooLarge));
    }
    let survey = survey.unwrap_or_else(|| characters::survey(source));
    if let Some((at, c)) = survey.forbidden {
        return Err((at, ParseErrorKind::ForbiddenCharacter(c)));
    }
    Parser::new(source, survey).read()
}

struct Parser<'a> {
    source: &'a str,
    /// Where the text after a byte order mark starts. A second mark is text.
    start: usize,
    survey: Survey,
    layout: Layout,
    /// The innermost element that has not been closed yet, or [`NONE`].
    open: u32,
    /// How many there are.
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, survey: Survey) -> Self {
        Self {
            source,
            start: if source.starts_with('\u{FEFF}') { 3 } else { 0 },
            survey,
            layout: Layout::spare(),
            open: NONE,
            depth: 0,
        }
    }

    fn read(mut self) -> Result<Document<'a>, Misfit> {
        let bytes = self.source.as_bytes();
        let mut at = self.start;
        loop {
            at = self.text(at)?;
            if at == bytes.len() {
                return self.finish();
            }
            at = match bytes.get(at + 1) {
                Some(b'/') => self.end_tag(at)?,
                Some(b'!') => self.comment_or_cdata(at)?,
                Some(b'?') => self.instruction(at)?,
                _ => self.start_tag(at)?,
            };
        }
    }

    fn finish(self) -> Result<Document<'a>, Misfit> {
        if self.open != NONE {
            let start = self.layout.elements[self.open as usize].span.start as usize;
            let name = self.name_of(self.open).to_owned();
            return Err((start, ParseErrorKind::UnclosedElement(name)));
        }
        if self.layout.elements.is_empty() {
            return Err((self.source.len(), ParseErrorKind::NoRoot));
        }
        Ok(Document::new(self.source, self.layout))
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
        let Some(open) = self.layout.elements.get_mut(self.open as usize) else {
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
        let name_end = name_end(self.source, start + 1);
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
        if self.open == NONE && !self.layout.elements.is_empty() {
            let name = self.source[name].to_owned();
            return Err((start, ParseErrorKind::SecondRoot(name)));
        }
        if self.depth == MAX_DEPTH {
            return Err((start, ParseErrorKind::TooDeep));
        }
        let first_attribute = index(self.layout.attributes.len());
        let TagEnd { end, is_empty } = attributes::read(self.source, name_end, &mut self.layout)?;
        let element = index(self.layout.elements.len());
        let first_node = index(self.layout.nodes.len());
        self.layout.elements.push(ElementRecord {
            span: span(start, end),
            name_end: index(name_end),
            start_tag_end: index(end),
            parent: self.open,
            elements_end: element + 1,
            first_attribute,
            first_node,
            nodes_end: first_node,
            name: names::element_at(bytes, name),
            holds_text: false,
        });
        if !is_empty {
            self.open = element;
            self.depth += 1;
        }
        Ok(end)
    }

    fn end_tag(&mut self, start: usize) -> Result<usize, Misfit> {
        let Some(open) = self.layout.elements.get(self.open as usize) else {
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
        let record = &self.layout.elements[element as usize];
        &self.source[record.span.start as usize + 1..record.name_end as usize]
    }

    /// Ends the innermost element.
    fn close(&mut self, end: usize) {
        let elements_end = index(self.layout.elements.len());
        let record = &mut self.layout.elements[self.open as usize];
        record.span.end = index(end);
        record.elements_end = elements_end;
        record.nodes_end = index(self.layout.nodes.len());
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
        let inner = start + 4;
        let rest = &self.source.as_bytes()[inner..];
        let hyphens = memmem::find(rest, b"--");
        match hyphens.map(|by| (by, rest.get(by + 2))) {
            Some((by, Some(b'>'))) => {
                let end = inner + by + 3;
                self.node(Kind::Comment, start, end);
                Ok(end)
            }
            Some((by, _)) if memmem::find(&rest[by..], b"-->").is_some() => {
                Err((inner + by, ParseErrorKind::DoubleHyphenInComment))
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
        self.layout.elements[self.open as usize].holds_text = true;
        self.node(Kind::CData(reading), start, end + 3);
        Ok(end + 3)
    }

    fn instruction(&mut self, start: usize) -> Result<usize, Misfit> {
        let inner = start + 2;
        let rest = &self.source[inner..];
        let length = memmem::find(rest.as_bytes(), b"?>");
        let text = &rest[..length.unwrap_or(rest.len())];
        let target = text.split(BLANKS).next().unwrap_or(text);
        let is_declaration = target == "xml";
        let Some(length) = length else {
            let unclosed = if is_declaration {
                UNCLOSED_DECLARATION
            } else {
                UNCLOSED_INSTRUCTION
            };
            return Err((start, ParseErrorKind::Markup(unclosed.to_owned())));
        };
        let end = inner + length + 2;
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
        self.layout
            .decoded
            .add(|into| decode(raw, place, into))
            .map_err(|(by, kind)| (start + by, kind))
    }

    fn node(&mut self, kind: Kind, start: usize, end: usize) {
        let span = span(start, end);
        self.layout.nodes.push(Node { kind, span });
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
