//! TW402: more than a request takes.

use crate::{
    document::{Span, index},
    pass::Pass,
    rule::{Check, Example, Level, Rule},
};

/// The longest `Twiml` parameter, in characters (error 32018).
const MOST: usize = 4_000;

pub(crate) static RULE: Rule = Rule {
    code: "TW402",
    name: "inline-too-long",
    level: Level::Error,
    strict: Level::Error,
    twilio: &[32018],
    summary: "the document is longer than the 4,000 characters that the Twiml parameter takes",
    explain: "\
A document that is sent in the `Twiml` parameter of a request may have 4,000 characters. The carrier refuses a longer one, and
nobody is called. Blanks and comments count.

Leave out what is for the eye only, or serve the document and send its address in the `Url` parameter.

Looked for with `--inline`. Placeholders are not counted, since nobody knows how long they become.",
    bad: Example {
        files: &[("menu.xml", LONG)],
        settings: &[("inline", "true")],
    },
    good: Example {
        files: &[("menu.xml", "<Response>\n  <Say>hello</Say>\n</Response>\n")],
        settings: &[("inline", "true")],
    },
    check: Check::Document(check),
};

macro_rules! ten_times {
    ($text:expr) => {
        concat!($text, $text, $text, $text, $text, $text, $text, $text, $text, $text)
    };
}

/// A comment of a little more than 4,000 characters.
const LONG: &str = concat!(
    "<Response>\n  <!--\n",
    ten_times!(ten_times!("    What is to be said tonight, once more\n")),
    "  -->\n  <Say>hello</Say>\n</Response>\n",
);

fn check(pass: &mut Pass<'_, '_, '_>) {
    let source = pass.document.source();
    if !pass.settings.inline || source.len() <= MOST {
        return;
    }
    let length = source
        .char_indices()
        .filter(|&(at, _)| {
            let start = index(at);
            !pass.is_uncertain(Span {
                start,
                end: start + 1,
            })
        })
        .count();
    if length > MOST {
        pass.report(
            Span { start: 0, end: 0 },
            format!("the document has {length} characters; the Twiml parameter takes {MOST}"),
        )
        .help("leave out indents and comments, or serve it and send its address in the Url parameter");
    }
}
