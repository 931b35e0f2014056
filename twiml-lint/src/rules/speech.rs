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
    let voice = memchr::memchr(b'-', name.as_bytes()).map_or(name, |end| &name[..end]);
    Some(match voice {
        "Mizuki" | "Takumi" | "Kazuha" | "Tomoko" => "ja-JP",
        "Danielle" | "Gregory" | "Ivy" | "Joanna" | "Joey" | "Justin" | "Kendra" | "Kevin"
        | "Kimberly" | "Matthew" | "Ruth" | "Salli" | "Stephen" => "en-US",
        "Amy" | "Arthur" | "Brian" | "Emma" => "en-GB",
        "Nicole" | "Olivia" | "Russell" => "en-AU",
        "Niamh" => "en-IE",
        "Raveena" => "en-IN",
        "Aria" => "en-NZ",
        "Ayanda" => "en-ZA",
        "Geraint" => "en-GB-WLS",
        "Zeina" => "arb",
        "Arlet" => "ca-ES",
        "Zhiyu" => "cmn-CN",
        "Gwyneth" => "cy-GB",
        "Mads" | "Naja" | "Sofie" => "da-DK",
        "Hannah" => "de-AT",
        "Daniel" | "Hans" | "Marlene" | "Vicki" => "de-DE",
        "Conchita" | "Enrique" | "Lucia" | "Sergio" => "es-ES",
        "Andres" | "Mia" => "es-MX",
        "Lupe" | "Miguel" | "Pedro" | "Penelope" => "es-US",
        "Suvi" => "fi-FI",
        "Chantal" | "Gabrielle" | "Liam" => "fr-CA",
        "Celine" | "Lea" | "Mathieu" | "Remi" => "fr-FR",
        "Dora" | "Karl" => "is-IS",
        "Adriano" | "Bianca" | "Carla" | "Giorgio" => "it-IT",
        "Seoyeon" => "ko-KR",
        "Ida" | "Liv" => "nb-NO",
        "Laura" | "Lotte" | "Ruben" => "nl-NL",
        "Ewa" | "Jacek" | "Jan" | "Maja" | "Ola" => "pl-PL",
        "Camila" | "Ricardo" | "Thiago" | "Vitoria" => "pt-BR",
        "Cristiano" | "Ines" => "pt-PT",
        "Carmen" => "ro-RO",
        "Maxim" | "Tatyana" => "ru-RU",
        "Astrid" | "Elin" => "sv-SE",
        "Burcu" | "Filiz" => "tr-TR",
        _ => return None,
    })
}

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
