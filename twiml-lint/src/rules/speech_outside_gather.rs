//! TW304: a menu that is read before anybody listens.

use super::flow::{self, Given, Verb};
use crate::{
    grammar::{attribute, roles},
    document::Element,
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW304",
    name: "speech-outside-gather",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "speech stands before <Gather> instead of inside it, so a key that is pressed during it is lost",
    explain: "\
The carrier listens for keys from the start of `<Gather>`, and says what is inside it meanwhile. What stands before it is
said first, with nobody listening: whoever knows the menu and presses at once presses in vain, waits, and takes the
silence for a fault.

Move the `<Say>` or `<Play>` into the `<Gather>`. Where something has to be heard to its end, a legal notice for instance,
keep it outside and say so: `<!-- twiml-lint: disable=TW304 -->`.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say>Press 1 to take the alert.</Say>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\"/>
  <Hangup/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" action=\"https://example.com/digits\">
    <Say>Press 1 to take the alert.</Say>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    check: Check::Verbs(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let verb = tag.element;
    let before = pass.flow().last;
    let speech = pass.flow().speech.take();
    let speech = speech.filter(|_| before.is_some_and(|before| flow::follows(pass, before, verb)));
    if pass.is(verb, roles!("Pause")) {
        pass.flow().speech = speech;
        return;
    }
    if pass.is(verb, roles!("Say", "Play")) && flow::given(pass, verb, attribute!("digits")) == Given::Nothing {
        pass.flow().speech = speech.or(Some(verb.into()));
        return;
    }
    if let Some(speech) = speech
        && pass.is(verb, roles!("Gather"))
        && flow::takes_keys(pass, verb)
    {
        report(pass, speech, verb);
    }
}

fn report(pass: &mut Pass<'_, '_, '_>, speech: Verb, gather: Element<'_, '_>) {
    let name = speech.name(gather.source());
    pass.report(
        speech.name_span(),
        format!("<{name}> stands before <Gather>: a key that is pressed during it is lost"),
    )
    .help("move it into the <Gather>, which listens while it speaks")
    .relate(gather.name_span(), "keys count from here on");
}
