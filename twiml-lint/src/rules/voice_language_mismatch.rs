//! TW412: a voice that does not speak the language.

use super::speech::{self, Voice};
use crate::{
    grammar::{attribute},
    address::has_placeholder,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW412",
    name: "voice-language-mismatch",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[13511, 13512],
    summary: "the voice of <Say> does not speak its language",
    explain: "\
Every voice of Polly and Google speaks one language, and `man` and `woman` do not speak Japanese. With another `language`
the carrier may say nothing at all, or read the text by the rules of the wrong language, and nothing in the document shows
which.

Choose a voice of the language, or the language of the voice. Regions make no difference here: a British voice may be asked for
American English. Voices that are not known to speak one language only are not judged.",
    bad: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say language=\"en-US\" voice=\"Polly.Mizuki\">Disk full.</Say>
</Response>
",
    )]),
    good: Example::xml(&[(
        "alert.xml",
        "<Response>
  <Say language=\"en-US\" voice=\"Polly.Joanna\">Disk full.</Say>
</Response>
",
    )]),
    check: Check::OddSpeech(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let say = tag.element;
    let (Some(voice), Some(language)) = (say.known(attribute!("voice")), say.known(attribute!("language"))) else {
        return;
    };
    let (name, wanted) = (voice.value(), language.value());
    if has_placeholder(wanted) || wanted.trim().is_empty() {
        return;
    }
    let (message, help) = match speech::called(name) {
        Voice::Speaks(spoken) if !speech::is_same_language(spoken, wanted) => (
            format!("{name} speaks {spoken} and is asked for {wanted}: the carrier may say nothing, or read it wrong"),
            format!("write language=\"{spoken}\", or choose a voice that speaks {wanted}"),
        ),
        Voice::Basic("man" | "woman") if speech::primary(wanted) == "ja" => (
            format!("the voice {name} does not speak Japanese: the carrier may say nothing, or read it wrong"),
            "choose a Japanese voice, as in voice=\"Polly.Kazuha-Neural\"".to_owned(),
        ),
        _ => return,
    };
    pass.report(language.value_span(), message)
        .help(help)
        .relate(voice.value_span(), "the voice is named here");
}
