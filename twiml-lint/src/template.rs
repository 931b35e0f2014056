//! Template languages in TwiML sources: ERB, PHP, Velocity, Jinja and Liquid, Handlebars and mustache, `${...}`.
//!
//! What a template puts in is masked before the XML is read, byte for byte, so that every place in the masked text is the
//! same place in the source. In texts and values each masked byte becomes a [`PLACEHOLDER`]; between attributes it becomes
//! a blank, and in a name a letter, since the parser must be able to go on there.

mod arms;
mod context;
mod tags;

use std::borrow::Cow;

use crate::document::{Span, index};
use arms::Arms;
use context::{Context, Walker};
use tags::{Role, Tag, Tags};

/// Stands for each byte of a placeholder in texts and values. XML allows the character, and nobody writes it.
pub(crate) const PLACEHOLDER: char = '\u{7F}';

/// Whether a byte of a masked text belongs to a placeholder.
pub(crate) fn is_placeholder(byte: u8) -> bool {
    byte == PLACEHOLDER as u8
}

/// A text with its template tags masked.
#[derive(Debug)]
pub(crate) struct Masked<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) mask: Mask,
    /// Where a tag begins that never ends.
    pub(crate) unclosed: Option<Span>,
    arms: Arms,
}

/// What was masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    /// Whether nothing in the text even looks like a tag or an instruction, the XML declaration aside.
    is_free_of_marks: bool,
    /// In order, none overlapping another.
    spans: Vec<Span>,
}

impl Mask {
    /// Whether no template has a say in any part of the text, so that it is rendered as it stands.
    pub(crate) fn is_certain(&self) -> bool {
        self.is_free_of_marks
    }

    /// Whether something masked stands in this part of the source.
    pub(crate) fn touches(&self, span: Span) -> bool {
        if self.is_free_of_marks {
            return false;
        }
        let first = self
            .spans
            .partition_point(|masked| masked.end <= span.start);
        self.spans
            .get(first)
            .is_some_and(|masked| masked.start < span.end)
    }
}

impl Masked<'_> {
    /// The text with only the first arm of each conditional, if there are conditionals with several: both arms of an `if` may
    /// open what is closed after it, and only one of them is ever rendered.
    pub(crate) fn first_arms(&self) -> Option<String> {
        self.arms.without(&self.text, self.arms.later())
    }

    /// The text with only the last arm of each.
    pub(crate) fn last_arms(&self) -> Option<String> {
        self.arms.without(&self.text, self.arms.earlier())
    }
}

/// Masks the tags of all template languages, if the text may hold any; the name of the file tells which of them is certainly
/// spoken.
pub(crate) fn mask<'a>(text: &'a str, name: Option<&str>, may_have_tags: bool) -> Masked<'a> {
    if !may_have_tags {
        return Masked {
            text: Cow::Borrowed(text),
            mask: Mask {
                is_free_of_marks: true,
                spans: Vec::new(),
            },
            unclosed: None,
            arms: Arms::default(),
        };
    }
    let mut tags = Tags::new(text, name);
    let mut walker = Walker::new(text.as_bytes());
    let mut masked = text.as_bytes().to_vec();
    let mut found: Vec<Tag> = Vec::new();
    while let Some(at) = walker.next() {
        let Some(tag) = tags.at(at) else {
            walker.advance();
            continue;
        };
        cover(&mut masked, tag, walker.context());
        walker.jump(tag.end);
        found.push(tag);
    }
    clear_outside_root(&mut masked, &found);
    let spans = found
        .iter()
        .map(|tag| Span {
            start: index(tag.start),
            end: index(tag.end),
        })
        .collect();
    Masked {
        text: String::from_utf8(masked).map_or(Cow::Borrowed(text), Cow::Owned),
        mask: Mask {
            is_free_of_marks: false,
            spans,
        },
        unclosed: tags.unclosed().map(|at| Span {
            start: index(at),
            end: index(at + 2),
        }),
        arms: Arms::of(&found),
    }
}

/// Masks one tag for the place in which it stands.
fn cover(masked: &mut [u8], tag: Tag, context: Context) {
    let before = masked[..tag.start].last().copied();
    let after = masked.get(tag.end).copied();
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.');
    let part = &mut masked[tag.start..tag.end];
    match context {
        Context::Text | Context::Value(_) | Context::Data => part.fill(PLACEHOLDER as u8),
        Context::Comment | Context::Instruction => part.fill(b'x'),
        // An attribute's value without quotes: the template may well write them.
        Context::Tag if before == Some(b'=') => {
            part.fill(PLACEHOLDER as u8);
            if let [first, .., last] = part {
                (*first, *last) = (b'"', b'"');
            }
        }
        Context::Tag
            if tag.role == Role::Output
                && (before.is_some_and(|b| is_name(b) || matches!(b, b'<' | b'/'))
                    || after.is_some_and(|b| is_name(b) || b == b'=')) =>
        {
            part.fill(b'x');
        }
        Context::Tag => part.fill(b' '),
    }
}

/// Outside the root element there may be blanks only, whatever the template does there.
fn clear_outside_root(masked: &mut [u8], tags: &[Tag]) {
    let starts_element =
        |pair: &[u8]| pair[0] == b'<' && (pair[1].is_ascii_alphabetic() || pair[1] == b'_');
    let root = masked
        .windows(2)
        .position(starts_element)
        .unwrap_or(masked.len());
    let end = masked
        .iter()
        .rposition(|&byte| byte == b'>')
        .map_or(0, |at| at + 1);
    let mut is_first = true;
    for tag in tags
        .iter()
        .filter(|tag| tag.end <= root || tag.start >= end)
    {
        // Whether a template leaves something before the declaration is not certain.
        if std::mem::take(&mut is_first)
            && let Some(at) = masked[..root].windows(5).position(|five| five == b"<?xml")
            && tag.start < at
            && let Some(length) = masked[at..].windows(2).position(|two| two == b"?>")
        {
            masked[at..at + length + 2].fill(b' ');
        }
        masked[tag.start..tag.end].fill(b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document::Document, parse::survey};

    fn mask<'a>(text: &'a str, name: Option<&str>) -> Masked<'a> {
        super::mask(text, name, survey(text).may_have_tags)
    }

    /// Masks, and shows each placeholder's bytes as `~`.
    fn masked(name: &str, text: &str) -> String {
        let masked = mask(text, Some(name));
        assert_eq!(masked.text.len(), text.len());
        masked.text.replace(PLACEHOLDER, "~")
    }

    #[test]
    fn tags_of_all_languages_are_masked_in_texts() {
        let check = |tag: &str| {
            let hidden = "~".repeat(tag.len());
            let text = format!("<R><Play>https://{tag}/a</Play></R>");
            assert_eq!(
                masked("a.xml", &text),
                format!("<R><Play>https://{hidden}/a</Play></R>")
            );
        };
        for tag in [
            "{{host}}",
            "{{ \"}\" }}",
            "{{{host}}}",
            "{{~host~}}",
            "{% if a > b %}",
            "{%- endif -%}",
            "{# note #}",
            "<%= host %>",
            "<%== a > b %>",
            "<% if a < b %>",
            "<%# > %>",
            "<?= $host ?>",
            "<?php echo '>' ?>",
            "<?php echo '<?xml version=\"1.0\"?>' ?>",
            "<?php echo \"\\\"?>\"; // don't\n ?>",
            "<?php /* ' ?> */ # it's ?>",
            "${host}",
            "${a ? '}' : {b: 1}}",
            "$!{host}",
            "#{host}",
            "%{host}",
            "$host",
            "$!host.name",
            "$host.get(\"a\").b",
            "#if($a > 1)",
            "#elseif ( $b )",
            "{{!-- }} --}}",
            "{% comment %} {{ x }} {% endcomment %}",
        ] {
            check(tag);
        }
    }

    #[test]
    fn what_only_looks_like_a_tag_is_left() {
        for text in [
            "<R>$5 and 100% { } #1 #rc=3 #end #else</R>",
            "<R a='#rp=all'>{ {x} } $ % # <!-- {{ --></R>",
            "<?xml version=\"1.0\"?><R>{{ never closed</R>",
        ] {
            assert_eq!(masked("a.xml", text), text);
        }
    }

    #[test]
    fn a_tag_is_masked_for_the_place_in_which_it_stands() {
        let check = |text: &str, expected: &str| assert_eq!(masked("a.xml", text), expected);
        check(
            "<R a=\"{{x}}\" b='{% if c > d %}'/>",
            "<R a=\"~~~~~\" b='~~~~~~~~~~~~~~'/>",
        );
        check(
            "<R {{x}} a='1'{% if b %} b='2'{% endif %}/>",
            "<R       a='1'           b='2'           />",
        );
        check("<R a={{x}}/>", "<R a=\"~~~\"/>");
        check("<{{v}}>a</{{v}}>", "<xxxxx>a</xxxxx>");
        check("<R data-{{x}}='1'/>", "<R data-xxxxx='1'/>");
        check(
            "<R><!-- {{x}} --><![CDATA[{{x}}]]></R>",
            "<R><!-- xxxxx --><![CDATA[~~~~~]]></R>",
        );
        check("{% x %}\n<R/>\n{{ y }}", "       \n<R/>\n       ");
        check(
            "<%- x -%>\n<?xml version='1.0'?>\n<R/>",
            &format!("{}\n{}\n<R/>", " ".repeat(9), " ".repeat(21)),
        );
        check(
            "\n<?xml version='1.0'?><R>$a</R>",
            "\n<?xml version='1.0'?><R>~~</R>",
        );
    }

    #[test]
    fn directives_of_velocity_need_their_brackets_or_an_if_before_them() {
        assert_eq!(
            masked("a.vm", "<R>#if($a)x#else y#end</R>"),
            "<R>~~~~~~~x~~~~~ y~~~~</R>"
        );
        assert_eq!(
            masked("a.vm", "<R>## note\n#* $a *#</R>"),
            "<R>~~~~~~~\n~~~~~~~~</R>"
        );
        assert_eq!(masked("a.xml", "<R>#end #else</R>"), "<R>#end #else</R>");
    }

    #[test]
    fn a_tag_that_never_ends_is_told_where_it_cannot_be_text() {
        let unclosed =
            |name: &str, text: &str| mask(text, Some(name)).unclosed.map(|span| span.start);
        assert_eq!(unclosed("a.xml.erb", "<R><%= a</R>"), Some(3));
        assert_eq!(unclosed("a.hbs", "<R>{{ a</R>"), Some(3));
        assert_eq!(unclosed("a.xml", "<R>{{ a</R>"), None);
        assert_eq!(unclosed("a.xml", "<R><% a</R>"), Some(3));
    }

    #[test]
    fn one_arm_of_a_conditional_is_well_formed_where_both_are_not() {
        let check = |name: &str, text: &str, first: &str, last: &str| {
            let masked = mask(text, Some(name));
            assert!(Document::parse(&masked.text).is_err(), "{text}");
            let show = |text: Option<String>| text.expect("arms").replace([PLACEHOLDER, ' '], "");
            assert_eq!(show(masked.first_arms()), first);
            assert_eq!(show(masked.last_arms()), last);
        };
        for (name, open, middle, close) in [
            ("a.j2", "{% if x %}", "{% else %}", "{% endif %}"),
            (
                "a.liquid",
                "{% case x %}{% when 1 %}",
                "{% when 2 %}",
                "{% endcase %}",
            ),
            ("a.hbs", "{{#if x}}", "{{else}}", "{{/if}}"),
            ("a.mustache", "{{#x}}", "{{^}}", "{{/x}}"),
            ("a.vm", "#if($x)", "#else", "#end"),
            ("a.xml.erb", "<% if x %>", "<% else %>", "<% end %>"),
            (
                "a.xml.php",
                "<?php if ($x): ?>",
                "<?php else: ?>",
                "<?php endif; ?>",
            ),
            (
                "a.xml.php",
                "<?php if ($x) { ?>",
                "<?php } else { ?>",
                "<?php } ?>",
            ),
        ] {
            let text = format!("<R>{open}<A>{middle}<B>{close}</A></R>");
            check(name, &text, "<R><A></A></R>", "<R><B></A></R>");
        }
    }
}
