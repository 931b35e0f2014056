//! Whether a value is one that the grammar allows, whatever document it comes from.

use std::ops::Range;

use super::ValueRole;

/// What is wrong with a value, or with one word of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing, where something must be.
    Empty,
    /// This word, but for its case or the blanks around it.
    Spelling(&'static str),
    NotOneOf(&'static [&'static str]),
    NotBoolean,
    NotInteger,
    NotPositiveOrAuto,
    NotDtmf,
    NotKey,
    NotLanguage,
    NotPhone(PhoneFault),
    /// Below the least that is allowed.
    TooSmall(i64),
    /// Above the most that is allowed.
    TooLarge(i64),
    TooLong {
        characters: usize,
        most: u32,
    },
    /// A list with commas in place of its blanks.
    Commas,
    /// A word that stands further ahead in the list.
    Repeated,
}

/// Why something is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhoneFault {
    /// `client:name`.
    Client,
    /// `sip:name@host`.
    Sip,
    /// It begins with the 0 that stands for one's own country.
    National,
    /// Letters, or too few or too many digits.
    NoNumber,
}

/// Reports at most so many words of one list: a file of nothing but wrong words says no more than its first ones.
const MOST_FAULTS: usize = 16;

/// Tells what is wrong with a value and where in it.
pub(crate) fn judge(role: ValueRole, value: &str, fault: &mut dyn FnMut(Fault, Range<usize>)) {
    let found = match role {
        ValueRole::Any | ValueRole::Url { .. } | ValueRole::WebsocketUrl => None,
        ValueRole::SomeOf(words) => return list(value, |word| of_list(word, words), fault),
        ValueRole::Integers => return list(value, number_of_list, fault),
        ValueRole::FinishKey => finish_key(value),
        ValueRole::AtMost(most) => too_long(value, most),
        _ if value.trim().is_empty() => Some(Fault::Empty),
        ValueRole::Boolean => boolean(value),
        ValueRole::Integer { min, max } => integer(value, min, max),
        ValueRole::PositiveOrAuto => positive_or_auto(value),
        ValueRole::OneOf(words) => one_of(value, words),
        ValueRole::Phone => judge_phone(value).map(Fault::NotPhone),
        ValueRole::Dtmf => (!value.bytes().all(is_dtmf)).then_some(Fault::NotDtmf),
        ValueRole::Language => (!is_language(value)).then_some(Fault::NotLanguage),
    };
    if let Some(found) = found {
        fault(found, 0..value.len());
    }
}

/// Whether there is nothing that [`judge`] would tell. Most values are right, and told to be so at a glance.
pub(crate) fn is_right(role: ValueRole, value: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let at_a_glance = match role {
        ValueRole::Any | ValueRole::Url { .. } | ValueRole::WebsocketUrl => true,
        // Two digits are within all bounds but a few.
        ValueRole::Integer { min, max } if min <= 1 && max >= 99 => {
            matches!(value.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.len() < 2 && rest.iter().all(is_digit))
        }
        ValueRole::PositiveOrAuto => matches!(value.as_bytes(), [b'1'..=b'9']),
        ValueRole::OneOf(words) => words.contains(&value),
        ValueRole::Language => matches!(value.as_bytes(), [a, b, b'-', c, d]
            if [a, b, c, d].into_iter().all(u8::is_ascii_alphabetic)),
        _ => false,
    };
    if at_a_glance {
        return true;
    }
    let mut is_right = true;
    judge(role, value, &mut |_, _| is_right = false);
    is_right
}

fn one_of(value: &str, words: &'static [&'static str]) -> Option<Fault> {
    if words.contains(&value) {
        return None;
    }
    let meant = words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(value.trim()));
    Some(meant.map_or(Fault::NotOneOf(words), |word| Fault::Spelling(word)))
}

/// Blanks around it are allowed, as XML Schema allows them around everything but texts.
fn boolean(value: &str) -> Option<Fault> {
    let value = value.trim();
    if matches!(value, "true" | "false") {
        return None;
    }
    let meant = ["true", "false"]
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(value));
    Some(meant.map_or(Fault::NotBoolean, Fault::Spelling))
}

fn integer(value: &str, min: i64, max: i64) -> Option<Fault> {
    let value = value.trim();
    match value.parse::<i64>() {
        Ok(number) if number < min => Some(Fault::TooSmall(min)),
        Ok(number) if number > max => Some(Fault::TooLarge(max)),
        Ok(_) => None,
        // More digits than any count, length or time has.
        Err(_) if value.bytes().all(|byte| byte.is_ascii_digit()) => Some(Fault::TooLarge(max)),
        Err(_) => Some(Fault::NotInteger),
    }
}

fn positive_or_auto(value: &str) -> Option<Fault> {
    match value {
        "auto" => None,
        _ if value.trim().eq_ignore_ascii_case("auto") => Some(Fault::Spelling("auto")),
        _ => integer(value, 1, i64::MAX).map(|fault| match fault {
            Fault::NotInteger => Fault::NotPositiveOrAuto,
            other => other,
        }),
    }
}

fn finish_key(value: &str) -> Option<Fault> {
    let is_key = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'#' | b'*');
    match value.as_bytes() {
        [] => None,
        [key] if is_key(*key) => None,
        _ => Some(Fault::NotKey),
    }
}

fn too_long(value: &str, most: u32) -> Option<Fault> {
    // A character is at least a byte, so that most values need no counting.
    let characters = if value.len() > most as usize {
        value.chars().count()
    } else {
        0
    };
    (characters > most as usize).then_some(Fault::TooLong { characters, most })
}

fn is_dtmf(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'D' | b'w' | b'W' | b'#' | b'*')
}

/// Language, then script, region and the like: `ja`, `ja-JP`, `cmn-Hans-CN`, `es-419` (BCP 47). Only its shape: carriers
/// add languages faster than linters are published.
fn is_language(value: &str) -> bool {
    let mut parts = value.split('-');
    let language = parts.next().unwrap_or_default();
    let is_alphabetic = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (2..=3).contains(&language.len()) && is_alphabetic(language) && parts.all(is_part)
}

/// What is wrong with a phone number. The carrier wants E.164 and reads what people put between digits; it takes a
/// number without `+` for one with a country code or of North America, where none begins with 0.
pub(crate) fn judge_phone(value: &str) -> Option<PhoneFault> {
    let value = value.trim();
    let value = value.strip_prefix("whatsapp:").unwrap_or(value);
    let begins = |start: &str| {
        value
            .get(..start.len())
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(start))
    };
    if begins("client:") {
        return Some(PhoneFault::Client);
    }
    if begins("sip:") || begins("sips:") {
        return Some(PhoneFault::Sip);
    }
    let number = value.strip_prefix('+').unwrap_or(value);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let is_number = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'(' | b')' | b'.'));
    // 011 and a country code is how North America dials abroad; Japan's 011 has ten digits.
    let dials_abroad = number.starts_with("011") && digits >= 12;
    let most = if dials_abroad { 18 } else { 15 };
    if !is_number || !(3..=most).contains(&digits) {
        return Some(PhoneFault::NoNumber);
    }
    let first = number.bytes().find(u8::is_ascii_digit);
    (first == Some(b'0') && !dials_abroad).then_some(PhoneFault::National)
}

/// Judges the words of a list; `of_word` says what is wrong with one and, if it is among the first 128 that may stand
/// here, which it is.
fn list(
    value: &str,
    of_word: impl Fn(&str) -> (Option<Fault>, Option<u8>),
    fault: &mut dyn FnMut(Fault, Range<usize>),
) {
    if value.contains(',') {
        fault(Fault::Commas, 0..value.len());
    }
    let (mut at, mut seen, mut faults) = (0, 0_u128, 0);
    for word in value.split([' ', '\t', '\r', '\n', ',']) {
        let range = at..at + word.len();
        at = range.end + 1;
        if word.is_empty() {
            continue;
        }
        let (mut found, which) = of_word(word);
        if let Some(which) = which {
            let bit = 1_u128 << which;
            if seen & bit != 0 && found.is_none() {
                found = Some(Fault::Repeated);
            }
            seen |= bit;
        }
        if let Some(found) = found {
            fault(found, range);
            faults += 1;
            if faults == MOST_FAULTS {
                return;
            }
        }
    }
}

fn of_list(word: &str, words: &'static [&'static str]) -> (Option<Fault>, Option<u8>) {
    let which = words.iter().position(|known| *known == word);
    let which = which.and_then(|at| u8::try_from(at).ok().filter(|at| *at < 128));
    (one_of(word, words), which)
}

fn number_of_list(word: &str) -> (Option<Fault>, Option<u8>) {
    let which = word.parse::<u8>().ok().filter(|number| *number < 128);
    (integer(word, 0, i64::MAX), which)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(role: ValueRole, value: &str) -> Vec<(Fault, &str)> {
        let mut faults = Vec::new();
        judge(role, value, &mut |fault, range| {
            faults.push((fault, &value[range]));
        });
        faults
    }

    #[test]
    fn values_that_the_carrier_takes_have_no_fault() {
        const EVENTS: ValueRole = ValueRole::SomeOf(&["ringing", "answered"]);
        const METHOD: ValueRole = ValueRole::OneOf(&["GET", "POST"]);
        let small = ValueRole::Integer { min: 1, max: 10 };
        for (role, values) in [
            (ValueRole::Any, &["", "x"][..]),
            (ValueRole::Boolean, &["true", "false", " true "]),
            (small, &["1", "10", "+5", " 7 ", "007"]),
            (ValueRole::PositiveOrAuto, &["auto", "1", "3600"]),
            (METHOD, &["GET", "POST"]),
            (
                EVENTS,
                &["", "ringing", "ringing answered", " answered  ringing "],
            ),
            (ValueRole::Integers, &["1", "1 2 3", ""]),
            (ValueRole::Dtmf, &["1", "ww12#*ABCD", "W"]),
            (ValueRole::FinishKey, &["", "#", "*", "0"]),
            (
                ValueRole::Language,
                &["ja", "ja-JP", "en-gb", "cmn-Hans-CN", "es-419", "arb"],
            ),
            (ValueRole::AtMost(3), &["", "abc", "当番表"]),
        ] {
            for value in values {
                assert_eq!(faults(role, value), [], "{value:?} as {role:?}");
            }
        }
    }

    #[test]
    fn each_fault_names_itself_and_its_place() {
        const WORDS: &[&str] = &["ringing", "answered"];
        const METHODS: &[&str] = &["GET", "POST"];
        let check = |role, value, fault: Fault, place: &str| {
            assert_eq!(faults(role, value), [(fault, place)], "{value:?}");
        };
        let whole = |role, value, fault| check(role, value, fault, value);
        whole(ValueRole::Boolean, "", Fault::Empty);
        whole(ValueRole::Boolean, "yes", Fault::NotBoolean);
        whole(ValueRole::Boolean, "1", Fault::NotBoolean);
        whole(ValueRole::Boolean, "True", Fault::Spelling("true"));
        let small = ValueRole::Integer { min: 1, max: 10 };
        whole(small, "0", Fault::TooSmall(1));
        whole(small, "-1", Fault::TooSmall(1));
        whole(small, "11", Fault::TooLarge(10));
        whole(small, "99999999999999999999", Fault::TooLarge(10));
        whole(small, "5s", Fault::NotInteger);
        whole(small, "1.5", Fault::NotInteger);
        whole(small, "１", Fault::NotInteger);
        whole(small, " ", Fault::Empty);
        whole(ValueRole::PositiveOrAuto, "0", Fault::TooSmall(1));
        whole(ValueRole::PositiveOrAuto, "AUTO", Fault::Spelling("auto"));
        whole(ValueRole::PositiveOrAuto, "long", Fault::NotPositiveOrAuto);
        whole(ValueRole::OneOf(METHODS), "post", Fault::Spelling("POST"));
        whole(ValueRole::OneOf(METHODS), " POST", Fault::Spelling("POST"));
        whole(ValueRole::OneOf(METHODS), "PUT", Fault::NotOneOf(METHODS));
        let some = ValueRole::SomeOf(WORDS);
        check(
            some,
            "ringing Answered",
            Fault::Spelling("answered"),
            "Answered",
        );
        check(some, "ringing up", Fault::NotOneOf(WORDS), "up");
        check(some, "ringing  ringing", Fault::Repeated, "ringing");
        check(
            some,
            "ringing, answered",
            Fault::Commas,
            "ringing, answered",
        );
        check(ValueRole::Integers, "1 2 1", Fault::Repeated, "1");
        check(ValueRole::Integers, "1 b", Fault::NotInteger, "b");
        whole(ValueRole::Dtmf, "1,2", Fault::NotDtmf);
        whole(ValueRole::FinishKey, "##", Fault::NotKey);
        whole(ValueRole::FinishKey, " ", Fault::NotKey);
        for language in ["ja_JP", "japanese", "日本語", "j", "ja-", "ja JP"] {
            whole(ValueRole::Language, language, Fault::NotLanguage);
        }
        let long = Fault::TooLong {
            characters: 4,
            most: 3,
        };
        whole(ValueRole::AtMost(3), "当番の表", long);
    }

    #[test]
    fn a_list_of_nothing_but_wrong_words_is_cut_short() {
        let value = "no ".repeat(10_000);
        let found = faults(ValueRole::SomeOf(&["yes"]), &value);
        assert_eq!(found.len(), MOST_FAULTS);
    }

    #[test]
    fn phone_numbers_are_international() {
        for number in [
            "+819012345678",
            "+1 (415) 555-1212",
            "415-123-4567",
            "14155551212",
            "011 44 20 7946 0123",
            "whatsapp:+819012345678",
            " +81-3-1234-5678\n",
            "911",
            "12345",
        ] {
            assert_eq!(judge_phone(number), None, "{number:?}");
        }
        for (number, fault) in [
            ("090-1234-5678", PhoneFault::National),
            ("0312345678", PhoneFault::National),
            ("011-234-5678", PhoneFault::National),
            ("+0901234567", PhoneFault::National),
            ("client:alice", PhoneFault::Client),
            ("SIP:a@example.com", PhoneFault::Sip),
            ("1-800-FLOWERS", PhoneFault::NoNumber),
            ("０９０１２３４５６７８", PhoneFault::NoNumber),
            ("+1", PhoneFault::NoNumber),
            ("+8190123456789012", PhoneFault::NoNumber),
            ("90+123456", PhoneFault::NoNumber),
            ("", PhoneFault::NoNumber),
        ] {
            assert_eq!(judge_phone(number), Some(fault), "{number:?}");
        }
    }
}
