//! TW410: more than a voice says.

use super::speech::{self, Voice, is_hidden};
use crate::{
    grammar::{attribute},
    address::has_placeholder,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

/// Characters that `man`, `woman` and `alice` say (error 13521).
const BASIC: usize = 4_096;
/// Characters that the voices of Amazon Polly say (error 13521).
const POLLY: usize = 3_000;
/// What every text may come to once it is encoded as in an URL (error 13521).
const ENCODED: usize = 4_500;

pub(crate) static RULE: Rule = Rule {
    code: "TW410",
    name: "say-too-long",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[13521],
    summary: "the text of <Say> is longer than the carrier says",
    explain: "\
The carrier says up to 4,096 characters with `man` and `woman`, up to 3,000 with the voices of Polly, and with any voice no
more than 4,500 once the text is encoded as in an URL. There a letter costs one character, and a Japanese one nine: 500
characters of Japanese are the most, which a long alert soon has. Longer texts are not said at all (13521).

Cut it, with a word that there is more, or spread it over several `<Say>`.

The text of SSML elements counts, their tags do not. Runs of blanks count as one, and placeholders not at all, since nobody
knows how long they become.",
    bad: Example::xml(&[("alert.xml", LONG)]),
    good: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say language=\"ja-JP\">監視サーバーから重大な障害の通知が届いています。ほかに十件あります。</Say>
</Response>
",
    )]),
    check: Check::OddSpeech(check),
};

macro_rules! four_times {
    ($text:expr) => {
        concat!($text, $text, $text, $text)
    };
}

/// A little more than 500 characters of Japanese.
const LONG: &str = concat!(
    "<Response>\n  <Say language=\"ja-JP\">\n",
    four_times!(four_times!("    監視サーバーから重大な障害の通知が届いています。至急確認をお願いします。\n")),
    "  </Say>\n</Response>\n",
);

/// How long a text is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Length {
    characters: usize,
    encoded: usize,
    /// The last character was a blank.
    ends_blank: bool,
}

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let say = tag.element;
    // The source is never shorter than the text, and no byte costs more than three characters.
    if say.span().range().len() * 3 <= ENCODED {
        return;
    }
    let mut length = Length::default();
    speech::each_piece(say, &mut |piece| length.add(piece.text));
    let (name, most) = limit(pass, tag);
    let is_too_long = length.characters > most || length.encoded > ENCODED;
    if !is_too_long || may_choose(pass, tag) {
        return;
    }
    let message = if length.characters > most {
        format!(
            "the text of this <Say> has {} characters: {name} says {most} at most, and nothing of a longer one",
            length.characters
        )
    } else {
        format!(
            "the text of this <Say> has {} characters, which become {} when encoded as in an URL: the carrier takes {ENCODED}, and says nothing of a longer one",
            length.characters, length.encoded
        )
    };
    pass.report(say.name_span(), message)
        .help("cut it, or spread it over several <Say>");
}

/// Whether a template may choose between several texts, of which only one is said.
fn may_choose(pass: &Pass<'_, '_, '_>, tag: Tag<'_, '_>) -> bool {
    let span = tag.element.span();
    let source = &pass.source[span.range()];
    pass.is_uncertain(span)
        && ["els", "elif", "when", "{{^"]
            .iter()
            .any(|middle| source.contains(middle))
}

/// How many characters its voice says.
fn limit<'d>(pass: &Pass<'_, '_, '_>, tag: Tag<'d, '_>) -> (&'d str, usize) {
    match tag.element.known_value(attribute!("voice")) {
        Some(voice) if voice.starts_with("Polly.") && !has_placeholder(voice) => (voice, POLLY),
        _ => match speech::voice(pass, tag.element) {
            Voice::Basic(voice) => (voice, BASIC),
            _ => ("the carrier", usize::MAX),
        },
    }
}

impl Length {
    fn add(&mut self, text: &str) {
        for c in text.chars().filter(|&c| !is_hidden(c)) {
            let is_blank = c.is_ascii_whitespace();
            if is_blank && (self.ends_blank || self.characters == 0) {
                continue;
            }
            self.ends_blank = is_blank;
            self.characters += 1;
            // A blank may be encoded as `+`.
            let is_plain = is_blank || c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '*');
            self.encoded += if is_plain { 1 } else { 3 * c.len_utf8() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_japanese_character_costs_nine() {
        let check = |texts: &[&str], characters, encoded| {
            let mut length = Length::default();
            texts.iter().for_each(|text| length.add(text));
            assert_eq!((length.characters, length.encoded), (characters, encoded), "{texts:?}");
        };
        check(&["障害"], 2, 18);
        check(&["a b"], 3, 3);
        check(&["\n  a \n b ", " c"], 5, 5);
        check(&["50 %"], 4, 6);
        check(&["a\u{7f}\u{7f}b"], 2, 2);
        check(&["🚨"], 1, 12);
    }
}
