//! How a document lies in memory: lists of small records that point into the source.
//!
//! Memory is slow, and fresh memory slower still. So an element takes 40 bytes, an attribute 24 and a text 16, and the white
//! space between elements takes nothing: it is what lies between the others. What is not in the source as it is to be read
//! (a text with references) is written to one long string beside them.

use std::cell::Cell;

use super::place::{Span, index};
use crate::grammar::names::NameId;

/// All that was read, in the order of the source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// The first is the root.
    pub(crate) elements: Vec<ElementRecord>,
    /// All that is neither an element nor white space between other nodes.
    pub(crate) nodes: Vec<Node>,
    pub(crate) attributes: Vec<AttributeRecord>,
    pub(crate) decoded: Decoded,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text(Reading),
    CData(Reading),
    Comment,
    Instruction,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementRecord {
    /// From its `<` to its last `>`.
    pub(crate) span: Span,
    /// In the source.
    pub(crate) name_end: u32,
    /// In the source, the `>` included.
    pub(crate) start_tag_end: u32,
    /// Which element is around it; [`NONE`] for the root.
    pub(crate) parent: u32,
    /// The index after the last element of the subtree.
    pub(crate) elements_end: u32,
    /// The next element's first attribute is the one after this one's last.
    pub(crate) first_attribute: u32,
    /// The nodes of the subtree start here.
    pub(crate) first_node: u32,
    /// The index after the last of them.
    pub(crate) nodes_end: u32,
    /// As [`names::element`](crate::grammar::names::element) tells it.
    pub(crate) name: NameId,
    /// Whether a text or CDATA section stands directly in it that is no white space left out.
    pub(crate) holds_text: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeRecord {
    pub(crate) name: Span,
    /// Between the quotes.
    pub(crate) raw: Span,
    pub(crate) reading: Reading,
    /// As [`names::attribute`](crate::grammar::names::attribute) tells it.
    pub(crate) known: NameId,
}

/// How a text or value is to be read: as it stands in the source, or which of the decoded pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading(u32);

/// Texts and values whose references and line ends were resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decoded {
    text: String,
    pieces: Vec<Span>,
}

thread_local! {
    /// The lists of the last small document: thousands of files are read one after the other, and handing memory back and
    /// forth takes a fifth of the time of a small one.
    static SPARE: Cell<Layout> = Cell::default();
}

/// No index.
pub(crate) const NONE: u32 = u32::MAX;

const _: () = assert!(size_of::<Node>() == 16);
const _: () = assert!(size_of::<ElementRecord>() == 40);
const _: () = assert!(size_of::<AttributeRecord>() == 24);

impl Layout {
    /// Empty lists, with the room that an earlier document of this thread has left.
    pub(crate) fn spare() -> Self {
        SPARE.try_with(Cell::take).unwrap_or_default()
    }

    /// Leaves the lists to the next document of this thread, unless they are larger than most need.
    pub(crate) fn recycle(&mut self) {
        const MOST: usize = 4_096;
        let capacities = [
            self.elements.capacity(),
            self.nodes.capacity(),
            self.attributes.capacity(),
            self.decoded.pieces.capacity(),
            self.decoded.text.capacity(),
        ];
        if capacities.into_iter().any(|capacity| capacity > MOST) {
            return;
        }
        let mut spare = std::mem::take(self);
        spare.clear();
        _ = SPARE.try_with(|place| place.set(spare));
    }

    /// Empties the lists and keeps their room.
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.elements.clear();
        self.attributes.clear();
        self.decoded.text.clear();
        self.decoded.pieces.clear();
    }

    /// Whether the lists hold so many elements beside the root, or as much of something else as is usual for so many.
    pub(crate) fn is_filled(&self, elements: usize) -> bool {
        let others = [
            self.attributes.len(),
            self.nodes.len(),
            self.decoded.text.len() / 16,
        ];
        self.elements.len() > elements || others.into_iter().any(|length| length / 4 >= elements)
    }

    /// The attributes of an element.
    pub(crate) fn attributes(&self, element: u32) -> std::ops::Range<u32> {
        let end = match self.elements.get(element as usize + 1) {
            Some(next) => next.first_attribute,
            None => index(self.attributes.len()),
        };
        self.elements[element as usize].first_attribute..end
    }
}

impl Reading {
    pub(crate) const AS_WRITTEN: Self = Self(NONE);
}

impl Decoded {
    /// Takes in what `write` appends.
    pub(crate) fn add<E>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<Reading, E> {
        let start = index(self.text.len());
        write(&mut self.text)?;
        let end = index(self.text.len());
        self.pieces.push(Span { start, end });
        Ok(Reading(index(self.pieces.len() - 1)))
    }

    /// What is to be read for `raw`.
    pub(crate) fn read<'s>(&'s self, reading: Reading, raw: &'s str) -> &'s str {
        if reading == Reading::AS_WRITTEN {
            return raw;
        }
        &self.text[self.pieces[reading.0 as usize].range()]
    }
}
