//! What the files of a run have in common.
//!
//! Of an address only its print is kept, a hash: texts are let go, and few addresses stand in several files in a way that a
//! rule has something to say about. Those are read once more, so that two addresses with the same print are told apart.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hasher as _,
    sync::Arc,
};

use foldhash::fast::{FixedState, RandomState};

use crate::{
    document::Span,
    finding::{Finding, Related},
    grammar::{self, RoleId, names::NameId},
    lint::Checked,
    pass::MAX_FINDINGS,
    rule::{Level, Rule},
};

/// What rules over several files see. A run of one file is a run too.
pub(crate) struct Run<'r> {
    files: &'r [Checked],
    candidates: &'r [Candidate],
    rule: &'static Rule,
    /// What was found, by file.
    findings: &'r mut BTreeMap<usize, Vec<Finding>>,
}

/// What is kept of a file for the rules over several files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Absolute addresses and paths from the root, in the order of the source.
    pub(crate) addresses: Vec<Kept>,
    /// How grave their findings are in this file; rules that are off here are missing.
    pub(crate) levels: Arc<[(&'static Rule, Level)]>,
}

/// An address that other files may hold too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Of what is compared.
    print: u64,
    /// Without the blanks around it; placeholders are part of it.
    pub(crate) span: Span,
    compared: Compared,
    element: RoleId,
    /// What is no attribute is the text of the element.
    attribute: NameId,
}

/// What of an address is compared with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// All of it; it is played.
    Whole,
    /// What stands before its query, a slash at the end of that left out: whether one stands there as it is written, and as
    /// it is read.
    Path { has_slash: bool, is_read_so: bool },
}

/// An address that other files, or other places of the same file, seem to hold too.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) file: usize,
    pub(crate) kept: Kept,
    /// As written.
    pub(crate) address: String,
}

const _: () = assert!(size_of::<Kept>() == 24);

/// Which addresses of which files rules may have something to say about.
pub(crate) fn suspects(files: &[Checked]) -> Vec<(usize, Vec<Kept>)> {
    let all = || files.iter().flat_map(|file| &file.facts.addresses);
    // Few addresses end with a slash. By what they are without it: whether they occur with one, and without.
    let mut slashed: HashMap<u64, [bool; 2], RandomState> = HashMap::default();
    // Whether it is played again.
    let mut played: HashMap<u64, bool, RandomState> = HashMap::default();
    for kept in all() {
        match kept.compared {
            Compared::Whole => {
                let again = played.entry(kept.print);
                again.and_modify(|again| *again = true).or_default();
            }
            Compared::Path { is_read_so, .. } => {
                if is_read_so {
                    slashed.entry(kept.print).or_default();
                }
            }
        }
    }
    if !slashed.is_empty() {
        for kept in all() {
            if let Compared::Path { has_slash, .. } = kept.compared
                && let Some(forms) = slashed.get_mut(&kept.print)
            {
                forms[usize::from(has_slash)] = true;
            }
        }
    }
    slashed.retain(|_, forms| *forms == [true; 2]);
    played.retain(|_, again| *again);
    if slashed.is_empty() && played.is_empty() {
        return Vec::new();
    }
    let is_suspect = |kept: &&Kept| match kept.compared {
        Compared::Whole => played.contains_key(&kept.print),
        Compared::Path { .. } => slashed.contains_key(&kept.print),
    };
    let of_file = |(number, file): (usize, &Checked)| {
        let addresses = file.facts.addresses.iter();
        let suspects: Vec<Kept> = addresses.filter(is_suspect).copied().collect();
        (!suspects.is_empty()).then_some((number, suspects))
    };
    files.iter().enumerate().filter_map(of_file).collect()
}

impl<'r> Run<'r> {
    pub(crate) fn new(
        files: &'r [Checked],
        candidates: &'r [Candidate],
        rule: &'static Rule,
        findings: &'r mut BTreeMap<usize, Vec<Finding>>,
    ) -> Self {
        Self {
            files,
            candidates,
            rule,
            findings,
        }
    }

    /// The addresses of which the whole is compared.
    pub(crate) fn played(&self) -> impl Iterator<Item = &'r Candidate> + use<'r> {
        let is_whole = |one: &&Candidate| one.kept.compared == Compared::Whole;
        self.candidates.iter().filter(is_whole)
    }

    /// The addresses of which the path is compared.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &'r Candidate> + use<'r> {
        let is_path = |one: &&Candidate| one.kept.compared != Compared::Whole;
        self.candidates.iter().filter(is_path)
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
        let mut levels = self.files[file].facts.levels.iter();
        let Some(&(rule, level)) = levels.find(|(rule, _)| *rule == self.rule) else {
            return;
        };
        let findings = self.findings.entry(file).or_default();
        if findings.len() >= MAX_FINDINGS {
            return;
        }
        let mut finding = Finding::new(rule, level, span, message);
        finding.help(help);
        finding.related.push(Related {
            file: related.file.filter(|&other| other != file),
            ..related
        });
        findings.push(finding);
    }
}

impl Candidate {
    /// With the address from the text of its file; `None` if it does not stand there any more.
    pub(crate) fn new(file: usize, kept: Kept, text: &str) -> Option<Self> {
        Some(Self {
            file,
            kept,
            address: text.get(kept.span.range())?.to_owned(),
        })
    }
}

impl Kept {
    pub(crate) fn new(
        compared: (Compared, &str),
        span: Span,
        element: RoleId,
        attribute: NameId,
    ) -> Self {
        let mut hasher = std::hash::BuildHasher::build_hasher(&FixedState::default());
        hasher.write(compared.1.as_bytes());
        Self {
            print: hasher.finish(),
            span,
            compared: compared.0,
            element,
            attribute,
        }
    }

    /// Whether the address is read as one that ends with a slash, or has one before its query.
    pub(crate) fn ends_in_slash(self) -> bool {
        matches!(self.compared, Compared::Path { is_read_so, .. } if is_read_so)
    }

    /// What the place is called in messages: `<Play>` or `the action of <Gather>`.
    pub(crate) fn place_name(self) -> String {
        let element = grammar::ELEMENTS[usize::from(self.element)].name;
        match grammar::names::attribute_called(self.attribute) {
            None => format!("<{element}>"),
            Some(attribute) => format!("the {attribute} of <{element}>"),
        }
    }
}
