//! Lists that one document leaves to the next: thousands of small files are read one after the other, and handing memory back
//! and forth takes a good part of the time of a small one.

use std::cell::Cell;

use super::Pass;
use crate::{
    grammar::{AttributeRole, RoleId},
    run::Kept,
};

/// Longer lists are not left to the next document.
pub(super) const MOST: usize = 4_096;

#[derive(Default)]
pub(super) struct Spare {
    pub(super) roles: Vec<RoleId>,
    pub(super) known: Vec<Option<&'static AttributeRole>>,
    pub(super) kept: Vec<Kept>,
}

thread_local! {
    static SPARE: Cell<Spare> = Cell::default();
}

impl Spare {
    /// Empty lists, with the room that an earlier document of this thread has left.
    pub(super) fn take() -> Self {
        SPARE.try_with(Cell::take).unwrap_or_default()
    }
}

impl Drop for Pass<'_, '_, '_> {
    fn drop(&mut self) {
        let mut spare = Spare {
            roles: std::mem::take(&mut self.roles),
            known: std::mem::take(&mut self.known),
            kept: std::mem::take(&mut self.kept),
        };
        if spare.roles.capacity().max(spare.kept.capacity()) <= MOST {
            spare.roles.clear();
            spare.known.clear();
            spare.kept.clear();
            _ = SPARE.try_with(|place| place.set(spare));
        }
    }
}
