//! One walk over a document, in which all rules look at what concerns them.

mod looking;
mod spare;

use std::cell::Cell;

use crate::{
    address::{Address, Place, Verdict, path},
    document::{Document, Element, Span},
    finding::Finding,
    grammar::{
        self, AttributeRole, Product, Role, RoleId, TextRole, UNKNOWN, ValueRole, names, roles,
    },
    rule::{Level, Rule},
    rules,
    run::{Compared, Kept},
    settings::Settings,
    template::Mask,
};

pub(crate) use looking::Looking;
use spare::Spare;

/// An element and what the grammar knows of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag<'d, 'a> {
    pub(crate) element: Element<'d, 'a>,
    /// What it is below its parent; if it may not stand there, what it is elsewhere; `None` if it is unknown.
    pub(crate) role: Option<&'static Role>,
    /// What its parent is, if that is known.
    pub(crate) parent: Option<&'static Role>,
    /// Whether it stands where it may, holds what it must and nothing else, and all its attributes exist and are right.
    pub(crate) is_plain: bool,
}

/// What a look at the attributes of an element tells.
struct Attributes {
    /// Whether all exist and hold what they should; what is wrong with addresses is for other rules to say.
    are_right: bool,
    hold_address: bool,
}

/// How many findings of one file are kept: memory stays bounded, and nobody reads more.
pub(crate) const MAX_FINDINGS: usize = 10_000;

/// What rules see of a document, and where they say what they found.
pub(crate) struct Pass<'d, 'a, 'f> {
    /// The text as it was written.
    pub(crate) source: &'d str,
    /// The document with its placeholders masked.
    pub(crate) document: &'d Document<'a>,
    pub(crate) mask: &'d Mask,
    pub(crate) settings: &'d Settings,
    /// The name of the file, if it has one.
    pub(crate) file: Option<&'d str>,
    /// What runs the document.
    pub(crate) product: Product,
    /// The first absolute address so far.
    pub(crate) first_absolute: Option<Address<'d, 'a>>,
    /// The first relative address so far of which no other rule has said so.
    pub(crate) first_relative: Option<Address<'d, 'a>>,
    /// Which findings name a relative address, and were made before an absolute one was known.
    pub(crate) lonely: Vec<usize>,
    /// The addresses so far that other files may hold too, in the order of the source.
    pub(crate) kept: Vec<Kept>,
    /// Whether the children of the element with this span stand where they stand: what was found last.
    pub(crate) certain_children: Cell<Option<(Span, bool)>>,
    /// A voice and the one language that it speaks, if both stood in an element: what was found last.
    pub(crate) matched_voice: Cell<Option<(&'d str, &'d str)>>,
    findings: &'f mut Vec<Finding>,
    /// What each element is, by its place in the document; [`UNKNOWN`] for those that TwiML does not have.
    roles: Vec<RoleId>,
    /// Which of them occur, as bits.
    occurring: u128,
    /// What the attributes of the element being looked at are, in their order.
    known: Vec<Option<&'static AttributeRole>>,
    /// Takes what is said once there are [`MAX_FINDINGS`].
    surplus: Option<Finding>,
    /// Who is looking.
    rule: Option<(&'static Rule, Level)>,
}

/// What says its text.
const SPEECH: u128 = roles!("Say");

/// What plays its text.
const PLAYED: u128 = roles!("Play");

/// A set with only this role in it.
fn bit(role: RoleId) -> u128 {
    1 << role
}

impl<'d, 'a, 'f> Pass<'d, 'a, 'f> {
    pub(crate) fn new(
        source: &'d str,
        document: &'d Document<'a>,
        mask: &'d Mask,
        settings: &'d Settings,
        file: Option<&'d str>,
        findings: &'f mut Vec<Finding>,
    ) -> Self {
        let Spare { roles, known, kept } = Spare::take();
        Self {
            source,
            document,
            mask,
            settings,
            file,
            product: product(document),
            first_absolute: None,
            first_relative: None,
            lonely: Vec::new(),
            kept,
            certain_children: Cell::new(None),
            matched_voice: Cell::new(None),
            findings,
            roles,
            occurring: 0,
            known,
            surplus: None,
            rule: None,
        }
    }

    /// Lets all rules look.
    pub(crate) fn run(&mut self, looking: &Looking) {
        self.look_up_roles();
        for element in self.document.elements() {
            let tag = Tag {
                element,
                role: self.role(element),
                parent: element.parent().and_then(|parent| self.role(parent)),
                is_plain: false,
            };
            self.visit(looking, tag);
        }
        for looker in &looking.document {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self);
        }
        self.relate_lonely();
    }

    /// Points from each relative address to the absolute one that stands behind it.
    fn relate_lonely(&mut self) {
        let Some(absolute) = &self.first_absolute else {
            return;
        };
        let host = absolute.host(self.source);
        for finding in self.lonely.drain(..) {
            self.findings[finding].relate(absolute.span, format!("{host} is named here"));
        }
    }

    fn visit(&mut self, looking: &Looking, mut tag: Tag<'d, 'a>) {
        self.known.clear();
        let mut holds_address = false;
        if let Some(role) = tag.role {
            let attributes = self.look_up_attributes(tag.element, role);
            tag.is_plain = attributes.are_right
                && is_placed(tag, role)
                && has_plain_number(tag.element, role)
                && !rules::unexpected_text::may_be(tag.element, role)
                && rules::missing_content::is_plainly_there(tag.element, role);
            holds_address = role.text == TextRole::Url || attributes.hold_address;
        }
        if !tag.is_plain {
            for looker in &looking.odd_elements {
                self.rule = Some((looker.rule, looker.level));
                (looker.check)(self, tag);
            }
        }
        let id = tag.role.map_or(UNKNOWN, |role| role.id);
        let unknown = grammar::ELEMENTS.len();
        for looker in &looking.elements[usize::from(id).min(unknown)] {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self, tag);
        }
        if SPEECH & bit(id) != 0 && !rules::speech::is_plain(self, tag.element) {
            for looker in &looking.odd_speech {
                self.rule = Some((looker.rule, looker.level));
                (looker.check)(self, tag);
            }
        }
        if holds_address && looking.needs_addresses {
            let known = std::mem::take(&mut self.known);
            Address::each(tag, &known, |address| self.pass(looking, address));
            self.known = known;
        }
    }

    /// Looks up what each element is: below its parent, or else in general.
    fn look_up_roles(&mut self) {
        for element in self.document.elements() {
            let role = match element.parent() {
                None => grammar::root(self.product).id,
                Some(parent) => grammar::below(self.roles[parent.index()], element.known_name()),
            };
            self.roles.push(role);
            self.occurring |= bit(role);
        }
    }

    /// Looks up what the attributes are.
    fn look_up_attributes(&mut self, element: Element<'d, 'a>, role: &Role) -> Attributes {
        let mut found = Attributes {
            are_right: true,
            hold_address: false,
        };
        for attribute in element.attributes() {
            let known = role.named_attribute(attribute.known_name());
            match known.map(|known| known.value) {
                Some(ValueRole::Url { .. } | ValueRole::WebsocketUrl) => found.hold_address = true,
                Some(value) => found.are_right &= grammar::is_right(value, attribute.value()),
                None => found.are_right = false,
            }
            self.known.push(known);
        }
        found
    }

    /// Lets the rules look at an address, and remembers it.
    fn pass(&mut self, looking: &Looking, address: Address<'d, 'a>) {
        let odd = if address.is_plain {
            &[][..]
        } else {
            &looking.odd_addresses
        };
        let queries = if address.has_odd_query {
            &looking.queries[..]
        } else {
            &[]
        };
        let here = match address.tag.role {
            Some(role) => &looking.addresses[usize::from(role.id)][..],
            None => &[],
        };
        let said = self.findings.len();
        for looker in here.iter().chain(odd).chain(queries) {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self, &address);
        }
        if looking.keeps_addresses {
            self.keep(&address);
        }
        match address.verdict {
            Verdict::Absolute(_) if self.first_absolute.is_none() => {
                self.first_absolute = Some(address);
            }
            Verdict::Relative
                if self.first_relative.is_none()
                    && !self.findings[said..]
                        .iter()
                        .any(rules::relative::is_told_by)
                    && !self.has_surplus() =>
            {
                self.first_relative = Some(address);
            }
            _ => {}
        }
    }

    /// Keeps an address if other files may hold it too: if it is absolute, or a path from the root.
    fn keep(&mut self, address: &Address<'d, 'a>) {
        let written = &self.source[address.span.range()];
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
        if let Some((bare, has_slash)) = rules::trailing_slash_twins::bare(written) {
            let is_read_so = path(address.trimmed()).ends_with('/');
            let compared = Compared::Path {
                has_slash,
                is_read_so,
            };
            self.kept.push(Kept::new(
                (compared, bare),
                address.span,
                role.id,
                attribute,
            ));
        }
        if is_text && PLAYED & bit(role.id) != 0 {
            let compared = Compared::Whole;
            self.kept.push(Kept::new(
                (compared, written),
                address.span,
                role.id,
                attribute,
            ));
        }
    }

    /// What an element is below its parent; if it may not stand there, what it is elsewhere.
    pub(crate) fn role(&self, element: Element<'_, '_>) -> Option<&'static Role> {
        grammar::ELEMENTS.get(usize::from(self.roles[element.index()]))
    }

    /// Whether an element with one of these roles stands anywhere in the document.
    pub(crate) fn has(&self, roles: u128) -> bool {
        self.occurring & roles != 0
    }

    /// Whether an element has one of these roles.
    pub(crate) fn is(&self, element: Element<'_, '_>, roles: u128) -> bool {
        bit(self.roles[element.index()]) & roles != 0
    }

    /// Says that something is wrong: what, and what comes of it.
    pub(crate) fn report(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        let (rule, level) = self.rule.expect("only rules that look report");
        let finding = Finding::new(rule, level, span, message.into());
        if self.findings.len() >= MAX_FINDINGS {
            return self.surplus.insert(finding);
        }
        self.findings.push(finding);
        self.findings.last_mut().expect("just pushed")
    }

    /// What the attribute at this place among those of the element being looked at is, if its role has it.
    pub(crate) fn known(&self, at: usize) -> Option<&'static AttributeRole> {
        self.known.get(at).copied().flatten()
    }

    /// Remembers that the finding made last names a relative address before an absolute one is known.
    pub(crate) fn mark_lonely(&mut self) {
        if self.surplus.is_none() {
            self.lonely.push(self.findings.len() - 1);
        }
    }

    /// Hands over what is kept of the addresses: of few a copy, which takes no more memory than it must, as there may be very
    /// many files; of many themselves.
    pub(crate) fn give(&mut self, addresses: &mut Vec<Kept>) {
        if addresses.is_empty() && self.kept.len() > spare::MOST {
            *addresses = std::mem::take(&mut self.kept);
        } else {
            addresses.reserve_exact(self.kept.len());
            addresses.extend_from_slice(&self.kept);
        }
    }

    /// Whether more was found than is kept.
    pub(crate) fn has_surplus(&self) -> bool {
        self.surplus.is_some()
    }

    /// Whether no template decides over any part of the document: it is rendered as it stands.
    pub(crate) fn is_certain(&self) -> bool {
        self.mask.is_certain()
    }

    /// Whether a placeholder or a template's tag stands in this part of the source, so that what it says is not certain.
    pub(crate) fn is_uncertain(&self, span: Span) -> bool {
        self.mask.touches(span)
    }
}

/// Whether an element may stand where it stands.
fn is_placed(tag: Tag<'_, '_>, role: &Role) -> bool {
    match tag.parent {
        Some(parent) => parent.may_hold(role),
        None => tag.element.parent().is_none(),
    }
}

/// Whether no rule has anything to say against the number that the text of an element is to be.
fn has_plain_number(element: Element<'_, '_>, role: &Role) -> bool {
    role.text != TextRole::Phone
        || !element.holds_text()
        || element
            .only_text()
            .is_some_and(|(number, _)| grammar::judge_phone(number).is_none())
}

/// What runs a document: told by the first verb that only one product knows.
fn product(document: &Document<'_>) -> Product {
    let products = [Product::Voice, Product::Messaging, Product::Fax];
    document
        .root()
        .child_elements()
        .find_map(|verb| {
            let roles = grammar::with_name(verb.known_name());
            let knows = |product: &Product| {
                let root = grammar::root(*product);
                roles.iter().any(|role| root.may_hold(role))
            };
            let mut knowing = products.into_iter().filter(knows);
            let first = knowing.next()?;
            knowing.next().is_none().then_some(first)
        })
        .unwrap_or(Product::Voice)
}
