//! What the rules about the flow of a call share: what certainly follows what, and what is certain about an attribute.

use crate::{
    address::has_placeholder,
    document::{Content, Element, Span},
    pass::Pass,
};

/// What is certain about an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<'d> {
    /// It is not there.
    Nothing,
    /// It is there and holds this.
    Value(&'d str),
    /// A template may put it there, or holds a part of its value.
    Unknown,
}

/// What is certain about an attribute of an element.
pub(super) fn given<'d>(
    pass: &Pass<'_, '_, '_>,
    element: Element<'d, '_>,
    attribute: &str,
) -> Given<'d> {
    match element.value(attribute) {
        Some(value) if has_placeholder(value) => Given::Unknown,
        Some(value) => Given::Value(value),
        None if may_hide_attributes(pass, element) => Given::Unknown,
        None => Given::Nothing,
    }
}

/// Whether a template stands in the start tag, and not in a value.
fn may_hide_attributes(pass: &Pass<'_, '_, '_>, element: Element<'_, '_>) -> bool {
    let tag = element.start_tag_span();
    if !pass.is_uncertain(tag) {
        return false;
    }
    let mut start = tag.start;
    for attribute in element.attributes() {
        let end = attribute.name_span().end;
        if pass.is_uncertain(Span { start, end }) {
            return true;
        }
        start = attribute.value_span().end;
    }
    pass.is_uncertain(Span {
        start,
        end: tag.end,
    })
}

/// Whether one verb certainly follows the other: no template stands between them, which may leave out either.
pub(super) fn follows(
    pass: &Pass<'_, '_, '_>,
    first: Element<'_, '_>,
    second: Element<'_, '_>,
) -> bool {
    is_plain(
        pass,
        Span {
            start: first.span().end,
            end: second.span().start,
        },
    )
}

/// Whether nothing can follow the last element of another.
pub(super) fn is_last(
    pass: &Pass<'_, '_, '_>,
    last: Element<'_, '_>,
    parent: Element<'_, '_>,
) -> bool {
    is_plain(
        pass,
        Span {
            start: last.span().end,
            end: parent.span().end,
        },
    )
}

fn is_plain(pass: &Pass<'_, '_, '_>, gap: Span) -> bool {
    !pass.is_uncertain(gap) && !pass.document.source()[gap.range()].contains("<?")
}

/// Whether all children of an element stand where they stand, whatever a template decides: none of its tags is directly
/// between them.
pub(super) fn has_certain_children(pass: &Pass<'_, '_, '_>, parent: Element<'_, '_>) -> bool {
    parent.children().all(|content| match content {
        Content::Element(_) => true,
        Content::Instruction(..) => false,
        Content::Text(_, span) | Content::CData(_, span) | Content::Comment(_, span) => {
            !pass.is_uncertain(span)
        }
    })
}

/// Whether a `Gather` takes keys: unless its `input` says otherwise, it does.
pub(super) fn takes_keys(pass: &Pass<'_, '_, '_>, gather: Element<'_, '_>) -> bool {
    match given(pass, gather, "input") {
        Given::Nothing => true,
        Given::Value(input) => input.split_ascii_whitespace().any(|kind| kind == "dtmf"),
        Given::Unknown => false,
    }
}
