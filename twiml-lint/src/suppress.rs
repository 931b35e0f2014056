//! Comments that silence rules: `<!-- twiml-lint: disable=TW101,mixed-urls -->`.
//!
//! Before the root element a comment counts for the whole file. Elsewhere it counts for its own line and for the element
//! that follows it, with all that the element holds.

use crate::{
    document::{Content, Document, Element, Span},
    finding::Finding,
    rule::{Level, Rule},
    rules,
};

/// A comment that silences a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suppression {
    /// The code or name as written.
    name: String,
    /// `None` if there is no such rule.
    rule: Option<&'static Rule>,
    /// Where the name stands.
    span: Span,
    /// What is silenced.
    reach: Vec<Span>,
    is_used: bool,
}

impl Suppression {
    /// Where the name stands.
    pub(crate) fn span(&self) -> Span {
        self.span
    }
}

/// What a comment starts with to concern us.
const MARK: &str = "twiml-lint:";

/// How many codes the comments of one file may silence.
pub(crate) const MAX: usize = 1_000;

/// The suppressions of a document, which is read part by part.
#[derive(Debug, Default)]
pub(crate) struct Suppressions<'a> {
    found: Vec<Suppression>,
    /// Comments in the root, with their places, that wait for the verb that follows them.
    waiting: Vec<(&'a str, Span)>,
    /// The line of the last comment, if that is one line.
    line: Option<Span>,
}

impl<'a> Suppressions<'a> {
    /// Takes in the comments of a part.
    pub(crate) fn read(&mut self, part: &Document<'a>) {
        if self.waiting.is_empty() && !part.comments().any(concerns_us) {
            return;
        }
        let whole = Span {
            start: 0,
            end: u32::MAX,
        };
        let mut before_root = true;
        for content in part.top() {
            match content {
                Content::Element(root) => {
                    before_root = false;
                    let waiting = std::mem::take(&mut self.waiting);
                    self.waiting = self.within(root, waiting);
                }
                Content::Comment(text, span) => {
                    let reach = if before_root {
                        whole
                    } else {
                        self.line(part.source(), span)
                    };
                    read(text, span, &[reach], &mut self.found);
                }
                _ => {}
            }
        }
    }

    /// All that were found in this source.
    pub(crate) fn finish(mut self, source: &str) -> Vec<Suppression> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.settle(&mut waiting, source, None);
        self.found
    }

    /// Takes in the comments inside an element, and tells which of them nothing follows so far. Some may wait before the first
    /// that stands in it.
    fn within(
        &mut self,
        element: Element<'_, 'a>,
        mut waiting: Vec<(&'a str, Span)>,
    ) -> Vec<(&'a str, Span)> {
        let source = element.source();
        let mut inner = Vec::new();
        for content in element.children() {
            match content {
                Content::Comment(text, span) if concerns_us(text) => waiting.push((text, span)),
                Content::Element(child) => {
                    self.settle(&mut waiting, source, Some(child.span()));
                    inner.push(child);
                }
                _ => {}
            }
        }
        for child in inner {
            let mut last = self.within(child, Vec::new());
            self.settle(&mut last, source, None);
        }
        waiting
    }

    /// Reads the comments that have waited for this.
    fn settle(&mut self, waiting: &mut Vec<(&'a str, Span)>, source: &str, next: Option<Span>) {
        for (text, span) in waiting.drain(..) {
            let reach = [Some(self.line(source, span)), next].into_iter().flatten();
            read(text, span, &reach.collect::<Vec<_>>(), &mut self.found);
        }
    }

    /// The line on which a comment stands, or the lines. Very many may stand on one, which is not looked through for each.
    fn line(&mut self, source: &str, comment: Span) -> Span {
        let holds = |line: &Span| line.start <= comment.start && comment.end <= line.end;
        if let Some(line) = self.line.filter(holds) {
            return line;
        }
        let line = line(source, comment);
        let is_one = !source[comment.range()].contains('\n');
        self.line = is_one.then_some(line);
        line
    }
}

fn concerns_us(comment: &str) -> bool {
    comment.trim_start().starts_with(MARK)
}

/// Reads what a comment silences, up to one code more than count.
fn read(text: &str, comment: Span, reach: &[Span], found: &mut Vec<Suppression>) {
    let Some(rest) = text.trim_start().strip_prefix(MARK) else {
        return;
    };
    // The text starts four bytes after the comment does.
    let offset = |part: &str| {
        comment.start + 4 + crate::document::index(part.as_ptr() as usize - text.as_ptr() as usize)
    };
    for setting in rest.split_whitespace() {
        let Some(names) = setting.strip_prefix("disable=") else {
            continue;
        };
        for name in names.split(',').filter(|name| !name.is_empty()) {
            if found.len() > MAX {
                return;
            }
            let start = offset(name);
            found.push(Suppression {
                name: name.to_owned(),
                rule: rules::find(name),
                span: Span {
                    start,
                    end: start + crate::document::index(name.len()),
                },
                reach: reach.to_vec(),
                is_used: false,
            });
        }
    }
}

/// The line on which something stands, from its first character to its last; the lines, if it stands on several.
fn line(source: &str, span: Span) -> Span {
    let start = source[..span.start as usize]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let after = &source[span.end as usize..];
    let end = span.end as usize + after.find('\n').unwrap_or(after.len());
    Span {
        start: crate::document::index(start),
        end: crate::document::index(end),
    }
}

/// Takes out what is silenced, and says which comments silence nothing or name no rule.
pub(crate) fn apply(
    suppressions: &mut [Suppression],
    findings: &mut Vec<Finding>,
    unused: Level,
    unknown: Level,
) {
    findings.retain(|finding| {
        let silencing = |suppression: &&mut Suppression| {
            suppression.rule == Some(finding.rule)
                && suppression.reach.iter().any(|reach| {
                    reach.start <= finding.span.start && finding.span.start < reach.end
                })
        };
        let mut is_silenced = false;
        for suppression in suppressions.iter_mut().filter(silencing) {
            suppression.is_used = true;
            is_silenced = true;
        }
        !is_silenced
    });
    for suppression in suppressions
        .iter()
        .filter(|suppression| !suppression.is_used)
    {
        let name = &suppression.name;
        let (rule, level, message, help) = match suppression.rule {
            Some(_) => (
                &rules::unused_suppression::RULE,
                unused,
                format!("this comment silences {name}, which finds nothing here"),
                "remove the comment, or the code from it",
            ),
            None => (
                &rules::unknown_suppression::RULE,
                unknown,
                format!("no rule is called {name:?}, so this comment silences nothing"),
                "write a code or name as --list-rules shows it",
            ),
        };
        if level != Level::Off {
            let mut finding = Finding::new(rule, level, suppression.span, message);
            finding.help(help);
            findings.push(finding);
        }
    }
}
