//! From what was read of all files to what is reported of each: rules over several files, silenced findings, order.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    document::{Position, Span},
    encoding::{self, Decoded, Text},
    finding::Finding,
    lint::Checked,
    places::{Places, without_mark},
    rule::Check,
    rules,
    run::{self, Candidate, Run},
    suppress,
};

/// What was found in a file.
#[derive(Debug)]
pub struct Report {
    /// Whether the root element is `Response`, or nearly.
    pub is_twiml: bool,
    /// In the order of their places, then of their codes.
    pub findings: Vec<Finding>,
    text: Text,
    encoding: Option<(&'static encoding_rs::Encoding, bool)>,
    places: Option<Box<Places>>,
    /// Places of what only the other files have shown.
    shared: Option<Box<Places>>,
}

/// Looks at what the files have in common, silences what comments silence, and sorts. Reports come in the order of the
/// files.
pub fn finish(files: Vec<Checked>) -> Vec<Report> {
    finish_with(files, |_| None)
}

/// As [`finish`], for files whose texts were let go ([`Checked::forget_text`]): `again` gives the bytes of the file with this
/// number once more. It is asked for few files: those that share an address with others.
pub fn finish_with(
    files: Vec<Checked>,
    mut again: impl FnMut(usize) -> Option<Vec<u8>>,
) -> Vec<Report> {
    let mut shared = BTreeMap::new();
    let mut candidates = Vec::new();
    for (file, suspects) in run::suspects(&files) {
        let bytes;
        let text = match files[file].text.get() {
            Some(text) => Some(text),
            None => {
                bytes = again(file);
                bytes.as_deref().and_then(decoded)
            }
        };
        // A file that is gone by now, or holds something else, shares nothing.
        let Some(text) = text else { continue };
        let spans: Vec<Span> = suspects.iter().map(|kept| kept.span).collect();
        let address = |kept| Candidate::new(file, kept, &text);
        candidates.extend(suspects.into_iter().filter_map(address));
        shared.insert(file, Places::of(&text, &spans));
    }
    let mut findings = BTreeMap::new();
    for rule in rules::ALL {
        if let Check::Run(check) = rule.check {
            check(&mut Run::new(&files, &candidates, rule, &mut findings));
        }
    }
    let mut report = |(number, file): (usize, Checked)| {
        let mut report = report(file, findings.remove(&number));
        report.shared = shared.remove(&number).flatten();
        report
    };
    files.into_iter().enumerate().map(&mut report).collect()
}

fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let decoded: Decoded<'_> = encoding::decode(bytes).ok()?;
    Some(decoded.text)
}

fn report(mut file: Checked, over_files: Option<Vec<Finding>>) -> Report {
    let mut findings = std::mem::take(&mut file.findings);
    findings.extend(over_files.into_iter().flatten());
    if !findings.is_empty() || !file.suppressions.is_empty() {
        let (unused, unknown) = file.suppression_levels;
        suppress::apply(&mut file.suppressions, &mut findings, unused, unknown);
        findings.sort_by(|a, b| {
            (a.span.start, a.rule.code, &a.message).cmp(&(b.span.start, b.rule.code, &b.message))
        });
        findings.dedup();
    }
    Report {
        is_twiml: file.is_twiml,
        findings,
        text: file.text,
        encoding: file.encoding,
        places: file.places,
        shared: None,
    }
}

impl Report {
    /// The decoded text, which the spans of the findings are about, unless it was let go; a byte order mark of UTF-8 is part
    /// of it.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        self.text.get()
    }

    /// Whether offsets in the text are offsets in the file.
    pub fn is_utf8(&self) -> bool {
        self.encoding
            .is_some_and(|(encoding, _)| encoding == encoding_rs::UTF_8)
    }

    /// Line and column of a place that a finding names; of any place, while the text is there. A byte order mark is no column:
    /// no editor counts it.
    pub fn position(&self, offset: u32) -> Position {
        if let Some(position) = self.kept().find_map(|places| places.position(offset)) {
            return position;
        }
        let text = self.text.get().unwrap_or_default();
        without_mark(&text, Position::of(&text, offset as usize))
    }

    /// The text around the start of a finding, or of a place that belongs to one, and at which offset it begins: at least the
    /// line, as far as anybody wants to read it.
    pub fn around(&self, offset: u32) -> Option<(&str, u32)> {
        let mut kept = self.kept();
        kept.find(|places| places.position(offset).is_some())?
            .around(offset)
    }

    fn kept(&self) -> impl Iterator<Item = &Places> {
        [&self.places, &self.shared]
            .into_iter()
            .filter_map(|places| places.as_deref())
    }

    /// The bytes of the file with another text in it, in the encoding that it came in; `None` if that encoding lacks a
    /// character, or the file could not be decoded.
    pub fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let (encoding, has_mark) = self.encoding?;
        encoding::encode(text, encoding, has_mark)
    }
}
