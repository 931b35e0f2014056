//! What a rule says about a document.

use crate::{
    document::Span,
    rule::{Level, Rule},
};

/// One thing that is wrong, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule found it.
    pub rule: &'static Rule,
    /// How grave it is by the settings; never [`Level::Off`].
    pub level: Level,
    /// Where, in bytes of the decoded text.
    pub span: Span,
    /// What is wrong and what comes of it, in lower case, without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Other places that belong to it.
    pub related: Vec<Related>,
    /// How to mend it without changing what it means.
    pub fix: Option<Fix>,
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Which file, if not the finding's own: its index in the run.
    pub file: Option<usize>,
    /// Where.
    pub span: Span,
    /// What stands there.
    pub message: String,
}

/// A change that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Replaced parts of the decoded text, in order, none overlapping another.
    pub edits: Vec<Edit>,
}

/// One replaced part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is taken out; empty to insert.
    pub span: Span,
    /// What is put in, already escaped for its place.
    pub text: String,
}

impl Finding {
    pub(crate) fn new(rule: &'static Rule, level: Level, span: Span, message: String) -> Self {
        Self {
            rule,
            level,
            span,
            message: bounded(message),
            help: None,
            related: Vec::new(),
            fix: None,
        }
    }

    /// Says what to do.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(bounded(help.into()));
        self
    }

    /// Points to another place in the same file.
    pub(crate) fn relate(&mut self, span: Span, message: impl Into<String>) -> &mut Self {
        self.related.push(Related {
            file: None,
            span,
            message: bounded(message.into()),
        });
        self
    }

    /// Offers to put `text`, escaped for its place, where `span` is.
    pub(crate) fn fix(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        let edits = &mut self
            .fix
            .get_or_insert_with(|| Fix { edits: Vec::new() })
            .edits;
        edits.push(Edit {
            span,
            text: text.into(),
        });
        self
    }
}

/// Names and values that a message repeats may be as long as the file.
fn bounded(mut text: String) -> String {
    const LONGEST: usize = 1_000;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str("...");
    }
    text
}
