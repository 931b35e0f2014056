//! Text messages: what they say, how long they may be, and what a reply means.
//!
//! A message is paid for and delivered in segments: 160 characters of the GSM alphabet, or 70 UTF-16 units of anything else;
//! where there are several, 153 or 67 each, since a header joins them (3GPP TS 23.038 and 23.040). What does not fit into
//! [`MAX_SEGMENTS`] is cut, with a word that there is more; how to reply is never cut.

use super::{speech::one_line, template};
use crate::{
    alert::Severity,
    escalation::{Counts, EscalationId, Headline, Line, Said},
    roster::Language,
};

/// Longer messages cost more and arrive later; the monitor has the rest.
pub const MAX_SEGMENTS: usize = 3;

/// What stands where a text was cut.
const MORE_JA: &str = "…(続きは監視画面)";
const MORE_EN: &str = "... (more in the monitor)";

/// How long a text is as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Whether it needs UCS-2, because a character is not in the GSM alphabet.
    pub is_unicode: bool,
    /// How many.
    pub count: usize,
}

/// Counts the segments of a text.
pub fn segments(text: &str) -> Segments {
    let gsm: Option<usize> = text.chars().map(septets).sum();
    let (is_unicode, units, single, joined) = match gsm {
        Some(septets) => (false, septets, 160, 153),
        None => (true, text.encode_utf16().count(), 70, 67),
    };
    let count = match units {
        0 => 1,
        units if units <= single => 1,
        units => units.div_ceil(joined),
    };
    Segments { is_unicode, count }
}

/// How many septets a character takes in the GSM alphabet; none if it is not in it.
fn septets(c: char) -> Option<usize> {
    const BASIC: &str = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r !\"#%&'()*+,-./:;<=>?";
    const EXTENDED: &str = "\u{c}^{}\\[~]|€";
    if c.is_ascii_alphanumeric() || BASIC.contains(c) {
        Some(1)
    } else if EXTENDED.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// What a message is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The alert.
    pub headline: &'a Headline,
    /// How many alerts.
    pub counts: Counts,
    /// Whose run it is.
    pub escalation: EscalationId,
    /// Whether a reply reaches us.
    pub takes_replies: bool,
    /// What the reader speaks.
    pub language: Language,
}

/// The message to a person on call.
pub fn alert(about: &About<'_>) -> String {
    let Headline {
        severity,
        title,
        host,
        ..
    } = about.headline;
    let subject = match host {
        Some(host) => format!("{}: {}", one_line(host), one_line(title)),
        None => one_line(title),
    };
    let others = template::count(about.counts) - 1;
    let (word, others) = match (about.language, others) {
        (Language::Ja, 0) => (severity_ja(*severity), String::new()),
        (Language::Ja, others) => (severity_ja(*severity), format!(" ほか{others}件")),
        (Language::En, 0) => (severity_en(*severity), String::new()),
        (Language::En, others) => (severity_en(*severity), format!(" and {others} more")),
    };
    fit(
        &format!("[{word}] {subject}"),
        &format!("{others}{}", how_to_reply(about)),
        about.language,
    )
}

/// The answer to a person's reply.
pub fn answer(line: &Line, counts: Counts, language: Language) -> String {
    let words = super::lines::words(line, template::count(counts), language);
    let text = words.unwrap_or_default();
    match (line, language) {
        (Line::UnknownKey, Language::Ja) => {
            "わかりませんでした。引き受けるには 1、次の人に回すには 2 と返信してください。"
                .to_owned()
        }
        (Line::UnknownKey, Language::En) => {
            "That was not understood. Reply 1 to take it, or 2 to pass it on.".to_owned()
        }
        _ => text,
    }
}

fn how_to_reply(about: &About<'_>) -> String {
    let code = short_code(about.escalation);
    match (about.takes_replies, about.language) {
        (false, _) => format!(" {code}"),
        (true, Language::Ja) => format!(" 返信 1=引き受ける 2=次の人 ({code})"),
        (true, Language::En) => format!(" Reply 1 to take it, 2 to pass ({code})"),
    }
}

/// Cuts the text so that it fits with what follows it.
fn fit(text: &str, then: &str, language: Language) -> String {
    let whole = format!("{text}{then}");
    if segments(&whole).count <= MAX_SEGMENTS {
        return whole;
    }
    let more = match language {
        Language::Ja => MORE_JA,
        Language::En => MORE_EN,
    };
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let fits = |end: &usize| {
        let cut = format!("{}{more}{then}", &text[..*end]);
        segments(&cut).count <= MAX_SEGMENTS
    };
    // The longer the text, the more segments: the ends that fit come first.
    let fitting = ends.partition_point(fits);
    let end = fitting.checked_sub(1).map_or(0, |last| ends[last]);
    format!("{}{more}{then}", text[..end].trim_end())
}

fn severity_ja(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "お知らせ",
        Severity::Warning => "警告",
        Severity::Error => "障害",
        Severity::Critical => "重大",
    }
}

fn severity_en(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFO",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
        Severity::Critical => "CRITICAL",
    }
}

/// The name of a run in messages: `R42`.
pub fn short_code(escalation: EscalationId) -> String {
    format!("R{escalation}")
}

/// Reads a reply: `1` takes, `2` passes, `9` closes; a short code says of which run, and alone takes it. Full-width letters and
/// digits count, as phones in Japan write them.
pub fn read_reply(text: &str) -> (Said, Option<EscalationId>) {
    let text = one_line(text).to_uppercase();
    let mut said = None;
    let mut named = None;
    let is_mark = |c: char| c.is_whitespace() || ".,:;!#()。、".contains(c);
    for word in text.split(is_mark).filter(|word| !word.is_empty()) {
        let code = word.strip_prefix('R').and_then(|id| id.parse().ok());
        let key = match word {
            "1" => Some(Said::Take),
            "2" => Some(Said::Pass),
            "9" => Some(Said::Close),
            _ => None,
        };
        match (key, code) {
            (Some(key), _) if said.is_none() => said = Some(key),
            (None, Some(id)) if named.is_none() => named = Some(EscalationId(id)),
            // Two answers in one are none.
            _ => return (Said::Other, named),
        }
    }
    match (said, named) {
        (Some(said), _) => (said, named),
        (None, Some(_)) => (Said::Take, named),
        (None, None) => (Said::Other, None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::alert::AlertKey;

    fn headline(title: &str) -> Headline {
        Headline {
            alert: AlertKey {
                source: "zabbix".into(),
                group: "web".into(),
                dedup: "1".into(),
            },
            severity: Severity::Critical,
            title: title.to_owned(),
            host: Some("db1".to_owned()),
            message: String::new(),
            url: None,
            message_id: None,
            variables: BTreeMap::new(),
        }
    }

    fn message(title: &str, waiting: u32, language: Language) -> String {
        alert(&About {
            headline: &headline(title),
            counts: Counts {
                waiting,
                open: waiting,
            },
            escalation: EscalationId(42),
            takes_replies: true,
            language,
        })
    }

    #[test]
    fn a_message_says_what_is_wrong_and_how_to_reply() {
        assert_eq!(
            message("Disk full", 1, Language::En),
            "[CRITICAL] db1: Disk full Reply 1 to take it, 2 to pass (R42)"
        );
        assert_eq!(
            message("ディスクの空きがない", 3, Language::Ja),
            "[重大] db1: ディスクの空きがない ほか2件 返信 1=引き受ける 2=次の人 (R42)"
        );
    }

    #[test]
    fn segments_are_counted_as_carriers_count_them() {
        for (text, is_unicode, count) in [
            (String::new(), false, 1),
            ("a".repeat(160), false, 1),
            ("a".repeat(161), false, 2),
            ("a".repeat(306), false, 2),
            ("a".repeat(307), false, 3),
            ("€".repeat(80), false, 1),
            ("€".repeat(81), false, 2),
            ("あ".repeat(70), true, 1),
            ("あ".repeat(71), true, 2),
            ("あ".repeat(134), true, 2),
            ("あ".repeat(135), true, 3),
            // Two UTF-16 units each.
            ("𠮷".repeat(35), true, 1),
            ("𠮷".repeat(36), true, 2),
            (format!("{}`", "a".repeat(69)), true, 1),
        ] {
            let expected = Segments { is_unicode, count };
            assert_eq!(segments(&text), expected, "{} {text:.9}", text.len());
        }
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_word_that_there_is_more() {
        let long = message(&"障害が続いています。".repeat(60), 2, Language::Ja);
        assert_eq!(segments(&long).count, MAX_SEGMENTS);
        assert!(
            long.ends_with("…(続きは監視画面) ほか1件 返信 1=引き受ける 2=次の人 (R42)"),
            "{long}"
        );
        let long = message(&"out of space ".repeat(60), 1, Language::En);
        assert!(long.contains("... (more in the monitor) Reply 1"), "{long}");
    }

    #[test]
    fn replies_are_read_as_people_write_them() {
        for (text, said, named) in [
            ("1", Said::Take, None),
            (" 1\n", Said::Take, None),
            ("１", Said::Take, None),
            ("1.", Said::Take, None),
            ("2", Said::Pass, None),
            ("２　Ｒ４２", Said::Pass, Some(42)),
            ("9", Said::Close, None),
            ("R42", Said::Take, Some(42)),
            ("r42", Said::Take, Some(42)),
            ("1 R42", Said::Take, Some(42)),
            ("(R42) 1", Said::Take, Some(42)),
            ("", Said::Other, None),
            ("12", Said::Other, None),
            ("1 2", Said::Other, None),
            ("R1 R2", Said::Other, Some(1)),
            ("ok", Said::Other, None),
            ("Reply 1 to take it", Said::Other, None),
            ("R99999999999999999999", Said::Other, None),
        ] {
            assert_eq!(
                read_reply(text),
                (said, named.map(EscalationId)),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_message_fits_and_keeps_how_to_reply(title in "\\PC{0,400}", waiting in 1u32..300) {
            for language in [Language::Ja, Language::En] {
                let text = message(&title, waiting, language);
                prop_assert!(segments(&text).count <= MAX_SEGMENTS, "{text}");
                prop_assert!(text.ends_with("(R42)"), "{text}");
                prop_assert!(!text.contains('\n'));
            }
        }

        #[test]
        fn any_reply_is_read_without_a_panic(text in "\\PC{0,40}") {
            read_reply(&text);
        }
    }
}
