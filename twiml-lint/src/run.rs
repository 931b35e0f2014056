//! What the files of a run have in common.

use std::sync::Arc;

use crate::{
    document::Span,
    finding::{Finding, Related},
    pass::MAX_FINDINGS,
    rule::{Level, Rule},
};

/// What rules over several files see. A run of one file is a run too.
pub(crate) struct Run<'r> {
    pub(crate) files: &'r mut [Facts],
    texts: &'r [&'r str],
    rule: &'static Rule,
}

/// What is kept of a file for the rules over several files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Absolute addresses and paths from the root, in the order of the source.
    pub(crate) addresses: Vec<Kept>,
    /// What rules over several files have found in this one.
    pub(crate) findings: Vec<Finding>,
    /// How grave their findings are in this file; rules that are off here are missing.
    pub(crate) levels: Arc<[(&'static Rule, Level)]>,
}

/// An address that other files may hold too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Without the blanks around it; placeholders are part of it.
    pub(crate) span: Span,
    /// Whether a slash stands at its end, or before its query.
    pub(crate) ends_in_slash: bool,
    pub(crate) element: &'static str,
    /// `None` for the text of the element.
    pub(crate) attribute: Option<&'static str>,
}

impl<'r> Run<'r> {
    pub(crate) fn new(files: &'r mut [Facts], texts: &'r [&'r str], rule: &'static Rule) -> Self {
        Self { files, texts, rule }
    }

    /// All addresses that are kept: the file, and the address as written.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (usize, &'r str, Kept)> {
        let files = self.files.iter().zip(self.texts).enumerate();
        files.flat_map(|(file, (facts, text))| {
            let texts = move |kept: &Kept| (file, &text[kept.span.range()], *kept);
            facts.addresses.iter().map(texts)
        })
    }

    /// Says that something is wrong in one file in the light of another place, if the rule is on there.
    pub(crate) fn report(
        &mut self,
        file: usize,
        span: Span,
        message: String,
        help: &str,
        related: Related,
    ) {
        let facts = &mut self.files[file];
        let Some(&(rule, level)) = facts.levels.iter().find(|(rule, _)| *rule == self.rule) else {
            return;
        };
        if facts.findings.len() >= MAX_FINDINGS {
            return;
        }
        let mut finding = Finding::new(rule, level, span, message);
        finding.help(help);
        finding.related.push(Related {
            file: related.file.filter(|&other| other != file),
            ..related
        });
        facts.findings.push(finding);
    }
}

impl Kept {
    /// What the place is called in messages: `<Play>` or `the action of <Gather>`.
    pub(crate) fn place_name(&self) -> String {
        match self.attribute {
            None => format!("<{}>", self.element),
            Some(attribute) => format!("the {attribute} of <{}>", self.element),
        }
    }
}
