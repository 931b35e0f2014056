//! Lines of an escalation as the phone gets them, read back with an XML parser.

use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;
use quick_xml::{Reader, XmlVersion, escape::unescape, events::Event};

use super::*;
use crate::{
    alert::{AlertKey, Severity},
    escalation::{AttemptId, EscalationId},
};

/// Twilio's bound on a document (error 11750).
const DOCUMENT_BYTES: usize = 64 * 1024;

/// An element with its attributes, its text and how it is nested, such as `Response/Gather/Say`.
#[derive(Debug, PartialEq, Eq)]
struct Element {
    path: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Elements in the order in which they begin.
fn read(xml: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<usize> = Vec::new();
    let mut elements: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            Event::Start(start) => {
                let element = element(&start, &open, &elements);
                open.push(elements.len());
                elements.push(element);
            }
            Event::Empty(start) => elements.push(element(&start, &open, &elements)),
            Event::End(_) => _ = open.pop().expect("an element is open"),
            Event::Text(text) => {
                let text = text.xml_content(XmlVersion::Explicit1_0);
                let last = *open.last().expect("text stands in an element");
                elements[last].text.push_str(&text);
            }
            Event::GeneralRef(reference) => {
                let raw = format!("&{};", reference.xml10_content());
                let last = *open.last().expect("text stands in an element");
                elements[last]
                    .text
                    .push_str(&unescape(&raw).expect("a known entity"));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "every element ends");
    elements
}

fn element(
    start: &quick_xml::events::BytesStart<'_>,
    open: &[usize],
    elements: &[Element],
) -> Element {
    let name = start.name();
    let path = match open.last() {
        Some(&parent) => format!("{}/{}", elements[parent].path, name.as_ref()),
        None => name.as_ref().to_owned(),
    };
    let attributes = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.expect("well-formed");
            let value = unescape(&attribute.value)
                .expect("known entities")
                .into_owned();
            (attribute.key.as_ref().to_owned(), value)
        })
        .collect();
    Element {
        path,
        attributes,
        text: String::new(),
    }
}

fn headline(title: &str, host: Option<&str>, message: &str) -> Headline {
    Headline {
        alert: AlertKey {
            source: "zabbix".into(),
            group: "primary".into(),
            dedup: "1".into(),
        },
        severity: Severity::Critical,
        title: title.to_owned(),
        host: host.map(str::to_owned),
        message: message.to_owned(),
        url: None,
        message_id: None,
        variables: BTreeMap::new(),
    }
}

fn voice(template: Option<&str>) -> Voice {
    let mut texts = TemplateTexts::new();
    if let Some(template) = template {
        let by_language =
            [Language::Ja, Language::En].map(|language| (language, template.to_owned()));
        texts.insert("default".to_owned(), by_language.into());
    }
    Voice::new(texts)
}

fn call() -> CallLinks {
    let public = PublicUrl::parse("https://oncall.example.com/rinban").expect("a public URL");
    let links = Links::new(public, TokenKey::new(&[7; 32]));
    let attempt = AttemptId {
        escalation: EscalationId(42),
        number: 7,
    };
    let expires = Timestamp::from_second(1_000).expect("in range");
    links.of_attempt(&"twilio".into(), attempt, expires, "ct=2000&rc=3")
}

fn answer(
    voice: &Voice,
    headline: &Headline,
    language: Language,
    allow_close: bool,
    line: &Line,
) -> Answer {
    let context = Context {
        headline,
        counts: Counts {
            waiting: 3,
            open: 4,
        },
        member: &"alice".into(),
        group: &"primary".into(),
        language,
        stage: 2,
        allow_close,
        links: &call(),
    };
    voice.answer(&context, line)
}

fn lines() -> [Line; 9] {
    [
        Line::Message,
        Line::UnknownKey,
        Line::CloseNotAllowed,
        Line::Acknowledged,
        Line::Passed,
        Line::Closed,
        Line::TakenBy("Admin".to_owned()),
        Line::Over,
        Line::Goodbye,
    ]
}

/// What is said, in order.
fn said(elements: &[Element]) -> Vec<&str> {
    let says = elements
        .iter()
        .filter(|element| element.path.ends_with("/Say"));
    says.map(|say| say.text.as_str()).collect()
}

#[track_caller]
fn check(language: Language, allow_close: bool, line: &Line, want: &[&str]) {
    let voice = voice(None);
    let headline = headline("Disk 95% full", Some("web-01"), "");
    let answer = answer(&voice, &headline, language, allow_close, line);
    assert_eq!(answer.warnings, []);
    assert_eq!(said(&read(&answer.twiml())), want);
}

#[test]
fn each_line_is_said_in_the_language_of_the_listener() {
    let message = "This is an urgent call. Critical alert for primary. Host: web dash 0 1. Disk 95% full. \
                   There are 2 more, 3 alerts in all.";
    let keys = "Press 1 to take it, 2 to pass it to the next person, or 3 to hear it again.";
    let (ja, en) = (Language::Ja, Language::En);
    check(en, false, &Line::Message, &[message, keys]);
    check(
        en,
        true,
        &Line::Message,
        &[
            message,
            "Press 1 to take it, 2 to pass it to the next person, 3 to hear it again, or 9 to close it.",
        ],
    );
    check(
        en,
        false,
        &Line::UnknownKey,
        &["That key does nothing here.", message, keys],
    );
    check(
        en,
        false,
        &Line::CloseNotAllowed,
        &["This alert cannot be closed by phone.", keys],
    );
    check(
        en,
        false,
        &Line::Acknowledged,
        &["You have taken 3 alerts. Thank you. Goodbye."],
    );
    check(
        en,
        false,
        &Line::TakenBy("db-01".to_owned()),
        &["This alert has been taken by db dash 0 1. There is nothing to do. Goodbye."],
    );
    check(
        ja,
        true,
        &Line::Message,
        &[
            "緊急のお電話です。primary で重大な障害が発生しています。ホスト、web ハイフン ゼロ イチ。Disk 95% full。ほかに2件、合わせて3件のアラートがあります。",
            "引き受けるには 1 を、次の人に回すには 2 を、もう一度聞くには 3 を、アラートを閉じるには 9 を押してください。",
        ],
    );
    check(
        ja,
        false,
        &Line::Acknowledged,
        &["3件のアラートを引き受けました。対応をお願いします。"],
    );
}

#[test]
fn a_line_that_asks_for_a_key_gathers_one_and_goes_on_after_silence() {
    let voice = voice(None);
    let links = call();
    for line in lines().iter().filter(|line| line.asks_for_key()) {
        let headline = headline("x", None, "");
        let elements = read(&answer(&voice, &headline, Language::Ja, false, line).twiml());
        let gather = &elements[1];
        assert_eq!(gather.path, "Response/Gather");
        for (name, value) in [
            ("input", "dtmf"),
            ("numDigits", "1"),
            ("finishOnKey", ""),
            ("timeout", "5"),
            ("method", "POST"),
            ("action", &links.keys(2)),
        ] {
            assert_eq!(gather.attribute(name), Some(value), "{name}");
        }
        let last = elements.last().expect("elements");
        assert_eq!(last.path, "Response/Redirect");
        assert_eq!(last.text, links.silence(2));
        assert!(!last.text.contains('#'));
    }
}

#[test]
fn a_line_that_ends_the_call_hangs_up() {
    let voice = voice(None);
    for line in lines().iter().filter(|line| !line.asks_for_key()) {
        for language in [Language::Ja, Language::En] {
            let elements =
                read(&answer(&voice, &headline("x", None, ""), language, false, line).twiml());
            let paths: Vec<&str> = elements
                .iter()
                .map(|element| element.path.as_str())
                .collect();
            assert_eq!(
                paths,
                ["Response", "Response/Say", "Response/Hangup"],
                "{line:?}"
            );
        }
    }
}

/// Every document that a call can get, as files in `fixtures/twiml/spoken`, where the command `twiml-lint` reads them too.
/// `RINBAN_BLESS=1` writes them anew.
#[test]
fn what_is_said_passes_the_linter_at_its_strictest() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/twiml/spoken");
    let strict = twiml_lint::Settings {
        strict: true,
        ..Default::default()
    };
    let linter = twiml_lint::Linter::new(strict).expect("settings");
    let voice = voice(None);
    let alerts = [
        ("english", headline("Disk 95% full", Some("web-01"), "")),
        ("japanese", headline("ディスク使用率 95%", None, "12345678")),
    ];
    for (alert, headline) in &alerts {
        for (language, tag) in [(Language::Ja, "ja"), (Language::En, "en")] {
            for line in lines() {
                let twiml = answer(&voice, headline, language, true, &line).twiml();
                let findings = linter.check(None, &twiml);
                assert!(findings.is_empty(), "{twiml}\n{findings:#?}");
                let name = format!("{line:?}").to_lowercase();
                let name = name.split('(').next().unwrap_or(&name);
                let file = folder.join(format!("{name}-{alert}-{tag}.xml"));
                if std::env::var_os("RINBAN_BLESS").is_some() {
                    std::fs::create_dir_all(&folder).expect("writable");
                    std::fs::write(&file, &twiml).expect("writable");
                }
                let expected = std::fs::read_to_string(&file).unwrap_or_default();
                assert_eq!(twiml, expected, "{}", file.display());
            }
        }
    }
}

#[test]
fn a_japanese_text_is_said_by_a_japanese_voice_whoever_listens() {
    let voice = voice(None);
    let headline = headline("ディスクがいっぱい", None, "");
    let answer = answer(&voice, &headline, Language::En, false, &Line::Message);
    let elements = read(&answer.twiml());
    let voices: Vec<_> = elements
        .iter()
        .filter(|element| element.path.ends_with("/Say"))
        .map(|say| say.attribute("language"))
        .collect();
    assert_eq!(voices, [Some("ja-JP"), Some("en-US")]);
}

#[test]
fn the_voice_speaks_the_language() {
    let voice = voice(None);
    for (language, name, tag) in [
        (Language::Ja, "Polly.Kazuha-Neural", "ja-JP"),
        (Language::En, "Polly.Joanna", "en-US"),
    ] {
        let elements = read(
            &answer(
                &voice,
                &headline("x", None, ""),
                language,
                false,
                &Line::Message,
            )
            .twiml(),
        );
        for say in elements
            .iter()
            .filter(|element| element.path.ends_with("Say"))
        {
            assert_eq!(
                (say.attribute("voice"), say.attribute("language")),
                (Some(name), Some(tag))
            );
        }
    }
}

#[test]
fn a_failing_template_is_reported_and_the_alert_is_said_all_the_same() {
    let voice = voice(Some("{{ v.MISSING }}"));
    let answer = answer(
        &voice,
        &headline("Disk full", None, ""),
        Language::En,
        false,
        &Line::Message,
    );
    assert!(answer.twiml().contains("Disk full"));
    let failure = answer.warnings.first().expect("a failure");
    assert!(failure.to_string().contains("`default`"), "{failure}");
}

#[test]
fn the_longest_event_fits_into_a_document() {
    let voice = voice(Some("{{ title }} {{ host }} {{ message }}"));
    for filler in ["障", "&", "1", "<"] {
        let headline = headline(
            &filler.repeat(1_000),
            Some(&filler.repeat(1_000)),
            &filler.repeat(16_000),
        );
        for line in lines() {
            let answer = answer(&voice, &headline, Language::Ja, true, &line);
            assert!(answer.twiml().len() < DOCUMENT_BYTES);
            read(&answer.twiml());
        }
    }
}

#[test]
fn the_first_words_fit_into_the_request_that_places_the_call() {
    for (language, piece, heard) in [
        (Language::Ja, "障害が起きました。", "障害が起きました。"),
        (
            Language::En,
            "out & out <broken> ",
            "out and out less than broken greater than",
        ),
    ] {
        for takes_keys in [true, false] {
            let headline = headline(&piece.repeat(500), None, "");
            let voice = voice(None);
            let links = call();
            let context = Context {
                headline: &headline,
                counts: Counts::default(),
                member: &"alice".into(),
                group: &"primary".into(),
                language,
                stage: 1,
                allow_close: false,
                links: &links,
            };
            let (speech, failure) = voice.first(&context, takes_keys);
            assert_eq!(failure, None);
            let xml = twiml::render(&speech);
            assert!(xml.chars().count() <= 4_000, "{}", xml.len());
            let elements = read(&xml);
            let asks = elements
                .iter()
                .any(|element| element.path.ends_with("Gather"));
            assert_eq!(asks, takes_keys, "{xml}");
            assert!(xml.contains(heard), "{xml}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_an_alert_says_the_document_is_sound(
        title in any::<String>(), host in any::<Option<String>>(), message in any::<String>(), who in any::<String>(),
        ja: bool, allow_close: bool, line in 0_usize..9,
    ) {
        let language = if ja { Language::Ja } else { Language::En };
        let line = match lines()[line].clone() {
            Line::TakenBy(_) => Line::TakenBy(who),
            line => line,
        };
        let voice = voice(Some("{{ title }} {{ host }} {{ message }} {{ title | safe }} alert"));
        let headline = headline(&title, host.as_deref(), &message);
        let answer = answer(&voice, &headline, language, allow_close, &line);
        prop_assert_eq!(&answer.warnings, &[]);
        let elements = read(&answer.twiml());
        for element in &elements {
            let name = element.path.rsplit('/').next().unwrap_or_default();
            prop_assert!(["Response", "Gather", "Pause", "Say", "Redirect", "Hangup"].contains(&name));
            let url = element.attribute("action").or((name == "Redirect").then_some(&element.text));
            if let Some(url) = url {
                prop_assert!(url.starts_with("https://oncall.example.com/rinban/v1/calls/twilio/42-7."), "{url}");
            }
            if name == "Say" {
                prop_assert_eq!(element.path.contains("/Gather/"), line.asks_for_key());
                prop_assert!(!element.text.trim().is_empty());
            }
        }
    }

    #[test]
    fn what_is_to_be_said_arrives_as_it_is(text in "[a-z<>&\"' \u{80}-\u{2fff}\u{3001}-\u{d7ff}\u{10000}-\u{10ffff}]{1,200}", ask: bool) {
        let text = speech::one_line(&text);
        let then = if ask {
            Then::Ask { action: "https://a.example/?a=1&b=<\"'>".to_owned(), silence: "https://a.example/?a=1&b=<".to_owned() }
        } else {
            Then::HangUp
        };
        let xml = twiml::render(&Speech { language: Language::En, says: vec![text.clone()], then: then.clone() });
        let elements = read(&xml);
        let fitted = speech::fit(&text, Language::En);
        prop_assert_eq!(said(&elements), [fitted.as_str()]);
        if let Then::Ask { action, silence } = then {
            prop_assert_eq!(elements[1].attribute("action"), Some(action.as_str()));
            prop_assert_eq!(elements.last().map(|last| last.text.as_str()), Some(silence.as_str()));
        }
    }
}
