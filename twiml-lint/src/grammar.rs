//! What TwiML knows: elements, what may stand in them, and what their attributes hold.
//!
//! The table is generated from `fixtures/twiml/grammar.json`, which is drawn from Twilio's own builder classes and
//! documentation pages; `the_table_is_what_the_grammar_says` keeps it true. One XML name may have several roles (`Sip`
//! in `Dial` and in `Refer`, `Redirect` in voice and in messaging), so an element is looked up below its parent.

#[cfg(test)]
mod accept;
#[cfg(test)]
mod generate;
pub(crate) mod names;
#[rustfmt::skip]
mod table;
mod value;

use names::NameId;
pub(crate) use table::ELEMENTS;
use table::{ATTRIBUTES, ROOTS};
pub(crate) use value::{Fault, PhoneFault, is_right, judge, judge_phone};

/// The roles of elements of these names, as bits: `roles!("Say", "Play")`.
macro_rules! roles {
    ($($name:literal),+) => {
        const { $crate::grammar::set_of(&[$($name),+]) }
    };
}

/// The number of an attribute's name: `attribute!("action")`.
macro_rules! attribute {
    ($name:literal) => {
        const { $crate::grammar::names::id_of($name) }
    };
}

pub(crate) use {attribute, roles};

/// Which product runs a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Voice,
    Messaging,
    Fax,
}

/// Where an element's [`Role`] stands in [`ELEMENTS`]; [`UNKNOWN`] if it has none.
pub(crate) type RoleId = u8;

/// No role. Sets of roles are the bits of a `u128`, and this is the last of them.
pub(crate) const UNKNOWN: RoleId = 127;
const _: () = assert!(ELEMENTS.len() <= UNKNOWN as usize);

/// An element in one of its roles.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) id: RoleId,
    pub(crate) name: &'static str,
    pub(crate) product: Product,
    pub(crate) attributes: &'static [AttributeRole],
    pub(crate) children: &'static [RoleId],
    pub(crate) text: TextRole,
}

/// What the text of an element means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextRole {
    /// There is none.
    None,
    /// An address that the carrier fetches.
    Url,
    Phone,
    SipUri,
    Name,
    Sid,
    Identity,
    Json,
    /// What is said or sent.
    Text,
}

/// An attribute of an element.
#[derive(Debug)]
pub(crate) struct AttributeRole {
    pub(crate) name: &'static str,
    pub(crate) value: ValueRole,
}

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ValueRole {
    Any,
    Boolean,
    /// Whole numbers, bounds included.
    Integer {
        min: i64,
        max: i64,
    },
    /// A whole number from 1, or `auto`.
    PositiveOrAuto,
    OneOf(&'static [&'static str]),
    /// Any number of these, with blanks between.
    SomeOf(&'static [&'static str]),
    /// Whole numbers with blanks between.
    Integers,
    Url {
        may_be_empty: bool,
    },
    WebsocketUrl,
    Phone,
    /// Keys and pauses: `0-9 A-D w W # *`.
    Dtmf,
    /// One key or none.
    FinishKey,
    /// A language tag such as `ja-JP`.
    Language,
    /// Text of at most so many characters.
    AtMost(u32),
}

impl Role {
    /// The role of an element of this name below this one.
    pub(crate) fn child(&self, name: &str) -> Option<&'static Self> {
        named(name).iter().find(|role| self.may_hold(role))
    }

    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static AttributeRole> {
        self.named_attribute(names::attribute(name))
    }

    /// The attribute of this name.
    pub(crate) fn named_attribute(&self, name: NameId) -> Option<&'static AttributeRole> {
        let at = OWN[usize::from(self.id)].get(usize::from(name))?;
        self.attributes.get(usize::from(*at))
    }

    /// The attribute of this name, whatever its case.
    pub(crate) fn attribute_in_any_case(&self, name: &str) -> Option<&'static AttributeRole> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// Whether an element in that role may stand directly in one of this role.
    pub(crate) fn may_hold(&self, child: &Self) -> bool {
        CHILDREN[usize::from(self.id)] & (1 << child.id) != 0
    }
}

/// The children of each role, as bits.
static CHILDREN: [u128; ELEMENTS.len()] = {
    let mut sets = [0; ELEMENTS.len()];
    let mut role = 0;
    while role < sets.len() {
        let mut children = ELEMENTS[role].children;
        while let [child, rest @ ..] = children {
            sets[role] |= 1 << *child;
            children = rest;
        }
        role += 1;
    }
    sets
};

/// The role of the root element of a product.
pub(crate) fn root(product: Product) -> &'static Role {
    &ELEMENTS[usize::from(ROOTS[product as usize])]
}

/// Where each name stands among the attributes of each role; beyond them, if that has none of this name.
static OWN: [[u8; ATTRIBUTES.len()]; ELEMENTS.len()] = {
    let mut own = [[u8::MAX; ATTRIBUTES.len()]; ELEMENTS.len()];
    let mut role = 0;
    while role < ELEMENTS.len() {
        let attributes = ELEMENTS[role].attributes;
        // Both lists are sorted by name.
        let (mut at, mut name) = (0, 0);
        while at < attributes.len() {
            if names::is_same(attributes[at].name, ATTRIBUTES[name]) {
                own[role][name] = at as u8;
                at += 1;
            }
            name += 1;
        }
        role += 1;
    }
    own
};

/// What an element is, by what its parent is (the last row is for those that are unknown) and by its name.
static BELOW: [[RoleId; ELEMENTS.len()]; ELEMENTS.len() + 1] = {
    let mut below = [[UNKNOWN; ELEMENTS.len()]; ELEMENTS.len() + 1];
    let mut parent = 0;
    while parent <= ELEMENTS.len() {
        let mut first = 0;
        while first < ELEMENTS.len() {
            let mut role = first;
            below[parent][first] = first as RoleId;
            while parent < ELEMENTS.len() && role < ENDS[first] as usize {
                if CHILDREN[parent] & (1 << role) != 0 {
                    below[parent][first] = role as RoleId;
                    break;
                }
                role += 1;
            }
            first += 1;
        }
        parent += 1;
    }
    below
};

/// Behind the last role of the same name.
static ENDS: [RoleId; ELEMENTS.len()] = {
    let mut ends = [0; ELEMENTS.len()];
    let mut role = ELEMENTS.len();
    while role > 0 {
        role -= 1;
        let is_last = role + 1 == ELEMENTS.len()
            || !names::is_same(ELEMENTS[role].name, ELEMENTS[role + 1].name);
        ends[role] = if is_last {
            role as RoleId + 1
        } else {
            ends[role + 1]
        };
    }
    ends
};

/// The roles of elements of these names, as bits.
pub(crate) const fn set_of(names: &[&str]) -> u128 {
    let (mut set, mut role) = (0, 0);
    while role < ELEMENTS.len() {
        let mut name = 0;
        while name < names.len() {
            if names::is_same(names[name], ELEMENTS[role].name) {
                set |= 1 << role;
            }
            name += 1;
        }
        role += 1;
    }
    set
}

/// What an element of this name is below another; if it may not stand there, or that is unknown, what it is elsewhere.
pub(crate) fn below(parent: RoleId, name: NameId) -> RoleId {
    let row = &BELOW[usize::from(parent).min(ELEMENTS.len())];
    row.get(usize::from(name)).copied().unwrap_or(UNKNOWN)
}

/// All roles that an element of this name has somewhere.
pub(crate) fn named(name: &str) -> &'static [Role] {
    with_name(names::element(name))
}

/// All roles that an element of this name has somewhere.
pub(crate) fn with_name(name: NameId) -> &'static [Role] {
    let Some(end) = ENDS.get(usize::from(name)) else {
        return &[];
    };
    &ELEMENTS[usize::from(name)..usize::from(*end)]
}

/// The role of the element that has this name but for its case.
pub(crate) fn named_in_any_case(name: &str) -> Option<&'static Role> {
    ELEMENTS
        .iter()
        .find(|role| role.name.eq_ignore_ascii_case(name))
}

/// The names of the elements that an element of this name may stand in, below the root of a product; sorted.
pub(crate) fn parents(name: &str, product: Product) -> Vec<&'static str> {
    let mut parents: Vec<_> = ELEMENTS
        .iter()
        .filter(|role| role.product == product && role.child(name).is_some())
        .map(|role| role.name)
        .collect();
    parents.dedup();
    parents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_looked_up_below_its_parent() {
        let voice = root(Product::Voice);
        let refer = voice.child("Refer").expect("Refer");
        let dial = voice.child("Dial").expect("Dial");
        let sip = |role: &Role| role.child("Sip").expect("Sip").attributes.len();
        assert_eq!(sip(refer), 0);
        assert!(sip(dial) > 10);
        assert_eq!(named("Sip").len(), 2);
        assert_eq!(named("Pley").len(), 0);
        assert!(root(Product::Messaging).child("Say").is_none());
    }
}
