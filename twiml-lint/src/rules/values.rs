//! What the rules about values of attributes share: which attribute, what is wrong, and where in the source.

use std::ops::Range;

use crate::{
    document::{Attribute, Span, index},
    grammar::{self, Fault, ValueRole},
    pass::{Pass, Tag},
};

/// A value, or a word of it, that the grammar does not allow.
#[derive(Clone, Debug)]
pub(super) struct Faulty<'d, 'a> {
    pub(super) tag: Tag<'d, 'a>,
    pub(super) attribute: Attribute<'d, 'a>,
    pub(super) fault: Fault,
    /// The value, or the word.
    pub(super) word: &'d str,
    range: Range<usize>,
}

/// Which values a rule looks at.
#[derive(Clone, Copy)]
pub(super) struct Looked {
    /// Whether a value may be of interest, told before it is known what kind it is: nearly none are.
    pub(super) at_text: fn(&str) -> bool,
    /// Whether this kind of value is of interest.
    pub(super) at_role: fn(ValueRole) -> bool,
}

/// Calls `take` for each faulty value in an element that is looked at. Values with a placeholder may be anything.
pub(super) fn each<'d, 'a>(
    pass: &mut Pass<'_, '_, '_>,
    tag: Tag<'d, 'a>,
    looked: Looked,
    mut take: impl FnMut(&mut Pass<'_, '_, '_>, Faulty<'d, 'a>),
) {
    let Some(role) = tag.role else { return };
    for attribute in tag.element.attributes() {
        let value = attribute.value();
        if !(looked.at_text)(value) {
            continue;
        }
        let Some(known) = role.attribute(attribute.name()) else {
            continue;
        };
        if !(looked.at_role)(known.value) {
            continue;
        }
        grammar::judge(known.value, value, &mut |fault, range| {
            if !pass.has_surplus() && !pass.is_uncertain(attribute.value_span()) {
                let word = &value[range.clone()];
                take(
                    pass,
                    Faulty {
                        tag,
                        attribute,
                        fault,
                        word,
                        range,
                    },
                );
            }
        });
    }
}

impl Faulty<'_, '_> {
    /// Where the word stands; the whole value, if references in it hide the place.
    pub(super) fn span(&self) -> Span {
        self.part(self.range.clone())
            .unwrap_or_else(|| self.attribute.value_span())
    }

    /// Where a part of the value stands, if the value is written as it is.
    pub(super) fn part(&self, range: Range<usize>) -> Option<Span> {
        let value = self.attribute.value_span();
        (self.attribute.raw().len() == self.attribute.value().len()).then(|| Span {
            start: value.start + index(range.start),
            end: value.start + index(range.end),
        })
    }

    /// Where the word begins in the value.
    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// What the place is called in messages: `the method of <Gather>`.
    pub(super) fn place_name(&self) -> String {
        format!(
            "the {} of <{}>",
            self.attribute.name(),
            self.tag.element.name()
        )
    }

    /// The word in quotes, shortened, for messages.
    pub(super) fn shown(&self) -> String {
        shown(self.word)
    }
}

/// A text in quotes, shortened, on one line.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}
