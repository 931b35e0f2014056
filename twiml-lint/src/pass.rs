//! One walk over a document, in which all rules look at what concerns them.

use std::cell::Cell;

use crate::{
    address::{Address, Verdict},
    document::{Document, Element, Span},
    finding::Finding,
    grammar::{self, AttributeRole, Product, Role, TextRole},
    rule::{Check, Level, Rule},
    settings::Settings,
    template::Mask,
};

/// An element and what the grammar knows of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag<'d, 'a> {
    pub(crate) element: Element<'d, 'a>,
    /// What it is below its parent; if it may not stand there, what it is elsewhere; `None` if it is unknown.
    pub(crate) role: Option<&'static Role>,
    /// What its parent is, if that is known.
    pub(crate) parent: Option<&'static Role>,
    /// Whether it stands where it may, and all its attributes exist and hold what they should.
    pub(crate) is_plain: bool,
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
    /// All addresses that have been passed, in the order of the source.
    pub(crate) addresses: Vec<Address<'d, 'a>>,
    /// Whether the children of the element with this span stand where they stand: what was found last.
    pub(crate) certain_children: Cell<Option<(Span, bool)>>,
    /// The first absolute address, by its place among them.
    first_absolute: Option<usize>,
    findings: &'f mut Vec<Finding>,
    /// What the attributes of the element being looked at are, in their order.
    known: Vec<Option<&'static AttributeRole>>,
    /// Takes what is said once there are [`MAX_FINDINGS`].
    surplus: Option<Finding>,
    /// Who is looking.
    rule: Option<(&'static Rule, Level)>,
}

/// The rules that look, by what they look at.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    /// By [`grammar::RoleId`]; the last for elements that are unknown.
    elements: Vec<Vec<Looker<ElementCheck>>>,
    odd_elements: Vec<Looker<ElementCheck>>,
    addresses: Vec<Looker<AddressCheck>>,
    odd_addresses: Vec<Looker<AddressCheck>>,
    document: Vec<Looker<DocumentCheck>>,
    needs_addresses: bool,
}

type ElementCheck = fn(&mut Pass<'_, '_, '_>, Tag<'_, '_>);
type AddressCheck = fn(&mut Pass<'_, '_, '_>, &Address<'_, '_>);
type DocumentCheck = fn(&mut Pass<'_, '_, '_>);

#[derive(Clone, Copy, Debug)]
struct Looker<F> {
    rule: &'static Rule,
    level: Level,
    check: F,
}

impl Looking {
    /// The rules that look under these settings.
    pub(crate) fn new(settings: &Settings, rules: &'static [&'static Rule]) -> Self {
        let unknown = grammar::ELEMENTS.len();
        let mut looking = Self {
            elements: vec![Vec::new(); unknown + 1],
            ..Self::default()
        };
        for &rule in rules {
            let level = settings.level(rule);
            if level != Level::Off {
                looking.add(rule, level);
            }
        }
        looking
    }

    fn add(&mut self, rule: &'static Rule, level: Level) {
        match rule.check {
            Check::Reading => {}
            Check::EveryElement(check) => {
                for lookers in &mut self.elements {
                    lookers.push(Looker { rule, level, check });
                }
            }
            Check::Elements(names, check) => {
                for role in names.iter().flat_map(|name| grammar::named(name)) {
                    self.elements[usize::from(role.id)].push(Looker { rule, level, check });
                }
            }
            Check::OddElements(check) => self.odd_elements.push(Looker { rule, level, check }),
            Check::Addresses(check) => self.addresses.push(Looker { rule, level, check }),
            Check::OddAddresses(check) => self.odd_addresses.push(Looker { rule, level, check }),
            Check::Document(check) => self.document.push(Looker { rule, level, check }),
            Check::Run(_) => {}
        }
        self.needs_addresses |= matches!(
            rule.check,
            Check::Addresses(_) | Check::OddAddresses(_) | Check::Document(_) | Check::Run(_)
        );
    }
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
        Self {
            source,
            document,
            mask,
            settings,
            file,
            product: product(document),
            addresses: Vec::new(),
            certain_children: Cell::new(None),
            first_absolute: None,
            findings,
            known: Vec::new(),
            surplus: None,
            rule: None,
        }
    }

    /// Lets all rules look.
    pub(crate) fn run(&mut self, looking: &Looking) {
        // The roles of the open elements, outermost first, with the end of each.
        let mut open: Vec<(u32, Option<&'static Role>)> = Vec::with_capacity(8);
        for element in self.document.elements() {
            while open
                .last()
                .is_some_and(|&(end, _)| end <= element.span().start)
            {
                open.pop();
            }
            let parent = open.last().and_then(|&(_, role)| role);
            let role = self.role(element, open.is_empty(), parent);
            open.push((element.span().end, role));
            self.visit(
                looking,
                Tag {
                    element,
                    role,
                    parent,
                    is_plain: false,
                },
            );
        }
        for looker in &looking.document {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self);
        }
    }

    fn visit(&mut self, looking: &Looking, mut tag: Tag<'d, 'a>) {
        self.known.clear();
        if let Some(role) = tag.role {
            let names = tag.element.attributes().map(|attribute| attribute.name());
            self.known.extend(names.map(|name| role.attribute(name)));
            tag.is_plain = is_plain(tag, role, &self.known);
        }
        if !tag.is_plain {
            for looker in &looking.odd_elements {
                self.rule = Some((looker.rule, looker.level));
                (looker.check)(self, tag);
            }
        }
        let id = tag
            .role
            .map_or(grammar::ELEMENTS.len(), |role| usize::from(role.id));
        for looker in &looking.elements[id] {
            self.rule = Some((looker.rule, looker.level));
            (looker.check)(self, tag);
        }
        if !looking.needs_addresses {
            return;
        }
        let known = std::mem::take(&mut self.known);
        Address::each(tag, &known, |address| {
            for looker in &looking.addresses {
                self.rule = Some((looker.rule, looker.level));
                (looker.check)(self, &address);
            }
            if !address.is_plain {
                for looker in &looking.odd_addresses {
                    self.rule = Some((looker.rule, looker.level));
                    (looker.check)(self, &address);
                }
            }
            if self.first_absolute.is_none() && matches!(address.verdict, Verdict::Absolute(_)) {
                self.first_absolute = Some(self.addresses.len());
            }
            self.addresses.push(address);
        });
        self.known = known;
    }

    fn role(
        &self,
        element: Element<'d, 'a>,
        is_root: bool,
        parent: Option<&'static Role>,
    ) -> Option<&'static Role> {
        if is_root {
            return Some(grammar::root(self.product));
        }
        let name = element.name();
        parent
            .and_then(|parent| parent.child(name))
            .or_else(|| grammar::named(name).first())
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

    /// The first absolute address of the document so far.
    pub(crate) fn first_absolute(&self) -> Option<&Address<'d, 'a>> {
        self.first_absolute.map(|at| &self.addresses[at])
    }

    /// Whether more was found than is kept.
    pub(crate) fn has_surplus(&self) -> bool {
        self.surplus.is_some()
    }

    /// Whether a placeholder or a template's tag stands in this part of the source, so that what it says is not certain.
    pub(crate) fn is_uncertain(&self, span: Span) -> bool {
        self.mask.touches(span)
    }
}

/// Whether the grammar has nothing to say against an element: its place, its attributes and what they hold. Phone numbers
/// in texts are left to the rule about them.
fn is_plain(tag: Tag<'_, '_>, role: &Role, known: &[Option<&'static AttributeRole>]) -> bool {
    let is_root = tag.element.parent().is_none();
    let is_placed = is_root || tag.parent.is_some_and(|parent| parent.may_hold(role));
    is_placed
        && role.text != TextRole::Phone
        && tag
            .element
            .attributes()
            .zip(known)
            .all(|(attribute, known)| {
                let mut has_fault = known.is_none();
                if let Some(known) = known {
                    grammar::judge(known.value, attribute.value(), &mut |_, _| has_fault = true);
                }
                !has_fault
            })
}

/// What runs a document: told by the first verb that only one product knows.
fn product(document: &Document<'_>) -> Product {
    let products = [Product::Voice, Product::Messaging, Product::Fax];
    document
        .root()
        .child_elements()
        .find_map(|verb| {
            let mut knowing = products
                .into_iter()
                .filter(|&product| grammar::root(product).child(verb.name()).is_some());
            let first = knowing.next()?;
            knowing.next().is_none().then_some(first)
        })
        .unwrap_or(Product::Voice)
}
