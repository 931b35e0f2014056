//! TW313: a finish key that does harm.

use super::flow::{self, Given};
use crate::{
    grammar::{attribute},
    pass::{Pass, Tag},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW313",
    name: "finish-key-conflict",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[],
    summary: "the finish key of <Gather> takes a key away from the caller",
    explain: "\
The finish key ends what the caller enters, and is not part of it.

* With `numDigits=\"1\"` the first key ends it anyway. A finish key can only be pressed instead of that key, and then counts as
  no input at all: whoever presses it is treated as if they had pressed nothing.
* A finish key that is a digit ends every code in which it stands: with `finishOnKey=\"0\"`, 4071 arrives as 4.

Write `finishOnKey=\"\"` where one key or a fixed number of digits is expected, so that every key counts; otherwise leave the
default, `#`.",
    bad: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" finishOnKey=\"*\" action=\"https://example.com/digits\">
    <Say>Press 1 to take the alert, or star to hear it again.</Say>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    good: Example::xml(&[(
        "menu.xml",
        "<Response>
  <Gather numDigits=\"1\" finishOnKey=\"\" action=\"https://example.com/digits\">
    <Say>Press 1 to take the alert, or star to hear it again.</Say>
  </Gather>
  <Hangup/>
</Response>
",
    )]),
    check: Check::Elements(&["Gather"], check),
};

fn check(pass: &mut Pass<'_, '_, '_>, tag: Tag<'_, '_>) {
    let gather = tag.element;
    let Some(finish) = gather.known(attribute!("finishOnKey")) else {
        return;
    };
    let key = finish.value();
    let is_key = key.len() == 1 && key.bytes().all(|key| key.is_ascii_digit() || b"#*".contains(&key));
    if !is_key || !flow::takes_keys(pass, gather) {
        return;
    }
    let message = match flow::given(pass, gather, attribute!("numDigits")) {
        Given::Value(digits) if digits.trim() == "1" => {
            format!("the first key ends this <Gather>, so {key} as its finish key can only be pressed instead of it, and counts as no input")
        }
        _ if key != "#" && key != "*" => {
            format!("the finish key is the digit {key}: a code that holds it ends there")
        }
        _ => return,
    };
    pass.report(finish.value_span(), message)
        .help("write finishOnKey=\"\", so that every key counts");
}
