//! TwiML with positions: a parser that refuses everything that is not well-formed XML, since the carrier refuses it
//! too, in the middle of a call. In reading order:
//!
//! * [`Document`]: what was read, as elements, attributes and texts that know where they stand;
//! * [`ParseError`]: why a text is not a document, where, and how to mend it.
//!
//! The parser judges form only. Which elements TwiML knows, and what they may hold, is for rules and interpreters.

mod document;
mod parse;

pub use document::{Attribute, Attributes, Content, Document, Element, Position, Span};
pub use parse::{MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, ParseError, ParseErrorKind};
