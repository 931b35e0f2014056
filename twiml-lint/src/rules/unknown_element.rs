//! TW201: an element that TwiML does not have.

use super::nearest::nearest;
use crate::{
    grammar::{self, Product},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW201",
    name: "unknown-element",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[12200],
    summary: "TwiML has no element of this name",
    explain: "\
The carrier leaves out an element that it does not know, with all that stands in it, and logs a warning that nobody sees
who does not look for it. The call goes on, without its menu or its transfer.

Write the name as the documentation has it. Elements of other carriers' languages (`<Speak>`, `<GetDigits>`, `<Wait>`) have
other names here, and of SSML there are `break`, `emphasis`, `lang`, `p`, `phoneme`, `prosody`, `s`, `say-as`, `sub` and `w`.
What stands in an unknown element is not judged.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Speak>This is the duty desk.</Speak>
  <Hangupp/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Say>This is the duty desk.</Say>
  <Hangup/>
</Response>
",
    )]),
    check: Check::OddElements(check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    if tag.role.is_some() {
        return;
    }
    let Some(parent) = tag.parent else { return };
    let name = tag.element.name();
    let span = tag.element.name_span();
    // What was meant takes time to find, and nothing more is kept once there is a surplus.
    let is_moot = pass.has_surplus() || pass.is_uncertain(span);
    if is_moot || grammar::named_in_any_case(name).is_some() {
        return;
    }
    let children = parent
        .children
        .iter()
        .map(|&id| grammar::ELEMENTS[usize::from(id)].name);
    let known = grammar::ELEMENTS
        .iter()
        .filter(|role| role.product == pass.product)
        .map(|role| role.name);
    let meant = nearest(name, children)
        .or_else(|| nearest(name, known))
        .or_else(|| elsewhere(name));
    let may_hold = parent.children.len();
    let help = match meant {
        Some(meant) => format!("did you mean <{meant}>?"),
        None if name.eq_ignore_ascii_case("speak") => {
            "write SSML into <Say> without <speak> around it".to_owned()
        }
        None if may_hold == 0 => format!("<{}> holds no elements", parent.name),
        None if parent.name == "Response" && pass.product == Product::Voice => {
            "https://www.twilio.com/docs/voice/twiml lists the verbs".to_owned()
        }
        None => {
            let names: Vec<_> = parent
                .children
                .iter()
                .map(|&id| format!("<{}>", grammar::ELEMENTS[usize::from(id)].name))
                .collect();
            format!("<{}> holds {}", parent.name, names.join(", "))
        }
    };
    pass.report(
        span,
        format!("TwiML has no <{name}>, so the carrier leaves it out with all that stands in it"),
    )
    .help(help);
}

/// What TwiML calls an element that markup of other carriers has.
fn elsewhere(name: &str) -> Option<&'static str> {
    let known = [
        ("Speak", "Say"),
        ("SpeakSentence", "Say"),
        ("PlayAudio", "Play"),
        ("Audio", "Play"),
        ("GetDigits", "Gather"),
        ("GetInput", "Gather"),
        ("Wait", "Pause"),
        ("Call", "Dial"),
        ("Transfer", "Dial"),
        ("User", "Sip"),
    ];
    known
        .into_iter()
        .find(|(other, _)| *other == name)
        .map(|(_, ours)| ours)
}
