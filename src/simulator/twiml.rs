//! From a reply to what the phone does: the part of TwiML that phoning people needs.

use std::time::Duration;

use twiml_lint::{Content, Document, Element};
use url::Url;

use super::{fields::Method, people::is_key};

/// A loop count of 0 means this.
const FOR_EVER: u32 = 1_000;

/// Something the phone does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Say {
        text: String,
        language: Option<String>,
        times: u32,
    },
    Play {
        url: Url,
        times: u32,
    },
    /// Key tones to the callee.
    Tones {
        keys: String,
    },
    Pause(Duration),
    Gather(Gather),
    Redirect {
        url: Url,
        method: Method,
    },
    /// `Hangup`, and `Reject`, which ends an outgoing call as well.
    End,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gather {
    pub(super) action: Url,
    pub(super) method: Method,
    pub(super) most_digits: Option<usize>,
    pub(super) timeout: Duration,
    pub(super) finish_on: Option<char>,
    pub(super) posts_empty: bool,
    /// Whether keys count, not only speech.
    pub(super) takes_keys: bool,
    pub(super) nested: Vec<Verb>,
}

/// What is wrong with a document: the carrier's code, and words.
pub(super) type Fault = (u32, String);

/// Reads a document that came from `base`; none if it came with the request that placed the call.
pub(super) fn read(source: &str, base: Option<&Url>) -> Result<Vec<Verb>, Fault> {
    let document = Document::parse(source).map_err(|error| (12100, error.to_string()))?;
    let root = document.root();
    if root.name() != "Response" {
        return Err((
            12102,
            format!("the root is <{}>, not <Response>", root.name()),
        ));
    }
    only_elements(root)?;
    root.child_elements()
        .map(|element| verb(element, base))
        .collect()
}

fn verb(element: Element<'_, '_>, base: Option<&Url>) -> Result<Verb, Fault> {
    match element.name() {
        "Gather" => gather(element, base).map(Verb::Gather),
        "Redirect" => Ok(Verb::Redirect {
            url: address(&element.text(), base, "Redirect")?,
            method: method(element, 13710)?,
        }),
        "Hangup" | "Reject" => Ok(Verb::End),
        _ => heard(element, base),
    }
}

/// What may stand in a `Gather` too.
fn heard(element: Element<'_, '_>, base: Option<&Url>) -> Result<Verb, Fault> {
    match element.name() {
        "Say" => Ok(Verb::Say {
            text: spoken(element),
            language: element.value("language").map(str::to_owned),
            times: times(element, 13510)?,
        }),
        "Play" => match element.value("digits") {
            Some(keys) => Ok(Verb::Tones {
                keys: keys.to_owned(),
            }),
            None => Ok(Verb::Play {
                url: address(&element.text(), base, "Play")?,
                times: times(element, 13410)?,
            }),
        },
        "Pause" => number(element, "length", 13910)
            .map(|length| Verb::Pause(Duration::from_secs(length.unwrap_or(1)))),
        other => Err((
            12200,
            format!("<{other}> is unknown, misplaced, or not carried by the simulated network"),
        )),
    }
}

fn gather(element: Element<'_, '_>, base: Option<&Url>) -> Result<Gather, Fault> {
    only_elements(element)?;
    let action = match (element.value("action"), base) {
        (Some(action), base) => address(action, base, "Gather action")?,
        (None, Some(base)) => base.clone(),
        (None, None) => {
            return Err((
                15004,
                "a Gather in the request itself needs an absolute action".to_owned(),
            ));
        }
    };
    let nested = element.child_elements().map(|child| heard(child, base));
    Ok(Gather {
        action,
        method: method(element, 13312)?,
        most_digits: number(element, "numDigits", 13314)?
            .map(|digits| usize::try_from(digits).ok().filter(|digits| *digits > 0))
            .map(|digits| digits.ok_or_else(|| wrong(element, "numDigits", 13314)))
            .transpose()?,
        timeout: Duration::from_secs(number(element, "timeout", 13313)?.unwrap_or(5)),
        finish_on: finish_key(element)?,
        posts_empty: flag(element, "actionOnEmptyResult")?,
        takes_keys: element
            .value("input")
            .is_none_or(|input| input.contains("dtmf")),
        nested: nested
            .map(|verb| {
                verb.map_err(|(code, text)| {
                    if code == 12200 {
                        (13320, text)
                    } else {
                        (code, text)
                    }
                })
            })
            .collect::<Result<_, _>>()?,
    })
}

fn finish_key(element: Element<'_, '_>) -> Result<Option<char>, Fault> {
    let Some(text) = element.value("finishOnKey") else {
        return Ok(Some('#'));
    };
    let mut keys = text.chars();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) if is_key(key) => Ok(Some(key)),
        _ => Err(wrong(element, "finishOnKey", 13310)),
    }
}

fn flag(element: Element<'_, '_>, name: &str) -> Result<bool, Fault> {
    match element.value(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(wrong(element, name, 12200)),
    }
}

pub(super) fn method(element: Element<'_, '_>, code: u32) -> Result<Method, Fault> {
    match element.value("method") {
        None => Ok(Method::default()),
        Some(name) => Method::parse(name).ok_or_else(|| wrong(element, "method", code)),
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
    text.parse()
        .map(Some)
        .map_err(|_| wrong(element, name, code))
}

fn wrong(element: Element<'_, '_>, attribute: &str, code: u32) -> Fault {
    let value = element.value(attribute).unwrap_or_default();
    (
        code,
        format!("{attribute}={value:?} of <{}> is invalid", element.name()),
    )
}

/// Resolves an address as the carrier does, against the current document.
pub(super) fn address(text: &str, base: Option<&Url>, place: &str) -> Result<Url, Fault> {
    let text = text.trim();
    let bad = || {
        (
            11100,
            format!("{text:?} in {place} is no address that can be reached"),
        )
    };
    if text.is_empty() {
        return Err(bad());
    }
    let url = match base {
        Some(base) => base.join(text).map_err(|_| bad())?,
        None => Url::parse(text).map_err(|_| bad())?,
    };
    (matches!(url.scheme(), "http" | "https") && url.has_host())
        .then_some(url)
        .ok_or_else(bad)
}

/// The text of a `Say` with that of the speech markup in it.
fn spoken(element: Element<'_, '_>) -> String {
    let mut text = String::new();
    for content in element.children() {
        match content {
            Content::Text(part, _) | Content::CData(part, _) => text += part,
            Content::Element(inner) => text += &spoken(inner),
            Content::Comment(..) | Content::Instruction(..) => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text between verbs is most often a `Say` that somebody forgot.
pub(super) fn only_elements(element: Element<'_, '_>) -> Result<(), Fault> {
    let text = element.text();
    if text.trim().is_empty() {
        Ok(())
    } else {
        Err((
            12200,
            format!(
                "text between the verbs of <{}>: {:?}",
                element.name(),
                text.trim()
            ),
        ))
    }
}

/// How long a text takes to say: about 15 Latin or 8 Japanese characters a second.
pub(super) fn speaking_time(text: &str) -> Duration {
    let millis = text
        .chars()
        .map(|c| if c.is_ascii() { 1_000 / 15 } else { 1_000 / 8 })
        .sum();
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://h:1/a/b?c=d#rc=2").expect("absolute")
    }

    fn response(inner: &str) -> Result<Vec<Verb>, Fault> {
        read(&format!("<Response>{inner}</Response>"), Some(&base()))
    }

    #[test]
    fn a_question_is_read_with_the_carriers_defaults() {
        let verbs = response(
            "<Gather><Say language='ja-JP'>1 を\n 押して<break/>ください</Say><Pause/></Gather>",
        );
        let question = Gather {
            action: base(),
            method: Method::Post,
            most_digits: None,
            timeout: Duration::from_secs(5),
            finish_on: Some('#'),
            posts_empty: false,
            takes_keys: true,
            nested: vec![
                Verb::Say {
                    text: "1 を 押してください".into(),
                    language: Some("ja-JP".into()),
                    times: 1,
                },
                Verb::Pause(Duration::from_secs(1)),
            ],
        };
        assert_eq!(verbs, Ok(vec![Verb::Gather(question)]));
    }

    #[test]
    fn addresses_are_resolved_against_the_document() {
        let check = |text: &str, resolved: &str| {
            let verbs = response(&format!("<Play> {text}\n</Play>")).expect(text);
            let [Verb::Play { url, .. }] = verbs.as_slice() else {
                panic!("{verbs:?} is not one Play");
            };
            assert_eq!(url.as_str(), resolved, "{text}");
        };
        check("http://x/y.wav", "http://x/y.wav");
        check("/y.wav", "http://h:1/y.wav");
        check("y.wav?a=1&amp;b=2", "http://h:1/a/y.wav?a=1&b=2");
        check("?e=f", "http://h:1/a/b?e=f");
    }

    #[test]
    fn a_wrong_document_has_the_carriers_code() {
        let check = |source: &str, code: u32| {
            assert_eq!(
                read(source, None).map_err(|(code, _)| code),
                Err(code),
                "{source}"
            );
        };
        check("", 12100);
        check("<Response>", 12100);
        check("<html></html>", 12102);
        check("<response/>", 12102);
        for (inner, code) in [
            ("hello", 12200),
            ("<say>x</say>", 12200),
            ("<Dial>+819000000001</Dial>", 12200),
            ("<Redirect>/a</Redirect>", 11100),
            ("<Redirect></Redirect>", 11100),
            ("<Redirect>mailto:x</Redirect>", 11100),
            ("<Redirect method='PUT'>http://h/</Redirect>", 13710),
            ("<Gather/>", 15004),
            ("<Gather action='http://h/' numDigits='0'/>", 13314),
            ("<Gather action='http://h/' timeout='auto'/>", 13313),
            ("<Gather action='http://h/' finishOnKey='12'/>", 13310),
            ("<Gather action='http://h/' method='PUT'/>", 13312),
            ("<Gather action='http://h/'><Hangup/></Gather>", 13320),
            ("<Say loop='x'>a</Say>", 13510),
            ("<Pause length='-1'/>", 13910),
        ] {
            check(&format!("<Response>{inner}</Response>"), code);
        }
    }

    #[test]
    fn speaking_takes_time_by_script() {
        assert_eq!(speaking_time(&"a".repeat(150)).as_secs(), 9);
        assert_eq!(speaking_time(&"あ".repeat(80)).as_secs(), 10);
    }
}
