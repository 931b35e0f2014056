//! What the rules about speech share: the texts of a `Say`, and who says them in which language.

use wide::u8x16;

use super::flow::{self, Given};
use crate::{
    address::has_placeholder,
    bytes::{self, is, within},
    document::{Content, Element, Span, index},
    grammar::{attribute, names::Table},
    pass::Pass,
    template::is_placeholder,
};

/// A text in a `Say`, or in SSML inside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'d, 'a> {
    pub(super) text: &'d str,
    /// Where it stands, with its references.
    span: Span,
    /// The element that it stands in: the `Say`, or SSML.
    pub(super) parent: Element<'d, 'a>,
}

/// Gives the texts inside an element, in order.
pub(super) fn each_piece<'d, 'a>(element: Element<'d, 'a>, take: &mut dyn FnMut(Piece<'d, 'a>)) {
    if let Some((text, span)) = element.only_text() {
        return take(Piece {
            text,
            span,
            parent: element,
        });
    }
    for content in element.children() {
        match content {
            Content::Element(inner) => each_piece(inner, take),
            Content::Text(text, span) => take(Piece {
                text,
                span,
                parent: element,
            }),
            Content::CData(text, span) => take(Piece {
                text,
                // The text stands between `<![CDATA[` and `]]>`.
                span: Span {
                    start: span.start + 9,
                    end: span.end - 3,
                },
                parent: element,
            }),
            Content::Comment(..) | Content::Instruction(..) => {}
        }
    }
}

/// Whether no rule about speech has anything to say, told at a glance: most documents say short texts with few digits, all in
/// one language, by a voice that speaks it.
pub(crate) fn is_plain<'d, 'a>(pass: &Pass<'d, 'a, '_>, say: Element<'d, 'a>) -> bool {
    const SHORT: usize = 1_000;
    let Some(text) = say.sole_text().filter(|text| text.len() < SHORT) else {
        return false;
    };
    let look = Look::at(text);
    let (language, voice) = (
        say.known_value(attribute!("language")),
        say.known_value(attribute!("voice")),
    );
    let is_spoken = language == Some("ja-JP") || look.is_ascii;
    let is_matched = match (language, voice) {
        (Some(language), Some(voice)) => speaks(pass, voice, language),
        _ => true,
    };
    look.has_few_digits && is_spoken && is_matched
}

/// Whether a voice is known to speak this language and no other. Most documents have one voice.
fn speaks<'d>(pass: &Pass<'d, '_, '_>, voice: &'d str, language: &'d str) -> bool {
    if pass.matched_voice.get() == Some((voice, language)) {
        return true;
    }
    let is_match = called(voice) == Voice::Speaks(language);
    if is_match {
        pass.matched_voice.set(Some((voice, language)));
    }
    is_match
}

/// What the bytes of a text tell.
struct Look {
    is_ascii: bool,
    /// Whether not even a run of digits that is no amount can be in it.
    has_few_digits: bool,
}

impl Look {
    fn at(text: &str) -> Self {
        let text = text.as_bytes();
        let is_plain = bytes::all(text, |block| within(block, 0, 0x7F) & !digits(block));
        Self {
            is_ascii: is_plain || text.is_ascii(),
            has_few_digits: is_plain || bytes::count(text, digits) < LONG_RUN,
        }
    }
}

/// Digits, and the first bytes of full-width ones.
#[inline]
fn digits(block: u8x16) -> u8x16 {
    within(block, b'0', b'9') | is(block, 0xEF)
}

/// Shorter runs of digits are years, counts and house numbers.
pub(super) const LONG_RUN: usize = 5;

impl<'d, 'a> Piece<'d, 'a> {
    /// Where a part of the text stands in the source; the whole text, if references or line ends hide the place.
    pub(super) fn span_of(&self, part: std::ops::Range<usize>) -> Span {
        // A text with references is not a part of the source.
        if !std::ptr::eq(&self.parent.source()[self.span.range()], self.text) {
            return self.span;
        }
        Span {
            start: self.span.start + index(part.start),
            end: self.span.start + index(part.end),
        }
    }

    /// The elements around the text, innermost first, up to the `Say`.
    pub(super) fn around(&self, say: Element<'d, 'a>) -> impl Iterator<Item = Element<'d, 'a>> {
        std::iter::successors(Some(self.parent), |element| element.parent())
            .take_while(move |element| element.span() != say.span())
    }
}

/// Who says a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice<'d> {
    /// The account's own, which is `man` unless somebody has changed it.
    Default,
    /// `man`, `woman` and `alice`.
    Basic(&'d str),
    /// A voice that speaks one language, named by its tag.
    Speaks(&'d str),
    /// Speaks several languages, is not known here, or comes from a template.
    Unknown,
}

/// Who says the texts of a `Say`.
pub(super) fn voice<'d>(pass: &Pass<'_, '_, '_>, say: Element<'d, '_>) -> Voice<'d> {
    match flow::given(pass, say, attribute!("voice")) {
        Given::Nothing => Voice::Default,
        Given::Unknown => Voice::Unknown,
        Given::Value(name) => called(name),
    }
}

/// The voice that an attribute names.
pub(super) fn called(name: &str) -> Voice<'_> {
    if has_placeholder(name) {
        return Voice::Unknown;
    }
    named(name.trim())
}

fn named(name: &str) -> Voice<'_> {
    if matches!(name, "man" | "woman" | "alice") {
        return Voice::Basic(name);
    }
    let language = match name.strip_prefix("Polly.") {
        Some(name) => polly(name),
        None => name.strip_prefix("Google.").and_then(google),
    };
    language.map_or(Voice::Unknown, Voice::Speaks)
}

/// `ja-JP-Neural2-B` speaks `ja-JP`.
fn google(name: &str) -> Option<&str> {
    let language = name.split('-').next().unwrap_or_default().len();
    let tag = name.get(..language + 3)?;
    let is_language = (2..=3).contains(&language)
        && tag[..language].bytes().all(|b| b.is_ascii_lowercase())
        && tag[language + 1..].bytes().all(|b| b.is_ascii_uppercase())
        && name[language + 3..].starts_with('-');
    is_language.then_some(tag)
}

/// The language of a voice of Amazon Polly, as Amazon's table of voices has them. Voices that speak two are left out.
fn polly(name: &str) -> Option<&'static str> {
    let end = bytes::first_of(name.as_bytes(), 0, |block| is(block, b'-'));
    let voice = &name[..end.unwrap_or(name.len())];
    let (_, language) = POLLY.get(usize::from(POLLY_NAMES.id(voice)))?;
    Some(language)
}

static POLLY_NAMES: Table<{ POLLY.len() }> = {
    let mut names = [""; POLLY.len()];
    let mut voice = 0;
    while voice < names.len() {
        names[voice] = POLLY[voice].0;
        voice += 1;
    }
    Table::new(names)
};

/// By name.
const POLLY: [(&str, &str); 89] = [
    ("Adriano", "it-IT"),
    ("Amy", "en-GB"),
    ("Andres", "es-MX"),
    ("Aria", "en-NZ"),
    ("Arlet", "ca-ES"),
    ("Arthur", "en-GB"),
    ("Astrid", "sv-SE"),
    ("Ayanda", "en-ZA"),
    ("Bianca", "it-IT"),
    ("Brian", "en-GB"),
    ("Burcu", "tr-TR"),
    ("Camila", "pt-BR"),
    ("Carla", "it-IT"),
    ("Carmen", "ro-RO"),
    ("Celine", "fr-FR"),
    ("Chantal", "fr-CA"),
    ("Conchita", "es-ES"),
    ("Cristiano", "pt-PT"),
    ("Daniel", "de-DE"),
    ("Danielle", "en-US"),
    ("Dora", "is-IS"),
    ("Elin", "sv-SE"),
    ("Emma", "en-GB"),
    ("Enrique", "es-ES"),
    ("Ewa", "pl-PL"),
    ("Filiz", "tr-TR"),
    ("Gabrielle", "fr-CA"),
    ("Geraint", "en-GB-WLS"),
    ("Giorgio", "it-IT"),
    ("Gregory", "en-US"),
    ("Gwyneth", "cy-GB"),
    ("Hannah", "de-AT"),
    ("Hans", "de-DE"),
    ("Ida", "nb-NO"),
    ("Ines", "pt-PT"),
    ("Ivy", "en-US"),
    ("Jacek", "pl-PL"),
    ("Jan", "pl-PL"),
    ("Joanna", "en-US"),
    ("Joey", "en-US"),
    ("Justin", "en-US"),
    ("Karl", "is-IS"),
    ("Kazuha", "ja-JP"),
    ("Kendra", "en-US"),
    ("Kevin", "en-US"),
    ("Kimberly", "en-US"),
    ("Laura", "nl-NL"),
    ("Lea", "fr-FR"),
    ("Liam", "fr-CA"),
    ("Liv", "nb-NO"),
    ("Lotte", "nl-NL"),
    ("Lucia", "es-ES"),
    ("Lupe", "es-US"),
    ("Mads", "da-DK"),
    ("Maja", "pl-PL"),
    ("Marlene", "de-DE"),
    ("Mathieu", "fr-FR"),
    ("Matthew", "en-US"),
    ("Maxim", "ru-RU"),
    ("Mia", "es-MX"),
    ("Miguel", "es-US"),
    ("Mizuki", "ja-JP"),
    ("Naja", "da-DK"),
    ("Niamh", "en-IE"),
    ("Nicole", "en-AU"),
    ("Ola", "pl-PL"),
    ("Olivia", "en-AU"),
    ("Pedro", "es-US"),
    ("Penelope", "es-US"),
    ("Raveena", "en-IN"),
    ("Remi", "fr-FR"),
    ("Ricardo", "pt-BR"),
    ("Ruben", "nl-NL"),
    ("Russell", "en-AU"),
    ("Ruth", "en-US"),
    ("Salli", "en-US"),
    ("Seoyeon", "ko-KR"),
    ("Sergio", "es-ES"),
    ("Sofie", "da-DK"),
    ("Stephen", "en-US"),
    ("Suvi", "fi-FI"),
    ("Takumi", "ja-JP"),
    ("Tatyana", "ru-RU"),
    ("Thiago", "pt-BR"),
    ("Tomoko", "ja-JP"),
    ("Vicki", "de-DE"),
    ("Vitoria", "pt-BR"),
    ("Zeina", "arb"),
    ("Zhiyu", "cmn-CN"),
];

/// What a language is called without its region, in one of several spellings.
pub(super) fn primary(tag: &str) -> &str {
    let tag = tag.trim();
    let end = tag.bytes().position(|byte| matches!(byte, b'-' | b'_'));
    let primary = &tag[..end.unwrap_or(tag.len())];
    let same = SAME
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(primary));
    same.map_or(primary, |&(_, name)| name)
}

/// What a language is called in tags, and what it is called here.
static SAME: [(&str, &str); 9] = [
    ("ja", "ja"),
    ("cmn", "zh"),
    ("yue", "zh"),
    ("wuu", "zh"),
    ("zh", "zh"),
    ("arb", "ar"),
    ("no", "nb"),
    ("nn", "nb"),
    ("tl", "fil"),
];

/// Whether two tags mean the same language, wherever it is spoken.
pub(super) fn is_same_language(a: &str, b: &str) -> bool {
    a == b || primary(a).eq_ignore_ascii_case(primary(b))
}

/// The language in which a text is said, as `lang` around it or the `Say` says.
pub(super) fn language<'d>(
    pass: &Pass<'_, '_, '_>,
    piece: Piece<'d, '_>,
    say: Element<'d, '_>,
) -> Given<'d> {
    let nearest = piece
        .around(say)
        .find_map(|element| element.known_value(attribute!("xml:lang")));
    match nearest {
        Some(language) if has_placeholder(language) => Given::Unknown,
        Some(language) => Given::Value(language),
        None => flow::given(pass, say, attribute!("language")),
    }
}

/// Whether a character stands for a placeholder.
pub(super) fn is_hidden(c: char) -> bool {
    u8::try_from(c).is_ok_and(is_placeholder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_tell_their_language() {
        let check = |name, voice| assert_eq!(named(name), voice, "{name}");
        check("Polly.Mizuki", Voice::Speaks("ja-JP"));
        check("Polly.Kazuha-Neural", Voice::Speaks("ja-JP"));
        check("Polly.Joanna-Generative", Voice::Speaks("en-US"));
        check("Polly.Geraint", Voice::Speaks("en-GB-WLS"));
        check("Polly.Aditi", Voice::Unknown);
        check("Polly.", Voice::Unknown);
        check("Google.ja-JP-Chirp3-HD-Aoede", Voice::Speaks("ja-JP"));
        check("Google.cmn-CN-Standard-A", Voice::Speaks("cmn-CN"));
        check("Google.Aoede", Voice::Unknown);
        check("Google.ja-JP", Voice::Unknown);
        check("Google.日本", Voice::Unknown);
        check("woman", Voice::Basic("woman"));
        check("", Voice::Unknown);
    }

    #[test]
    fn voices_are_sorted_by_name() {
        assert!(POLLY.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn bytes_tell_whether_a_text_may_be_odd() {
        let look = |text: &str| {
            let look = Look::at(text);
            (look.is_ascii, look.has_few_digits)
        };
        assert_eq!(look("Press 1234."), (true, true));
        assert_eq!(look("12 345"), (true, false));
        assert_eq!(look("障害 1"), (false, true));
        assert_eq!(look("１２３４５"), (false, false));
        assert_eq!(look(&"0".repeat(1_000)), (true, false));
    }

    #[test]
    fn languages_are_the_same_in_every_spelling() {
        for (a, b, is_same) in [
            ("ja-JP", "JA", true),
            ("cmn-CN", "zh-TW", true),
            ("en-GB", "en-US", true),
            ("arb", "ar-AE", true),
            ("ja-JP", "en-US", false),
            ("", "en", false),
        ] {
            assert_eq!(is_same_language(a, b), is_same, "{a} {b}");
        }
    }
}
