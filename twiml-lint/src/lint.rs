//! The linter: bytes in, findings out. [`Linter::read`] takes one file and may run on many threads;
//! [`finish`](crate::finish) looks at what the files have in common and sorts.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use crate::{
    document::Span,
    encoding::{self, Text, Undecodable},
    finding::{Finding, Related},
    grammar::Product,
    parse::{self, Limits, ParseError, ParseErrorKind, Parser, Survey},
    pass::{self, Looking, MAX_FINDINGS, Pass, Seen, Source},
    places::Places,
    rule::{Check, Level, Rule},
    rules,
    run::Facts,
    settings::{SettingError, Settings},
    suppress::{self, Suppression, Suppressions},
    template,
};

/// Reads files under one set of settings.
#[derive(Debug)]
pub struct Linter {
    settings: Settings,
    looking: Looking,
    levels: HashMap<&'static str, Level>,
    /// Of findings about suppressions: unused, unknown.
    suppression_levels: (Level, Level),
    /// The rules over several files that look, with their levels.
    over_files: Arc<[(&'static Rule, Level)]>,
    /// How many elements of a document are looked at before the next ones are read.
    part: usize,
}

/// A file that has been read.
#[derive(Debug)]
pub struct Checked {
    pub(crate) text: Text,
    pub(crate) encoding: Option<(&'static encoding_rs::Encoding, bool)>,
    pub(crate) is_twiml: bool,
    is_broken: bool,
    pub(crate) findings: Vec<Finding>,
    /// Where the findings stand, and the comments about them.
    pub(crate) places: Option<Box<Places>>,
    pub(crate) facts: Facts,
    pub(crate) suppressions: Vec<Suppression>,
    /// Of findings about suppressions: unused, unknown.
    pub(crate) suppression_levels: (Level, Level),
}

impl Linter {
    /// A linter with these settings.
    ///
    /// # Errors
    /// A setting that makes no sense.
    pub fn new(settings: Settings) -> Result<Self, SettingError> {
        settings.check()?;
        let over_files = |rule: &&'static Rule| matches!(rule.check, Check::Run(_));
        Ok(Self {
            suppression_levels: (
                settings.level(&rules::unused_suppression::RULE),
                settings.level(&rules::unknown_suppression::RULE),
            ),
            looking: Looking::new(&settings, rules::ALL),
            levels: rules::ALL
                .iter()
                .map(|rule| (rule.code, settings.level(rule)))
                .collect(),
            over_files: rules::ALL
                .iter()
                .copied()
                .filter(over_files)
                .map(|rule| (rule, settings.level(rule)))
                .filter(|&(_, level)| level != Level::Off)
                .collect(),
            settings,
            part: parse::PART,
        })
    }

    /// Reads one file. The name tells its template language; it need not exist.
    pub fn read(&self, name: Option<&str>, bytes: Vec<u8>) -> Checked {
        let mut checked = Checked {
            text: Text::Gone,
            encoding: None,
            is_twiml: true,
            is_broken: false,
            findings: Vec::new(),
            places: None,
            facts: Facts {
                addresses: Vec::new(),
                levels: Arc::clone(&self.over_files),
            },
            suppressions: Vec::new(),
            suppression_levels: self.suppression_levels,
        };
        let text = match encoding::decode(&bytes) {
            Ok(decoded) => {
                checked.encoding = Some((decoded.encoding, decoded.has_mark));
                rules::non_utf8_encoding::check(self, &decoded, &mut checked.findings);
                self.read_text(name, &decoded.text, &mut checked);
                checked.keep_places(&decoded.text);
                match decoded.text {
                    Cow::Borrowed(_) => None,
                    Cow::Owned(text) => Some(text),
                }
            }
            Err(error) => {
                checked.is_broken = true;
                self.undecodable(&error, &mut checked.findings);
                return checked;
            }
        };
        checked.text = text.map_or(Text::Utf8(bytes), Text::Decoded);
        checked
    }

    /// Stands for a file of more than `limit` bytes, of which not one was kept.
    pub fn too_large(&self, limit: u64) -> Checked {
        let mut checked = self.read(None, b"<Response/>".to_vec());
        checked.findings.clear();
        checked.forget_text();
        checked.encoding = None;
        self.report(
            &rules::beyond_bounds::RULE,
            Span { start: 0, end: 0 },
            format!("the document has more than {limit} bytes, and is not read to its end"),
            Some("split it into several documents"),
            &mut checked.findings,
        );
        checked
    }

    /// Finds what is wrong with one text, as if it were the only file of a run.
    pub fn check(&self, name: Option<&str>, text: &str) -> Vec<Finding> {
        let checked = self.read(name, text.as_bytes().to_vec());
        crate::finish(vec![checked])
            .pop()
            .map_or_else(Vec::new, |report| report.findings)
    }

    fn read_text(&self, name: Option<&str>, text: &str, checked: &mut Checked) {
        let survey = parse::survey(text);
        let masked = template::mask(text, name, survey.may_have_tags);
        rules::document_too_large::check(self, text, &mut checked.findings);
        if let Some(span) = masked.unclosed {
            checked.is_broken = true;
            rules::unclosed_template_tag::check(self, span, &mut checked.findings);
            return;
        }
        let survey = matches!(masked.text, Cow::Borrowed(_)).then_some(survey);
        let source = Source {
            name,
            text,
            mask: &masked.mask,
        };
        let Err(error) = self.read_xml(source, &masked.text, survey, checked) else {
            return;
        };
        // Both arms of a conditional may open what is closed behind it. Then each is read by itself.
        let arms = [masked.first_arms(), masked.last_arms()];
        let mut is_read = false;
        for arm in arms.iter().flatten() {
            is_read |= self.read_xml(source, arm, None, checked).is_ok();
        }
        if !is_read {
            checked.is_broken = true;
            checked.is_twiml = rules::wrong_root::guess(&masked.text);
            self.malformed(&error, &mut checked.findings);
        }
    }

    /// Lets the rules look at a document, if it is one.
    fn read_xml(
        &self,
        source: Source<'_>,
        masked: &str,
        survey: Option<Survey>,
        checked: &mut Checked,
    ) -> Result<(), ParseError> {
        let mut parser = Parser::new(masked, Limits::FILE, survey)?;
        parser.advance(self.part)?;
        let mut product = pass::product(parser.part());
        let is_twiml = parser.part().root().name() == "Response";
        // What a template has a say in is looked at back and forth; and what verbs are depends on what runs the document.
        if !is_twiml || !source.mask.is_certain() || product.is_none() {
            parser.read_rest()?;
            product = product.or_else(|| pass::product(parser.part()));
        }
        let root = parser.part().root();
        checked.is_twiml = root.name().eq_ignore_ascii_case("Response");
        if !is_twiml {
            rules::wrong_root::check(self, root, &mut checked.findings);
            return Ok(());
        }
        let root = root.name_span();
        let mut suppressions = Suppressions::default();
        let mut seen = Seen::new(checked.findings.len());
        loop {
            suppressions.read(parser.part());
            let mut pass = Pass::new(
                source,
                parser.part(),
                product.unwrap_or(Product::Voice),
                &self.settings,
                &mut seen,
            );
            pass.walk(&self.looking);
            if parser.is_over() {
                pass.finish(&self.looking);
                break;
            }
            parser.advance(self.part)?;
        }
        checked.suppressions.extend(suppressions.finish(masked));
        if checked.suppressions.len() > suppress::MAX {
            checked.suppressions.truncate(suppress::MAX);
            let message = format!(
                "more than {} comments silence rules; the others count for nothing",
                suppress::MAX
            );
            self.beyond_bounds(root, message, &mut checked.findings);
        }
        if seen.has_surplus() {
            let message = format!(
                "more than {MAX_FINDINGS} things are wrong with this document; the others are left out"
            );
            self.beyond_bounds(root, message, &mut checked.findings);
        }
        seen.give(&mut checked.findings, &mut checked.facts.addresses);
        Ok(())
    }

    fn beyond_bounds(&self, span: Span, message: String, findings: &mut Vec<Finding>) {
        self.report(&rules::beyond_bounds::RULE, span, message, None, findings);
    }

    fn malformed(&self, error: &ParseError, findings: &mut Vec<Finding>) {
        let rule = match error.kind {
            ParseErrorKind::MisplacedDeclaration => &rules::content_before_declaration::RULE,
            ParseErrorKind::Doctype => &rules::doctype_declared::RULE,
            ParseErrorKind::TooDeep
            | ParseErrorKind::TooManyAttributes
            | ParseErrorKind::TooLarge => &rules::beyond_bounds::RULE,
            _ => &rules::not_well_formed::RULE,
        };
        let start = crate::document::index(error.offset);
        self.report(
            rule,
            Span { start, end: start },
            error.kind.to_string(),
            None,
            findings,
        );
    }

    fn undecodable(&self, error: &Undecodable, findings: &mut Vec<Finding>) {
        self.report(
            &rules::undecodable_text::RULE,
            Span { start: 0, end: 0 },
            error.to_string(),
            None,
            findings,
        );
    }

    /// Says what reading has found, if the rule is on.
    pub(crate) fn report(
        &self,
        rule: &'static Rule,
        span: Span,
        message: String,
        help: Option<&str>,
        findings: &mut Vec<Finding>,
    ) {
        let level = self.level(rule);
        if level != Level::Off {
            let mut finding = Finding::new(rule, level, span, message);
            finding.help = help.map(str::to_owned);
            findings.push(finding);
        }
    }

    pub(crate) fn level(&self, rule: &Rule) -> Level {
        self.levels.get(rule.code).copied().unwrap_or(Level::Off)
    }
}

impl Checked {
    /// Lets go of the text: whoever reads many files should not have them all in memory. What findings need of it is kept.
    pub fn forget_text(&mut self) {
        self.text = Text::Gone;
    }

    /// Keeps what findings need of the text.
    fn keep_places(&mut self, text: &str) {
        let own = |related: &Related| related.file.is_none().then_some(related.span);
        let mut spans: Vec<Span> = self.suppressions.iter().map(Suppression::span).collect();
        for finding in &self.findings {
            spans.push(finding.span);
            spans.extend(finding.related.iter().filter_map(own));
            let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
            spans.extend(edits.map(|edit| edit.span));
        }
        self.places = Places::of(text, &spans);
    }

    /// Whether the root element is `Response`, or nearly; of a file that is not well-formed or cannot be decoded, whether it
    /// may have been meant so.
    pub fn is_twiml(&self) -> bool {
        self.is_twiml
    }

    /// Whether the document could not be read to its end, so that [`Self::is_twiml`] is a guess.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }
}

#[cfg(test)]
mod tests;
