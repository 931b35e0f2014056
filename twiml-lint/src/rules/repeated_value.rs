//! TW208: a list of words that is not written as one.

use super::values::{self, Faulty, Looked};
use crate::{
    grammar::{Fault, ValueRole},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW208",
    name: "repeated-value",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200],
    summary: "the list holds a word twice, or commas in place of blanks",
    explain: "\
Attributes such as `statusCallbackEvent` and `input` take several words with blanks between. With commas the carrier sees one
long word, which it does not know, and reports none of the events. A word that stands twice was most often meant to be another
one.

Write each word once, with one blank between. `--fix` does it.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number statusCallback=\"https://example.com/status\" statusCallbackEvent=\"ringing,answered\">+819012345678</Number>
  </Dial>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Dial>
    <Number statusCallback=\"https://example.com/status\" statusCallbackEvent=\"ringing answered\">+819012345678</Number>
  </Dial>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let looked = Looked {
        at_text: |value| value.bytes().any(|byte| byte <= b' ' || byte == b','),
        at_role: is_list,
    };
    values::each(pass, tag, looked, report);
}

fn is_list(role: ValueRole) -> bool {
    matches!(role, ValueRole::SomeOf(_) | ValueRole::Integers)
}

fn report(pass: &mut Pass<'_, '_, '_>, faulty: Faulty<'_, '_>) {
    match faulty.fault {
        Fault::Commas => commas(pass, &faulty),
        Fault::Repeated => repeated(pass, &faulty),
        _ => {}
    }
}

fn commas(pass: &mut Pass<'_, '_, '_>, faulty: &Faulty<'_, '_>) {
    let message = format!(
        "{} has commas in it, so the carrier sees one word that it does not know",
        faulty.place_name()
    );
    let value = faulty.word;
    let words: Vec<&str> = value
        .split(|c: char| c == ',' || c.is_ascii_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    let finding = pass
        .report(faulty.span(), message)
        .help(format!("write {}", words.join(" ")));
    // Only what stands between the words is taken out, so that the words can be mended too.
    let offset = |word: &str| word.as_ptr() as usize - value.as_ptr() as usize;
    let gaps = words.windows(2).map(|pair| offset(pair[0]) + pair[0].len()..offset(pair[1]));
    for gap in gaps {
        if value[gap.clone()] != *" "
            && let Some(span) = faulty.part(gap)
        {
            finding.fix(span, " ");
        }
    }
}

fn repeated(pass: &mut Pass<'_, '_, '_>, faulty: &Faulty<'_, '_>) {
    let message = format!(
        "{} stands twice in {}",
        faulty.shown(),
        faulty.place_name()
    );
    let before = &faulty.attribute.value()[..faulty.start()];
    let gap = before.trim_end_matches([' ', ',']).len();
    let finding = pass
        .report(faulty.span(), message)
        .help("write it once, or the word that was meant");
    if let Some(span) = faulty.part(gap..faulty.start() + faulty.word.len()) {
        finding.fix(span, "");
    }
}
