//! Reads and lints files on all processors, and keeps what was found in the order of the files.

use std::{
    collections::HashMap,
    io,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use twiml_lint::{Checked, Finding, Level, Linter, Position, Report, Settings, finish_with};

use super::{
    Failure,
    bytes::{self, Bytes},
    find::{Origin, Target},
    layer::Layer,
};

/// A file and what was found in it.
#[derive(Debug)]
pub(crate) struct File<'t> {
    pub(crate) target: &'t Target,
    /// Which target it is.
    pub(crate) index: usize,
    pub(crate) report: Report,
    /// Findings that are not reported, since the baseline records them.
    pub(crate) known: usize,
}

/// What came of one look at all files.
#[derive(Debug, Default)]
pub(crate) struct Outcome<'t> {
    pub(crate) files: Vec<File<'t>>,
    /// How many were left out, as they are other XML.
    pub(crate) not_twiml: usize,
    /// Entries of the baseline that no longer occur.
    pub(crate) gone: usize,
    /// What could not be read, and why.
    pub(crate) troubles: Vec<String>,
}

/// What reading one file gives; `None` if it was found in a directory, and is no TwiML.
type Read = io::Result<Option<Checked>>;

/// Everything that is needed to look at the files once more.
#[derive(Debug)]
pub(crate) struct Work<'t> {
    targets: &'t [Target],
    /// For each distinct settings one.
    linters: Vec<Linter>,
    /// Which linter reads which target.
    linter_of: Vec<usize>,
    /// What stands in for the bytes of some targets: standard input, and what fixes have made.
    pub(crate) instead: HashMap<usize, Bytes>,
    stdin_trouble: Option<io::Error>,
    /// Whether texts stay in memory, as they are to be mended; else they go as soon as they have been looked at.
    pub(crate) keeps_texts: bool,
}

impl<'t> Work<'t> {
    /// Settles which settings count for which file, and reads standard input if it is wanted.
    pub(crate) fn new(targets: &'t [Target], command_line: &Layer) -> Result<Self, Failure> {
        let mut work = Self {
            targets,
            linters: Vec::new(),
            linter_of: Vec::with_capacity(targets.len()),
            instead: HashMap::new(),
            stdin_trouble: None,
            keeps_texts: false,
        };
        let mut known: Vec<(Vec<*const Layer>, usize)> = Vec::new();
        let mut distinct: Vec<Settings> = Vec::new();
        for (index, target) in targets.iter().enumerate() {
            let layers: Vec<&Layer> = target
                .config
                .iter()
                .flat_map(|config| config.layers(&target.path))
                .collect();
            // Files under the same layers have the same settings, without a comparison of all that they say.
            let key: Vec<*const Layer> = layers
                .iter()
                .map(|&layer| std::ptr::from_ref(layer))
                .collect();
            let linter = match known.iter().find(|(layers, _)| *layers == key) {
                Some(&(_, linter)) => linter,
                None => {
                    let linter = work.linter(&layers, command_line, &mut distinct)?;
                    known.push((key, linter));
                    linter
                }
            };
            work.linter_of.push(linter);
            if target.origin == Origin::Stdin {
                match bytes::of_stdin() {
                    Ok(bytes) => _ = work.instead.insert(index, bytes),
                    Err(error) => work.stdin_trouble = Some(error),
                }
            }
        }
        if targets.is_empty() {
            work.linter(&[], command_line, &mut distinct)?;
        }
        Ok(work)
    }

    fn linter(
        &mut self,
        layers: &[&Layer],
        command_line: &Layer,
        distinct: &mut Vec<Settings>,
    ) -> Result<usize, Failure> {
        let mut settings = Settings::default();
        for layer in layers.iter().copied().chain([command_line]) {
            layer.lay_over(&mut settings);
        }
        if let Some(linter) = distinct.iter().position(|known| *known == settings) {
            return Ok(linter);
        }
        distinct.push(settings.clone());
        self.linters.push(Linter::new(settings)?);
        Ok(self.linters.len() - 1)
    }

    /// The bytes of standard input, mended if it was.
    pub(crate) fn stdin(&self) -> Option<&[u8]> {
        let is_stdin = |target: &Target| target.origin == Origin::Stdin;
        let index = self.targets.iter().position(is_stdin)?;
        match self.instead.get(&index)? {
            Bytes::Whole(bytes) | Bytes::Once(bytes) => Some(bytes),
            Bytes::TooLarge(_) => None,
        }
    }

    /// Looks at all files.
    pub(crate) fn look(&self) -> Outcome<'t> {
        let slots: Vec<OnceLock<Read>> = self.targets.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(slot) = slots.get(at) else {
                    return;
                };
                _ = slot.set(self.read(at));
            }
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        // One thread for so few files that starting a second takes longer than reading them.
        let threads = processors.min(self.targets.len().div_ceil(8));
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        self.outcome(slots.into_iter().map(|slot| slot.into_inner()))
    }

    fn outcome(&self, results: impl Iterator<Item = Option<Read>>) -> Outcome<'t> {
        let mut outcome = Outcome::default();
        let mut kept = Vec::new();
        let mut checked = Vec::new();
        for (index, result) in results.enumerate() {
            match result.expect("every slot has been filled") {
                Ok(Some(file)) => {
                    kept.push(index);
                    checked.push(file);
                }
                Ok(None) => outcome.not_twiml += 1,
                Err(error) => {
                    let name = &self.targets[index].shown;
                    outcome
                        .troubles
                        .push(format!("cannot read {name}: {error}"));
                }
            }
        }
        let again = |file: usize| self.bytes(kept[file]).ok()?.whole();
        let reports = finish_with(checked, again);
        outcome.files = kept
            .iter()
            .zip(reports)
            .map(|(&index, report)| File {
                target: &self.targets[index],
                index,
                report,
                known: 0,
            })
            .collect();
        outcome
    }

    /// Reads one file.
    fn read(&self, index: usize) -> Read {
        let target = &self.targets[index];
        let linter = &self.linters[self.linter_of[index]];
        let bytes = self.bytes(index)?;
        let can_be_read_again = matches!(bytes, Bytes::Whole(_));
        let bytes = match bytes {
            Bytes::Whole(bytes) | Bytes::Once(bytes) => bytes,
            Bytes::TooLarge(limit) => return Ok(Some(linter.too_large(limit))),
        };
        let may_be_other = target.origin == Origin::Walked && !is_surely_meant(&target.shown);
        let names_response = !may_be_other || names_response(&bytes);
        let mut checked = linter.read(Some(&target.shown), bytes);
        if can_be_read_again && !self.keeps_texts {
            checked.forget_text();
        }
        let is_other = !checked.is_twiml() || checked.is_broken() && !names_response;
        Ok(
            (target.origin != Origin::Walked || !is_other || is_surely_meant(&target.shown))
                .then_some(checked),
        )
    }

    /// The bytes of one file.
    fn bytes(&self, index: usize) -> io::Result<Bytes> {
        if let Some(bytes) = self.instead.get(&index) {
            return Ok(bytes.clone());
        }
        let target = &self.targets[index];
        match (target.origin, &self.stdin_trouble) {
            (Origin::Stdin, Some(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            _ => bytes::of_file(&target.path),
        }
    }
}

/// Whether the name alone says that a file is TwiML.
fn is_surely_meant(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.split('.')
        .skip(1)
        .any(|part| part.eq_ignore_ascii_case("twiml"))
}

/// Whether bytes that could not be read as XML hold the root of TwiML, in any encoding that keeps ASCII or puts zeros between.
fn names_response(bytes: &[u8]) -> bool {
    let begins = |rest: &[u8]| {
        let mut ascii = rest.iter().filter(|byte| **byte != 0).take(8);
        b"response".iter().all(|wanted| {
            ascii
                .next()
                .is_some_and(|byte| byte.eq_ignore_ascii_case(wanted))
        })
    };
    let mut starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'<');
    starts.any(|(at, _)| begins(&bytes[at + 1..(at + 36).min(bytes.len())]))
}

impl File<'_> {
    /// How it is called in reports.
    pub(crate) fn name(&self) -> &str {
        &self.target.shown
    }

    /// What was found.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.report.findings
    }

    /// Line and column of a byte of the text.
    pub(crate) fn position(&self, offset: u32) -> Position {
        self.report.position(offset)
    }

    /// How many findings have a level.
    pub(crate) fn count(&self, level: Level) -> usize {
        let findings = self.findings().iter();
        findings.filter(|finding| finding.level == level).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_files_are_taken_for_twiml_if_they_name_its_root() {
        let check =
            |bytes: &[u8], expected| assert_eq!(names_response(bytes), expected, "{bytes:?}");
        check(b"", false);
        check(b"server { listen 80; }", false);
        check(b"<Respons", false);
        check(b"x\xFF<response>", true);
        check(b"<\0R\0e\0s\0p\0o\0n\0s\0e\0>\0", true);
        check(b"\0<\0R\0e\0s\0p\0o\0n\0s\0e", true);
        check(
            b"<\0\0\0R\0\0\0e\0\0\0s\0\0\0p\0\0\0o\0\0\0n\0\0\0s\0\0\0e\0\0\0",
            true,
        );
        assert!(is_surely_meant("a/menu.twiml.j2") && is_surely_meant("menu.TwiML"));
        assert!(!is_surely_meant("twiml/menu.xml") && !is_surely_meant("twiml"));
    }
}
