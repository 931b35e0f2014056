//! Speech as TwiML.
//!
//! A document that asks for a key says everything inside `<Gather>`, so that a key that is pressed early counts, and ends with a
//! `<Redirect>` for the case that none is: a Gather without input falls through (Twilio: Gather, `actionOnEmptyResult`). All
//! URLs are absolute, and nothing is played: each media file would be one more fetch that can fail.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::speech;
use crate::roster::Language;

/// Seconds that a person has for a key once everything is said (Twilio's default for Gather).
const KEY_TIMEOUT_SECS: &str = "5";

/// What a phone says, and what comes then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    /// Chooses the voice.
    pub language: Language,
    /// One `<Say>` each; what does not fit into one is cut, with a word that there is more.
    pub says: Vec<String>,
    /// What comes then.
    pub then: Then,
}

/// What comes after the speech.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// One key is gathered, already while the speech goes on.
    Ask {
        /// Absolute; is told the key.
        action: String,
        /// Absolute; is asked how to go on if no key was pressed.
        silence: String,
    },
    /// The call ends.
    HangUp,
}

/// The TwiML document, always well-formed: characters that XML forbids are left out.
pub fn render(speech: &Speech) -> String {
    let mut writer = Writer::new(Vec::with_capacity(1_024));
    write(speech, &mut writer).expect("writing to a Vec succeeds");
    String::from_utf8(writer.into_inner()).expect("quick-xml writes the UTF-8 that it was given")
}

/// A document that says one text in full and hangs up: for whoever judges the text before it is ever spoken.
pub(super) fn said_in_full(text: &str, language: Language) -> String {
    let mut writer = Writer::new(Vec::new());
    writer
        .create_element("Response")
        .write_inner_content(|writer| {
            say(&speech::one_line(text), language, writer)?;
            writer.create_element("Hangup").write_empty().map(drop)
        })
        .expect("writing to a Vec succeeds");
    String::from_utf8(writer.into_inner()).expect("quick-xml writes the UTF-8 that it was given")
}

/// The answer to a text message: another one, or nothing (Twilio: TwiML for messaging, Message).
pub fn message(text: Option<&str>) -> String {
    let mut writer = Writer::new(Vec::new());
    let response = writer.create_element("Response");
    match text {
        Some(text) => response.write_inner_content(|writer| {
            writer
                .create_element("Message")
                .write_text_content(BytesText::new(&allowed(text)))
                .map(drop)
        }),
        None => response.write_empty(),
    }
    .expect("writing to a Vec succeeds");
    String::from_utf8(writer.into_inner()).expect("quick-xml writes the UTF-8 that it was given")
}

/// Without the control characters that XML forbids; line ends stay.
fn allowed(text: &str) -> String {
    let is_allowed =
        |c: &char| *c == '\n' || !(c.is_control() || ['\u{fffe}', '\u{ffff}'].contains(c));
    text.chars().filter(is_allowed).collect()
}

type Xml = Writer<Vec<u8>>;

fn write(speech: &Speech, writer: &mut Xml) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("Response")
        .write_inner_content(|writer| match &speech.then {
            Then::Ask { action, silence } => {
                gather(speech, action, writer)?;
                redirect(silence, writer)
            }
            Then::HangUp => {
                says(speech, writer)?;
                writer.create_element("Hangup").write_empty().map(drop)
            }
        })
        .map(drop)
}

/// No finish key: with the default `#`, a lone `#` would count as no input.
fn gather(speech: &Speech, action: &str, writer: &mut Xml) -> io::Result<()> {
    writer
        .create_element("Gather")
        .with_attributes([
            ("input", "dtmf"),
            ("numDigits", "1"),
            ("finishOnKey", ""),
            ("timeout", KEY_TIMEOUT_SECS),
            ("method", "POST"),
            ("action", action),
        ])
        .write_inner_content(|writer| {
            // The first second of a call is lost on many phones.
            writer
                .create_element("Pause")
                .with_attribute(("length", "1"))
                .write_empty()?;
            says(speech, writer)
        })
        .map(drop)
}

fn says(speech: &Speech, writer: &mut Xml) -> io::Result<()> {
    for text in &speech.says {
        let text = speech::fit(&speech::one_line(text), speech.language);
        say(&text, speech.language, writer)?;
    }
    Ok(())
}

fn say(text: &str, language: Language, writer: &mut Xml) -> io::Result<()> {
    let (voice, language) = voice(speech::spoken_in(text, language));
    writer
        .create_element("Say")
        .with_attributes([("voice", voice), ("language", language)])
        .write_text_content(BytesText::new(text))
        .map(drop)
}

fn redirect(url: &str, writer: &mut Xml) -> io::Result<()> {
    writer
        .create_element("Redirect")
        .with_attribute(("method", "POST"))
        .write_text_content(BytesText::new(url))
        .map(drop)
}

/// A voice and the language that it speaks; a pair that does not fit makes Say fail (Twilio: Say, voices).
fn voice(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::Ja => ("Polly.Kazuha-Neural", "ja-JP"),
        Language::En => ("Polly.Joanna", "en-US"),
    }
}
