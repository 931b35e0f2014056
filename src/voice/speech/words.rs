//! The names of digits and symbols.

use crate::roster::Language;

/// A digit as it is said alone. English voices say single digits rightly by themselves.
pub(super) fn digit(c: char, language: Language) -> Option<&'static str> {
    let value = c.to_digit(10)? as usize;
    Some(match language {
        Language::Ja => [
            "ゼロ",
            "イチ",
            "ニ",
            "サン",
            "ヨン",
            "ゴ",
            "ロク",
            "ナナ",
            "ハチ",
            "キュウ",
        ][value],
        Language::En => ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][value],
    })
}

/// The name of a symbol that is said inside a word; marks that only make a pause have none.
pub(super) fn symbol(c: char, language: Language) -> Option<&'static str> {
    let (ja, en) = match c {
        '-' => ("ハイフン", "dash"),
        '.' => ("ドット", "dot"),
        '_' => ("アンダーバー", "underscore"),
        '/' => ("スラッシュ", "slash"),
        '\\' => ("バックスラッシュ", "backslash"),
        ':' => ("コロン", "colon"),
        '@' => ("アットマーク", "at"),
        '#' => ("シャープ", "hash"),
        '&' => ("アンド", "and"),
        '=' => ("イコール", "equals"),
        '+' => ("プラス", "plus"),
        '%' => ("パーセント", "percent"),
        '*' => ("アスタリスク", "star"),
        '~' => ("チルダ", "tilde"),
        '<' => ("小なり", "less than"),
        '>' => ("大なり", "greater than"),
        '$' => ("ドル", "dollar"),
        '^' | '`' | '|' => ("", ""),
        _ => return None,
    };
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}
