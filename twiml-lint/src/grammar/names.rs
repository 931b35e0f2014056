//! Names that TwiML knows, as small numbers: the parser looks each name up once, and whoever asks what an element or an
//! attribute is compares numbers from then on.

use std::ops::Range;

use super::table::{ATTRIBUTES, ELEMENTS};

/// Stands for all names that TwiML does not know.
pub(crate) const UNKNOWN: u8 = u8::MAX;

/// Which of the known names a name is. That of an element is the first [`RoleId`](super::RoleId) of that name.
pub(crate) type NameId = u8;

/// How many slots a table has; a power of two, and so many that most names find theirs free.
const SLOTS: usize = 1024;

/// Names by what [`slot`] makes of them; who finds the slot taken has the next free one.
pub(crate) struct Table<const N: usize> {
    slots: [NameId; SLOTS],
    keys: [Key; N],
    names: [&'static str; N],
}

static ELEMENT_NAMES: Table<{ ELEMENTS.len() }> = {
    let mut names = [""; ELEMENTS.len()];
    let mut role = 0;
    while role < names.len() {
        names[role] = ELEMENTS[role].name;
        role += 1;
    }
    Table::new(names)
};

static ATTRIBUTE_NAMES: Table<{ ATTRIBUTES.len() }> = Table::new(ATTRIBUTES);

const _: () = assert!(ELEMENTS.len() < UNKNOWN as usize && ATTRIBUTES.len() < UNKNOWN as usize);

/// A name as far as one comparison of numbers tells it from others: its first eight bytes and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    first: u64,
    length: usize,
}

impl Key {
    /// Names of so many bytes are all in their keys.
    pub(crate) const WHOLE: usize = 8;

    /// The key of the name that stands at this place of a source.
    pub(crate) fn at(source: &[u8], start: usize, length: usize) -> Self {
        let first = match source[start..].first_chunk() {
            Some(eight) if length < 8 => u64::from_le_bytes(*eight) & ((1 << (8 * length)) - 1),
            Some(eight) => u64::from_le_bytes(*eight),
            None => return Self::of(&source[start..start + length]),
        };
        Self { first, length }
    }

    const fn of(name: &[u8]) -> Self {
        let (mut first, mut at) = (0, 0);
        while at < name.len() && at < Self::WHOLE {
            first |= (name[at] as u64) << (8 * at);
            at += 1;
        }
        Self {
            first,
            length: name.len(),
        }
    }

    const fn slot(self) -> usize {
        let mixed = self.first.wrapping_add((self.length as u64) << 58);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.ilog2())) as usize
    }
}

impl<const N: usize> Table<N> {
    /// Of equal names, which lie side by side, the first counts.
    pub(crate) const fn new(names: [&'static str; N]) -> Self {
        let mut table = Self {
            slots: [UNKNOWN; SLOTS],
            keys: [Key::of(b""); N],
            names,
        };
        let mut id = 0;
        while id < N {
            let name = names[id];
            table.keys[id] = Key::of(name.as_bytes());
            if id == 0 || !is_same(names[id - 1], name) {
                let mut at = table.keys[id].slot();
                while table.slots[at] != UNKNOWN {
                    at = (at + 1) % SLOTS;
                }
                table.slots[at] = id as NameId;
            }
            id += 1;
        }
        table
    }

    /// Where a name stands in the list; [`UNKNOWN`] if it is not there.
    pub(crate) fn id(&self, name: &str) -> NameId {
        self.id_at(name.as_bytes(), 0..name.len())
    }

    #[inline]
    fn id_at(&self, source: &[u8], name: Range<usize>) -> NameId {
        let key = Key::at(source, name.start, name.len());
        let mut at = key.slot();
        loop {
            let id = self.slots[at];
            let Some(known) = self.keys.get(usize::from(id)) else {
                return UNKNOWN;
            };
            let is_same = *known == key
                && (key.length <= Key::WHOLE
                    || self.names[usize::from(id)].as_bytes() == &source[name.clone()]);
            if is_same {
                return id;
            }
            at = (at + 1) % SLOTS;
        }
    }
}

pub(super) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Which known element has the name that stands at this place of a source.
pub(crate) fn element_at(source: &[u8], name: Range<usize>) -> NameId {
    ELEMENT_NAMES.id_at(source, name)
}

/// Which known element has this name.
pub(crate) fn element(name: &str) -> NameId {
    ELEMENT_NAMES.id(name)
}

/// Which known attribute has the name that stands at this place of a source.
pub(crate) fn attribute_at(source: &[u8], name: Range<usize>) -> NameId {
    ATTRIBUTE_NAMES.id_at(source, name)
}

/// Which known attribute has this name.
pub(crate) fn attribute(name: &str) -> NameId {
    ATTRIBUTE_NAMES.id(name)
}

/// The number of an attribute that TwiML knows.
pub(crate) const fn id_of(attribute: &str) -> NameId {
    let mut id = 0;
    while !is_same(ATTRIBUTES[id], attribute) {
        id += 1;
    }
    id as NameId
}

/// What a known attribute is called.
pub(crate) fn attribute_called(name: NameId) -> Option<&'static str> {
    ATTRIBUTES.get(usize::from(name)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_and_others_are_not() {
        for (id, role) in ELEMENTS.iter().enumerate() {
            let found = usize::from(element(role.name));
            assert!(found <= id && ELEMENTS[found].name == role.name);
            assert!(found == 0 || ELEMENTS[found - 1].name != role.name);
        }
        for (id, name) in ATTRIBUTES.iter().enumerate() {
            assert_eq!(usize::from(attribute(name)), id);
        }
        for name in ["", "say", "Sya", "SayX", "番", "actions", "Action"] {
            assert_eq!((element(name), attribute(name)), (UNKNOWN, UNKNOWN));
        }
    }

    #[test]
    fn a_key_is_the_same_wherever_a_name_stands() {
        for name in ["", "p", "Say", "language", "statusCallback"] {
            for around in ["", "<", "<Response><"] {
                let source = format!("{around}{name}{around}");
                let key = Key::at(source.as_bytes(), around.len(), name.len());
                assert_eq!(key, Key::of(name.as_bytes()), "{source}");
            }
        }
    }

    /// Whoever asks for a name should not have to compare many.
    #[test]
    fn most_names_find_their_slot_free() {
        let attributes = ATTRIBUTES.iter().enumerate();
        let is_displaced = |(id, name): &(usize, &&str)| {
            let slot = Key::of(name.as_bytes()).slot();
            usize::from(ATTRIBUTE_NAMES.slots[slot]) != *id
        };
        let count = attributes.filter(is_displaced).count();
        assert!(count < 30, "{count}");
    }
}
