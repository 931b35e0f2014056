//! A document as verbs, with the carrier's defaults filled in and its addresses resolved.

use std::time::Duration;

use twiml_lint::{Content, Document, Element};

use super::super::{address::Address, webhook::Method};

/// A loop count of 0 means this.
const FOR_EVER: u32 = 1_000;

/// One verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Something that is heard.
    Sound(Sound),
    /// A question.
    Gather(Gather),
    /// Other people are called, and connected.
    Dial(Dial),
    /// The call goes on elsewhere.
    Redirect(Address, Method),
    /// The call ends.
    Hangup,
    /// The call is refused.
    Reject,
    /// Passed over: unknown to the carrier, which warns (12200), or not carried here.
    Other(String),
}

/// Something that is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A text, and how often.
    Say {
        /// With white space squeezed and speech markup taken out.
        text: String,
        /// The language attribute.
        language: Option<String>,
        /// At least once.
        times: u32,
    },
    /// A recording, and how often.
    Play {
        /// Where it is.
        address: Address,
        /// At least once.
        times: u32,
    },
    /// Key tones to the callee.
    Tones(String),
    /// Silence.
    Pause(Duration),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Where the answer goes.
    pub action: Address,
    /// How.
    pub method: Method,
    /// How many keys end the answer; none: any number.
    pub most_digits: Option<usize>,
    /// How long a key is waited for, after the speech and after each key.
    pub timeout: Duration,
    /// The key that ends the answer.
    pub finish_on: Option<char>,
    /// Whether silence is an answer as well.
    pub posts_empty: bool,
    /// Whether keys count, not only speech.
    pub takes_keys: bool,
    /// What is heard while it is asked.
    pub sounds: Vec<Sound>,
}

/// Other people are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Where the call goes on when the other call is over.
    pub action: Option<Address>,
    /// How.
    pub method: Method,
    /// The numbers that are called.
    pub numbers: Vec<String>,
}

/// Why a document cannot be carried out: the carrier's code, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The carrier's error code.
    pub code: u32,
    /// For people.
    pub text: String,
}

/// Reads a document that came from `base`.
///
/// # Errors
/// What the carrier ends the call for, or goes to the fallback for.
pub fn read(source: &str, base: &Address) -> Result<Vec<Verb>, Fault> {
    let document = Document::parse(source).map_err(|error| fault(12100, error.to_string()))?;
    let root = document.root();
    if root.name() != "Response" {
        let text = format!("the root is <{}>, not <Response>", root.name());
        return Err(fault(12102, text));
    }
    root.child_elements()
        .map(|element| verb(element, base))
        .collect()
}

fn verb(element: Element<'_, '_>, base: &Address) -> Result<Verb, Fault> {
    match element.name() {
        "Gather" => gather(element, base).map(Verb::Gather),
        "Redirect" => Ok(Verb::Redirect(
            address(&element.text(), base, "Redirect")?,
            method(element, "method", 13710)?,
        )),
        "Dial" => dial(element, base).map(Verb::Dial),
        "Hangup" => Ok(Verb::Hangup),
        "Reject" => Ok(Verb::Reject),
        name => Ok(match sound(element, base)? {
            Some(sound) => Verb::Sound(sound),
            None => Verb::Other(name.to_owned()),
        }),
    }
}

/// What may stand in a `Gather` too.
fn sound(element: Element<'_, '_>, base: &Address) -> Result<Option<Sound>, Fault> {
    Ok(Some(match element.name() {
        "Say" => Sound::Say {
            text: spoken(element),
            language: element.value("language").map(str::to_owned),
            times: times(element, 13510)?,
        },
        "Play" => match element.value("digits") {
            Some(keys) => Sound::Tones(keys.to_owned()),
            None => Sound::Play {
                address: address(&element.text(), base, "Play")?,
                times: times(element, 13410)?,
            },
        },
        "Pause" => {
            let length = number(element, "length", 13910)?.unwrap_or(1);
            Sound::Pause(Duration::from_secs(length))
        }
        _ => return Ok(None),
    }))
}

fn gather(element: Element<'_, '_>, base: &Address) -> Result<Gather, Fault> {
    let action = match element.value("action") {
        Some(action) => address(action, base, "the action of Gather")?,
        None => base.clone(),
    };
    let most_digits = match number(element, "numDigits", 13314)? {
        Some(0) => return Err(wrong(element, "numDigits", 13314)),
        digits => digits.map(|digits| usize::try_from(digits).unwrap_or(usize::MAX)),
    };
    let mut sounds = Vec::new();
    for child in element.child_elements() {
        let nested = sound(child, base)?;
        sounds.push(nested.ok_or_else(|| {
            let text = format!("<{}> may not stand in a Gather", child.name());
            fault(13320, text)
        })?);
    }
    Ok(Gather {
        action,
        method: method(element, "method", 13312)?,
        most_digits,
        timeout: Duration::from_secs(wait(element)?),
        finish_on: finish_key(element)?,
        posts_empty: element.value("actionOnEmptyResult") == Some("true"),
        takes_keys: element
            .value("input")
            .is_none_or(|input| input.contains("dtmf")),
        sounds,
    })
}

/// `auto` is for speech.
fn wait(element: Element<'_, '_>) -> Result<u64, Fault> {
    match element.value("timeout") {
        Some("auto") => Ok(5),
        _ => Ok(number(element, "timeout", 13313)?.unwrap_or(5)),
    }
}

fn dial(element: Element<'_, '_>, base: &Address) -> Result<Dial, Fault> {
    let action = element
        .value("action")
        .map(|action| address(action, base, "the action of Dial"));
    let nouns = element.child_elements().map(|noun| noun.text());
    let numbers = std::iter::once(element.text()).chain(nouns);
    Ok(Dial {
        action: action.transpose()?,
        method: method(element, "method", 13212)?,
        numbers: numbers
            .map(|number| number.trim().to_owned())
            .filter(|number| !number.is_empty())
            .collect(),
    })
}

fn finish_key(element: Element<'_, '_>) -> Result<Option<char>, Fault> {
    let Some(text) = element.value("finishOnKey") else {
        return Ok(Some('#'));
    };
    let mut keys = text.chars();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) if key.is_ascii_digit() || "#*".contains(key) => Ok(Some(key)),
        _ => Err(wrong(element, "finishOnKey", 13310)),
    }
}

fn method(element: Element<'_, '_>, name: &str, code: u32) -> Result<Method, Fault> {
    match element.value(name) {
        None => Ok(Method::default()),
        Some(value) => Method::parse(value).ok_or_else(|| wrong(element, name, code)),
    }
}

fn times(element: Element<'_, '_>, code: u32) -> Result<u32, Fault> {
    let times = number(element, "loop", code)?.unwrap_or(1);
    let times = u32::try_from(times).unwrap_or(FOR_EVER).min(FOR_EVER);
    Ok(if times == 0 { FOR_EVER } else { times })
}

fn number(element: Element<'_, '_>, name: &str, code: u32) -> Result<Option<u64>, Fault> {
    let Some(text) = element.value(name) else {
        return Ok(None);
    };
    let number = text.parse().map(Some);
    number.map_err(|_| wrong(element, name, code))
}

fn address(text: &str, base: &Address, place: &str) -> Result<Address, Fault> {
    let text = text.trim();
    let bad = |why: &str| fault(11100, format!("{text:?} in {place}: {why}"));
    if text.is_empty() {
        return Err(bad("no address"));
    }
    base.join(text).map_err(|error| bad(&error.to_string()))
}

/// The text of a `Say` with that of the speech markup in it.
fn spoken(element: Element<'_, '_>) -> String {
    let mut text = String::new();
    gather_text(element, &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn gather_text(element: Element<'_, '_>, into: &mut String) {
    for content in element.children() {
        match content {
            Content::Text(part, _) | Content::CData(part, _) => into.push_str(part),
            Content::Element(inner) => gather_text(inner, into),
            Content::Comment(..) | Content::Instruction(..) => {}
        }
    }
}

fn wrong(element: Element<'_, '_>, attribute: &str, code: u32) -> Fault {
    let value = element.value(attribute).unwrap_or_default();
    let text = format!("{attribute}={value:?} of <{}> is invalid", element.name());
    fault(code, text)
}

fn fault(code: u32, text: String) -> Fault {
    Fault { code, text }
}

/// How long a text takes to say: about 15 Latin or 8 Japanese characters a second.
pub fn speaking_time(text: &str) -> Duration {
    let millis = |c: char| if c.is_ascii() { 1_000 / 15 } else { 1_000 / 8 };
    Duration::from_millis(text.chars().map(millis).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Address {
        Address::parse("http://h:1/a/b?c=d").expect("absolute")
    }

    fn response(inner: &str) -> Result<Vec<Verb>, Fault> {
        read(&format!("<Response>{inner}</Response>"), &base())
    }

    #[test]
    fn a_question_is_read_with_the_carriers_defaults() {
        let verbs = response(
            "<Gather><Say language='ja-JP'>1 を\n 押して<break/>ください</Say><Pause/></Gather>",
        );
        let say = Sound::Say {
            text: "1 を 押してください".to_owned(),
            language: Some("ja-JP".to_owned()),
            times: 1,
        };
        let question = Gather {
            action: base(),
            method: Method::Post,
            most_digits: None,
            timeout: Duration::from_secs(5),
            finish_on: Some('#'),
            posts_empty: false,
            takes_keys: true,
            sounds: vec![say, Sound::Pause(Duration::from_secs(1))],
        };
        assert_eq!(verbs, Ok(vec![Verb::Gather(question)]));
    }

    #[test]
    fn what_is_unknown_is_passed_over() {
        assert_eq!(
            response("hello<say/><Hangup/>"),
            Ok(vec![Verb::Other("say".to_owned()), Verb::Hangup])
        );
    }

    #[test]
    fn all_numbers_of_a_dial_are_called() {
        let verbs = response("<Dial action='x'>+8190 <Number>+8191</Number></Dial>");
        let dial = Dial {
            action: Some(base().with_target("/a/x")),
            method: Method::Post,
            numbers: vec!["+8190".to_owned(), "+8191".to_owned()],
        };
        assert_eq!(verbs, Ok(vec![Verb::Dial(dial)]));
    }

    #[test]
    fn a_wrong_document_has_the_carriers_code() {
        for (source, code) in [
            ("", 12100),
            ("<Response>", 12100),
            ("<html></html>", 12102),
            ("<response/>", 12102),
        ] {
            assert_eq!(
                read(source, &base()).map_err(|fault| fault.code),
                Err(code),
                "{source}"
            );
        }
        for (inner, code) in [
            ("<Redirect></Redirect>", 11100),
            ("<Redirect>mailto:x</Redirect>", 11100),
            ("<Redirect method='PUT'>http://h/</Redirect>", 13710),
            ("<Gather numDigits='0'/>", 13314),
            ("<Gather timeout='x'/>", 13313),
            ("<Gather finishOnKey='12'/>", 13310),
            ("<Gather method='PUT'/>", 13312),
            ("<Gather><Hangup/></Gather>", 13320),
            ("<Say loop='x'>a</Say>", 13510),
            ("<Pause length='-1'/>", 13910),
        ] {
            assert_eq!(
                response(inner).map_err(|fault| fault.code),
                Err(code),
                "{inner}"
            );
        }
    }

    #[test]
    fn speaking_takes_time_by_script() {
        assert_eq!(speaking_time(&"a".repeat(150)).as_secs(), 9);
        assert_eq!(speaking_time(&"あ".repeat(80)).as_secs(), 10);
    }
}
