//! Which rules look, and at what: made once for all files with the same settings.

use super::{Pass, Tag};
use crate::{
    address::Address,
    grammar,
    rule::{Check, Level, Rule},
    settings::Settings,
};

/// The rules that look, by what they look at.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    /// By [`grammar::RoleId`]; the last for elements that are unknown.
    pub(super) elements: Vec<Vec<Looker<ElementCheck>>>,
    pub(super) verbs: Vec<Looker<ElementCheck>>,
    pub(super) odd_elements: Vec<Looker<ElementCheck>>,
    pub(super) odd_speech: Vec<Looker<ElementCheck>>,
    /// By [`grammar::RoleId`].
    pub(super) addresses: Vec<Vec<Looker<AddressCheck>>>,
    pub(super) odd_addresses: Vec<Looker<AddressCheck>>,
    pub(super) queries: Vec<Looker<AddressCheck>>,
    pub(super) document: Vec<Looker<DocumentCheck>>,
    pub(super) needs_addresses: bool,
    pub(super) keeps_addresses: bool,
}

pub(super) type ElementCheck = fn(&mut Pass<'_, '_, '_>, Tag<'_, '_>);
pub(super) type AddressCheck = fn(&mut Pass<'_, '_, '_>, &Address<'_, '_>);
pub(super) type DocumentCheck = fn(&mut Pass<'_, '_, '_>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Looker<F> {
    pub(super) rule: &'static Rule,
    pub(super) level: Level,
    pub(super) check: F,
}

impl Looking {
    /// The rules that look under these settings.
    pub(crate) fn new(settings: &Settings, rules: &'static [&'static Rule]) -> Self {
        let unknown = grammar::ELEMENTS.len();
        let mut looking = Self {
            elements: vec![Vec::new(); unknown + 1],
            addresses: vec![Vec::new(); unknown],
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
            Check::Elements(names, check) => {
                for role in names.iter().flat_map(|name| grammar::named(name)) {
                    self.elements[usize::from(role.id)].push(Looker { rule, level, check });
                }
            }
            Check::Verbs(check) => self.verbs.push(Looker { rule, level, check }),
            Check::OddElements(check) => self.odd_elements.push(Looker { rule, level, check }),
            Check::OddSpeech(check) => self.odd_speech.push(Looker { rule, level, check }),
            Check::AddressesIn(names, check) => {
                for role in names.iter().flat_map(|name| grammar::named(name)) {
                    self.addresses[usize::from(role.id)].push(Looker { rule, level, check });
                }
            }
            Check::OddAddresses(check) => self.odd_addresses.push(Looker { rule, level, check }),
            Check::Queries(check) => self.queries.push(Looker { rule, level, check }),
            Check::Document(check) => self.document.push(Looker { rule, level, check }),
            Check::Run(_) => self.keeps_addresses = true,
        }
        self.needs_addresses |= matches!(
            rule.check,
            Check::AddressesIn(_, _)
                | Check::OddAddresses(_)
                | Check::Queries(_)
                | Check::Document(_)
                | Check::Run(_)
        );
    }
}
