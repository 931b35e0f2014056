//! One walk over a document, in which all rules look at what concerns them. A long one is walked part by part: what outlives
//! a part is in [`Seen`].

mod looking;
mod seen;

use std::cell::Cell;

use crate::{
    address::{Address, Verdict},
    document::{Document, Element, Span},
    finding::Finding,
    grammar::{self, AttributeRole, Product, Role, RoleId, TextRole, UNKNOWN, ValueRole, roles},
    rule::{Level, Rule},
    rules::{self, flow::Flow},
    settings::Settings,
    template::Mask,
};

pub(crate) use looking::Looking;
pub(crate) use seen::Seen;

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

/// The text that rules look at, and what is known of it as a whole.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The name of the file, if it has one.
    pub(crate) name: Option<&'a str>,
    /// As it was written.
    pub(crate) text: &'a str,
    pub(crate) mask: &'a Mask,
}

/// What rules see of a document, or of a part of it, and where they say what they found.
pub(crate) struct Pass<'d, 'a, 'f> {
    /// The text as it was written.
    pub(crate) source: &'a str,
    /// The document with its placeholders masked, or a part of it.
    pub(crate) document: &'d Document<'a>,
    pub(crate) mask: &'a Mask,
    pub(crate) settings: &'d Settings,
    /// The name of the file, if it has one.
    pub(crate) file: Option<&'a str>,
    /// What runs the document.
    pub(crate) product: Product,
    /// Whether the children of the element with this span stand where they stand: what was found last.
    pub(crate) certain_children: Cell<Option<(Span, bool)>>,
    /// A voice and the one language that it speaks, if both stood in an element: what was found last.
    pub(crate) matched_voice: Cell<Option<(&'d str, &'d str)>>,
    seen: &'f mut Seen<'a>,
    /// Who is looking.
    rule: Option<(&'static Rule, Level)>,
}

/// What says its text.
const SPEECH: u128 = roles!("Say");

/// A set with only this role in it.
fn bit(role: RoleId) -> u128 {
    1 << role
}

impl<'d, 'a, 'f> Pass<'d, 'a, 'f> {
    pub(crate) fn new(
        source: Source<'a>,
        document: &'d Document<'a>,
        product: Product,
        settings: &'d Settings,
        seen: &'f mut Seen<'a>,
    ) -> Self {
        Self {
            source: source.text,
            document,
            mask: source.mask,
            settings,
            file: source.name,
            product,
            certain_children: Cell::new(None),
            matched_voice: Cell::new(None),
            seen,
            rule: None,
        }
    }

    /// Lets the rules look at all that is in the document, or in this part of it.
    pub(crate) fn walk(&mut self, looking: &Looking) {
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
    }

    /// Lets the rules about the document as a whole look, when all of it has been walked; this part is the last.
    pub(crate) fn finish(&mut self, looking: &Looking) {
        for looker in &looking.document {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self);
        }
        self.seen.relate_lonely();
    }

    fn visit(&mut self, looking: &Looking, mut tag: Tag<'d, 'a>) {
        self.seen.known.clear();
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
        let is_verb = tag.element.is_below_root();
        if is_verb {
            for looker in &looking.verbs {
                self.rule = Some((looker.rule, looker.level));
                (looker.check)(self, tag);
            }
        }
        if holds_address && looking.needs_addresses {
            let known = std::mem::take(&mut self.seen.known);
            Address::each(tag, &known, |address| self.pass(looking, address));
            self.seen.known = known;
        }
        if is_verb {
            self.seen.flow.go_on(tag.element, bit(id));
        }
    }

    /// Looks up what each element is: below its parent, or else in general.
    fn look_up_roles(&mut self) {
        let roles = &mut self.seen.roles;
        roles.clear();
        for element in self.document.elements() {
            roles.push(match element.parent() {
                None => grammar::root(self.product).id,
                Some(parent) => grammar::below(roles[parent.index()], element.known_name()),
            });
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
            self.seen.known.push(known);
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
        let said = self.seen.findings.len();
        for looker in here.iter().chain(odd).chain(queries) {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self, &address);
        }
        if looking.keeps_addresses {
            self.seen.keep(self.source, &address);
        }
        match address.verdict {
            Verdict::Absolute(_) if self.seen.absolute.is_none() => {
                self.seen.absolute = Some((address.span, address.host(self.source)));
            }
            Verdict::Relative
                if self.seen.relative.is_none()
                    && !self.seen.findings[said..]
                        .iter()
                        .any(rules::relative::is_told_by)
                    && !self.has_surplus() =>
            {
                self.seen.relative = Some(address.span);
            }
            _ => {}
        }
    }

    /// What an element is below its parent; if it may not stand there, what it is elsewhere.
    pub(crate) fn role(&self, element: Element<'_, '_>) -> Option<&'static Role> {
        grammar::ELEMENTS.get(usize::from(self.seen.roles[element.index()]))
    }

    /// Whether an element has one of these roles.
    pub(crate) fn is(&self, element: Element<'_, '_>, roles: u128) -> bool {
        bit(self.seen.roles[element.index()]) & roles != 0
    }

    /// Says that something is wrong: what, and what comes of it.
    pub(crate) fn report(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        let (rule, level) = self.rule.expect("only rules that look report");
        self.seen
            .find(Finding::new(rule, level, span, message.into()))
    }

    /// What the attribute at this place among those of the element being looked at is, if its role has it.
    pub(crate) fn known(&self, at: usize) -> Option<&'static AttributeRole> {
        self.seen.known.get(at).copied().flatten()
    }

    /// The first absolute address so far, and the host in it.
    pub(crate) fn absolute(&self) -> Option<(Span, &str)> {
        let (span, host) = self.seen.absolute.as_ref()?;
        Some((*span, host))
    }

    /// The first relative address so far of which no other rule has said so.
    pub(crate) fn relative(&self) -> Option<Span> {
        self.seen.relative
    }

    /// Remembers that the finding made last names a relative address before an absolute one is known.
    pub(crate) fn mark_lonely(&mut self) {
        self.seen.mark_lonely();
    }

    /// What the verbs before the one being looked at, and the elements in it, make of the call.
    pub(crate) fn flow(&mut self) -> &mut Flow {
        &mut self.seen.flow
    }

    /// Whether more was found than is kept.
    pub(crate) fn has_surplus(&self) -> bool {
        self.seen.has_surplus()
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

/// What runs a document: told by the first verb in it that only one product knows.
pub(crate) fn product(document: &Document<'_>) -> Option<Product> {
    let products = [Product::Voice, Product::Messaging, Product::Fax];
    document.root().child_elements().find_map(|verb| {
        let roles = grammar::with_name(verb.known_name());
        let knows = |product: &Product| {
            let root = grammar::root(*product);
            roles.iter().any(|role| root.may_hold(role))
        };
        let mut knowing = products.into_iter().filter(knows);
        let first = knowing.next()?;
        knowing.next().is_none().then_some(first)
    })
}
