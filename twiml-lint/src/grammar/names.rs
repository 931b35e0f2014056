//! Names that TwiML knows, as small numbers: the parser looks each name up once, and whoever asks what an element or an
//! attribute is compares numbers from then on.

use super::table::{ATTRIBUTES, ELEMENTS};

/// Stands for all names that TwiML does not know.
pub(crate) const UNKNOWN: u8 = u8::MAX;

/// Which of the known names a name is. That of an element is the first [`RoleId`](super::RoleId) of that name.
pub(crate) type NameId = u8;

/// How many slots a table has; a power of two, and so many that most names find theirs free.
const SLOTS: usize = 1024;

/// Names by what [`slot`] makes of them; who finds the slot taken has the next free one.
struct Table([NameId; SLOTS]);

static ELEMENT_NAMES: Table = {
    let mut table = Table([UNKNOWN; SLOTS]);
    let mut role = 0;
    while role < ELEMENTS.len() {
        let is_again = role > 0 && is_same(ELEMENTS[role - 1].name, ELEMENTS[role].name);
        if !is_again {
            table.put(ELEMENTS[role].name, role);
        }
        role += 1;
    }
    table
};

static ATTRIBUTE_NAMES: Table = {
    let mut table = Table([UNKNOWN; SLOTS]);
    let mut name = 0;
    while name < ATTRIBUTES.len() {
        table.put(ATTRIBUTES[name], name);
        name += 1;
    }
    table
};

const _: () = assert!(ELEMENTS.len() < UNKNOWN as usize && ATTRIBUTES.len() < UNKNOWN as usize);

impl Table {
    const fn put(&mut self, name: &str, id: usize) {
        let mut at = slot(name.as_bytes());
        while self.0[at] != UNKNOWN {
            at = (at + 1) % SLOTS;
        }
        self.0[at] = id as NameId;
    }

    fn find(&self, name: &str, known: impl Fn(NameId) -> &'static str) -> NameId {
        let mut at = slot(name.as_bytes());
        loop {
            let id = self.0[at];
            if id == UNKNOWN || known(id) == name {
                return id;
            }
            at = (at + 1) % SLOTS;
        }
    }
}

/// Where a name belongs, by its length and the bytes at its ends and in its middle, which tell most names apart.
const fn slot(name: &[u8]) -> usize {
    let length = name.len();
    if length == 0 {
        return 0;
    }
    let ends = name[0] as usize + 31 * name[length - 1] as usize;
    (ends + 7 * name[length / 2] as usize + 67 * length) % SLOTS
}

pub(super) const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// Which known element has this name.
pub(crate) fn element(name: &str) -> NameId {
    ELEMENT_NAMES.find(name, |id| ELEMENTS[usize::from(id)].name)
}

/// Which known attribute has this name.
pub(crate) fn attribute(name: &str) -> NameId {
    ATTRIBUTE_NAMES.find(name, |id| ATTRIBUTES[usize::from(id)])
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

    /// Whoever asks for a name should not have to compare many.
    #[test]
    fn most_names_find_their_slot_free() {
        let displaced = |table: &Table, name: &str, id: u8| table.0[slot(name.as_bytes())] != id;
        let elements = ELEMENTS.iter().map(|role| (role.name, element(role.name)));
        let attributes = ATTRIBUTES.iter().map(|name| (*name, attribute(name)));
        let count = elements
            .filter(|(name, id)| displaced(&ELEMENT_NAMES, name, *id))
            .count()
            + attributes
                .filter(|(name, id)| displaced(&ATTRIBUTE_NAMES, name, *id))
                .count();
        assert!(count < 30, "{count}");
    }
}
