//! How a document lies in memory: lists of small records that point into the source.
//!
//! A file of 50 MB has some two million nodes, and the kernel's work of handing out fresh memory takes longer than
//! reading them does; so a node takes 16 bytes, an element 24 more, and an attribute 20. What is not in the source as it is
//! to be read (a text with references) is written to one long string beside them.

use std::cell::Cell;

use super::place::{Span, index};

/// All that was read, in the order of the source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) nodes: Vec<Node>,
    /// The first is the root.
    pub(crate) elements: Vec<ElementRecord>,
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
    /// Which of the elements, and what stands directly in it.
    Element(u32, Holds),
    /// Text that is nothing but white space of XML, and read as it is written: what stands between most elements.
    Blank,
    Text(Reading),
    CData(Reading),
    Comment,
    Instruction,
}

/// What stands directly in an element.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holds {
    /// A text or CDATA section that is no [`Kind::Blank`].
    pub(crate) text: bool,
    pub(crate) elements: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ElementRecord {
    /// Where its node is. Its children follow directly.
    pub(crate) node: u32,
    /// The index after the last node of the subtree.
    pub(crate) nodes_end: u32,
    /// Which element is around it; [`NONE`] for the root.
    pub(crate) parent: u32,
    /// In the source.
    pub(crate) name_end: u32,
    /// In the source, the `>` included.
    pub(crate) start_tag_end: u32,
    /// The next element's first attribute is the one after this one's last.
    pub(crate) first_attribute: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeRecord {
    pub(crate) name: Span,
    /// Between the quotes.
    pub(crate) raw: Span,
    pub(crate) reading: Reading,
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
const _: () = assert!(size_of::<ElementRecord>() == 24);
const _: () = assert!(size_of::<AttributeRecord>() == 20);

impl Layout {
    /// Room for all nodes and elements of a source, and most often for the attributes.
    ///
    /// Every `<` starts one node at most, and is followed by one text at most. Lists that grow would be copied, and
    /// room that is not used costs nothing: the kernel hands memory out once it is written to.
    pub(crate) fn with_room_for(source: &str) -> Self {
        let mut layout = SPARE.try_with(Cell::take).unwrap_or_default();
        let tags = memchr::memchr_iter(b'<', source.as_bytes()).count();
        layout.nodes.reserve(2 * tags);
        layout.elements.reserve(tags);
        layout.attributes.reserve(source.len() / 48 + 4);
        layout
    }

    /// Leaves the lists to the next document of this thread, unless they are larger than most need.
    pub(crate) fn recycle(&mut self) {
        const MOST: usize = 4_096;
        let largest = [
            self.nodes.capacity(),
            self.attributes.capacity(),
            self.decoded.pieces.capacity(),
            self.decoded.text.capacity(),
        ];
        if largest.into_iter().any(|capacity| capacity > MOST) {
            return;
        }
        let mut spare = std::mem::take(self);
        spare.nodes.clear();
        spare.elements.clear();
        spare.attributes.clear();
        spare.decoded.text.clear();
        spare.decoded.pieces.clear();
        _ = SPARE.try_with(|place| place.set(spare));
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
