//! Why a text is not a document.

use crate::document::Position;

/// Why a text is not a document, and where. Printed as `line:column: what is wrong and how to mend it`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where, in bytes from the start of the source.
    pub offset: usize,
    /// Where, as people count.
    pub position: Position,
}

/// What can be wrong with a document's form. The carrier reports nearly all of it as error 12100.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Longer than [`crate::MAX_BYTES`].
    #[error(
        "the document is larger than {} bytes; the carrier takes 64 kB",
        crate::MAX_BYTES
    )]
    TooLarge,
    /// Nested deeper than [`crate::MAX_DEPTH`].
    #[error("elements are nested more than {} deep", crate::MAX_DEPTH)]
    TooDeep,
    /// More attributes than [`crate::MAX_ATTRIBUTES`] on one element.
    #[error("an element has more than {} attributes", crate::MAX_ATTRIBUTES)]
    TooManyAttributes,
    /// Nothing but blanks, comments and the like.
    #[error("there is no element; a TwiML document is <Response>...</Response>")]
    NoRoot,
    /// Text, a reference or CDATA before or after the root element.
    #[error("text stands outside the root element; move it inside or remove it")]
    TextOutsideRoot,
    /// A document has one root element.
    #[error("<{0}> follows the end of the root element; a document has one root")]
    SecondRoot(String),
    /// The source ended first.
    #[error("<{0}> is never closed; write </{0}>")]
    UnclosedElement(String),
    /// End tags must match, capitals included.
    #[error("</{found}> closes nothing that is open here; expected </{expected}>")]
    MismatchedEnd {
        /// The innermost open element.
        expected: String,
        /// What the end tag names.
        found: String,
    },
    /// No element is open.
    #[error("</{0}> closes nothing; remove it")]
    UnmatchedEnd(String),
    /// An end tag holds a name and nothing else.
    #[error("an end tag holds only its element's name, directly after </")]
    MalformedEnd,
    /// Not an XML name.
    #[error("{0:?} is not a name; write < as &lt; if it is meant as text")]
    BadName(String),
    /// As HTML allows, but XML does not.
    #[error("the attribute {0} has no value; write {0}=\"...\"")]
    MissingValue(String),
    /// As HTML allows, but XML does not.
    #[error("the value of the attribute {0} is not in quotes; write {0}=\"...\"")]
    UnquotedValue(String),
    /// Between two attributes.
    #[error("a blank is missing before this attribute")]
    MissingBlank,
    /// An attribute stands once.
    #[error("the attribute {0} is given twice; keep one")]
    DuplicateAttribute(String),
    /// Forbidden in values.
    #[error("< stands in an attribute value; write &lt;")]
    LessThanInValue,
    /// A lone ampersand, most often in an address.
    #[error("& starts a reference that has no end; write &amp; for an ampersand")]
    BareAmpersand,
    /// Only the five of XML exist.
    #[error(
        "&{0}; is unknown; only &amp; &lt; &gt; &quot; &apos; and numbers such as &#12354; exist, write the character itself"
    )]
    UnknownEntity(String),
    /// Not a number, or not the number of a character that XML allows.
    #[error("&{0}; names no character that XML allows")]
    BadCharacterReference(String),
    /// XML 1.0 forbids most control characters, U+FFFE and U+FFFF, however they are written.
    #[error("U+{:04X} is forbidden in XML; remove it", u32::from(*.0))]
    ForbiddenCharacter(char),
    /// Forbidden in text.
    #[error("]]> stands in a text; write ]]&gt;")]
    CDataEndInText,
    /// Forbidden in comments.
    #[error("-- stands in a comment; remove it")]
    DoubleHyphenInComment,
    /// Not accepted, because of the entities that it could declare.
    #[error("DOCTYPE is not accepted; remove it, TwiML has none")]
    Doctype,
    /// `<?xml ...?>` stands at the very start or not at all.
    #[error(
        "the XML declaration does not stand at the very start; remove what is before it, blank lines included"
    )]
    MisplacedDeclaration,
    /// `<?xml ...?>` is not as XML 1.0 wants it.
    #[error("the XML declaration is malformed; write <?xml version=\"1.0\" encoding=\"UTF-8\"?>")]
    BadDeclaration,
    /// A tag, comment, CDATA section or instruction that has no end; or `<!` with something unknown.
    #[error("{0}")]
    Markup(String),
}
