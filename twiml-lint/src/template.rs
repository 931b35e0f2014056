//! Template languages in TwiML sources: what they put in is masked before the XML is read, byte for byte, so that every
//! place in the masked text is the same place in the source.

use std::borrow::Cow;

use crate::document::Span;

/// Stands for each byte of a placeholder in texts and values. XML allows the character, and nobody writes it.
pub(crate) const PLACEHOLDER: char = '\u{7F}';

/// Whether a byte of a masked text belongs to a placeholder.
pub(crate) fn is_placeholder(byte: u8) -> bool {
    byte == PLACEHOLDER as u8
}

/// What was masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    /// Placeholders and tags, in order, none touching another.
    spans: Vec<Span>,
}

impl Mask {
    /// Whether something masked stands in this part of the source.
    pub(crate) fn touches(&self, span: Span) -> bool {
        let first = self
            .spans
            .partition_point(|masked| masked.end <= span.start);
        self.spans
            .get(first)
            .is_some_and(|masked| masked.start < span.end)
    }
}

/// The text with its placeholders masked, and where they were.
pub(crate) fn mask(text: &str) -> (Cow<'_, str>, Mask) {
    (Cow::Borrowed(text), Mask::default())
}
