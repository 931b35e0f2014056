//! Where in the XML a template's tag stands: just enough of a tokenizer to tell.

/// What surrounds a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Text,
    /// Between `<` and `>`, outside quotes.
    Tag,
    /// In an attribute's value, with its quote.
    Value(u8),
    Comment,
    /// In a CDATA section.
    Data,
    Instruction,
}

/// Walks over a text byte by byte and knows the context of each.
pub(super) struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    context: Context,
}

impl<'a> Walker<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            context: Context::Text,
        }
    }

    /// The place reached, unless it is the end.
    pub(super) fn next(&self) -> Option<usize> {
        (self.at < self.bytes.len()).then_some(self.at)
    }

    pub(super) fn context(&self) -> Context {
        self.context
    }

    /// Goes on behind a template's tag, which changes no context.
    pub(super) fn jump(&mut self, end: usize) {
        self.at = end;
    }

    /// Goes on by what the XML says here.
    pub(super) fn advance(&mut self) {
        let rest = &self.bytes[self.at..];
        let (context, length) = match self.context {
            Context::Text if rest.starts_with(b"<!--") => (Context::Comment, 4),
            Context::Text if rest.starts_with(b"<![CDATA[") => (Context::Data, 9),
            Context::Text if rest.starts_with(b"<?") => (Context::Instruction, 2),
            Context::Text if rest[0] == b'<' => (Context::Tag, 1),
            Context::Tag if rest[0] == b'>' => (Context::Text, 1),
            Context::Tag if matches!(rest[0], b'"' | b'\'') => (Context::Value(rest[0]), 1),
            Context::Value(quote) if rest[0] == quote => (Context::Tag, 1),
            Context::Comment if rest.starts_with(b"-->") => (Context::Text, 3),
            Context::Data if rest.starts_with(b"]]>") => (Context::Text, 3),
            Context::Instruction if rest.starts_with(b"?>") => (Context::Text, 2),
            same => (same, 1),
        };
        self.context = context;
        self.at += length;
    }
}
