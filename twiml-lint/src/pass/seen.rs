//! What was seen and found in the parts of a document that have been walked.

use std::{borrow::Cow, cell::Cell};

use super::{MAX_FINDINGS, bit};
use crate::{
    address::{Address, Place, Verdict, path},
    document::Span,
    finding::Finding,
    grammar::{AttributeRole, RoleId, names, roles},
    rules::{self, flow::Flow},
    run::{Compared, Kept},
};

/// What outlives a part of a document. Nothing in it points into the part.
pub(crate) struct Seen<'a> {
    /// How many findings are kept.
    most: usize,
    pub(super) findings: Vec<Finding>,
    /// The first absolute address, and the host in it.
    pub(super) absolute: Option<(Span, Cow<'a, str>)>,
    /// The first relative address of which no other rule has said so.
    pub(super) relative: Option<Span>,
    pub(super) flow: Flow,
    /// What each element of the part is, by its place in it; [`UNKNOWN`](crate::grammar::UNKNOWN) for those that TwiML does
    /// not have.
    pub(super) roles: Vec<RoleId>,
    /// What the attributes of the element being looked at are, in their order.
    pub(super) known: Vec<Option<&'static AttributeRole>>,
    /// Which findings name a relative address, and were made before an absolute one was known.
    lonely: Vec<usize>,
    /// The addresses that other files may hold too, in the order of the source.
    kept: Vec<Kept>,
    /// Takes what is said once there are more.
    surplus: Option<Finding>,
}

/// What plays its text.
const PLAYED: u128 = roles!("Play");

/// Longer lists are not left to the next document.
const MOST: usize = 4_096;

/// Lists that one document leaves to the next: thousands of small files are read one after the other, and handing memory back
/// and forth takes a good part of the time of a small one.
#[derive(Default)]
struct Spare {
    roles: Vec<RoleId>,
    known: Vec<Option<&'static AttributeRole>>,
    kept: Vec<Kept>,
}

thread_local! {
    static SPARE: Cell<Spare> = Cell::default();
}

impl<'a> Seen<'a> {
    /// Before the first part of a document in a file of which so much has been found already.
    pub(crate) fn new(found: usize) -> Self {
        let Spare { roles, known, kept } = SPARE.try_with(Cell::take).unwrap_or_default();
        Self {
            most: MAX_FINDINGS.saturating_sub(found),
            findings: Vec::new(),
            absolute: None,
            relative: None,
            flow: Flow::default(),
            roles,
            known,
            lonely: Vec::new(),
            kept,
            surplus: None,
        }
    }

    /// Takes in what was found, unless there is more of it than is kept.
    pub(super) fn find(&mut self, finding: Finding) -> &mut Finding {
        if self.findings.len() >= self.most {
            return self.surplus.insert(finding);
        }
        self.findings.push(finding);
        self.findings.last_mut().expect("just pushed")
    }

    /// Whether more was found than is kept.
    pub(crate) fn has_surplus(&self) -> bool {
        self.surplus.is_some()
    }

    /// Remembers that the finding made last names a relative address before an absolute one is known.
    pub(super) fn mark_lonely(&mut self) {
        if self.surplus.is_none() {
            self.lonely.push(self.findings.len() - 1);
        }
    }

    /// Points from each relative address to the absolute one that stands behind it.
    pub(super) fn relate_lonely(&mut self) {
        let Some((span, host)) = &self.absolute else {
            return;
        };
        for finding in self.lonely.drain(..) {
            self.findings[finding].relate(*span, format!("{host} is named here"));
        }
    }

    /// Keeps an address if other files may hold it too: if it is absolute, or a path from the root.
    pub(super) fn keep(&mut self, source: &str, address: &Address<'_, '_>) {
        let written = &source[address.span.range()];
        let is_kept = match address.verdict {
            Verdict::Absolute(_) | Verdict::Unknown => true,
            Verdict::Relative => written.starts_with('/'),
            _ => false,
        };
        let Some(role) = address.tag.role.filter(|_| is_kept) else {
            return;
        };
        let (attribute, is_text) = match address.place {
            Place::Text => (names::UNKNOWN, true),
            Place::Attribute(attribute, _) => (attribute.known_name(), false),
        };
        let mut keep = |compared, text| {
            let kept = Kept::new((compared, text), address.span, role.id, attribute);
            self.kept.push(kept);
        };
        if let Some((bare, has_slash)) = rules::trailing_slash_twins::bare(written) {
            let is_read_so = path(address.trimmed()).ends_with('/');
            let compared = Compared::Path {
                has_slash,
                is_read_so,
            };
            keep(compared, bare);
        }
        if is_text && PLAYED & bit(role.id) != 0 {
            keep(Compared::Whole, written);
        }
    }

    /// Hands over what was found, and what is kept of the addresses: of few a copy, which takes no more memory than it must, as
    /// there may be very many files; of many themselves.
    pub(crate) fn give(&mut self, findings: &mut Vec<Finding>, addresses: &mut Vec<Kept>) {
        findings.append(&mut self.findings);
        if addresses.is_empty() && self.kept.len() > MOST {
            *addresses = std::mem::take(&mut self.kept);
        } else {
            addresses.reserve_exact(self.kept.len());
            addresses.extend_from_slice(&self.kept);
        }
    }
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        let mut spare = Spare {
            roles: std::mem::take(&mut self.roles),
            known: std::mem::take(&mut self.known),
            kept: std::mem::take(&mut self.kept),
        };
        if spare.roles.capacity().max(spare.kept.capacity()) <= MOST {
            spare.kept.clear();
            _ = SPARE.try_with(|place| place.set(spare));
        }
    }
}
