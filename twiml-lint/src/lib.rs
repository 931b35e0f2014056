//! The linter for TwiML, and the parser beneath it, which refuses everything that is not well-formed XML, since the
//! carrier refuses it too, in the middle of a call. In reading order:
//!
//! * [`Document`]: what was read, as elements, attributes and texts that know where they stand; [`ParseError`]: why a text
//!   is not a document, where, and how to mend it;
//! * [`Rule`] and [`RULES`]: what the linter looks for;
//! * [`Settings`], [`Linter`], [`finish`] and [`Report`]: from files to [`Finding`]s.
//!
//! The parser judges form only. Which elements TwiML knows, and what they may hold, is for rules and interpreters.

mod address;
mod bytes;
mod document;
mod encoding;
mod finding;
mod grammar;
mod lint;
mod parse;
mod pass;
mod places;
mod report;
mod rule;
mod rules;
mod run;
mod settings;
mod suppress;
mod template;

pub use document::{Attribute, Attributes, Content, Document, Element, LineIndex, Position, Span};
pub use finding::{Edit, Finding, Fix, Related};
pub use lint::{Checked, Linter};
pub use parse::{Limits, MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, ParseError, ParseErrorKind};
pub use report::{Report, finish, finish_with};
pub use rule::{Example, Level, Rule};
pub use rules::{ALL as RULES, find as find_rule};
pub use settings::{SettingError, Settings};
