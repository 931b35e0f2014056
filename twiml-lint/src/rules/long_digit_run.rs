//! TW413: twelve million three hundred and forty-five thousand.

use super::speech::{self, LONG_RUN, Piece, is_hidden};
use crate::{
    document::Span,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW413",
    name: "long-digit-run",
    level: Level::Info,
    strict: Level::Warning,
    twilio: &[],
    summary: "a long run of digits in <Say> is read as one number",
    explain: "\
A run of digits is read as a number: a ticket 12345678 as twelve million three hundred and forty-five thousand six hundred and
seventy-eight. Nobody can write that down in the middle of the night, and a leading zero is lost.

Put blanks between the digits, or write `<say-as interpret-as=\"digits\">` around them where the voice knows SSML.

Five digits and more are found. Left alone are whatever stands in `<say-as>`, `<sub>` or `<phoneme>`; numbers with commas
or a decimal point; and what looks like an amount: a currency sign before it, a unit after it, or three zeros at its end.",
    bad: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say>Ticket 12345678 is open.</Say>
</Response>
",
    )]),
    good: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say>Ticket 1 2 3 4 5 6 7 8 is open.</Say>
</Response>
",
    )]),
    check: Check::OddSpeech(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let mut found: Vec<(Span, String)> = Vec::new();
    speech::each_piece(tag.element, &mut |piece| {
        if !is_spelled_out(piece, tag) {
            found.extend(runs(piece.text).map(|run| {
                let digits = piece.text[run.clone()].to_owned();
                (piece.span_of(run), digits)
            }));
        }
    });
    for (span, digits) in found {
        let apart: Vec<String> = digits.chars().map(String::from).collect();
        pass.report(
            span,
            format!("{digits} is read as one number, which nobody can write down"),
        )
        .help(format!("put blanks between the digits: {}", apart.join(" ")));
    }
}

/// Whether something says how the text is read.
fn is_spelled_out(piece: Piece<'_, '_>, tag: Tag<'_, '_>) -> bool {
    piece
        .around(tag.element)
        .any(|element| matches!(element.name(), "say-as" | "sub" | "phoneme"))
}

/// The runs of digits that are no amounts.
fn runs(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find(is_digit)?;
            let run = &text[start..];
            let run = &run[..run.find(|c| !is_digit(c)).unwrap_or(run.len())];
            from = start + run.len();
            let is_long = run.chars().nth(LONG_RUN - 1).is_some();
            if is_long && !is_amount(&text[..start], run, &text[from..]) {
                return Some(start..from);
            }
        }
    })
}

/// ASCII and full-width.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '０'..='９')
}

/// What is written after amounts, with or without a blank between.
const UNITS: [&str; 40] = [
    "%", "％", "円", "ドル", "件", "人", "名", "個", "回", "本", "台", "行", "枚", "社", "万", "億", "秒", "分",
    "時間", "日", "度", "メートル", "キロ", "バイト", "ミリ", "dollars", "yen", "euros", "pounds", "cents",
    "people", "users", "bytes", "items", "times", "rows", "requests", "errors", "seconds", "milliseconds",
];

/// Whether a run looks like something that is counted, or like a part of a number; what touches a placeholder may be either.
fn is_amount(before: &str, run: &str, after: &str) -> bool {
    let touches_placeholder = before.chars().next_back().is_some_and(is_hidden)
        || after.chars().next().is_some_and(is_hidden);
    let is_fraction = before
        .strip_suffix(['.', '．'])
        .is_some_and(|whole| whole.ends_with(is_digit));
    if touches_placeholder || is_fraction {
        return true;
    }
    if run.starts_with(['0', '０']) {
        return false;
    }
    let has_currency = before.trim_end().ends_with(['$', '¥', '￥', '€', '£']);
    let is_round = run.ends_with("000") || run.ends_with("０００");
    let has_fraction = after
        .strip_prefix(['.', '．'])
        .is_some_and(|rest| rest.starts_with(is_digit));
    let after = after.trim_start();
    has_currency || is_round || has_fraction || UNITS.iter().any(|unit| after.starts_with(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_and_amounts_are_not() {
        let check = |text: &str, found: &[&str]| {
            let runs: Vec<_> = runs(text).map(|run| &text[run]).collect();
            assert_eq!(runs, found, "{text}");
        };
        check("ticket 12345678", &["12345678"]);
        check("電話番号は09012345678です", &["09012345678"]);
        check("１２３４５番と54321", &["１２３４５", "54321"]);
        check("00000", &["00000"]);
        check("web12345", &["12345"]);
        check("1234 and 2026", &[]);
        check("1 2 3 4 5", &[]);
        check("1,234,567 rows", &[]);
        check("3.14159265", &[]);
        check("12345.67", &[]);
        check("￥12345 and $ 98765", &[]);
        check("12345円, 54321 件, 12345%", &[]);
        check("100000 of them", &[]);
        check("12345 bytes", &[]);
        check("012345 bytes", &["012345"]);
        check("\u{7f}\u{7f}12345 12345\u{7f}", &[]);
        check("", &[]);
    }
}
