//! Speech as a call control object of Vonage (NCCO), a list of actions in JSON.
//!
//! Source: Vonage, NCCO reference, `talk` and `input`. A document that asks for a key lets it cut the speech short (`bargeIn`, which
//! an `input` has to follow). When no key is pressed, the same address is told so, with no digits: there is no other to redirect
//! to. An NCCO that has come to its end hangs up. All URLs are absolute.

use serde_json::{Value, json};

use super::{Speech, Then, speech};
use crate::roster::Language;

/// Seconds that a person has for a key once everything is said.
const KEY_TIMEOUT_SECS: u32 = 5;

/// Characters that one `talk` takes.
const TALK_CHARS: usize = 1_500;

/// The actions.
pub fn render(speech: &Speech) -> Value {
    let asks = matches!(speech.then, Then::Ask { .. });
    let talks = speech
        .says
        .iter()
        .map(|text| talk(text, speech.language, asks));
    let mut actions: Vec<Value> = talks.collect();
    if let Then::Ask { action, .. } = &speech.then {
        actions.push(input(action));
    }
    Value::Array(actions)
}

fn talk(text: &str, language: Language, asks: bool) -> Value {
    let text = speech::fit_into(&speech::one_line(text), language, TALK_CHARS, usize::MAX);
    json!({
        "action": "talk",
        "language": tag(speech::spoken_in(&text, language)),
        "text": plain(&text),
        "bargeIn": asks,
    })
}

fn input(action: &str) -> Value {
    json!({
        "action": "input",
        "type": ["dtmf"],
        "dtmf": { "timeOut": KEY_TIMEOUT_SECS, "maxDigits": 1, "submitOnHash": false },
        "eventUrl": [action],
        "eventMethod": "POST",
    })
}

/// A text within `<speak>` would be read as SSML, and one that is not well-formed is not said at all.
fn plain(text: &str) -> String {
    text.replace(['<', '>'], " ")
}

/// BCP 47.
fn tag(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja-JP",
        Language::En => "en-US",
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn check(name: &str, speech: &Speech) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/ncco")
            .join(name);
        let golden = fs::read_to_string(path).expect("readable");
        let golden: Value = serde_json::from_str(&golden).expect("JSON");
        assert_eq!(render(speech), golden, "{name}");
    }

    fn asking(language: Language, says: &[&str]) -> Speech {
        Speech {
            language,
            says: says.iter().map(|text| (*text).to_owned()).collect(),
            then: Then::Ask {
                action: "https://oncall.example.com/v1/calls/vonage/t/keys/3".to_owned(),
                silence: "https://oncall.example.com/v1/calls/vonage/t/silence/3".to_owned(),
            },
        }
    }

    #[test]
    fn speech_becomes_the_golden_actions() {
        let says = [
            "web ハイフン ゼロ イチ、ディスクが一杯です。",
            "引き受ける場合は1を押してください。",
        ];
        check("ask.ja.json", &asking(Language::Ja, &says));
        let says = ["<speak> disk full & more", "Press 1 to take it."];
        check("ask.en.json", &asking(Language::En, &says));
        let goodbye = Speech {
            then: Then::HangUp,
            ..asking(
                Language::En,
                &["You have taken it.", "佐藤さんが引き受けました。"],
            )
        };
        check("hang-up.json", &goodbye);
    }

    #[test]
    fn a_long_message_is_cut_to_what_one_talk_takes() {
        let long = "ディスクが一杯です。".repeat(400);
        let actions = render(&asking(Language::Ja, &[&long]));
        let text = actions[0]["text"].as_str().expect("a text");
        assert!(
            text.chars().count() <= TALK_CHARS,
            "{}",
            text.chars().count()
        );
        assert!(text.ends_with("以下、省略します。"), "{text}");
    }
}
