//! TW411: Japanese in an English mouth.

use super::{
    flow::Given,
    speech::{self, Piece, Voice},
};
use crate::{
    grammar::{attribute},
    document::{Element, Span},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW411",
    name: "japanese-without-voice",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "<Say> holds Japanese, and neither its language nor its voice is Japanese",
    explain: "\
Unless it is told otherwise, the carrier speaks American English. An English voice leaves Japanese characters out, or reads the
few Latin words between them; the person on call hears silence, or a number without a meaning, and hangs up.

Say which language it is, and best also which voice: `<Say language=\"ja-JP\" voice=\"Polly.Kazuha-Neural\">`. A part of
the text can be marked with `<lang xml:lang=\"ja-JP\">`.

An account whose default language was set to Japanese speaks it without being told; the same document then fails on any other.
Chinese characters are taken for Japanese unless the language or the voice is one that is written with them.",
    bad: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say>ディスクの空きが少なくなっています。</Say>
</Response>
",
    )]),
    good: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say language=\"ja-JP\" voice=\"Polly.Kazuha-Neural\">ディスクの空きが少なくなっています。</Say>
</Response>
",
    )]),
    check: Check::OddSpeech(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let say = tag.element;
    // What most documents have, told without a look at the text.
    if say.known_value(attribute!("language")).is_some_and(|language| speech::primary(language) == "ja") && !say.holds_elements() {
        return;
    }
    let mut found: Option<Span> = None;
    speech::each_piece(say, &mut |piece| {
        if found.is_none() && !piece.text.is_ascii() {
            found = unspeakable(pass, piece, say);
        }
    });
    if let Some(span) = found {
        pass.report(
            span,
            "Japanese in a <Say> whose language and voice are not: it is left out, or read as English",
        )
        .help("add language=\"ja-JP\" and a voice, as in voice=\"Polly.Kazuha-Neural\"");
    }
}

/// Where a text holds Japanese that its voice cannot read.
fn unspeakable<'d>(pass: &Pass<'_, '_, '_>, piece: Piece<'d, '_>, say: Element<'d, '_>) -> Option<Span> {
    let written = piece.text.chars().filter_map(script).max()?;
    let reads = |language: &str| match speech::primary(language) {
        "ja" => true,
        "zh" => written == Script::Ideographs,
        other => written == Script::Ideographs && other.eq_ignore_ascii_case("ko"),
    };
    let is_readable = match speech::language(pass, piece, say) {
        Given::Value(language) => reads(language),
        Given::Nothing => false,
        Given::Unknown => true,
    } || match speech::voice(pass, say) {
        Voice::Speaks(language) => reads(language),
        Voice::Default | Voice::Basic(_) => false,
        // It may speak Japanese, unless something else was asked for.
        Voice::Unknown => speech::language(pass, piece, say) == Given::Nothing,
    };
    if is_readable {
        return None;
    }
    let is_part = |c: char| script(c).is_some() || matches!(c, '、' | '。' | '・' | '々');
    let start = piece.text.find(|c| script(c).is_some())?;
    let length = piece.text[start..]
        .find(|c| !is_part(c))
        .unwrap_or(piece.text.len() - start);
    Some(piece.span_of(start..start + length))
}

/// What Japanese is written with; kana are certainly Japanese.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Ideographs,
    Kana,
}

fn script(c: char) -> Option<Script> {
    match c {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' | 'ァ'..='ヺ' | 'ー'..='ヿ' | 'ㇰ'..='ㇿ' | 'ｦ'..='ﾝ' => {
            Some(Script::Kana)
        }
        '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' => Some(Script::Ideographs),
        _ => None,
    }
}
