//! What the rules about speech share: the texts of a `Say`, and who says them in which language.

use super::flow::{self, Given};
use crate::{
    address::has_placeholder,
    document::{Content, Element, Span, index},
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
    match flow::given(pass, say, "voice") {
        Given::Nothing => Voice::Default,
        Given::Unknown => Voice::Unknown,
        Given::Value(name) => named(name.trim()),
    }
}

fn named(name: &str) -> Voice<'_> {
    if ["man", "woman", "alice"].contains(&name) {
        return Voice::Basic(name);
    }
    let language = match name.split_once('.') {
        Some(("Polly", name)) => polly(name),
        Some(("Google", name)) => google(name),
        _ => None,
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

/// The language of a voice of Amazon Polly. Voices that speak two are left out.
fn polly(name: &str) -> Option<&'static str> {
    let name = name.split('-').next().unwrap_or_default();
    POLLY
        .iter()
        .find(|(_, names)| names.split(' ').any(|known| known == name))
        .map(|&(language, _)| language)
}

/// By language, as Amazon's table of voices has them.
static POLLY: [(&str, &str); 34] = [
    ("ja-JP", "Mizuki Takumi Kazuha Tomoko"),
    (
        "en-US",
        "Danielle Gregory Ivy Joanna Joey Justin Kendra Kevin Kimberly Matthew Ruth Salli Stephen",
    ),
    ("en-GB", "Amy Arthur Brian Emma"),
    ("en-AU", "Nicole Olivia Russell"),
    ("en-IE", "Niamh"),
    ("en-IN", "Raveena"),
    ("en-NZ", "Aria"),
    ("en-ZA", "Ayanda"),
    ("en-GB-WLS", "Geraint"),
    ("arb", "Zeina"),
    ("ca-ES", "Arlet"),
    ("cmn-CN", "Zhiyu"),
    ("cy-GB", "Gwyneth"),
    ("da-DK", "Mads Naja Sofie"),
    ("de-AT", "Hannah"),
    ("de-DE", "Daniel Hans Marlene Vicki"),
    ("es-ES", "Conchita Enrique Lucia Sergio"),
    ("es-MX", "Andres Mia"),
    ("es-US", "Lupe Miguel Pedro Penelope"),
    ("fi-FI", "Suvi"),
    ("fr-CA", "Chantal Gabrielle Liam"),
    ("fr-FR", "Celine Lea Mathieu Remi"),
    ("is-IS", "Dora Karl"),
    ("it-IT", "Adriano Bianca Carla Giorgio"),
    ("ko-KR", "Seoyeon"),
    ("nb-NO", "Ida Liv"),
    ("nl-NL", "Laura Lotte Ruben"),
    ("pl-PL", "Ewa Jacek Jan Maja Ola"),
    ("pt-BR", "Camila Ricardo Thiago Vitoria"),
    ("pt-PT", "Cristiano Ines"),
    ("ro-RO", "Carmen"),
    ("ru-RU", "Maxim Tatyana"),
    ("sv-SE", "Astrid Elin"),
    ("tr-TR", "Burcu Filiz"),
];

/// What a language is called without its region, in one of several spellings.
pub(super) fn primary(tag: &str) -> &str {
    let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
    let same = [
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
    same.into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(primary))
        .map_or(primary, |(_, name)| name)
}

/// Whether two tags mean the same language, wherever it is spoken.
pub(super) fn is_same_language(a: &str, b: &str) -> bool {
    primary(a).eq_ignore_ascii_case(primary(b))
}

/// The language in which a text is said, as `lang` around it or the `Say` says.
pub(super) fn language<'d>(
    pass: &Pass<'_, '_, '_>,
    piece: Piece<'d, '_>,
    say: Element<'d, '_>,
) -> Given<'d> {
    let nearest = piece
        .around(say)
        .find_map(|element| element.value("xml:lang"));
    match nearest {
        Some(language) if has_placeholder(language) => Given::Unknown,
        Some(language) => Given::Value(language),
        None => flow::given(pass, say, "language"),
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
        assert!(POLLY.iter().all(|(tag, _)| !primary(tag).is_empty()));
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
