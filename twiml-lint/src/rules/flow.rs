//! What the rules about the flow of a call share: what certainly follows what, and what is certain about an attribute.

use crate::{
    address::has_placeholder,
    document::{Content, Element, Span},
    grammar::{attribute, names::NameId},
    pass::Pass,
};

/// What the verbs so far make of a call. They may stand in parts of the document that have been let go.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The first of them.
    pub(super) first: Option<Verb>,
    /// The one that stands before what is being looked at.
    pub(super) last: Option<Verb>,
    /// How that one leaves the document for good, if it does.
    pub(super) way_out: Option<&'static str>,
    /// Whether a verb has been said never to run.
    pub(super) is_over: bool,
    /// What is said first without a pause for anything else, if a `Gather` may follow at once.
    pub(super) speech: Option<Verb>,
    /// What they are.
    roles: u128,
}

/// A child of the root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verb {
    span: Span,
    name_end: u32,
}

impl Flow {
    /// Takes in a verb, and what it is, when all that is in it has been looked at.
    pub(crate) fn go_on(&mut self, verb: Element<'_, '_>, role: u128) {
        let verb = Verb::from(verb);
        self.first = self.first.or(Some(verb));
        self.last = Some(verb);
        self.roles |= role;
    }

    /// Whether there was a verb with one of these roles.
    pub(super) fn has(&self, roles: u128) -> bool {
        self.roles & roles != 0
    }

    /// Whether there was a verb with another role than these.
    pub(super) fn has_other_than(&self, roles: u128) -> bool {
        self.roles & !roles != 0
    }
}

impl From<Element<'_, '_>> for Verb {
    fn from(element: Element<'_, '_>) -> Self {
        Self {
            span: element.span(),
            name_end: element.name_span().end,
        }
    }
}

impl Verb {
    pub(super) fn name(self, source: &str) -> &str {
        &source[self.name_span().range()]
    }

    pub(super) fn name_span(self) -> Span {
        Span {
            start: self.span.start + 1,
            end: self.name_end,
        }
    }
}

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
    attribute: NameId,
) -> Given<'d> {
    match element.known_value(attribute) {
        Some(value) if !pass.is_certain() && has_placeholder(value) => Given::Unknown,
        Some(value) => Given::Value(value),
        None if !pass.is_certain() && may_hide_attributes(pass, element) => Given::Unknown,
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

/// Whether a verb certainly follows the one before it: no template stands between them, which may leave out either.
pub(super) fn follows(pass: &Pass<'_, '_, '_>, before: Verb, verb: Element<'_, '_>) -> bool {
    let gap = Span {
        start: before.span.end,
        end: verb.span().start,
    };
    is_plain(pass, gap)
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
    pass.is_certain()
        || !pass.is_uncertain(gap) && !pass.document.source()[gap.range()].contains("<?")
}

/// Whether all children of an element stand where they stand, whatever a template decides: none of its tags is directly
/// between them.
pub(super) fn has_certain_children(pass: &Pass<'_, '_, '_>, parent: Element<'_, '_>) -> bool {
    if pass.is_certain() {
        return true;
    }
    // Many children ask in turn, and all but the first need not look through all of them again.
    if let Some((asked, is_certain)) = pass.certain_children.get()
        && asked == parent.span()
    {
        return is_certain;
    }
    let is_certain = looks_certain(pass, parent);
    pass.certain_children.set(Some((parent.span(), is_certain)));
    is_certain
}

fn looks_certain(pass: &Pass<'_, '_, '_>, parent: Element<'_, '_>) -> bool {
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
    match given(pass, gather, attribute!("input")) {
        Given::Nothing => true,
        Given::Value(input) => input.split_ascii_whitespace().any(|kind| kind == "dtmf"),
        Given::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Finding, Linter, Settings, rules};

    /// With all rules on.
    fn check(name: &str, text: &str) -> Vec<Finding> {
        let mut settings = Settings {
            strict: true,
            inline: true,
            ..Settings::default()
        };
        for rule in rules::ALL {
            let level = rule.strict.max(crate::Level::Info);
            settings.severity.insert(rule.code.to_owned(), level);
        }
        Linter::new(settings)
            .expect("settings")
            .check(Some(name), text)
    }

    fn verb() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "<Say>Ticket 12345678 &amp; 障害 #{id}</Say>",
            "<Say voice='Google.日本' language='ja'><![CDATA[１２３４５]]><sub>9</sub></Say>",
            "<Say voice='Polly.' language=''>&#x969C;\r\n12345</Say>",
            "<Play digits='1'/>",
            "<Play>../a.mp3</Play>",
            "<Pause/>",
            "<Gather/>",
            "<Gather numDigits='1' finishOnKey='＃' action='a'><Play digits='2'/></Gather>",
            "<Dial action='x'><Number>1</Number><Number> 1</Number><Queue/></Dial>",
            "<Dial>{% for n in all %}<Number>{{n}}</Number>{% endfor %}</Dial>",
            "<Record/>",
            "<Redirect>menu.xml</Redirect>",
            "<Redirect/>",
            "<Reject/>",
            "<Hangup/>",
            "{% if a %}",
            "{% else %}",
            "{% endif %}",
            "<!-- {{ note }} -->",
            "<Unknown/>",
        ])
    }

    proptest! {
        #[test]
        fn whatever_follows_whatever_is_found_where_it_stands(
            verbs in prop::collection::vec(verb(), 0..9),
        ) {
            let text = format!("<Response>{}</Response>", verbs.concat());
            for finding in check("menu.xml", &text) {
                prop_assert!(text.get(finding.span.range()).is_some(), "{finding:#?}");
                for related in &finding.related {
                    prop_assert!(text.get(related.span.range()).is_some(), "{finding:#?}");
                }
            }
        }

        #[test]
        fn what_follows_the_end_is_found_once_and_only_then(
            before in prop::collection::vec(
                prop::sample::select(vec!["<Say>a</Say>", "<Pause/>", "<Dial>1</Dial>", "<Leave/>"]),
                0..4,
            ),
            end in prop::sample::select(vec!["<Hangup/>", "<Reject/>", "<Redirect>b</Redirect>"]),
            after in prop::collection::vec(verb().prop_filter("a verb", |v| v.starts_with("<") && !v.starts_with("<!")), 0..4),
        ) {
            let start = format!("<Response>{}{end}", before.concat());
            let text = format!("{start}{}</Response>", after.concat());
            let found: Vec<_> = check("menu.xml", &text)
                .into_iter()
                .filter(|finding| finding.rule.code == "TW301")
                .map(|finding| finding.span.start as usize)
                .collect();
            let expected = if after.is_empty() { vec![] } else { vec![start.len() + 1] };
            prop_assert_eq!(found, expected);
        }
    }
}
