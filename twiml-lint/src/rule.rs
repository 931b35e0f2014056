//! What a rule is. Each rule is one file in `rules/`; the registry is the list in `rules.rs`, and everything that is told
//! about rules (`--list-rules`, `--explain`, the pages in `docs/`, the tables in reports) is told from there.

use std::fmt;

use crate::{
    address::Address,
    pass::{Pass, Tag},
    run::Run,
};

/// One thing that the linter looks for.
pub struct Rule {
    /// `TW` and three digits. Codes are stable: they are never given to another rule.
    pub code: &'static str,
    /// Names the bad thing, never the remedy: `relative-play-url`.
    pub name: &'static str,
    /// How grave it is if nothing else is set.
    pub level: Level,
    /// How grave it is under `--strict`.
    pub strict: Level,
    /// The carrier's error codes for what happens, when it has one.
    pub twilio: &'static [u32],
    /// One line, without a full stop.
    pub summary: &'static str,
    /// What it is, why it bites in production, what to do, as Markdown.
    pub explain: &'static str,
    /// Yields this rule's finding.
    pub bad: Example,
    /// The same done right: yields no finding at all.
    pub good: Example,
    /// When it looks.
    pub(crate) check: Check,
}

/// Files that show a rule at work.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Names and texts; the name says which template language is spoken.
    pub files: &'static [(&'static str, &'static str)],
    /// Settings that it needs, as in `twiml-lint.toml`.
    pub settings: &'static [(&'static str, &'static str)],
}

/// When a rule looks.
pub(crate) enum Check {
    /// Never by itself: reading the file finds it, or the linter's own book-keeping does.
    Reading,
    /// At each element of one of these names.
    Elements(
        &'static [&'static str],
        fn(&mut Pass<'_, '_, '_>, Tag<'_, '_>),
    ),
    /// At each child of the root; see [`Flow`](crate::rules::flow::Flow).
    Verbs(fn(&mut Pass<'_, '_, '_>, Tag<'_, '_>)),
    /// At each element that is not just as the grammar has it; see [`Tag::is_plain`](crate::pass::Tag::is_plain).
    OddElements(fn(&mut Pass<'_, '_, '_>, Tag<'_, '_>)),
    /// At each `<Say>` whose text and voice are not plainly right; see
    /// [`is_plain`](crate::rules::speech::is_plain).
    OddSpeech(fn(&mut Pass<'_, '_, '_>, Tag<'_, '_>)),
    /// At each address in an element of one of these names, in order.
    AddressesIn(
        &'static [&'static str],
        fn(&mut Pass<'_, '_, '_>, &Address<'_, '_>),
    ),
    /// At each address that is not just `https`, host, path and query; see [`Address::is_plain`].
    OddAddresses(fn(&mut Pass<'_, '_, '_>, &Address<'_, '_>)),
    /// At each address whose query may hold what a rule looks for; see [`Address::has_odd_query`].
    Queries(fn(&mut Pass<'_, '_, '_>, &Address<'_, '_>)),
    /// Once the document has been walked.
    Document(fn(&mut Pass<'_, '_, '_>)),
    /// Once all files have been read, over what they have in common.
    Run(fn(&mut Run<'_>)),
}

/// How grave a rule's findings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not looked for.
    Off,
    /// Worth knowing.
    Info,
    /// Works today, and fails on a bad day.
    Warning,
    /// The call fails, or will.
    Error,
}

impl Example {
    /// One XML file.
    pub(crate) const fn xml(files: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            files,
            settings: &[],
        }
    }
}

impl Level {
    /// As it is written in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The level of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Off, Self::Info, Self::Warning, Self::Error]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.name)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Rule {}
